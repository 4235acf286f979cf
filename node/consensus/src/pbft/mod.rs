//! PBFT: Castro, Liskov, *Practical Byzantine Fault Tolerance* (OSDI 1999), with signatures; the liveness rules as
//! in *Practical Byzantine Fault Tolerance and Proactive Recovery* (TOCS 2002).
//!
//! A sequence number n is a height. A view is a [`Round`]; its primary is in turn by the view alone, and the view goes
//! on through the heights, so a primary stays until it is replaced. `normal` holds §4.2 (PRE-PREPARE, PREPARE,
//! COMMIT), `checkpoint` §4.3 (CHECKPOINT, watermarks, garbage), `view_change` §4.4 and §4.5.2 (VIEW-CHANGE, NEW-VIEW,
//! timers); `verify` holds what a backup checks before it believes a NEW-VIEW; `hear` files messages and finds
//! contradictions. This file holds the state and takes the inputs apart. Each transition is named by its section.
//!
//! Where the engine differs from the paper, and why it is as safe:
//!
//! - **Thresholds are of power.** 2f + 1 is more than two thirds of it, f + 1 more than a third. The primary's
//!   PRE-PREPARE counts as its PREPARE.
//! - **One height is undecided at a time**, and what is below is decided, durable and applied: the host says
//!   [`Input::Advance`] only then. So P and O hold at most one certificate and one PRE-PREPARE. Heights between min-s
//!   (the highest stable checkpoint in V) and max-s (the undecided height) need no PRE-PREPARE again: everyone who
//!   stands at a height holds the one below with its [`crate::Certificate`], and a node that lacks it gets it by block
//!   sync. There is no null request: where nothing is prepared, the new primary proposes afresh.
//! - **A view change is of one height.** What a validator promised at a decided height binds it no more, so that the
//!   host may empty its journal. In turn, the view in which it enters a height, its *base view* there, is not agreed
//!   on: two may differ. A validator takes a bare PRE-PREPARE in its base view only; in any later view it takes a
//!   NEW-VIEW, made of VIEW-CHANGEs of this height. Let a quorum commit d in view v of a height, and let w be the
//!   first later view with a quorum of PREPAREs (PRE-PREPARE included) for another value. A correct validator is in
//!   both quorums. Its base is at most v, so in w it took (or made) a NEW-VIEW; in whose V there is a correct validator
//!   that committed d in v before it left for w. That one claimed a certificate of a view from v on, below w, so for d; the
//!   highest certificate in V is then for d too, and the NEW-VIEW was for d.
//! - **A validator that said nothing at a height may enter it again** in a higher view, where validators of more than
//!   a third of the power already vote: it has no promise to keep. So one who was away finds the others' view.
//!   And at a new height everyone begins in the view where it saw the others, also in a lower one: a view change that
//!   came to nothing ends with its height.
//! - **VIEW-CHANGE to the base view.** Who began a height in view w, where others need a NEW-VIEW, is asked for by their
//!   VIEW-CHANGEs to w, and joins with one of its own. It never voted below w there, so it claims truly that it was
//!   not prepared. The primary then shows, with a NEW-VIEW, that it was entitled to the PRE-PREPARE it already sent.
//!   A faulty validator can provoke that once in a height, which then costs a VIEW-CHANGE of each and a NEW-VIEW more.
//! - **A NEW-VIEW is short.** A VIEW-CHANGE's signature covers its claim: (n, view and digest of P). V repeats these
//!   claims, and one certificate proves the highest of them. The others change nothing, so need no proof: a NEW-VIEW
//!   holds two quorums of signatures, not a quorum of quorums.
//! - **The value of P.** A VIEW-CHANGE carries the digest and the certificate. Its author sends the PRE-PREPARE, which
//!   its first primary signed, to the new primary alone, and again with each repetition; so the new primary has the
//!   value as soon as one correct validator that claims it can reach it. The others get it in the NEW-VIEW.
//! - **Prepared** needs the PRE-PREPARE, its value, the application's word that it is valid, and the PREPAREs of the
//!   current view, but not that this validator took the PRE-PREPARE: who refused a value for its time, or waits for
//!   the NEW-VIEW, helps to commit. The argument above never uses it.
//! - **Committed-local** is a quorum of COMMITs of whatever view, and the value, valid. A quorum of COMMITs proves that
//!   correct validators were prepared.
//! - **Join.** Any message of a higher view says that its author left the lower ones; the highest view that more than
//!   a third of the power reached is joined, not the lowest. A NEW-VIEW is followed without a VIEW-CHANGE of one's own:
//!   a quorum said it.
//! - **The request timer** runs while a height is undecided: blocks are always wanted. It covers the three phases, and
//!   grows with each view of the height. [`TimerKind::Prevote`] and [`TimerKind::Precommit`] are not used.
//! - There are no clients here: no REQUEST and no REPLY. Messages are signed, so no MACs.
//!
//! What a host must do, beyond the contract in [`crate::engine`]: as for [`crate::tendermint`], [`Output::Sign`] with
//! `after: 0` waits for nothing; writes are numbered from 1 in each incarnation; and [`Output::Behind`] also comes when
//! a quorum committed a value whose bytes never came. Of journal entries of earlier heights, [`Engine::restore`] takes
//! the view alone, where the next height may begin.

