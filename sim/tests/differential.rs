//! The same commands give the same state root at each height, whichever engine ordered them.
//!
//! Four replicas, each an engine with the casino as its application, over links that reorder and, at first, lose. Who
//! proposes, in which round, what the certificate says, which replica was late: all that differs from engine to engine,
//! and none of it may reach the state. What is proposed at a height is what the state before it and the height say, so
//! that the blocks are the same.

use bitcraps_casino::{
    Action, Bet, Blobs, Block, Casino, Command, Genesis, GenesisValidator, SignedCommand, TableConfig,
};
use bitcraps_consensus::{
    AnyEngine, AnyMessage, Config, Dest, Engine, Input, Output, Signed, Timer, Validator, ValidatorSet,
    Verified,
};
use bitcraps_sim::scheme::{DiceKeys, Keyring, Scheme};
use bitcraps_tables::craps::{self, CrapsRules};
use bitcraps_types::{
    ChainId, Digest, Height, Protocol, TableId, ThresholdSignature, Time, ValidatorIndex, Value, WallTime,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

const VALIDATORS: usize = 4;
const PLAYERS: usize = 3;
const HEIGHTS: Height = 30;
/// Until then a fifth of the messages are lost.
const GST: Time = Time(3_000_000_000);

#[test]
fn the_state_root_at_each_height_does_not_depend_on_the_engine() {
    for seed in 0..5 {
        let [pbft, tendermint, hotstuff] = Protocol::ALL.map(|protocol| roots(protocol, seed));
        assert_eq!(pbft.len() as Height, HEIGHTS);
        assert_eq!(pbft, tendermint, "seed {seed}");
        assert_eq!(pbft, hotstuff, "seed {seed}");
        let distinct: std::collections::BTreeSet<_> = pbft.iter().collect();
        assert!(distinct.len() > HEIGHTS as usize / 2, "the commands change little");
    }
}

/// The roots after each height, the same at all four replicas.
fn roots(protocol: Protocol, seed: u64) -> Vec<Digest> {
    let mut net = Net::new(protocol, seed);
    while net.replicas.iter().any(|replica| (replica.roots.len() as Height) < HEIGHTS) {
        assert!(net.now < Time(600_000_000_000), "{protocol} stands still with seed {seed}");
        net.go_on();
    }
    let all: Vec<Vec<Digest>> =
        net.replicas.iter().map(|replica| replica.roots[..HEIGHTS as usize].to_vec()).collect();
    assert!(all.iter().all(|roots| *roots == all[0]), "{protocol}: the replicas differ");
    all[0].clone()
}

struct Replica {
    engine: AnyEngine,
    casino: Casino,
    parent: Digest,
    roots: Vec<Digest>,
}

/// Something in the place of the validators' signature over a block: the same for all, whatever the engine.
fn dice_of(value: &Value) -> ThresholdSignature {
    let mut bytes = [0; 96];
    bytes[..32].copy_from_slice(&value.digest().0);
    ThresholdSignature(bytes)
}

enum Event {
    Arrives(usize, Box<Signed<AnyMessage>>),
    Rings(usize, Timer),
}

struct Net {
    keys: Keyring,
    set: ValidatorSet,
    chain: ChainId,
    replicas: Vec<Replica>,
    /// Of the first replica that decided each height: for those who fell behind.
    blocks: BTreeMap<Height, Value>,
    now: Time,
    events: BTreeMap<(Time, u64), Event>,
    number: u64,
    rng: ChaCha8Rng,
}

impl Net {
    fn new(protocol: Protocol, seed: u64) -> Net {
        let keys = Keyring::new(Scheme::Mock, 7, VALIDATORS + PLAYERS);
        // One genesis for all: that of the engine would be another chain, and other signatures.
        let genesis = Genesis {
            name: "differential".to_owned(),
            engine: Protocol::Tendermint,
            validators: (0..VALIDATORS)
                .map(|index| GenesisValidator { key: keys.public_key(index), power: 1 })
                .collect(),
            players: (VALIDATORS..VALIDATORS + PLAYERS)
                .map(|player| (keys.public_key(player), 10_000))
                .collect(),
            bank: 1_000_000,
            tables: (0..2)
                .map(|table| TableConfig { id: TableId(table), rules: CrapsRules::default() })
                .collect(),
            blob_bytes: 0,
            dice: DiceKeys::new(Scheme::Mock, 7, &[1; VALIDATORS]).genesis,
            policy: bitcraps_casino::Policy::of_test_network(),
        };
        let chain = genesis.chain_id();
        let members = genesis.validators.iter().map(|entry| Validator { key: entry.key, power: entry.power });
        let set = ValidatorSet::new(members.collect()).unwrap();
        let replica = |index: usize| Replica {
            engine: AnyEngine::new(protocol, config(chain, index), set.clone(), 1),
            casino: Casino::genesis(&genesis).unwrap(),
            parent: chain,
            roots: Vec::new(),
        };
        let replicas = (0..VALIDATORS).map(replica).collect();
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let (blocks, events) = (BTreeMap::new(), BTreeMap::new());
        let mut net = Net { keys, set, chain, replicas, blocks, now: Time(1), events, number: 0, rng };
        (0..VALIDATORS).for_each(|index| net.step(index, Input::Start));
        net
    }

    fn go_on(&mut self) {
        let ((at, _), event) = self.events.pop_first().expect("an engine always has a timer");
        self.now = at;
        match event {
            Event::Rings(to, timer) => self.step(to, Input::Timer(timer)),
            Event::Arrives(to, signed) => {
                let verified = AnyEngine::verify(*signed, &self.set, &self.chain, &*self.keys.verifier());
                self.step(to, Input::Message(verified.expect("all are correct")));
            }
        }
    }

    fn after(&mut self, delay: Duration, event: Event) {
        self.number += 1;
        self.events.insert((self.now + delay, self.number), event);
    }

    fn step(&mut self, index: usize, input: Input<AnyEngine>) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut outputs = Vec::new();
            self.replicas[index].engine.step(self.now, input, &mut outputs);
            outputs.into_iter().for_each(|output| self.output(index, output, &mut inputs));
        }
    }

    fn output(&mut self, index: usize, output: Output<AnyEngine>, inputs: &mut VecDeque<Input<AnyEngine>>) {
        match output {
            Output::Sign { message, to, .. } => {
                let signer = self.keys.signer(index);
                self.send(index, to, Signed::new(message.clone(), &self.chain, &*signer));
                inputs.push_back(Input::Message(Verified::own(message, &self.chain, &*signer)));
            }
            Output::Relay { to, message } => self.send(index, to, message),
            Output::SetTimer { timer, at } => {
                self.number += 1;
                self.events.insert((at.max(self.now), self.number), Event::Rings(index, timer));
            }
            Output::Propose { height, round } => {
                let value = self.block(index, height);
                inputs.push_back(Input::Proposed { height, round, value });
            }
            Output::Validate { height, value, .. } => {
                let valid = value == self.block(index, height);
                inputs.push_back(Input::Verdict { height, digest: value.digest(), valid });
            }
            Output::Decide { height, value, .. } => inputs.extend(self.decided(index, height, value)),
            Output::Ahead { of, height } => {
                if let Some(input) = self.sync(of.index(), height) {
                    self.step(of.index(), input);
                }
            }
            Output::Behind { .. } => {
                let height = self.replicas[index].engine.height();
                inputs.extend(self.sync(index, height));
            }
            Output::Persist { .. }
            | Output::Accuse(_)
            | Output::Entered { .. }
            | Output::Locked { .. }
            | Output::Transition(_) => {}
        }
    }

    /// The block of a height for a replica that is at it, if anybody has decided it.
    fn sync(&mut self, index: usize, height: Height) -> Option<Input<AnyEngine>> {
        let value = self.blocks.get(&height).cloned()?;
        (self.replicas[index].engine.height() == height).then(|| self.decided(index, height, value))?
    }

    fn decided(&mut self, index: usize, height: Height, value: Value) -> Option<Input<AnyEngine>> {
        let replica = &mut self.replicas[index];
        if replica.roots.len() as Height + 1 != height {
            return None;
        }
        let block = Block::decode(value.bytes()).unwrap();
        let verifier = self.keys.verifier();
        replica.roots.push(replica.casino.apply(&block, Some(&dice_of(&value)), &self.chain, &*verifier));
        replica.parent = value.digest();
        self.blocks.entry(height).or_insert(value);
        Some(Input::Advance { height: height + 1, validators: self.set.clone() })
    }

    /// What anybody proposes at a height after the same heights.
    fn block(&self, index: usize, height: Height) -> Value {
        let replica = &self.replicas[index];
        let command = |player: usize| {
            let signer = self.keys.signer(VALIDATORS + player);
            let choice = (height as usize + player) % 4;
            let bet =
                [craps::Bet::Pass, craps::Bet::Field, craps::Bet::AnySeven, craps::Bet::DontPass][choice];
            let action = Action::Bet { table: TableId(player as u32 % 2), bet: Bet::Craps(bet), stake: 30 };
            let command = Command { key: signer.public_key(), sequence: height, action };
            SignedCommand::sign(&self.chain, command, &*signer)
        };
        let block = Block {
            height,
            parent: replica.parent,
            proposer: ValidatorIndex(0),
            time: WallTime(height),
            state_root: replica.casino.root(),
            rolls: true,
            attendance: None,
            handover: None,
            commands: (0..PLAYERS).map(command).collect(),
            offences: Vec::new(),
            blobs: Blobs::default(),
        };
        Value::new(block.encode())
    }

    fn send(&mut self, from: usize, to: Dest, signed: Signed<AnyMessage>) {
        for index in (0..VALIDATORS).filter(|index| *index != from) {
            let addressed = to == Dest::All || to == Dest::One(ValidatorIndex(index as u16));
            let lost = self.now < GST && self.rng.random_bool(0.2);
            if addressed && !lost {
                let delay = Duration::from_micros(self.rng.random_range(500..40_000));
                self.after(delay, Event::Arrives(index, Box::new(signed.clone())));
            }
        }
    }
}

fn config(chain: ChainId, index: usize) -> Config {
    Config {
        chain,
        me: Some(ValidatorIndex(index as u16)),
        propose: Duration::from_millis(200),
        prevote: Duration::from_millis(100),
        precommit: Duration::from_millis(100),
        growth: 1.5,
        rebroadcast: Duration::from_millis(300),
    }
}
