//! Checks a block's proof without believing the gateway: that a quorum of the validators signed it, who are those of the
//! genesis or those to whom handovers lead, each proven in the same way.

use super::BlockHeight;
use super::error::ClientError;
use super::gateway::Gateway;
use crate::dice::PublicKeys;
use crate::gateway::api;
use crate::hex;
use bitcraps_actors::committee::{check_handover, validators};
use bitcraps_actors::ports::DiceKeys;
use bitcraps_beacon::Shares;
use bitcraps_casino::{Block, Committees};
use bitcraps_consensus::{Certificate, ValidatorSet};
use bitcraps_types::ed25519::Ed25519Verifier;
use bitcraps_types::{Digest, Height, Round, ThresholdKey, ThresholdSignature, Value};
use std::rc::Rc;

/// A block that is proven.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proven {
    pub(super) height: Height,
    pub(super) digest: Digest,
    pub(super) round: Round,
    /// The power that signed.
    pub(super) power: u64,
    /// The power of all.
    pub(super) total: u64,
    /// How many handovers lead from the genesis to those who signed.
    pub(super) handovers: u64,
    /// The signature from which its dice follow, if they fell.
    pub(super) dice: Option<ThresholdSignature>,
}

impl Proven {
    /// What is proven, in a line.
    pub(super) fn said_of(&self, gateway: &Gateway) -> String {
        let Proven { height, digest, round, power, total, handovers, .. } = self;
        let chain = gateway.chain_id();
        let who = match handovers {
            0 => String::new(),
            1 => ", after 1 handover that is proven too".into(),
            many => format!(", after {many} handovers that are proven too"),
        };
        format!(
            "block {height} ({digest}) of chain {chain}: signed by {power} of {total} voting power in round {round}{who}"
        )
    }
}

/// Fetches a block and checks it. Only the raw bytes count, not what the gateway says of them.
pub(super) fn verify(gateway: &Gateway, height: BlockHeight) -> Result<Proven, ClientError> {
    let text = match height {
        BlockHeight::Latest => "latest".to_owned(),
        BlockHeight::At(height) => height.to_string(),
    };
    let answer = gateway.block(&text)?;
    let (value, block, certificate) = decoded(&answer)?;
    let succession = followed(gateway, block.height)?;
    let proven = check(height, &value, &block, &certificate, &succession.validators()?, gateway)?;
    let dice = dice(&block, answer.dice.as_deref(), &proven, &succession, gateway)?;
    Ok(Proven { dice, handovers: succession.0.handovers(), ..proven })
}

/// Who decides a certain block, with all that led there checked.
struct Succession(Committees);

impl Succession {
    fn validators(&self) -> Result<ValidatorSet, ClientError> {
        validators(self.0.last())
            .map_err(|error| ClientError::Nonsense(format!("the validators of the genesis: {error}")))
    }

    fn dice_key(&self) -> Result<Rc<dyn ThresholdKey>, ClientError> {
        let committee = self.0.last();
        let shares = Shares::assigned(committee.dice.holders.clone(), &committee.powers());
        let key = shares.ok().and_then(|shares| PublicKeys.key(committee, &shares));
        key.ok_or_else(|| ClientError::Nonsense("the dice key of its committee is none".into()))
    }
}

/// Follows the handovers from the genesis to the committee that decides the block of this height.
fn followed(gateway: &Gateway, height: Height) -> Result<Succession, ClientError> {
    let mut succession = Succession(Committees::of_genesis(gateway.genesis()));
    for answer in gateway.handovers()? {
        let (value, block, certificate) = decoded(&answer)?;
        if block.height >= height {
            break;
        }
        let asked = BlockHeight::At(block.height);
        check(asked, &value, &block, &certificate, &succession.validators()?, gateway)?;
        let handover = block.handover.ok_or(ClientError::NotProven("a handover is none"))?;
        check_handover(&handover, &succession.0, block.height, &gateway.chain_id(), &Ed25519Verifier)
            .map_err(|_| ClientError::NotProven("a committee before did not agree to hand over"))?;
        succession.0.hand_over(block.height, handover.terms.to);
    }
    Ok(succession)
}

fn decoded(answer: &api::Block) -> Result<(Value, Block, Certificate), ClientError> {
    let bytes = |text: &str| hex::decode(text).map_err(|error| ClientError::Nonsense(error.to_string()));
    let value = Value::new(bytes(&answer.raw)?);
    let block = Block::decode(value.bytes()).map_err(|error| ClientError::Nonsense(error.to_string()))?;
    let certificate = borsh::from_slice(&bytes(&answer.certificate.raw)?)
        .map_err(|error| ClientError::Nonsense(format!("the certificate: {error}")))?;
    Ok((value, block, certificate))
}

/// The signature behind a block's dice, checked.
fn dice(
    block: &Block,
    told: Option<&str>,
    proven: &Proven,
    succession: &Succession,
    gateway: &Gateway,
) -> Result<Option<ThresholdSignature>, ClientError> {
    let Some(told) = told.filter(|_| block.rolls) else {
        return if block.rolls { Err(ClientError::NotProven("its dice are missing")) } else { Ok(None) };
    };
    let signature =
        hex::decode_exactly::<96>(told).map_err(|error| ClientError::Nonsense(error.to_string()))?;
    let signature = ThresholdSignature(signature);
    let key = succession.dice_key()?;
    let message = bitcraps_beacon::message(&gateway.chain_id(), proven.height, &proven.digest);
    if !key.verify(&message, &signature) {
        return Err(ClientError::NotProven("the signature behind its dice is not that of the group key"));
    }
    Ok(Some(signature))
}

fn check(
    asked: BlockHeight,
    value: &Value,
    block: &Block,
    certificate: &Certificate,
    validators: &ValidatorSet,
    gateway: &Gateway,
) -> Result<Proven, ClientError> {
    if matches!(asked, BlockHeight::At(height) if height != block.height) {
        return Err(ClientError::NotProven("it is of another height than was asked for"));
    }
    if certificate.height != block.height {
        return Err(ClientError::NotProven("its certificate is for another height"));
    }
    if certificate.digest != value.digest() {
        return Err(ClientError::NotProven("its certificate is for another block"));
    }
    certificate.verify(validators, &gateway.chain_id(), &Ed25519Verifier)?;
    Ok(Proven {
        height: block.height,
        digest: value.digest(),
        round: certificate.round,
        power: certificate.signatures.iter().map(|(signer, _)| validators.power(*signer)).sum(),
        total: validators.total_power(),
        handovers: 0,
        dice: None,
    })
}
