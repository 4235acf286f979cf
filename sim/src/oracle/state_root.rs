//! Property `same_state_root`: all honest nodes have the same state after each block, and it is the state that the
//! casino has when one thread plays the same blocks in order, with the dice that the validators' signature over each
//! block gives.

use super::definition::Law;
use super::finding::Finding;
use bitcraps_casino::{Block, Casino, Genesis};
use bitcraps_types::{Digest, Height, ThresholdSignature, Time};
use std::collections::BTreeMap;

/// Plays each decided block once, whatever the number of nodes.
#[derive(Clone, Debug)]
pub(super) struct StateRoots {
    pub(super) finding: Finding,
    /// `None` if no casino can start from the genesis: then nothing can be judged.
    casino: Option<Casino>,
    /// The block and the root after each height, from the genesis on. Kept whole: about 64 bytes each.
    after: Vec<After>,
    /// Decided, and by nobody applied yet: the dice are out.
    waiting: BTreeMap<Height, (Digest, Block)>,
}

/// What a node says of a block that it applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Applied<'a> {
    pub(super) height: Height,
    pub(super) block: Digest,
    pub(super) root: Digest,
    pub(super) dice: Option<&'a ThresholdSignature>,
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
        StateRoots { finding: Finding::new("same_state_root"), casino, after, waiting: BTreeMap::new() }
    }

    /// The first honest node decided this block.
    pub(super) fn decided(&mut self, digest: Digest, block: Block) {
        if self.casino.is_some() && block.height >= self.after.len() as Height {
            self.waiting.insert(block.height, (digest, block));
        }
    }

    /// The dice of the next block are known: plays it.
    fn play(&mut self, law: &Law, at: Time, node: u16, dice: Option<&ThresholdSignature>) {
        let height = self.after.len() as Height;
        let (Some(casino), Some(before)) = (&mut self.casino, self.after.last()) else { return };
        let Some((digest, block)) = self.waiting.remove(&height) else { return };
        let message = bitcraps_beacon::message(&law.chain, height, &digest);
        let right = dice.is_none_or(|dice| law.dice.verify(&message, dice));
        if block.rolls != dice.is_some() || !right {
            let detail = format!("node {node}, height {height}: the dice are not those that the block has");
            self.finding.violated(at, detail);
        }
        if block.state_root != before.root {
            let detail = format!(
                "node {node}, height {}: the block says that the root before it is {:?}, it is {:?}",
                block.height, block.state_root, before.root
            );
            self.finding.violated(at, detail);
        }
        let root = casino.apply(&block, dice, &law.chain, &*law.verifier);
        self.after.push(After { block: digest, root });
    }

    pub(super) fn applied(&mut self, law: &Law, at: Time, node: u16, applied: &Applied<'_>) {
        let Applied { height, block, root, dice } = *applied;
        self.finding.judged();
        if height == self.after.len() as Height {
            self.play(law, at, node, dice);
        }
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
