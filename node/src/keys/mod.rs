//! Secret keys on the disk, of nodes and of players.
//!
//! The file is text: what it is, the public key, and the 32-byte seed. It is for its owner alone, and is refused
//! otherwise; so is the directory of a node's key. Secrets are wiped from memory when
//! done with, save for copies that the libraries of Ed25519 and TLS make of theirs, and are never printed.

pub mod sealed;

use crate::hex;
use bitcraps_types::ed25519::Ed25519;
use bitcraps_types::{AccountId, PublicKey, Sign, Signature};
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const HEADER: &str = "bitcraps-key 1 ed25519";

/// No key file is longer, in bytes.
const MAX_BYTES: u64 = 1 << 10;

/// A secret key in memory.
pub struct SecretKey {
    seed: Zeroizing<[u8; 32]>,
    public: PublicKey,
    signer: Ed25519,
}

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file operation failed.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// How.
        error: io::Error,
    },
    /// There is none.
    #[error(
        "there is no key at {0}: make one (`keys create` for a node, `client keygen` for a player), or bring it back from \
         where it is kept"
    )]
    Missing(PathBuf),
    /// There is one already.
    #[error("{0} exists: a key is never overwritten")]
    Exists(PathBuf),
    /// Others may read it.
    #[error(
        "{path} has mode {mode:03o}, so others may read it: `chmod {wanted:o} {path}`; if they may have read it, make a new one"
    )]
    Open {
        /// Which file or directory.
        path: PathBuf,
        /// As it is.
        mode: u32,
        /// As it must be.
        wanted: u32,
    },
    /// It is none.
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

impl SecretKey {
    /// A new key, from the system's randomness.
    pub fn generate() -> Result<SecretKey, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut seed[..]).map_err(KeyError::Entropy)?;
        Ok(SecretKey::from_seed(seed))
    }

    /// The key of a seed.
    pub fn from_seed(seed: Zeroizing<[u8; 32]>) -> SecretKey {
        let signer = Ed25519::from_seed(*seed);
        SecretKey { seed, public: signer.public_key(), signer }
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The account that it controls.
    pub fn account(&self) -> AccountId {
        AccountId::of_key(&self.public)
    }

    /// The secret itself, for the links, whose TLS identity it is.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Signs with it, for whoever is to own that.
    pub fn signer(&self) -> Ed25519 {
        Ed25519::from_seed(*self.seed)
    }

    /// Writes it to a new file, durably. The directory is made if need be.
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        write_secret(path, &self.text())
    }

    /// The content of its file.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(hex::encode(&self.seed[..]));
        Zeroizing::new(format!("{HEADER}\npublic {}\nsecret {}\n", hex::encode(&self.public.0), &*seed))
    }

    /// Reads it from its file, which nobody but its owner may read.
    pub fn read(path: &Path) -> Result<SecretKey, KeyError> {
        let text = read_secret(path, MAX_BYTES)?;
        SecretKey::parse(&text).map_err(|why| KeyError::Format { path: path.into(), why })
    }

    /// Reads it from the content of its file.
    pub(crate) fn parse(text: &str) -> Result<SecretKey, &'static str> {
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err("the first line is not `bitcraps-key 1 ed25519`: it is no key of this version");
        }
        let mut field = |name: &str| {
            let value = lines.next()?.strip_prefix(name)?.strip_prefix(' ')?;
            hex::decode_exactly::<32>(value.trim()).ok()
        };
        let public = field("public");
        let seed = field("secret").map(Zeroizing::new);
        let (Some(public), Some(seed)) = (public, seed) else {
            return Err("expected the lines `public` and `secret`, each with 64 hexadecimal digits");
        };
        let key = SecretKey::from_seed(seed);
        if key.public.0 != public {
            return Err("the secret is not that of the public key: the file is damaged");
        }
        Ok(key)
    }
}

impl Sign for SecretKey {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Signature {
        self.signer.sign(message)
    }
}

