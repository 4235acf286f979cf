//! Whole nodes on the smallest world that can carry them: one loop, virtual time, links that lose nothing.

#[cfg(feature = "byzantine")]
mod byzantine;
mod handover;
mod world;

use super::*;
use crate::config::PeerAddress;
use crate::ports::{Address, DiceKeys, LinkEvent, LinkId, Links};
use bitcraps_beacon::Shares;
use bitcraps_beacon::bls::{self, BlsKey};
use bitcraps_casino::{
    Action, Bet, Blobs, Block, Casino, Command, Committee, DiceKey, Genesis, GenesisValidator, TableConfig,
};
use bitcraps_tables::{CrapsRules, craps};
use bitcraps_types::ed25519::{Ed25519, Ed25519Verifier};
use bitcraps_types::{
    AccountId, Digest, GroupKey, Height, Protocol, Sign, TableId, ThresholdKey, ValidatorIndex,
};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use world::World;

fn key(n: usize) -> Ed25519 {
    Ed25519::from_seed([u8::try_from(n).unwrap() + 1; 32])
}

fn player() -> Ed25519 {
    Ed25519::from_seed([200; 32])
}

/// Three blobs of the tests.
const BLOB_BYTES: u32 = 12;

fn config(n: usize) -> NodeConfig {
    let (shares, group, _) = dice(&vec![1; n]);
    let validators = (0..n).map(|i| GenesisValidator { key: key(i).public_key(), power: 1 }).collect();
    let genesis = Genesis {
        name: "test".into(),
        engine: Protocol::Tendermint,
        validators,
        players: vec![(player().public_key(), 1000)],
        bank: 1_000_000,
        tables: (1..=3).map(|id| TableConfig { id: TableId(id), rules: CrapsRules::default() }).collect(),
        blob_bytes: BLOB_BYTES,
        dice: DiceKey { group, holders: shares.holders().to_vec() },
        policy: bitcraps_casino::Policy::default(),
    };
    let peers = (0..n).map(|i| PeerAddress { key: key(i).public_key(), address: Address(i.to_string()) });
    let mut config = NodeConfig::new(Arc::new(genesis), peers.collect());
    config.snapshot_every = 10;
    config
}

/// The dice key of validators with these powers.
fn dice(powers: &[u64]) -> (Shares, GroupKey, Vec<bls::SecretShares>) {
    let shares = Shares::of(powers).unwrap();
    let seed = Digest::of("test/dice", &borsh::to_vec(powers).unwrap());
    let (group, secrets) = bls::deal(&shares, seed.0).unwrap();
    (shares, group, secrets)
}

/// The dice keys as a node has them: node number n is validator number n.
struct DiceOf(usize);

impl DiceKeys for DiceOf {
    fn key(&self, committee: &Committee, shares: &Shares) -> Option<Rc<dyn ThresholdKey>> {
        let (_, group, secrets) = dice(&committee.powers());
        let public = BlsKey::public(&committee.dice.group, shares).ok()?;
        assert_eq!(group, committee.dice.group);
        let held = shares.held_by(ValidatorIndex(self.0 as u16));
        Some(match secrets.get(self.0) {
            Some(secret) => Rc::new(public.with_shares(secret, held).unwrap()),
            None => Rc::new(public),
        })
    }
}

fn network(n: usize, config: &NodeConfig) -> World {
    let mut world = World::new(n);
    (0..n).for_each(|i| world.start(i, key(i), config.clone()));
    world
}

/// The player bets at one of the tables through node 0; then the time given passes.
fn bet(world: &mut World, sequence: u64, time: Duration) {
    let table = TableId(u32::try_from(sequence % 3).unwrap() + 1);
    let bet = Bet::Craps(craps::Bet::Hardway(craps::Hard::Six));
    let action = Action::Bet { table, bet, stake: 5 };
    let command = Command { key: player().public_key(), sequence, action };
    world.handle(0).submit(SignedCommand::sign(&config(4).genesis.chain_id(), command, &player()));
    world.run(time);
}

