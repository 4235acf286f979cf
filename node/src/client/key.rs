//! A player's key in its file: what it is, the public key, the secret seed. For its owner alone.

use crate::gateway::api::hex;
use bitcraps_types::ed25519::Ed25519;
use bitcraps_types::{AccountId, PublicKey, Sign, Signature};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const HEADER: &str = "bitcraps-key 1 ed25519";

/// No key file is longer, in bytes.
const MAX_BYTES: u64 = 1 << 10;

/// Why a key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// A file operation failed.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// How.
        error: io::Error,
    },
    /// Others may read it.
    #[error("{path} has mode {mode:03o}, so others may read it: `chmod 600 {path}`")]
    Open {
        /// Which.
        path: PathBuf,
        /// As it is.
        mode: u32,
    },
    /// It is no key.
    #[error("{path}: {why}")]
    Format {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Entropy(getrandom::Error),
}

impl KeyFileError {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            KeyFileError::Io { .. } => 74,
            KeyFileError::Open { .. } | KeyFileError::Format { .. } => 65,
            KeyFileError::Entropy(_) => 70,
        }
    }
}

/// A player's secret key in memory.
pub struct PlayerKey {
    seed: Zeroizing<[u8; 32]>,
    signer: Ed25519,
}

impl PlayerKey {
    /// A new key, from the system's randomness.
    pub fn generate() -> Result<PlayerKey, KeyFileError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut seed[..]).map_err(KeyFileError::Entropy)?;
        Ok(PlayerKey::from_seed(seed))
    }

    /// The key of a seed.
    pub fn from_seed(seed: Zeroizing<[u8; 32]>) -> PlayerKey {
        let signer = Ed25519::from_seed(*seed);
        PlayerKey { seed, signer }
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.signer.public_key()
    }

    /// The account that it controls.
    pub fn account(&self) -> AccountId {
        AccountId::of_key(&self.public())
    }

    /// Writes it to a new file, durably.
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        let failed = |error| KeyFileError::Io { path: path.into(), error };
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let mut file = file.map_err(failed)?;
        let secret = Zeroizing::new(hex::encode(&self.seed[..]));
        let public = hex::encode(&self.public().0);
        let text = Zeroizing::new(format!("{HEADER}\npublic {public}\nsecret {}\n", &*secret));
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Reads it from its file.
    pub fn read(path: &Path) -> Result<PlayerKey, KeyFileError> {
        let failed = |error| KeyFileError::Io { path: path.into(), error };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Open { path: path.into(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
        let wrong = |why| KeyFileError::Format { path: path.into(), why };
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err(wrong("the first line is not `bitcraps-key 1 ed25519`"));
        }
        let mut field = |name: &str| {
            let value = lines.next()?.strip_prefix(name)?.strip_prefix(' ')?;
            hex::decode_exactly::<32>(value.trim()).ok()
        };
        let public = field("public");
        let seed = field("secret").map(Zeroizing::new);
        let (Some(public), Some(seed)) = (public, seed) else {
            return Err(wrong("expected the lines `public` and `secret`, each with 64 hexadecimal digits"));
        };
        let key = PlayerKey::from_seed(seed);
        if key.public().0 != public {
            return Err(wrong("the secret is not that of the public key: the file is damaged"));
        }
        Ok(key)
    }
}

impl Sign for PlayerKey {
    fn public_key(&self) -> PublicKey {
        self.public()
    }

    fn sign(&self, message: &[u8]) -> Signature {
        self.signer.sign(message)
    }
}
