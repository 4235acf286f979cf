//! From the files to a node that can go on: what was durable is read, checked and applied again. Pure, save for the
//! events.
//!
//! The state is that of the latest snapshot (or the genesis) with the blocks after it applied again; the engine takes
//! back what it said at the height after them.

use crate::chain::{DecidedBlock, Tip};
use crate::committee::{CommitteeError, Succession};
use crate::config::NodeConfig;
use crate::journal::{self, JournalError};
use crate::ports::{ConsensusEngine, Ports};
use crate::store::Store;
use crate::sync::snapshot::Snapshot;
use crate::treasury;
use crate::verifications::Verifications;
use crate::wire::Decided;
use bitcraps_casino::{Block, Casino, GenesisError, SnapshotError};
use bitcraps_consensus::{Config, Engine, ValidatorSet};
use bitcraps_types::{ChainId, Height, WallTime};
use std::sync::Arc;

/// The content of the node's files; empty where there is none yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub(crate) snapshot: Vec<u8>,
    pub(crate) blocks: Vec<u8>,
    pub(crate) consensus: Vec<u8>,
}

/// Why a node can't start.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// Nobody can decide the next block.
    #[error("the committee: {0}")]
    Committee(#[from] CommitteeError),
    /// No casino can start from the genesis.
    #[error("the genesis: {0}")]
    Genesis(#[from] GenesisError),
    /// A file can't be read.
    #[error("the file `{file}`: {error}")]
    File {
        /// Which.
        file: &'static str,
        /// What is wrong with it.
        error: JournalError,
    },
    /// A block in the file was decided after another state than the one that came out now.
    #[error("the block {0} follows another state than this program computes")]
    State(Height),
    /// The files speak of a height that the chain in them does not reach: blocks or a snapshot that were durable are
    /// lost. What the node said at the heights between is not known any more, so it must not vote there again.
    #[error("the chain on the disk ends at {tip}, but the file `{file}` speaks of height {height}")]
    Lost {
        /// Which file.
        file: &'static str,
        /// Of which height.
        height: Height,
        /// Where the chain ends.
        tip: Height,
    },
    /// The state in the snapshot's file is none.
    #[error("the file `snapshot`: {0}")]
    Snapshot(#[from] SnapshotError),
}

/// What a node goes on from.
pub(crate) struct Booted {
    pub(crate) chain: ChainId,
    pub(crate) succession: Succession,
    /// The blocks that handed over.
    pub(crate) handovers: Vec<Decided>,
    pub(crate) casino: Casino,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) store: Store,
    /// How many blocks the file holds, and how long it is, in bytes.
    pub(crate) filed: usize,
    pub(crate) filed_bytes: usize,
    pub(crate) tip: Tip,
    pub(crate) engine: ConsensusEngine,
    /// How many entries of the consensus journal were taken back, and how long it is, in bytes.
    pub(crate) entries: usize,
    pub(crate) journal_bytes: usize,
    /// The files whose torn tail must be cut off, with what remains.
    pub(crate) cut: Vec<(&'static str, Vec<u8>)>,
}

/// Restores a node from its files.
pub(crate) fn boot(
    ports: &Ports,
    config: &NodeConfig,
    verifications: &Verifications,
    files: Files,
) -> Result<Booted, BootError> {
    let chain = config.genesis.chain_id();
    let mut cut = Vec::new();
    let blocks: Vec<Decided> = records(journal::BLOCKS, &files.blocks, &mut cut)?;
    let entries: Vec<<ConsensusEngine as Engine>::Entry> =
        records(journal::CONSENSUS, &files.consensus, &mut cut)?;
    let snapshot = Snapshot::of_file(&files.snapshot)
        .map_err(|error| BootError::File { file: journal::SNAPSHOT, error })?;

    let (mut casino, mut tip) = match &snapshot {
        Some(snapshot) => (Casino::decode_snapshot(snapshot.state())?, snapshot.tip()),
        None => (Casino::genesis(&config.genesis)?, Tip { height: 0, digest: chain, time: WallTime(0) }),
    };
    let mut handovers = snapshot.as_ref().map_or(Vec::new(), |snapshot| snapshot.handovers().to_vec());
    treasury::restored(ports, &tip, &casino, &handovers);
    let mut store = Store::default();
    let filed = blocks.len();
    for decided in blocks.into_iter().map(Arc::new) {
        store.push(decided.clone());
        let Ok(block) = Block::decode(decided.value.bytes()) else { continue };
        let last = DecidedBlock { decided, block };
        if last.follows(&tip) {
            let DecidedBlock { decided, block } = &last;
            if block.state_root != casino.root() {
                return Err(BootError::State(block.height));
            }
            tip = last.tip();
            if block.handover.is_some() {
                handovers.push(Decided::clone(decided));
            }
            let (root, reports) =
                casino.apply_and_report(block, decided.dice.as_ref(), &chain, verifications);
            treasury::applied(ports, &last, root, casino.bank(), &reports);
        }
    }
    store.trim(snapshot.as_ref().map_or(0, Snapshot::height));
    verifications.take_count();
    // The engine goes on to a height only when the block before is durable.
    let decided = store.iter().map(|decided| decided.certificate.height).max().unwrap_or(0);
    let spoken = entries.iter().map(|entry| entry.height()).max().unwrap_or(0);
    for (file, height, most) in
        [(journal::BLOCKS, decided, tip.height), (journal::CONSENSUS, spoken, tip.height + 1)]
    {
        if height > most {
            return Err(BootError::Lost { file, height, tip: tip.height });
        }
    }

    let succession = Succession::new(casino.bank().committees().clone(), &*ports.dice)?;
    let validators = &succession.acting.validators;
    let mut engine = ConsensusEngine::new(
        config.genesis.engine,
        engine_config(ports, config, chain, validators),
        validators.clone(),
        tip.height + 1,
    );
    let count = entries.len();
    engine.restore(entries);
    Ok(Booted {
        chain,
        succession,
        handovers,
        casino,
        snapshot,
        store,
        filed,
        filed_bytes: files.blocks.len(),
        tip,
        engine,
        entries: count,
        journal_bytes: files.consensus.len(),
        cut,
    })
}

fn engine_config(ports: &Ports, config: &NodeConfig, chain: ChainId, validators: &ValidatorSet) -> Config {
    let timeouts = &config.timeouts;
    Config {
        chain,
        me: validators.position(&ports.signer.public_key()),
        propose: timeouts.propose,
        prevote: timeouts.prevote,
        precommit: timeouts.precommit,
        growth: timeouts.growth,
        rebroadcast: timeouts.rebroadcast,
    }
}

/// The records of a file. If its tail is torn, notes what must remain of it.
fn records<T: borsh::BorshDeserialize>(
    file: &'static str,
    bytes: &[u8],
    cut: &mut Vec<(&'static str, Vec<u8>)>,
) -> Result<Vec<T>, BootError> {
    let recovered = journal::recover(bytes).map_err(|error| BootError::File { file, error })?;
    if recovered.whole < bytes.len() {
        cut.push((file, bytes[..recovered.whole].to_vec()));
    }
    Ok(recovered.records)
}
