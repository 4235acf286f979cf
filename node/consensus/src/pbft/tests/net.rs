//! A whole network in one thread and one seed: messages are delayed, reordered, repeated and (before GST) lost;
//! writes become durable late; validators crash at any write and come back; keys in one hand sign both of everything,
//! lie about what they were prepared for, and begin new views with whatever a quorum's claims allow.
//!
//! The network is also the judge: it panics when a correct validator signs two things that conflict, in whichever of
//! its lives, or when a decision has no valid certificate; it counts the decisions that differ.

use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What the network does to the messages.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    /// From here on nothing is lost and delays are short.
    pub(super) gst: Duration,
    /// The longest that a message takes before GST.
    pub(super) slow: Duration,
    /// The chance that a message is lost before GST.
    pub(super) loss: f64,
    /// The chance that a request timer rings far too early before GST.
    pub(super) hasty: f64,
    /// The chance that a message comes twice.
    pub(super) repeat: f64,
    /// How many crashes happen before GST.
    pub(super) crashes: usize,
    /// All in one hand.
    pub(super) byzantine: Vec<usize>,
    /// These say nothing, ever.
    pub(super) dead: Vec<usize>,
    /// Until GST, validators of different groups don't hear each other. Byzantine ones are in all groups.
    pub(super) groups: Vec<usize>,
    /// Whether the first who decides anything is cut off from all others until GST, with its messages on their way.
    pub(super) cuts: bool,
    /// Whether a validator with the seed's whim refuses fresh values now and then.
    pub(super) picky: bool,
}

impl Faults {
    pub(super) fn none() -> Faults {
        Faults {
            gst: Duration::ZERO,
            slow: Duration::from_millis(400),
            loss: 0.0,
            hasty: 0.0,
            repeat: 0.0,
            crashes: 0,
            byzantine: Vec::new(),
            dead: Vec::new(),
            groups: Vec::new(),
            cuts: false,
            picky: false,
        }
    }
}

pub(super) struct Net {
    pub(super) now: Time,
    pub(super) nodes: Vec<Node>,
    /// All evidence, each checked.
    pub(super) evidence: Vec<Evidence<PbftMessage>>,
    /// The highest view that anybody was in.
    pub(super) highest_view: Round,
    pub(super) disagreements: usize,
    pub(super) transitions: BTreeSet<&'static str>,
    pub(super) set: ValidatorSet,
    pub(super) faults: Faults,
    rng: ChaCha8Rng,
    events: BTreeMap<(Time, u64), Event>,
    next_event: u64,
    chain: BTreeMap<Height, Digest>,
    cut_off: Option<usize>,
    /// What a Byzantine validator has said to whom, so that it says each thing once.
    pub(super) told: BTreeSet<(usize, usize, Vec<u8>)>,
    /// The VIEW-CHANGEs that the Byzantine validators heard.
    pub(super) heard: BTreeMap<(Height, Round), BTreeMap<ValidatorIndex, PbftMessage>>,
}

pub(super) struct Node {
    pub(super) engine: Pbft,
    /// Decided blocks: durable at once.
    pub(super) blocks: BTreeMap<Height, (Value, Certificate)>,
    /// Events of earlier incarnations are dropped.
    life: u32,
    down: bool,
    log: Vec<Entry>,
    durable: usize,
    /// The host has thrown away what is before.
    emptied: usize,
    /// How long the log was when this life began.
    base: usize,
    waiting: Vec<(Seq, PbftMessage)>,
    timers: BTreeMap<Timer, Time>,
    /// What left this validator, through all its lives.
    spoken: BTreeMap<Height, Vec<Statement>>,
}

pub(super) enum Event {
    Deliver { from: usize, to: usize, signed: Box<Signed<PbftMessage>> },
    Ring { node: usize, life: u32, timer: Timer },
    Durable { node: usize, life: u32, upto: usize },
    Input { node: usize, life: u32, input: Box<Input<Pbft>> },
    Block { to: usize, height: Height, value: Value, certificate: Certificate },
    Crash { node: usize },
    Restart { node: usize, life: u32 },
}

