//! What makes a block acceptable: it follows the chain, carries our state root, and says nothing that is not proven.
//! Pure.

use super::offences::Offences;
use crate::chain::Tip;
use crate::committee::{Acting, Sets, check_handover};
use crate::ports::DiceKeys;
use bitcraps_casino::{Attendance, Block, Committees, SignedCommand};
use bitcraps_consensus::Certificate;
use bitcraps_types::{ChainId, Digest, Height, Value, Verify, WallTime};
use std::time::Duration;

/// What a block is checked against.
pub(crate) struct Checks<'a> {
    pub(crate) tip: &'a Tip,
    pub(crate) root: Digest,
    /// Whether blocks tell who signed their parents, by the policy.
    pub(crate) rewards: bool,
    /// Whether bets are up after the last block.
    pub(crate) bets_are_up: bool,
    pub(crate) chain: &'a ChainId,
    /// Up to the last block; the last of them decides this one.
    pub(crate) committees: &'a Committees,
    /// The validators of each height.
    pub(crate) sets: &'a Sets,
    pub(crate) keys: &'a dyn DiceKeys,
    pub(crate) max_bytes: usize,
    /// The most bytes of blobs, by the genesis.
    pub(crate) max_blob_bytes: usize,
    pub(crate) offences: &'a Offences,
    pub(crate) verify: &'a dyn Verify,
}

/// Why a block is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("longer than a block may be")]
    TooLong,
    #[error("the bytes are no block")]
    Undecodable,
    #[error("of another height")]
    Height,
    #[error("it does not follow the last block")]
    Parent,
    #[error("the state root is not ours")]
    StateRoot,
    #[error("it rolls where it must not, or not where it must")]
    Rolls,
    #[error("its proposer is no validator")]
    Proposer,
    #[error("its time is not after that of the last block")]
    TooEarly,
    #[error("its time is ahead of our clock")]
    TooLate,
    #[error("it does not tell who signed the last block, or not truly, or where it must not")]
    Attendance,
    #[error("it hands over wrongly, or does something else besides")]
    Handover,
    #[error("a command's signature is wrong")]
    Command,
    #[error("an offence is not proven, not new, or too old")]
    Offence,
    #[error("more bytes of blobs than the genesis allows")]
    Blobs,
}

impl Checks<'_> {
    /// Checks a value proposed for `height`. `latest`: the latest time it may have; none for a value that a quorum
    /// may have locked on, which is no longer judged by a clock.
    pub(crate) fn check(&self, height: Height, value: &Value, latest: Option<WallTime>) -> Result<(), Fault> {
        let ensure = |holds: bool, fault: Fault| if holds { Ok(()) } else { Err(fault) };
        ensure(value.bytes().len() <= self.max_bytes, Fault::TooLong)?;
        let block = Block::decode(value.bytes()).map_err(|_| Fault::Undecodable)?;
        ensure(block.height == height && height == self.tip.height + 1, Fault::Height)?;
        ensure(block.parent == self.tip.digest, Fault::Parent)?;
        ensure(block.state_root == self.root, Fault::StateRoot)?;
        ensure(block.rolls == Block::must_roll(self.bets_are_up, &block.commands), Fault::Rolls)?;
        ensure(self.sets.at(height).get(block.proposer).is_some(), Fault::Proposer)?;
        ensure(block.time > self.tip.time, Fault::TooEarly)?;
        ensure(latest.is_none_or(|latest| block.time <= latest), Fault::TooLate)?;
        ensure(block.blobs.bytes() <= self.max_blob_bytes, Fault::Blobs)?;
        ensure(self.attended(&block), Fault::Attendance)?;
        if let Some(handover) = &block.handover {
            let Checks { committees, chain, verify, keys, .. } = *self;
            let allowed = check_handover(handover, committees, height, chain, verify).is_ok()
                && Acting::new(&handover.terms.to, keys).is_ok();
            ensure(block.only_hands_over() && allowed, Fault::Handover)?;
        }
        let signed = SignedCommand::verify_all(&block.commands, self.chain, self.verify);
        ensure(signed, Fault::Command)?;
        let proven = self.offences.acceptable(height, &block.offences, self.sets, self.chain, self.verify);
        ensure(proven, Fault::Offence)
    }

    /// Whether it tells who signed its parent where it must: with the parent's certificate, and nowhere else.
    fn attended(&self, block: &Block) -> bool {
        let must = self.rewards && self.tip.height > 0;
        let Some(Attendance { signers, proof }) = &block.attendance else { return !must };
        must && borsh::from_slice::<Certificate>(proof).is_ok_and(|certificate| {
            let signed = certificate.signatures.iter().map(|(signer, _)| signer);
            (certificate.height, certificate.digest) == (self.tip.height, self.tip.digest)
                && signed.eq(signers)
                && certificate.verify(self.sets.at(self.tip.height), self.chain, self.verify).is_ok()
        })
    }
}

/// The latest time that a fresh block may have: little ahead of our clock. The earliest time there is, just after the
/// last block's, is never too late: where all clocks were set back, the chain goes on by the least steps until they have
/// caught up.
pub(crate) fn latest_time(wall: WallTime, drift: Duration, tip: &Tip) -> WallTime {
    let drift = u64::try_from(drift.as_nanos()).unwrap_or(u64::MAX);
    WallTime(wall.0.saturating_add(drift).max(earliest_time(tip).0))
}

fn earliest_time(tip: &Tip) -> WallTime {
    WallTime(tip.time.0.saturating_add(1))
}

/// The time of a block proposed now: our clock's, but later than the last block's.
pub(crate) fn proposed_time(wall: WallTime, tip: &Tip) -> WallTime {
    wall.max(earliest_time(tip))
}

#[cfg(test)]
mod tests;
