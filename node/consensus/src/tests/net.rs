//! A whole network in one thread and one seed: messages are delayed, reordered, repeated and (before GST) lost;
//! writes become durable late; validators crash at any write and come back; keys in one hand sign both of everything.
//!
//! The network is also the judge: it panics when a correct validator signs two things for one place, when two
//! correct validators decide differently, or when a decision has no valid certificate.

use super::*;
use bitcraps_types::{Height, Round, Time};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;

/// An engine with its lies.
pub(crate) trait Played: Engine {
    /// What the Byzantine validators know and said. They are in one hand.
    type Coalition: Default;

    /// An engine about to begin `height`.
    fn begin(config: Config, validators: ValidatorSet, height: Height) -> Self;

    /// One of them, `hearer`, heard this: what they say now.
    fn collude(
        coalition: &mut Self::Coalition,
        scene: &Scene,
        hearer: usize,
        heard: &Signed<Self::Message>,
    ) -> Vec<Lie<Self::Message>>;
}

/// What the Byzantine validators see of the network.
pub(crate) struct Scene {
    pub(crate) set: ValidatorSet,
    pub(crate) byzantine: Vec<usize>,
    groups: Vec<usize>,
}

impl Scene {
    /// The group that they want a validator to be in.
    pub(crate) fn group(&self, node: usize) -> usize {
        self.groups.get(node).copied().unwrap_or(node % 2)
    }

    /// Those who are to be misled.
    pub(crate) fn correct(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.set.len()).filter(|node| !self.byzantine.contains(node))
    }
}

/// Something that a Byzantine validator says to one other.
pub(crate) struct Lie<M> {
    pub(crate) by: usize,
    pub(crate) to: usize,
    pub(crate) message: M,
}

/// What the network does to the messages.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// From here on nothing is lost and delays are short.
    pub(crate) gst: Duration,
    /// The chance that a message is lost before GST.
    pub(crate) loss: f64,
    /// The chance that a message comes twice.
    pub(crate) repeat: f64,
    /// How many crashes happen before GST.
    pub(crate) crashes: usize,
    /// These are in one hand, and lie as [`Played::collude`] says.
    pub(crate) byzantine: Vec<usize>,
    /// These never say anything.
    pub(crate) silent: Vec<usize>,
    /// Until GST, validators of different groups don't hear each other. Byzantine ones are in all groups.
    pub(crate) groups: Vec<usize>,
    /// How many nodes follow that are no validators.
    pub(crate) followers: usize,
    /// Whether a validator with the seed's whim refuses fresh values now and then.
    pub(crate) picky: bool,
}

impl Faults {
    pub(crate) fn none() -> Faults {
        Faults {
            gst: Duration::ZERO,
            loss: 0.0,
            repeat: 0.0,
            crashes: 0,
            byzantine: Vec::new(),
            silent: Vec::new(),
            groups: Vec::new(),
            followers: 0,
            picky: false,
        }
    }
}

pub(crate) struct Net<E: Played> {
    pub(crate) now: Time,
    pub(crate) nodes: Vec<Node<E>>,
    pub(crate) accused: BTreeSet<(ValidatorIndex, Height)>,
    /// All evidence, for checking.
    pub(crate) evidence: Vec<Evidence<E::Message>>,
    /// The highest round that a height was decided in, after GST or before.
    pub(crate) highest_round: Round,
    pub(crate) disagreements: usize,
    /// How many messages were sent, each counted once per recipient.
    pub(crate) sent: usize,
    faults: Faults,
    rng: ChaCha8Rng,
    events: BTreeMap<(Time, u64), Event<E>>,
    next_event: u64,
    chain: BTreeMap<Height, Digest>,
    scene: Scene,
    coalition: E::Coalition,
}

pub(crate) struct Node<E: Engine> {
    pub(crate) engine: E,
    /// Decided blocks: durable at once.
    pub(crate) blocks: BTreeMap<Height, (Value, Certificate)>,
    /// Events of earlier incarnations are dropped.
    life: u32,
    down: bool,
    log: Vec<E::Entry>,
    durable: usize,
    /// How long the log was when this life began.
    base: usize,
    waiting: Vec<(Seq, Dest, E::Message)>,
    timers: BTreeMap<Timer, Time>,
    /// What left this validator, through all its lives.
    spoken: BTreeMap<Height, Vec<<E::Message as Message>::Statement>>,
}

