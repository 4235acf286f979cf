//! Messages that the engine sends on, gathered so that those of one step to one recipient leave together. Each is
//! short, and what a message costs on its way hardly depends on its length. Pure.

use crate::ports::ConsensusMessage;
use crate::wire::MAX_CONSENSUS;
use bitcraps_consensus::{Dest, Signed};

/// Together they are no longer than this, in bytes, and so fit one frame of most links: a lost frame loses no more
/// than itself. A longer message goes alone.
const BYTES: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Relays {
    to: Option<Dest>,
    messages: Vec<Signed<ConsensusMessage>>,
    bytes: usize,
}

impl Relays {
    /// Adds a message. `false` if it can't go with those that wait: take them first.
    pub(super) fn add(&mut self, to: Dest, message: &Signed<ConsensusMessage>) -> bool {
        let bytes = borsh::object_length(message).unwrap_or(usize::MAX);
        let alone = self.messages.is_empty();
        let fits = self.to == Some(to)
            && self.messages.len() < MAX_CONSENSUS
            && self.bytes.saturating_add(bytes) <= BYTES;
        if !alone && !fits {
            return false;
        }
        self.to = Some(to);
        self.bytes = self.bytes.saturating_add(bytes);
        self.messages.push(message.clone());
        true
    }

    /// Those that wait, and whom they are for.
    pub(super) fn take(&mut self) -> Option<(Dest, Vec<Signed<ConsensusMessage>>)> {
        self.bytes = 0;
        let to = self.to.take()?;
        Some((to, std::mem::take(&mut self.messages)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_consensus::tendermint::{TendermintMessage, Vote, VoteKind};
    use bitcraps_types::{Signature, ValidatorIndex};

    const TO: Dest = Dest::One(ValidatorIndex(1));

    fn vote(round: u32) -> Signed<ConsensusMessage> {
        let vote =
            Vote { kind: VoteKind::Prevote, height: 7, round, digest: None, author: ValidatorIndex(2) };
        Signed { message: TendermintMessage::Vote(vote).into(), signature: Signature([0; 64]) }
    }

    #[test]
    fn messages_to_one_recipient_leave_together_in_order_and_within_a_frame() {
        let mut relays = Relays::default();
        let mut batches = Vec::new();
        for round in 0..50 {
            if !relays.add(TO, &vote(round)) {
                batches.extend(relays.take());
                assert!(relays.add(TO, &vote(round)), "there is always room in an empty batch");
            }
        }
        batches.extend(relays.take());
        assert!(relays.take().is_none());
        assert!(batches.len() > 1 && batches.len() < 10, "{} batches", batches.len());
        for (to, messages) in &batches {
            let bytes: usize = messages.iter().map(|message| borsh::object_length(message).unwrap()).sum();
            assert!(*to == TO && bytes <= BYTES && messages.len() <= MAX_CONSENSUS);
        }
        let sent: Vec<_> = batches.into_iter().flat_map(|(_, messages)| messages).collect();
        assert_eq!(sent, (0..50).map(vote).collect::<Vec<_>>());
    }

    #[test]
    fn a_message_to_somebody_else_does_not_join() {
        let mut relays = Relays::default();
        assert!(relays.add(TO, &vote(0)));
        assert!(!relays.add(Dest::All, &vote(1)));
        assert_eq!(relays.take(), Some((TO, vec![vote(0)])));
        assert!(relays.add(Dest::All, &vote(1)));
    }
}
