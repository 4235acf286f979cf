//! The contract between an engine and its host.
//!
//! Three rules make an engine testable and its host honest:
//!
//! - **Pure.** `step` is a function of the state, `now` and the input. `now` only moves forward.
//! - **The persist barrier is data.** [`Output::Sign`] names the durable write that must come first. The published
//!   bugs of the class "sent before durable" (malachite #864, tendermint #3089) need a host that ignores a field.
//! - **A validator's own message counts only when it is durable.** The host signs a message after the barrier, sends
//!   it, and gives it back as [`Input::Message`]. So no certificate ever holds a vote that a crash could forget.

use crate::{Certificate, Evidence, Message, Signed, ValidatorSet, Verified};
use bitcraps_types::{ChainId, Digest, Height, Round, Signature, Time, ValidatorIndex, Value, Verify};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;
use std::time::Duration;

/// The number of a write to the durable log, from 1 in each incarnation, in the order of [`Output::Persist`].
/// In [`Output::Sign`], 0 is what was durable before this incarnation.
pub type Seq = u64;

/// What all engines are told at the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Separates this network's signatures from all others'.
    pub chain: ChainId,
    /// Who this node is; `None` for a node that only follows. [`Engine::take_place`] changes it.
    pub me: Option<ValidatorIndex>,
    /// How long a proposal may take in round 0.
    pub propose: Duration,
    /// How long to wait for more prevotes after the first quorum of any.
    pub prevote: Duration,
    /// How long to wait for more precommits after the first quorum of any.
    pub precommit: Duration,
    /// Each timeout of round r is its base × growth^r, at most [`Config::MAX_TIMEOUT`].
    pub growth: f64,
    /// How long without progress until a node repeats what it last said.
    pub rebroadcast: Duration,
}

impl Config {
    /// The longest timeout that growth leads to.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(60);
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dest {
    /// Every other validator.
    All,
    /// One validator.
    One(ValidatorIndex),
}

/// What a timer is for. An engine uses those that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKind {
    /// No proposal came; in HotStuff, the round took too long.
    Propose,
    /// A quorum prevoted, but not for one value.
    Prevote,
    /// A quorum precommitted, but not for one value.
    Precommit,
    /// Nothing moved.
    Rebroadcast,
}

/// A timer. Setting one again replaces its deadline. The engine ignores one that has become meaningless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    /// What for.
    pub kind: TimerKind,
    /// Set in this height.
    pub height: Height,
    /// Set in this round.
    pub round: Round,
}

/// What the host tells the engine.
#[derive(Clone, Debug)]
pub enum Input<E: Engine> {
    /// Begins the engine's height, or goes on with it after [`Engine::restore`].
    Start,
    /// A message whose signatures were verified; also the node's own, once it is durable and signed.
    Message(Verified<E::Message>),
    /// A validator can be reached from now on: it may have missed what was said before.
    Reachable(ValidatorIndex),
    /// A timer that was set with [`Output::SetTimer`] rang.
    Timer(Timer),
    /// The answer to [`Output::Propose`].
    Proposed {
        /// As asked.
        height: Height,
        /// As asked.
        round: Round,
        /// A new value.
        value: Value,
    },
    /// The answer to [`Output::Validate`].
    Verdict {
        /// As asked.
        height: Height,
        /// Of the value asked about.
        digest: Digest,
        /// Whether the application accepts it. The same question always has the same answer.
        valid: bool,
    },
    /// A height was decided, by this engine or by block sync, and its block was applied: go on with the next.
    Advance {
        /// The next height; at least the engine's own, plus one.
        height: Height,
        /// Who validates it.
        validators: ValidatorSet,
    },
}