enum Event<E: Engine> {
    Deliver { to: usize, signed: Box<Signed<E::Message>> },
    Ring { node: usize, life: u32, timer: Timer },
    Durable { node: usize, life: u32, upto: usize },
    Input { node: usize, life: u32, input: Box<Input<E>> },
    Block { to: usize, height: Height, value: Value, certificate: Certificate },
    Crash { node: usize },
    Restart { node: usize, life: u32 },
}

impl<E: Played> Net<E> {
    pub(crate) fn new(seed: u64, powers: &[u64], faults: Faults) -> Net<E> {
        let set = validators(powers);
        let node = |i| Node {
            engine: E::begin(config((i < set.len()).then_some(i)), set.clone(), 1),
            blocks: BTreeMap::new(),
            life: 0,
            down: false,
            log: Vec::new(),
            durable: 0,
            base: 0,
            waiting: Vec::new(),
            timers: BTreeMap::new(),
            spoken: BTreeMap::new(),
        };
        let mut net = Net {
            now: Time(1),
            nodes: (0..powers.len() + faults.followers).map(node).collect(),
            accused: BTreeSet::new(),
            evidence: Vec::new(),
            highest_round: 0,
            disagreements: 0,
            sent: 0,
            rng: ChaCha8Rng::seed_from_u64(seed),
            events: BTreeMap::new(),
            next_event: 0,
            chain: BTreeMap::new(),
            scene: Scene { set, byzantine: faults.byzantine.clone(), groups: faults.groups.clone() },
            coalition: E::Coalition::default(),
            faults,
        };
        for node in 0..net.nodes.len() {
            if !net.is_faulty(node) {
                let at = Duration::from_millis(net.rng.random_range(0..50));
                net.after(at, Event::Input { node, life: 0, input: Box::new(Input::Start) });
            }
        }
        for _ in 0..net.faults.crashes {
            let node = net.rng.random_range(0..net.nodes.len());
            if net.is_faulty(node) {
                continue;
            }
            let gst = u64::try_from(net.faults.gst.as_millis()).unwrap().max(1);
            let at = Duration::from_millis(net.rng.random_range(0..gst));
            net.after(at, Event::Crash { node });
        }
        net
    }

    pub(crate) fn correct(&self) -> impl Iterator<Item = &Node<E>> {
        self.nodes.iter().enumerate().filter(|(i, _)| !self.is_faulty(*i)).map(|(_, node)| node)
    }

    fn is_faulty(&self, node: usize) -> bool {
        self.faults.byzantine.contains(&node) || self.faults.silent.contains(&node)
    }

    /// Runs until every correct validator has decided `height`, or until `limit`. Whether they did.
    pub(crate) fn run(&mut self, height: Height, limit: Duration) -> bool {
        while !self.correct().all(|node| node.blocks.contains_key(&height)) {
            let due = self.events.first_entry().filter(|event| event.key().0 <= Time::ZERO + limit);
            let Some(event) = due else {
                return false;
            };
            self.now = event.key().0;
            let event = event.remove();
            self.handle(event);
        }
        true
    }

    /// Runs until `limit`.
    pub(crate) fn run_until(&mut self, limit: Duration) {
        self.run(Height::MAX, limit);
    }

    fn after(&mut self, delay: Duration, event: Event<E>) {
        self.events.insert((self.now + delay, self.next_event), event);
        self.next_event += 1;
    }

    fn handle(&mut self, event: Event<E>) {
        match event {
            Event::Deliver { to, signed } => {
                let author = signed.message.author().index();
                match E::verify(*signed, &self.scene.set, &CHAIN, &TagVerifier) {
                    Ok(verified) => self.step(to, Input::Message(verified)),
                    Err(invalid) => assert!(self.is_faulty(author), "{author} is correct: {invalid}"),
                }
            }
            Event::Ring { node, life, timer } => {
                let current =
                    self.nodes[node].life == life && self.nodes[node].timers.get(&timer) == Some(&self.now);
                if current {
                    self.nodes[node].timers.remove(&timer);
                    self.step(node, Input::Timer(timer));
                }
            }
            Event::Durable { node, life, upto } => {
                if self.nodes[node].life == life {
                    self.nodes[node].durable = self.nodes[node].durable.max(upto);
                    self.release(node);
                }
            }
            Event::Input { node, life, input } => {
                if self.nodes[node].life == life {
                    self.step(node, *input);
                }
            }
            Event::Block { to, height, value, certificate } => self.sync(to, height, value, certificate),
            Event::Crash { node } => self.crash(node),
            Event::Restart { node, life } => {
                if self.nodes[node].life == life {
                    self.restart(node);
                }
            }
        }
    }

