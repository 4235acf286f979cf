//! `backup create`, `verify`, `restore`.

use super::{Context, Failure, code, say, say_json};
use crate::backup::{self, BackupError};
use crate::home::HomeError;
use crate::world::{SystemClock, disk};
use bitcraps_actors::ports::Clock;
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

/// `backup`.
#[derive(Args, Debug)]
pub(super) struct Backup {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Copy the state away. The node may run meanwhile. The key and the sign-state are never copied.
    Create {
        /// A directory that does not exist, or is empty.
        dir: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Replay a backup, and compare its state root with the one that the network decided.
    Verify {
        /// The backup.
        dir: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Bring a backup back into this home, whose node must not run. What is in its way is kept beside it.
    Restore {
        /// The backup.
        dir: PathBuf,
    },
}

impl Backup {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::Create { dir, json: as_json } => {
                let now = SystemClock::new().wall();
                let manifest = backup::create(&context.home, &dir, now).map_err(failure)?;
                let told = json!({ "dir": dir.display().to_string(), "height": manifest.height, "root": manifest.root, "created": manifest.created });
                let path = context.home.last_backup();
                disk::replace(&path, told.to_string().as_bytes()).map_err(Failure::io(&path))?;
                if as_json {
                    return say_json(&told);
                }
                say(format!("height {} in {}", manifest.height, dir.display()))
            }
            Action::Verify { dir, json: as_json } => {
                let (manifest, replayed) = backup::verify(&dir).map_err(failure)?;
                if as_json {
                    let certified = replayed
                        .certified
                        .map(|(height, root)| json!({ "height": height, "root": root.to_string() }));
                    return say_json(&json!({
                        "height": manifest.height,
                        "root": manifest.root,
                        "blocks": replayed.blocks,
                        "from": replayed.from,
                        "certified": certified,
                    }));
                }
                say(format!(
                    "{} blocks after height {} replayed to height {}",
                    replayed.blocks, replayed.from, replayed.height
                ))?;
                match replayed.certified {
                    Some((height, root)) => say(format!(
                        "good: the state after block {height} has the root that the network decided, {root}"
                    )),
                    None => say(
                        "good as far as it goes: no block follows its state, so nothing certifies the root",
                    ),
                }
            }
            Action::Restore { dir } => {
                let (manifest, old) = backup::restore(&dir, &context.home).map_err(failure)?;
                say(format!("restored to height {}", manifest.height))?;
                if let Some(old) = old {
                    say(format!("the data before is kept in {}", old.display()))?;
                }
                if !context.home.key().exists() {
                    say(
                        "there is no key here: bring it back with `keys import`, or make one with `keys create`",
                    )?;
                } else if !context.home.sign_state().exists() {
                    say("there is no sign-state here: the first start needs `run --sign-above HEIGHT`")?;
                }
                Ok(())
            }
        }
    }
}

fn failure(error: BackupError) -> Failure {
    let code = match error {
        BackupError::Home(HomeError::Busy(_)) => code::BUSY,
        BackupError::Home(error) => return error.into(),
        BackupError::Io { .. } => code::IO,
        BackupError::NotEmpty(_) => code::USAGE,
        BackupError::Manifest { .. }
        | BackupError::Changed(_)
        | BackupError::Blocks(_)
        | BackupError::Replay(_)
        | BackupError::Other { .. } => code::DATA,
    };
    Failure::new(code, error.to_string())
}
