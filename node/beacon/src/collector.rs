//! Collects the validators' partial signatures of one block after the other. Pure.
//!
//! What comes is kept per validator, the latest word only: memory is bounded by the number of shares. Partial signatures
//! are not checked when they come. When there are enough, the signature that they give is checked; only if it is wrong
//! is each of them, and the liars are named.

use crate::Shares;
use bitcraps_types::{
    ChainId, Digest, Height, PartialSignature, ThresholdKey, ThresholdSignature, ValidatorIndex,
};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// What a validator says of a block once it is final to it: its partial signatures, one for each share that it holds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Partials {
    /// The block's number.
    pub height: Height,
    /// The block's digest.
    pub block: Digest,
    /// Whether it said so before: it still lacks the others' parts.
    pub repeated: bool,
    /// In the order of the shares; at most [`Shares::MAX`].
    pub signatures: Vec<PartialSignature>,
}

impl BorshDeserialize for Partials {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let (height, block, repeated) = <(Height, Digest, bool)>::deserialize_reader(reader)?;
        let count = u32::deserialize_reader(reader)?;
        if count > Shares::MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more partial signatures than shares"));
        }
        let mut signatures = Vec::new();
        for _ in 0..count {
            signatures.push(PartialSignature::deserialize_reader(reader)?);
        }
        Ok(Partials { height, block, repeated, signatures })
    }
}

/// What is signed of a block. Whoever knows the signature of it knows the dice, and nobody does before
/// [`Shares::threshold`] shares have spoken.
pub fn message(chain: &ChainId, height: Height, block: &Digest) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    message.extend_from_slice(b"bitcraps dice 1");
    message.extend_from_slice(&chain.0);
    message.extend_from_slice(&height.to_le_bytes());
    message.extend_from_slice(&block.0);
    message
}

/// The state.
pub struct Collector {
    chain: ChainId,
    shares: Shares,
    /// The block whose signature is wanted.
    wanted: Option<(Height, Digest)>,
    /// The latest word of each validator.
    heard: BTreeMap<ValidatorIndex, Partials>,
}

/// What the partial signatures came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collected {
    /// There are too few.
    Waiting,
    /// The signature of the block.
    Signed {
        /// The block's number.
        height: Height,
        /// The block's digest.
        block: Digest,
        /// The group's signature.
        signature: ThresholdSignature,
    },
}

impl Collector {
    /// Nothing wanted, nothing heard.
    pub fn new(chain: ChainId, shares: Shares) -> Collector {
        Collector { chain, shares, wanted: None, heard: BTreeMap::new() }
    }

    /// The block whose signature is wanted.
    pub fn wanted(&self) -> Option<(Height, Digest)> {
        self.wanted
    }

    /// A block is final and its signature is wanted. The answer is what this node says of it, nothing if it holds no
    /// share; it counts as heard.
    pub fn want(
        &mut self,
        key: &dyn ThresholdKey,
        me: Option<ValidatorIndex>,
        height: Height,
        block: Digest,
    ) -> Option<Partials> {
        self.wanted = Some((height, block));
        let me = me.filter(|me| !self.shares.held_by(*me).is_empty())?;
        let own = Partials {
            height,
            block,
            repeated: false,
            signatures: key.sign(&message(&self.chain, height, &block)),
        };
        self.heard.insert(me, own.clone());
        Some(own)
    }

    /// The chain ends at this height: what is below, or at it, is not wanted any more.
    pub fn forget_to(&mut self, tip: Height) {
        self.wanted = self.wanted.filter(|(height, _)| *height > tip);
        self.heard.retain(|_, partials| partials.height > tip);
    }

    /// Takes a validator's word, unless a later one of it is known. `false`: no correct validator says that.
    pub fn hear(&mut self, from: ValidatorIndex, partials: Partials) -> bool {
        let held = self.shares.held_by(from);
        if held.is_empty() || partials.signatures.len() != held.len() {
            return false;
        }
        let known = self.heard.get(&from).is_some_and(|known| known.height > partials.height);
        if !known {
            self.heard.insert(from, partials);
        }
        true
    }

    /// Whether enough was heard that [`collect`](Collector::collect) is worth its cost.
    pub fn has_enough(&self) -> bool {
        let count: usize = self.of_wanted().map(|(_, partials)| partials.signatures.len()).sum();
        self.wanted.is_some() && count >= self.shares.threshold() as usize
    }

    /// Who has not said anything of the wanted block: it may not be final to them yet.
    pub fn missing(&self) -> impl Iterator<Item = ValidatorIndex> {
        let heard = |validator| self.of_wanted().any(|(heard, _)| *heard == validator);
        (0..)
            .map(ValidatorIndex)
            .zip(self.shares.all())
            .map(|(validator, _)| validator)
            .filter(move |v| !heard(*v))
    }

    /// How many checks a search for these liars took.
    pub fn checks(&self, liars: &[ValidatorIndex]) -> u32 {
        if liars.is_empty() { 0 } else { self.shares.total() }
    }

    /// The signature of the wanted block, if enough was heard. Names the validators whose partial signatures are wrong;
    /// what they said is forgotten.
    pub fn collect(&mut self, key: &dyn ThresholdKey) -> (Collected, Vec<ValidatorIndex>) {
        let Some((height, block)) = self.wanted.filter(|_| self.has_enough()) else {
            return (Collected::Waiting, Vec::new());
        };
        let message = message(&self.chain, height, &block);
        let sign = |collector: &Collector| {
            let partials: Vec<_> =
                collector.of_wanted().flat_map(|heard| collector.numbered(heard)).collect();
            key.combine(&message, &partials)
        };
        if let Some(signature) = sign(self) {
            return (Collected::Signed { height, block, signature }, Vec::new());
        }
        let wrong = |(validator, partials): (&ValidatorIndex, &Partials)| {
            let numbered = self.numbered((validator, partials));
            let right = numbered.iter().all(|(share, partial)| key.verify_partial(&message, *share, partial));
            (!right).then_some(*validator)
        };
        let liars: Vec<ValidatorIndex> = self.of_wanted().filter_map(wrong).collect();
        for liar in &liars {
            self.heard.remove(liar);
        }
        let signature = if self.has_enough() { sign(self) } else { None };
        let collected =
            signature.map_or(Collected::Waiting, |signature| Collected::Signed { height, block, signature });
        (collected, liars)
    }

    fn of_wanted(&self) -> impl Iterator<Item = (&ValidatorIndex, &Partials)> {
        self.heard.iter().filter(|(_, heard)| Some((heard.height, heard.block)) == self.wanted)
    }

    fn numbered(&self, (validator, partials): (&ValidatorIndex, &Partials)) -> Vec<(u32, PartialSignature)> {
        self.shares.held_by(*validator).iter().copied().zip(partials.signatures.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests;
