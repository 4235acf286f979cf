//! Crashes at random moments under load: nothing that a player was told is lost, nothing is signed twice, all agree.
//!
//! `make crash-cycles` runs a thousand; CRASH_CYCLES and CRASH_SEED choose.

use crate::support::{Network, until};
use bitcraps_actors::event_log::Logged;
use bitcraps_actors::ports::{ConsensusMessage, turned_away};
use bitcraps_casino::{Action, Command, SignedCommand};
use bitcraps_consensus::{AnyMessage, Message, Signed};
use bitcraps_node::gateway::api;
use bitcraps_node::hex::{self, Hex};
use bitcraps_node::keys::SecretKey;
use bitcraps_types::{AccountId, ChainId, Digest, Height, Signature};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const NODES: usize = 4;
/// As many players hand in commands, each at its own pace.
const PLAYERS: u64 = 4;
/// The most that passes between a node's start and the next crash, in milliseconds.
const LIFE: u64 = 300;

#[test]
fn nothing_is_lost_and_nothing_signed_twice_when_nodes_are_killed_at_random_moments() {
    let number =
        |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (cycles, seed) = (number("CRASH_CYCLES", 20), number("CRASH_SEED", 1));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut crashes = Crashes::start();
    let load = Load::start(&crashes.network);
    for cycle in 1..=cycles {
        pause(random.next_u64() % LIFE);
        let victim = (random.next_u64() % NODES as u64) as usize;
        crashes.crash(victim);
        if cycle % 100 == 0 {
            println!(
                "{cycle} crashes, {} commands settled, {} statements signed",
                load.settled(),
                crashes.said.len()
            );
        }
    }
    let settled = load.stop();
    crashes.agree();
    let signed = crashes.end();
    println!(
        "seed {seed}: {cycles} crashes, {} commands settled and still there, {signed} statements signed, none twice, one state",
        settled.len()
    );
    assert!(signed > 0 && settled.len() as u64 >= cycles / 4, "the network went on");
}

/// The network, how often each node was started, and all that was ever signed.
struct Crashes {
    network: Network,
    incarnations: [u64; NODES],
    said: BTreeMap<(usize, Height, u32, &'static str), Signature>,
}

impl Crashes {
    fn start() -> Crashes {
        let mut crashes =
            Crashes { network: Network::new(NODES as u16), incarnations: [0; NODES], said: BTreeMap::new() };
        (0..NODES).for_each(|node| crashes.start_node(node));
        (0..NODES).for_each(|node| crashes.network.reach(node, 2));
        crashes
    }

    fn log(&self, node: usize) -> PathBuf {
        self.network.path(&format!("events-{node}-{}", self.incarnations[node]))
    }

    fn start_node(&mut self, node: usize) {
        self.incarnations[node] += 1;
        let log = self.log(node);
        let settings = [
            "consensus.interval=20 ms",
            "consensus.propose=300 ms",
            "consensus.prevote=200 ms",
            "consensus.precommit=200 ms",
            "consensus.rebroadcast=300 ms",
            "gateway.requests_per_second=0",
            "node.log_level=warn",
        ];
        let mut arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        arguments.extend(["run", "--event-log", log.to_str().expect("a path in text")]);
        self.network.start_with(node, &arguments);
    }

    fn crash(&mut self, node: usize) {
        self.network.kill(node);
        self.read(node);
        self.start_node(node);
    }

    /// Takes in what an incarnation that has ended signed.
    fn read(&mut self, node: usize) {
        let log = self.log(node);
        // One that was killed before it began has none.
        let bytes = std::fs::read(&log).unwrap_or_default();
        let mut rest = &bytes[..];
        while let Some((_, event)) = Logged::take(&mut rest).expect("a log of events") {
            if let Logged::Signed(signed) = event {
                let said = (node, signed.message.height(), round(&signed), signed.message.kind());
                let before = *self.said.entry(said).or_insert(signed.signature);
                assert_eq!(before, signed.signature, "signed twice: {said:?} {signed:?}");
            }
        }
        let _ = std::fs::remove_file(&log);
    }

    /// All four at one height have one state root.
    fn agree(&self) {
        let height = (0..NODES).map(|node| self.network.height(node)).max().unwrap_or(0);
        (0..NODES).for_each(|node| self.network.reach(node, height + 2));
        for other in 1..NODES {
            until("two nodes at one height", || {
                let (a, b) = (self.network.status(0)?, self.network.status(other)?);
                (a["height"] == b["height"]).then(|| assert_eq!(a["root"], b["root"], "at {}", a["height"]))
            });
        }
    }

