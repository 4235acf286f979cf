//! Validity of blocks, state roots, conservation. And the blocks that the other tests decide.

use super::*;
use bitcraps_casino::{
    Action, Blobs, Block, Casino, Command, Genesis, GenesisValidator, Kept, Offence, PerMille, SignedCommand,
};
use bitcraps_types::{AccountId, Protocol, ThresholdSignature, WallTime};

/// The first key that is a player's.
const PLAYER: usize = 4;

/// Two players with 1000 each, a bank with 10 000, no tables.
pub(super) fn genesis(keys: &Keyring) -> Genesis {
    Genesis {
        name: "oracle".to_owned(),
        engine: Protocol::Tendermint,
        validators: Vec::new(),
        players: vec![(keys.public_key(PLAYER), 1000), (keys.public_key(PLAYER + 1), 1000)],
        bank: 10_000,
        tables: Vec::new(),
        blob_bytes: 0,
        dice: DiceKeys::new(Scheme::Mock, 9, &[1; 4]).genesis,
        policy: bitcraps_casino::Policy::of_test_network(),
    }
}

/// Blocks without commands, each extending the one before.
pub(super) fn empty_chain(genesis: &Genesis, count: u64) -> Vec<Value> {
    let mut chain = Replay::new(genesis);
    (0..count).map(|_| chain.block(Vec::new())).collect()
}

/// Another block for the same place.
pub(super) fn rival(value: &Value) -> Value {
    altered(value, |block| block.time.0 += 1)
}

fn altered(value: &Value, change: impl FnOnce(&mut Block)) -> Value {
    let mut block = Block::decode(value.bytes()).unwrap();
    change(&mut block);
    Value::new(block.encode())
}

/// The casino as an honest node has it.
struct Replay {
    casino: Casino,
    verifier: std::rc::Rc<dyn bitcraps_types::Verify>,
    height: Height,
    parent: Digest,
}

impl Replay {
    fn new(genesis: &Genesis) -> Replay {
        let verifier = Keyring::new(Scheme::Mock, 9, 6).verifier();
        Replay { casino: Casino::genesis(genesis).unwrap(), verifier, height: 0, parent: CHAIN }
    }

    /// The next block; plays it.
    fn block(&mut self, commands: Vec<SignedCommand>) -> Value {
        self.block_with(commands, Vec::new())
    }

    fn block_with(&mut self, commands: Vec<SignedCommand>, offences: Vec<Offence>) -> Value {
        self.height += 1;
        let block = Block {
            height: self.height,
            parent: self.parent,
            proposer: v(0),
            time: WallTime(self.height * 1000),
            state_root: self.casino.root(),
            rolls: Block::must_roll(false, &commands),
            attendance: None,
            handover: None,
            commands,
            offences,
            blobs: Blobs::default(),
        };
        let value = Value::new(block.encode());
        self.parent = value.digest();
        self.casino.apply(&block, None, &CHAIN, &*self.verifier);
        value
    }

    /// A node applies the last block.
    fn applied(&self, world: &mut World, node: u16, value: &Value) {
        self.applied_with(world, node, value, self.casino.root(), self.casino.bank().ledger());
    }

    fn applied_with(
        &self,
        world: &mut World,
        node: u16,
        value: &Value,
        root: Digest,
        ledger: &bitcraps_treasury::Ledger,
    ) {
        self.applied_so(world, node, value, (root, None), ledger);
    }

    /// A node applies a block of an untouched state, with these dice.
    fn applied_after(&self, world: &mut World, node: u16, value: &Value, dice: Option<ThresholdSignature>) {
        self.applied_so(world, node, value, (self.casino.root(), dice), self.casino.bank().ledger());
    }

    fn applied_so(
        &self,
        world: &mut World,
        node: u16,
        value: &Value,
        (root, dice): (Digest, Option<ThresholdSignature>),
        ledger: &bitcraps_treasury::Ledger,
    ) {
        let block = Block::decode(value.bytes()).unwrap();
        let (height, digest) = (block.height, value.digest());
        let certificate = &world.certificate((height, 0), digest, &[0, 1, 2]);
        let (block, reports, refusals) = (&block, &[], &[]);
        world.see(
            node,
            Event::Applied {
                height,
                block,
                value,
                certificate,
                dice: dice.as_ref(),
                digest,
                root,
                ledger,
                reports,
                refusals,
            },
        );
    }
}

