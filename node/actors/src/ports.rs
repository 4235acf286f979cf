//! The ports: all that an actor may touch of the world. A world (simulated or real) implements them.
//!
//! Every port is single-threaded, like the node that it serves, and answers by calling back on the node's own
//! thread. A callback must do no more than send a message to an actor. After a crash the world fences the ports of
//! the dead incarnation: calls do nothing and no callback comes.

use crate::wire::Decided;
#[cfg(feature = "byzantine")]
use crate::wire::SyncMessage;
#[cfg(feature = "byzantine")]
use bitcraps_beacon::Partials;
use bitcraps_beacon::Shares;
use bitcraps_casino::{Block, Casino, Committee, Refusal as CommandRefusal, TableReport};
use bitcraps_consensus::{AnyEngine, Certificate, Engine, Evidence};
use bitcraps_treasury::Ledger;
use bitcraps_types::{
    Digest, Height, PublicKey, Round, Sign, ThresholdKey, ThresholdSignature, Time, ValidatorIndex, Value,
    Verify, WallTime,
};
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use std::rc::Rc;
use std::time::Duration;

/// The engine that the actors run.
pub type ConsensusEngine = AnyEngine;
/// Its messages.
pub type ConsensusMessage = <ConsensusEngine as Engine>::Message;

/// A node's ports.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// Randomness.
    pub entropy: Rc<dyn Entropy>,
    /// Links to other nodes.
    pub links: Rc<dyn Links>,
    /// Files.
    pub disk: Rc<dyn Disk>,
    /// Costly work.
    pub compute: Rc<dyn Compute>,
    /// This node's secret key.
    pub signer: Rc<dyn Sign>,
    /// Signature checks.
    pub verifier: Rc<dyn Verify>,
    /// The validators' shared secrets behind the dice.
    pub dice: Rc<dyn DiceKeys>,
    /// Where events go.
    pub probe: Rc<dyn Probe>,
    /// The way out: stop this node now. For errors after which it must not go on (a failed fsync).
    pub halt: Rc<dyn Fn(&str)>,
    /// Stands between this node and its peers, when the testbed makes it misbehave.
    #[cfg(feature = "byzantine")]
    pub adversary: Option<Rc<dyn Adversary>>,
}

impl Ports {
    /// The ports of a node that follows the protocol, whether the testbed's hooks are built in or not.
    #[expect(clippy::too_many_arguments, reason = "one for each port")]
    pub fn honest(
        clock: Rc<dyn Clock>,
        entropy: Rc<dyn Entropy>,
        links: Rc<dyn Links>,
        disk: Rc<dyn Disk>,
        compute: Rc<dyn Compute>,
        signer: Rc<dyn Sign>,
        verifier: Rc<dyn Verify>,
        dice: Rc<dyn DiceKeys>,
        probe: Rc<dyn Probe>,
        halt: Rc<dyn Fn(&str)>,
    ) -> Ports {
        Ports {
            clock,
            entropy,
            links,
            disk,
            compute,
            signer,
            verifier,
            dice,
            probe,
            halt,
            #[cfg(feature = "byzantine")]
            adversary: None,
        }
    }
}

/// The dice keys of the committees.
pub trait DiceKeys {
    /// A committee's: the public half, with the shares of the secret that this node holds. `None` if the public half is no
    /// key: all nodes agree on that.
    fn key(&self, committee: &Committee, shares: &Shares) -> Option<Rc<dyn ThresholdKey>>;
}

/// Time.
pub trait Clock {
    /// The monotonic clock of this node. May drift, never goes back.
    fn now(&self) -> Time;
    /// The wall clock of this node. May be wrong, may jump.
    fn wall(&self) -> WallTime;
    /// A new alarm, not set. When it rings, `ring` is called once.
    fn alarm(&self, ring: Box<dyn Fn()>) -> Box<dyn Alarm>;
}

/// One alarm. An actor has one, and keeps its own heap of deadlines. Dropping it cancels it.
pub trait Alarm {
    /// Rings at `at` on the clock that made it (at once, if that is past); a second call replaces the first; `None` cancels.
    fn set(&self, at: Option<Time>);
}

/// Randomness.
pub trait Entropy {
    /// The stream of one actor and purpose, from its start in this incarnation. Streams are independent.
    fn stream(&self, actor: &str, purpose: &str) -> ChaCha8Rng;
}

