//! A network of replicas in virtual time: each message takes one hop, and nothing in it is random.
//!
//! All that varies is in the schedule. The network is Clone: a search may branch from any moment. What it does is
//! told to the [`Judge`] as it happens.

use crate::judge::Judge;
use crate::mutation::{self, Known, Mutated, mutate};
use crate::packet::Packet;
use crate::plan::Plan;
use crate::replay::Action;
use crate::replica::{Effect, Fact, Replica, place, spot};
use crate::scheme::{self, CHAIN, HOP, START, Scene, Verifier};
use crate::{Schedule, judge};
use bitcraps_consensus::{AnyEngine, AnyMessage, Dest, Engine, Input, Message, Signed, Timer, Verified};
use bitcraps_types::{Height, Time, ValidatorIndex};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// The most decided blocks that are brought at once.
const BLOCKS_AT_ONCE: u64 = 16;

#[derive(Clone, Debug)]
enum Event {
    Deliver { from: usize, to: usize, packet: Rc<Packet> },
    Ring { replica: usize, life: u32, timer: Timer },
    Restart { replica: usize, life: u32 },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Every correct validator decided all heights.
    Decided,
    /// The time is over in which they should have.
    Late,
    /// Too many steps.
    Exhausted,
    /// Enough is wrong.
    Broken,
}

/// A run that violated so much is not run to its end.
const ENOUGH_VIOLATIONS: usize = 16;

/// What the schedule did. A fault that touched nothing tests nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// Messages that a partition or a withheld kind kept from a receiver.
    pub cut: u32,
    /// Messages that arrived changed, or that their author kept from a receiver.
    pub changed: u32,
    /// Crashes.
    pub crashes: u32,
}

/// The network.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    scene: Rc<Scene>,
    plan: Rc<Plan>,
    pub(crate) judge: Judge,
    pub(crate) impact: Impact,
    pub(crate) steps: u64,
    /// What happened, if it is recorded.
    pub(crate) record: Option<Vec<Action>>,
    /// What happened, in words, if that is asked for.
    pub(crate) log: Option<Vec<String>>,
    replicas: Vec<Replica>,
    byzantine: Vec<u16>,
    known: Known,
    now: Time,
    events: BTreeMap<(Time, u64), Event>,
    next_event: u64,
    /// By place: when it opened.
    opened: Vec<Option<Time>>,
    hold: Duration,
    heights: Height,
    /// When the last crash was over, or a height was decided by all.
    calm: Time,
    lowest: Height,
    /// A list says what is delivered.
    replaying: bool,
    /// What the plan cuts is kept then. The list may name it, if the engines' times have changed since it was made.
    cut: Vec<Event>,
}

impl Network {
    pub(crate) fn new(schedule: &Schedule) -> Network {
        let scene = Rc::new(Scene::new(schedule.engine, &schedule.all_powers(), schedule.heights));
        let names = schedule.replicas();
        let replicas = names.iter().enumerate().map(|(i, name)| Replica::new(&scene, *name, i)).collect();
        let plan = Plan::of(schedule);
        let mut network = Network {
            judge: Judge::new(schedule),
            opened: vec![None; plan.len()],
            known: Known::new(scene.clone()),
            scene,
            plan: Rc::new(plan),
            impact: Impact::default(),
            steps: 0,
            record: None,
            log: None,
            replicas,
            byzantine: schedule.byzantine.clone(),
            now: START,
            events: BTreeMap::new(),
            next_event: 0,
            hold: HOP * schedule.hold,
            heights: schedule.heights,
            calm: START,
            lowest: 0,
            replaying: schedule.deliveries.is_some(),
            cut: Vec::new(),
        };
        network.open(0);
        network
    }

    /// Every replica begins.
    pub(crate) fn start(&mut self) {
        for replica in 0..self.replicas.len() {
            self.step(replica, Input::Start);
        }
    }