fn replay(world: &World) -> Replay {
    Replay::new(&genesis(&world.keys))
}

/// A player pays the other.
fn payment(world: &World, sequence: u64, amount: u64) -> SignedCommand {
    let to = AccountId::of_key(&world.keys.public_key(PLAYER + 1));
    let signer = world.keys.signer(PLAYER);
    let command = Command { key: signer.public_key(), sequence, action: Action::Transfer { to, amount } };
    SignedCommand::sign(&CHAIN, command, &*signer)
}

#[test]
fn a_run_with_commands_holds_in_every_property_of_the_state() {
    let mut world = World::new();
    let mut chain = replay(&world);
    for sequence in 1..=20 {
        let command = payment(&world, sequence, sequence);
        world.oracles.submitted(Time::ZERO, command.id());
        let value = chain.block(vec![command]);
        for node in 0..3 {
            world.decide_value(node, sequence, &value);
            chain.applied(&mut world, node, &value);
        }
    }
    for name in ["validity", "same_state_root", "conservation", "no_negative_balance", "delivery_order"] {
        world.assert_holds(name);
    }
    assert_eq!(world.result("conservation").detail, "20 ledgers", "once per height, not per node");
}

#[test]
fn a_decided_value_must_be_a_block_of_its_height_on_its_parent() {
    type Change = fn(&mut Block);
    let broken: [(Change, &str); 4] = [
        (|block| block.height += 1, "the block says that its height is 3"),
        (|block| block.parent = Digest([1; 32]), "it extends 01010101"),
        (|block| block.proposer = v(4), "the proposer 4 is not a validator"),
        (|block| block.blobs = Blobs::of([b"x"]).unwrap(), "it has 1 bytes of blobs, the genesis allows 0"),
    ];
    for (change, reason) in broken {
        let mut world = World::new();
        world.run(1..=1);
        let value = altered(&world.block(2), change);
        world.decide_value(0, 2, &value);
        world.assert_violated("validity", &format!("node 0, height 2: {reason}"));
    }
    let mut world = World::new();
    world.decide_value(0, 1, &Value::new(b"no block".to_vec()));
    world.assert_violated("validity", "height 1: not a block");

    let mut world = World::new();
    let first = altered(&world.block(1), |block| block.parent = Digest::ZERO);
    world.decide_value(0, 1, &first);
    world.assert_violated("validity", "height 1: it extends 00000000");
}

#[test]
fn a_command_must_be_signed_submitted_and_included_once() {
    let decide = |world: &mut World, blocks: Vec<Vec<SignedCommand>>| {
        let mut chain = replay(world);
        for (height, commands) in (1..).zip(blocks) {
            let value = chain.block(commands);
            world.decide_value(0, height, &value);
        }
    };
    let world = World::new();
    let command = payment(&world, 1, 5);

    let mut unknown = World::new();
    decide(&mut unknown, vec![vec![command]]);
    unknown.assert_violated("validity", "was submitted by no player");

    for blocks in [vec![vec![command, command]], vec![vec![command], vec![command]]] {
        let mut twice = World::new();
        twice.oracles.submitted(Time::ZERO, command.id());
        decide(&mut twice, blocks);
        twice.assert_violated("validity", "stands in block 1 already");
    }

    let mut forged = command;
    forged.command.action = payment(&world, 1, 500).command.action;
    let mut stolen = World::new();
    stolen.oracles.submitted(Time::ZERO, forged.id());
    decide(&mut stolen, vec![vec![forged]]);
    stolen.assert_violated("validity", "is not signed by its key");

    let mut elsewhere = World::new();
    let signer = world.keys.signer(PLAYER);
    let other_chain = SignedCommand::sign(&Digest::ZERO, command.command, &*signer);
    elsewhere.oracles.submitted(Time::ZERO, other_chain.id());
    decide(&mut elsewhere, vec![vec![other_chain]]);
    elsewhere.assert_violated("validity", "is not signed by its key");
}

