//! Backups: what a node needs to go on elsewhere, checked by going on with it.
//!
//! A backup is a directory: the genesis, the configuration, the snapshot of the state, the decided blocks after it, and
//! a manifest with the BLAKE3 hash of each file. It never has the key or the sign-state: with an old sign-state a
//! restored node could sign twice, and a key in a backup is a key on a shelf.
//!
//! It is made from the files of a node that may run meanwhile, without asking it: the snapshot's file is only ever
//! replaced as a whole, and that of the blocks only added to or replaced as a whole. The snapshot is copied first, so that
//! the blocks copied after it reach back to it; what was being written at the end is cut off. Then the copy is replayed.
//! Only if that works is the manifest written, and without a manifest a directory is no backup. The archive of older
//! blocks is not copied: every other node has it, and a node goes on without it.

use crate::dice::PublicKeys;
use crate::genesis_file;
use crate::home::{Home, HomeError};
use crate::world::disk;
use bitcraps_actors::JournalError;
use bitcraps_actors::files::{BLOCKS, CONSENSUS, ReplayError, Replayed, SNAPSHOT, replay, whole_blocks};
use bitcraps_types::WallTime;
use bitcraps_types::ed25519::Ed25519Verifier;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const GENESIS: &str = "genesis.json";
const CONFIG: &str = "node.toml";

/// What stands in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// The network.
    pub chain_id: String,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// The height that a node goes on from.
    pub height: u64,
    /// The state root there.
    pub root: String,
    files: Vec<FileEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    name: String,
    bytes: u64,
    blake3: String,
}

/// Why there is no good backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file operation failed.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// How.
        error: io::Error,
    },
    /// The directory has something in it.
    #[error("{0} is not empty: give another directory")]
    NotEmpty(PathBuf),
    /// It is no backup.
    #[error("{path}: {why}")]
    Manifest {
        /// Where.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A file is not the one that was written.
    #[error("{0} is not what the manifest says: the backup is damaged")]
    Changed(PathBuf),
    /// The blocks can't be read.
    #[error("the file `blocks`: {0}")]
    Blocks(#[from] JournalError),
    /// What is in it does not replay.
    #[error("the backup does not replay: {0}")]
    Replay(#[from] ReplayError),
    /// It replays to something else than the manifest says.
    #[error(
        "the backup replays to height {found}, not to {expected} as its manifest says, or to another root"
    )]
    Other {
        /// As the manifest says.
        expected: u64,
        /// As replayed.
        found: u64,
    },
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |error| BackupError::Io { path: path.into(), error }
}

/// Makes a backup of a home, whose node may run, in a new directory.
pub fn create(home: &Home, directory: &Path, now: WallTime) -> Result<Manifest, BackupError> {
    home.check_version()?;
    let genesis = home.read_genesis()?;
    fs::create_dir_all(directory).map_err(at(directory))?;
    if fs::read_dir(directory).map_err(at(directory))?.next().is_some() {
        return Err(BackupError::NotEmpty(directory.into()));
    }
    let read = |path: PathBuf| disk::read(&path).map_err(at(&path));
    let snapshot = read(home.data().join(SNAPSHOT))?;
    let mut blocks = read(home.data().join(BLOCKS))?;
    blocks.truncate(whole_blocks(&blocks)?);
    let replayed = replay(&genesis, &snapshot, &blocks, &Ed25519Verifier, &PublicKeys)?;
    let contents = [
        (GENESIS, genesis_file::to_json(&genesis).into_bytes()),
        (CONFIG, read(home.config())?),
        (SNAPSHOT, snapshot),
        (BLOCKS, blocks),
    ];
    let mut files = Vec::new();
    for (name, content) in contents {
        let path = directory.join(name);
        disk::replace(&path, &content).map_err(at(&path))?;
        let blake3 = blake3::hash(&content).to_hex().to_string();
        files.push(FileEntry { name: name.into(), bytes: content.len() as u64, blake3 });
    }
    let manifest = Manifest {
        format: FORMAT,
        chain_id: genesis.chain_id().to_string(),
        created: now.0 / 1_000_000_000,
        height: replayed.height,
        root: replayed.root.to_string(),
        files,
    };
    let path = directory.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest).expect("text is JSON");
    disk::replace(&path, &text).map_err(at(&path))?;
    Ok(manifest)
}

