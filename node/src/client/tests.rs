use super::*;
use crate::gateway::{self, GatewayConfig, Health, Node};
use crate::testing::*;
use bitcraps_actors::files::Decided;
use bitcraps_types::Time;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// A house that plays, behind a gateway, and a directory with the faucet's key (player 1).
struct Rig {
    gateway: Option<gateway::Gateway>,
    home: TempDir,
    playing: Option<std::thread::JoinHandle<House>>,
    genesis: bitcraps_casino::Genesis,
}

fn config() -> GatewayConfig {
    let any = "127.0.0.1:0".parse().unwrap();
    GatewayConfig { listen: any, admin: any, workers: 1, rate: None, ..GatewayConfig::default() }
}

fn rig_with(blocks: usize, archive: gateway::Archive) -> Rig {
    let mut house = House::new(1);
    (0..blocks).for_each(|_| drop(house.decide(Vec::new())));
    let genesis = (*house.genesis).clone();
    let (submit, submitted) = mpsc::channel(64);
    let node = Node {
        view: house.view.clone(),
        genesis: house.genesis.clone(),
        me: genesis.validators[0].key,
        submit,
        blobs: mpsc::channel(1).0,
        handovers: mpsc::channel(1).0,
        health: Arc::new(Health::new(Arc::new(|| Time(0)))),
        metrics: house.metrics.clone(),
        archive,
        command_index: Arc::new(|_| None),
        version: "test",
    };
    let gateway = gateway::start(node, config()).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the house is the node's thread")]
    let playing = std::thread::spawn(move || house.run(submitted, Duration::from_millis(20)));
    let home = tempfile::tempdir().unwrap();
    SecretKey::from_seed(Zeroizing::new([1; 32])).write(&home.path().join("faucet.key")).unwrap();
    Rig { gateway: Some(gateway), home, playing: Some(playing), genesis }
}

fn rig() -> Rig {
    rig_with(1, Arc::new(|_| None))
}

/// The command line as the daemon mounts it.
#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    client: Client,
}

