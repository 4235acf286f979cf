//! What one replica does with one input, worked out once.
//!
//! A global state is made of the states of its replicas and of what is in flight, and a step changes one replica. The
//! same replica takes the same step in very many global states, so all that an engine does is kept: states of
//! replicas, messages and steps have numbers, and in most global states a step is a look-up.

use super::Params;
use super::table::Table;
use crate::judge::Judge;
use crate::packet::Packet;
use crate::plan::Plan;
use crate::replica::{Effect, Replica};
use crate::scheme::{self, CHAIN, START, Scene, Verifier};
use crate::{Action, Name, Property, Violation, panics};
use bitcraps_consensus::{AnyEngine, AnyMessage, Dest, Engine, Input, Signed, Timer, TimerKind};
use bitcraps_types::{Digest, Height, Time};
use std::fmt::{Debug, Write};

/// The number of a replica's state.
pub(super) type LocalId = u32;
/// The number of an input: a message on its way to one replica, a timer, a crash.
pub(super) type InputId = u32;
/// The number of a step.
pub(super) type StepId = u32;

/// A replica, and what it was judged by so far.
#[derive(Clone, Debug)]
pub(super) struct Local {
    replica: Replica,
    judge: Judge,
    /// Its own: it moves on to the deadline of each timer that rings.
    now: Time,
    rings: u32,
    falls: u32,
    pub(super) fingerprint: u128,
    /// What may happen to it by itself.
    pub(super) own: Vec<InputId>,
    pub(super) decided: Vec<(Height, Digest)>,
    /// It has decided all heights: nothing more is delivered to it.
    pub(super) done: bool,
}

/// What happens to one replica.
#[derive(Clone, Debug)]
enum Happening {
    Start,
    Deliver {
        from: usize,
        to: usize,
        packet: Packet,
    },
    Ring {
        replica: usize,
        timer: Timer,
    },
    /// Falls, and comes back at once.
    Fall {
        replica: usize,
    },
}

/// An input with its place in fingerprints.
#[derive(Debug)]
pub(super) struct Numbered {
    happening: Happening,
    pub(super) fingerprint: u128,
    /// At which replica.
    pub(super) at: usize,
}

/// A step that a replica takes.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) next: LocalId,
    /// What it sends.
    pub(super) sends: Vec<InputId>,
    /// It decided something.
    pub(super) decides: bool,
    pub(super) violations: Vec<Violation>,
}

/// All that is known of the replicas of one network.
pub(super) struct World {
    scene: Scene,
    plan: Plan,
    params: Params,
    names: Vec<Name>,
    pub(super) locals: Vec<Local>,
    pub(super) inputs: Vec<Numbered>,
    pub(super) steps: Vec<Step>,
    local_by_fingerprint: Table<u128, LocalId>,
    input_by_fingerprint: Table<u128, InputId>,
    step_by_cause: Table<u64, StepId>,
    text: String,
}

impl World {
    pub(super) fn new(params: &Params) -> World {
        let schedule = params.schedule();
        World {
            scene: Scene::new(schedule.engine, &schedule.all_powers(), schedule.heights),
            plan: Plan::default(),
            names: schedule.replicas(),
            params: params.clone(),
            locals: Vec::new(),
            inputs: Vec::new(),
            steps: Vec::new(),
            local_by_fingerprint: Table::default(),
            input_by_fingerprint: Table::default(),
            step_by_cause: Table::default(),
            text: String::new(),
        }
    }

    /// The first step of each replica; those that are silent stay as they are for ever.
    pub(super) fn begin(&mut self) -> Vec<StepId> {
        let judge = Judge::new(&self.params.schedule());
        let replicas: Vec<Replica> =
            self.names.iter().enumerate().map(|(i, name)| Replica::new(&self.scene, *name, i)).collect();
        let begin = |(i, replica): (usize, Replica)| {
            let silent = self.params.silent.contains(&replica.name.identity);
            let mut local = Local {
                replica,
                judge: judge.clone(),
                now: START,
                rings: 0,
                falls: 0,
                fingerprint: 0,
                own: Vec::new(),
                decided: Vec::new(),
                done: silent,
            };
            local.judge.hears_all = false;
            let id = self.number_local(local, i);
            let input = self.number_input(Happening::Start, i);
            if silent {
                self.steps.push(Step { next: id, sends: Vec::new(), decides: false, violations: Vec::new() });
                return (self.steps.len() - 1) as StepId;
            }
            self.step(id, input)
        };
        replicas.into_iter().enumerate().map(begin).collect()
    }