    /// Stops all; how many statements were signed.
    fn end(mut self) -> usize {
        for node in 0..NODES {
            self.network.kill(node);
            self.read(node);
        }
        self.said.len()
    }
}

fn round(signed: &Signed<ConsensusMessage>) -> u32 {
    match &signed.message {
        AnyMessage::Pbft(message) => message.view(),
        AnyMessage::Tendermint(message) => message.round(),
        AnyMessage::HotStuff(message) => message.round(),
    }
}

/// Players who each send one unit away, again and again, and remember what they were told.
struct Load {
    gateways: Vec<String>,
    stop: Arc<AtomicBool>,
    settled: Arc<AtomicU64>,
    players: Vec<JoinHandle<(AccountId, Settled)>>,
}

/// Each command of whose end a player was told, and the height of its block, unless all that is left of it is that its
/// number was used: gateways forget what they told when they are killed.
type Settled = BTreeMap<Digest, Option<Height>>;

/// What a player starts with.
const BUY_IN: u64 = 1_000_000;

impl Load {
    #[expect(clippy::disallowed_methods, reason = "the players act at the same time")]
    fn start(network: &Network) -> Load {
        let gateways: Vec<String> = (0..NODES).map(|node| network.gateway(node)).collect();
        let http = Http::new(gateways.clone());
        let chain: api::Chain = http.until_answered("/v1/chain");
        let chain = Digest(chain.chain_id.0);
        let faucet = SecretKey::read(&network.path("player.key")).expect("a key");
        let (stop, settled) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let players = (1..=PLAYERS).map(|number| {
            let key = SecretKey::generate().expect("a key");
            let pay = Action::Transfer { to: key.account(), amount: BUY_IN };
            http.settle(&sign(&chain, &faucet, number, pay));
            let mut player = Player {
                key,
                chain,
                http: Http::new(gateways.clone()),
                to: faucet.account(),
                settled: Settled::new(),
            };
            let (stop, counter) = (stop.clone(), settled.clone());
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    player.pay();
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                (player.key.account(), player.settled)
            })
        });
        let players = players.collect();
        Load { gateways, stop, settled, players }
    }

    fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// Ends it, and looks on every node for everything that a player was told.
    fn stop(self) -> Settled {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Settled::new();
        for player in self.players {
            let (account, settled) = player.join().expect("a player is told of every command");
            let paid = settled.len() as u64;
            for gateway in &self.gateways {
                let http = Http::new(vec![gateway.clone()]);
                until("each command took its unit, once", || {
                    let shown: api::Account =
                        http.until_answered(&format!("/v1/accounts/{}", Hex(account.0.0)));
                    (shown.balance + paid == BUY_IN).then_some(())
                });
            }
            all.extend(settled);
        }
        let mut by_height: BTreeMap<Height, Vec<Digest>> = BTreeMap::new();
        for (id, height) in &all {
            height.iter().for_each(|height| by_height.entry(*height).or_default().push(*id));
        }
        for gateway in &self.gateways {
            let http = Http::new(vec![gateway.clone()]);
            for (height, ids) in &by_height {
                let block: api::Block = http.until_answered(&format!("/v1/blocks/{height}"));
                for id in ids {
                    let here = block.commands.iter().any(|command| command.id.0 == id.0);
                    assert!(here, "{gateway}: {id} was settled in block {height}, which lacks it");
                }
            }
        }
        all
    }
}

struct Player {
    key: SecretKey,
    chain: ChainId,
    http: Http,
    to: AccountId,
    settled: Settled,
}

impl Player {
    fn pay(&mut self) {
        let sequence = self.settled.len() as u64 + 1;
        let signed = sign(&self.chain, &self.key, sequence, Action::Transfer { to: self.to, amount: 1 });
        let height = self.http.settle(&signed);
        self.settled.insert(signed.id(), height);
    }
}

fn sign(chain: &ChainId, key: &SecretKey, sequence: u64, action: Action) -> SignedCommand {
    SignedCommand::sign(chain, Command { key: key.public(), sequence, action }, key)
}

/// Asks gateways in turn, until one answers.
struct Http {
    agent: ureq::Agent,
    gateways: Vec<String>,
    turn: AtomicU64,
}

impl Http {
    fn new(gateways: Vec<String>) -> Http {
        let timeout = Some(Duration::from_secs(2));
        let agent = ureq::Agent::config_builder().timeout_global(timeout).build().into();
        Http { agent, gateways, turn: AtomicU64::new(0) }
    }

    fn next(&self) -> &str {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) as usize;
        &self.gateways[turn % self.gateways.len()]
    }

    fn get<T: serde::de::DeserializeOwned>(&self, gateway: &str, path: &str) -> Option<T> {
        self.agent
            .get(format!("{gateway}{path}"))
            .call()
            .ok()?
            .body_mut()
            .with_config()
            .limit(32 << 20)
            .read_json()
            .ok()
    }

    fn until_answered<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        until(path, || self.get(self.next(), path))
    }

    /// Hands a command in, the same bytes again wherever it may have been lost, until it is told to be settled; the
    /// height, if it is known.
    fn settle(&self, signed: &SignedCommand) -> Option<Height> {
        let body = format!("{{\"borsh\":\"{}\"}}", hex::encode(&borsh::to_vec(signed).expect("bytes")));
        let path = format!("/v1/commands/{}?wait=1s", Hex(signed.id().0));
        until("a command is settled", || {
            let gateway = self.next();
            let post = self.agent.post(format!("{gateway}/v1/commands")).content_type("application/json");
            post.send(&body).ok()?;
            let status: api::Status = self.get(gateway, &path)?;
            assert_ne!(status.state, "refused", "{status:?}");
            let used = status.reason.is_some_and(|reason| reason == turned_away::USED);
            (status.state == "settled" || used).then_some(status.height)
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the moments at which real processes are killed")]
fn pause(millis: u64) {
    thread::sleep(Duration::from_millis(millis));
}
