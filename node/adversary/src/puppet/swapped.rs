//! A proposer that shows everybody the same value, and another than its engine made; its votes are for that one.

use super::deed::{Here, send_instead};
use super::parts;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::Signed;
use bitcraps_types::{Digest, Value};
use std::collections::VecDeque;

/// Which value stands for which.
#[derive(Default)]
pub(super) struct Swapped(VecDeque<(Digest, Value)>);

impl Swapped {
    /// Older ones are forgotten: a proposal is repeated, but not for long.
    const REMEMBERED: usize = 16;

    /// Puts into `out` what is sent instead of a message of the node's own: `other` makes the value of a proposal.
    /// Whether it was changed.
    pub(super) fn rewrite(
        &mut self,
        here: &mut Here<'_>,
        signed: Signed<ConsensusMessage>,
        other: impl FnOnce(&mut Here<'_>, &Value) -> Option<Value>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let mut instead = signed.message.clone();
        if let Some(value) = parts::free_value_mut(&mut instead) {
            let truth = value.clone();
            let known = self.0.iter().find(|(digest, _)| *digest == truth.digest());
            let made = known.map(|(_, made)| made.clone()).or_else(|| {
                let made = other(here, &truth)?;
                self.remember(truth.digest(), made.clone());
                Some(made)
            });
            *value = made.unwrap_or(truth);
        } else if let Some(digest) = parts::digest_mut(&mut instead)
            && let Some((_, made)) = self.0.iter().find(|(truth, _)| truth == digest)
        {
            *digest = made.digest();
        }
        send_instead(here.identity, signed, Some(instead), out)
    }

    fn remember(&mut self, truth: Digest, made: Value) {
        self.0.push_back((truth, made));
        if self.0.len() > Self::REMEMBERED {
            self.0.pop_front();
        }
    }
}
