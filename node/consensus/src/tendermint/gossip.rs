//! What stands in for the paper's gossip layer: repetition, and who is ahead or behind.
//!
//! A timer rings every [`crate::Config::rebroadcast`], through all heights. At each ring the node sends the votes
//! that it holds to one validator, in rotation; at rest, between two blocks, to a few. So, as the chain moves or
//! stalls, messages that a faulty validator told only to some reach the others too: a vote that some need, and two
//! votes that contradict each other. When nothing moved since the last ring, the node also repeats to all what it
//! said, its polka, and its last precommit of an earlier round, for those who are still there.
//!
//! [`Output::Ahead`] names the author of a message of a decided height when that message is the latest that is known
//! of it, and (as votes of the last height are often merely late) only if it is from before the last height, or of
//! a round after the deciding one, or if a whole interval has passed in this height. It comes once per author in
//! each of this node's heights. It may be wrong when somebody who is behind sends on the votes of others; helping
//! one who needs no help is harmless.

use super::message::{Polka, TendermintMessage, VoteKind};
use super::proposals::Heard;
use super::votes::Added;
use super::{Previous, Step, Tendermint};
use crate::{Config, Dest, Message, Output, Signed, Timer, TimerKind};
use bitcraps_types::{Height, Round, Time, ValidatorIndex};
use std::collections::BTreeSet;

/// To how many validators each node sends its votes while it waits for the next height to begin. All to all would be
/// n³ votes.
const AT_REST: usize = 3;

/// The timer, the rotation, and the heights of the others.
#[derive(Clone, Debug)]
pub(super) struct Gossip {
    /// When the timer rings next.
    next_ring: Time,
    /// Which timer rings next; an older one is ignored.
    armed: Option<Timer>,
    /// Where the node was when it last rang.
    last_place: Option<(Height, Round, Step)>,
    /// Who is next to be sent votes.
    rotation: usize,
    /// To how many in a row votes were sent from the same place.
    sent: usize,
    /// When this height began.
    entered: Time,
    /// By validator: the highest height of its messages.
    heights: Vec<Height>,
    /// Who was reported with [`Output::Ahead`] in this height.
    reported: BTreeSet<ValidatorIndex>,
    /// Whether a lack of the decided value was reported since the last ring.
    missed: bool,
}

impl Gossip {
    pub(super) fn new(config: &Config, validators: usize) -> Gossip {
        Gossip {
            next_ring: Time::ZERO,
            armed: None,
            last_place: None,
            rotation: config.me.map_or(0, |me| me.index() + 1),
            sent: 0,
            entered: Time::ZERO,
            heights: vec![0; validators],
            reported: BTreeSet::new(),
            missed: false,
        }
    }

    /// A new height, perhaps with other validators.
    pub(super) fn next_height(&mut self, other_validators: Option<usize>) {
        self.reported.clear();
        self.missed = false;
        if let Some(validators) = other_validators {
            self.heights = vec![0; validators];
        }
    }

    /// The highest height of a validator's messages. None for who is no validator.
    pub(super) fn highest(&self, author: ValidatorIndex) -> Option<Height> {
        self.heights.get(author.index()).copied()
    }

    /// Whether a validator was reported with [`Output::Ahead`] in this height.
    pub(super) fn was_reported(&self, author: ValidatorIndex) -> bool {
        self.reported.contains(&author)
    }

    /// Notes that a validator speaks of a height; true if it is the highest so far.
    pub(super) fn saw(&mut self, author: ValidatorIndex, height: Height) -> bool {
        match self.heights.get_mut(author.index()) {
            Some(highest) if *highest < height => {
                *highest = height;
                true
            }
            _ => false,
        }
    }
}

impl Tendermint {
    /// Arms the timer for this height. Its deadline does not move with the height.
    pub(super) fn begin_gossip(&mut self, now: Time, out: &mut Vec<Output<Self>>) {
        if self.gossip.next_ring <= now {
            self.gossip.next_ring = now + self.config.rebroadcast;
        }
        self.gossip.entered = now;
        self.arm(out);
    }

