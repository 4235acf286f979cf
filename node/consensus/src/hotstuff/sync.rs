//! What a lossy network needs beside the papers: repetition, and help for those who are behind.
//!
//! A timer rings every [`crate::Config::rebroadcast`], through all heights. When nothing moved since the last ring, a
//! node repeats what it said in its round: its proposal and its timeout to all, its vote to the next leader, or, once
//! it gave the round up, to all.
//!
//! Within a height, a timeout of an earlier round, or any timeout once a certificate decides, shows that its author
//! misses certificates: it is sent those that this node holds ([`SyncInfo`]). But not at once if it only misses the
//! timeout certificate of its round, which it can make as everyone does. A late vote shows nothing. Messages of a
//! decided height are answered by the host ([`Output::Ahead`]), except those that are merely late: votes and
//! proposals of the last height, in rounds up to the deciding one, within an interval. Both kinds of help go to each
//! validator at most once between two rings and two rounds.

use super::message::{HotStuffMessage, SyncInfo};
use super::{HotStuff, Previous};
use crate::museum::{Bug, has};
use crate::{Config, Dest, Message, Output, Signed, Timer, TimerKind};
use bitcraps_types::{Height, Round, Time, ValidatorIndex};
use std::collections::BTreeSet;

type Outputs = Vec<Output<HotStuff>>;

/// The timer, the heights of the others, and who was helped.
#[derive(Clone, Debug)]
pub(super) struct Gossip {
    /// When the timer rings next.
    next_ring: Time,
    /// Which timer rings next; an older one is ignored.
    armed: Option<Timer>,
    /// Where the node was when it last rang.
    last_place: Option<Place>,
    /// When this height began.
    entered: Time,
    /// By validator: the highest height of its messages.
    heights: Vec<Height>,
    /// Who was sent certificates since the last ring, or in this round.
    helped: BTreeSet<ValidatorIndex>,
    /// Whether the timer rang in this round.
    rang: bool,
    /// Who was reported with [`Output::Ahead`] since the last ring, or in this height.
    reported: BTreeSet<ValidatorIndex>,
    /// Whether a lack of the decided value was reported since the last ring.
    missed: bool,
}

/// A height, a round, the last round voted in or given up, and whether this round was.
type Place = (Height, Round, Option<Round>, bool);

impl Gossip {
    pub(super) fn new(config: &Config, validators: usize) -> Gossip {
        Gossip {
            next_ring: Time::ZERO + config.rebroadcast,
            armed: None,
            last_place: None,
            entered: Time::ZERO,
            heights: vec![0; validators],
            helped: BTreeSet::new(),
            rang: false,
            reported: BTreeSet::new(),
            missed: false,
        }
    }

    /// A new height, perhaps with other validators.
    pub(super) fn next_height(&mut self, other_validators: Option<usize>) {
        self.helped.clear();
        self.reported.clear();
        self.missed = false;
        if let Some(validators) = other_validators {
            self.heights = vec![0; validators];
        }
    }

    /// A new round: who is behind now may lack other certificates than before.
    pub(super) fn next_round(&mut self) {
        self.helped.clear();
        self.rang = false;
    }

    /// The highest height of a validator's messages. None for who is no validator.
    pub(super) fn highest(&self, author: ValidatorIndex) -> Option<Height> {
        self.heights.get(author.index()).copied()
    }

    /// Whether a validator was reported with [`Output::Ahead`] and will not be again for now.
    pub(super) fn was_reported(&self, author: ValidatorIndex) -> bool {
        self.reported.contains(&author)
    }

