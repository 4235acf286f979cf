//! A node's home: one directory with all that it has. Where each thing is, who holds it, and of which version it is.
//!
//! ```text
//! config/node.toml      what the operator set
//! config/genesis.json   the network
//! keys/node.key         the secret key; keys/sign-state: what it has signed. Never in a backup.
//! keys/dice*.shares     a validator's shares of the dice keys, one file for each committee. Never in a backup either.
//! data/                 the journal, the snapshot, the archive, the address book
//! LOCK                  locked by the process that uses the home
//! VERSION               of this layout
//! ```

use crate::dice::DiceKeyError;
use crate::genesis_file::{self, GenesisFileError};
use crate::keys::{self, KeyError, SecretKey};
use crate::sign_state::{SignState, SignStateError};
use crate::world::disk;
use bitcraps_casino::Genesis;
use bitcraps_types::{Digest, GroupKey};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The layout that this program reads and writes.
pub const VERSION: u32 = 1;

/// A node's home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// The right to use a home, until it is dropped.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

/// Why a home can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// It is none.
    #[error("{0} is no node's home: make one with `bitcraps-node init`")]
    NotAHome(PathBuf),
    /// Another process uses it.
    #[error("{0} is in use by another process: stop that node first (its process is named in the file LOCK)")]
    Busy(PathBuf),
    /// Another version wrote it.
    #[error(
        "{path} is of layout {found}, and this program reads layout {VERSION}: use the program of its version"
    )]
    Version {
        /// Where.
        path: PathBuf,
        /// As it says.
        found: String,
    },
    /// Something is there already.
    #[error("{0} exists already: give another --home, or move it away")]
    Exists(PathBuf),
    /// A file operation failed.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// How.
        error: io::Error,
    },
    /// The genesis.
    #[error(transparent)]
    Genesis(#[from] GenesisFileError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The dice key.
    #[error(transparent)]
    Dice(#[from] DiceKeyError),
    /// The sign-state.
    #[error(transparent)]
    SignState(#[from] SignStateError),
}

impl Home {
    /// The home at a path. Nothing is read or written.
    pub fn at(root: impl Into<PathBuf>) -> Home {
        Home { root: root.into() }
    }

    /// Where a home is if nobody says: `$XDG_DATA_HOME/bitcraps`, `~/.local/share/bitcraps`, `/var/lib/bitcraps`.
    pub fn default_path(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        set("XDG_DATA_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".local/share")))
            .map_or_else(|| PathBuf::from("/var/lib/bitcraps"), |base| base.join("bitcraps"))
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.root.join("config/node.toml")
    }

    /// The genesis.
    pub fn genesis(&self) -> PathBuf {
        self.root.join("config/genesis.json")
    }

    /// Where the secrets lie.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The secret key.
    pub fn key(&self) -> PathBuf {
        self.root.join("keys/node.key")
    }

    /// A validator's secret in the ceremony that makes the dice key. It is gone when that is over.
    pub fn dice_secret(&self) -> PathBuf {
        self.root.join("keys/dice.secret")
    }

    /// A validator's shares of the dice key.
    pub fn dice_shares(&self) -> PathBuf {
        self.root.join("keys/dice.shares")
    }

    /// A validator's shares of the dice key of a committee after a handover.
    pub fn dice_shares_of(&self, group: &GroupKey) -> PathBuf {
        let name = Digest::of("home/dice shares", &group.0);
        self.root.join(format!("keys/dice-{}.shares", &name.to_string()[..16]))
    }

    /// What the key has signed. Beside the key itself: if that is a link into another home, so is this.
    pub fn sign_state(&self) -> PathBuf {
        let key = self.key();
        fs::canonicalize(&key).unwrap_or(key).with_file_name("sign-state")
    }

    /// What the node writes.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// All decided blocks.
    pub fn archive(&self) -> PathBuf {
        self.data().join("archive.redb")
    }

    /// When each peer was last seen.
    pub fn address_book(&self) -> PathBuf {
        self.data().join("addrbook.json")
    }

    /// When the last backup was made, and where.
    pub fn last_backup(&self) -> PathBuf {
        self.data().join("last-backup.json")
    }

    /// Makes the directories and the version. Fails if the home exists.
    pub fn create(&self) -> Result<(), HomeError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| HomeError::Io { path, error }
        };
        if self.version_file().exists() || self.config().exists() || self.key().exists() {
            return Err(HomeError::Exists(self.root.clone()));
        }
        for (directory, mode) in [("config", 0o755), ("keys", 0o700), ("data", 0o755)] {
            let path = self.root.join(directory);
            DirBuilder::new().recursive(true).mode(mode).create(&path).map_err(failed(&path))?;
        }
        let version = self.version_file();
        disk::replace(&version, format!("{VERSION}\n").as_bytes()).map_err(failed(&version))
    }

    /// Makes a key that has never signed, with its sign-state.
    pub fn create_key(&self) -> Result<SecretKey, HomeError> {
        let key = SecretKey::generate()?;
        self.keep_key(&key)?;
        Ok(key)
    }

    /// Writes a key that never signed anything, with a sign-state that says so.
    pub fn keep_key(&self, key: &SecretKey) -> Result<(), HomeError> {
        key.write(&self.key())?;
        Ok(SignState::create(&self.sign_state(), &key.public())?)
    }

    /// The key. Refused if others can reach it or its directory.
    pub fn read_key(&self) -> Result<SecretKey, KeyError> {
        keys::check_directory(&self.key())?;
        SecretKey::read(&self.key())
    }

    /// Refuses what is no home, or one of another version.
    pub fn check_version(&self) -> Result<(), HomeError> {
        let path = self.version_file();
        match fs::read_to_string(&path) {
            Ok(text) if text.trim() == VERSION.to_string() => Ok(()),
            Ok(text) => Err(HomeError::Version { path: self.root.clone(), found: text.trim().into() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(HomeError::NotAHome(self.root.clone()))
            }
            Err(error) => Err(HomeError::Io { path, error }),
        }
    }

    /// Takes the home for this process.
    pub fn lock(&self) -> Result<HomeLock, HomeError> {
        self.check_version()?;
        let path = self.root.join("LOCK");
        let failed = |error| HomeError::Io { path: path.clone(), error };
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(HomeError::Busy(self.root.clone())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Only for people: the lock is what counts.
        fs::write(&path, format!("{}\n", std::process::id())).map_err(failed)?;
        Ok(HomeLock { _file: file })
    }

    /// The network.
    pub fn read_genesis(&self) -> Result<Genesis, HomeError> {
        Ok(genesis_file::read(&self.genesis())?)
    }

    fn version_file(&self) -> PathBuf {
        self.root.join("VERSION")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_has_one_user_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path().join("home"));
        assert!(matches!(home.lock(), Err(HomeError::NotAHome(_))));
        home.create().unwrap();
        assert!(matches!(home.create(), Err(HomeError::Exists(_))));
        let held = home.lock().unwrap();
        assert!(matches!(home.lock(), Err(HomeError::Busy(_))));
        drop(held);
        home.lock().unwrap();
    }

    #[test]
    fn a_home_of_another_version_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path());
        home.create().unwrap();
        fs::write(directory.path().join("VERSION"), "2\n").unwrap();
        assert!(matches!(home.lock(), Err(HomeError::Version { found, .. }) if found == "2"));
    }

    #[test]
    fn the_default_home_follows_the_environment() {
        let path = |set: &[(&str, &str)]| {
            let set: Vec<_> = set.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            Home::default_path(move |name| {
                set.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            })
        };
        assert_eq!(path(&[("XDG_DATA_HOME", "/x"), ("HOME", "/h")]), Path::new("/x/bitcraps"));
        assert_eq!(path(&[("XDG_DATA_HOME", ""), ("HOME", "/h")]), Path::new("/h/.local/share/bitcraps"));
        assert_eq!(path(&[]), Path::new("/var/lib/bitcraps"));
    }
}