/// What the engine tells the host. The host carries them out in order.
#[derive(Clone, Debug)]
pub enum Output<E: Engine> {
    /// Append `entry` to the durable log.
    Persist {
        /// Consecutive.
        seq: Seq,
        /// What [`Engine::restore`] wants back.
        entry: E::Entry,
    },
    /// Sign this message of our own, once write `after` is durable; then send it and give it back as
    /// [`Input::Message`].
    Sign {
        /// The message.
        message: E::Message,
        /// The write that must be durable first.
        after: Seq,
        /// To whom. To nobody else, if it is this validator itself.
        to: Dest,
    },
    /// Send an already signed message (a repetition, or somebody else's).
    Relay {
        /// To whom.
        to: Dest,
        /// What.
        message: Signed<E::Message>,
    },
    /// Ring at this time.
    SetTimer {
        /// Which.
        timer: Timer,
        /// When.
        at: Time,
    },
    /// It is our turn: answer with [`Input::Proposed`].
    Propose {
        /// For this height.
        height: Height,
        /// And this round.
        round: Round,
    },
    /// Ask the application about a value: answer with [`Input::Verdict`].
    Validate {
        /// At this height.
        height: Height,
        /// The value.
        value: Value,
        /// Whether it comes without a proof of lock. Only a fresh value is judged by the local clock.
        fresh: bool,
    },
    /// Decided, for ever.
    Decide {
        /// Of this height.
        height: Height,
        /// The value.
        value: Value,
        /// What proves it to anyone.
        certificate: Certificate,
    },
    /// A validator provably broke the protocol.
    Accuse(Box<Evidence<E::Message>>),
    /// A round began.
    Entered {
        /// In this height.
        height: Height,
        /// The round.
        round: Round,
        /// Who proposes.
        proposer: ValidatorIndex,
        /// Whether the round (the view) before was given up. Where nothing fails a height may have several rounds
        /// (HotStuff), and a view may outlive its height (PBFT).
        after_failure: bool,
    },
    /// The lock changed (for oracles and selectors).
    Locked {
        /// In this height.
        height: Height,
        /// In this round.
        round: Round,
        /// On this value.
        digest: Digest,
    },
    /// A verified message from a later height than can be buffered: the host should sync.
    Behind {
        /// The height seen.
        seen: Height,
        /// In a message of this validator.
        from: ValidatorIndex,
    },
    /// A message of a height that is decided: its author is behind and should be helped.
    Ahead {
        /// Who is behind.
        of: ValidatorIndex,
        /// At this height.
        height: Height,
    },
    /// A transition was taken; its name is the line of the paper (for coverage).
    Transition(&'static str),
}

/// A consensus engine.
pub trait Engine: Clone + fmt::Debug + Sized {
    /// What validators sign and send each other.
    type Message: Message;
    /// What must survive a crash.
    type Entry: BorshSerialize + BorshDeserialize + Clone + fmt::Debug;

    /// Takes back what an earlier incarnation wrote, in the order of writing, before [`Input::Start`]. Entries of
    /// other heights are ignored. After it the engine never says anything that contradicts what it said before.
    fn restore(&mut self, entries: Vec<Self::Entry>);

    /// This node has a place among the validators from now on, or will have: it speaks where that place is not vacant. Places
    /// never change.
    fn take_place(&mut self, me: ValidatorIndex);

    /// One step. Total: no input makes it panic.
    fn step(&mut self, now: Time, input: Input<Self>, out: &mut Vec<Output<Self>>);

    /// The height being decided.
    fn height(&self) -> Height;

    /// The round of that height.
    fn round(&self) -> Round;

    /// Whether two statements, each signed by its author, prove misbehaviour of one.
    fn conflicting(
        first: &<Self::Message as Message>::Statement,
        second: &<Self::Message as Message>::Statement,
    ) -> bool;

    /// Whether a message that was not verified yet says nothing new: verified, it would change nothing, so that the
    /// host may drop it at once.
    fn knows(&self, message: &Self::Message, signature: &Signature) -> bool;

    /// How many messages of a validator wait for a later height. Bounded, whatever it sends.
    fn waiting(&self, author: ValidatorIndex) -> usize;

    /// The signature that a message carries besides its author's: certificates inside it.
    fn verify(
        message: Signed<Self::Message>,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<Verified<Self::Message>, crate::Invalid>;

    /// Byzantine amnesia: drop the lock. The adversary's hook; a proxy on the network is too late.
    #[cfg(feature = "byzantine")]
    fn forget_lock(&mut self);
}