    /// Does what a list says, as far as it is possible. Then nothing is cut any more.
    pub(crate) fn replay(&mut self, actions: &[Action]) {
        for action in actions {
            if let Action::Fall { replica } = action {
                if let Some(i) = self.replicas.iter().position(|other| other.name == *replica && other.up) {
                    self.replicas[i].crash();
                    self.fell(i, crate::Crash::DOWN);
                }
                continue;
            }
            let is_meant = |at: Time, event: &Event| {
                self.lives(at, event) && self.action(event).as_ref() == Some(action)
            };
            let found = self.events.iter().find(|(key, event)| is_meant(key.0, event));
            if let Some(key) = found.map(|(key, _)| *key) {
                self.happen(key);
            } else if let Some(i) = self.cut.iter().position(|event| is_meant(self.now, event)) {
                let event = self.cut.remove(i);
                self.push(self.now, event);
                self.happen((self.now, self.next_event - 1));
            }
        }
        self.replaying = false;
        self.opened.fill(Some(START));
        self.hold = Duration::ZERO;
        self.calm = self.now;
    }

    /// Runs until the end.
    pub(crate) fn run(&mut self, most_steps: u64) -> End {
        loop {
            if self.judge.lowest() >= self.heights {
                return End::Decided;
            }
            if self.judge.violations.len() >= ENOUGH_VIOLATIONS {
                return End::Broken;
            }
            let Some((&key, _)) = self.events.first_key_value() else { return End::Late };
            if key.0 > self.deadline() {
                return End::Late;
            }
            if self.steps >= most_steps {
                return End::Exhausted;
            }
            self.happen(key);
        }
    }

    /// When the next height must be decided by all.
    fn deadline(&self) -> Time {
        let held = self.opened.iter().flatten().map(|opened| *opened + self.hold).max();
        self.calm.max(held.unwrap_or(self.calm)) + judge::patience(&self.scene)
    }

    /// Takes an event out of the queue and carries it out.
    fn happen(&mut self, key: (Time, u64)) {
        let event = self.events.remove(&key).expect("it was just seen");
        self.now = self.now.max(key.0);
        if !self.lives(key.0, &event) {
            return;
        }
        self.tell(&event);
        self.steps += 1;
        match event {
            Event::Deliver { from, to, packet } => self.deliver(from, to, &packet),
            Event::Ring { replica, timer, .. } => {
                self.replicas[replica].timers.remove(&timer);
                self.step(replica, Input::Timer(timer));
            }
            Event::Restart { replica, .. } => {
                self.replicas[replica].restart(&self.scene);
                self.calm = self.calm.max(self.now);
                self.step(replica, Input::Start);
            }
        }
    }

    /// Whether an event still means something.
    fn lives(&self, at: Time, event: &Event) -> bool {
        match event {
            Event::Deliver { to, .. } => self.replicas[*to].up,
            Event::Ring { replica, life, timer } => {
                let replica = &self.replicas[*replica];
                // A timer that was set again rings at its later time.
                replica.life == *life && replica.timers.get(timer) == Some(&at)
            }
            Event::Restart { replica, life } => self.replicas[*replica].life == *life,
        }
    }

    fn tell(&mut self, event: &Event) {
        if self.record.is_none() && self.log.is_none() {
            return;
        }
        let Some(action) = self.action(event) else { return };
        if let Some(log) = &mut self.log {
            log.push(format!("{:.3} {action}", self.now.as_secs_f64()));
        }
        if let Some(record) = &mut self.record {
            record.push(action);
        }
    }

    fn action(&self, event: &Event) -> Option<Action> {
        let name = |i: usize| self.replicas[i].name;
        Some(match event {
            Event::Deliver { from, to, packet } => {
                let (height, round) = packet.spot();
                Action::Deliver {
                    from: name(*from),
                    to: name(*to),
                    kind: packet.kind().into(),
                    height,
                    round,
                }
            }
            Event::Ring { replica, timer, life } => {
                if self.replicas[*replica].life != *life {
                    return None;
                }
                Action::Ring { replica: name(*replica), timer: *timer }
            }
            Event::Restart { replica, .. } => Action::Restart { replica: name(*replica) },
        })
    }