/// Writes a secret to a new file of its owner's alone, durably. The directory is made if need be.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), KeyError> {
    let failed = |error| KeyError::Io { path: path.into(), error };
    if let Some(directory) = directory_of(path) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(KeyError::Exists(path.into()));
        }
        file => file.map_err(failed)?,
    };
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    crate::world::disk::sync_directory_of(path).map_err(failed)
}

/// Reads a secret of at most so many bytes from its file, which nobody but its owner may read.
pub(crate) fn read_secret(path: &Path, max_bytes: u64) -> Result<Zeroizing<String>, KeyError> {
    let failed = |error| KeyError::Io { path: path.into(), error };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyError::Missing(path.into()));
        }
        file => file.map_err(failed)?,
    };
    // Asked of the open file: what is read is what was looked at.
    check_mode(path, &file.metadata().map_err(failed)?, 0o600)?;
    let mut text = Zeroizing::new(String::with_capacity(max_bytes as usize));
    file.take(max_bytes).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Refuses a key's directory that others than the owner can reach.
pub fn check_directory(path: &Path) -> Result<(), KeyError> {
    let Some(directory) = directory_of(path) else { return Ok(()) };
    match fs::metadata(directory) {
        Ok(metadata) => check_mode(directory, &metadata, 0o700),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeyError::Missing(path.into())),
        Err(error) => Err(KeyError::Io { path: directory.into(), error }),
    }
}

/// Refuses a file with a secret in it that others than the owner can read.
pub fn check_file(path: &Path) -> Result<(), KeyError> {
    let metadata = fs::metadata(path).map_err(|error| KeyError::Io { path: path.into(), error })?;
    check_mode(path, &metadata, 0o600)
}

fn directory_of(path: &Path) -> Option<&Path> {
    path.parent().filter(|parent| !parent.as_os_str().is_empty())
}

fn check_mode(path: &Path, metadata: &Metadata, wanted: u32) -> Result<(), KeyError> {
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { path: path.into(), mode, wanted });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("keys/node.key");
        (home, path)
    }

    #[test]
    fn a_key_comes_back_from_its_file_which_is_its_owners_alone() {
        let (_home, path) = home();
        let key = SecretKey::generate().unwrap();
        key.write(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let read = SecretKey::read(&path).unwrap();
        assert_eq!((read.public(), read.seed()), (key.public(), key.seed()));
        assert_eq!(read.public_key(), key.public());
        assert!(matches!(key.write(&path), Err(KeyError::Exists(_))));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let (_home, path) = home();
        SecretKey::generate().unwrap().write(&path).unwrap();
        for (what, mode, back) in [(path.as_path(), 0o640, 0o600), (path.parent().unwrap(), 0o755, 0o700)] {
            fs::set_permissions(what, fs::Permissions::from_mode(mode)).unwrap();
            let refused = check_directory(&path).and_then(|()| SecretKey::read(&path));
            assert!(matches!(refused, Err(KeyError::Open { wanted, .. }) if wanted == back));
            fs::set_permissions(what, fs::Permissions::from_mode(back)).unwrap();
        }
        assert!(SecretKey::read(&path).is_ok());
    }

    #[test]
    fn a_damaged_key_is_refused_and_its_error_shows_no_secret() {
        let (_home, path) = home();
        SecretKey::from_seed(Zeroizing::new([0xab; 32])).write(&path).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let other = hex::encode(&SecretKey::generate().unwrap().public().0);
        let public = whole.lines().nth(1).unwrap();
        for damaged in [
            whole.replace("ed25519", "rsa"),
            whole.replace("secret ab", "secret ac"),
            whole.replace("secret ab", "secret "),
            whole.replace(public, &format!("public {other}")),
            String::new(),
        ] {
            fs::write(&path, damaged).unwrap();
            let error = SecretKey::read(&path).err().unwrap();
            assert!(matches!(error, KeyError::Format { .. }));
            assert!(!error.to_string().contains("abab") && !format!("{error:?}").contains("abab"));
        }
    }
}
