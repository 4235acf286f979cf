//! Byzantine participant that forgets what it is bound by: its lock in Tendermint, that it was prepared in PBFT, its
//! highest certificate in HotStuff. It then votes for whatever comes next.
//!
//! Attacks agreement: with more than f of them two rounds of one height can decide two values. In Tendermint no two
//! messages of one round convict anybody. The lock is dropped inside the engine's host, before each step
//! ([`Adversary::amnesia`](bitcraps_actors::ports::Adversary::amnesia)); here is only counted when that could matter.

use super::deed::{Deed, Here};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::hotstuff::HotStuffMessage;
use bitcraps_consensus::pbft::{PbftMessage, VoteKind as PbftVoteKind};
use bitcraps_consensus::tendermint::{TendermintMessage, VoteKind};
use bitcraps_consensus::{AnyMessage, Message, Signed};
use bitcraps_types::{Height, Round, ValidatorIndex};

/// What the node has said since it became forgetful.
#[derive(Clone, Debug, Default)]
pub(super) struct Amnesia {
    /// Where it last bound itself.
    bound: Option<(Height, Round)>,
    /// The last message counted.
    counted: Option<(Height, Round)>,
}

/// What a message says of its author's memory.
enum Says {
    /// Its author is bound from now on.
    Binds,
    /// Its author speaks in a later round, where it should know that it is bound.
    Speaks,
}

impl Deed for Amnesia {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let forgotten = here.is_mine(&signed.message) && self.observe(&signed.message);
        out.push(Outgoing::Message(Box::new(signed)));
        forgotten
    }

    fn forgets(&self) -> bool {
        true
    }
}

impl Amnesia {
    /// Whether this was said after a bond was forgotten: in a later round of the height in which the node bound itself.
    /// Each counts once, however many receive it.
    fn observe(&mut self, message: &ConsensusMessage) -> bool {
        let Some((round, says)) = says(message) else { return false };
        let at = (message.height(), round);
        match says {
            Says::Binds => {
                self.bound = self.bound.max(Some(at));
                false
            }
            Says::Speaks => {
                let forgotten = self.bound.is_some_and(|(height, bound)| height == at.0 && bound < round);
                let new = forgotten && self.counted < Some(at);
                if new {
                    self.counted = Some(at);
                }
                new
            }
        }
    }
}

fn says(message: &ConsensusMessage) -> Option<(Round, Says)> {
    match message {
        AnyMessage::Tendermint(TendermintMessage::Vote(vote)) => match vote.kind {
            VoteKind::Precommit => vote.digest.map(|_| (vote.round, Says::Binds)),
            VoteKind::Prevote => Some((vote.round, Says::Speaks)),
        },
        AnyMessage::Pbft(PbftMessage::Vote(vote)) if vote.kind == PbftVoteKind::Commit => {
            Some((vote.view, Says::Binds))
        }
        AnyMessage::Pbft(PbftMessage::ViewChange(change)) => Some((change.view, Says::Speaks)),
        AnyMessage::HotStuff(HotStuffMessage::Vote(vote)) if vote.justify.is_some() => {
            Some((vote.round, Says::Binds))
        }
        AnyMessage::HotStuff(HotStuffMessage::Timeout(timeout)) => Some((timeout.round, Says::Speaks)),
        _ => None,
    }
}