/// All nodes that decided or applied a height agree on it.
fn assert_agreement(world: &World) {
    for log in [&world.log().decided, &world.log().roots] {
        for ((_, height), digest) in log {
            let same = log.iter().filter(|((_, other), _)| other == height).all(|(_, other)| other == digest);
            assert!(same, "two digests at height {height}");
        }
    }
}

fn heights(world: &World, node: usize) -> Vec<Height> {
    world.log().decided.keys().filter(|(other, _)| *other == node).map(|(_, height)| *height).collect()
}

#[test]
fn four_validators_decide_the_same_blocks_without_gaps() {
    let mut world = network(4, &config(4));
    world.run(Duration::from_secs(5));
    for node in 0..4 {
        let heights = heights(&world, node);
        assert!(heights.len() > 20, "node {node} decided {} heights", heights.len());
        assert!(heights.iter().zip(1..).all(|(height, expected)| *height == expected));
    }
    assert_agreement(&world);
    assert_eq!(world.log().halted, Vec::<String>::new());
}

#[test]
fn a_command_reaches_every_ledger_once() {
    let mut world = network(4, &config(4));
    world.run(Duration::from_secs(2));
    let chain = config(4).genesis.chain_id();
    let to = AccountId::of_key(&key(0).public_key());
    for sequence in [1, 2] {
        let command =
            Command { key: player().public_key(), sequence, action: Action::Transfer { to, amount: 10 } };
        world.handle(3).submit(SignedCommand::sign(&chain, command, &player()));
    }
    world.run(Duration::from_secs(3));
    for node in 0..4 {
        assert_eq!(world.log().balances.get(&(node, to)), Some(&20));
    }
}

#[test]
fn a_command_that_comes_while_its_node_starts_is_kept() {
    let mut world = network(4, &config(4));
    let to = AccountId::of_key(&key(0).public_key());
    let command =
        Command { key: player().public_key(), sequence: 1, action: Action::Transfer { to, amount: 10 } };
    let command = SignedCommand::sign(&config(4).genesis.chain_id(), command, &player());
    world.handle(3).submit(command);
    world.run(Duration::from_secs(5));
    assert_eq!(world.log().balances.get(&(3, to)), Some(&10));
}

/// Tables play in parallel here and one after the other in [`Casino::apply`]; snapshots are taken in between.
#[test]
fn actors_compute_the_state_that_the_casino_computes_alone() {
    let mut world = network(4, &config(4));
    let chain = config(4).genesis.chain_id();
    (1..=40).for_each(|sequence| bet(&mut world, sequence, Duration::from_millis(100)));
    let mut casino = Casino::genesis(&config(4).genesis).unwrap();
    let untouched = casino.root();
    for (height, value) in &world.log().blocks {
        let block = Block::decode(value.bytes()).unwrap();
        let root = casino.apply(&block, world.log().dice.get(height), &chain, &Ed25519Verifier);
        let computed = world.log().roots.get(&(2, *height)).copied();
        assert!(computed.is_none_or(|computed| computed == root), "another root at height {height}");
    }
    assert!(casino.root() != untouched && world.log().roots.len() > 40);
    assert_agreement(&world);
}

#[test]
fn a_restarted_validator_goes_on_from_its_disk_and_catches_up() {
    let mut world = network(4, &config(4));
    world.run(Duration::from_secs(3));
    world.crash(1);
    let before = *heights(&world, 1).last().unwrap();
    world.run(Duration::from_secs(5));
    assert_eq!(*heights(&world, 1).last().unwrap(), before);
    world.start(1, key(1), config(4));
    world.run(Duration::from_secs(6));
    let tips: Vec<Height> = (0..4).map(|node| *heights(&world, node).last().unwrap()).collect();
    assert!(tips.iter().all(|tip| tip + 3 >= tips[0] && *tip > before + 20), "{tips:?}");
    assert!(heights(&world, 1).iter().zip(1..).all(|(height, expected)| *height == expected));
    assert!(world.log().syncs > 0 && world.log().behind.is_empty(), "{:?}", world.log().behind);
    assert_agreement(&world);
}