/// Names a link within one incarnation of a node; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// Where a node can be reached. What the text means is the world's business.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub String);

/// What happens on links.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkEvent {
    /// A link is open. `dialed` is the address given to [`Links::open`], or `None` if the other side opened it.
    Up {
        /// The link.
        link: LinkId,
        /// As dialed.
        dialed: Option<Address>,
        /// The key of the other side, where the link itself has proved it (TLS has; a modelled link has not).
        identity: Option<PublicKey>,
        /// The largest frame in bytes.
        mtu: usize,
    },
    /// A frame arrived. Frames may be lost, repeated, reordered or damaged on the way.
    Frame {
        /// On this link.
        link: LinkId,
        /// Its bytes.
        bytes: Bytes,
    },
    /// The link is closed, by the other side or by the world.
    Down {
        /// The link.
        link: LinkId,
    },
    /// [`Links::open`] did not succeed.
    OpenFailed {
        /// The address dialed.
        address: Address,
    },
}

/// Links to other nodes. Never blocks; all queues are bounded.
pub trait Links {
    /// Delivers all events to `inbox`. Called once, before all else.
    fn listen(&self, inbox: Box<dyn Fn(LinkEvent)>);
    /// Dials. The answer is [`LinkEvent::Up`] or [`LinkEvent::OpenFailed`].
    fn open(&self, address: &Address);
    /// Sends a frame of at most the link's MTU. `false` if it was refused: the queue is full, or the link is gone.
    fn send(&self, link: LinkId, frame: Bytes) -> bool;
    /// Closes a link. The other side sees [`LinkEvent::Down`].
    fn close(&self, link: LinkId);
}

/// Why a disk operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// No space.
    #[error("the disk is full")]
    Full,
    /// The device failed.
    #[error("the disk failed: {0}")]
    Io(String),
}

/// What is called when a disk operation is done.
pub type Done<T> = Box<dyn FnOnce(Result<T, DiskError>)>;

/// Files, by name. Operations on one file happen in the order of the calls. Only what was synced survives a crash;
/// what was not may survive in part, and its tail may be garbage.
pub trait Disk {
    /// Adds to the end. Takes effect in memory at once; an error is told now, and then nothing was added.
    fn append(&self, file: &str, bytes: &[u8]) -> Result<(), DiskError>;
    /// Makes all that was appended before the call durable. After an error nothing is known of it: the node must stop.
    fn sync(&self, file: &str, done: Done<()>);
    /// The whole file, or nothing if it does not exist.
    fn read(&self, file: &str, done: Done<Vec<u8>>);
    /// Replaces the whole file: afterwards, whatever happens, it is the old one or the new one, and after `done` the new one.
    fn replace(&self, file: &str, bytes: Vec<u8>, done: Done<()>);
}

/// Costly work. A simulation does it inline and charges its cost to virtual time; production has a thread pool.
pub trait Compute {
    /// Takes `cost` of one core's time, then calls `then` on the node's own thread. Order of calls is kept.
    fn run(&self, cost: Duration, then: Box<dyn FnOnce()>);
    /// What a verification costs in the crypto of this world. Zero: call inline.
    fn verify_cost(&self) -> Duration;
}

/// Why a frame or a peer was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Refusal {
    /// The frame's checksum or header is wrong.
    DamagedFrame,
    /// The bytes are no message.
    Undecodable,
    /// A signature is wrong.
    BadSignature,
    /// A well-formed message that no correct node sends.
    Malformed,
    /// More than the peer may send.
    RateLimited,
    /// A buffer was full.
    Overflow,
    /// The handshake failed: another protocol version.
    WrongVersion,
    /// The handshake failed: another network.
    WrongGenesis,
    /// The handshake failed: no proof of the key.
    BadProof,
    /// The handshake failed: not in time.
    HandshakeTimeout,
    /// The score fell too low.
    Banned,
}

