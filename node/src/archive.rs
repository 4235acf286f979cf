//! All decided blocks with their certificates, by height, and where each command stands. For those who ask a node about
//! the past: the node itself goes on from its journal and never reads this.
//!
//! A thread of its own writes, in batches, so that the node does not wait for it. A block can be read as soon as it was
//! handed in. The node's file `blocks` covers what a crash took from the archive: at the start it is read again
//! ([`Archive::fill`]), and no more blocks wait here than half of what that file keeps.
//!
//! A node that took over a state from a peer never had the blocks before: there the archive has a gap for good, and so
//! do the copies of a backup that was made while its node ran. [`Archive::block`] has nothing there.

use bitcraps_actors::files::{BLOCK_BYTES_KEPT, BLOCKS_KEPT, Decided};
use bitcraps_casino::Block;
use bitcraps_types::{Digest, Height, Value};
use borsh::BorshDeserialize;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const BLOCKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("blocks");
const COMMANDS: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("commands");

/// A batch is gathered for so long. Each rewrites the pages of the index that its commands fall on, which is nearly all of
/// them: with ten batches the device has ten times as much to do, and the votes, which wait for it too, are late.
const GATHER: Duration = Duration::from_secs(2);
/// A batch of so many bytes goes at once.
const MAX_BYTES: usize = 16 << 20;
const MAX_WAITING: usize = BLOCKS_KEPT / 2;
const MAX_WAITING_BYTES: usize = BLOCK_BYTES_KEPT / 2;

/// Why the archive can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database.
    #[error("the archive: {0}")]
    Database(Box<redb::Error>),
    /// What it holds is no block.
    #[error("the archive: what it holds at height {0} is no block")]
    Damaged(Height),
    /// The thread can't be started.
    #[error("the archive's thread: {0}")]
    Thread(io::Error),
}

fn database(error: impl Into<redb::Error>) -> ArchiveError {
    ArchiveError::Database(Box::new(error.into()))
}

/// The archive. Any thread may read.
pub struct Archive {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    database: Database,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Handed in, and not yet durable: each block with the ids of its commands.
    waiting: BTreeMap<Height, (Decided, Arc<[Digest]>)>,
    /// How long the blocks in them are together.
    bytes: usize,
    /// Of each command in them.
    commands: BTreeMap<Digest, Height>,
    closing: bool,
    failed: bool,
}

impl Archive {
    /// Opens the archive, or makes it.
    pub fn open(path: &Path) -> Result<Archive, ArchiveError> {
        let opened = Database::create(path).map_err(database)?;
        let transaction = opened.begin_write().map_err(database)?;
        transaction.open_table(BLOCKS).map_err(database)?;
        transaction.open_table(COMMANDS).map_err(database)?;
        transaction.commit().map_err(database)?;
        let shared = Arc::new(Shared { database: opened, state: Mutex::default(), changed: Condvar::new() });
        let working = shared.clone();
        let writer = thread::Builder::new()
            .name("bitcraps-archive".into())
            .spawn(move || working.write())
            .map_err(ArchiveError::Thread)?;
        Ok(Archive { shared, writer: Mutex::new(Some(writer)) })
    }

