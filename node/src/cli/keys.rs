//! `keys`: the node's secret key. It is made, sealed and brought back; it is never printed.

use super::{Context, Failure, code, say, say_json};
use crate::hex;
use crate::keys;
use crate::keys::sealed::{self, Cost, SealError};
use crate::sign_state;
use clap::{Args, Subcommand};
use serde_json::json;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// `keys`.
#[derive(Args, Debug)]
pub(super) struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Make a key that never signed, with its sign-state.
    Create,
    /// Show the public key, and what its sign-state says.
    Show {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a new key and keep the old one beside it.
    Rotate {
        /// I know that the validators of a network can't change yet: a validator that rotates its key is none any more.
        #[arg(long)]
        give_up_validator: bool,
    },
    /// Write the key to a file, sealed under a passphrase.
    Export {
        /// The file; it must not exist.
        file: PathBuf,
        /// The passphrase's file; its first line counts.
        #[arg(long, value_name = "FILE")]
        passphrase_file: PathBuf,
    },
    /// Bring a sealed key back.
    Import {
        /// The file.
        file: PathBuf,
        /// The passphrase's file; its first line counts.
        #[arg(long, value_name = "FILE")]
        passphrase_file: PathBuf,
    },
}

impl Keys {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        context.home.check_version()?;
        match self.action {
            Action::Create => {
                let key = context.home.create_key()?;
                say(format!("key  {}", hex::encode(&key.public().0)))
            }
            Action::Show { json } => show(context, json),
            Action::Rotate { give_up_validator } => rotate(context, give_up_validator),
            Action::Export { file, passphrase_file } => export(context, &file, &passphrase_file),
            Action::Import { file, passphrase_file } => import(context, &file, &passphrase_file),
        }
    }
}

fn show(context: &Context, as_json: bool) -> Result<(), Failure> {
    let key = context.home.read_key()?;
    let public = hex::encode(&key.public().0);
    let path = context.home.sign_state();
    let signed = sign_state::describe(&path).ok().flatten();
    let genesis = context.home.read_genesis()?;
    let validator = genesis.validators.iter().position(|validator| validator.key == key.public());
    if as_json {
        let (highest, floor) = signed.map_or((None, None), |(highest, floor)| (Some(highest), Some(floor)));
        return say_json(
            &json!({ "key": public, "validator": validator, "highest_signed": highest, "floor": floor }),
        );
    }
    say(format!("key             {public}"))?;
    say(format!("validator       {}", validator.map_or("no".into(), |index| index.to_string())))?;
    match signed {
        Some((highest, floor)) => say(format!("highest signed  {highest}\nsigns above     {floor}")),
        None => say(format!("sign-state      none at {}", path.display())),
    }
}

fn rotate(context: &Context, give_up_validator: bool) -> Result<(), Failure> {
    let home = &context.home;
    let _lock = home.lock()?;
    let old = home.read_key()?;
    let genesis = home.read_genesis()?;
    let is_validator = genesis.validators.iter().any(|validator| validator.key == old.public());
    if is_validator && !give_up_validator {
        return Err(Failure::new(
            code::CONFIG,
            "this key is a validator's in the genesis, and the validators of a network can't change yet: with another \
             key this node would only follow, and its vote would be missing. If the secret may have leaked, stop this \
             node, and agree with the other operators on a new network; if this node shall give its vote up, add \
             --give-up-validator",
        ));
    }
    let name = format!("retired-{}", &hex::encode(&old.public().0)[..16]);
    let retired = home.root().join("keys").join(name);
    if retired.exists() {
        return Err(Failure::new(code::CONFIG, format!("{} exists already", retired.display())));
    }
    DirBuilder::new().mode(0o700).create(&retired).map_err(Failure::io(&retired))?;
    let moves = [(home.sign_state(), "sign-state"), (home.key(), "node.key")];
    for (from, name) in moves.iter().filter(|(from, _)| from.exists()) {
        fs::rename(from, retired.join(name)).map_err(Failure::io(from))?;
    }
    let new = home.create_key()?;
    say(format!("old key  {}, kept in {}", hex::encode(&old.public().0), retired.display()))?;
    say(format!("new key  {}", hex::encode(&new.public().0)))?;
    say("the other nodes know this one by its key: put the new one into their p2p.peers")
}

fn export(context: &Context, file: &Path, passphrase_file: &Path) -> Result<(), Failure> {
    let key = context.home.read_key()?;
    let passphrase = passphrase(passphrase_file)?;
    let text = sealed::seal(&key, passphrase.as_bytes(), Cost::RECOMMENDED)
        .map_err(|error| sealing(file, &error))?;
    let mut out =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(Failure::io(file))?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(Failure::io(file))?;
    say(format!(
        "sealed into {}; the sign-state is not in it: whoever brings the key back must say how far it signed",
        file.display()
    ))
}

fn import(context: &Context, file: &Path, passphrase_file: &Path) -> Result<(), Failure> {
    let _lock = context.home.lock()?;
    let text = fs::read_to_string(file).map_err(Failure::io(file))?;
    let passphrase = passphrase(passphrase_file)?;
    let key = sealed::open(&text, passphrase.as_bytes()).map_err(|error| sealing(file, &error))?;
    let path = context.home.sign_state();
    if path.exists() {
        return Err(Failure::new(
            code::CONFIG,
            format!("{} is another key's: move it away with that key", path.display()),
        ));
    }
    key.write(&context.home.key())?;
    say(format!("key  {}", hex::encode(&key.public().0)))?;
    say(
        "it has no sign-state here: make sure that no other node runs with it, then start once with `run --sign-above \
         HEIGHT`, some heights above the network's",
    )
}

fn sealing(file: &Path, error: &SealError) -> Failure {
    Failure::new(code::DATA, format!("{}: {error}", file.display()))
}

fn passphrase(file: &Path) -> Result<Zeroizing<String>, Failure> {
    keys::check_file(file)?;
    let text = Zeroizing::new(fs::read_to_string(file).map_err(Failure::io(file))?);
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}
