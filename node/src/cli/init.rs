//! `init`: a home for one node.

use super::{Context, Failure, code, say, say_json};
use crate::dice;
use crate::genesis_file;
use crate::home::Home;
use crate::keys::SecretKey;
use crate::world::disk;
use bitcraps_beacon::bls::SecretShares;
use bitcraps_casino::{DiceKey, Genesis, GenesisValidator, Policy, TableConfig};
use bitcraps_tables::CrapsRules;
use bitcraps_types::ed25519::{DICE_SECRET, secret_of_test_network};
use bitcraps_types::{Protocol, TableId};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// What the bank of a network made here starts with.
pub(super) const BANK: u64 = 1_000_000_000_000;
/// What its player starts with.
pub(super) const PLAYER: u64 = 1_000_000_000;

/// `init`.
#[derive(Args, Debug)]
pub(super) struct Init {
    /// The genesis of the network to take part in. Without it, a network of this node alone, for trying out.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// The name of a network made here.
    #[arg(long, default_value = "alone", conflicts_with = "genesis")]
    network: String,
    /// Its consensus protocol: pbft, tendermint or hotstuff.
    #[arg(long, default_value_t = Protocol::Tendermint, value_parser = super::testnet::engine, conflicts_with = "genesis")]
    engine: Protocol,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Init {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        let home = &context.home;
        let given = self
            .genesis
            .as_deref()
            .map(genesis_file::read)
            .transpose()
            .map_err(crate::home::HomeError::from)?;
        home.create()?;
        let key = home.create_key()?;
        let genesis = match given {
            Some(genesis) => genesis,
            None => {
                let player = SecretKey::generate()?;
                player.write(&home.root().join("keys/player.key"))?;
                let (dice, secrets) = deal(&[1], None)?;
                dice::write(&home.dice_shares(), &secrets[0])?;
                Genesis {
                    name: self.network,
                    engine: self.engine,
                    validators: vec![GenesisValidator { key: key.public(), power: 1 }],
                    players: vec![(player.public(), PLAYER)],
                    bank: BANK,
                    tables: tables(1..=3),
                    blob_bytes: 0,
                    dice,
                    policy: Policy::default(),
                }
            }
        };
        write_config(home, &genesis, CONFIG)?;
        let validator = genesis.validators.iter().position(|validator| validator.key == key.public());
        let (chain, public) = (genesis.chain_id(), crate::hex::encode(&key.public().0));
        if self.json {
            let home = home.root().display().to_string();
            return say_json(
                &json!({ "home": home, "chain_id": chain.to_string(), "key": public, "validator": validator }),
            );
        }
        say(format!(
            "home      {}\nnetwork   {}\nchain id  {chain}\nkey       {public}",
            home.root().display(),
            genesis.name
        ))?;
        match validator {
            Some(index) => say(format!("this node is validator {index}"))?,
            None => say("this node is no validator of the network: it follows")?,
        }
        say(
            "next: put the peers into config/node.toml, then `bitcraps-node doctor`, then `bitcraps-node run`",
        )
    }
}

const CONFIG: &str = "\
# What is not set here has its default: `bitcraps-node config show` shows all settings,
# `bitcraps-node config check` finds what is wrong.

[p2p]
# Each \"key@host:port\"; `bitcraps-node keys show` of the other node tells its key.
peers = []
";

/// Writes the configuration and the genesis of a home.
pub(super) fn write_config(home: &Home, genesis: &Genesis, config: &str) -> Result<(), Failure> {
    genesis.check().map_err(|error| Failure::new(code::CONFIG, error.to_string()))?;
    let files = [(home.config(), config.to_owned()), (home.genesis(), genesis_file::to_json(genesis))];
    files.iter().try_for_each(|(path, text)| disk::replace(path, text.as_bytes()).map_err(Failure::io(path)))
}

/// A dice key for validators whose secrets all lie on this machine, and their shares.
pub(super) fn deal(powers: &[u64], seed: Option<u64>) -> Result<(DiceKey, Vec<SecretShares>), Failure> {
    let entropy = match seed {
        Some(seed) => Zeroizing::new(secret_of_test_network(seed, DICE_SECRET)),
        None => Zeroizing::new(*SecretKey::generate()?.seed()),
    };
    dice::deal(powers, &entropy).map_err(|error| Failure::new(code::USAGE, error.to_string()))
}

/// Tables of these numbers, with the usual rules.
pub(super) fn tables(numbers: impl Iterator<Item = u32>) -> Vec<TableConfig> {
    numbers.map(|id| TableConfig { id: TableId(id), rules: CrapsRules::default() }).collect()
}