impl Net {
    pub(super) fn new(seed: u64, powers: &[u64], faults: Faults) -> Net {
        let set = validators(powers);
        let node = |i| Node {
            engine: Pbft::new(config(Some(i)), set.clone(), 1),
            blocks: BTreeMap::new(),
            life: 0,
            down: false,
            log: Vec::new(),
            durable: 0,
            emptied: 0,
            base: 0,
            waiting: Vec::new(),
            timers: BTreeMap::new(),
            spoken: BTreeMap::new(),
        };
        let mut net = Net {
            now: Time(1),
            nodes: (0..powers.len()).map(node).collect(),
            evidence: Vec::new(),
            highest_view: 0,
            disagreements: 0,
            transitions: BTreeSet::new(),
            set,
            rng: ChaCha8Rng::seed_from_u64(seed),
            events: BTreeMap::new(),
            next_event: 0,
            chain: BTreeMap::new(),
            cut_off: None,
            told: BTreeSet::new(),
            heard: BTreeMap::new(),
            faults,
        };
        for node in 0..net.nodes.len() {
            if net.is_correct(node) {
                let at = Duration::from_millis(net.rng.random_range(0..50));
                net.after(at, Event::Input { node, life: 0, input: Box::new(Input::Start) });
            }
        }
        for byzantine in net.faults.byzantine.clone() {
            net.equivocate(byzantine, 1, 0);
        }
        for _ in 0..net.faults.crashes {
            let node = net.rng.random_range(0..net.nodes.len());
            if net.is_correct(node) {
                let gst = u64::try_from(net.faults.gst.as_millis()).unwrap().max(1);
                let at = Duration::from_millis(net.rng.random_range(0..gst));
                net.after(at, Event::Crash { node });
            }
        }
        net
    }

    pub(super) fn correct(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().enumerate().filter(|(i, _)| self.is_correct(*i)).map(|(_, node)| node)
    }

    pub(super) fn offenders(&self) -> BTreeSet<usize> {
        self.evidence.iter().map(|evidence| evidence.offender().index()).collect()
    }

    pub(super) fn is_byzantine(&self, node: usize) -> bool {
        self.faults.byzantine.contains(&node)
    }

    pub(super) fn is_correct(&self, node: usize) -> bool {
        !self.is_byzantine(node) && !self.faults.dead.contains(&node)
    }

