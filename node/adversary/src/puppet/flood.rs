//! Byzantine participant that sends votes without end: each signed, each new, of its own round and of those around it,
//! to everybody.
//!
//! Attacks liveness and memory: each costs a verification, and a node that has no limit per peer does nothing else; one
//! that keeps every vote, or every proof that somebody voted twice, keeps all of them.

use super::deed::{Deed, Here};
use super::parts;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::{Message, Signed};
use bitcraps_types::{Digest, Time, ValidatorIndex};
use rand::Rng;
use std::time::Duration;

/// How often it sends a burst.
const BURSTS: Duration = Duration::from_millis(10);

/// No burst is longer, however long the node stood still.
const LONGEST: u64 = 10_000;

/// See the module.
pub(super) struct Flood {
    per_second: u32,
    /// Until when it has sent all that it owes.
    sent_until: Option<Time>,
    /// What it owes besides, as it sends whole messages only.
    owed: f64,
    /// The node's own last word, as a pattern.
    pattern: Option<ConsensusMessage>,
}

impl Flood {
    pub(super) fn new(per_second: u32) -> Flood {
        Flood { per_second, sent_until: None, owed: 0.0, pattern: None }
    }

    fn made_up(&self, here: &mut Here<'_>) -> Option<Signed<ConsensusMessage>> {
        let pattern = self.pattern.as_ref()?;
        let round = parts::round(pattern).saturating_add(here.rng.next_u32() % 8).saturating_sub(2);
        let height = pattern.height().saturating_add(u64::from(here.rng.next_u32() % 2));
        let mut digest = Digest::ZERO;
        here.rng.fill_bytes(&mut digest.0);
        let vote = parts::first_vote(pattern, here.identity.me, height, round, digest);
        Some(here.identity.sign(vote))
    }
}

impl Deed for Flood {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        if here.is_mine(&signed.message) {
            self.pattern = Some(signed.message.clone());
        }
        out.push(Outgoing::Message(Box::new(signed)));
        false
    }

    fn unasked(&mut self, here: &mut Here<'_>) -> u64 {
        let since = *self.sent_until.get_or_insert(here.now);
        let elapsed = here.now.since(since);
        if elapsed < BURSTS {
            return 0;
        }
        self.sent_until = Some(here.now);
        let rate = f64::from(self.per_second) * here.chance;
        self.owed = (self.owed + elapsed.as_secs_f64() * rate).min(LONGEST as f64);
        let count = self.owed as u64;
        self.owed -= count as f64;
        let mut sent = 0;
        for _ in 0..count {
            let Some(vote) = self.made_up(here) else { break };
            for to in here.identity.others() {
                here.outbox.put_message(to, vote.clone());
                sent += 1;
            }
        }
        sent
    }

    fn wakes(&self, now: Time) -> Option<Time> {
        Some(self.sent_until.unwrap_or(now) + BURSTS)
    }
}
