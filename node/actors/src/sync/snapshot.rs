//! A snapshot of the state, as it is kept, served and checked. Pure.
//!
//! What proves a snapshot is the block after it: it was decided, and it carries the root of the state before it.

use super::catch_up::chunk_digest;
use crate::chain::Tip;
use crate::journal::{self, JournalError};
use crate::store::Decided;
use crate::wire::{CHUNK_BYTES, List, Manifest};
use bitcraps_casino::{Block, Casino};
use bitcraps_types::{Height, Value};
use bytes::Bytes;

/// The state after a block.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    last: Value,
    tip: Tip,
    state: Bytes,
}

impl Snapshot {
    /// The state after block `last`; `None` if that is no block.
    pub(crate) fn new(last: Value, state: Bytes) -> Option<Snapshot> {
        let block = Block::decode(last.bytes()).ok()?;
        let tip = Tip { height: block.height, digest: last.digest(), time: block.time };
        Some(Snapshot { last, tip, state })
    }

    /// Puts a snapshot together and checks it against the block after it, which was decided.
    pub(crate) fn proven(last: Value, chunks: &[Bytes], next: &Block) -> Option<(Snapshot, Casino)> {
        let snapshot = Snapshot::new(last, chunks.concat().into())?;
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

    pub(crate) fn state(&self) -> &Bytes {
        &self.state
    }

    /// The content of the snapshot's file.
    pub(crate) fn file(&self) -> Vec<u8> {
        journal::record(&(&self.last, &self.state[..]))
    }

    /// The snapshot of a file; `None` if the file is empty.
    pub(crate) fn of_file(file: &[u8]) -> Result<Option<Snapshot>, JournalError> {
        let mut records = journal::recover::<(Value, Vec<u8>)>(file)?.records;
        let Some((last, state)) = records.pop() else {
            return if file.is_empty() { Ok(None) } else { Err(JournalError::Damaged(0)) };
        };
        Snapshot::new(last, state.into()).map(Some).ok_or(JournalError::Format(0))
    }

    /// Describes it. `next` is the block after it.
    pub(crate) fn manifest(&self, next: &Decided) -> Manifest {
        Manifest {
            last: self.last.clone(),
            next: next.0.clone(),
            certificate: next.1.clone(),
            chunks: List::first(self.state.chunks(CHUNK_BYTES).map(chunk_digest).collect()),
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
    let next = Block::decode(manifest.next.bytes()).ok()?;
    let follows = last.height.checked_add(1) == Some(next.height) && next.parent == manifest.last.digest();
    let certified =
        manifest.certificate.digest == manifest.next.digest() && manifest.certificate.height == next.height;
    (follows && certified && !manifest.chunks.as_slice().is_empty()).then_some(last.height)
}
