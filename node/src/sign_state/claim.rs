//! What the sign-state says of a journal, and how each change of the journal changes it. Pure.

use super::SignStateError;
use bitcraps_actors::JournalError;
use bitcraps_actors::files::highest_spoken;
use bitcraps_types::{ChainId, Digest, Height, PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};
use std::path::Path;

/// What the sign-state says; see the module's documentation for what each part promises.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Claim {
    pub(super) key: PublicKey,
    /// [`Digest::ZERO`] until the key is first used.
    pub(super) chain: ChainId,
    pub(super) length: u64,
    pub(super) hash: [u8; 32],
    pub(super) highest: Height,
    pub(super) floor: Height,
}

/// What a start finds the journal to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It holds all that was said above the floor.
    Whole,
    /// So it does, and after that bytes that a crash left behind and that no message depended on.
    Torn,
    /// Something that was said may be missing: it is an older copy, was emptied, or is damaged.
    Stale,
}

impl Claim {
    /// Of a key that has said nothing.
    pub(super) fn new(key: PublicKey) -> Claim {
        Claim { key, chain: Digest::ZERO, length: 0, hash: hash(&[]), highest: 0, floor: 0 }
    }

    /// What an operator declares, who knows that nothing was signed above `floor`.
    pub(super) fn declared(key: PublicKey, chain: ChainId, floor: Height) -> Claim {
        Claim { chain, ..Claim::new(key).emptied(floor) }
    }

    /// The claim, if it is of this key and network, or of a key that was never used.
    pub(super) fn of(self, path: &Path, key: &PublicKey, chain: &ChainId) -> Result<Claim, SignStateError> {
        if self.key != *key {
            let (found, ours) = (Digest(self.key.0), Digest(key.0));
            return Err(SignStateError::OtherKey { path: path.into(), found, ours });
        }
        if self.chain != *chain && self.chain != Digest::ZERO {
            return Err(SignStateError::OtherChain { path: path.into(), found: self.chain, ours: *chain });
        }
        Ok(Claim { chain: *chain, ..self })
    }

    /// Holds a journal against the claim: the claim to go on with, what was found, and what the journal must be
    /// replaced by. A journal that speaks of heights which the chain beside it does not reach is stale too: the engine
    /// can't take up again what it said there.
    pub(super) fn recover(
        &self,
        journal: &[u8],
        chain_end: Height,
        sign_above: Height,
    ) -> (Claim, Finding, Option<Vec<u8>>) {
        let begins_as_claimed = self.begins(journal);
        let (spoken, kept, damaged) = match highest_spoken(journal) {
            Ok(spoken) => (spoken, journal.len(), false),
            Err(JournalError::Damaged(at) | JournalError::Format(at)) => {
                (highest_spoken(&journal[..at]).unwrap_or(0), at, true)
            }
        };
        if !begins_as_claimed || (kept as u64) < self.length || spoken > chain_end.saturating_add(1) {
            let floor = self.highest.max(spoken).max(self.floor).max(sign_above);
            return (self.emptied(floor), Finding::Stale, Some(Vec::new()));
        }
        let floor = self.floor.max(sign_above);
        let claim = Claim { floor, highest: self.highest.max(floor), ..self.clone() };
        if spoken <= floor && !journal.is_empty() {
            // It binds nothing, and could speak of heights that a restored chain does not reach.
            return (claim.emptied(floor), Finding::Whole, Some(Vec::new()));
        }
        match damaged {
            true => (claim, Finding::Torn, Some(journal[..kept].to_vec())),
            false => (claim, Finding::Whole, None),
        }
    }

    /// When all of the journal is durable.
    pub(super) fn synced(&self, journal: &Tracked) -> Claim {
        let (length, hash) = (journal.length, *journal.hasher.finalize().as_bytes());
        Claim { length, hash, highest: self.highest.max(journal.highest), ..self.clone() }
    }

    /// When the journal was replaced. If the new content does not begin with all that was vouched for, it lacks some of
    /// it; whoever replaced it had a right to (those heights are decided), and they become the floor.
    pub(super) fn replaced(&self, content: &[u8]) -> Claim {
        let floor = if self.begins(content) { self.floor } else { self.highest };
        let spoken = highest_spoken(content).unwrap_or(self.highest);
        let (length, hash) = (content.len() as u64, hash(content));
        Claim { length, hash, highest: self.highest.max(spoken), floor, ..self.clone() }
    }

    /// With an empty journal and a floor.
    fn emptied(&self, floor: Height) -> Claim {
        Claim { length: 0, hash: hash(&[]), highest: self.highest.max(floor), floor, ..self.clone() }
    }

    /// Whether a journal begins with all that is vouched for.
    pub(super) fn begins(&self, journal: &[u8]) -> bool {
        let prefix = usize::try_from(self.length).ok().and_then(|length| journal.get(..length));
        prefix.is_some_and(|prefix| hash(prefix) == self.hash)
    }
}

/// Refuses a floor that an operator declares below what is known here. A flag that was left in a service's command line
/// after its one start must not stand for a sign-state that is lost later.
pub(super) fn check_declared(journal: &[u8], chain_end: Height, floor: Height) -> Result<(), SignStateError> {
    let spoken = match highest_spoken(journal) {
        Ok(spoken) => spoken,
        Err(JournalError::Damaged(at) | JournalError::Format(at)) => {
            highest_spoken(&journal[..at]).unwrap_or(0)
        }
    };
    let reached = spoken.max(chain_end);
    if reached > floor {
        return Err(SignStateError::TooLow { given: floor, reached });
    }
    Ok(())
}

/// The journal as it grows.
#[derive(Clone, Debug)]
pub(super) struct Tracked {
    length: u64,
    hasher: blake3::Hasher,
    highest: Height,
}

impl Tracked {
    /// A journal with this content, of which nothing above `highest` was said.
    pub(super) fn of(content: &[u8], highest: Height) -> Tracked {
        let mut hasher = blake3::Hasher::new();
        hasher.update(content);
        let spoken = highest_spoken(content).unwrap_or(0);
        Tracked { length: content.len() as u64, hasher, highest: highest.max(spoken) }
    }

    pub(super) fn append(&mut self, records: &[u8]) -> Result<(), JournalError> {
        self.highest = self.highest.max(highest_spoken(records)?);
        self.hasher.update(records);
        self.length += records.len() as u64;
        Ok(())
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}
