//! One committee hands over to another, under each engine, while bets go on.

use super::*;
use bitcraps_casino::{Committees, Handover, Terms};
use bitcraps_consensus::ValidatorSet;

/// Nodes 0 to 5, of whom the first four are the committee of the genesis.
fn six(engine: Protocol) -> NodeConfig {
    let mut config = config(4);
    let peers = (0..6).map(|i| PeerAddress { key: key(i).public_key(), address: Address(i.to_string()) });
    config.peers = peers.collect();
    config.interval = Duration::from_millis(100);
    let genesis = Genesis { engine, ..(*config.genesis).clone() };
    config.genesis = Arc::new(genesis);
    config
}

/// Handover number `number` to these powers of nodes 0 to 5, approved by these.
fn handover(config: &NodeConfig, number: u64, powers: [u64; 6], approvals: &[usize]) -> Handover {
    let validators =
        (0..).zip(powers).map(|(i, power)| GenesisValidator { key: key(i).public_key(), power }).collect();
    let (shares, group, _) = dice(&powers);
    let dice = DiceKey { group, holders: shares.holders().to_vec() };
    let terms = Terms { number, not_before: 1, to: Committee { validators, dice } };
    let chain = config.genesis.chain_id();
    let approvals = approvals.iter().map(|i| terms.approve(&chain, &key(*i)).unwrap()).collect();
    Handover { terms, approvals }
}

/// The player bets through node 4, which is in both committees or new in the second; then 200 ms pass.
fn bet(world: &mut World, config: &NodeConfig, sequence: u64) {
    let bet = Bet::Craps(craps::Bet::Hardway(craps::Hard::Six));
    let action = Action::Bet { table: TableId(1), bet, stake: 5 };
    let command = Command { key: player().public_key(), sequence, action };
    world.handle(4).submit(SignedCommand::sign(&config.genesis.chain_id(), command, &player()));
    world.run(Duration::from_millis(200));
}

fn hand_in(world: &mut World, node: usize, handover: Handover) -> Arc<AtomicUsize> {
    let accepted = Arc::new(AtomicUsize::new(0));
    let told = accepted.clone();
    let tell =
        move |verdict: Result<(), _>| told.store(if verdict.is_ok() { 1 } else { 2 }, Ordering::SeqCst);
    world.handle(node).hand_over(handover, Box::new(tell));
    accepted
}

fn tip(world: &World, node: usize) -> Height {
    *heights(world, node).last().unwrap()
}

/// The committees, as the decided blocks tell of them.
fn committees(world: &World, config: &NodeConfig) -> Committees {
    let mut committees = Committees::of_genesis(&config.genesis);
    for (height, value) in &world.log().blocks {
        if let Some(handover) = Block::decode(value.bytes()).unwrap().handover {
            committees.hand_over(*height, handover.terms.to);
        }
    }
    committees
}

/// By the height of its first block, the validators of each committee.
fn sets(committees: &Committees) -> Vec<(Height, ValidatorSet)> {
    committees
        .iter()
        .map(|(first, committee)| (first, crate::committee::validators(committee).unwrap()))
        .collect()
}

#[test]
fn a_committee_hands_over_while_bets_go_on_under_each_engine() {
    for engine in Protocol::ALL {
        let config = six(engine);
        let mut world = World::new(6);
        (0..6).for_each(|i| world.start(i, key(i), config.clone()));
        (1..=10).for_each(|sequence| bet(&mut world, &config, sequence));

        let powers = [0, 1, 1, 1, 1, 1];
        let good = handover(&config, 1, powers, &[1, 2, 3, 4, 5]);
        let answers = [
            hand_in(&mut world, 1, handover(&config, 1, powers, &[1, 2, 4, 5])),
            hand_in(&mut world, 1, good.clone()),
            hand_in(&mut world, 3, good),
        ];
        (11..=30).for_each(|sequence| bet(&mut world, &config, sequence));
        let verdicts: Vec<usize> = answers.iter().map(|answer| answer.load(Ordering::SeqCst)).collect();
        assert_eq!(verdicts, [2, 1, 1], "two of four are too few");

        assert_eq!(world.log().halted, Vec::<String>::new(), "{engine:?}");
        let after = committees(&world, &config);
        assert_eq!(after.handovers(), 1, "{engine:?}: it happens once");
        let sets = sets(&after);
        let first = sets[1].0;
        assert!(
            tip(&world, 4) > first + 10,
            "{engine:?}: the new committee decides: {} {first}",
            tip(&world, 4)
        );
        for (height, value) in &world.log().blocks {
            let proposer = Block::decode(value.bytes()).unwrap().proposer;
            let set = if *height < first { &sets[0].1 } else { &sets[1].1 };
            assert!(set.get(proposer).is_some(), "{engine:?}: {proposer} proposes {height}");
        }
        let rolled = world.log().dice.keys().filter(|height| **height >= first).count();
        assert!(rolled > 3, "{engine:?}: and throws the dice: {rolled}");
        assert!(tip(&world, 0) + 3 >= tip(&world, 4), "{engine:?}: who left follows");
        assert_agreement(&world);
    }
}

/// Two handovers; then of each committee one restarts from its disk, and a node that slept takes over a snapshot.
#[test]
fn who_restarts_or_slept_through_handovers_finds_the_committee() {
    let mut config = six(Protocol::Tendermint);
    config.sync.state_sync_gap = 5;
    let mut world = World::new(6);
    (0..5).for_each(|i| world.start(i, key(i), config.clone()));
    world.run(Duration::from_secs(3));
    let first = handover(&config, 1, [0, 1, 1, 1, 1, 0], &[1, 2, 3, 4]);
    hand_in(&mut world, 1, first.clone());
    world.run(Duration::from_secs(4));
    let late = hand_in(&mut world, 2, first);
    let second = hand_in(&mut world, 2, handover(&config, 2, [1, 0, 1, 1, 1, 0], &[0, 2, 3, 4]));
    (1..=20).for_each(|sequence| bet(&mut world, &config, sequence));
    assert_eq!([late, second].map(|verdict| verdict.load(Ordering::SeqCst)), [2, 1]);
    assert_eq!(committees(&world, &config).handovers(), 2, "{:?}", world.log().halted);

    for node in [0, 1, 4] {
        world.crash(node);
        world.start(node, key(node), config.clone());
    }
    world.start(5, key(5), config.clone());
    (21..=40).for_each(|sequence| bet(&mut world, &config, sequence));
    let slept = heights(&world, 5);
    assert!(slept[0] > committees(&world, &config).iter().last().unwrap().0, "a snapshot: {}", slept[0]);
    let tips: Vec<Height> = (0..6).map(|node| tip(&world, node)).collect();
    assert!(tips.iter().all(|tip| tip + 3 >= tips[2]), "{tips:?}");
    assert_eq!(world.log().halted, Vec::<String>::new());
    assert_agreement(&world);

    // And again from the files of the one that took over a snapshot.
    world.crash(5);
    world.start(5, key(5), config.clone());
    world.run(Duration::from_secs(2));
    assert!(tip(&world, 5) > tips[5]);
    let replay = |snapshot: &[u8]| {
        let blocks = world.file(5, journal::BLOCKS);
        crate::files::replay(&config.genesis, snapshot, &blocks, &Ed25519Verifier, &DiceOf(9))
    };
    let whole = replay(&world.file(5, journal::SNAPSHOT)).unwrap();
    assert_eq!(world.log().roots.get(&(5, whole.height)), Some(&whole.root));
}
