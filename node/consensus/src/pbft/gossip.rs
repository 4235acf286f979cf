//! Repetition over lossy links, and who is ahead or behind.
//!
//! A timer rings every [`crate::Config::rebroadcast`], through all heights. At each ring the node sends the votes and
//! VIEW-CHANGEs that it holds to one validator, in rotation; at rest, between two blocks, to a few. So, as the chain
//! moves or stalls, messages that a faulty validator told only to some reach the others too: a COMMIT that some need,
//! and two votes that contradict each other. When nothing moved since the last ring, the node also repeats to all what
//! it said in this view, and its last COMMIT of an earlier one. Values are sent on by their primary alone: whoever gets
//! none leaves the view, and what was prepared in it survives.
//!
//! [`Output::Ahead`] names the author of a message of a decided height when that message is the latest that is known
//! of it, and (as votes of the last height are often merely late) only if it is from before the last height, or of
//! a view after the deciding one, or if a whole interval has passed in this height. It comes once per author between
//! two rings, with the COMMITs of that height, if they are still remembered. It may be wrong when somebody who is behind
//! sends on the votes of others; helping one who needs no help is harmless.

use super::log::{Added, Log};
use super::message::{PbftMessage, VoteKind};
use super::{Pbft, known};
use crate::museum::{Bug, has};
use crate::{Config, Dest, Message, Output, Signed, Timer, TimerKind};
use bitcraps_types::{Digest, Height, Round, Signature, Time, ValidatorIndex};
use std::collections::{BTreeMap, BTreeSet};

/// To how many validators each node sends what it holds while it waits for the next height to begin. All to all would
/// be n³ messages.
const AT_REST: usize = 3;

/// Where a node is: when it has not moved from one ring to the next, it repeats itself.
type Place = (Height, Round, bool, bool);

/// The timer, the rotation, and the heights of the others.
#[derive(Clone, Debug)]
pub(super) struct Gossip {
    /// When the timer rings next.
    next_ring: Time,
    /// Which timer rings next; an older one is ignored.
    armed: Option<Timer>,
    /// Where the node was when it last rang.
    last_place: Option<Place>,
    /// Who is next to be sent what this node holds.
    rotation: usize,
    /// How often in a row that was sent from the same place.
    sent: usize,
    /// When this height began.
    entered: Time,
    /// By validator: the highest height of its messages.
    heights: BTreeMap<ValidatorIndex, Height>,
    /// Who was reported with [`Output::Ahead`] in this height, since the last ring.
    reported: BTreeSet<ValidatorIndex>,
    /// Whether a lack of the decided value was reported since the last ring.
    missed: bool,
}

/// What is remembered of a decided height: late messages are still evidence, and help those who are late.
#[derive(Clone, Debug)]
pub(super) struct Past {
    log: Log,
    last_view: Round,
    decided: Option<(Round, Digest)>,
    accused: BTreeSet<ValidatorIndex>,
}

impl Gossip {
    pub(super) fn new(config: &Config) -> Gossip {
        Gossip {
            next_ring: Time::ZERO,
            armed: None,
            last_place: None,
            rotation: config.me.map_or(0, |me| me.index() + 1),
            sent: 0,
            entered: Time::ZERO,
            heights: BTreeMap::new(),
            reported: BTreeSet::new(),
            missed: false,
        }
    }

    /// The validators are others now.
    pub(super) fn forget_heights(&mut self) {
        self.heights.clear();
    }

    /// The highest height of a validator's messages.
    pub(super) fn highest(&self, author: ValidatorIndex) -> Height {
        self.heights.get(&author).copied().unwrap_or(0)
    }

    /// Whether a validator was reported with [`Output::Ahead`] in this height, since the last ring.
    pub(super) fn was_reported(&self, author: ValidatorIndex) -> bool {
        self.reported.contains(&author)
    }

    /// Notes that a validator of the set speaks of a height; true if it is the highest so far.
    pub(super) fn saw(&mut self, author: ValidatorIndex, height: Height) -> bool {
        let highest = self.heights.entry(author).or_default();
        let news = *highest < height;
        *highest = height.max(*highest);
        news
    }
}

impl Pbft {
    /// Another height begins.
    pub(super) fn next_height(&mut self, now: Time, out: &mut Vec<Output<Self>>) {
        self.gossip.reported.clear();
        self.gossip.missed = false;
        self.begin_gossip(now, out);
    }

