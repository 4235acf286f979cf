//! Byzantine participant that votes for nothing: in Tendermint nil; where there is no nil, it gives the round up instead
//! of voting in it, and claims to know of nothing that binds it (PBFT's VIEW-CHANGE without a prepared value,
//! HotStuff's timeout without a certificate).
//!
//! Attacks liveness, in which it is a vote short, and certificates: whoever counts votes for nothing as votes for
//! something, or joins one who gives up alone, follows it.

use super::deed::{Deed, Here, send_instead};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::hotstuff::{HotStuffMessage, Timeout};
use bitcraps_consensus::pbft::{PbftMessage, ViewChange};
use bitcraps_consensus::tendermint::{TendermintMessage, Vote};
use bitcraps_consensus::{AnyMessage, Signed};
use bitcraps_types::ValidatorIndex;

/// See the module.
pub(super) struct ForceNil;

impl Deed for ForceNil {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let instead = here.is_mine(&signed.message).then(|| nothing(&signed.message)).flatten();
        send_instead(here.identity, signed, instead, out)
    }
}

fn nothing(message: &ConsensusMessage) -> Option<ConsensusMessage> {
    match message {
        AnyMessage::Tendermint(TendermintMessage::Vote(vote)) => {
            Some(TendermintMessage::Vote(Vote { digest: None, ..*vote }).into())
        }
        AnyMessage::Pbft(PbftMessage::Vote(vote)) => {
            let (height, view, author) = (vote.height, vote.view.saturating_add(1), vote.author);
            let change = ViewChange { height, view, author, stable: None, prepared: None };
            Some(PbftMessage::ViewChange(Box::new(change)).into())
        }
        AnyMessage::HotStuff(HotStuffMessage::Vote(vote)) => {
            let timeout =
                Timeout { height: vote.height, round: vote.round, author: vote.author, high_qc: None };
            Some(HotStuffMessage::Timeout(Box::new(timeout)).into())
        }
        AnyMessage::HotStuff(HotStuffMessage::Timeout(timeout)) => {
            let timeout = Timeout { high_qc: None, ..(**timeout).clone() };
            Some(HotStuffMessage::Timeout(Box::new(timeout)).into())
        }
        _ => None,
    }
}