    /// Runs until every correct validator has decided `height`, or until `limit`. Whether they did.
    pub(super) fn run(&mut self, height: Height, limit: Duration) -> bool {
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
    pub(super) fn run_until(&mut self, limit: Duration) {
        self.run(Height::MAX, limit);
    }

    /// The highest height that a correct validator decided.
    pub(super) fn reached(&self) -> Height {
        self.correct().filter_map(|node| node.blocks.keys().last().copied()).max().unwrap_or(0)
    }

    pub(super) fn after(&mut self, delay: Duration, event: Event) {
        self.events.insert((self.now + delay, self.next_event), event);
        self.next_event += 1;
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Deliver { from, to, signed } => {
                if !self.is_cut(from) && !self.is_cut(to) {
                    self.deliver(to, *signed);
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

    /// As a host does: what is known is dropped, the rest is verified.
    fn deliver(&mut self, to: usize, signed: Signed<PbftMessage>) {
        if self.nodes[to].down || Engine::knows(&self.nodes[to].engine, &signed.message, &signed.signature) {
            return;
        }
        let author = signed.message.author().index();
        match Pbft::verify(signed, &self.set, &CHAIN, &TagVerifier) {
            Ok(verified) => self.step(to, Input::Message(verified)),
            Err(invalid) => assert!(self.is_byzantine(author), "a correct validator's message: {invalid}"),
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
        node.engine = Pbft::new(config(Some(i)), self.set.clone(), height);
        node.engine.restore(node.log[node.emptied..].to_vec());
        self.step(i, Input::Start);
    }

    fn step(&mut self, i: usize, input: Input<Pbft>) {
        if self.nodes[i].down || !self.is_correct(i) {
            return;
        }
        // As a host may: at the start of a height, what is in the journal binds nothing any more.
        if matches!(input, Input::Advance { .. })
            && self.nodes[i].durable == self.nodes[i].log.len()
            && self.rng.random_bool(0.1)
        {
            self.nodes[i].emptied = self.nodes[i].log.len();
        }
        let mut out = Vec::new();
        self.nodes[i].engine.step(self.now, input, &mut out);
        for output in out {
            self.output(i, output);
        }
    }

    fn output(&mut self, i: usize, output: Output<Pbft>) {
        let life = self.nodes[i].life;
        let answer = |input| Event::Input { node: i, life, input: Box::new(input) };
        match output {
            Output::Persist { seq, entry } => {
                let node = &mut self.nodes[i];
                assert_eq!(entry.height(), node.engine.height(), "boot refuses a journal that is ahead");
                node.log.push(entry);
                let upto = node.log.len();
                assert_eq!(seq, (upto - node.base) as Seq, "writes are numbered in order");
                let delay = Duration::from_micros(self.rng.random_range(0..30_000));
                self.after(delay, Event::Durable { node: i, life, upto });
            }
            Output::Sign { message, after, .. } => {
                self.nodes[i].waiting.push((after, message));
                self.release(i);
            }
            Output::Relay { to, message } => self.send(i, to, message),
            Output::SetTimer { timer, at } => {
                let before_gst = self.now < Time::ZERO + self.faults.gst;
                let hasty =
                    before_gst && timer.kind == TimerKind::Propose && self.rng.random_bool(self.faults.hasty);
                let early = Duration::from_micros(self.rng.random_range(0..100_000));
                let at = if hasty { at.min(self.now + early) } else { at };
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
                evidence.check::<Pbft>(&self.set, &CHAIN, &TagVerifier).unwrap();
                self.evidence.push(*evidence);
            }
            Output::Behind { seen, from } => {
                let from_height = self.nodes[i].engine.height();
                self.send_blocks(from.index(), i, from_height..seen);
            }
            Output::Ahead { of, height } => self.send_blocks(i, of.index(), height..height + 1),
            Output::Entered { round, .. } => self.highest_view = self.highest_view.max(round),
            Output::Transition(name) => drop(self.transitions.insert(name)),
            Output::Locked { .. } => {}
        }
    }

    /// Signs what no longer waits for the disk, sends it, and gives it back.
    fn release(&mut self, i: usize) {
        let node = &mut self.nodes[i];
        let durable = (node.durable - node.base.min(node.durable)) as Seq;
        let waiting = mem::take(&mut node.waiting);
        let (ready, waiting): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(after, _)| *after <= durable);
        node.waiting = waiting;
        for (_, message) in ready {
            let statement = message.statement();
            let spoken = self.nodes[i].spoken.entry(message.height()).or_default();
            for before in spoken.iter() {
                assert!(!Pbft::conflicting(before, &statement), "{i} signed {before:?} and {statement:?}");
            }
            spoken.push(statement);
            let verified = Pbft::verify(signed(message.clone()), &self.set, &CHAIN, &TagVerifier);
            verified.expect("what a correct validator says is valid");
            self.send(i, Dest::All, signed(message.clone()));
            self.step(i, Input::Message(Verified::own(message, &CHAIN, &key(v(i)))));
        }
    }

    fn send(&mut self, from: usize, to: Dest, signed: Signed<PbftMessage>) {
        for i in 0..self.nodes.len() {
            let addressed = match to {
                Dest::All => i != from,
                Dest::One(one) => i == one.index(),
            };
            if !addressed {
                continue;
            }
            if self.is_byzantine(i) {
                self.collude(i, &signed.message);
                continue;
            }
            let copies = if self.rng.random_bool(self.faults.repeat) { 2 } else { 1 };
            for _ in 0..copies {
                if let Some(delay) = self.delay(from, i) {
                    self.after(delay, Event::Deliver { from, to: i, signed: Box::new(signed.clone()) });
                }
            }
        }
    }

    /// How long a message takes, or `None` if it is lost.
    pub(super) fn delay(&mut self, from: usize, to: usize) -> Option<Duration> {
        if self.now >= Time::ZERO + self.faults.gst {
            return Some(Duration::from_micros(self.rng.random_range(500..10_000)));
        }
        let apart = match (self.faults.groups.get(from), self.faults.groups.get(to)) {
            (Some(a), Some(b)) => a != b && !self.is_byzantine(from) && !self.is_byzantine(to),
            _ => false,
        };
        if apart || self.is_cut(from) || self.is_cut(to) || self.rng.random_bool(self.faults.loss) {
            return None;
        }
        let slow = u64::try_from(self.faults.slow.as_micros()).unwrap();
        Some(Duration::from_micros(self.rng.random_range(500..slow)))
    }

    fn is_cut(&self, node: usize) -> bool {
        self.now < Time::ZERO + self.faults.gst && self.cut_off == Some(node)
    }

    fn send_blocks(&mut self, from: usize, to: usize, heights: std::ops::Range<Height>) {
        let blocks: Vec<_> =
            self.nodes[from].blocks.range(heights).map(|(h, block)| (*h, block.clone())).collect();
        for (height, (value, certificate)) in blocks {
            if self.is_correct(to)
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
        certificate.verify(&self.set, &CHAIN, &TagVerifier).unwrap();
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
        if self.faults.cuts {
            self.cut_off.get_or_insert(i);
        }
        let node = &mut self.nodes[i];
        let life = node.life;
        let input = Box::new(Input::Advance { height: height + 1, validators: self.set.clone() });
        let delay = Duration::from_micros(self.rng.random_range(0..5_000));
        self.after(delay, Event::Input { node: i, life, input });
    }
}