    /// Everything volatile is lost, and of the unsynced writes all after some point.
    fn crash(&mut self, i: usize) {
        let down = Duration::from_millis(self.rng.random_range(1..400));
        let node = &mut self.nodes[i];
        let kept = self.rng.random_range(node.durable..=node.log.len());
        node.log.truncate(kept);
        node.life += 1;
        node.down = true;
        node.waiting.clear();
        node.timers.clear();
        let life = node.life;
        self.after(down, Event::Restart { node: i, life });
    }

    /// As a host does: read the log, make it durable, restore, start.
    fn restart(&mut self, i: usize) {
        let node = &mut self.nodes[i];
        node.durable = node.log.len();
        node.base = node.log.len();
        node.down = false;
        let height = node.blocks.last_key_value().map_or(1, |(height, _)| height + 1);
        let me = (i < self.scene.set.len()).then_some(i);
        node.engine = E::begin(config(me), self.scene.set.clone(), height);
        node.engine.restore(node.log.clone());
        self.step(i, Input::Start);
    }

    fn step(&mut self, i: usize, input: Input<E>) {
        if self.nodes[i].down || self.is_faulty(i) {
            return;
        }
        let mut out = Vec::new();
        self.nodes[i].engine.step(self.now, input, &mut out);
        for output in out {
            self.output(i, output);
        }
    }

    fn output(&mut self, i: usize, output: Output<E>) {
        let life = self.nodes[i].life;
        let answer = |input| Event::Input { node: i, life, input: Box::new(input) };
        match output {
            Output::Persist { seq, entry } => {
                let node = &mut self.nodes[i];
                node.log.push(entry);
                let upto = node.log.len();
                assert_eq!(seq, (upto - node.base) as Seq, "writes are numbered in order");
                let delay = Duration::from_micros(self.rng.random_range(0..30_000));
                self.after(delay, Event::Durable { node: i, life, upto });
            }
            Output::Sign { message, after, to } => {
                self.nodes[i].waiting.push((after, to, message));
                self.release(i);
            }
            Output::Relay { to, message } => self.send(i, to, message),
            Output::SetTimer { timer, at } => {
                self.nodes[i].timers.insert(timer, at);
                self.events.insert((at, self.next_event), Event::Ring { node: i, life, timer });
                self.next_event += 1;
            }
            Output::Propose { height, round } => {
                let value = value(&format!("{height}/{round} by {i}"));
                let delay = Duration::from_micros(self.rng.random_range(0..3_000));
                self.after(delay, answer(Input::Proposed { height, round, value }));
            }
            Output::Validate { height, value, fresh } => {
                let valid = !(self.faults.picky && fresh && value.digest().0[0] % 8 == (i % 8) as u8);
                let delay = Duration::from_micros(self.rng.random_range(0..3_000));
                self.after(delay, answer(Input::Verdict { height, digest: value.digest(), valid }));
            }
            Output::Decide { height, value, certificate } => {
                assert_eq!(height, self.nodes[i].engine.height());
                self.decided(i, height, value, certificate);
            }
            Output::Accuse(evidence) => {
                let offender = evidence.check::<E>(&self.scene.set, &CHAIN, &TagVerifier).unwrap();
                self.accused.insert((offender, evidence.height()));
                self.evidence.push(*evidence);
            }
            Output::Behind { seen, from } => {
                let from_height = self.nodes[i].engine.height();
                self.send_blocks(from.index(), i, from_height..seen);
            }
            Output::Ahead { of, height } => {
                self.send_blocks(i, of.index(), height..height + 1);
            }
            Output::Entered { round, .. } => self.highest_round = self.highest_round.max(round),
            Output::Locked { .. } | Output::Transition(_) => {}
        }
    }

