//! The ceremony in which the validators of a new network make their dice key: distributed key generation, after which
//! each holds its shares and nobody has ever known the secret.
//!
//! The protocol is Golden (Bünz, Choi, Komlo 2025, <https://eprint.iacr.org/2025/1924>) as commonware-cryptography has
//! it. It is not interactive: every validator publishes one dealing, which anyone can verify; who has the dealings of
//! more than two thirds of them computes the public key, and each validator, with its secret, its own shares. All must
//! use the same dealings, so they are written into one transcript.
//!
//! A validator takes part with as many keys as it will hold shares.

use crate::bls::{SecretShares, secret_of};
use crate::{Shares, SharesError};
use bitcraps_types::{GroupKey, ValidatorIndex};
use commonware_codec::{Decode, DecodeExt, Encode};
use commonware_cryptography::Signer;
use commonware_cryptography::bls12381::dkg::golden::{self, Info, Setup, SignedDealerLog};
use commonware_cryptography::bls12381::primitives::sharing::ModeVersion;
use commonware_math::algebra::Random;
use commonware_parallel::Sequential;
use commonware_utils::{N3f1, ordered::Set};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use zeroize::Zeroizing;

const NAMESPACE: &[u8] = b"bitcraps dice key 1";

/// One validator's secret in the ceremony: its keys follow from it. It is not needed afterwards.
pub struct Secret(pub Zeroizing<[u8; 32]>);

/// The public halves of one validator's keys, one for each share that it will hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant(pub Vec<Vec<u8>>);

/// What one validator publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealing(pub Vec<u8>);

/// The ceremony of certain participants.
pub struct Ceremony {
    setup: Setup,
    info: Info,
    /// The key behind each share.
    keys: Vec<golden::PublicKey>,
    shares: Shares,
}

/// Why a ceremony does not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyError {
    /// The shares don't fit the powers.
    #[error(transparent)]
    Shares(#[from] SharesError),
    /// A key is none.
    #[error("key {key} of validator {validator} is no dice key")]
    Key {
        /// Whose.
        validator: ValidatorIndex,
        /// Which of its keys.
        key: usize,
    },
    /// Two participants have the same key.
    #[error("a dice key stands twice")]
    SameKey,
    /// The secret belongs to no participant.
    #[error("this secret's keys are not those of validator {0}")]
    ForeignSecret(ValidatorIndex),
    /// A dealing is none, or not one of this ceremony.
    #[error("dealing {0} is not one of this ceremony")]
    Dealing(usize),
    /// Too few dealings, or too few that are right.
    #[error("{found} dealings, and not enough of them are right: more than two thirds of {total} are needed")]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many there can be.
        total: u32,
    },
}