#[test]
fn all_validators_restart_and_go_on() {
    let mut world = network(4, &config(4));
    world.run(Duration::from_secs(3));
    (0..4).for_each(|node| world.crash(node));
    let before = *heights(&world, 0).last().unwrap();
    (0..4).for_each(|node| world.start(node, key(node), config(4)));
    world.run(Duration::from_secs(5));
    assert!(*heights(&world, 0).last().unwrap() > before + 10);
    assert_agreement(&world);
}

#[test]
fn a_node_far_behind_takes_over_a_snapshot() {
    let mut config = config(4);
    config.sync.state_sync_gap = 5;
    // So slow that bets are up in every snapshot.
    config.interval = Duration::from_millis(150);
    let mut world = World::new(4);
    (0..3).for_each(|i| world.start(i, key(i), config.clone()));
    (1..=150).for_each(|sequence| bet(&mut world, sequence, Duration::from_millis(100)));
    world.start(3, key(3), config);
    (151..=230).for_each(|sequence| bet(&mut world, sequence, Duration::from_millis(100)));
    let theirs = *heights(&world, 0).last().unwrap();
    let ours = heights(&world, 3);
    // It may be given the first blocks unasked, before it knows how far behind it is.
    let jumps = [0].iter().chain(&ours).zip(&ours).filter(|(before, after)| *after - *before > 1).count();
    assert!(jumps > 0, "no snapshot: {ours:?}");
    assert!(ours[ours.len() - 1] + 3 >= theirs, "{ours:?} of {theirs}");
    assert_eq!(world.log().halted, Vec::<String>::new());
    assert!(world.log().syncs > 0 && world.log().behind.is_empty(), "{:?}", world.log().behind);
    assert_agreement(&world);
}

#[test]
fn an_interval_spaces_the_blocks() {
    let mut config = config(4);
    config.interval = Duration::from_secs(1);
    let mut world = network(4, &config);
    world.run(Duration::from_secs(20));
    let count = heights(&world, 0).len();
    // At most one a second: the first is decided at once, and each later one takes the interval and a little more.
    assert!((14..=20).contains(&count), "{count} blocks in 20 s");
}

#[test]
fn the_same_run_twice_gives_the_same_events() {
    let trace = || {
        let mut world = network(4, &config(4));
        world.run(Duration::from_secs(2));
        world.crash(2);
        world.run(Duration::from_secs(1));
        world.start(2, key(2), config(4));
        world.run(Duration::from_secs(2));
        world.log().trace.clone()
    };
    assert_eq!(trace(), trace());
}

#[test]
fn a_damaged_consensus_journal_keeps_the_node_from_voting() {
    let mut world = network(4, &config(4));
    world.run(Duration::from_secs(2));
    world.crash(0);
    world.damage(0, journal::CONSENSUS, 20);
    let before = *heights(&world, 0).last().unwrap();
    world.start(0, key(0), config(4));
    world.run(Duration::from_secs(5));
    assert_eq!(world.log().halted.len(), 1);
    assert!(world.log().halted[0].contains("consensus"));
    assert_eq!(*heights(&world, 0).last().unwrap(), before);
}

#[test]
fn strangers_who_say_nothing_keep_no_peer_out() {
    let mut world = network(4, &config(4));
    world.run(Duration::from_millis(5));
    (0..4).for_each(|node| world.open_silent_links(node, config(4).limits.max_unproven));
    // Less than a stranger has to prove who it is.
    world.run(Duration::from_secs(3));
    assert!(heights(&world, 0).len() > 10);
}