    /// Signs what no longer waits for the disk, sends it, and gives it back.
    fn release(&mut self, i: usize) {
        let node = &mut self.nodes[i];
        let durable = (node.durable - node.base.min(node.durable)) as Seq;
        let waiting = mem::take(&mut node.waiting);
        let (ready, waiting): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(after, ..)| *after <= durable);
        node.waiting = waiting;
        for (_, to, message) in ready {
            let statement = message.statement();
            let before = self.nodes[i].spoken.entry(message.height()).or_default();
            if !before.contains(&statement) {
                let broken = before.iter().find(|before| E::conflicting(before, &statement));
                assert!(broken.is_none(), "{i} signed {broken:?} and {statement:?}");
                before.push(statement);
            }
            self.send(i, to, signed(message.clone()));
            self.step(i, Input::Message(Verified::own(message, &CHAIN, &key(v(i)))));
        }
    }

    fn send(&mut self, from: usize, to: Dest, signed: Signed<E::Message>) {
        for i in 0..self.nodes.len() {
            let addressed = match to {
                Dest::All => i != from,
                Dest::One(one) => i == one.index() && i != from,
            };
            if !addressed {
                continue;
            }
            self.sent += 1;
            if self.is_faulty(i) {
                if self.faults.byzantine.contains(&i) {
                    self.collude(i, &signed);
                }
                continue;
            }
            let copies = if self.rng.random_bool(self.faults.repeat) { 2 } else { 1 };
            for _ in 0..copies {
                if let Some(delay) = self.delay(from, i) {
                    self.after(delay, Event::Deliver { to: i, signed: Box::new(signed.clone()) });
                }
            }
        }
    }

    /// How long a message takes, or `None` if it is lost.
    fn delay(&mut self, from: usize, to: usize) -> Option<Duration> {
        if self.now >= Time::ZERO + self.faults.gst {
            return Some(Duration::from_micros(self.rng.random_range(500..10_000)));
        }
        let apart = match (self.faults.groups.get(from), self.faults.groups.get(to)) {
            (Some(a), Some(b)) => a != b && !self.is_faulty(from) && !self.is_faulty(to),
            _ => false,
        };
        if apart || self.rng.random_bool(self.faults.loss) {
            return None;
        }
        Some(Duration::from_micros(self.rng.random_range(500..400_000)))
    }

    /// A Byzantine validator hears something.
    fn collude(&mut self, hearer: usize, heard: &Signed<E::Message>) {
        for Lie { by, to, message } in E::collude(&mut self.coalition, &self.scene, hearer, heard) {
            assert!(self.is_faulty(by) && message.author() == v(by), "each lies in its own name");
            self.tell(by, to, message);
        }
    }

    fn tell(&mut self, byzantine: usize, to: usize, message: E::Message) {
        if let Some(delay) = self.delay(byzantine, to) {
            self.after(delay, Event::Deliver { to, signed: Box::new(signed(message)) });
        }
    }

    fn send_blocks(&mut self, from: usize, to: usize, heights: std::ops::Range<Height>) {
        let blocks: Vec<_> =
            self.nodes[from].blocks.range(heights).map(|(h, block)| (*h, block.clone())).collect();
        for (height, (value, certificate)) in blocks {
            if !self.is_faulty(to)
                && let Some(delay) = self.delay(from, to)
            {
                self.after(delay, Event::Block { to, height, value, certificate });
            }
        }
    }

    /// A block from another validator, as a host takes it: it proves itself.
    fn sync(&mut self, to: usize, height: Height, value: Value, certificate: Certificate) {
        if !self.nodes[to].down && self.nodes[to].engine.height() == height {
            self.decided(to, height, value, certificate);
        }
    }

    fn decided(&mut self, i: usize, height: Height, value: Value, certificate: Certificate) {
        certificate.verify(&self.scene.set, &CHAIN, &TagVerifier).unwrap();
        assert_eq!((certificate.height, certificate.digest), (height, value.digest()));
        let agreed = *self.chain.entry(height).or_insert(value.digest());
        if agreed != value.digest() {
            self.disagreements += 1;
        }
        let node = &mut self.nodes[i];
        if let Some((before, _)) = node.blocks.get(&height) {
            assert_eq!(*before, value, "decided by sync and by votes");
            return;
        }
        node.blocks.insert(height, (value, certificate));
        let life = node.life;
        let input = Box::new(Input::Advance { height: height + 1, validators: self.scene.set.clone() });
        let delay = Duration::from_micros(self.rng.random_range(0..5_000));
        self.after(delay, Event::Input { node: i, life, input });
    }
}