    /// Arms the timer for this height. Its deadline does not move with the height.
    pub(super) fn begin_gossip(&mut self, now: Time, out: &mut Vec<Output<Self>>) {
        if self.gossip.next_ring <= now {
            self.gossip.next_ring = now + self.config.rebroadcast;
        }
        self.gossip.entered = now;
        self.arm(out);
    }

    fn arm(&mut self, out: &mut Vec<Output<Self>>) {
        let timer = Timer { kind: TimerKind::Rebroadcast, height: self.height, round: self.view };
        self.gossip.armed = Some(timer);
        out.push(Output::SetTimer { timer, at: self.gossip.next_ring });
    }

    /// The timer rang.
    pub(super) fn ring(&mut self, now: Time, timer: Timer, out: &mut Vec<Output<Self>>) {
        if self.gossip.armed != Some(timer) {
            return;
        }
        let prepared = self.prepared.as_ref().is_some_and(|prepared| prepared.certificate.view == self.view);
        let place = (self.height, self.view, self.journal.prepared(self.view), prepared);
        let same_place = self.gossip.last_place == Some(place);
        let stalled = same_place && self.decided.is_none();
        self.gossip.sent = if same_place { self.gossip.sent + 1 } else { 0 };
        self.gossip.last_place = Some(place);
        self.gossip.missed = false;
        // What helped them may have been lost.
        self.gossip.reported.clear();
        if stalled {
            out.extend(self.said().map(|message| Output::Relay { to: Dest::All, message }));
            self.send_prepared_value(out);
            self.report_behind(out);
        }
        if stalled || self.gossip.sent < AT_REST {
            self.send_what_is_held(stalled, out);
        }
        self.gossip.next_ring = now + self.config.rebroadcast;
        self.arm(out);
    }

    /// To one who can be reached again: what this node said in this view. Without it, whoever proposes while the links
    /// are still being opened loses its view.
    pub(super) fn greet(&self, to: ValidatorIndex, out: &mut Vec<Output<Self>>) {
        out.extend(self.said().map(|message| Output::Relay { to: Dest::One(to), message }));
    }

    /// What this node said in this view, its last COMMIT before it, and its last CHECKPOINT.
    fn said(&self) -> impl Iterator<Item = Signed<PbftMessage>> {
        self.me().into_iter().flat_map(|me| self.said_by(me)).flatten()
    }

    fn said_by(&self, me: ValidatorIndex) -> [Option<Signed<PbftMessage>>; 6] {
        let proposal = self.log.proposal(self.view).filter(|signed| signed.message.author() == me).cloned();
        let repeats = |signed: &&Signed<PbftMessage>| {
            signed.message.view() == self.view && !has(Bug::ViewChangeSaidOnce)
        };
        let change = self.changes.get(me).filter(repeats).cloned();
        let earlier = self.journal.committed_before(self.view);
        [
            self.checkpoints.get(me),
            earlier.and_then(|view| self.log.vote(VoteKind::Commit, view, me)),
            change,
            proposal,
            self.log.vote(VoteKind::Prepare, self.view, me),
            self.log.vote(VoteKind::Commit, self.view, me),
        ]
    }

