//! `testnet`: a whole network of nodes for one machine, ready to start.

use super::init::{BANK, PLAYER, deal, tables, write_config};
use super::{Context, Failure, code, say, say_json};
use crate::dice;
use crate::genesis_file;
use crate::home::Home;
use crate::keys::SecretKey;
use bitcraps_casino::{Block, Genesis, GenesisValidator, Policy};
use bitcraps_types::Protocol;
use bitcraps_types::ed25519::secret_of_test_network;
use clap::Args;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How far apart the ports of two nodes are.
const STEP: u16 = 10;

/// `testnet`.
#[derive(Args, Debug)]
pub(super) struct Testnet {
    /// How many validators.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    validators: u16,
    /// Where to write it; must not exist, or be empty.
    #[arg(long, default_value = "testnet")]
    dir: PathBuf,
    /// Node i listens at this + 10 i for nodes, + 1 for players, + 2 for its operator.
    #[arg(long, default_value_t = 7100)]
    base_port: u16,
    /// The network's name.
    #[arg(long, default_value = "testnet")]
    name: String,
    /// The consensus protocol: pbft, tendermint or hotstuff.
    #[arg(long, default_value_t = Protocol::Tendermint, value_parser = engine)]
    engine: Protocol,
    /// The voting power of each validator; without it, 1 each.
    #[arg(long, value_delimiter = ',', value_name = "POWER,...")]
    powers: Vec<u64>,
    /// How many players start with money. The key of the first is written to `player.key`.
    #[arg(long, default_value_t = 1)]
    players: u32,
    /// What each player starts with.
    #[arg(long, default_value_t = PLAYER)]
    buy_in: u64,
    /// What the bank starts with.
    #[arg(long, default_value_t = BANK)]
    bank: u64,
    /// How many craps tables, numbered from 1 (with --seed from 0, as in the testbed).
    #[arg(long, default_value_t = 3)]
    tables: u32,
    /// The most bytes of blobs (bytes that consensus orders and that no state depends on) in a block; 0: none are taken.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=Block::MAX_BYTES as i64))]
    blob_bytes: u32,
    /// A JSON file with what the bank risks, what validators stake and what commands cost, as in a genesis under `policy`.
    /// Without it nothing is limited or taken, and nothing is at stake (with --seed as in the testbed).
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Derive all keys from this number, so that the same network can be made again, by the testbed for one. Anyone
    /// can compute such keys: for tests only.
    #[arg(long)]
    seed: Option<u64>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Reads the name of a protocol.
pub(super) fn engine(name: &str) -> Result<Protocol, String> {
    let known = || Protocol::ALL.map(Protocol::name).join(", ");
    Protocol::named(name).ok_or_else(|| format!("no such engine; there are {}", known()))
}

impl Testnet {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        if !context.set.is_empty() || context.file.is_some() {
            let message = "testnet writes a configuration for each node, and takes none: give --set or --config to each node's run, \
                           or change node*/config/node.toml";
            return Err(Failure::new(code::USAGE, message));
        }
        let last = u32::from(self.base_port) + u32::from(self.validators) * u32::from(STEP);
        if last > u32::from(u16::MAX) {
            return Err(Failure::new(
                code::USAGE,
                format!("--base-port {} is too high for {} nodes", self.base_port, self.validators),
            ));
        }
        if !self.powers.is_empty() && self.powers.len() != usize::from(self.validators) {
            let (powers, validators) = (self.powers.len(), self.validators);
            return Err(Failure::new(
                code::USAGE,
                format!("--powers names {powers} powers for {validators} validators"),
            ));
        }
        let taken = fs::read_dir(&self.dir).is_ok_and(|mut entries| entries.next().is_some());
        if taken {
            return Err(Failure::new(
                code::CONFIG,
                format!("{} is not empty: give another --dir", self.dir.display()),
            ));
        }
        fs::create_dir_all(&self.dir).map_err(Failure::io(&self.dir))?;
        let homes: Vec<Home> =
            (0..self.validators).map(|i| Home::at(self.dir.join(format!("node{i}")))).collect();
        let count = usize::from(self.validators);
        let mut keys = Vec::with_capacity(count);
        for (position, home) in homes.iter().enumerate() {
            home.create()?;
            let key = self.key(position)?;
            home.keep_key(&key)?;
            keys.push(key.public());
        }
        let player_file = self.dir.join("player.key");
        fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o700)).map_err(Failure::io(&self.dir))?;
        let mut players = Vec::with_capacity(self.players as usize);
        for position in 0..self.players as usize {
            let key = self.key(count + position)?;
            if position == 0 {
                key.write(&player_file)?;
            }
            players.push((key.public(), self.buy_in));
        }
        let policy = match (&self.policy, self.seed) {
            (Some(file), _) => genesis_file::read_policy(file).map_err(crate::home::HomeError::from)?,
            (None, Some(_)) => Policy::of_test_network(),
            (None, None) => Policy::default(),
        };
        let powers: Vec<u64> = (0..count).map(|i| self.powers.get(i).copied().unwrap_or(1)).collect();
        let (dice, secrets) = deal(&powers, self.seed)?;
        for (home, secret) in homes.iter().zip(&secrets) {
            dice::write(&home.dice_shares(), secret)?;
        }
        let validators = keys.iter().zip(&powers);
        let genesis = Genesis {
            name: self.name.clone(),
            engine: self.engine,
            validators: validators
                .map(|(key, power)| GenesisValidator { key: *key, power: *power })
                .collect(),
            players,
            bank: self.bank,
            tables: match self.seed {
                Some(_) => tables(0..self.tables),
                None => tables(1..=self.tables),
            },
            blob_bytes: self.blob_bytes,
            dice,
            policy,
        };
        let port = |i: u16, which: u16| self.base_port + i * STEP + which;
        for (i, home) in (0..).zip(&homes) {
            let peers: Vec<String> = (0..)
                .zip(&keys)
                .filter(|(j, _)| *j != i)
                .map(|(j, key)| format!("    \"{}@127.0.0.1:{}\",\n", crate::hex::encode(&key.0), port(j, 0)))
                .collect();
            let config = format!(
                "# Node {i} of {} on this machine.\n\n[p2p]\nlisten = \"127.0.0.1:{}\"\npeers = [\n{}]\n\n[gateway]\n\
                 listen = \"127.0.0.1:{}\"\n\n[admin]\nlisten = \"127.0.0.1:{}\"\n",
                self.validators,
                port(i, 0),
                peers.concat(),
                port(i, 1),
                port(i, 2)
            );
            write_config(home, &genesis, &config)?;
        }
        let scripts = [
            ("start.sh", start(self.validators - 1), 0o755),
            ("stop.sh", STOP.into(), 0o755),
            ("docker-compose.yml", compose(self.validators), 0o644),
        ];
        scripts.iter().try_for_each(|(name, text, mode)| write(&self.dir.join(name), text, *mode))?;
        let gateways: Vec<String> =
            (0..self.validators).map(|i| format!("http://127.0.0.1:{}", port(i, 1))).collect();
        let chain = genesis.chain_id().to_string();
        if self.json {
            let (dir, player) = (self.dir.display().to_string(), player_file.display().to_string());
            return say_json(
                &json!({ "dir": dir, "chain_id": chain, "gateways": gateways, "player_key": player }),
            );
        }
        let dir = self.dir.display();
        say(format!("{} validators in {dir}, {}, chain id {chain}", self.validators, self.engine))?;
        say(format!("start    {dir}/start.sh      (and {dir}/stop.sh)"))?;
        say(format!("status   bitcraps-node --home {dir}/node0 status"))?;
        say(format!("play     bitcraps-node client --gateway {} --key {dir}/player.key tables", gateways[0]))
    }
}