#[test]
fn another_root_than_the_sequential_casino_has_is_caught() {
    let mut world = World::new();
    let mut chain = replay(&world);
    let value = chain.block(Vec::new());
    (0..2).for_each(|node| world.decide_value(node, 1, &value));
    chain.applied(&mut world, 0, &value);
    world.assert_holds("same_state_root");
    let ledger = chain.casino.bank().ledger();
    chain.applied_with(&mut world, 1, &value, Digest([1; 32]), ledger);
    world.assert_violated("same_state_root", "node 1, height 1: its root is 01010101, it should be");
}

#[test]
fn a_block_with_a_false_root_in_it_is_caught() {
    let mut world = World::new();
    let value = altered(&world.block(1), |block| block.state_root = Digest([1; 32]));
    world.decide_value(2, 1, &value);
    replay(&world).applied(&mut world, 2, &value);
    world.assert_violated(
        "same_state_root",
        "node 2, height 1: the block says that the root before it is 01010101",
    );
}

#[test]
fn dice_that_are_not_the_blocks_own_are_caught() {
    let keys = DiceKeys::new(Scheme::Mock, 9, &[1; 4]);
    let sign = |height, value: &Value| {
        let message = bitcraps_beacon::message(&CHAIN, height, &value.digest());
        let partials: Vec<_> = (0..3).map(|n| (n, keys.holder(n as usize).sign(&message)[0])).collect();
        keys.public.combine(&message, &partials).unwrap()
    };
    let judge = |rolls: bool, signed: Option<u64>| {
        let mut world = World::new();
        let chain = replay(&world);
        let value = altered(&world.block(1), |block| block.rolls = rolls);
        world.decide_value(0, 1, &value);
        chain.applied_after(&mut world, 0, &value, signed.map(|height| sign(height, &value)));
        world
    };
    judge(true, Some(1)).assert_holds("same_state_root");
    judge(false, None).assert_holds("same_state_root");
    for (rolls, signed) in [(true, None), (true, Some(2)), (false, Some(1))] {
        judge(rolls, signed).assert_violated("same_state_root", "the dice are not those that the block has");
    }
}

#[test]
fn applying_another_block_than_was_decided_is_caught() {
    let mut world = World::new();
    let mut chain = replay(&world);
    let value = chain.block(Vec::new());
    world.decide_value(0, 1, &value);
    chain.applied(&mut world, 0, &rival(&value));
    world.assert_violated("same_state_root", "node 0, height 1: it applied");

    let mut early = World::new();
    chain.applied(&mut early, 0, &value);
    early.assert_violated("same_state_root", "no honest node had decided it");
}

#[test]
fn applying_out_of_order_is_caught() {
    let mut world = World::new();
    let mut chain = replay(&world);
    let blocks: Vec<Value> = (0..3).map(|_| chain.block(Vec::new())).collect();
    (1..).zip(&blocks).for_each(|(height, value)| world.decide_value(0, height, value));
    chain.applied(&mut world, 0, &blocks[0]);
    chain.applied(&mut world, 0, &blocks[2]);
    world.assert_violated("delivery_order", "node 0 applied block 3 after block 1");
}

#[test]
fn a_false_snapshot_is_caught() {
    let mut world = World::new();
    world.run(1..=5);
    let mut chain = replay(&world);
    (6..=7).for_each(|height| world.decide(0, height));
    for _ in 0..7 {
        let value = chain.block(Vec::new());
        chain.applied(&mut world, 0, &value);
    }
    let root = chain.casino.root();
    world.see(1, Event::StateSynced { height: 7, root });
    world.assert_holds("same_state_root");
    world.see(2, Event::StateSynced { height: 7, root: Digest([1; 32]) });
    world.assert_violated("same_state_root", "node 2 took over the state of height 7 with root 01010101");
}

#[test]
fn a_minted_token_is_caught() {
    let mut world = World::new();
    let mut chain = replay(&world);
    let value = chain.block(Vec::new());
    world.decide_value(0, 1, &value);
    let mut ledger = chain.casino.bank().ledger().clone();
    ledger.issue(AccountId::of_house("thief"), 1).unwrap();
    let root = chain.casino.root();
    chain.applied_with(&mut world, 0, &value, root, &ledger);
    world.assert_violated(
        "conservation",
        "node 0, height 1: all accounts hold 12001, of what the genesis issued 12000 are left",
    );
    assert_eq!(world.oracles.violated().unwrap().0, "conservation");
}

