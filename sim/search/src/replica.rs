//! A replica: an engine with an honest host around it.
//!
//! The host does what the contract of [`bitcraps_consensus::engine`] asks: it keeps the persist barrier, signs, gives
//! an engine its own messages back once they are durable, answers for the application, keeps decided blocks and brings
//! those that are asked for. All of that takes no time here: one step of a replica is one message or timeout, with all
//! that follows inside. The disk is slower than that in one respect: what a step of the engine wrote is not durable
//! when its outputs are carried out, and a crash can come in between.

use crate::plan::Plan;
use crate::scheme::{self, CHAIN, Scene, Verifier};
use crate::{Moment, Name};
use bitcraps_consensus::{
    AnyEngine, AnyEntry, AnyMessage, AnyStatement, Certificate, Dest, Engine, Evidence, Input, Message,
    Output, Seq, Signed, Timer, Verified,
};
use bitcraps_types::{Height, Round, Time, ValidatorIndex, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is written in the schedule's docs: where a message belongs.
pub(crate) fn place(height: Height, round: Round) -> usize {
    usize::try_from(height.saturating_sub(1).saturating_add(u64::from(round))).unwrap_or(usize::MAX)
}

#[derive(Clone, Debug)]
pub(crate) struct Replica {
    pub(crate) name: Name,
    /// Its position among the replicas.
    number: usize,
    me: ValidatorIndex,
    pub(crate) engine: AnyEngine,
    pub(crate) log: Vec<AnyEntry>,
    durable: usize,
    /// How long the log was when this life began.
    base: usize,
    /// Signatures that wait for the disk.
    waiting: Vec<(Seq, Dest, AnyMessage)>,
    pub(crate) timers: BTreeMap<Timer, Time>,
    /// Decided, and durable at once.
    pub(crate) blocks: BTreeMap<Height, (Value, Certificate)>,
    /// How often it fell. Timers of an earlier life mean nothing.
    pub(crate) life: u32,
    pub(crate) up: bool,
    /// How many entries it wrote at the place where it is.
    writes: (usize, u32),
    /// The crashes of the plan that it has been through.
    fallen: BTreeSet<usize>,
}

/// What a step does to the world.
#[derive(Debug)]
pub(crate) enum Effect {
    /// A message of its own leaves, just signed.
    Say { to: Dest, message: Verified<AnyMessage> },
    /// A signed message leaves again.
    Relay { to: Dest, message: Signed<AnyMessage> },
    /// It wants the decided blocks of these heights.
    Ask { of: ValidatorIndex, from: Height, below: Height },
    /// It thinks that somebody lacks this block, and sends it.
    Give { to: ValidatorIndex, height: Height },
    /// A timer is to ring.
    Timer { timer: Timer, at: Time },
    /// It fell, for so many hops.
    Fell { down: u32 },
    /// Something to judge.
    Fact(Fact),
}

/// What the judge wants to know of a step.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// It signed this, and it left.
    Said(Signed<AnyStatement>),
    /// It decided, by itself or by a block that it was given.
    Decided { height: Height, value: Value, certificate: Certificate },
    /// It says that it can prove this.
    Accused(Box<Evidence<AnyMessage>>),
    /// A round began.
    Entered { height: Height, round: Round },
    /// The engine named a transition.
    Transition(&'static str),
}

impl Replica {
    pub(crate) fn new(scene: &Scene, name: Name, number: usize) -> Replica {
        let me = ValidatorIndex(name.identity);
        Replica {
            name,
            number,
            me,
            engine: scene.engine(me, 1),
            log: Vec::new(),
            durable: 0,
            base: 0,
            waiting: Vec::new(),
            timers: BTreeMap::new(),
            blocks: BTreeMap::new(),
            life: 0,
            up: true,
            writes: (0, 0),
            fallen: BTreeSet::new(),
        }
    }

    /// The place where it is.
    pub(crate) fn place(&self) -> usize {
        place(self.engine.height(), self.engine.round())
    }

    /// Takes an input, and all that follows from it inside this replica.
    pub(crate) fn step(
        &mut self,
        scene: &Scene,
        plan: &Plan,
        now: Time,
        input: Input<AnyEngine>,
        effects: &mut Vec<Effect>,
    ) {
        let mut inputs = VecDeque::from([input]);
        let mut outputs = Vec::new();
        while let Some(input) = inputs.pop_front() {
            self.engine.step(now, input, &mut outputs);
            for output in outputs.drain(..) {
                self.output(scene, plan, output, &mut inputs, effects);
            }
            let mut said = Vec::new();
            self.release(&mut inputs, effects, &mut said);
            let here = self.place();
            let writes = if self.writes.0 == here { self.writes.1 } else { 0 };
            let wrote = self.durable < self.log.len();
            if self.falls(plan, effects, |moment| matches!(moment, Moment::Write(n) if wrote && writes >= *n))
            {
                return;
            }
            self.durable = self.log.len();
            self.release(&mut inputs, effects, &mut said);
            let has_said = |kind: &String| said.iter().any(|(k, place)| k == kind && *place == here);
            if self.falls(plan, effects, |moment| matches!(moment, Moment::Said(kind) if has_said(kind))) {
                return;
            }
        }
    }

    /// A block that another replica gave it. It proves itself.
    pub(crate) fn sync(
        &mut self,
        scene: &Scene,
        height: Height,
        value: &Value,
        certificate: &Certificate,
        effects: &mut Vec<Effect>,
    ) -> Option<Input<AnyEngine>> {
        let fits = self.engine.height() == height
            && (certificate.height, certificate.digest) == (height, value.digest())
            && certificate.verify(&scene.set, &CHAIN, &Verifier).is_ok();
        if fits { self.decide(scene, height, value.clone(), certificate.clone(), effects) } else { None }
    }

    /// Comes back, as a host does: reads the log, which is then durable, and starts.
    pub(crate) fn restart(&mut self, scene: &Scene) {
        self.up = true;
        self.durable = self.log.len();
        self.base = self.log.len();
        let height = self.blocks.last_key_value().map_or(1, |(height, _)| height + 1);
        self.engine = scene.engine(self.me, height);
        self.engine.restore(self.log.clone());
    }

    /// Falls if the plan has a crash for this moment.
    fn falls(&mut self, plan: &Plan, effects: &mut Vec<Effect>, is_now: impl Fn(&Moment) -> bool) -> bool {
        let crashes = plan.crashes(self.place(), self.number);
        let due = crashes.into_iter().find(|(i, crash)| !self.fallen.contains(i) && is_now(&crash.when));
        let Some((i, crash)) = due else { return false };
        self.fallen.insert(i);
        effects.push(Effect::Fell { down: crash.down });
        self.crash();
        true
    }

    /// Everything volatile is lost, and what was not yet durable.
    pub(crate) fn crash(&mut self) {
        self.up = false;
        self.life += 1;
        self.log.truncate(self.durable);
        self.waiting.clear();
        self.timers.clear();
    }

    fn output(
        &mut self,
        scene: &Scene,
        plan: &Plan,
        output: Output<AnyEngine>,
        inputs: &mut VecDeque<Input<AnyEngine>>,
        effects: &mut Vec<Effect>,
    ) {
        match output {
            Output::Persist { entry, .. } => {
                self.log.push(entry);
                let here = self.place();
                self.writes = (here, if self.writes.0 == here { self.writes.1 + 1 } else { 1 });
            }
            Output::Sign { message, after, to } => self.waiting.push((after, to, message)),
            Output::Relay { to, message } => effects.push(Effect::Relay { to, message }),
            Output::SetTimer { timer, at } => {
                self.timers.insert(timer, at);
                effects.push(Effect::Timer { timer, at });
            }
            Output::Propose { height, round } => {
                let value = scheme::proposed(height, round, self.number, self.life);
                inputs.push_back(Input::Proposed { height, round, value });
            }
            Output::Validate { height, value, fresh } => {
                let refused = fresh && plan.refuses(self.place(), self.number);
                let valid = scheme::accepts(height, &value) && !refused;
                inputs.push_back(Input::Verdict { height, digest: value.digest(), valid });
            }
            Output::Decide { height, value, certificate } => {
                inputs.extend(self.decide(scene, height, value, certificate, effects));
            }
            Output::Accuse(evidence) => effects.push(Effect::Fact(Fact::Accused(evidence))),
            Output::Entered { height, round, .. } => {
                effects.push(Effect::Fact(Fact::Entered { height, round }));
            }
            Output::Behind { seen, from } => {
                effects.push(Effect::Ask { of: from, from: self.engine.height(), below: seen });
            }
            Output::Ahead { of, height } => effects.push(Effect::Give { to: of, height }),
            Output::Transition(name) => effects.push(Effect::Fact(Fact::Transition(name))),
            Output::Locked { .. } => {}
        }
    }

    fn decide(
        &mut self,
        scene: &Scene,
        height: Height,
        value: Value,
        certificate: Certificate,
        effects: &mut Vec<Effect>,
    ) -> Option<Input<AnyEngine>> {
        let (fact_value, fact_certificate) = (value.clone(), certificate.clone());
        effects.push(Effect::Fact(Fact::Decided {
            height,
            value: fact_value,
            certificate: fact_certificate,
        }));
        self.blocks.insert(height, (value, certificate));
        self.timers.retain(|timer, _| timer.height > height);
        let next = height.saturating_add(1);
        (next <= scene.last).then(|| Input::Advance { height: next, validators: scene.set.clone() })
    }

    /// Signs what no longer waits for the disk, sends it, and gives it back.
    fn release(
        &mut self,
        inputs: &mut VecDeque<Input<AnyEngine>>,
        effects: &mut Vec<Effect>,
        said: &mut Vec<(&'static str, usize)>,
    ) {
        let durable = (self.durable - self.base) as Seq;
        let ready = self.waiting.extract_if(.., |(after, ..)| *after <= durable);
        for (_, to, message) in ready {
            said.push((message.kind(), message_place(&message)));
            let message = Verified::own(message, &CHAIN, &scheme::key(self.me));
            effects.push(Effect::Fact(Fact::Said(message.signed().statement())));
            inputs.push_back(Input::Message(message.clone()));
            effects.push(Effect::Say { to, message });
        }
    }
}

/// The place that a message belongs to.
pub(crate) fn message_place(message: &AnyMessage) -> usize {
    let (height, round) = spot(message);
    place(height, round)
}

/// The height and the round (or view) that a message speaks of.
pub(crate) fn spot(message: &AnyMessage) -> (Height, Round) {
    let round = match message {
        AnyMessage::Pbft(message) => message.view(),
        AnyMessage::Tendermint(message) => message.round(),
        AnyMessage::HotStuff(message) => message.round(),
    };
    (message.height(), round)
}