    fn deliver(&mut self, from: usize, to: usize, packet: &Packet) {
        match packet {
            Packet::Message(message) => {
                if !self.replicas[to].engine.knows(message.message(), &message.signed().signature) {
                    self.step(to, Input::Message(message.clone()));
                }
            }
            Packet::Ask { from: first, below, .. } => {
                let upto = (*below).min(first.saturating_add(BLOCKS_AT_ONCE));
                (*first..upto).for_each(|height| self.give(to, from, height));
            }
            Packet::Block { height, value, certificate } => {
                let mut effects = Vec::new();
                let input = self.replicas[to].sync(&self.scene, *height, value, certificate, &mut effects);
                self.carry_out(to, effects);
                if let Some(input) = input {
                    self.step(to, input);
                }
            }
        }
    }

    fn step(&mut self, replica: usize, input: Input<AnyEngine>) {
        let mut effects = Vec::new();
        self.replicas[replica].step(&self.scene, &self.plan, self.now, input, &mut effects);
        self.carry_out(replica, effects);
    }

    fn carry_out(&mut self, who: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Say { to, message } => self.say(who, to, message),
                Effect::Relay { to, message } => {
                    if let Some(message) = self.verified(who, message) {
                        self.send(who, to, &Rc::new(Packet::Message(message)));
                    }
                }
                Effect::Ask { of, from, below } => {
                    let engine = &self.replicas[who].engine;
                    let at = (engine.height(), engine.round());
                    self.send(who, Dest::One(of), &Rc::new(Packet::Ask { at, from, below }));
                }
                Effect::Give { to, height } => {
                    let of_identity = |i: &usize| self.replicas[*i].name.identity == to.0 && *i != who;
                    let receivers: Vec<usize> = (0..self.replicas.len()).filter(of_identity).collect();
                    receivers.into_iter().for_each(|to| self.give(who, to, height));
                }
                Effect::Timer { timer, at } => {
                    let life = self.replicas[who].life;
                    self.push(at, Event::Ring { replica: who, life, timer });
                }
                Effect::Fell { down } => self.fell(who, down),
                Effect::Fact(fact) => self.fact(who, fact),
            }
        }
    }

    fn fell(&mut self, who: usize, down: u32) {
        self.impact.crashes += 1;
        let (at, life) = (self.now + HOP * down, self.replicas[who].life);
        self.calm = self.calm.max(at);
        self.push(at, Event::Restart { replica: who, life });
    }

    fn fact(&mut self, who: usize, fact: Fact) {
        if let Fact::Entered { height, round } = fact {
            self.open(place(height, round));
        }
        if let (Some(log), Fact::Decided { height, value, .. }) = (&mut self.log, &fact) {
            log.push(format!("      {} decides {height}: {:?}", self.replicas[who].name, value.digest()));
        }
        self.judge.observe(who, fact);
        if self.judge.lowest() > self.lowest {
            self.lowest = self.judge.lowest();
            self.calm = self.calm.max(self.now);
        }
    }

    fn open(&mut self, upto: usize) {
        let places = self.opened.len().min(upto.saturating_add(1));
        self.opened[..places].iter_mut().for_each(|opened| {
            opened.get_or_insert(self.now);
        });
    }

    /// Whether what is planned for a place holds now.
    fn holds(&self, place: usize) -> bool {
        self.opened.get(place).is_some_and(|opened| opened.is_none_or(|at| self.now < at + self.hold))
    }

    /// What receivers will make of a message. What a correct replica sends must be found valid.
    fn verified(&mut self, who: usize, signed: Signed<AnyMessage>) -> Option<Verified<AnyMessage>> {
        match AnyEngine::verify(signed.clone(), &self.scene.set, &CHAIN, &Verifier) {
            Ok(verified) => Some(verified),
            Err(invalid) => {
                self.judge.sent_invalid(who, &signed, &invalid);
                None
            }
        }
    }

    /// A message of its own leaves a replica; for some receivers changed, if its author is Byzantine.
    fn say(&mut self, who: usize, to: Dest, message: Verified<AnyMessage>) {
        let Some(message) = self.verified(who, message.into_signed()) else { return };
        let identity = self.replicas[who].name.identity;
        let (kind, at) = (message.message().kind(), spot(message.message()));
        let packet = Rc::new(Packet::Message(message.clone()));
        if self.byzantine.is_empty() {
            return self.send(who, to, &packet);
        }
        self.known.learn(message.message());
        let plan = self.plan.clone();
        for receiver in self.receivers(who, to) {
            let place = place(at.0, at.1);
            let mutations = plan.mutations(place, identity, kind, receiver).filter(|_| self.holds(place));
            let later = mutations.clone().filter_map(|mutation| mutation.besides_after).max();
            let changes = mutations.map(|mutation| mutation.change);
            let mutated = mutate(message.message(), changes, &self.known);
            if later.is_some() || matches!(mutated, Mutated::Nothing) {
                self.send_to(who, receiver, &packet);
            }
            match mutated {
                Mutated::Nothing => {}
                Mutated::Lost => self.impact.changed += u32::from(later.is_none()),
                Mutated::Into(changed) => {
                    self.impact.changed += 1;
                    if let Some(inside) = mutation::signed_inside(&changed, ValidatorIndex(identity)) {
                        self.judge.observe(who, Fact::Said(inside));
                    }
                    let signed = Signed::new(changed, &CHAIN, &scheme::key(ValidatorIndex(identity)));
                    self.judge.observe(who, Fact::Said(signed.statement()));
                    if let Some(changed) = self.verified(who, signed) {
                        let changed = Rc::new(Packet::Message(changed));
                        self.send_after(later.unwrap_or(0), who, receiver, &changed);
                    }
                }
            }
        }
    }

    fn give(&mut self, from: usize, to: usize, height: Height) {
        if let Some((value, certificate)) = self.replicas[from].blocks.get(&height) {
            let (value, certificate) = (value.clone(), certificate.clone());
            self.send_to(from, to, &Rc::new(Packet::Block { height, value, certificate }));
        }
    }

    /// All replicas of those addressed. Twins don't hear each other: nobody listens to itself.
    fn receivers(&self, from: usize, to: Dest) -> Vec<usize> {
        let me = self.replicas[from].name.identity;
        let addressed = |identity: u16| match to {
            Dest::All => identity != me,
            Dest::One(one) => identity == one.0 && identity != me,
        };
        (0..self.replicas.len()).filter(|i| addressed(self.replicas[*i].name.identity)).collect()
    }

    fn send(&mut self, from: usize, to: Dest, packet: &Rc<Packet>) {
        for receiver in self.receivers(from, to) {
            self.send_to(from, receiver, packet);
        }
    }

    fn send_to(&mut self, from: usize, to: usize, packet: &Rc<Packet>) {
        self.send_after(0, from, to, packet);
    }

    /// Sends what takes so many hops longer than others.
    fn send_after(&mut self, later: u32, from: usize, to: usize, packet: &Rc<Packet>) {
        let (height, round) = packet.spot();
        let place = place(height, round);
        let cut = !self.plan.passes(place, packet.kind(), from, to);
        let cut = cut && self.holds(place);
        if cut && !self.replaying {
            self.impact.cut += 1;
            return;
        }
        let event = Event::Deliver { from, to, packet: packet.clone() };
        if cut {
            self.cut.push(event);
        } else {
            self.push(self.now + HOP * later.saturating_add(1), event);
        }
    }

    fn push(&mut self, at: Time, event: Event) {
        self.events.insert((at, self.next_event), event);
        self.next_event += 1;
    }
}