    /// Whether a validator was sent certificates and will not be again for now.
    pub(super) fn was_helped(&self, author: ValidatorIndex) -> bool {
        self.helped.contains(&author)
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

impl HotStuff {
    /// Arms the timer for this height. Its deadline does not move with the height.
    pub(super) fn begin_gossip(&mut self, now: Time, out: &mut Outputs) {
        if self.gossip.next_ring <= now {
            self.gossip.next_ring = now + self.config.rebroadcast;
        }
        self.gossip.entered = now;
        self.arm(out);
    }

    fn arm(&mut self, out: &mut Outputs) {
        let timer = Timer { kind: TimerKind::Rebroadcast, height: self.height, round: self.round };
        self.gossip.armed = Some(timer);
        out.push(Output::SetTimer { timer, at: self.gossip.next_ring });
    }

    /// The timer rang.
    pub(super) fn ring(&mut self, now: Time, timer: Timer, out: &mut Outputs) {
        if self.gossip.armed != Some(timer) {
            return;
        }
        let place = (self.height, self.round, self.last_voted, self.journal.timed_out(self.round));
        let stalled = self.gossip.last_place == Some(place) && self.decided.is_none();
        self.gossip.last_place = Some(place);
        self.gossip.missed = false;
        self.gossip.rang = true;
        self.gossip.helped.clear();
        self.gossip.reported.clear();
        if stalled {
            self.repeat(out);
            self.report_behind(out);
        }
        self.gossip.next_ring = now + self.config.rebroadcast;
        self.arm(out);
    }

    fn repeat(&self, out: &mut Outputs) {
        let timed_out = self.journal.timed_out(self.round);
        let next_leader = Dest::One(self.next_leader(self.round));
        out.extend(self.said().map(|message| {
            let is_vote = matches!(message.message, HotStuffMessage::Vote(_));
            let to = if is_vote && !timed_out { next_leader } else { Dest::All };
            Output::Relay { to, message }
        }));
    }

    /// To one who can be reached again: what this node said to it in this round. Without it, whoever leads while the
    /// links are still being opened loses its round.
    pub(super) fn greet(&self, to: ValidatorIndex, out: &mut Outputs) {
        let counts_votes = self.journal.timed_out(self.round) || self.next_leader(self.round) == to;
        let said = self
            .said()
            .filter(|message| counts_votes || !matches!(message.message, HotStuffMessage::Vote(_)));
        out.extend(said.map(|message| Output::Relay { to: Dest::One(to), message }));
    }

    /// What this node said in this round.
    fn said(&self) -> impl Iterator<Item = Signed<HotStuffMessage>> {
        self.me().into_iter().flat_map(|me| self.said_by(me)).flatten()
    }

    fn said_by(&self, me: ValidatorIndex) -> [Option<Signed<HotStuffMessage>>; 3] {
        let proposal = self.proposals.get(self.round).filter(|signed| signed.message.author() == me).cloned();
        let repeats = |signed: &Signed<HotStuffMessage>| {
            signed.message.round() == self.round && !has(Bug::TimeoutSaidOnce)
        };
        let timeout = self.own_timeout.clone().filter(repeats);
        [proposal, self.votes.get(self.round, me), timeout]
    }

    /// The certificate that decides, to all: only the next leader saw it form.
    pub(super) fn announce_commit(&self, out: &mut Outputs) {
        if let Some(qc) = &self.commit
            && self.me() == Some(self.next_leader(qc.round))
        {
            self.say_sync_info(Dest::All, out);
        }
    }

    /// Helps the author of a timeout that shows it is behind.
    pub(super) fn help(&mut self, author: ValidatorIndex, timed_out: Round, out: &mut Outputs) {
        if self.would_help(author, timed_out) {
            self.gossip.helped.insert(author);
            self.say_sync_info(Dest::One(author), out);
        }
    }

    /// Whether [`HotStuff::help`] would say something.
    pub(super) fn would_help(&self, author: ValidatorIndex, timed_out: Round) -> bool {
        let misses_qc = self.commit.is_some() || self.high_qc_round() >= Some(timed_out);
        let far = timed_out.saturating_add(1) < self.round;
        let behind = misses_qc || far || (timed_out < self.round && self.gossip.rang);
        behind
            && self.me().is_some_and(|me| me != author)
            && !self.gossip.was_helped(author)
            && (self.high_qc.is_some() || self.high_tc.is_some())
    }

    /// Binds to nothing, so it waits for no write.
    fn say_sync_info(&self, to: Dest, out: &mut Outputs) {
        let Some(author) = self.me() else {
            return;
        };
        let qc = self.commit.as_ref().or(self.high_qc.as_ref()).cloned();
        let qc_round = qc.as_ref().map(|qc| qc.round);
        let needed = |tc: &&super::TimeoutCertificate| {
            self.commit.is_none() && Some(tc.round) > qc_round && tc.high_qc_round() <= qc_round
        };
        let tc = self.high_tc.as_ref().filter(needed).cloned();
        if qc.is_some() || tc.is_some() {
            let info = SyncInfo { height: self.height, author, qc, tc };
            out.push(Output::Sign { message: HotStuffMessage::SyncInfo(Box::new(info)), after: 0, to });
        }
    }

    /// A certificate decides a value whose bytes never came.
    pub(super) fn miss_value(&mut self, out: &mut Outputs) {
        if self.gossip.missed {
            return;
        }
        let me = self.me();
        let signers = self.commit.iter().flat_map(|qc| &qc.signatures).map(|(signer, _)| *signer);
        if let Some(from) = signers.into_iter().find(|signer| Some(*signer) != me) {
            self.gossip.missed = true;
            out.push(Output::Behind { seen: self.height.saturating_add(1), from });
        }
    }

    /// Validators of more than a third of the power are in a later height, so this one is decided.
    fn report_behind(&mut self, out: &mut Outputs) {
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
    pub(super) fn late(&mut self, now: Time, signed: Signed<HotStuffMessage>, out: &mut Outputs) {
        let (author, height) = (signed.message.author(), signed.message.height());
        let mut merely_late = false;
        if let Some(previous) = self.previous.as_mut().filter(|previous| previous.height == height) {
            previous.hear(&signed, out);
            let waited = now >= self.gossip.entered + self.config.rebroadcast;
            let timeout = matches!(signed.message, HotStuffMessage::Timeout(_));
            let round = signed.message.round();
            merely_late = !waited && !timeout && previous.decided.is_none_or(|decided| round <= decided);
        }
        let latest = self.gossip.highest(author).is_some_and(|highest| highest <= height);
        if latest && !merely_late && Some(author) != self.me() && self.gossip.reported.insert(author) {
            self.gossip.saw(author, height);
            out.push(Output::Ahead { of: author, height });
        }
    }
}

impl Previous {
    /// Looks for evidence.
    fn hear(&mut self, signed: &Signed<HotStuffMessage>, out: &mut Outputs) {
        let statement = signed.statement();
        let evidence = self.witness.hear(statement.message, statement.signature, self.last_round);
        out.extend(evidence.map(Output::Accuse));
        for (statement, signature) in signed.message.inner_statements() {
            let evidence = self.witness.hear(statement, signature, self.last_round);
            out.extend(evidence.map(Output::Accuse));
        }
    }
}

#[cfg(test)]
impl HotStuff {
    /// The timer that will be answered next.
    pub(super) fn gossip_timer(&self) -> Option<Timer> {
        self.gossip.armed
    }
}