/// Each life of a peer sends far less than its burst; all of them together send more than that and the rate allow.
#[test]
fn a_peer_that_comes_back_may_not_send_more_than_one_that_stayed() {
    // The one with the smaller key dials: as soon as it is back.
    let (dialer, strict) = if key(0).public_key() < key(1).public_key() { (0, 1) } else { (1, 0) };
    let mut limits = config(4);
    (limits.limits.frames_per_second, limits.limits.burst) = (1, Duration::from_secs(20));
    let mut world = World::new(4);
    world.start(strict, key(strict), limits);
    for _ in 0..100 {
        world.start(dialer, key(dialer), config(4));
        world.run(Duration::from_millis(500));
        world.crash(dialer);
    }
    let limited = &world.log().limited;
    assert!(limited.contains(&(strict, Some(key(dialer).public_key()))), "{limited:?}");
}

#[test]
fn a_node_that_lost_durable_blocks_does_not_vote_at_their_heights_again() {
    for lost in [&[journal::BLOCKS, journal::SNAPSHOT][..], &[journal::SNAPSHOT]] {
        let mut config = config(4);
        config.sync.state_sync_gap = 5;
        config.interval = Duration::from_millis(150);
        let mut world = World::new(4);
        (0..3).for_each(|i| world.start(i, key(i), config.clone()));
        world.run(Duration::from_secs(15));
        // It takes over a snapshot: its file of blocks begins late.
        world.start(3, key(3), config.clone());
        world.run(Duration::from_secs(5));
        let before = *heights(&world, 3).last().unwrap();
        assert!(heights(&world, 3).len() < usize::try_from(before).unwrap(), "no snapshot");
        world.crash(3);
        lost.iter().for_each(|file| world.lose(3, file));
        world.start(3, key(3), config);
        world.run(Duration::from_secs(3));
        assert_eq!(world.log().halted.len(), 1);
        assert!(world.log().halted[0].contains("ends at 0"), "{:?}", world.log().halted);
    }
}

#[test]
fn the_files_of_a_node_replay_to_its_state_and_no_changed_ones_do() {
    use crate::files::{ReplayError, replay};
    let mut config = config(4);
    config.interval = Duration::from_millis(100);
    let mut world = network(4, &config);
    (1..=25).for_each(|sequence| bet(&mut world, sequence, Duration::from_millis(100)));
    world.crash(0);
    let (snapshot, blocks) = (world.file(0, journal::SNAPSHOT), world.file(0, journal::BLOCKS));
    let again = |snapshot: &[u8], blocks: &[u8]| {
        replay(&config.genesis, snapshot, blocks, &Ed25519Verifier, &DiceOf(9))
    };
    let whole = again(&snapshot, &blocks).unwrap();
    assert_eq!(world.log().roots.get(&(0, whole.height)), Some(&whole.root));
    assert!(whole.from >= 10 && whole.certified.is_some());
    // From the genesis on it comes to the same.
    let long = again(&[], &blocks).unwrap();
    assert_eq!((long.from, long.height, long.root), (0, whole.height, whole.root));

    let mut records = crate::files::decided_blocks(&blocks).unwrap();
    let file =
        |records: &[crate::files::Decided]| records.iter().flat_map(journal::record).collect::<Vec<_>>();
    assert_eq!(file(&records), blocks);
    let missing = records.remove(3);
    assert!(matches!(again(&[], &file(&records)), Err(ReplayError::Gap { have: 3, next: 5 })));
    records.insert(3, missing);
    records[3].certificate.signatures[0].1.0[0] ^= 1;
    assert!(matches!(again(&[], &file(&records)), Err(ReplayError::Block { height: 4, .. })));
    records[3].certificate.signatures[0].1.0[0] ^= 1;
    let rolled = records.iter().position(|decided| decided.dice.is_some()).unwrap();
    for wrong in [None, records[rolled + 1].dice] {
        let mut changed = records.clone();
        changed[rolled].dice = wrong;
        let height = changed[rolled].certificate.height;
        let refused = again(&[], &file(&changed)).unwrap_err();
        assert!(matches!(refused, ReplayError::Block { height: at, .. } if at == height), "{refused}");
    }
    let other = Genesis { bank: 999_999, ..(*config.genesis).clone() };
    assert!(replay(&other, &[], &blocks, &Ed25519Verifier, &DiceOf(9)).is_err(), "another network");
}