    /// What a replica in this state does with this input.
    pub(super) fn step(&mut self, local: LocalId, input: InputId) -> StepId {
        let cause = u64::from(local) << 32 | u64::from(input);
        if let Some(known) = self.step_by_cause.get(&cause) {
            return known;
        }
        let step = self.work_out(local, input);
        self.steps.push(step);
        let id = (self.steps.len() - 1) as StepId;
        self.step_by_cause.insert(cause, id);
        id
    }

    /// In words; nothing for a start.
    pub(super) fn actions(&self, input: InputId) -> Vec<Action> {
        let name = |i: &usize| self.names[*i];
        match &self.inputs[input as usize].happening {
            Happening::Start => Vec::new(),
            Happening::Deliver { from, to, packet } => {
                let (height, round) = packet.spot();
                let kind = packet.kind().into();
                vec![Action::Deliver { from: name(from), to: name(to), kind, height, round }]
            }
            Happening::Ring { replica, timer } => {
                vec![Action::Ring { replica: name(replica), timer: *timer }]
            }
            Happening::Fall { replica } => {
                let replica = name(replica);
                vec![Action::Fall { replica }, Action::Restart { replica }]
            }
        }
    }

    fn work_out(&mut self, id: LocalId, input: InputId) -> Step {
        let mut local = self.locals[id as usize].clone();
        let Numbered { happening, at, .. } = &self.inputs[input as usize];
        let (happening, at) = (happening.clone(), *at);
        let mut effects = Vec::new();
        let (scene, plan) = (&self.scene, &self.plan);
        let outcome = panics::caught(|| local.happen(scene, plan, &happening, &mut effects));
        if let Err(message) = outcome {
            let violation = Violation { property: Property::Panic, detail: message };
            return Step { next: id, sends: Vec::new(), decides: false, violations: vec![violation] };
        }
        if let Happening::Deliver { from, packet: Packet::Ask { from: first, below, .. }, .. } = &happening {
            let to = bitcraps_types::ValidatorIndex(self.names[*from].identity);
            effects.extend((*first..*below).take(2).map(|height| Effect::Give { to, height }));
        }
        let mut sends = Vec::new();
        for effect in effects {
            self.effect(&mut local, at, effect, &mut sends);
        }
        sends.sort_unstable();
        sends.dedup();
        let before = local.decided.len();
        local.decided =
            local.replica.blocks.iter().map(|(height, (value, _))| (*height, value.digest())).collect();
        local.done = local.decided.last().is_some_and(|(height, _)| *height >= self.params.heights);
        let decides = local.decided.len() > before && local.judge.is_correct(at);
        let violations = std::mem::take(&mut local.judge.violations);
        Step { next: self.number_local(local, at), sends, decides, violations }
    }

    fn effect(&mut self, local: &mut Local, at: usize, effect: Effect, sends: &mut Vec<InputId>) {
        match effect {
            Effect::Say { to, message } => self.message(local, at, to, message.into_signed(), sends),
            Effect::Relay { to, message } => self.message(local, at, to, message, sends),
            Effect::Ask { of, from, below } => {
                let engine = &local.replica.engine;
                let ask = Packet::Ask { at: (engine.height(), engine.round()), from, below };
                self.send(at, Dest::One(of), &ask, sends);
            }
            Effect::Give { to, height } => {
                if let Some((value, certificate)) = local.replica.blocks.get(&height) {
                    let (value, certificate) = (value.clone(), certificate.clone());
                    self.send(at, Dest::One(to), &Packet::Block { height, value, certificate }, sends);
                }
            }
            Effect::Fact(fact) => local.judge.observe(at, fact),
            Effect::Timer { .. } | Effect::Fell { .. } => {}
        }
    }

    fn message(
        &mut self,
        local: &mut Local,
        at: usize,
        to: Dest,
        signed: Signed<AnyMessage>,
        sends: &mut Vec<InputId>,
    ) {
        match AnyEngine::verify(signed.clone(), &self.scene.set, &CHAIN, &Verifier) {
            Ok(verified) => self.send(at, to, &Packet::Message(verified), sends),
            Err(invalid) => local.judge.sent_invalid(at, &signed, &invalid),
        }
    }