    fn arm(&mut self, out: &mut Vec<Output<Self>>) {
        let timer = Timer { kind: TimerKind::Rebroadcast, height: self.height, round: self.round };
        self.gossip.armed = Some(timer);
        out.push(Output::SetTimer { timer, at: self.gossip.next_ring });
    }

    /// The timer rang.
    pub(super) fn ring(&mut self, now: Time, timer: Timer, out: &mut Vec<Output<Self>>) {
        if self.gossip.armed != Some(timer) {
            return;
        }
        let place = (self.height, self.round, self.step);
        let same_place = self.gossip.last_place == Some(place);
        let stalled = same_place && self.decided.is_none();
        self.gossip.sent = if same_place { self.gossip.sent + 1 } else { 0 };
        self.gossip.last_place = Some(place);
        self.gossip.missed = false;
        if stalled {
            self.repeat(out);
            self.report_behind(out);
        }
        if stalled || self.gossip.sent < AT_REST {
            self.send_votes(stalled, out);
        }
        self.gossip.next_ring = now + self.config.rebroadcast;
        self.arm(out);
    }

    /// To one who can be reached again: what this node said in this round. Without it, whoever proposes while the
    /// links are still being opened loses its round.
    pub(super) fn greet(&self, to: ValidatorIndex, out: &mut Vec<Output<Self>>) {
        out.extend(self.said().map(|message| Output::Relay { to: Dest::One(to), message }));
    }

    /// What this node said in this round, and its last precommit before it.
    fn said(&self) -> impl Iterator<Item = Signed<TendermintMessage>> {
        self.me().into_iter().flat_map(|me| self.said_by(me)).flatten()
    }

    fn said_by(&self, me: ValidatorIndex) -> [Option<Signed<TendermintMessage>>; 4] {
        let proposal = self.proposals.get(self.round).filter(|signed| signed.message.author() == me).cloned();
        let earlier = self
            .journal
            .precommitted_before(self.round)
            .and_then(|round| self.votes.get(VoteKind::Precommit, round, me));
        [
            proposal,
            self.votes.get(VoteKind::Prevote, self.round, me),
            self.votes.get(VoteKind::Precommit, self.round, me),
            earlier,
        ]
    }

    /// To all: what this node said, and its polka.
    fn repeat(&mut self, out: &mut Vec<Output<Self>>) {
        out.extend(self.said().map(|message| Output::Relay { to: Dest::All, message }));
        if let Some(valid) = &mut self.valid {
            valid.announced = false;
        }
        self.announce_valid(out);
    }

    /// Tells the others the polka of the valid value, if they were not told.
    pub(super) fn announce_valid(&mut self, out: &mut Vec<Output<Self>>) {
        if let Some(author) = self.me()
            && let Some(valid) = &mut self.valid
            && !valid.announced
        {
            valid.announced = true;
            let polka = Polka { author, value: valid.value.clone(), certificate: valid.certificate.clone() };
            out.push(Output::Sign {
                message: TendermintMessage::Polka(Box::new(polka)),
                after: valid.written,
                to: Dest::All,
            });
        }
    }

    /// To one: all votes of the last height's deciding round and of this round. If nothing moves, also what brought
    /// this node into this round: the precommits of the round before, and the votes of those in later rounds.
    fn send_votes(&mut self, stalled: bool, out: &mut Vec<Output<Self>>) {
        let Some(to) = self.next_in_rotation() else {
            return;
        };
        let decided = self.previous.as_ref().and_then(|previous| Some((previous, previous.decided?)));
        let before = self.round.checked_sub(1).filter(|_| stalled);
        let both = |votes: &super::Votes, round| -> Vec<Signed<TendermintMessage>> {
            votes.all(VoteKind::Prevote, round).chain(votes.all(VoteKind::Precommit, round)).collect()
        };
        let last_height = decided.map(|(previous, round)| both(&previous.votes, round)).unwrap_or_default();
        let round_before = before.into_iter().flat_map(|round| self.votes.all(VoteKind::Precommit, round));
        let later = stalled.then(|| self.votes.of_later_rounds(self.round)).into_iter().flatten();
        let messages =
            last_height.into_iter().chain(both(&self.votes, self.round)).chain(round_before).chain(later);
        out.extend(messages.map(|message| Output::Relay { to: Dest::One(to), message }));
    }