/// Notes the heights at which a node signs.
struct Signs {
    probe: Rc<dyn crate::ports::Probe>,
    at: RefCell<Vec<Height>>,
}

impl crate::ports::Probe for Signs {
    fn event(&self, event: Event<'_>) {
        if let Event::Signed(signed) = &event {
            use bitcraps_consensus::Message as _;
            self.at.borrow_mut().push(signed.message.height());
        }
        self.probe.event(event);
    }
}

#[test]
fn a_validator_with_a_floor_follows_without_a_voice_and_votes_again_above_it() {
    let mut world = World::new(4);
    (0..3).for_each(|i| world.start(i, key(i), config(4)));
    let floored = NodeConfig { sign_above: 20, ..config(4) };
    let mut signs = None;
    world.start_changed(3, key(3), floored, |ports| {
        let noting = Rc::new(Signs { probe: ports.probe.clone(), at: RefCell::default() });
        ports.probe = noting.clone();
        signs = Some(noting);
    });
    world.run(Duration::from_secs(10));
    let at = signs.unwrap().at.take();
    assert_eq!(at.iter().min(), Some(&21));
    assert!(heights(&world, 3).iter().zip(1..).all(|(height, expected)| *height == expected));
    assert!(heights(&world, 3).len() > 30);
    assert_agreement(&world);
}

/// Blobs of four bytes: who handed them in, and which of its.
fn blobs(node: u8, numbers: std::ops::Range<u8>) -> Blobs {
    Blobs::of(numbers.map(|number| [node, number, 0, 0])).unwrap()
}

/// Hands them in; how many are taken.
fn submit_blobs(world: &mut World, node: usize, blobs: Blobs) -> Arc<AtomicUsize> {
    let taken = Arc::new(AtomicUsize::new(usize::MAX));
    let told = taken.clone();
    world.handle(node).submit_blobs(blobs, Box::new(move |count| told.store(count, Ordering::SeqCst)));
    taken
}

/// The numbers of a node's blobs in the chain, in its order.
fn on_chain(world: &World, node: u8) -> Vec<u8> {
    let blocks =
        world.log().blocks.values().map(|value| Block::decode(value.bytes()).unwrap()).collect::<Vec<_>>();
    assert!(blocks.iter().all(|block| block.blobs.bytes() <= BLOB_BYTES as usize));
    let blobs = blocks.iter().flat_map(|block| block.blobs.iter().collect::<Vec<_>>());
    blobs.filter(|blob| blob[0] == node).map(|blob| blob[1]).collect()
}

#[test]
fn blobs_come_into_blocks_in_the_order_in_which_their_node_took_them_in() {
    let mut world = network(4, &config(4));
    let taken: Vec<_> = (0..4).map(|node| submit_blobs(&mut world, node, blobs(node as u8, 0..10))).collect();
    world.run(Duration::from_secs(2));
    let more = submit_blobs(&mut world, 1, blobs(1, 10..14));
    world.run(Duration::from_secs(5));
    assert!(taken.iter().all(|taken| taken.load(Ordering::SeqCst) == 10));
    assert_eq!(more.load(Ordering::SeqCst), 4);
    for node in [0, 2, 3] {
        assert_eq!(on_chain(&world, node), (0..10).collect::<Vec<_>>(), "node {node}");
    }
    assert_eq!(on_chain(&world, 1), (0..14).collect::<Vec<_>>());
    assert_agreement(&world);
}

/// Fails when the block of one node takes away what waits at another.
#[test]
fn the_same_blobs_handed_to_two_nodes_come_from_both() {
    let mut world = network(4, &config(4));
    submit_blobs(&mut world, 0, blobs(9, 0..7));
    submit_blobs(&mut world, 2, blobs(9, 0..7));
    world.run(Duration::from_secs(4));
    let mut names = on_chain(&world, 9);
    names.sort_unstable();
    assert_eq!(names, (0..7).flat_map(|name| [name, name]).collect::<Vec<_>>());
}