mod changes;
mod checkpoint;
mod gossip;
mod hear;
mod inbox;
mod journal;
mod known;
mod log;
mod message;
mod normal;
mod statement;
#[cfg(test)]
mod tests;
mod verify;
mod view_change;

pub use checkpoint::{CHECKPOINT_INTERVAL, LOG_SIZE};
pub use journal::Entry;
pub use message::{
    ChangeClaim, Checkpoint, NewView, PbftMessage, PrePrepare, PreparedCertificate, StableCheckpoint,
    ViewChange, Vote, VoteKind,
};
pub use statement::Statement;

use crate::values::{Judgement, Values};
use crate::{Config, Engine, Input, Invalid, Output, Signed, Timer, TimerKind, ValidatorSet, Verified};
use bitcraps_types::{ChainId, Digest, Height, Round, Signature, Time, ValidatorIndex, Verify};
use changes::{Changes, Reached};
use checkpoint::Checkpoints;
use gossip::{Gossip, Past};
use inbox::Inbox;
use journal::Journal;
use log::Log;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;

/// A validator's (or a follower's) state in PBFT.
#[derive(Clone, Debug)]
pub struct Pbft {
    config: Config,
    validators: ValidatorSet,
    height: Height,
    /// The paper's v. Whether this validator takes part in it yet is [`Pbft::active`].
    view: Round,
    /// The view in which this validator takes a bare PRE-PREPARE at this height. It never voted below.
    base: Round,
    started: bool,
    /// The view of the deciding quorum and the value, once there is one. Then the engine waits for
    /// [`Input::Advance`].
    decided: Option<(Round, Digest)>,
    prepared: Option<Prepared>,
    log: Log,
    changes: Changes,
    /// By validator: the highest view of its messages of this height, and of its votes alone.
    reached: Reached,
    voted: Reached,
    values: Values,
    /// By view: the value that a quorum committed to.
    commits: BTreeMap<Round, Digest>,
    /// Who was accused at this height; once is enough.
    accused: BTreeSet<ValidatorIndex>,
    once: Once,
    journal: Journal,
    gossip: Gossip,
    inbox: Inbox,
    checkpoints: Checkpoints,
    /// By height: what is remembered of those above the low watermark that are decided.
    past: BTreeMap<Height, Past>,
}

/// The paper's element of P.
#[derive(Clone, Debug)]
struct Prepared {
    certificate: PreparedCertificate,
    /// The PRE-PREPARE with the value, as its author signed it.
    proposal: Signed<PbftMessage>,
}

/// What happens once in a view.
#[derive(Clone, Copy, Debug, Default)]
struct Once {
    /// The application was asked for a value.
    asked: bool,
    /// The NEW-VIEW of a PRE-PREPARE that had been sent bare was sent.
    justified: bool,
    /// The timer runs.
    timer: bool,
    /// The NEW-VIEW came.
    entered: bool,
}

impl Engine for Pbft {
    type Message = PbftMessage;
    type Entry = Entry;

    fn restore(&mut self, entries: Vec<Entry>) {
        self.replay(entries);
    }

    fn take_place(&mut self, me: ValidatorIndex) {
        self.config.me = Some(me);
    }

    fn step(&mut self, now: Time, input: Input<Self>, out: &mut Vec<Output<Self>>) {
        match input {
            Input::Start => self.start(now, out),
            Input::Message(message) => self.receive(now, message, out),
            Input::Reachable(validator) => self.greet(validator, out),
            Input::Timer(timer) => self.timer(now, timer, out),
            Input::Proposed { height, round, value } => self.proposed(height, round, value, out),
            Input::Verdict { height, digest, valid } => {
                if height == self.height {
                    self.values.answer(&digest, valid);
                }
            }
            Input::Advance { height, validators } => self.advance(now, height, validators, out),
        }
        while self.started && self.decided.is_none() && self.apply_one(now, out) {}
    }

    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.view
    }

    fn conflicting(first: &Statement, second: &Statement) -> bool {
        statement::conflicting(first, second)
    }

    fn knows(&self, message: &PbftMessage, signature: &Signature) -> bool {
        Pbft::knows(self, message, signature)
    }

    fn waiting(&self, author: ValidatorIndex) -> usize {
        self.inbox.waiting(author)
    }

    fn verify(
        message: Signed<PbftMessage>,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<Verified<PbftMessage>, Invalid> {
        verify::verify(message, validators, chain, verify)
    }

    #[cfg(feature = "byzantine")]
    fn forget_lock(&mut self) {
        self.prepared = None;
    }
}

