//! Byzantine participant that forgets what it is locked on, and prevotes for whatever is proposed next.
//!
//! Attacks agreement: with more than f of them two rounds of one height can decide two values, and no two messages of
//! one round convict anybody. The lock is dropped inside the engine's host, before each step
//! ([`Adversary::amnesia`](bitcraps_actors::ports::Adversary::amnesia)); here is only counted when that could matter.

use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_consensus::tendermint::{TendermintMessage, VoteKind};
use bitcraps_consensus::{AnyMessage, Message};
use bitcraps_types::{Height, Round, ValidatorIndex};

/// What the node has said since it became forgetful.
#[derive(Clone, Debug, Default)]
pub(super) struct Amnesia {
    /// Where it last precommitted a value, and so locked.
    locked: Option<(Height, Round)>,
    /// The last prevote counted.
    counted: Option<(Height, Round)>,
}

impl Amnesia {
    /// Whether this is a prevote cast after a lock was forgotten: one of a later round of the height in which the
    /// node precommitted a value. Each counts once, however many receive it.
    pub(super) fn observe(&mut self, me: ValidatorIndex, message: &ConsensusMessage) -> bool {
        let AnyMessage::Tendermint(TendermintMessage::Vote(vote)) = message else { return false };
        if message.author() != me {
            return false;
        }
        let at = (vote.height, vote.round);
        match vote.kind {
            VoteKind::Precommit => {
                if vote.digest.is_some() && self.locked < Some(at) {
                    self.locked = Some(at);
                }
                false
            }
            VoteKind::Prevote => {
                let forgotten =
                    self.locked.is_some_and(|(height, round)| height == vote.height && round < vote.round);
                let new = forgotten && self.counted < Some(at);
                if new {
                    self.counted = Some(at);
                }
                new
            }
        }
    }
}