/// Fails when a proposal takes its blobs away before it is decided, or leaves them after.
#[test]
fn rounds_that_fail_lose_no_blob_and_double_none() {
    let mut world = World::new(4);
    let mute = Rc::new(Cell::new(false));
    for node in 0..4 {
        world.start_changed(node, key(node), config(4), |ports| {
            if node == 0 {
                ports.links = Rc::new(Mute { links: ports.links.clone(), mute: mute.clone() });
            }
        });
    }
    submit_blobs(&mut world, 0, blobs(0, 0..60));
    for turn in 0..4 {
        mute.set(true);
        world.run(Duration::from_millis(700));
        mute.set(false);
        world.run(Duration::from_millis(500 + 90 * turn));
    }
    let some = on_chain(&world, 0).len();
    assert!((3..60).contains(&some), "{some}: some were decided between failed rounds, and some wait");
    world.run(Duration::from_secs(8));
    assert_eq!(on_chain(&world, 0), (0..60).collect::<Vec<_>>());
    assert!(world.log().later_rounds > 0, "no round failed");
    assert_agreement(&world);
}

#[test]
fn blobs_are_taken_in_by_validators_of_networks_that_allow_them_and_as_far_as_there_is_room() {
    let mut small = config(4);
    small.mempool.blobs = 3;
    let forbids = {
        let mut config = config(4);
        config.genesis = Arc::new(Genesis { blob_bytes: 0, ..(*config.genesis).clone() });
        config
    };
    let follower = 4;
    for (config, node, expected) in [(small, 0, 3), (config(4), follower, 0), (forbids, 0, 0)] {
        let mut world = World::new(5);
        (0..5).for_each(|node| world.start(node, key(node), config.clone()));
        let taken = submit_blobs(&mut world, node, blobs(node as u8, 0..5));
        world.run(Duration::from_secs(3));
        assert_eq!(taken.load(Ordering::SeqCst), expected);
        assert_eq!(on_chain(&world, node as u8).len(), expected);
        assert!(heights(&world, 0).len() > 10);
    }
}

/// Links that lose what is sent while they are mute.
struct Mute {
    links: Rc<dyn Links>,
    mute: Rc<Cell<bool>>,
}

impl Links for Mute {
    fn listen(&self, inbox: Box<dyn Fn(LinkEvent)>) {
        self.links.listen(inbox);
    }
    fn open(&self, address: &Address) {
        self.links.open(address);
    }
    fn send(&self, link: LinkId, bytes: Bytes) -> bool {
        self.mute.get() || self.links.send(link, bytes)
    }
    fn close(&self, link: LinkId) {
        self.links.close(link);
    }
}

#[test]
fn a_command_whose_gossip_was_lost_is_told_again_until_it_is_decided() {
    let mut config = config(4);
    let follower = PeerAddress { key: key(4).public_key(), address: Address("4".into()) };
    config.peers.push(follower);
    let mut world = World::new(5);
    (0..4).for_each(|node| world.start(node, key(node), config.clone()));
    let mute = Rc::new(Cell::new(false));
    world.start_changed(4, key(4), config.clone(), |ports| {
        ports.links = Rc::new(Mute { links: ports.links.clone(), mute: mute.clone() });
    });
    world.run(Duration::from_secs(2));
    let to = AccountId::of_key(&key(0).public_key());
    let command =
        Command { key: player().public_key(), sequence: 1, action: Action::Transfer { to, amount: 10 } };
    mute.set(true);
    world.handle(4).submit(SignedCommand::sign(&config.genesis.chain_id(), command, &player()));
    world.run(Duration::from_secs(1));
    mute.set(false);
    assert_ne!(world.log().balances.get(&(0, to)), Some(&10), "the first time it was lost");
    world.run(Duration::from_secs(3));
    for node in 0..5 {
        assert_eq!(world.log().balances.get(&(node, to)), Some(&10), "node {node}");
    }
    assert_agreement(&world);
}
