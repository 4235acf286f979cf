//! Carries out a scenario's faults: when each starts, on whom, what it does to the stage, when it ends, what it touched.

use super::inject;
use super::onlooker::FaultNews;
use super::players::{Cheat, Cheats};
use super::select::{self, Chooser, Pairs};
use super::shared::Shared;
use super::stage::Stage;
use super::timeline::Timeline;
use super::watch::Watch;
use crate::lab::{DiskFate, Effect, EffectId, PairSet, Touched};
use crate::scenario::{
    Condition, CrashDisk, Direction, Fault, Inject, NodeState, Scenario, Selector, Split, Trigger, Until,
};
use bitcraps_types::Time;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// Something due at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// The trigger of this fault fires.
    Start(usize),
    /// This instance ends.
    End(usize),
    /// The global stabilisation time.
    Gst,
}

/// One start of one fault, as the report shows it.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) fault: usize,
    pub(crate) start: Time,
    pub(crate) end: Option<Time>,
    pub(crate) nodes: Vec<u16>,
    pub(crate) touched: u64,
    pub(crate) effect: Option<EffectId>,
    /// What had been done to its nodes before it began.
    before: Vec<Touched>,
    /// Nodes that this instance took down and that are still down.
    down: Vec<u16>,
}

impl Instance {
    /// Just begun, with nothing done yet.
    pub(crate) fn new(fault: usize, start: Time, nodes: Vec<u16>) -> Instance {
        Instance {
            fault,
            start,
            end: None,
            nodes,
            touched: 0,
            effect: None,
            before: Vec::new(),
            down: Vec::new(),
        }
    }
}

struct State {
    chooser: Chooser,
    starts: u32,
    /// Whether the condition of a `when` held when last looked at: only the change to true starts the fault.
    held: bool,
    /// Whether an `after` saw its fault end.
    chained: bool,
    /// What its ended instances touched.
    touched: u64,
}

