//! Byzantine participant that changes its messages a little: a height, a round or the value voted for by a step, or an
//! older message of its own instead. Each recipient may get another.
//!
//! This is the small-scope mutation of ByzzFuzz (Winter et al., OOPSLA 2023): most bugs of published protocols need no
//! clever lie, only one that is nearly true. The scope `any` draws fields at random, as a comparison.

use super::deed::{Deed, Here, send_instead};
use super::parts;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::hotstuff::HotStuffMessage;
use bitcraps_consensus::{AnyMessage, Signed};
use bitcraps_types::{Digest, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};
use rand::Rng;
use std::collections::VecDeque;

/// How far from the truth a mutated message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Scope {
    /// One field by one, a value that somebody proposed, or an older message.
    Small,
    /// One field by anything.
    Any,
}

/// See the module.
pub(super) struct Mutate {
    scope: Scope,
    rounds: Option<u32>,
    said: VecDeque<Signed<ConsensusMessage>>,
}

impl Mutate {
    /// How many older messages may come again.
    const SAID: usize = 32;

    pub(super) fn new(scope: Scope, rounds: Option<u32>) -> Mutate {
        Mutate { scope, rounds, said: VecDeque::new() }
    }

    fn remember(&mut self, signed: &Signed<ConsensusMessage>) {
        if self.said.back() != Some(signed) {
            self.said.push_back(signed.clone());
            if self.said.len() > Self::SAID {
                self.said.pop_front();
            }
        }
    }

    fn step(&self, here: &mut Here<'_>) -> i64 {
        let random = i64::from(here.rng.next_u32());
        match self.scope {
            Scope::Small if random % 2 == 0 => 1,
            Scope::Small => -1,
            Scope::Any => random - (1 << 31),
        }
    }

    /// Changes one field. Whether it could.
    fn change(&self, here: &mut Here<'_>, message: &mut ConsensusMessage) -> bool {
        let step = self.step(here);
        match here.rng.next_u32() % 4 {
            0 => {
                let height = parts::height_mut(message);
                *height = height.saturating_add_signed(step);
                true
            }
            1 => change_certificate_round(message, step),
            2 => match parts::digest_mut(message) {
                Some(digest) => {
                    *digest = other_digest(here, self.scope);
                    true
                }
                None => false,
            },
            _ => parts::move_round(message, step),
        }
    }
}

impl Deed for Mutate {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let in_scope = self.rounds.is_none_or(|rounds| parts::round(&signed.message) < rounds);
        if !in_scope || !here.is_mine(&signed.message) {
            out.push(Outgoing::Message(Box::new(signed)));
            return false;
        }
        self.remember(&signed);
        if self.scope == Scope::Small && here.rng.next_u32().is_multiple_of(4) {
            let older = &self.said[here.rng.next_u32() as usize % self.said.len()];
            let changed = *older != signed;
            out.push(Outgoing::Message(Box::new(older.clone())));
            return changed;
        }
        let mut message = signed.message.clone();
        // Not every message has every field: the round is in nearly all of them.
        if !self.change(here, &mut message) {
            let step = self.step(here);
            parts::move_round(&mut message, step);
        }
        send_instead(here.identity, signed, Some(message), out)
    }
}

/// The round of the certificate that HotStuff's vote names.
fn change_certificate_round(message: &mut ConsensusMessage, step: i64) -> bool {
    let AnyMessage::HotStuff(HotStuffMessage::Vote(vote)) = message else { return false };
    let round = vote.justify.map_or(-1, i64::from).saturating_add(step);
    vote.justify = u32::try_from(round).ok();
    true
}

fn other_digest(here: &mut Here<'_>, scope: Scope) -> Digest {
    match here.heard.value() {
        Some(value) if scope == Scope::Small => value.digest(),
        _ => {
            let mut digest = Digest::ZERO;
            here.rng.fill_bytes(&mut digest.0);
            digest
        }
    }
}
