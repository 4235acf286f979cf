//! A snapshot of the state, as it is kept, served and checked. Pure.
//!
//! What proves a snapshot is the block after it: it was decided, and it carries the root of the state before it.

use super::catch_up::chunk_digest;
use crate::chain::Tip;
use crate::journal::{self, JournalError};
use crate::wire::{CHUNK_BYTES, Decided, List, Manifest};
use bitcraps_casino::{Block, Casino};
use bitcraps_types::{Digest, Height, Value};
use bytes::Bytes;

/// The state after a block.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    last: Value,
    tip: Tip,
    /// All up to it: who comes later must see them.
    handovers: Vec<Decided>,
    state: Bytes,
    /// Of each chunk of the state.
    digests: Vec<Digest>,
}

impl Snapshot {
    /// The state after block `last`; `None` if that is no block.
    pub(crate) fn new(last: Value, handovers: Vec<Decided>, state: Bytes) -> Option<Snapshot> {
        let block = Block::decode(last.bytes()).ok()?;
        let tip = Tip { height: block.height, digest: last.digest(), time: block.time };
        let digests = state.chunks(CHUNK_BYTES).map(chunk_digest).collect();
        Some(Snapshot { last, tip, handovers, state, digests })
    }

    /// Puts a snapshot together and checks it against the block after it, which was decided.
    pub(crate) fn proven(
        last: Value,
        handovers: Vec<Decided>,
        chunks: &[Bytes],
        next: &Block,
    ) -> Option<(Snapshot, Casino)> {
        let snapshot = Snapshot::new(last, handovers, chunks.concat().into())?;
        let follows =
            next.parent == snapshot.tip.digest && snapshot.tip.height.checked_add(1) == Some(next.height);
        let casino = Casino::decode_snapshot(&snapshot.state).ok().filter(|_| follows)?;
        (casino.root() == next.state_root).then_some((snapshot, casino))
    }

    pub(crate) fn height(&self) -> Height {
        self.tip.height
    }

    pub(crate) fn tip(&self) -> Tip {
        self.tip
    }

    pub(crate) fn handovers(&self) -> &[Decided] {
        &self.handovers
    }

    pub(crate) fn state(&self) -> &Bytes {
        &self.state
    }

    /// The content of the snapshot's file.
    pub(crate) fn file(&self) -> Vec<u8> {
        journal::record(&(&self.last, &self.handovers, &self.state[..]))
    }

    /// The snapshot of a file; `None` if the file is empty.
    pub(crate) fn of_file(file: &[u8]) -> Result<Option<Snapshot>, JournalError> {
        let mut records = journal::recover::<(Value, Vec<Decided>, Vec<u8>)>(file)?.records;
        let Some((last, handovers, state)) = records.pop() else {
            return if file.is_empty() { Ok(None) } else { Err(JournalError::Damaged(0)) };
        };
        Snapshot::new(last, handovers, state.into()).map(Some).ok_or(JournalError::Format(0))
    }

    /// Describes it to one who knows so many handovers. `next` is the block after it.
    pub(crate) fn manifest(&self, next: &Decided, known: u64) -> Manifest {
        let known = usize::try_from(known).unwrap_or(usize::MAX).min(self.handovers.len());
        Manifest {
            last: self.last.clone(),
            next: next.clone(),
            handovers: List::first(self.handovers[known..].to_vec()),
            chunks: List::first(self.digests.clone()),
        }
    }

    /// A chunk of the encoded state.
    pub(crate) fn chunk(&self, index: u32) -> Option<Bytes> {
        let from = usize::try_from(index).ok()?.checked_mul(CHUNK_BYTES)?;
        let to = self.state.len().min(from.saturating_add(CHUNK_BYTES));
        (from < to).then(|| self.state.slice(from..to))
    }
}

/// The height of the snapshot that a manifest describes; `None` if the manifest contradicts itself.
pub(crate) fn described(manifest: &Manifest) -> Option<Height> {
    let last = Block::decode(manifest.last.bytes()).ok()?;
    let Decided { value, certificate, dice } = &manifest.next;
    let next = Block::decode(value.bytes()).ok()?;
    let follows = last.height.checked_add(1) == Some(next.height) && next.parent == manifest.last.digest();
    let certified = certificate.digest == value.digest()
        && certificate.height == next.height
        && next.rolls == dice.is_some();
    (follows && certified && !manifest.chunks.as_slice().is_empty()).then_some(last.height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_casino::{Blobs, DiceKey, Genesis};
    use bitcraps_types::{GroupKey, Protocol, ValidatorIndex, WallTime};

    fn block(height: Height, parent: Digest, state_root: Digest) -> Block {
        let (proposer, time) = (ValidatorIndex(0), WallTime(height));
        Block {
            height,
            parent,
            proposer,
            time,
            state_root,
            rolls: false,
            attendance: None,
            handover: None,
            commands: vec![],
            offences: vec![],
            blobs: Blobs::default(),
        }
    }

    fn casino() -> Casino {
        let genesis = Genesis {
            name: "test".into(),
            engine: Protocol::Tendermint,
            validators: vec![],
            players: vec![],
            bank: 7,
            tables: vec![],
            blob_bytes: 0,
            dice: DiceKey { group: GroupKey(vec![]), holders: vec![] },
            policy: bitcraps_casino::Policy::default(),
        };
        Casino::genesis(&genesis).unwrap()
    }

    fn last() -> Value {
        Value::new(block(10, Digest::ZERO, Digest::ZERO).encode())
    }

    #[test]
    fn a_snapshot_is_proven_only_by_the_next_block_with_its_root() {
        let (casino, last) = (casino(), last());
        let chunks = [Bytes::from(casino.encode_snapshot())];
        let proven = |next: &Block| Snapshot::proven(last.clone(), vec![], &chunks, next).is_some();
        assert!(proven(&block(11, last.digest(), casino.root())));
        assert!(!proven(&block(11, last.digest(), Digest::ZERO)), "another state root");
        assert!(!proven(&block(11, Digest::ZERO, casino.root())), "another parent");
        assert!(!proven(&block(12, last.digest(), casino.root())), "another height");
        let next = block(11, last.digest(), casino.root());
        assert!(
            Snapshot::proven(last.clone(), vec![], &[Bytes::from_static(b"?")], &next).is_none(),
            "no state"
        );
    }

    #[test]
    fn a_snapshot_comes_back_from_its_file_and_from_its_chunks() {
        let state = Bytes::from(vec![7; 2 * CHUNK_BYTES + 5]);
        let snapshot = Snapshot::new(last(), vec![], state.clone()).unwrap();
        let restored = Snapshot::of_file(&snapshot.file()).unwrap().unwrap();
        assert_eq!((restored.tip(), restored.state()), (snapshot.tip(), &state));
        let chunks: Vec<Bytes> = (0..).map_while(|index| snapshot.chunk(index)).collect();
        assert_eq!(chunks.iter().map(Bytes::len).collect::<Vec<_>>(), [CHUNK_BYTES, CHUNK_BYTES, 5]);
        assert_eq!(chunks.concat(), state);
        assert!(snapshot.chunk(u32::MAX).is_none());
        assert!(Snapshot::of_file(&[]).unwrap().is_none());
        assert!(Snapshot::of_file(&snapshot.file()[1..]).is_err());
    }
}