/// The faults of one run.
pub(crate) struct Faults<'a> {
    scenario: &'a Scenario,
    seed: u64,
    /// What players do on behalf of faults.
    cheats: Rc<Cheats>,
    states: Vec<State>,
    instances: Vec<Instance>,
    /// The instances that last, by number.
    open: BTreeSet<usize>,
    /// Those that ended since the oracles were last told.
    ended: BTreeSet<usize>,
    /// The oracles have been told of so many instances.
    told: usize,
    due: Timeline<Due>,
    stable: bool,
    /// Every node that was Byzantine at any time.
    liars: BTreeSet<u16>,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(scenario: &'a Scenario, seed: u64, cheats: Rc<Cheats>) -> Faults<'a> {
        let mut faults = Faults {
            scenario,
            seed,
            cheats,
            states: Vec::new(),
            instances: Vec::new(),
            open: BTreeSet::new(),
            ended: BTreeSet::new(),
            told: 0,
            due: Timeline::new(),
            stable: false,
            liars: BTreeSet::new(),
        };
        for (index, fault) in scenario.faults.iter().enumerate() {
            let chooser = Chooser::new(seed, &fault.id);
            faults.states.push(State { chooser, starts: 0, held: false, chained: false, touched: 0 });
            match &fault.trigger {
                Trigger::At(at) => faults.due.at(Time(at.nanos()), Due::Start(index)),
                Trigger::Every(_) | Trigger::Random(_) => faults.schedule_next(index, Time::ZERO),
                Trigger::When(_) | Trigger::After(_) => {}
            }
        }
        if let Some(gst) = scenario.gst {
            faults.due.at(Time(gst.nanos()), Due::Gst);
        }
        faults
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<Time> {
        self.due.next()
    }

    /// Does all that is due at `now`.
    pub(crate) fn run_due(&mut self, now: Time, stage: &mut dyn Stage, shared: &Shared) {
        while let Some(due) = self.due.pop_due(now) {
            match due {
                Due::Start(index) => {
                    self.trigger(index, now, stage, shared);
                    if matches!(self.scenario.faults[index].trigger, Trigger::Every(_)) {
                        self.schedule_next(index, now);
                    }
                }
                Due::End(instance) => self.end(instance, now, stage),
                Due::Gst => {
                    self.stable = true;
                    self.heal(now, stage, |fault| !fault.survives_gst);
                }
            }
        }
    }

    /// Looks at the conditions again, after something changed.
    pub(crate) fn react(&mut self, now: Time, stage: &mut dyn Stage, shared: &Shared) {
        for index in 0..self.states.len() {
            if let Trigger::When(condition) = &self.scenario.faults[index].trigger {
                let holds = holds(condition, &shared.watch.borrow());
                if holds && !std::mem::replace(&mut self.states[index].held, holds) {
                    self.trigger(index, now, stage, shared);
                }
                self.states[index].held = holds;
            }
        }
        let height = shared.watch.borrow().height;
        let is_over = |number: &usize| {
            let index = self.instances[*number].fault;
            let until = self.scenario.faults[index].end.until;
            matches!(until, Some(Until::Height(end)) if height >= end) || self.has_told_all(index, stage)
        };
        let over: Vec<usize> = self.open.iter().copied().filter(is_over).collect();
        over.into_iter().for_each(|number| self.end(number, now, stage));
    }

    /// Whether any condition or end depends on what happens, so that the run must be looked at between its events.
    pub(crate) fn are_watching(&self) -> bool {
        self.scenario.faults.iter().any(|fault| {
            matches!(fault.trigger, Trigger::When(_))
                || matches!(fault.end.until, Some(Until::Height(_)))
                || (counts_deeds(&fault.inject) && fault.end.times.is_some())
        })
    }

    /// Tells the oracles what began and what ended since they were last told.
    pub(crate) fn tell(&mut self, now: Time, shared: &Shared) {
        let mut ended = std::mem::take(&mut self.ended);
        let began = self.told..self.instances.len();
        self.told = began.end;
        let new = ended.split_off(&began.start);
        let mut oracles = shared.oracles.borrow_mut();
        for number in ended.into_iter().chain(began.clone()) {
            let instance = &self.instances[number];
            let fault = &self.scenario.faults[instance.fault];
            let show = |began| {
                if let Some(onlooker) = &shared.onlooker {
                    let news = FaultNews { id: &fault.id, instance: number, nodes: &instance.nodes, began };
                    onlooker.get().fault(now, &news);
                }
            };
            // Up to f liars and any number of cheating players never excuse the others from deciding; everything else may.
            let disturbs = !counts_deeds(&fault.inject);
            if began.contains(&number) {
                oracles.fault_began(now, &fault.id, disturbs);
                show(true);
            }
            if !began.contains(&number) || new.contains(&number) {
                oracles.fault_healed(now, &fault.id, disturbs);
                show(false);
            }
        }
    }

    /// Closes the books at the end of the run.
    pub(crate) fn finish(mut self, now: Time, stage: &dyn Stage) -> (Vec<Instance>, BTreeSet<u16>) {
        for instance in 0..self.instances.len() {
            self.instances[instance].touched = self.touched(instance, stage);
            self.instances[instance].end.get_or_insert(now);
        }
        (self.instances, self.liars)
    }

    fn schedule_next(&mut self, index: usize, now: Time) {
        let rng = self.states[index].chooser.rng();
        let wait = match &self.scenario.faults[index].trigger {
            Trigger::Every(every) => {
                let jitter = every.jitter.nanos();
                let early = every.mean.nanos().saturating_sub(jitter);
                Duration::from_nanos(early + rng.random_range(0..=2 * jitter))
            }
            Trigger::Random(random) => {
                let mean = 1.0 / random.rate.per_second();
                let uniform: f64 = rng.random_range(f64::EPSILON..1.0);
                let pause = if now == Time::ZERO { Duration::ZERO } else { random.min_up.duration() };
                pause + Duration::from_secs_f64((-uniform.ln() * mean).min(1e9))
            }
            Trigger::At(_) | Trigger::When(_) | Trigger::After(_) => return,
        };
        self.due.at(now + wait.max(Duration::from_nanos(1)), Due::Start(index));
    }

    /// The trigger fired: the fault starts, unless its chance, its count or GST says otherwise.
    fn trigger(&mut self, index: usize, now: Time, stage: &mut dyn Stage, shared: &Shared) {
        let fault = &self.scenario.faults[index];
        if self.stable && !fault.survives_gst {
            return;
        }
        let state = &self.states[index];
        let once = matches!(fault.trigger, Trigger::When(_)).then_some(1);
        if fault.end.times.or(once).is_some_and(|times| state.starts >= times) {
            return;
        }
        if self.has_told_all(index, stage) {
            return;
        }
        let state = &mut self.states[index];
        if let Some(probability) = fault.probability
            && !inject::is_by_message(&fault.inject)
            && !state.chooser.rng().random_bool(probability.fraction())
        {
            if matches!(fault.trigger, Trigger::Random(_)) {
                self.schedule_next(index, now);
            }
            return;
        }
        state.starts += 1;
        self.start(index, now, stage, shared);
    }

    fn start(&mut self, index: usize, now: Time, stage: &mut dyn Stage, shared: &Shared) {
        let scenario = self.scenario;
        let fault = &scenario.faults[index];
        let nodes = self.states[index].chooser.nodes(&fault.on, scenario, &shared.watch.borrow());
        let number = self.instances.len();
        self.instances.push(Instance {
            before: nodes.iter().map(|&node| stage.touched(node)).collect(),
            ..Instance::new(index, now, nodes.clone())
        });
        self.open.insert(number);
        if let Some(kind) = inject::network_effect(&fault.inject) {
            let pairs = self.pairs(index, &nodes, &shared.watch.borrow());
            if fault.between.is_some() {
                let ends: BTreeSet<u16> = pairs.iter().flat_map(|&(from, to)| [from, to]).collect();
                self.instances[number].nodes = ends.into_iter().collect();
            }
            let set = PairSet::new(scenario.validators.count, |from, to| pairs.contains(&(from, to)));
            self.instances[number].effect =
                Some(stage.add_effect(Effect { pairs: set, kind, chance: inject::chance(fault) }));
        }
        if let Some(lie) = inject::lie(&fault.inject, scenario, &nodes) {
            stage.lie(&self.lie_name(number), &lie, &nodes, inject::chance(fault));
            self.liars.extend(&nodes);
        }
        if let Some(cheat) = inject::cheat(&fault.inject) {
            self.cheat(number, cheat, now, shared);
        }
        let mut lasts = true;
        match &fault.inject {
            Inject::Crash { disk, .. } => self.crash(number, disk, stage, shared),
            Inject::Jump { by } => {
                nodes.iter().for_each(|&node| stage.jump_clock(node, by.nanos()));
                self.instances[number].touched += nodes.len() as u64;
                lasts = false;
            }
            Inject::Heal {} => {
                self.instances[number].touched = self.heal(now, stage, |_| true);
                lasts = false;
            }
            kind => nodes.iter().for_each(|&node| stage.degrade(kind, node)),
        }
        match (lasts, self.lifetime(index)) {
            (false, _) => self.end(number, now, stage),
            (true, Some(lifetime)) => self.due.at(now + lifetime, Due::End(number)),
            (true, None) => {}
        }
    }

    /// Has the players of the struck nodes cheat.
    fn cheat(&self, number: usize, cheat: Cheat, now: Time, shared: &Shared) {
        let Instance { fault: index, nodes, .. } = &self.instances[number];
        let stalled = match cheat {
            Cheat::StalledTurn => shared.players.borrow().shooters(nodes),
            _ => BTreeSet::new(),
        };
        let most = self.scenario.faults[*index].end.times;
        let left = most.map(|most| u64::from(most).saturating_sub(self.states[*index].touched));
        self.cheats.begin(&self.lie_name(number), cheat, nodes, stalled, left, (now, self.seed));
    }

    /// How long an instance lasts, if time alone ends it.
    fn lifetime(&self, index: usize) -> Option<Duration> {
        let fault = &self.scenario.faults[index];
        let down = match &fault.inject {
            Inject::Crash { restart_after, .. } => *restart_after,
            _ => None,
        };
        let least = match &fault.trigger {
            Trigger::Random(random) => random.min_down.duration(),
            _ => Duration::ZERO,
        };
        match fault.end.lasts.or(down) {
            Some(span) => Some(span.duration().max(least)),
            None => (least > Duration::ZERO && fault.end.until.is_none()).then_some(least),
        }
    }

    fn end(&mut self, number: usize, now: Time, stage: &mut dyn Stage) {
        if !self.open.contains(&number) {
            return;
        }
        let index = self.instances[number].fault;
        let fault = &self.scenario.faults[index];
        let touched = self.touched(number, stage);
        self.states[index].touched += touched;
        self.instances[number].touched = touched;
        self.instances[number].end = Some(now);
        self.open.remove(&number);
        self.ended.insert(number);
        if let Some(effect) = self.instances[number].effect {
            stage.remove_effect(effect);
        }
        self.restart(number, stage);
        let name = self.lie_name(number);
        self.cheats.end(&name);
        for node in self.instances[number].nodes.clone() {
            if fault.inject.is_lie() {
                stage.stop_lying(&name, node);
            } else {
                self.lift(&fault.inject, node, stage);
            }
        }
        if matches!(fault.trigger, Trigger::Random(_)) {
            self.schedule_next(index, now);
        }
        for (follower, next) in self.scenario.faults.iter().enumerate() {
            if matches!(&next.trigger, Trigger::After(id) if *id == fault.id)
                && !std::mem::replace(&mut self.states[follower].chained, true)
            {
                self.due.at(now, Due::Start(follower));
            }
        }
    }

    /// Takes a fault from a node. Another of the same kind that still lasts there is in force again, the latest one.
    fn lift(&self, ended: &Inject, node: u16, stage: &mut dyn Stage) {
        stage.repair(ended, node);
        let open = self.open.iter().map(|&number| &self.instances[number]);
        for other in open.filter(|other| other.nodes.contains(&node)) {
            let kind = &self.scenario.faults[other.fault].inject;
            if std::mem::discriminant(kind) == std::mem::discriminant(ended) {
                stage.degrade(kind, node);
            }
        }
    }

    /// Ends every fault that `ends`, save healings; gives how many.
    fn heal(&mut self, now: Time, stage: &mut dyn Stage, ends: impl Fn(&Fault) -> bool) -> u64 {
        let mut healed = 0;
        for number in self.open.clone() {
            let fault = &self.scenario.faults[self.instances[number].fault];
            if !matches!(fault.inject, Inject::Heal {}) && ends(fault) {
                self.end(number, now, stage);
                healed += 1;
            }
        }
        healed
    }

    fn crash(&mut self, number: usize, disk: &CrashDisk, stage: &mut dyn Stage, shared: &Shared) {
        let fate = match disk {
            CrashDisk::LostUnsynced => DiskFate::LostUnsynced,
            CrashDisk::TornWrite => DiskFate::TornWrite,
            CrashDisk::Keep => DiskFate::Keep,
        };
        for node in self.instances[number].nodes.clone() {
            if stage.crash(node, fate) {
                shared.went_down(stage.now(), node, "power failure");
                self.instances[number].down.push(node);
                self.instances[number].touched += 1;
            }
        }
    }

    /// Brings back what an instance took down; where another crash still lasts, the node stays down for that one.
    fn restart(&mut self, number: usize, stage: &mut dyn Stage) {
        for node in std::mem::take(&mut self.instances[number].down) {
            let other = self.open.iter().copied().find(|&other| {
                let other = &self.instances[other];
                let crash = matches!(self.scenario.faults[other.fault].inject, Inject::Crash { .. });
                crash && other.nodes.contains(&node)
            });
            match other {
                Some(other) => {
                    let other = &mut self.instances[other];
                    other.down.push(node);
                    other.touched += 1;
                }
                None => stage.restart(node),
            }
        }
    }

    /// A liar counts by name: one per instance, so that a fault that starts again counts anew.
    fn lie_name(&self, number: usize) -> String {
        format!("{}#{number}", self.scenario.faults[self.instances[number].fault].id)
    }

    /// Whether a lie has told, or players have done, in all its starts, as much as the file allows.
    fn has_told_all(&self, index: usize, stage: &dyn Stage) -> bool {
        let fault = &self.scenario.faults[index];
        let Some(times) = fault.end.times.filter(|_| counts_deeds(&fault.inject)) else { return false };
        let open = self.open.iter().filter(|&&number| self.instances[number].fault == index);
        let told: u64 = open.map(|&number| self.touched(number, stage)).sum();
        self.states[index].touched + told >= u64::from(times)
    }

    /// What an instance has touched so far.
    fn touched(&self, number: usize, stage: &dyn Stage) -> u64 {
        let instance = &self.instances[number];
        if instance.end.is_some() {
            return instance.touched;
        }
        let name = self.lie_name(number);
        let lies: u64 = instance.nodes.iter().map(|&node| stage.lies_told(&name, node)).sum();
        let kind = &self.scenario.faults[instance.fault].inject;
        let nodes = instance.nodes.iter().zip(&instance.before);
        let done: u64 = nodes
            .map(|(&node, before)| {
                inject::done_to(kind, &stage.touched(node)) - inject::done_to(kind, before)
            })
            .sum();
        let cheated = self.cheats.done(&name);
        instance.touched
            + lies
            + cheated
            + done
            + instance.effect.map_or(0, |effect| stage.effect_touched(effect))
    }

    /// The links that a network fault acts on.
    fn pairs(&mut self, index: usize, nodes: &[u16], watch: &Watch) -> Pairs {
        let fault = &self.scenario.faults[index];
        let count = self.scenario.validators.count;
        let on = |node| nodes.contains(&node);
        let mut chosen = match &fault.inject {
            Inject::Partition { split, one_way, .. } => match split {
                Split::Groups(groups) => select::cut_by_groups(count, groups, *one_way),
                Split::Shape(shape) => select::cut_by_shape(&self.states[index].chooser.order(count), *shape),
                Split::Selected => {
                    select::pairs(count, |from, to| on(from) != on(to) && (!one_way || on(from)))
                }
            },
            Inject::Isolate { direction } => select::pairs(count, |from, to| match direction {
                Direction::Both => on(from) || on(to),
                Direction::In => on(to),
                Direction::Out => on(from),
            }),
            _ => select::pairs(count, |from, to| on(from) || on(to)),
        };
        if let Some([one, other]) = &fault.between {
            let chooser = &mut self.states[index].chooser;
            let mut side = |selector: &Selector| chooser.nodes(selector, self.scenario, watch);
            let (one, other) = (side(one), side(other));
            chosen.retain(|(from, to)| {
                (one.contains(from) && other.contains(to)) || (one.contains(to) && other.contains(from))
            });
        }
        chosen
    }
}

/// Whether the times of a fault are those of its deeds: the messages of liars, the commands of cheaters.
fn counts_deeds(inject: &Inject) -> bool {
    inject.is_lie() || inject.is_of_players()
}

/// Whether a condition holds.
fn holds(condition: &Condition, watch: &Watch) -> bool {
    match condition {
        Condition::Height(height) => watch.height >= *height,
        Condition::Round(round) => watch.highest_round >= *round,
        Condition::Message { kind, nth } => watch.messages.get(kind).is_some_and(|count| count >= nth),
        Condition::ViewChange { count } => watch.failed_rounds >= *count,
        Condition::State { node, is } => {
            let state = &watch.nodes[usize::from(*node)];
            match is {
                NodeState::Down => state.down,
                NodeState::Syncing => state.syncing,
                NodeState::Locked => state.locked.is_some(),
                NodeState::Leader => watch.leader() == *node,
            }
        }
    }
}

/// Totals by fault: how often each started and what all its instances touched.
pub(crate) fn totals(count: usize, instances: &[Instance]) -> Vec<(u32, u64)> {
    let mut totals: BTreeMap<usize, (u32, u64)> = BTreeMap::new();
    for instance in instances {
        let entry = totals.entry(instance.fault).or_default();
        entry.0 += 1;
        entry.1 += instance.touched;
    }
    (0..count).map(|index| totals.get(&index).copied().unwrap_or_default()).collect()
}
