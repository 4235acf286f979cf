//! Property `same_state_root`: all honest nodes have the same state after each block, and it is the state that the
//! casino has when one thread plays the same blocks in order.

use super::definition::Law;
use super::finding::Finding;
use bitcraps_casino::{Block, Casino, Genesis};
use bitcraps_types::{Digest, Height, Time};

/// Plays each decided block once, whatever the number of nodes.
#[derive(Clone, Debug)]
pub(super) struct StateRoots {
    pub(super) finding: Finding,
    /// `None` if no casino can start from the genesis: then nothing can be judged.
    casino: Option<Casino>,
    /// The block and the root after each height, from the genesis on. Kept whole: about 64 bytes each.
    after: Vec<After>,
}

#[derive(Clone, Copy, Debug)]
struct After {
    block: Digest,
    root: Digest,
}

impl StateRoots {
    pub(super) fn new(genesis: &Genesis) -> StateRoots {
        let casino = Casino::genesis(genesis).ok();
        let after =
            casino.iter().map(|casino| After { block: genesis.chain_id(), root: casino.root() }).collect();
        StateRoots { finding: Finding::new("same_state_root"), casino, after }
    }

    /// The first honest node decided this block.
    pub(super) fn decided(&mut self, law: &Law, at: Time, node: u16, digest: Digest, block: &Block) {
        let (Some(casino), Some(before)) = (&mut self.casino, self.after.last()) else { return };
        if block.height != self.after.len() as Height {
            return;
        }
        if block.state_root != before.root {
            let detail = format!(
                "node {node}, height {}: the block says that the root before it is {:?}, it is {:?}",
                block.height, block.state_root, before.root
            );
            self.finding.violated(at, detail);
        }
        let root = casino.apply(block, &digest, &law.chain, &*law.verifier);
        self.after.push(After { block: digest, root });
    }

    pub(super) fn applied(&mut self, at: Time, node: u16, height: Height, block: Digest, root: Digest) {
        self.finding.judged();
        let wrong = match self.after(height) {
            None => Some("no honest node had decided it".to_owned()),
            Some(after) if after.block != block => {
                Some(format!("it applied {block:?}, {:?} was decided", after.block))
            }
            Some(after) if after.root != root => {
                Some(format!("its root is {root:?}, it should be {:?}", after.root))
            }
            Some(_) => None,
        };
        if let Some(wrong) = wrong {
            self.finding.violated(at, format!("node {node}, height {height}: {wrong}"));
        }
    }

    /// A node took over a state from another.
    pub(super) fn synced(&mut self, at: Time, node: u16, height: Height, root: Digest) {
        self.finding.judged();
        let expected = self.after(height).map(|after| after.root);
        if expected != Some(root) {
            let detail = format!(
                "node {node} took over the state of height {height} with root {root:?}, not {expected:?}"
            );
            self.finding.violated(at, detail);
        }
    }

    fn after(&self, height: Height) -> Option<&After> {
        self.after.get(usize::try_from(height).ok()?)
    }
}