/// Four validators with 1000 at stake each, of which an offence costs a tenth; of that a third is kept.
fn staked(keys: &Keyring) -> Genesis {
    let mut staked = genesis(keys);
    staked.validators = (0..4).map(|i| GenesisValidator { key: keys.public_key(i), power: 1 }).collect();
    let by = AccountId::of_key(&keys.public_key(PLAYER));
    staked.policy.stake.as_mut().unwrap().kept = Some(Kept { share: PerMille(333), by });
    staked
}

#[test]
fn each_offence_must_cost_its_stake_the_share_once() {
    let offence = |offender, height| Offence { offender: v(offender), height, proof: Vec::new() };
    let keys = Keyring::new(Scheme::Mock, 9, 6);
    let staked = staked(&keys);
    // What nodes do with blocks that accuse in this way is compared with what they must do with the others.
    let judge = |decided: [Vec<Offence>; 2], applied: [Vec<Offence>; 2]| {
        let mut world = World::with(|setup| setup.genesis = staked.clone());
        let (mut chain, mut shadow) = (Replay::new(&staked), Replay::new(&staked));
        for (height, (decided, applied)) in (1..).zip(decided.into_iter().zip(applied)) {
            let value = chain.block_with(Vec::new(), decided);
            shadow.block_with(Vec::new(), applied);
            world.decide_value(0, height, &value);
            let ledger = shadow.casino.bank().ledger();
            chain.applied_with(&mut world, 0, &value, Digest([height as u8; 32]), ledger);
        }
        world
    };
    let twice = || [vec![offence(3, 1), offence(3, 1)], vec![offence(3, 1), offence(3, 2), offence(9, 2)]];
    judge(twice(), twice()).assert_holds("conservation");
    let mut free = judge(twice(), [vec![], vec![]]);
    free.assert_violated(
        "conservation",
        "height 1: all accounts hold 16000, of what the genesis issued 15933 are left",
    );
    let other = || [vec![offence(2, 1)], vec![]];
    let mut framed = judge([vec![offence(3, 1)], vec![]], other());
    framed.assert_violated("conservation", "validator 2 has 900 at stake, its offences leave 1000");
    let again = [vec![offence(3, 1)], vec![offence(3, 2)]];
    let mut charged_twice = judge([vec![offence(3, 1)], vec![]], again);
    charged_twice.assert_violated("conservation", "height 2: all accounts hold");
}

#[test]
fn a_fork_is_not_blamed_on_the_state() {
    let mut world = World::new();
    let mut chain = replay(&world);
    let value = chain.block(Vec::new());
    let rival = rival(&value);
    world.decide_value(0, 1, &value);
    chain.applied(&mut world, 0, &value);
    world.decide_value(1, 1, &rival);
    chain.applied(&mut world, 1, &rival);
    let next = altered(&chain.block(Vec::new()), |block| block.parent = rival.digest());
    world.decide_value(1, 2, &next);
    for name in ["validity", "same_state_root", "conservation", "delivery_order", "certificates"] {
        world.assert_holds(name);
    }
    world.assert_violated("agreement", "height 1");
}

#[test]
fn a_block_that_accuses_without_proof_or_an_honest_validator_is_caught() {
    let world = World::new();
    let evidence = |author: u16| {
        let first = world.vote(VoteKind::Prevote, author, (1, 0), None);
        let second = world.vote(VoteKind::Prevote, author, (1, 0), Some(Digest([1; 32])));
        borsh::to_vec(&Evidence::of(&first, &second)).unwrap()
    };
    let decide = |offence: Offence| {
        let mut world = World::new();
        let value = altered(&world.block(1), |block| block.offences.push(offence));
        world.decide_value(0, 1, &value);
        world
    };
    let offence = |offender: u16, proof: Vec<u8>| Offence { offender: v(offender), height: 1, proof };
    decide(offence(3, evidence(3))).assert_holds("no_false_accusation");
    decide(offence(1, evidence(1))).assert_violated("no_false_accusation", "validator 1, which is honest");
    for lie in
        [offence(1, evidence(3)), offence(3, Vec::new()), Offence { height: 2, ..offence(3, evidence(3)) }]
    {
        decide(lie).assert_violated("no_false_accusation", "without proof");
    }
}