    /// Hands a decided block in. Waits only when the writer is far behind.
    pub fn push(&self, decided: Decided) {
        let mut state = self.shared.state();
        let full = |state: &State| state.waiting.len() >= MAX_WAITING || state.bytes >= MAX_WAITING_BYTES;
        while full(&state) && !state.failed && !state.closing {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.failed {
            return;
        }
        let (height, ids) = (decided.certificate.height, commands(&decided.value));
        state.commands.extend(ids.iter().map(|id| (*id, height)));
        state.bytes += decided.value.bytes().len();
        if let Some((before, _)) = state.waiting.insert(height, (decided, ids)) {
            state.bytes -= before.value.bytes().len();
        }
        self.shared.changed.notify_all();
    }

    /// Takes in those of some blocks that are missing: what a crash, or a stop before the last batch, took.
    pub fn fill(&self, blocks: Vec<Decided>) -> Result<usize, ArchiveError> {
        let mut filled = 0;
        for decided in blocks {
            if !self.has(decided.certificate.height)? {
                self.push(decided);
                filled += 1;
            }
        }
        Ok(filled)
    }

    /// The block at a height, if the archive has it.
    pub fn block(&self, height: Height) -> Result<Option<Decided>, ArchiveError> {
        if let Some((decided, _)) = self.shared.state().waiting.get(&height) {
            return Ok(Some(decided.clone()));
        }
        let transaction = self.shared.database.begin_read().map_err(database)?;
        let table = transaction.open_table(BLOCKS).map_err(database)?;
        let Some(bytes) = table.get(height).map_err(database)? else { return Ok(None) };
        Decided::try_from_slice(bytes.value()).map(Some).map_err(|_| ArchiveError::Damaged(height))
    }

    fn has(&self, height: Height) -> Result<bool, ArchiveError> {
        if self.shared.state().waiting.contains_key(&height) {
            return Ok(true);
        }
        let transaction = self.shared.database.begin_read().map_err(database)?;
        let table = transaction.open_table(BLOCKS).map_err(database)?;
        Ok(table.get(height).map_err(database)?.is_some())
    }

    /// The height of the block that holds a command.
    pub fn command(&self, id: &Digest) -> Result<Option<Height>, ArchiveError> {
        if let Some(height) = self.shared.state().commands.get(id) {
            return Ok(Some(*height));
        }
        let transaction = self.shared.database.begin_read().map_err(database)?;
        let table = transaction.open_table(COMMANDS).map_err(database)?;
        Ok(table.get(&id.0).map_err(database)?.map(|height| height.value()))
    }

    /// The highest height in the archive.
    pub fn latest(&self) -> Result<Option<Height>, ArchiveError> {
        let waiting = self.shared.state().waiting.last_key_value().map(|(height, _)| *height);
        let transaction = self.shared.database.begin_read().map_err(database)?;
        let table = transaction.open_table(BLOCKS).map_err(database)?;
        let durable = table.last().map_err(database)?.map(|(height, _)| height.value());
        Ok(waiting.max(durable))
    }

    /// How many blocks are durable, and the first of them.
    pub fn extent(&self) -> Result<(u64, Option<Height>), ArchiveError> {
        use redb::ReadableTableMetadata;
        let transaction = self.shared.database.begin_read().map_err(database)?;
        let table = transaction.open_table(BLOCKS).map_err(database)?;
        let first = table.first().map_err(database)?.map(|(height, _)| height.value());
        Ok((table.len().map_err(database)?, first))
    }

    /// Whether nothing is archived any more; the log says why. The node goes on without: it is not what it votes by.
    pub fn has_failed(&self) -> bool {
        self.shared.state().failed
    }

    /// Makes durable what was handed in, and ends the thread.
    pub fn close(&self) {
        self.shared.state().closing = true;
        self.shared.changed.notify_all();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A panic of it has ended the process already.
            let _ = writer.join();
        }
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread that writes.
    fn write(&self) {
        loop {
            let mut state = self.state();
            while state.waiting.is_empty() && !state.closing {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.waiting.is_empty() {
                return;
            }
            let room = |state: &mut State| {
                !state.closing && state.waiting.len() < MAX_WAITING / 2 && state.bytes < MAX_BYTES
            };
            let (gathered, _) =
                self.changed.wait_timeout_while(state, GATHER, room).unwrap_or_else(PoisonError::into_inner);
            let batch: Vec<(Decided, Arc<[Digest]>)> = gathered.waiting.values().cloned().collect();
            drop(gathered);
            let outcome = self.commit(&batch);
            let mut state = self.state();
            match outcome {
                Ok(()) => {
                    for (decided, ids) in &batch {
                        state.waiting.remove(&decided.certificate.height);
                        state.bytes -= decided.value.bytes().len();
                        ids.iter().for_each(|id| _ = state.commands.remove(id));
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the archive stops here; the node goes on");
                    state.failed = true;
                }
            }
            self.changed.notify_all();
            if state.failed {
                return;
            }
        }
    }

    fn commit(&self, batch: &[(Decided, Arc<[Digest]>)]) -> Result<(), ArchiveError> {
        let transaction = self.database.begin_write().map_err(database)?;
        {
            let mut blocks = transaction.open_table(BLOCKS).map_err(database)?;
            let mut index = transaction.open_table(COMMANDS).map_err(database)?;
            for (decided, ids) in batch {
                let height = decided.certificate.height;
                let bytes = borsh::to_vec(decided).expect("a vector takes all bytes");
                blocks.insert(height, &bytes[..]).map_err(database)?;
                for id in &ids[..] {
                    index.insert(&id.0, height).map_err(database)?;
                }
            }
        }
        transaction.commit().map_err(database)
    }
}

/// The ids of a block's commands.
fn commands(value: &Value) -> Arc<[Digest]> {
    let block = Block::decode(value.bytes());
    block.map(|block| block.commands.iter().map(|command| command.id()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_casino::{Action, Blobs, Command, SignedCommand};
    use bitcraps_consensus::Certificate;
    use bitcraps_types::ed25519::Ed25519;
    use bitcraps_types::{AccountId, Sign, ThresholdSignature, ValidatorIndex, WallTime};

    fn decided(height: Height) -> (Decided, Digest) {
        let signer = Ed25519::from_seed([3; 32]);
        let action = Action::Transfer { to: AccountId::of_house("x"), amount: 1 };
        let command = Command { key: signer.public_key(), sequence: height, action };
        let command = SignedCommand::sign(&Digest::ZERO, command, &signer);
        let block = Block {
            height,
            parent: Digest::ZERO,
            proposer: ValidatorIndex(0),
            time: WallTime(height),
            state_root: Digest::ZERO,
            rolls: true,
            attendance: None,
            handover: None,
            commands: vec![command],
            offences: vec![],
            blobs: Blobs::default(),
        };
        let value = Value::new(block.encode());
        let certificate = Certificate { height, round: 0, digest: value.digest(), signatures: vec![] };
        (Decided { value, certificate, dice: Some(ThresholdSignature([7; 96])) }, command.id())
    }

    #[test]
    fn what_was_handed_in_is_read_at_once_and_after_the_archive_was_closed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("archive.redb");
        let archive = Archive::open(&path).unwrap();
        let check = |archive: &Archive| {
            for height in 1..=3 * BLOCKS_KEPT as Height {
                let (block, id) = decided(height);
                assert_eq!(archive.block(height).unwrap(), Some(block));
                assert_eq!(archive.command(&id).unwrap(), Some(height));
            }
            assert_eq!(archive.latest().unwrap(), Some(3 * BLOCKS_KEPT as Height));
            assert_eq!(archive.block(0).unwrap(), None);
            assert_eq!(archive.command(&Digest::ZERO).unwrap(), None);
        };
        for height in 1..=3 * BLOCKS_KEPT as Height {
            archive.push(decided(height).0);
        }
        check(&archive);
        archive.close();
        drop(archive);
        check(&Archive::open(&path).unwrap());
    }

    #[test]
    fn only_what_is_missing_is_filled_in() {
        let home = tempfile::tempdir().unwrap();
        let archive = Archive::open(&home.path().join("archive.redb")).unwrap();
        assert_eq!(archive.latest().unwrap(), None);
        for height in [1, 2, 5] {
            archive.push(decided(height).0);
        }
        let blocks = (1..=6).map(|height| decided(height).0).collect();
        assert_eq!(archive.fill(blocks).unwrap(), 3);
        assert_eq!(archive.latest().unwrap(), Some(6));
    }
}