impl Rig {
    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn run(&self, line: &str) -> Result<String, ClientError> {
        let url = format!("http://{}", self.gateway.as_ref().unwrap().address());
        let home = self.home.path().to_str().unwrap();
        let line = format!("client --gateway {url} --key ~/player.key {line}").replace('~', home);
        let Line { client } = clap::Parser::try_parse_from(line.split(' ')).unwrap();
        let mut out = Vec::new();
        run(&client, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    fn done(&self, line: &str) -> String {
        self.run(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    fn balance(&self, account: &str) -> u64 {
        let text = self.done(&format!("balance {account}"));
        let line = text.lines().find_map(|line| line.strip_prefix("balance ")).unwrap();
        line.parse().unwrap()
    }

    /// Stops everything: the house as it is in the end.
    fn close(&mut self) -> Option<House> {
        self.gateway.take()?.stop();
        self.playing.take()?.join().ok()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.close();
        }
    }
}

#[test]
fn a_player_opens_an_account_plays_a_shooter_and_cashes_out_and_the_money_adds_up() {
    let mut rig = rig();
    let faucet = account(1).0.to_string();
    rig.done("keygen ~/player.key");
    let player = SecretKey::read(&rig.path("player.key")).unwrap().account().0.to_string();
    assert!(rig.done("open --from ~/faucet.key 1000").starts_with("1000 sent to"));
    assert_eq!((rig.balance(&player), rig.balance(&faucet)), (1000, 9000));
    assert_eq!(rig.done("tables").lines().count(), 3);
    assert!(rig.done("join 2").contains("come-out"));
    let played = rig.done("play --stake 100 --odds 2");
    assert!(played.contains("100 on pass_line") && played.contains("pass_line: "), "{played}");
    let last =
        |text: &str| text.lines().last().unwrap().strip_prefix("balance ").unwrap().parse::<u64>().unwrap();
    let balance = last(&played);
    let told = played.lines().find_map(|line| line.split_once(": ").filter(|_| line.starts_with("staked ")));
    let net: i64 = told.unwrap().1.parse().unwrap();
    assert_eq!(1000 + net, i64::try_from(balance).unwrap(), "{played}");
    let bet = rig.done("bet 1 field 50");
    assert!(bet.contains("won ") || bet.contains("lost 50"), "{bet}");
    let left = rig.balance(&player);
    assert!(rig.done(&format!("cash-out --to {faucet}")).starts_with(&format!("{left} sent")));
    assert_eq!((rig.balance(&player), rig.balance(&faucet)), (0, 9000 + left));
    let house = rig.close().unwrap();
    let ledger = house.casino.bank().ledger();
    assert_eq!(ledger.account(&account(1)).unwrap().balance(), 9000 + left);
    assert_eq!(ledger.escrows().count(), 0, "no bet is up");
}

#[test]
fn what_can_be_bet_on_is_listed() {
    let listed = rig().done("bets");
    assert!(listed.lines().any(|line| line.starts_with("hop:1-1|1-2|..|6-6 ")), "{listed}");
}

#[test]
fn a_bet_that_stays_up_can_be_taken_down() {
    let rig = rig();
    rig.done("keygen ~/player.key");
    rig.done("open --from ~/faucet.key 1000");
    for sequence in (1..40).step_by(2) {
        let bet = rig.done("bet 0 place:6 60");
        assert!(bet.contains(&format!("bet {sequence} ")), "{bet}");
        // The dice may have been quicker.
        match rig.run(&format!("take-down 0 {sequence}")) {
            Ok(text) => return assert_eq!(text, "1 taken down, 60 returned\n"),
            Err(error) => assert!(matches!(error, ClientError::Refused(_)), "{error}"),
        }
    }
    panic!("twenty bets, and none stayed up");
}

#[test]
fn watching_a_table_shows_its_rolls_until_a_point_is_decided() {
    let rig = rig();
    rig.done("keygen ~/player.key");
    rig.done("open --from ~/faucet.key 5000");
    let watched = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| rig.done("watch 1 --until-decided"));
        while !watcher.is_finished() {
            rig.done("play 1 --stake 1");
        }
        watcher.join().unwrap()
    });
    let last = watched.lines().last().unwrap();
    assert!(last.ends_with("is made") || last.ends_with("seven out"), "{watched}");
    assert!(watched.lines().any(|line| line.contains(": the point is ")), "{watched}");
}

#[test]
fn a_block_is_verified_and_the_chain_can_be_pinned() {
    let rig = rig();
    let chain = rig.genesis.chain_id().to_string();
    let text = rig.done("verify-block latest");
    assert!(text.contains("signed by 3 of 4 voting power") && text.contains("--chain-id"), "{text}");
    assert!(!rig.done(&format!("verify-block 1 --chain-id {chain}")).contains("pin"));
    let other = rig.run(&format!("verify-block 1 --chain-id {}", "0".repeat(64))).unwrap_err();
    assert!(matches!(other, ClientError::OtherChain { .. }) && other.exit_code() == 1);
    let missing = rig.run("verify-block 99").unwrap_err();
    assert!(matches!(missing, ClientError::Gateway { status: 404, .. }));
}

#[test]
fn the_dice_of_a_block_are_verified_and_shown() {
    let rig = rig();
    rig.done("keygen ~/player.key");
    rig.done("open --from ~/faucet.key 1000");
    assert!(rig.done("verify-roll 1").contains("no dice fell in it"));
    rig.done("play 1 --stake 1");
    let height = rig.done("verify-roll latest");
    assert!(height.contains("signature of the validators' group key"), "{height}");
    let rolled = height.lines().find(|line| line.starts_with("table 1: ")).unwrap();
    assert_eq!(rig.done("verify-roll latest --table 1").lines().last(), Some(rolled));
}