impl Pbft {
    /// An engine about to begin `height`.
    pub fn new(config: Config, validators: ValidatorSet, height: Height) -> Self {
        Pbft {
            gossip: Gossip::new(&config),
            inbox: Inbox::default(),
            log: Log::new(height, validators.clone()),
            changes: Changes::new(validators.clone()),
            checkpoints: Checkpoints::new(height),
            config,
            validators,
            height,
            view: 0,
            base: 0,
            started: false,
            decided: None,
            prepared: None,
            reached: Reached::default(),
            voted: Reached::default(),
            values: Values::default(),
            commits: BTreeMap::new(),
            accused: BTreeSet::new(),
            once: Once::default(),
            journal: Journal::default(),
            past: BTreeMap::new(),
        }
    }

    /// The primary of a view.
    pub fn primary(validators: &ValidatorSet, view: Round) -> ValidatorIndex {
        validators.in_turn(u64::from(view))
    }

    /// This node's position, if it is a validator of this height.
    fn me(&self) -> Option<ValidatorIndex> {
        self.config.me.filter(|me| self.validators.get(*me).is_some())
    }

    fn is_primary(&self) -> bool {
        self.me() == Some(Self::primary(&self.validators, self.view))
    }

    /// Whether the view has begun for this node: it began the height in it, or the NEW-VIEW came.
    fn active(&self) -> bool {
        self.view == self.base
            || self.log.proposal(self.view).is_some_and(|held| log::is_new_view(&held.message))
    }

    /// One rule, the first that fires. After each input they are tried until none does, so the order in which
    /// messages and verdicts come does not matter: a rule waits for whichever is last.
    fn apply_one(&mut self, now: Time, out: &mut Vec<Output<Self>>) -> bool {
        self.commit(out)
            || self.catch_up(now, out)
            || self.enter_new_view(now, out)
            || self.join(now, out)
            || self.begin_new_view(out)
            || self.justify(out)
            || self.prepare(out)
            || self.become_prepared(out)
            || self.answer_view_change(out)
            || self.wait_for_new_view(now, out)
    }

    fn start(&mut self, now: Time, out: &mut Vec<Output<Self>>) {
        if self.started {
            return;
        }
        self.started = true;
        self.begin_gossip(now, out);
        if self.journal.is_silent() && self.prepared.is_none() {
            self.begin(now, self.view, out);
        } else {
            self.resume(now, out);
        }
    }

    /// Begins the next height. The current one was decided, here or elsewhere.
    fn advance(&mut self, now: Time, height: Height, validators: ValidatorSet, out: &mut Vec<Output<Self>>) {
        if height <= self.height {
            return;
        }
        let view = self.view_to_begin_in();
        let (before, decided) = (self.height, self.decided);
        let log = mem::replace(&mut self.log, Log::new(height, validators.clone()));
        self.past.insert(before, Past::of(log, self.view, decided));
        if validators != self.validators {
            // What was verified against other validators proves nothing now.
            self.past.clear();
            self.inbox = Inbox::default();
            self.checkpoints = Checkpoints::new(height);
            self.gossip.forget_heights();
        }
        self.changes = Changes::new(validators.clone());
        self.validators = validators;
        self.height = height;
        self.started = true;
        self.decided = None;
        self.prepared = None;
        self.reached = Reached::default();
        self.voted = Reached::default();
        self.values.clear();
        self.commits.clear();
        self.accused.clear();
        self.journal.clear();
        self.collect_garbage();
        self.next_height(now, out);
        if let Some((_, digest)) = decided {
            self.say_checkpoint(before, digest, out);
        }
        self.begin(now, view, out);
        for signed in self.inbox.take(height) {
            self.take(&signed, out);
        }
    }

    /// The paper's "valid". `None` while the application has not answered; it is asked once.
    fn verdict(&mut self, digest: Digest, fresh: bool, out: &mut Vec<Output<Self>>) -> Option<bool> {
        match self.values.judge(&digest, fresh) {
            Judgement::Known(valid) => Some(valid),
            Judgement::Unknown => None,
            Judgement::Ask(value) => {
                out.push(Output::Validate { height: self.height, value, fresh });
                None
            }
        }
    }

    /// A timer rang.
    fn timer(&mut self, now: Time, timer: Timer, out: &mut Vec<Output<Self>>) {
        if !self.started || timer.height != self.height {
            return;
        }
        match timer.kind {
            TimerKind::Rebroadcast => self.ring(now, timer, out),
            TimerKind::Propose if timer.round == self.view => self.time_out(now, out),
            TimerKind::Propose | TimerKind::Prevote | TimerKind::Precommit => {}
        }
    }
}