    /// To one: the COMMITs that decided this height or the last, and all votes of this view. If nothing moves, also the
    /// VIEW-CHANGEs, and the COMMITs of the last earlier view that has any.
    fn send_what_is_held(&mut self, stalled: bool, out: &mut Vec<Output<Self>>) {
        let Some(to) = self.next_in_rotation() else { return };
        let last = self.height.checked_sub(1).and_then(|last| self.past.get(&last));
        let mut messages = last.map(Past::commits).unwrap_or_default();
        let decided = self.decided.map(|(view, _)| view).filter(|view| *view != self.view);
        messages.extend(decided.into_iter().flat_map(|view| self.log.votes(VoteKind::Commit, view)));
        if stalled {
            let changes = self.changes.from(self.view).filter(|_| !has(Bug::ViewChangeSaidOnce));
            messages.extend(changes.cloned());
            let earlier = self.log.commits_before(self.view);
            messages.extend(earlier.into_iter().flat_map(|view| self.log.votes(VoteKind::Commit, view)));
        }
        messages.extend(self.log.votes(VoteKind::Prepare, self.view));
        messages.extend(self.log.votes(VoteKind::Commit, self.view));
        out.extend(messages.into_iter().map(|message| Output::Relay { to: Dest::One(to), message }));
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

    /// A quorum committed a value in this view, but its bytes never came.
    pub(super) fn miss_value(&mut self, view: Round, digest: Digest, out: &mut Vec<Output<Self>>) {
        if self.gossip.missed {
            return;
        }
        self.gossip.missed = true;
        let me = self.me();
        let signers = self.log.commits(view, digest).into_iter().map(|(signer, _)| signer);
        self.report(self.height.saturating_add(1), signers.filter(|signer| Some(*signer) != me), out);
    }

    /// Validators of more than a third of the power are in a later height, so this one is decided.
    fn report_behind(&self, out: &mut Vec<Output<Self>>) {
        let above = self.gossip.heights.iter().filter(|(_, height)| **height > self.height);
        let mut later: Vec<(Height, ValidatorIndex)> =
            above.map(|(author, height)| (*height, *author)).collect();
        later.sort_unstable_by(|a, b| b.cmp(a));
        let mut power = 0;
        let seen = later.iter().find(|(_, author)| {
            power += self.validators.power(*author);
            self.validators.is_weak_quorum(power)
        });
        if let Some((seen, _)) = seen {
            self.report(*seen, later.iter().map(|(_, author)| *author), out);
        }
    }

    /// Names the first of these validators, of more than a third of the power: one of them is correct and will help.
    fn report(&self, seen: Height, ahead: impl Iterator<Item = ValidatorIndex>, out: &mut Vec<Output<Self>>) {
        let mut power = 0;
        for from in ahead {
            out.push(Output::Behind { seen, from });
            power += self.validators.power(from);
            if self.validators.is_weak_quorum(power) {
                return;
            }
        }
    }

    /// A message of a height that is decided: evidence perhaps, and a sign that its author is behind.
    pub(super) fn late(&mut self, now: Time, signed: &Signed<PbftMessage>, out: &mut Vec<Output<Self>>) {
        let (author, height, view) =
            (signed.message.author(), signed.message.height(), signed.message.view());
        if self.validators.get(author).is_none() {
            return;
        }
        let waited = now >= self.gossip.entered + self.config.rebroadcast;
        let last = height + 1 == self.height;
        let mut merely_late = last && !waited;
        if let Some(past) = self.past.get_mut(&height) {
            past.hear(signed, out);
            merely_late &= past.decided.is_none_or(|(decided, _)| view <= decided);
        }
        let latest = self.gossip.highest(author) <= height;
        if latest && !merely_late && Some(author) != self.me() && self.gossip.reported.insert(author) {
            self.gossip.saw(author, height);
            out.push(Output::Ahead { of: author, height });
            let commits = self.past.get(&height).map(Past::commits).unwrap_or_default();
            out.extend(commits.into_iter().map(|message| Output::Relay { to: Dest::One(author), message }));
        }
    }
}

impl Past {
    pub(super) fn of(mut log: Log, last_view: Round, decided: Option<(Round, Digest)>) -> Past {
        log.close();
        Past { log, last_view, decided, accused: BTreeSet::new() }
    }

    /// Whether the message, heard, would change nothing.
    pub(super) fn holds(&self, message: &PbftMessage, signature: &Signature) -> bool {
        matches!(message, PbftMessage::ViewChange(_)) || known::holds(&self.log, message, signature)
    }

    /// The COMMITs that decided.
    fn commits(&self) -> Vec<Signed<PbftMessage>> {
        let view = self.decided.map(|(view, _)| view);
        view.into_iter().flat_map(|view| self.log.votes(VoteKind::Commit, view)).collect()
    }

    /// Looks for evidence; votes that are new are kept, to be sent on.
    fn hear(&mut self, signed: &Signed<PbftMessage>, out: &mut Vec<Output<Pbft>>) {
        let added = match &signed.message {
            PbftMessage::Vote(vote) => self.log.add_vote(*vote, signed.signature, self.last_view),
            PbftMessage::PrePrepare(_) | PbftMessage::NewView(_) => {
                self.log.add_proposal(signed, self.last_view)
            }
            PbftMessage::ViewChange(_) | PbftMessage::Checkpoint(_) => Added::Nothing,
        };
        if let Added::Conflict(evidence) = added
            && self.accused.insert(evidence.offender())
        {
            out.push(Output::Accuse(evidence));
        }
    }
}

#[cfg(test)]
impl Pbft {
    /// The timer that will be answered next.
    pub(super) fn gossip_timer(&self) -> Option<Timer> {
        self.gossip.armed
    }
}
