//! Committees as the actors need them: as sets of validators with their dice keys, and whether one may follow another.

use crate::chain::DecidedBlock;
use crate::ports::DiceKeys;
use crate::wire::Decided;
use bitcraps_beacon::{Shares, SharesError};
use bitcraps_casino::{Committee, Committees, Handover, HandoverError};
use bitcraps_consensus::{Validator, ValidatorSet, ValidatorSetError};
use bitcraps_types::{ChainId, Height, ThresholdKey, Verify};
use std::rc::Rc;

/// A committee at work.
#[derive(Clone)]
pub(crate) struct Acting {
    pub(crate) validators: ValidatorSet,
    /// Of the dice key.
    pub(crate) shares: Shares,
    pub(crate) key: Rc<dyn ThresholdKey>,
}

/// Why a committee can't decide anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitteeError {
    /// Its validators form no set.
    #[error("the validators: {0}")]
    Validators(#[from] ValidatorSetError),
    /// The dice key is not shared as the validators' powers are.
    #[error("the dice key: {0}")]
    Shares(#[from] SharesError),
    /// The public half of the dice key is none.
    #[error("the dice key is none")]
    DiceKey,
    /// The committee before does not hand over to it.
    #[error("the handover: {0}")]
    Handover(#[from] HandoverError),
    /// Too little of the power before consents.
    #[error("no more than two thirds of the power consent to the handover")]
    NoQuorum,
}

/// The validators of a committee.
pub fn validators(committee: &Committee) -> Result<ValidatorSet, ValidatorSetError> {
    let validators = committee.validators.iter();
    ValidatorSet::new(
        validators.map(|validator| Validator { key: validator.key, power: validator.power }).collect(),
    )
}

/// Whether the last of these committees may hand over so in the block of this height. Whoever knows the genesis and sees
/// every handover knows who decides.
pub fn check_handover(
    handover: &Handover,
    committees: &Committees,
    height: Height,
    chain: &ChainId,
    verify: &dyn Verify,
) -> Result<(), CommitteeError> {
    let before = validators(committees.last())?;
    let to = &handover.terms.to;
    validators(to)?;
    Shares::assigned(to.dice.holders.clone(), &to.powers())?;
    let consenting = handover.check(committees, height, chain, verify)?;
    if before.is_quorum(consenting) { Ok(()) } else { Err(CommitteeError::NoQuorum) }
}

impl Acting {
    pub(crate) fn new(committee: &Committee, keys: &dyn DiceKeys) -> Result<Acting, CommitteeError> {
        let validators = validators(committee)?;
        let shares = Shares::assigned(committee.dice.holders.clone(), &committee.powers())?;
        let key = keys.key(committee, &shares).ok_or(CommitteeError::DiceKey)?;
        Ok(Acting { validators, shares, key })
    }
}

/// The committees up to a block, and the one that decides the next.
#[derive(Clone)]
pub(crate) struct Succession {
    pub(crate) committees: Committees,
    pub(crate) acting: Acting,
}

/// What a handover is checked with.
#[derive(Clone, Copy)]
pub(crate) struct Law<'a> {
    pub(crate) chain: &'a ChainId,
    pub(crate) verify: &'a dyn Verify,
    pub(crate) keys: &'a dyn DiceKeys,
}

impl Succession {
    /// The last of these committees acts.
    pub(crate) fn new(committees: Committees, keys: &dyn DiceKeys) -> Result<Succession, CommitteeError> {
        let acting = Acting::new(committees.last(), keys)?;
        Ok(Succession { committees, acting })
    }

    /// The next committee acts after the block of this height, if it may.
    pub(crate) fn hand_over(
        &mut self,
        handover: &Handover,
        height: Height,
        law: Law<'_>,
    ) -> Result<(), CommitteeError> {
        check_handover(handover, &self.committees, height, law.chain, law.verify)?;
        self.acting = Acting::new(&handover.terms.to, law.keys)?;
        self.committees.hand_over(height, handover.terms.to.clone());
        Ok(())
    }

    /// Who acts after blocks each of which hands over and is decided by the committee before.
    pub(crate) fn follow(&mut self, handovers: &[Decided], law: Law<'_>) -> Option<()> {
        for decided in handovers {
            let block = DecidedBlock::check(decided.clone(), &self.acting, law.chain, law.verify).ok()?.block;
            self.hand_over(block.handover.as_ref()?, block.height, law).ok()?;
        }
        Some(())
    }
}

/// The validators of each height, as far back as committees are known.
#[derive(Clone, Debug)]
pub(crate) struct Sets(Vec<(Height, ValidatorSet)>);

impl Sets {
    pub(crate) fn new(committees: &Committees) -> Result<Sets, ValidatorSetError> {
        let sets = committees.iter().map(|(first, committee)| Ok((first, validators(committee)?)));
        sets.collect::<Result<_, _>>().map(Sets)
    }

    /// Those of a height; before the first known, the first.
    pub(crate) fn at(&self, height: Height) -> &ValidatorSet {
        let after = self.0.partition_point(|(first, _)| *first <= height);
        &self.0[after.saturating_sub(1)].1
    }
}
