//! The dice keys: their public halves, as a network's genesis and its handovers have them, and a validator's shares of the
//! secrets, in files of the validator's home.

use crate::hex;
use crate::keys::{KeyError, read_secret, write_secret};
use bitcraps_actors::ports::DiceKeys;
use bitcraps_beacon::bls::{self, BlsKey, SecretShares};
use bitcraps_beacon::{Shares, SharesError};
use bitcraps_casino::{Committee, DiceKey, Genesis};
use bitcraps_types::{PublicKey, ThresholdKey, ValidatorIndex};
use std::path::{Path, PathBuf};
use std::rc::Rc;
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

/// The public half of a genesis' key: what checks a network's dice, until the first handover.
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

/// The dice keys as one node has them. What it holds of a key lies in any of the files `dice*.shares` of a directory: they
/// are read when a committee begins to act.
pub struct KeysOfNode {
    /// Who the node is.
    pub me: PublicKey,
    /// Where the files lie.
    pub directory: PathBuf,
}

impl DiceKeys for KeysOfNode {
    fn key(&self, committee: &Committee, shares: &Shares) -> Option<Rc<dyn ThresholdKey>> {
        let public = || BlsKey::public(&committee.dice.group, shares).ok();
        let place = committee.validators.iter().position(|validator| validator.key == self.me);
        let validator = place.and_then(|place| u16::try_from(place).ok()).map(ValidatorIndex);
        let held = validator.map_or(&[][..], |validator| shares.held_by(validator));
        let own = || self.secrets().find_map(|secret| public()?.with_shares(&secret, held).ok());
        let key = if held.is_empty() { None } else { own() };
        Some(Rc::new(key.or_else(public)?))
    }
}

impl KeysOfNode {
    /// What the files hold; one that can't be read holds nothing.
    fn secrets(&self) -> impl Iterator<Item = SecretShares> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let ours = entries.map(|entry| entry.path()).filter(|path| is_of_shares(path));
        ours.filter_map(|path| read(&path).ok())
    }
}

fn is_of_shares(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("dice") && name.ends_with(".shares")
}

/// The public halves alone: what checks dice.
pub struct PublicKeys;

impl DiceKeys for PublicKeys {
    fn key(&self, committee: &Committee, shares: &Shares) -> Option<Rc<dyn ThresholdKey>> {
        Some(Rc::new(BlsKey::public(&committee.dice.group, shares).ok()?))
    }
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
