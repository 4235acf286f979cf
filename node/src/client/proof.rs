//! Checks a block's proof without believing the gateway: that a quorum of the genesis' validators signed it.

use super::BlockHeight;
use super::error::ClientError;
use super::gateway::Gateway;
use crate::dice;
use crate::hex;
use bitcraps_casino::Block;
use bitcraps_consensus::{Certificate, Validator, ValidatorSet};
use bitcraps_types::ed25519::Ed25519Verifier;
use bitcraps_types::{Digest, Height, Round, ThresholdKey, ThresholdSignature, Value};

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
    /// The signature from which its dice follow, if they fell.
    pub(super) dice: Option<ThresholdSignature>,
}

impl Proven {
    /// What is proven, in a line.
    pub(super) fn said_of(&self, gateway: &Gateway) -> String {
        let Proven { height, digest, round, power, total, .. } = self;
        let chain = gateway.chain_id();
        format!(
            "block {height} ({digest}) of chain {chain}: signed by {power} of {total} voting power in round {round}"
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
    let bytes = |text: &str| hex::decode(text).map_err(|error| ClientError::Nonsense(error.to_string()));
    let value = Value::new(bytes(&answer.raw)?);
    let block = Block::decode(value.bytes()).map_err(|error| ClientError::Nonsense(error.to_string()))?;
    let certificate: Certificate = borsh::from_slice(&bytes(&answer.certificate.raw)?)
        .map_err(|error| ClientError::Nonsense(format!("the certificate: {error}")))?;
    let validators = gateway.genesis().validators.iter();
    let validators = ValidatorSet::new(
        validators.map(|validator| Validator { key: validator.key, power: validator.power }).collect(),
    )
    .map_err(|error| ClientError::Nonsense(format!("the validators of the genesis: {error}")))?;
    let proven = check(height, &value, &block, &certificate, &validators, gateway)?;
    Ok(Proven { dice: dice(&block, answer.dice.as_deref(), &proven, gateway)?, ..proven })
}

/// The signature behind a block's dice, checked.
fn dice(
    block: &Block,
    told: Option<&str>,
    proven: &Proven,
    gateway: &Gateway,
) -> Result<Option<ThresholdSignature>, ClientError> {
    let Some(told) = told.filter(|_| block.rolls) else {
        return if block.rolls { Err(ClientError::NotProven("its dice are missing")) } else { Ok(None) };
    };
    let signature =
        hex::decode_exactly::<96>(told).map_err(|error| ClientError::Nonsense(error.to_string()))?;
    let signature = ThresholdSignature(signature);
    let key = dice::public(gateway.genesis()).map_err(|error| ClientError::Nonsense(error.to_string()))?;
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
        dice: None,
    })
}
