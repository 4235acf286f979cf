//! The dice key: its public half, as a network's genesis has it, and a validator's shares of the secret, in a file of
//! the validator's home.

use crate::hex;
use crate::keys::{KeyError, read_secret, write_secret};
use bitcraps_beacon::bls::{self, BlsKey, SecretShares};
use bitcraps_beacon::{Shares, SharesError};
use bitcraps_casino::{DiceKey, Genesis};
use bitcraps_types::{PublicKey, ValidatorIndex};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const HEADER: &str = "bitcraps-dice-shares 1 bls12381";

/// The most bytes of a file of shares: all of them, in hexadecimal.
const MAX_BYTES: u64 = 128 << 10;

/// Why a dice key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DiceKeyError {
    /// Its shares are not the validators'.
    #[error("the dice key of the genesis: {0}")]
    Shares(#[from] SharesError),
    /// Its public half is none.
    #[error("the dice key of the genesis: {0}")]
    Group(bls::KeyError),
    /// The file of the secret shares.
    #[error(transparent)]
    File(#[from] KeyError),
    /// The secret shares.
    #[error("{path}: {error}: take those of this network with `bitcraps-node dice take`")]
    Secret {
        /// Where.
        path: PathBuf,
        /// What is wrong with them.
        error: bls::KeyError,
    },
    /// A validator without shares.
    #[error(
        "this node is validator {validator}, and its shares of the dice key are not at {path}: take them with `bitcraps-node dice take`, or bring them back from where they are kept"
    )]
    Missing {
        /// Which.
        validator: ValidatorIndex,
        /// Where they should be.
        path: PathBuf,
    },
}

/// The shares of a genesis' dice key.
pub fn shares(genesis: &Genesis) -> Result<Shares, SharesError> {
    Shares::assigned(genesis.dice.holders.clone(), &genesis.powers())
}

/// The public half: what checks a network's dice.
pub fn public(genesis: &Genesis) -> Result<BlsKey, DiceKeyError> {
    BlsKey::public(&genesis.dice.group, &shares(genesis)?).map_err(DiceKeyError::Group)
}

/// The dice key as the node with this key has it: with its shares, if it is a validator.
pub fn of_node(genesis: &Genesis, me: &PublicKey, file: &Path) -> Result<BlsKey, DiceKeyError> {
    let public = public(genesis)?;
    let position = genesis.validators.iter().position(|validator| validator.key == *me);
    let Some(validator) = position.and_then(|position| u16::try_from(position).ok()).map(ValidatorIndex)
    else {
        return Ok(public);
    };
    let path = file.to_owned();
    let secret = match read(file) {
        Err(KeyError::Missing(path)) => return Err(DiceKeyError::Missing { validator, path }),
        read => read?,
    };
    let shares = shares(genesis)?;
    public
        .with_shares(&secret, shares.held_by(validator))
        .map_err(|error| DiceKeyError::Secret { path, error })
}

/// A dice key for a network whose secrets all lie in one place, and the shares of each validator.
pub fn deal(powers: &[u64], seed: &[u8; 32]) -> Result<(DiceKey, Vec<SecretShares>), SharesError> {
    let shares = Shares::of(powers)?;
    let (group, secrets) = bls::deal(&shares, *seed).unwrap_or_default();
    Ok((DiceKey { group, holders: shares.holders().to_vec() }, secrets))
}

/// Writes shares to a new file, for its owner alone.
pub fn write(path: &Path, secret: &SecretShares) -> Result<(), KeyError> {
    let digits = Zeroizing::new(hex::encode(&secret.0));
    write_secret(path, &Zeroizing::new(format!("{HEADER}\nsecret {}\n", &*digits)))
}

fn read(path: &Path) -> Result<SecretShares, KeyError> {
    let text = read_secret(path, MAX_BYTES)?;
    let secret = text.strip_prefix(HEADER).and_then(|rest| rest.trim().strip_prefix("secret "));
    let bytes = secret.and_then(|digits| hex::decode(digits).ok());
    bytes.map(|bytes| SecretShares(Zeroizing::new(bytes))).ok_or(KeyError::Format {
        path: path.into(),
        why: "expected `bitcraps-dice-shares 1 bls12381` and a line `secret` with hexadecimal digits",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use bitcraps_types::ThresholdKey;

    #[test]
    fn shares_come_back_from_their_file_and_sign_together() {
        let directory = tempfile::tempdir().unwrap();
        let mut genesis = testing::genesis(1);
        let (key, secrets) = deal(&genesis.powers(), &[5; 32]).unwrap();
        genesis.dice = key;
        let mut partials = Vec::new();
        for (i, secret) in secrets.iter().enumerate().take(3) {
            let path = directory.path().join(format!("{i}"));
            write(&path, secret).unwrap();
            let key = of_node(&genesis, &genesis.validators[i].key, &path).unwrap();
            partials.push((i as u32, key.sign(b"m")[0]));
        }
        assert!(public(&genesis).unwrap().combine(b"m", &partials).is_some());

        let of = |validator: usize, file: &str| {
            of_node(&genesis, &genesis.validators[validator].key, &directory.path().join(file))
        };
        assert!(matches!(of(1, "0"), Err(DiceKeyError::Secret { .. })), "another's");
        assert!(matches!(of(1, "none"), Err(DiceKeyError::Missing { validator: ValidatorIndex(1), .. })));
        let stranger = of_node(&genesis, &PublicKey([9; 32]), &directory.path().join("none")).unwrap();
        assert!(stranger.sign(b"m").is_empty());
        genesis.dice.holders.pop();
        assert!(matches!(public(&genesis), Err(DiceKeyError::Shares(_))));
    }
}
