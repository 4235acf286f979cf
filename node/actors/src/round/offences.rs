//! Proofs of misbehaviour on their way into a block, and the names of those that are in the state. Pure.

use crate::committee::Sets;
use crate::ports::{ConsensusEngine, ConsensusMessage};
use bitcraps_casino::Offence;
use bitcraps_consensus::{Evidence, ValidatorSet};
use bitcraps_types::{ChainId, Height, ValidatorIndex, Verify};
use std::collections::{BTreeMap, BTreeSet};

/// Names an offence: a validator is convicted once per height.
pub(crate) type Name = (Height, ValidatorIndex);

/// The most offences in one block.
pub(crate) const PER_BLOCK: usize = 8;
/// What an offence takes in a block besides its proof, in bytes.
const FIXED_BYTES: usize = 16;
/// The most proofs that wait.
const MAX_PENDING: usize = 1024;

/// The offences that this node knows of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offences {
    pending: BTreeMap<Name, Offence>,
    recorded: BTreeSet<Name>,
}

impl Offences {
    pub(crate) fn new(recorded: Vec<Name>) -> Offences {
        Offences { pending: BTreeMap::new(), recorded: recorded.into_iter().collect() }
    }

    /// Keeps a proof for a block, unless the offence is in the state already.
    pub(crate) fn accuse(&mut self, evidence: Evidence<ConsensusMessage>) {
        let name = (evidence.height(), evidence.offender());
        let proof = borsh::to_vec(&evidence).expect("writing to memory does not fail");
        let wanted = !self.recorded.contains(&name) && !self.pending.contains_key(&name);
        if wanted && proof.len() <= Offence::MAX_PROOF && self.pending.len() < MAX_PENDING {
            let (height, offender) = name;
            self.pending.insert(name, Offence { offender, height, proof });
        }
    }

    /// These are in the state now.
    pub(crate) fn recorded(&mut self, names: Vec<Name>) {
        for name in names {
            self.pending.remove(&name);
            self.recorded.insert(name);
        }
    }

    /// Forgets what no block from this height on may record: so only the names of [`Offence::MAX_AGE`] heights are kept.
    pub(crate) fn forget_before(&mut self, height: Height) {
        let oldest = (height.saturating_sub(Offence::MAX_AGE), ValidatorIndex(0));
        if self.pending.first_key_value().is_some_and(|(name, _)| *name < oldest) {
            self.pending = self.pending.split_off(&oldest);
        }
        if self.recorded.first().is_some_and(|name| *name < oldest) {
            self.recorded = self.recorded.split_off(&oldest);
        }
    }

    /// What goes into the block of this height, together at most `max_bytes` long, with that length.
    pub(crate) fn for_block(&self, height: Height, max_bytes: usize) -> (Vec<Offence>, usize) {
        let mut room = max_bytes;
        let timely = self.pending.values().filter(|offence| timely(offence, height));
        let fitting = timely.filter(|offence| {
            let left = room.checked_sub(offence.proof.len() + FIXED_BYTES);
            room = left.unwrap_or(room);
            left.is_some()
        });
        let offences = fitting.take(PER_BLOCK).cloned().collect();
        (offences, max_bytes - room)
    }

    /// How many proofs wait.
    pub(crate) fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// How many names are held, for the tests of the bound.
    #[cfg(test)]
    pub(crate) fn names(&self) -> usize {
        self.pending.len() + self.recorded.len()
    }

    /// Whether the offences of the block of this height are proven, timely, new, and each there once.
    pub(crate) fn acceptable(
        &self,
        height: Height,
        offences: &[Offence],
        sets: &Sets,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> bool {
        let mut seen = BTreeSet::new();
        offences.len() <= PER_BLOCK
            && offences.iter().all(|offence| {
                let name = (offence.height, offence.offender);
                timely(offence, height)
                    && seen.insert(name)
                    && !self.recorded.contains(&name)
                    && proven(offence, sets.at(offence.height), chain, verify)
            })
    }
}

/// Not after the block of this height, and not too long before it.
fn timely(offence: &Offence, height: Height) -> bool {
    (height.saturating_sub(Offence::MAX_AGE)..=height).contains(&offence.height)
}

fn proven(offence: &Offence, validators: &ValidatorSet, chain: &ChainId, verify: &dyn Verify) -> bool {
    let Ok(evidence) = borsh::from_slice::<Evidence<ConsensusMessage>>(&offence.proof) else {
        return false;
    };
    evidence.height() == offence.height
        && evidence.check::<ConsensusEngine>(validators, chain, verify) == Ok(offence.offender)
}
