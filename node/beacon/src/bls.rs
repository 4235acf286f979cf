//! The threshold scheme of the production node: BLS signatures on the curve BLS12-381, public keys in G1, signatures in
//! G2 (draft-irtf-cfrg-bls-signature; Boldyreva 2003 for the threshold). A signature is unique: whichever shares made
//! it, and whoever put them together, it is the same. So there is nothing to choose, and nobody can bias it.
//!
//! The curve, the sharing and the interpolation are commonware-cryptography's.

use crate::Shares;
use bitcraps_types::{GroupKey, PartialSignature, ThresholdKey, ThresholdSignature};
use commonware_codec::{Decode, DecodeExt, Encode};
use commonware_cryptography::bls12381::dkg::feldman_desmedt;
use commonware_cryptography::bls12381::primitives::group::Share;
use commonware_cryptography::bls12381::primitives::ops;
use commonware_cryptography::bls12381::primitives::sharing::{Mode, ModeVersion, Sharing};
use commonware_cryptography::bls12381::primitives::variant::{MinPk, PartialSignature as Partial, Variant};
use commonware_parallel::Sequential;
use commonware_utils::{N3f1, Participant};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// Separates these signatures from all others of the same key. There are none; it costs nothing.
const NAMESPACE: &[u8] = b"bitcraps beacon";

type Signature = <MinPk as Variant>::Signature;

/// The public half, with the shares that one node holds.
pub struct BlsKey {
    public: Sharing<MinPk>,
    held: Vec<Share>,
}

/// One node's shares of the secret, as bytes to be kept. Wiped when dropped.
pub struct SecretShares(pub Zeroizing<Vec<u8>>);

/// Why bytes are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The public half is not the encoding of one.
    #[error("these bytes are no group key")]
    NoGroupKey,
    /// Its shares are not those of the validators.
    #[error(
        "the group key has {found} shares of which {found_threshold} sign, the validators need {wanted} and {wanted_threshold}"
    )]
    OtherShares {
        /// How many it has.
        found: u32,
        /// How many of them sign.
        found_threshold: u32,
        /// How many the validators hold.
        wanted: u32,
        /// How many of them should sign.
        wanted_threshold: u32,
    },
    /// The secret half is not the encoding of one.
    #[error("these bytes are no shares of a secret")]
    NoShares,
    /// A share does not belong to the public half, or to this validator.
    #[error("share {0} does not belong to this validator under this group key")]
    ForeignShare(u32),
}

impl BlsKey {
    /// A group key for those who hold no share. It must be cut as `shares` says.
    pub fn public(group: &GroupKey, shares: &Shares) -> Result<BlsKey, KeyError> {
        let most = NonZeroU32::new(Shares::MAX).ok_or(KeyError::NoGroupKey)?;
        let public = Sharing::<MinPk>::decode_cfg(group.0.clone(), &(most, ModeVersion::v0()))
            .map_err(|_| KeyError::NoGroupKey)?;
        let (found, found_threshold) = (public.total().get(), public.required());
        let (wanted, wanted_threshold) = (shares.total(), shares.threshold());
        if (found, found_threshold) != (wanted, wanted_threshold) {
            return Err(KeyError::OtherShares { found, found_threshold, wanted, wanted_threshold });
        }
        Ok(BlsKey { public, held: Vec::new() })
    }

    /// The same with the shares that a validator holds, which are those numbered `held`.
    pub fn with_shares(mut self, secret: &SecretShares, held: &[u32]) -> Result<BlsKey, KeyError> {
        let mut rest = &secret.0[..];
        for &number in held {
            let length = usize::from(rest.first().copied().unwrap_or(0));
            let (one, after) =
                rest.get(1..).and_then(|bytes| bytes.split_at_checked(length)).ok_or(KeyError::NoShares)?;
            let share = Share::decode(one.to_vec()).map_err(|_| KeyError::NoShares)?;
            let public = self.public.partial_public(share.index).ok();
            if share.index.get() != number || public != Some(share.public::<MinPk>()) {
                return Err(KeyError::ForeignShare(number));
            }
            self.held.push(share);
            rest = after;
        }
        if rest.is_empty() { Ok(self) } else { Err(KeyError::NoShares) }
    }

    fn decode(partial: &PartialSignature) -> Option<Signature> {
        Signature::decode(partial.0.to_vec()).ok()
    }
}

/// The bytes of shares, each behind its length.
pub(crate) fn secret_of<'a>(shares: impl Iterator<Item = &'a Share>) -> SecretShares {
    let mut bytes = Zeroizing::new(Vec::new());
    for share in shares {
        let one = Zeroizing::new(share.encode().to_vec());
        bytes.push(u8::try_from(one.len()).expect("a share is 37 bytes at most"));
        bytes.extend_from_slice(&one);
    }
    SecretShares(bytes)
}

/// A group key and all its shares, in the order of the validators, dealt by one who then knows the whole secret: for networks whose keys all lie in one
/// place anyway, a test network or a simulation. A real network runs the [ceremony](crate::ceremony).
pub fn deal(shares: &Shares, seed: [u8; 32]) -> Option<(GroupKey, Vec<SecretShares>)> {
    let total = NonZeroU32::new(shares.total())?;
    let rng = ChaCha20Rng::from_seed(seed);
    let (public, all) = feldman_desmedt::deal_anonymous::<MinPk, N3f1>(rng, Mode::NonZeroCounter, total);
    let secrets = shares.all().map(|held| secret_of(held.iter().map(|share| &all[*share as usize])));
    let secrets = secrets.collect();
    Some((GroupKey(public.encode().to_vec()), secrets))
}

impl ThresholdKey for BlsKey {
    fn sign(&self, message: &[u8]) -> Vec<PartialSignature> {
        let sign = |share: &Share| {
            let partial = ops::threshold::sign_message::<MinPk>(share, NAMESPACE, message);
            PartialSignature(bytes(&partial.value))
        };
        self.held.iter().map(sign).collect()
    }

    fn verify_partial(&self, message: &[u8], share: u32, partial: &PartialSignature) -> bool {
        Self::decode(partial).is_some_and(|value| {
            let partial = Partial::<MinPk> { index: Participant::new(share), value };
            ops::threshold::verify_message::<MinPk>(&self.public, NAMESPACE, message, &partial).is_ok()
        })
    }

    fn combine(&self, message: &[u8], partials: &[(u32, PartialSignature)]) -> Option<ThresholdSignature> {
        let partials = partials.get(..self.public.required() as usize)?;
        let partials: Option<Vec<Partial<MinPk>>> = partials
            .iter()
            .map(|(share, partial)| {
                Some(Partial { index: Participant::new(*share), value: Self::decode(partial)? })
            })
            .collect();
        let signature = ops::threshold::recover::<MinPk, _>(&self.public, &partials?, &Sequential).ok()?;
        let signature = ThresholdSignature(bytes(&signature));
        self.verify(message, &signature).then_some(signature)
    }

    fn verify(&self, message: &[u8], signature: &ThresholdSignature) -> bool {
        Signature::decode(signature.0.to_vec()).is_ok_and(|signature| {
            ops::verify_message::<MinPk>(self.public.public(), NAMESPACE, message, &signature).is_ok()
        })
    }
}

fn bytes(signature: &Signature) -> [u8; 96] {
    let mut bytes = [0; 96];
    bytes.copy_from_slice(&signature.encode());
    bytes
}

#[cfg(test)]
mod tests;