    fn send(&mut self, from: usize, to: Dest, packet: &Packet, sends: &mut Vec<InputId>) {
        if packet.spot().0 > self.params.heights {
            return;
        }
        let me = self.names[from].identity;
        let hears = |identity: u16| {
            let addressed = match to {
                Dest::All => true,
                Dest::One(one) => one.0 == identity,
            };
            addressed && identity != me && !self.params.silent.contains(&identity)
        };
        let receivers: Vec<usize> =
            (0..self.names.len()).filter(|to| hears(self.names[*to].identity)).collect();
        for to in receivers {
            sends.push(self.number_input(Happening::Deliver { from, to, packet: packet.clone() }, to));
        }
    }

    fn number_input(&mut self, happening: Happening, at: usize) -> InputId {
        let fingerprint = self.fingerprint(&[&happening], at);
        if let Some(known) = self.input_by_fingerprint.get(&fingerprint) {
            return known;
        }
        let id = self.inputs.len() as InputId;
        self.inputs.push(Numbered { happening, fingerprint, at });
        self.input_by_fingerprint.insert(fingerprint, id);
        id
    }

    fn number_local(&mut self, mut local: Local, at: usize) -> LocalId {
        local.fingerprint = self.local_fingerprint(&local, at);
        if let Some(known) = self.local_by_fingerprint.get(&local.fingerprint) {
            return known;
        }
        local.own = if local.done { Vec::new() } else { self.own_inputs(&local, at) };
        let id = self.locals.len() as LocalId;
        self.local_by_fingerprint.insert(local.fingerprint, id);
        self.locals.push(local);
        id
    }

    /// Everything that its future depends on. The log is read after a crash only.
    fn local_fingerprint(&mut self, local: &Local, at: usize) -> u128 {
        let Local { replica, judge, now, rings, falls, .. } = local;
        let said = judge.said(at).iter().map(|statement| self.fingerprint(&[statement], at));
        let said = said.fold(0, u128::wrapping_add);
        let mut all: Vec<&dyn Debug> =
            vec![&replica.engine, &replica.timers, &replica.blocks, now, rings, falls, &said];
        if self.params.crashes > 0 {
            all.extend([&replica.log as &dyn Debug, &replica.life]);
        }
        self.fingerprint(&all, at)
    }

    fn fingerprint(&mut self, parts: &[&dyn Debug], at: usize) -> u128 {
        self.text.clear();
        for part in parts {
            write!(self.text, "{part:?};").expect("a string takes all text");
        }
        scheme::hash(at as u64, self.text.as_bytes())
    }

    /// Timers and crashes. Nothing is lost here, so nothing needs to be repeated.
    fn own_inputs(&mut self, local: &Local, at: usize) -> Vec<InputId> {
        let mut own = Vec::new();
        if local.rings < self.params.timeouts {
            let current = local.replica.engine.height();
            let timers: Vec<Timer> = local.replica.timers.keys().copied().collect();
            for timer in timers {
                if timer.kind != TimerKind::Rebroadcast && timer.height == current {
                    own.push(self.number_input(Happening::Ring { replica: at, timer }, at));
                }
            }
        }
        if local.falls < self.params.crashes && !self.params.twins.contains(&self.names[at].identity) {
            own.push(self.number_input(Happening::Fall { replica: at }, at));
        }
        own
    }
}

impl Local {
    fn happen(&mut self, scene: &Scene, plan: &Plan, happening: &Happening, effects: &mut Vec<Effect>) {
        let input = match happening {
            Happening::Start => Some(Input::Start),
            Happening::Deliver { packet: Packet::Message(message), .. } => {
                (!self.replica.engine.knows(message.message(), &message.signed().signature))
                    .then(|| Input::Message(message.clone()))
            }
            Happening::Deliver { packet: Packet::Ask { .. }, .. } => None,
            Happening::Deliver { packet: Packet::Block { height, value, certificate }, .. } => {
                self.replica.sync(scene, *height, value, certificate, effects)
            }
            Happening::Ring { timer, .. } => {
                self.rings += 1;
                let deadline = self.replica.timers.remove(timer);
                self.now = self.now.max(deadline.unwrap_or(self.now));
                Some(Input::Timer(*timer))
            }
            Happening::Fall { .. } => {
                self.falls += 1;
                self.replica.crash();
                self.replica.restart(scene);
                Some(Input::Start)
            }
        };
        if let Some(input) = input {
            self.replica.step(scene, plan, self.now, input, effects);
        }
    }
}