impl Secret {
    fn key(&self, number: u32) -> golden::PrivateKey {
        let mut hasher = blake3::Hasher::new_derive_key("bitcraps 2026 dice key of a ceremony");
        hasher.update(&*self.0).update(&number.to_le_bytes());
        golden::PrivateKey::random(ChaCha20Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// The public halves of the keys of a validator that will hold so many shares.
    pub fn participant(&self, shares: u32) -> Participant {
        Participant((0..shares).map(|number| self.key(number).public_key().encode().to_vec()).collect())
    }
}

impl Ceremony {
    /// The ceremony of a network. `draft` tells it from all others, failed attempts among them: all that the
    /// participants have agreed on. The powers are those of the participants, in order.
    pub fn new(
        draft: &[u8],
        participants: &[Participant],
        powers: &[u64],
    ) -> Result<Ceremony, CeremonyError> {
        let mut keys = Vec::new();
        for (validator, participant) in (0..).map(ValidatorIndex).zip(participants) {
            for (key, bytes) in participant.0.iter().enumerate() {
                let decoded = golden::PublicKey::decode(bytes.clone())
                    .map_err(|_| CeremonyError::Key { validator, key })?;
                keys.push((decoded, validator));
            }
        }
        keys.sort();
        let holders = keys.iter().map(|(_, validator)| *validator).collect();
        let shares = Shares::assigned(holders, powers)?;
        let keys: Vec<_> = keys.into_iter().map(|(key, _)| key).collect();
        let set = Set::try_from(keys.clone()).map_err(|_| CeremonyError::SameKey)?;
        let too_few = CeremonyError::TooFew { found: 0, total: shares.total() };
        let total = NonZeroU32::new(shares.total()).ok_or(too_few.clone())?;
        let namespace = [NAMESPACE, draft].concat();
        let info = Info::new::<N3f1>(&namespace, 0, None, set.clone(), set).map_err(|_| too_few)?;
        Ok(Ceremony { setup: Setup::new(total), info, keys, shares })
    }

    /// Who will hold which share.
    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    /// The dealings of one validator, one for each of its keys. `entropy` must be secret and used once.
    pub fn deal(
        &self,
        me: ValidatorIndex,
        secret: &Secret,
        entropy: [u8; 32],
    ) -> Result<Vec<Dealing>, CeremonyError> {
        let mut rng = ChaCha20Rng::from_seed(entropy);
        self.keys_of(me, secret)?
            .iter()
            .map(|key| {
                golden::deal(&mut rng, &self.setup, &self.info, key, None, &Sequential)
                    .map(|dealing| Dealing(dealing.encode().to_vec()))
                    .map_err(|_| CeremonyError::ForeignSecret(me))
            })
            .collect()
    }

    /// The group key that these dealings give. Everyone must use the same ones. `entropy`: unknown to the dealers.
    pub fn group(&self, dealings: &[Dealing], entropy: [u8; 32]) -> Result<GroupKey, CeremonyError> {
        let logs = self.identify(dealings)?;
        let mut rng = ChaCha20Rng::from_seed(entropy);
        golden::observe(&mut rng, &self.setup, &self.info, logs, &Sequential)
            .map(|output| GroupKey(output.public().encode().to_vec()))
            .map_err(|_| self.too_few(dealings))
    }

    /// The shares of one validator.
    pub fn take(
        &self,
        me: ValidatorIndex,
        secret: &Secret,
        dealings: &[Dealing],
        entropy: [u8; 32],
    ) -> Result<SecretShares, CeremonyError> {
        let logs = self.identify(dealings)?;
        let mut rng = ChaCha20Rng::from_seed(entropy);
        let mut shares = Vec::new();
        for key in self.keys_of(me, secret)? {
            let played = golden::play(&mut rng, &self.setup, &self.info, logs.clone(), &key, &Sequential);
            let (_, share) = played.map_err(|_| self.too_few(dealings))?;
            shares.push(share);
        }
        shares.sort_by_key(|share| share.index);
        Ok(secret_of(shares.iter()))
    }

    /// A validator's keys, if the secret is its own.
    fn keys_of(&self, me: ValidatorIndex, secret: &Secret) -> Result<Vec<golden::PrivateKey>, CeremonyError> {
        let held = self.shares.held_by(me);
        let keys: Vec<_> = (0..held.len() as u32).map(|number| secret.key(number)).collect();
        let own = |key: &golden::PrivateKey| {
            let public = key.public_key();
            held.iter().any(|share| self.keys[*share as usize] == public)
        };
        if keys.iter().all(own) { Ok(keys) } else { Err(CeremonyError::ForeignSecret(me)) }
    }

    fn too_few(&self, dealings: &[Dealing]) -> CeremonyError {
        CeremonyError::TooFew { found: dealings.len(), total: self.shares.total() }
    }

    fn identify(
        &self,
        dealings: &[Dealing],
    ) -> Result<BTreeMap<golden::PublicKey, golden::DealerLog>, CeremonyError> {
        let most = (NonZeroU32::new(Shares::MAX).expect("not zero"), ModeVersion::v0());
        let mut logs = BTreeMap::new();
        for (position, dealing) in dealings.iter().enumerate() {
            let (dealer, log) = SignedDealerLog::decode_cfg(dealing.0.clone(), &most)
                .ok()
                .and_then(|dealing| dealing.identify(&self.info))
                .ok_or(CeremonyError::Dealing(position))?;
            logs.insert(dealer, log);
        }
        Ok(logs)
    }
}

#[cfg(test)]
mod tests;