impl Testnet {
    /// The key at this place in the network: validators first, then players.
    fn key(&self, position: usize) -> Result<SecretKey, Failure> {
        match self.seed {
            Some(seed) => Ok(SecretKey::from_seed(Zeroizing::new(secret_of_test_network(seed, position)))),
            None => Ok(SecretKey::generate()?),
        }
    }
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    fs::write(path, text).map_err(Failure::io(path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(Failure::io(path))
}

/// The script that starts the nodes up to this one, with the program that wrote it unless another is named.
fn start(last: u16) -> String {
    let program = std::env::current_exe().ok();
    let program = program.as_ref().map_or("bitcraps-node".into(), |path| path.to_string_lossy());
    START.replace("@LAST@", &last.to_string()).replace("@PROGRAM@", &program)
}

const START: &str = r#"#!/bin/sh
# Starts the nodes of this directory in the background. BITCRAPS_NODE names another program.
set -eu
cd "$(dirname "$0")"
program="${BITCRAPS_NODE:-@PROGRAM@}"
command -v "$program" >/dev/null || { echo "$program: no such program; set BITCRAPS_NODE" >&2; exit 69; }
# A process that nobody has waited for yet is none.
runs() { case "$(ps -o stat= -p "$1" 2>/dev/null)" in '' | Z*) return 1 ;; esac; }
for i in $(seq 0 @LAST@); do
    if [ -f "node$i/pid" ] && runs "$(cat "node$i/pid")"; then
        echo "node$i runs already"
        continue
    fi
    nohup "$program" --home "node$i" run >>"node$i/log" 2>&1 &
    echo $! >"node$i/pid"
    echo "node$i started, its log is $(pwd)/node$i/log"
done
sleep 1
failed=0
for i in $(seq 0 @LAST@); do
    runs "$(cat "node$i/pid")" || { failed=69; echo "node$i stopped again: $(tail -n 1 "node$i/log")" >&2; }
done
exit $failed
"#;

const STOP: &str = r#"#!/bin/sh
# Stops the nodes of this directory, and waits until they have.
set -eu
cd "$(dirname "$0")"
runs() { case "$(ps -o stat= -p "$1" 2>/dev/null)" in '' | Z*) return 1 ;; esac; }
for file in node*/pid; do
    [ -f "$file" ] || continue
    pid="$(cat "$file")"
    kill "$pid" 2>/dev/null || true
    while runs "$pid"; do sleep 0.1; done
    rm -f "$file"
done
"#;

/// The same nodes in containers that share the machine's network, so that the configurations hold.
fn compose(validators: u16) -> String {
    let mut text = String::from(
        "# Needs the image that deploy/Dockerfile builds; its first lines say how. `docker compose up -d`\nservices:\n",
    );
    // The homes are those of who makes them.
    let (user, group) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    for i in 0..validators {
        text += &format!(
            "  node{i}:\n    image: ${{BITCRAPS_IMAGE:-bitcraps-node}}\n    command: [\"--home\", \"/home/node\", \"run\"]\n    \
             user: \"${{BITCRAPS_USER:-{user}:{group}}}\"\n    network_mode: host\n    read_only: true\n    volumes: [\"./node{i}:/home/node\"]\n    \
             stop_grace_period: 20s\n    restart: on-failure\n    healthcheck:\n      \
             test: [\"CMD\", \"bitcraps-node\", \"--home\", \"/home/node\", \"healthcheck\"]\n      interval: 10s\n"
        );
    }
    text
}
