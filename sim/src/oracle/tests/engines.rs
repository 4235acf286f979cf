//! The engines themselves under random schedules, losses and crashes: honest as they are they break no lock, send no bad
//! certificate, and nothing that they sign convicts them. Made to forget, they are caught.

use super::*;
use crate::oracle::accountability::accountable;
use bitcraps_consensus::{AnyEngine, AnyEntry, Dest, Engine, Input, Output, Timer, ValidatorSet, Verified};
use bitcraps_types::Protocol;
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::{BTreeMap, VecDeque};

const NODES: u16 = 4;
const HEIGHTS: Height = 3;

struct Net {
    world: World,
    protocol: Protocol,
    set: ValidatorSet,
    nodes: Vec<Node>,
    mail: Vec<(u16, Signed<ConsensusMessage>)>,
    rng: ChaCha8Rng,
    /// What drops each lock now and then.
    forgetful: bool,
    decided: usize,
}

struct Node {
    engine: AnyEngine,
    log: Vec<AnyEntry>,
    timers: BTreeMap<Timer, Time>,
}

impl Net {
    fn new(protocol: Protocol, seed: u64, forgetful: bool) -> Net {
        let world = World::with(|setup| {
            setup.honest = vec![true; 4];
            setup.genesis.engine = protocol;
        });
        let set = ValidatorSet::new(world.oracles.laws.at(1).validators.clone()).unwrap();
        let mut net = Net {
            nodes: (0..NODES).map(|me| Node::new(protocol, &set, me, 1, Vec::new())).collect(),
            world,
            protocol,
            set,
            mail: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            forgetful,
            decided: 0,
        };
        (0..NODES).for_each(|node| net.input(node, Input::Start));
        net
    }

    /// Something happens: mostly a message arrives, or is lost; a timer rings; a node crashes and comes back.
    fn step(&mut self) {
        self.world.now = self.world.now + Duration::from_millis(1);
        let node = self.rng.random_range(0..NODES);
        match self.rng.random_range(0..100) {
            0..85 if !self.mail.is_empty() => {
                let (to, signed) = self.mail.swap_remove(self.rng.random_range(0..self.mail.len()));
                if self.rng.random_range(0..5) > 0
                    && let Ok(verified) =
                        AnyEngine::verify(signed, &self.set, &CHAIN, &*self.world.oracles.laws.at(1).verifier)
                {
                    self.world.see(to, Event::Heard(verified.signed()));
                    self.input(to, Input::Message(verified));
                }
            }
            0..98 => {
                let first = self.nodes[usize::from(node)].timers.iter().min_by_key(|(_, at)| **at);
                if let Some(timer) = first.map(|(timer, _)| *timer) {
                    self.nodes[usize::from(node)].timers.remove(&timer);
                    self.input(node, Input::Timer(timer));
                }
            }
            _ => {
                let Node { engine, log, .. } = &self.nodes[usize::from(node)];
                let restarted = Node::new(self.protocol, &self.set, node, engine.height(), log.clone());
                self.nodes[usize::from(node)] = restarted;
                self.input(node, Input::Start);
            }
        }
    }

    fn input(&mut self, node: u16, input: Input<AnyEngine>) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let state = &mut self.nodes[usize::from(node)];
            if self.forgetful {
                state.engine.forget_lock();
            }
            let mut out = Vec::new();
            state.engine.step(self.world.now, input, &mut out);
            out.into_iter().for_each(|output| self.carry_out(node, output, &mut inputs));
        }
    }

    fn carry_out(&mut self, node: u16, output: Output<AnyEngine>, inputs: &mut VecDeque<Input<AnyEngine>>) {
        match output {
            Output::Persist { entry, .. } => self.nodes[usize::from(node)].log.push(entry),
            Output::Sign { message, to, .. } => {
                let own = Verified::own(message, &CHAIN, &*self.world.keys.signer(usize::from(node)));
                self.world.see(node, Event::Signed(own.signed()));
                self.post(node, to, own.signed());
                inputs.push_back(Input::Message(own));
            }
            Output::Relay { to, message } => self.post(node, to, &message),
            Output::SetTimer { timer, at } => {
                self.nodes[usize::from(node)].timers.insert(timer, at);
            }
            Output::Propose { height, round } => {
                let value = Value::new(format!("{node} {height} {round}").into_bytes());
                inputs.push_back(Input::Proposed { height, round, value });
            }
            Output::Validate { height, value, .. } => {
                inputs.push_back(Input::Verdict { height, digest: value.digest(), valid: true });
            }
            Output::Decide { height, .. } => {
                self.decided += 1;
                if height < HEIGHTS {
                    let validators = self.set.clone();
                    inputs.push_back(Input::Advance { height: height + 1, validators });
                }
            }
            _ => {}
        }
    }

    fn post(&mut self, from: u16, to: Dest, signed: &Signed<ConsensusMessage>) {
        let is_for = |node: &u16| *node != from && (to == Dest::All || to == Dest::One(v(*node)));
        self.mail.extend((0..NODES).filter(is_for).map(|node| (node, signed.clone())));
    }

    fn blamed(&self) -> Vec<(Height, ValidatorIndex)> {
        let record = |height| (height, self.world.oracles.testimony.at(height));
        let heights = (1..=HEIGHTS + 1).map(record);
        let blamed = heights.flat_map(|(height, record)| {
            accountable(self.world.oracles.laws.at(1), record).into_keys().map(move |who| (height, who))
        });
        blamed.collect()
    }
}

impl Node {
    fn new(protocol: Protocol, set: &ValidatorSet, me: u16, height: Height, log: Vec<AnyEntry>) -> Node {
        let config = Config {
            chain: CHAIN,
            me: Some(v(me)),
            propose: Duration::from_millis(100),
            prevote: Duration::from_millis(50),
            precommit: Duration::from_millis(50),
            growth: 1.2,
            rebroadcast: Duration::from_millis(300),
        };
        let mut engine = AnyEngine::new(protocol, config, set.clone(), height);
        engine.restore(log.clone());
        Node { engine, log, timers: BTreeMap::new() }
    }
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop::sample::select(Protocol::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn honest_engines_break_no_rule_and_convict_nobody(protocol in protocol(), seed in any::<u64>()) {
        let mut net = Net::new(protocol, seed, false);
        for _ in 0..30 {
            (0..50).for_each(|_| net.step());
            prop_assert_eq!(net.blamed(), [], "{:?}", protocol);
        }
        for property in ["lock_discipline", "sent_certificates", "vote_once"] {
            let result = net.world.result(property);
            prop_assert_eq!(result.holds, Some(true), "{:?}: {:?}", protocol, result);
        }
    }
}

/// How many of so many runs come to some decisions, and in how many a lock is broken.
fn runs(protocol: Protocol, forgetful: bool) -> (usize, usize) {
    let (mut decided, mut broken) = (0, 0);
    for seed in 0..40 {
        let mut net = Net::new(protocol, seed, forgetful);
        (0..1500).for_each(|_| net.step());
        decided += net.decided;
        broken += usize::from(net.world.result("lock_discipline").holds == Some(false));
    }
    (decided, broken)
}

#[test]
fn these_schedules_decide_and_let_locks_matter() {
    for protocol in Protocol::ALL {
        let (decided, broken) = runs(protocol, false);
        assert!(decided > 100 && broken == 0, "{protocol:?}: {decided} decisions, {broken} broken locks");
        let (_, broken) = runs(protocol, true);
        assert!(broken > 0, "{protocol:?}: who forgets its lock is not caught");
    }
}