/// A gateway that lies. Its archive answers for what the view has not.
#[test]
fn a_block_without_a_quorum_or_with_anothers_certificate_is_not_proven() {
    let chain = genesis(1).chain_id();
    let block = move |height| {
        let block = bitcraps_casino::Block {
            height,
            parent: chain,
            proposer: bitcraps_types::ValidatorIndex(0),
            time: bitcraps_types::WallTime(0),
            state_root: Digest::ZERO,
            rolls: height == 6,
            attendance: None,
            handover: None,
            commands: Vec::new(),
            offences: Vec::new(),
            blobs: bitcraps_casino::Blobs::default(),
        };
        bitcraps_types::Value::new(block.encode())
    };
    let rig = rig_with(
        140,
        Arc::new(move |height| {
            let value = block(if height == 5 { 6 } else { height });
            let digest = if height == 4 { Digest::ZERO } else { value.digest() };
            let certificate = certify(&chain, height.min(6), digest, if height == 3 { 2 } else { 3 });
            Some(Decided { value, certificate, dice: None })
        }),
    );
    assert!(rig.done("verify-block 2").contains("3 of 4"));
    let refused = |line: &str| {
        let error = rig.run(line).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        error.to_string()
    };
    assert!(refused("verify-block 3").contains("not more than two thirds"));
    assert!(refused("verify-block 4").contains("for another block"));
    assert!(refused("verify-block 5").contains("another height than was asked"));
    assert!(refused("verify-roll 6").contains("its dice are missing"));
}

