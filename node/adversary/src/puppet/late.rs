//! Byzantine participant that holds each of its messages until just before the others stop waiting for it.
//!
//! Attacks liveness without a false word: every round takes its full timeout, and some of the others may give up while
//! the rest do not. A protocol that is slowed to its timeouts by f validators is live and no more; one that has no
//! rule for those who gave up too early is not.

use super::deed::{Deed, Here};
use super::{Kind, parts};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::{AnyMessage, Config, Signed};
use bitcraps_types::{Round, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};
use std::time::Duration;

/// How long correct validators wait, in nanoseconds, each in round 0.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Patience {
    /// For a proposal.
    pub propose: u64,
    /// For prevotes.
    pub prevote: u64,
    /// For precommits.
    pub precommit: u64,
    /// The factor of each further round.
    pub growth: f64,
}

impl Patience {
    /// How long the others wait for such a message. PBFT and HotStuff have one timer for the whole round.
    fn with(&self, message: &ConsensusMessage) -> Duration {
        let base = match (message, Kind::of(message)) {
            (AnyMessage::Pbft(_), _) => {
                self.propose.saturating_add(self.prevote).saturating_add(self.precommit)
            }
            (AnyMessage::HotStuff(_), _) => self.propose.saturating_add(self.prevote),
            (AnyMessage::Tendermint(_), Kind::Prevote) => self.prevote,
            (AnyMessage::Tendermint(_), Kind::Precommit) => self.precommit,
            (AnyMessage::Tendermint(_), _) => self.propose,
        };
        self.grown(base, parts::round(message))
    }

    fn grown(&self, base: u64, round: Round) -> Duration {
        let most = Config::MAX_TIMEOUT.as_secs_f64();
        // Beyond so many rounds every growth has reached the limit, save 1.
        let factor = (0..round.min(1000)).fold(1.0, |factor: f64, _| factor * self.growth.max(1.0));
        Duration::from_secs_f64((base as f64 / 1e9 * factor).min(most))
    }
}

/// See the module.
pub(super) struct Late {
    pub(super) patience: Patience,
    pub(super) before: u64,
}

impl Deed for Late {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        to: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let patience = self.patience.with(&signed.message);
        let held = patience.saturating_sub(Duration::from_nanos(self.before));
        let sent = Outgoing::Message(Box::new(signed));
        if held.is_zero() {
            out.push(sent);
            return false;
        }
        here.outbox.put(here.now + held, to, sent);
        true
    }
}