    fn next_in_rotation(&mut self) -> Option<ValidatorIndex> {
        let n = self.validators.len();
        for _ in 0..n {
            let index = self.gossip.rotation % n;
            self.gossip.rotation = (index + 1) % n;
            let candidate = ValidatorIndex(u16::try_from(index).ok()?);
            if Some(candidate) != self.me() {
                return Some(candidate);
            }
        }
        None
    }

    /// A quorum precommitted a value in this round, but its bytes never came.
    pub(super) fn miss_value(&mut self, round: Round, out: &mut Vec<Output<Self>>) {
        if self.gossip.missed {
            return;
        }
        let me = self.me();
        let digest = self.commits.get(&round).copied();
        let signers = self.votes.signatures(VoteKind::Precommit, round, digest);
        if let Some((from, _)) = signers.into_iter().find(|(signer, _)| Some(*signer) != me) {
            self.gossip.missed = true;
            out.push(Output::Behind { seen: self.height.saturating_add(1), from });
        }
    }

    /// Validators of more than a third of the power are in a later height, so this one is decided.
    fn report_behind(&mut self, out: &mut Vec<Output<Self>>) {
        let mut later: Vec<(Height, ValidatorIndex)> = self
            .validators
            .places()
            .zip(&self.gossip.heights)
            .filter(|(_, height)| **height > self.height)
            .map(|(author, height)| (*height, author))
            .collect();
        later.sort_unstable_by(|a, b| b.cmp(a));
        let mut power = 0;
        for (seen, from) in later {
            power += self.validators.power(from);
            if self.validators.is_weak_quorum(power) {
                out.push(Output::Behind { seen, from });
                return;
            }
        }
    }

    /// A message of a height that is decided: evidence perhaps, and a sign that its author is behind.
    pub(super) fn late(&mut self, now: Time, signed: Signed<TendermintMessage>, out: &mut Vec<Output<Self>>) {
        let (author, height) = (signed.message.author(), signed.message.height());
        let round = signed.message.round();
        let mut merely_late = false;
        if let Some(previous) = self.previous.as_mut().filter(|previous| previous.height == height) {
            previous.hear(&signed, out);
            let waited = now >= self.gossip.entered + self.config.rebroadcast;
            merely_late = !waited && previous.decided.is_none_or(|decided| round <= decided);
        }
        let latest = self.gossip.heights.get(author.index()).is_some_and(|highest| *highest <= height);
        if latest && !merely_late && Some(author) != self.me() && self.gossip.reported.insert(author) {
            self.gossip.saw(author, height);
            out.push(Output::Ahead { of: author, height });
        }
    }
}

impl Previous {
    /// Looks for evidence; votes that are new are kept, to be sent on.
    fn hear(&mut self, signed: &Signed<TendermintMessage>, out: &mut Vec<Output<Tendermint>>) {
        let evidence = match &signed.message {
            TendermintMessage::Vote(vote) => match self.votes.add(*vote, signed.signature, self.last_round) {
                Added::Conflict(evidence) => Some(evidence),
                Added::Nothing | Added::Quorum(_) => None,
            },
            TendermintMessage::Proposal(_) => match self.proposals.add(signed, self.last_round) {
                Heard::Conflict(evidence) => Some(evidence),
                Heard::Nothing | Heard::New => None,
            },
            TendermintMessage::Polka(_) => None,
        };
        out.extend(evidence.map(Output::Accuse));
    }
}

#[cfg(test)]
impl Tendermint {
    /// The timer that will be answered next.
    pub(super) fn gossip_timer(&self) -> Option<Timer> {
        self.gossip.armed
    }
}