/// What a node tells about itself. Events only go out: no actor ever reads one back.
#[derive(Debug)]
pub enum Event<'a> {
    /// The node has restored its state and takes part.
    Started {
        /// The height that it goes on with.
        height: Height,
        /// How many entries of the consensus journal it took back.
        journal: usize,
    },
    /// A round began.
    Round {
        /// At this height.
        height: Height,
        /// The round.
        round: Round,
        /// Its proposer.
        proposer: ValidatorIndex,
        /// Whether the round before was given up.
        after_failure: bool,
    },
    /// The engine locked.
    Locked {
        /// At this height.
        height: Height,
        /// In this round.
        round: Round,
        /// On this value.
        digest: Digest,
    },
    /// A transition of the engine, by the paper's line.
    Transition(&'static str),
    /// Our own proposal was sent for the first time.
    Proposed {
        /// Height.
        height: Height,
        /// Round.
        round: Round,
        /// Digest of the value.
        digest: Digest,
    },
    /// A message of ours was signed and is about to leave (for the vote-once oracle).
    Signed(&'a bitcraps_consensus::Signed<ConsensusMessage>),
    /// Another validator's message was verified, and the engine is about to be told. What is known already is not told again.
    Heard(&'a bitcraps_consensus::Signed<ConsensusMessage>),
    /// A block was decided. It is applied when its dice are there too.
    Decided {
        /// Its height.
        height: Height,
        /// The block's bytes.
        value: &'a Value,
        /// The proof.
        certificate: &'a Certificate,
        /// Whether it came by block sync rather than by this node's own engine.
        synced: bool,
    },
    /// The state is now this one: the one that the node starts from, before the blocks after it are applied again, or
    /// one taken over from a peer. What was told of the state before no longer holds.
    Restored {
        /// The height of the last block in it.
        height: Height,
        /// That block's digest; at height 0 the chain's id.
        digest: Digest,
        /// That block's time.
        time: WallTime,
        /// The state.
        casino: &'a Casino,
        /// The blocks up to it that hand over to another committee, each with its proof.
        handovers: &'a [Decided],
    },
    /// A block was applied: all that it did.
    Applied {
        /// Its height.
        height: Height,
        /// The block.
        block: &'a Block,
        /// The block as it was decided.
        value: &'a Value,
        /// The proof that it was.
        certificate: &'a Certificate,
        /// The signature from which its dice follow, if it rolls.
        dice: Option<&'a ThresholdSignature>,
        /// The block's digest.
        digest: Digest,
        /// The state root after it.
        root: Digest,
        /// The ledger after it.
        ledger: &'a Ledger,
        /// What the tables that played did, in the order of their ids.
        reports: &'a [TableReport],
        /// The commands that changed nothing: those that the bank refused, in the order of the block, then those that
        /// tables refused.
        refusals: &'a [CommandRefusal],
    },
    /// The state was taken over from a peer's snapshot.
    StateSynced {
        /// The height of the snapshot.
        height: Height,
        /// Its state root.
        root: Digest,
    },
    /// Misbehaviour was proved.
    Accused(&'a Evidence<ConsensusMessage>),
    /// Misbehaviour was recorded in the replicated state.
    OffenceRecorded {
        /// Who.
        offender: ValidatorIndex,
        /// When it offended.
        height: Height,
    },
    /// A block is final, and this node said its part of the signature from which its dice follow.
    DiceSigned {
        /// The block's height.
        height: Height,
    },
    /// A validator's part of the dice's signature is wrong.
    BadDice(ValidatorIndex),
    /// A peer proved its identity.
    PeerUp(PublicKey),
    /// A peer is gone.
    PeerDown(PublicKey),
    /// Something from outside was turned away. `peer` is known after the handshake.
    Refused {
        /// Whose.
        peer: Option<PublicKey>,
        /// Why.
        why: Refusal,
    },
    /// The node fell behind and asks for blocks.
    SyncStarted {
        /// Its own height.
        from: Height,
        /// What more than a third of the power claims to have reached.
        to: Height,
    },
    /// The node is no longer behind: it applied all that was claimed so, or those who claimed more are gone.
    SyncEnded {
        /// Its own height.
        height: Height,
    },
    /// A command was taken into the mempool.
    CommandAccepted(Digest),
    /// A command was turned away, or given up for another; one of [`TURNED_AWAY`] says why.
    CommandRefused(Digest, &'static str),
    /// How much waits in the mempool.
    Waiting {
        /// Commands.
        commands: usize,
        /// Their bytes.
        bytes: usize,
        /// Blobs.
        blobs: usize,
        /// Their bytes.
        blob_bytes: usize,
    },
    /// A buffer is fuller than it ever was in this incarnation.
    Held {
        /// Which.
        buffer: Buffer,
        /// How much it holds.
        size: usize,
    },
}

/// What of a node's memory others can fill, each within a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Buffer {
    /// Events of all links that the transport has not taken yet.
    LinkEvents,
    /// Links that others opened and nobody has proven who is at the other end.
    Strangers,
    /// Bytes of unfinished payloads on one link.
    Fragments,
    /// Bytes that wait for one peer who is away.
    Outbox,
    /// Messages of one validator for a later height.
    LaterHeights,
    /// Proofs of misbehaviour that wait for a block.
    Accusations,
}

/// The reasons of [`Event::CommandRefused`].
pub const TURNED_AWAY: [&str; 6] = [
    turned_away::NO_ACCOUNT,
    turned_away::USED,
    turned_away::WAITING,
    turned_away::TOO_MANY,
    turned_away::FULL,
    turned_away::FORGED,
];

/// Each of them.
pub mod turned_away {
    /// Nobody sent the account any money yet.
    pub const NO_ACCOUNT: &str = "there is no such account";
    /// A block has a command with its number, or it lies too far below the highest.
    pub const USED: &str = "its sequence number was used";
    /// The same command, or another with its number, waits already.
    pub const WAITING: &str = "one with its sequence number is waiting";
    /// The account's share of the mempool is full.
    pub const TOO_MANY: &str = "too many of its account are waiting";
    /// The mempool is full. A command that was taken in can be given up for this too.
    pub const FULL: &str = "the mempool is full";
    /// The key's holder did not sign it.
    pub const FORGED: &str = "its signature is wrong";
}

/// Where events go.
pub trait Probe {
    /// Takes note.
    fn event(&self, event: Event<'_>);
}

/// What an adversary makes of one outgoing consensus message for one recipient.
#[cfg(feature = "byzantine")]
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// Sends this instead (or as well).
    Message(Box<bitcraps_consensus::Signed<ConsensusMessage>>),
    /// Sends bytes that need not be a message.
    Raw(Bytes),
}

/// Stands between a node and its peers, both ways: it rewrites what the node says, decides what it hears, and speaks in
/// its name. Only the testbed has one.
///
/// The node asks it at every message and at the times that it wants ([`Adversary::wakes`]), always with the node's own
/// monotonic clock.
#[cfg(feature = "byzantine")]
pub trait Adversary {
    /// Whether it does anything now. If not, the node sends and hears as always, at no cost, and asks nothing else.
    fn active(&self) -> bool;
    /// What goes to `to` instead of `message`; nothing: it is withheld.
    fn outgoing(
        &self,
        now: Time,
        to: ValidatorIndex,
        message: &bitcraps_consensus::Signed<ConsensusMessage>,
    ) -> Vec<Outgoing>;
    /// A peer's message arrived, not verified yet. Whether the node hears of it.
    fn incoming(&self, _now: Time, _message: &bitcraps_consensus::Signed<ConsensusMessage>) -> bool {
        true
    }
    /// What it says now that no message of the node's gave rise to.
    fn unasked(&self, _now: Time) -> Vec<(ValidatorIndex, Outgoing)> {
        Vec::new()
    }
    /// When it wants to be asked next, though nothing happens until then.
    fn wakes(&self, _now: Time) -> Option<Time> {
        None
    }
    /// What goes to `to` instead of a message of block sync; `None`: it is withheld.
    fn outgoing_sync(&self, _to: &PublicKey, message: SyncMessage) -> Option<SyncMessage> {
        Some(message)
    }
    /// A peer's message of block sync arrived. Whether the node hears of it.
    fn incoming_sync(&self, _from: &PublicKey, _message: &SyncMessage) -> bool {
        true
    }
    /// What goes to `to` instead of this node's part of the dice's signature; `None`: it is withheld.
    fn outgoing_dice(&self, _to: ValidatorIndex, partials: Partials) -> Option<Partials> {
        Some(partials)
    }
    /// A peer's part of the dice's signature arrived. Whether the node hears of it.
    fn incoming_dice(&self) -> bool {
        true
    }
    /// Whether the engine must forget its lock before the next step.
    fn amnesia(&self) -> bool;
}