#[test]
fn what_goes_wrong_has_its_exit_code() {
    let rig = rig();
    let code = |line: &str| rig.run(line).unwrap_err().exit_code();
    assert_eq!(code("balance"), 74, "there is no key yet");
    rig.done("keygen ~/player.key");
    assert_eq!(code("keygen ~/player.key"), 74, "a key is never overwritten");
    assert_eq!(code("balance"), 1, "there is no account yet");
    assert_eq!(code("watch"), 64, "no table was joined");
    assert_eq!(code("join 9"), 65);
    rig.done("open --from ~/faucet.key 10");
    assert_eq!(code("bet 0 pass_line 11"), 1, "too little money");
    assert_eq!(code("bet 7 pass_line 1"), 1, "no such table");
    assert_eq!(code("balance --gateway ftp://x"), 64);
    assert_eq!(code("balance --gateway http://127.0.0.1:1"), 69);
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(rig.path("player.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(code("balance"), 65, "others may read the key");
    assert!(clap::Parser::try_parse_from(["client", "bet", "0", "pass", "1"]).map(|_: Line| ()).is_err());
}

/// A gateway before a house that decides when the test says so.
struct Slow {
    house: House,
    submit: mpsc::Sender<bitcraps_casino::SignedCommand>,
    submitted: mpsc::Receiver<bitcraps_casino::SignedCommand>,
    gateway: gateway::Gateway,
}

impl Slow {
    fn new(places: usize) -> Slow {
        let house = House::new(1);
        let (submit, submitted) = mpsc::channel(places);
        let gateway = gateway::start(Slow::node(&house, &submit), config()).unwrap();
        Slow { house, submit, submitted, gateway }
    }

    fn node(house: &House, submit: &mpsc::Sender<bitcraps_casino::SignedCommand>) -> Node {
        Node {
            view: house.view.clone(),
            genesis: house.genesis.clone(),
            me: house.genesis.validators[0].key,
            submit: submit.clone(),
            blobs: mpsc::channel(1).0,
            handovers: mpsc::channel(1).0,
            health: Arc::new(Health::new(Arc::new(|| Time(0)))),
            metrics: house.metrics.clone(),
            archive: Arc::new(|_| None),
            command_index: Arc::new(|_| None),
            version: "test",
        }
    }

    /// The player's wallet; to be made on the player's thread.
    fn wallet(&self) -> impl Fn() -> Wallet + use<> {
        let url = format!("http://{}", self.gateway.address());
        move || {
            let key = SecretKey::from_seed(Zeroizing::new([1; 32]));
            Wallet::new(Gateway::connect(&url, None).unwrap(), key, Duration::from_secs(20))
        }
    }

    /// The gateway goes away, and comes again after more than one attempt to reach it.
    fn restart(self) -> Slow {
        let Slow { house, submit, submitted, gateway } = self;
        let listen = gateway.address();
        gateway.stop();
        std::thread::park_timeout(Duration::from_millis(500));
        let node = Slow::node(&house, &submit);
        let gateway = gateway::start(node, GatewayConfig { listen, ..config() }).unwrap();
        Slow { house, submit, submitted, gateway }
    }
}

#[test]
fn a_command_that_a_full_node_turned_away_is_handed_in_again_and_done_once() {
    let mut slow = Slow::new(1);
    slow.submit.try_send(slow.house.sign(1, 60, transfer(account(3), 1))).unwrap();
    let wallet = slow.wallet();
    let done = std::thread::scope(|scope| {
        let paying = scope.spawn(|| wallet().settle(transfer(account(2), 7)));
        let full = "bitcraps_http_rejected_total{reason=\"queue_full\"} 0";
        while !paying.is_finished() && slow.house.metrics.text().lines().any(|line| line == full) {
            std::thread::yield_now();
        }
        slow.submitted.try_recv().unwrap();
        let signed = slow.submitted.blocking_recv().unwrap();
        // It was lost on the way once more: the node forgot it before it decided.
        slow.house.view.withdrawn(signed.id());
        assert_eq!(slow.submitted.blocking_recv().unwrap(), signed);
        slow.house.decide(vec![signed]);
        paying.join().unwrap().unwrap()
    });
    assert_eq!((done.sequence, done.height), (1, 1));
    slow.gateway.stop();
    let paid = slow.house.casino.bank().ledger().account(&account(2)).unwrap().balance();
    assert_eq!(paid, 7);
}

/// Fails when a payment that was made is told to be refused, so that its payer pays again: the gateway forgot the
/// command, and its node knows that the number is used.
#[test]
fn a_command_that_was_forgotten_after_it_was_done_is_not_said_to_be_refused() {
    let mut slow = Slow::new(4);
    let wallet = slow.wallet();
    let error = std::thread::scope(|scope| {
        let paying = scope.spawn(|| wallet().settle(transfer(account(2), 7)));
        let signed = slow.submitted.blocking_recv().unwrap();
        slow.house.view.withdrawn(signed.id());
        assert_eq!(slow.submitted.blocking_recv().unwrap(), signed);
        let used = bitcraps_actors::ports::turned_away::USED;
        slow.house.tell(&bitcraps_actors::ports::Event::CommandRefused(signed.id(), used));
        paying.join().unwrap().unwrap_err()
    });
    assert!(matches!(error, ClientError::Unclear { sequence: 1, .. }) && error.exit_code() == 69, "{error}");
    slow.gateway.stop();
}

/// Fails when a shooter whose gateway goes away for a moment never hears of the bets.
#[test]
fn a_shooter_outlasts_a_gateway_that_restarts() {
    let mut slow = Slow::new(4);
    let mut restarts = 0;
    // A bet that its first roll decides is of no use here.
    while restarts == 0 {
        let wallet = slow.wallet();
        #[expect(clippy::disallowed_methods, reason = "the player is another program")]
        let player = std::thread::spawn(move || {
            let mut out = Vec::new();
            play::play(wallet(), 0, 10, 0, &mut out).map(|()| String::from_utf8(out).unwrap())
        });
        let signed = slow.submitted.blocking_recv().unwrap();
        slow.house.decide(vec![signed]);
        let is_up = |slow: &Slow| slow.house.view.table(TableId(0)).unwrap().bets.values().next().is_some();
        if is_up(&slow) {
            slow = slow.restart();
            restarts += 1;
        }
        while is_up(&slow) {
            slow.house.decide(Vec::new());
        }
        let played = player.join().unwrap().unwrap();
        assert!(played.contains("10 on ") && played.contains("staked 10"), "{played}");
    }
    slow.gateway.stop();
}

#[test]
fn what_became_of_a_command_can_be_asked_for() {
    let rig = rig();
    rig.done("keygen ~/player.key");
    rig.done("open --from ~/faucet.key 10");
    let player = SecretKey::read(&rig.path("player.key")).unwrap().account();
    let unknown = rig.run(&format!("command {}", "0".repeat(64))).unwrap_err();
    assert!(matches!(unknown, ClientError::NoCommand(_)) && unknown.exit_code() == 1);
    let signer = SecretKey::from_seed(Zeroizing::new([1; 32]));
    let action = transfer(player, 10);
    let command = bitcraps_casino::Command { key: signer.public(), sequence: 1, action };
    let signed = bitcraps_casino::SignedCommand::sign(&rig.genesis.chain_id(), command, &signer);
    let told = rig.done(&format!("command {}", signed.id()));
    assert!(told.contains("is settled in block"), "{told}");
}
