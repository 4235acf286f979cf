//! The node's secret key on the disk, beside it the sign-state.
//!
//! The file `keys/node.key` is text: what it is, the public key, and the 32-byte seed. It and its directory are for
//! their owner alone, and are refused otherwise. Secrets are wiped from memory when done with, and are never printed.

pub mod sealed;

use crate::hex;
use bitcraps_types::ed25519::Ed25519;
use bitcraps_types::{PublicKey, Sign};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const HEADER: &str = "bitcraps-key 1 ed25519";

/// A secret key in memory.
pub struct NodeKey {
    seed: Zeroizing<[u8; 32]>,
    public: PublicKey,
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
        "there is no key at {0}: make one with `bitcraps-node keys create`, or bring it back from where it is kept"
    )]
    Missing(PathBuf),
    /// There is one already.
    #[error("{0} exists: a key is never overwritten")]
    Exists(PathBuf),
    /// Others may read it.
    #[error(
        "{path} has mode {mode:03o}, so others may read it: `chmod {wanted:o} {path}`; if they may have read it, make a new key"
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

impl NodeKey {
    /// A new key, from the system's randomness.
    pub fn generate() -> Result<NodeKey, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut seed[..]).map_err(KeyError::Entropy)?;
        Ok(NodeKey::from_seed(seed))
    }

    /// The key of a seed.
    pub fn from_seed(seed: Zeroizing<[u8; 32]>) -> NodeKey {
        let public = Ed25519::from_seed(*seed).public_key();
        NodeKey { seed, public }
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The secret itself, for the links, whose TLS identity it is.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Signs with it.
    pub fn signer(&self) -> Ed25519 {
        Ed25519::from_seed(*self.seed)
    }

    /// Writes it to a new file, durably. The directory is made if need be.
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |error| KeyError::Io { path: path.into(), error };
        if let Some(directory) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let mut file = match file {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(KeyError::Exists(path.into()));
            }
            file => file.map_err(failed)?,
        };
        let seed = Zeroizing::new(hex::encode(&self.seed[..]));
        let text =
            Zeroizing::new(format!("{HEADER}\npublic {}\nsecret {}\n", hex::encode(&self.public.0), &*seed));
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        crate::world::disk::sync_directory_of(path).map_err(failed)
    }

    /// Reads it from its file, which nobody but its owner may read.
    pub fn read(path: &Path) -> Result<NodeKey, KeyError> {
        let failed = |error| KeyError::Io { path: path.into(), error };
        check_permissions(path)?;
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
        let wrong = |why| KeyError::Format { path: path.into(), why };
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err(wrong(
                "the first line is not `bitcraps-key 1 ed25519`: it is no key of this version",
            ));
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ').map(str::trim);
        let public = field("public").and_then(hex::decode::<32>);
        let seed = field("secret").and_then(hex::decode::<32>).map(Zeroizing::new);
        let (Some(public), Some(seed)) = (public, seed) else {
            return Err(wrong("expected the lines `public` and `secret`, each with 64 hexadecimal digits"));
        };
        let key = NodeKey::from_seed(seed);
        if key.public.0 != public {
            return Err(wrong("the secret is not that of the public key: the file is damaged"));
        }
        Ok(key)
    }
}

/// Refuses a key or its directory that others than the owner can reach.
pub fn check_permissions(path: &Path) -> Result<(), KeyError> {
    let mode = |path: &Path| match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.permissions().mode() & 0o777),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeyError::Missing(path.into())),
        Err(error) => Err(KeyError::Io { path: path.into(), error }),
    };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let wanted = [(Some(path), 0o600), (directory, 0o700)];
    for (path, wanted) in wanted.into_iter().filter_map(|(path, wanted)| Some((path?, wanted))) {
        let mode = mode(path)?;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open { path: path.into(), mode, wanted });
        }
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
        let key = NodeKey::generate().unwrap();
        key.write(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let read = NodeKey::read(&path).unwrap();
        assert_eq!((read.public(), read.seed()), (key.public(), key.seed()));
        assert!(matches!(key.write(&path), Err(KeyError::Exists(_))));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let (_home, path) = home();
        NodeKey::generate().unwrap().write(&path).unwrap();
        for (what, mode, back) in [(path.as_path(), 0o640, 0o600), (path.parent().unwrap(), 0o755, 0o700)] {
            fs::set_permissions(what, fs::Permissions::from_mode(mode)).unwrap();
            let refused = NodeKey::read(&path);
            assert!(matches!(refused, Err(KeyError::Open { wanted, .. }) if wanted == back));
            fs::set_permissions(what, fs::Permissions::from_mode(back)).unwrap();
        }
        assert!(NodeKey::read(&path).is_ok());
    }

    #[test]
    fn a_damaged_key_is_refused_and_its_error_shows_no_secret() {
        let (_home, path) = home();
        NodeKey::from_seed(Zeroizing::new([0xab; 32])).write(&path).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let other = hex::encode(&NodeKey::generate().unwrap().public().0);
        let public = whole.lines().nth(1).unwrap();
        for damaged in [
            whole.replace("ed25519", "rsa"),
            whole.replace("secret ab", "secret ac"),
            whole.replace("secret ab", "secret "),
            whole.replace(public, &format!("public {other}")),
            String::new(),
        ] {
            fs::write(&path, damaged).unwrap();
            let error = NodeKey::read(&path).err().unwrap();
            assert!(matches!(error, KeyError::Format { .. }));
            assert!(!error.to_string().contains("abab") && !format!("{error:?}").contains("abab"));
        }
    }
}
