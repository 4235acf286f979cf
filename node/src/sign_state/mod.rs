//! What keeps two copies of a validator, or a restored backup, from signing twice.
//!
//! A validator that says two different things at one place of a height is punished, and rightly. The consensus journal
//! keeps it from that across a crash, because all that it says is in the journal before it is sent. But a journal can
//! be an old one: restored from a backup, copied to another machine, rolled back with a disk, emptied by a mistake. It
//! looks whole then, and lacks what was said since. So beside the *key*, where no backup takes it, stands a small file
//! that vouches for the journal, the sign-state. It holds a [`Claim`]:
//!
//! - the network and the key that it is about;
//! - the **length** and the **hash** of the journal;
//! - the **highest** height that was ever spoken of;
//! - the **floor**: nothing at this height or below is ever signed again.
//!
//! The invariant: *whatever was sent at a height above the floor stands in the first `length` bytes of the journal,
//! whose hash is `hash`; and nothing was sent above `highest`.* Each write keeps it:
//!
//! | what | order of writes | after a crash between them |
//! |---|---|---|
//! | a sync of the journal | journal, fdatasync; claim, fdatasync; only then may the message be sent | the journal is longer than the claim says, which is harmless: nothing of the rest was sent |
//! | the journal is emptied (its heights are decided) | journal; claim with `floor = highest` | the journal does not begin as claimed, so the floor rises to `highest`, as it would have |
//! | a torn tail is cut off | journal; claim | the journal begins as claimed |
//!
//! At the start the journal is held against the claim. If it begins as claimed, all is well. If not, something that was
//! sent may be missing. (Nor is it if the chain beside the journal ends before what it speaks of.) Then the floor rises to the highest height that the claim or the journal speaks of, and the
//! journal is emptied, since nothing in it binds above the floor. The node follows the chain without a voice until
//! the floor is behind it, and then votes again. Nobody need decide anything.
//!
//! The file has two slots, written in turn, each with a number and a checksum; the newest whole one counts. A torn write
//! leaves the other, whose claim is one write older: it vouches for all that was sent before the torn write, and its own
//! message was not sent.
//!
//! What this can't see: the sign-state *itself* being an old copy together with an equally old journal (a virtual
//! machine rolled back whole, keys and all), and a copy of the key on another machine. Against the first there is
//! `--sign-above`; against the second, only not doing it. Two nodes on *one* machine that share the file refuse each
//! other by a lock on it.

mod claim;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod slots;

pub use claim::Finding;

use bitcraps_actors::JournalError;
use bitcraps_types::{ChainId, Digest, Height, PublicKey};
use claim::{Claim, Tracked};
use slots::Slots;
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};

/// The open sign-state of a running node. Locked for as long as it lives.
#[derive(Debug)]
pub struct SignState {
    slots: Slots,
    claim: Claim,
    journal: Tracked,
}

/// What the start found, and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// What the journal is like.
    pub finding: Finding,
    /// Nothing at this height or below may be signed.
    pub floor: Height,
    /// What the journal must be replaced by, before anything else is done with it. `None`: it stays.
    pub replace_journal: Option<Vec<u8>>,
}

/// Why a node can't go on with a sign-state.
#[derive(Debug, thiserror::Error)]
pub enum SignStateError {
    /// There is none.
    #[error(
        "there is no sign-state at {0}: it is not known up to which height this key has signed; if the file can't be \
         brought back, find the highest height of the network (`bitcraps-node status` of another node) and start once \
         with `run --sign-above HEIGHT`, some heights above it; for a key that never signed, `--sign-above 0`"
    )]
    Missing(PathBuf),
    /// Neither slot is whole.
    #[error(
        "the sign-state {0} is damaged: it is not known up to which height this key has signed; move it away, find the \
         highest height of the network, and start once with `run --sign-above HEIGHT`, some heights above it"
    )]
    Damaged(PathBuf),
    /// Another process holds it.
    #[error(
        "the sign-state {0} is in use: another node on this machine runs with the same key; stop it first"
    )]
    Busy(PathBuf),
    /// It is another key's.
    #[error("the sign-state {path} is of the key {found}, not of {ours}: put the one of this key back")]
    OtherKey {
        /// Where.
        path: PathBuf,
        /// Whose it is.
        found: Digest,
        /// Whose it should be.
        ours: Digest,
    },
    /// It is of another network.
    #[error(
        "the sign-state {path} is of the network {found}, not of {ours}: give each network a key and a home of its own"
    )]
    OtherChain {
        /// Where.
        path: PathBuf,
        /// Which network it is of.
        found: ChainId,
        /// This one.
        ours: ChainId,
    },
    /// The floor that was asked for is below what this node's own files speak of.
    #[error(
        "--sign-above {given} is too low: the data of this node reaches height {reached}; give at least that, and if \
         the key has signed before, some heights above the network's"
    )]
    TooLow {
        /// As given.
        given: Height,
        /// In the journal or the chain.
        reached: Height,
    },
    /// A file operation failed.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// How.
        error: io::Error,
    },
}