/// Checks a backup: each file against its hash, then everything by replaying it from a temporary copy. The state root is
/// compared with the one that the network decided.
pub fn verify(directory: &Path) -> Result<(Manifest, Replayed), BackupError> {
    let manifest = read_manifest(directory)?;
    let wrong = |why: String| BackupError::Manifest { path: directory.join(MANIFEST), why };
    for name in [GENESIS, CONFIG, SNAPSHOT, BLOCKS] {
        let path = directory.join(name);
        let entry = manifest.files.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| wrong(format!("it does not name the file `{name}`")))?;
        let content = fs::read(&path).map_err(at(&path))?;
        let same =
            content.len() as u64 == entry.bytes && blake3::hash(&content).to_hex().as_str() == entry.blake3;
        if !same {
            return Err(BackupError::Changed(path));
        }
    }
    let genesis = genesis_file::read(&directory.join(GENESIS)).map_err(HomeError::from)?;
    if genesis.chain_id().to_string() != manifest.chain_id {
        return Err(wrong("its chain id is not that of its genesis".into()));
    }
    let read = |name: &str| {
        let path = directory.join(name);
        fs::read(&path).map_err(at(&path))
    };
    let replayed = replay(&genesis, &read(SNAPSHOT)?, &read(BLOCKS)?, &Ed25519Verifier, &PublicKeys)?;
    if (replayed.height, replayed.root.to_string()) != (manifest.height, manifest.root.clone()) {
        return Err(BackupError::Other { expected: manifest.height, found: replayed.height });
    }
    Ok((manifest, replayed))
}

/// Brings a backup back into a home whose node does not run. The data that is there is kept beside it; the path of that is
/// told. The consensus journal begins empty: the sign-state, which stays, then keeps the node from signing where it may
/// have signed before.
pub fn restore(directory: &Path, home: &Home) -> Result<(Manifest, Option<PathBuf>), BackupError> {
    let (manifest, _) = verify(directory)?;
    if home.check_version().is_err_and(|error| matches!(error, HomeError::NotAHome(_))) {
        home.create()?;
    }
    let _lock = home.lock()?;
    if home.genesis().exists() {
        let ours = home.read_genesis()?.chain_id().to_string();
        if ours != manifest.chain_id {
            let why = format!("it is of the network {}, and this home of {ours}", manifest.chain_id);
            return Err(BackupError::Manifest { path: directory.join(MANIFEST), why });
        }
    }
    let incoming = home.root().join("data.incoming");
    if incoming.exists() {
        fs::remove_dir_all(&incoming).map_err(at(&incoming))?;
    }
    fs::create_dir(&incoming).map_err(at(&incoming))?;
    let copy = |name: &str, to: &Path| {
        let content = fs::read(directory.join(name)).map_err(at(&directory.join(name)))?;
        disk::replace(to, &content).map_err(at(to))
    };
    for name in [SNAPSHOT, BLOCKS] {
        copy(name, &incoming.join(name))?;
    }
    disk::replace(&incoming.join(CONSENSUS), &[]).map_err(at(&incoming))?;
    for (name, to) in [(GENESIS, home.genesis()), (CONFIG, home.config())] {
        if !to.exists() {
            copy(name, &to)?;
        }
    }
    let data = home.data();
    let kept = fs::read_dir(&data).is_ok_and(|mut entries| entries.next().is_some());
    let old = kept.then(|| unused(home.root()));
    match &old {
        Some(old) => fs::rename(&data, old).map_err(at(&data))?,
        None if data.exists() => fs::remove_dir(&data).map_err(at(&data))?,
        None => {}
    }
    fs::rename(&incoming, &data).map_err(at(&data))?;
    disk::sync_directory_of(&data).map_err(at(&data))?;
    Ok((manifest, old))
}

/// A name in the home for the data that is replaced.
fn unused(root: &Path) -> PathBuf {
    (1..).map(|n| root.join(format!("data.replaced-{n}"))).find(|path| !path.exists()).expect("a free name")
}

fn read_manifest(directory: &Path) -> Result<Manifest, BackupError> {
    let path = directory.join(MANIFEST);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let why = "there is none, so this is no backup, or one that was not finished".into();
            return Err(BackupError::Manifest { path, why });
        }
        read => read.map_err(at(&path))?,
    };
    parse_manifest(&text).map_err(|why| BackupError::Manifest { path, why })
}

pub(crate) fn parse_manifest(text: &[u8]) -> Result<Manifest, String> {
    let manifest: Manifest = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if manifest.format != FORMAT {
        return Err(format!("its format is {}, and this program reads {FORMAT}", manifest.format));
    }
    Ok(manifest)
}
