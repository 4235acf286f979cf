//! What a node's files say, for those who keep, copy and check them: the names, and pure readers of the contents.
//!
//! The node itself reads them in its own way, when it starts. Nothing here writes.

use crate::chain::{DecidedBlock, Tip, Unlinked};
use crate::committee::{CommitteeError, Law, Succession};
use crate::journal::{self, JournalError};
pub use crate::journal::{BLOCKS, CONSENSUS, SNAPSHOT};
use crate::ports::{ConsensusEngine, DiceKeys};
use crate::store::Store;
use crate::sync::snapshot::Snapshot;
pub use crate::wire::Decided;
use bitcraps_casino::{Casino, Committees, Genesis, GenesisError, SnapshotError};
use bitcraps_consensus::Engine;
use bitcraps_types::{Digest, Height, Verify, WallTime};

/// How many decided blocks the file [`BLOCKS`] holds at least, once there were so many (and no state was taken over
/// since). Who keeps older ones must have them durable before.
pub const BLOCKS_KEPT: usize = Store::KEPT;
/// And at least the last of them that are so many bytes together.
pub const BLOCK_BYTES_KEPT: usize = Store::KEPT_BYTES;

/// The highest height that the records of a consensus journal speak of; 0 if there are none. Bytes that are no whole
/// record at the end are a torn tail, and are passed over.
pub fn highest_spoken(journal: &[u8]) -> Result<Height, JournalError> {
    let entries = journal::recover::<<ConsensusEngine as Engine>::Entry>(journal)?.records;
    Ok(entries.iter().map(|entry| entry.height()).max().unwrap_or(0))
}

/// The decided blocks in the content of [`BLOCKS`], in the order of the file.
pub fn decided_blocks(file: &[u8]) -> Result<Vec<Decided>, JournalError> {
    Ok(journal::recover::<Decided>(file)?.records)
}

/// The height that the chain in the files [`SNAPSHOT`] and [`BLOCKS`] reaches without a gap.
pub fn chain_end(snapshot: &[u8], blocks: &[u8]) -> Result<Height, JournalError> {
    let start = Snapshot::of_file(snapshot)?.map_or(0, |snapshot| snapshot.height());
    let heights = decided_blocks(blocks)?.into_iter().map(|decided| decided.certificate.height);
    Ok(heights.fold(start, |end, height| if Some(height) == end.checked_add(1) { height } else { end }))
}

/// The length of the whole records at the start of a file, in bytes: what is left of it without a torn tail.
pub fn whole_blocks(file: &[u8]) -> Result<usize, JournalError> {
    Ok(journal::recover::<Decided>(file)?.whole)
}

/// What a snapshot and the blocks after it come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The height of the last block.
    pub height: Height,
    /// The height of the snapshot that the replay began with; 0: the genesis.
    pub from: Height,
    /// How many blocks were applied.
    pub blocks: usize,
    /// The state root after the last block.
    pub root: Digest,
    /// The last state root that a decided block carries, and the height of the state that it is the root of. Equal to
    /// the root that the replay computed there. `None` if no block follows the state that the replay began with.
    pub certified: Option<(Height, Digest)>,
}

/// Why files do not hold a chain of their network.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The genesis' committee can't decide anything, or another one is not handed over to.
    #[error("the committee: {0}")]
    Committee(#[from] CommitteeError),
    /// The snapshot's committee is not the one that its handovers lead to.
    #[error("the file `snapshot`: the handovers in it do not lead from the genesis to its committee")]
    Handovers,
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
    /// The snapshot holds no state.
    #[error("the file `snapshot`: {0}")]
    Snapshot(#[from] SnapshotError),
    /// A block is not proved by its certificate.
    #[error("block {height}: {why}")]
    Block {
        /// Which.
        height: Height,
        /// What is wrong with it.
        why: String,
    },
    /// Blocks are missing between the state and the first block after it, or between two blocks.
    #[error("after height {have} comes block {next}: the blocks between are missing")]
    Gap {
        /// The last height there is.
        have: Height,
        /// The next block in the file.
        next: Height,
    },
    /// A decided block carries another root than that of the state computed here.
    #[error("the state after block {height} has the root {computed}, but the network decided {decided}")]
    Root {
        /// The height of the state.
        height: Height,
        /// Computed.
        computed: Digest,
        /// Carried by the next block.
        decided: Digest,
    },
}

/// Applies the blocks again that follow the snapshot (or the genesis, if the snapshot is empty), and checks all: each
/// certificate, the dice, each link, and each state root against the block that carries it.
pub fn replay(
    genesis: &Genesis,
    snapshot: &[u8],
    blocks: &[u8],
    verify: &dyn Verify,
    keys: &dyn DiceKeys,
) -> Result<Replayed, ReplayError> {
    let chain = genesis.chain_id();
    let law = Law { chain: &chain, verify, keys };
    let mut succession = Succession::new(Committees::of_genesis(genesis), keys)?;
    let of_file = |file| move |error| ReplayError::File { file, error };
    let snapshot = Snapshot::of_file(snapshot).map_err(of_file(SNAPSHOT))?;
    let (mut casino, mut tip) = match &snapshot {
        Some(snapshot) => (Casino::decode_snapshot(snapshot.state())?, snapshot.tip()),
        None => (Casino::genesis(genesis)?, Tip { height: 0, digest: chain, time: WallTime(0) }),
    };
    let handovers = snapshot.as_ref().map_or(&[][..], Snapshot::handovers);
    succession.follow(handovers, law).ok_or(ReplayError::Handovers)?;
    if succession.committees != *casino.bank().committees() {
        return Err(ReplayError::Handovers);
    }
    let (from, mut applied, mut certified) = (tip.height, 0, None);
    for decided in decided_blocks(blocks).map_err(of_file(BLOCKS))? {
        let height = decided.certificate.height;
        if height <= tip.height {
            continue;
        }
        if height - tip.height > 1 {
            return Err(ReplayError::Gap { have: tip.height, next: height });
        }
        let unlinked = |error: Unlinked| ReplayError::Block { height, why: error.to_string() };
        let decided = DecidedBlock::check(decided, &succession.acting, &chain, verify).map_err(unlinked)?;
        if !decided.is_complete() {
            return Err(ReplayError::Block { height, why: "its dice are missing".into() });
        }
        if !decided.follows(&tip) {
            return Err(ReplayError::Block { height, why: "it follows another block".into() });
        }
        let (computed, carried) = (casino.root(), decided.block.state_root);
        if carried != computed {
            return Err(ReplayError::Root { height: tip.height, computed, decided: carried });
        }
        certified = Some((tip.height, carried));
        tip = decided.tip();
        if let Some(handover) = &decided.block.handover {
            succession.hand_over(handover, height, law)?;
        }
        casino.apply(&decided.block, decided.decided.dice.as_ref(), &chain, verify);
        applied += 1;
    }
    Ok(Replayed { height: tip.height, from, blocks: applied, root: casino.root(), certified })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_consensus::Certificate;
    use bitcraps_types::Value;

    #[test]
    fn the_chain_ends_before_the_first_gap() {
        let block = |height| {
            let value = Value::new(vec![7; 9]);
            let certificate = Certificate { height, round: 0, digest: value.digest(), signatures: vec![] };
            journal::record(&Decided { value, certificate, dice: None })
        };
        let end = |heights: &[Height]| {
            chain_end(&[], &heights.iter().flat_map(|height| block(*height)).collect::<Vec<_>>()).unwrap()
        };
        assert_eq!([end(&[]), end(&[1, 2, 3]), end(&[1, 2, 4, 5]), end(&[2, 3])], [0, 3, 2, 0]);
    }
}