impl SignState {
    /// Makes the sign-state of a key that has never signed. Fails if there is one.
    pub fn create(path: &Path, key: &PublicKey) -> Result<(), SignStateError> {
        let failed = |error| SignStateError::Io { path: path.into(), error };
        let mut slots = Slots::create(path).map_err(failed)?;
        slots.write(&Claim::new(*key)).map_err(failed)
    }

    /// Opens and locks the sign-state, and holds the journal's content against it, and against the end of the chain
    /// beside it. What it asks for in [`Recovery`] must
    /// be done before the journal is used; a crash before that is done leaves a claim that asks for it again.
    pub fn open(
        path: &Path,
        key: &PublicKey,
        chain: &ChainId,
        journal: &[u8],
        chain_end: Height,
        sign_above: Option<Height>,
    ) -> Result<(SignState, Recovery), SignStateError> {
        let failed = |error| SignStateError::Io { path: path.into(), error };
        let mut slots = match (Slots::open(path), sign_above) {
            (Ok(slots), _) => slots,
            (Err(error), Some(floor)) if error.kind() == io::ErrorKind::NotFound => {
                // Before there is a file: one that is empty would be taken for a damaged one.
                claim::check_declared(journal, chain_end, floor)?;
                Slots::create(path).map_err(failed)?
            }
            (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SignStateError::Missing(path.into()));
            }
            (Err(error), _) => return Err(failed(error)),
        };
        match slots.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SignStateError::Busy(path.into())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let before = slots.newest().map_err(failed)?;
        let before = match (before, sign_above) {
            (Some(claim), _) => claim.of(path, key, chain)?,
            (None, Some(floor)) if slots.is_new() => Claim::declared(*key, *chain, floor),
            (None, _) => return Err(SignStateError::Damaged(path.into())),
        };
        let (claim, finding, replace_journal) = before.recover(journal, chain_end, sign_above.unwrap_or(0));
        if slots.is_new() || claim != before {
            slots.write(&claim).map_err(failed)?;
        }
        let content = replace_journal.as_deref().unwrap_or(journal);
        let recovery = Recovery { finding, floor: claim.floor, replace_journal: replace_journal.clone() };
        Ok((SignState { slots, journal: Tracked::of(content, claim.highest), claim }, recovery))
    }

    /// The journal grew by whole records. They are vouched for with the next [`SignState::synced`].
    pub fn appended(&mut self, records: &[u8]) -> Result<(), JournalError> {
        self.journal.append(records)
    }

    /// All of the journal so far is durable: vouches for it, durably.
    pub fn synced(&mut self) -> io::Result<()> {
        self.vouch(self.claim.synced(&self.journal))
    }

    /// The journal was replaced, durably: vouches for its new content, durably.
    pub fn replaced(&mut self, content: &[u8]) -> io::Result<()> {
        let claim = self.claim.replaced(content);
        self.journal = Tracked::of(content, claim.highest);
        self.vouch(claim)
    }

    fn vouch(&mut self, claim: Claim) -> io::Result<()> {
        if claim != self.claim {
            self.slots.write(&claim)?;
            self.claim = claim;
        }
        Ok(())
    }
}

/// What the sign-state of a key says, for people: without a lock, so of a running node too.
pub fn describe(path: &Path) -> io::Result<Option<(Height, Height)>> {
    Ok(Slots::open(path)?.newest()?.map(|claim| (claim.highest, claim.floor)))
}

#[cfg(test)]
mod tests;
