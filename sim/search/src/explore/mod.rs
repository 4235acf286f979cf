//! All interleavings of a small network, up to a depth: every order of deliveries, a few timeouts, a few crashes.
//!
//! A message stays in flight until it is delivered, perhaps for ever, so loss and delay need no choice of their own.
//! The search is breadth first, so the first counterexample is one of the shortest, and it is a list of events that
//! [`crate::Schedule::deliveries`] takes. What is checked is safety.
//!
//! **States are merged by a fingerprint**, and that is sound as far as the hashes are. It is the sum of one hash for each
//! replica and one for each message in flight. A replica's hash is of everything that its future and its judgement
//! depend on: all fields of the engine, as `Debug` prints them, its timers, blocks, time and (if there are crashes)
//! journal, and the set of what it signed. `Debug` shortens digests to 32 bits: two values of one run
//! are taken to differ in these. A valid signature is a function of what was signed. The set of messages in flight is a set: the same
//! message twice is delivered once.
//!
//! With several threads each has a share of the frontier, and all pass from depth to depth together, so that the
//! numbers of states do not depend on the threads. Which of several shortest counterexamples is found may.

mod table;
mod world;

use crate::{Action, Property, Schedule, Violation, exhibit};
use bitcraps_types::{Height, Protocol};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use table::Seen;
use world::{InputId, LocalId, World};

/// What is explored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Which engine.
    pub engine: Protocol,
    /// With which bug.
    pub bug: Option<String>,
    /// How many validators, all with the same power.
    pub validators: u16,
    /// Validators that run twice.
    pub twins: Vec<u16>,
    /// Validators that never say anything.
    pub silent: Vec<u16>,
    /// How many heights are decided.
    pub heights: Height,
    /// How many timers may ring at each replica.
    pub timeouts: u32,
    /// How often each correct replica may fall.
    pub crashes: u32,
    /// How many events.
    pub depth: usize,
    /// The search ends at the depth where there are more states.
    pub most_states: usize,
    /// How many threads.
    pub threads: usize,
}

impl Params {
    /// Four validators, of whom one that does not lead is silent, one height, no timeouts.
    pub fn small(engine: Protocol) -> Params {
        Params {
            engine,
            bug: None,
            validators: 4,
            twins: Vec::new(),
            silent: vec![if engine == Protocol::Pbft { 3 } else { 0 }],
            heights: 1,
            timeouts: 0,
            crashes: 0,
            depth: 64,
            most_states: 2_000_000,
            threads: 2,
        }
    }

    /// As a schedule without faults. Silent validators are held to nothing.
    pub(crate) fn schedule(&self) -> Schedule {
        Schedule {
            bug: self.bug.clone(),
            twins: self.twins.clone(),
            byzantine: self.silent.clone(),
            ..Schedule::quiet(self.engine, self.validators, self.heights)
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many steps were taken: states, with those that were known.
    pub states: u64,
    /// How many different states.
    pub unique: u64,
    /// How many different steps of single replicas. With several threads each counts its own.
    pub steps: u64,
    /// The depth that is complete.
    pub depth: usize,
    /// Nothing is left: there are no other states, at any depth.
    pub exhausted: bool,
    /// In how many states some replica has decided: zero means that the search was too shallow.
    pub decided: u64,
    /// The first violation, and the events that lead to it.
    pub counterexample: Option<Counterexample>,
}

/// How a property breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// What breaks.
    pub violation: Violation,
    /// One event after the other.
    pub actions: Vec<Action>,
}

impl Counterexample {
    /// As a schedule that can be run, shrunk and kept.
    pub fn schedule(&self, params: &Params) -> Schedule {
        Schedule { deliveries: Some(self.actions.clone()), ..params.schedule() }
    }
}

/// Explores. `Err`: the parameters make no network, see [`Schedule::check`].
pub fn explore(params: &Params) -> Result<Report, String> {
    params.schedule().check()?;
    drop(exhibit::bug(params.bug.as_deref())?);
    let threads = params.threads.max(1);
    let shared = Shared {
        seen: Seen::new(),
        barrier: Barrier::new(threads),
        frontier: [AtomicUsize::new(0), AtomicUsize::new(0)],
        found: AtomicBool::new(false),
        first: Mutex::new(None),
    };
    let reports: Vec<Report> = thread::scope(|scope| {
        let shared = &shared;
        let workers: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || Explorer::new(params, shared).run(thread, threads)))
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("an engine's panic is caught")).collect()
    });
    let mut total = Report {
        counterexample: shared.first.into_inner().expect("no thread panicked"),
        ..Report::default()
    };
    for report in reports {
        total.states += report.states;
        total.unique += report.unique;
        total.steps += report.steps;
        total.decided += report.decided;
        total.depth = report.depth;
        total.exhausted = report.exhausted;
    }
    Ok(total)
}

/// What the threads share.
struct Shared {
    seen: Seen,
    barrier: Barrier,
    /// How many states all frontiers have, at even and at odd depths.
    frontier: [AtomicUsize; 2],
    found: AtomicBool,
    first: Mutex<Option<Counterexample>>,
}

/// A global state.
struct State {
    locals: Box<[LocalId]>,
    /// In order.
    flying: Box<[InputId]>,
    fingerprint: u128,
    /// Where it stands among those that were ever reached.
    trail: u32,
}

/// One thread's part.
struct Explorer<'a> {
    params: &'a Params,
    shared: &'a Shared,
    world: World,
    /// How each state was reached: from which, and by what.
    trails: Vec<(u32, InputId)>,
    report: Report,
}

impl<'a> Explorer<'a> {
    fn new(params: &'a Params, shared: &'a Shared) -> Explorer<'a> {
        let world = World::new(params);
        Explorer { params, shared, world, trails: Vec::new(), report: Report::default() }
    }

    fn run(mut self, thread: usize, threads: usize) -> Report {
        let _exhibited = exhibit::bug(self.params.bug.as_deref());
        let mut frontier = vec![self.root()];
        // The first depths are each thread's own, until there is something to share.
        let mut depth = 0;
        let alone = Seen::new();
        while depth < self.params.depth && !frontier.is_empty() && frontier.len() < 16 * threads {
            for state in &frontier {
                alone.insert(state.fingerprint);
                self.shared.seen.insert(state.fingerprint);
            }
            frontier = self.expand(frontier, &alone, thread == 0);
            depth += 1;
            if self.shared.found.load(Ordering::SeqCst) {
                break;
            }
        }
        if thread != 0 {
            self.report = Report::default();
        }
        for state in &frontier {
            self.shared.seen.insert(state.fingerprint);
        }
        let mut share: Vec<State> = frontier.into_iter().skip(thread).step_by(threads).collect();
        loop {
            let (now, next) = (depth % 2, (depth + 1) % 2);
            self.shared.frontier[now].fetch_add(share.len(), Ordering::SeqCst);
            self.shared.barrier.wait();
            let states = self.shared.frontier[now].load(Ordering::SeqCst);
            self.shared.frontier[next].store(0, Ordering::SeqCst);
            let found = self.shared.found.load(Ordering::SeqCst);
            self.shared.barrier.wait();
            self.report.exhausted = states == 0 && !found;
            if states == 0 || found || depth >= self.params.depth || states > self.params.most_states {
                break;
            }
            let seen = &self.shared.seen;
            share = self.expand(share, seen, true);
            depth += 1;
        }
        self.report.depth = depth;
        self.report.steps = self.world.steps.len() as u64;
        self.report
    }

    /// The state in which every replica has begun.
    fn root(&mut self) -> State {
        let steps = self.world.begin();
        let mut locals = Vec::new();
        let mut flying = Vec::new();
        for step in steps {
            let step = &self.world.steps[step as usize];
            locals.push(step.next);
            flying.extend(&step.sends);
        }
        flying.sort_unstable();
        flying.dedup();
        let fingerprint = locals
            .iter()
            .map(|local| self.world.locals[*local as usize].fingerprint)
            .chain(flying.iter().map(|input| self.world.inputs[*input as usize].fingerprint))
            .fold(0, u128::wrapping_add);
        self.trails.push((0, 0));
        State { locals: locals.into(), flying: flying.into(), fingerprint, trail: 0 }
    }

    /// All states that are one event further and new.
    fn expand(&mut self, frontier: Vec<State>, seen: &Seen, tells: bool) -> Vec<State> {
        let mut next = Vec::new();
        for state in frontier {
            let own: Vec<InputId> = state
                .locals
                .iter()
                .flat_map(|local| &self.world.locals[*local as usize].own)
                .copied()
                .collect();
            for input in state.flying.iter().copied().chain(own) {
                let at = self.world.inputs[input as usize].at;
                let local = state.locals[at];
                if self.world.locals[local as usize].done {
                    continue;
                }
                self.report.states += 1;
                let step = self.world.step(local, input);
                if let Some(violation) = self.judge(&state, at, step) {
                    if tells {
                        self.tell(&state, input, violation);
                    }
                    continue;
                }
                next.extend(self.after(&state, input, at, step, seen));
            }
        }
        next
    }

    /// The state after a step, if it is new.
    fn after(&mut self, state: &State, input: InputId, at: usize, step: u32, seen: &Seen) -> Option<State> {
        let world = &self.world;
        let step = &world.steps[step as usize];
        let print = |input: &InputId| world.inputs[*input as usize].fingerprint;
        let arrives = state.flying.binary_search(&input).is_ok();
        let sends =
            || step.sends.iter().filter(|sent| **sent == input || state.flying.binary_search(sent).is_err());
        let mut fingerprint = state
            .fingerprint
            .wrapping_sub(world.locals[state.locals[at] as usize].fingerprint)
            .wrapping_add(world.locals[step.next as usize].fingerprint);
        if arrives {
            fingerprint = fingerprint.wrapping_sub(print(&input));
        }
        fingerprint = sends().map(print).fold(fingerprint, u128::wrapping_add);
        if !seen.insert(fingerprint) {
            return None;
        }
        let mut flying: Vec<InputId> = state.flying.iter().copied().filter(|other| *other != input).collect();
        flying.extend(sends());
        flying.sort_unstable();
        let mut locals = state.locals.clone();
        locals[at] = step.next;
        self.report.unique += 1;
        let decided = |local: &LocalId| !world.locals[*local as usize].decided.is_empty();
        self.report.decided += u64::from(locals.iter().any(decided));
        self.trails.push((state.trail, input));
        let trail = (self.trails.len() - 1) as u32;
        Some(State { locals, flying: flying.into(), fingerprint, trail })
    }

    /// What is wrong after a step: with what the replica did, or with what it and another decided.
    fn judge(&self, state: &State, at: usize, step: u32) -> Option<Violation> {
        let step = &self.world.steps[step as usize];
        if let Some(violation) = step.violations.first() {
            return Some(violation.clone());
        }
        if !step.decides {
            return None;
        }
        let mine = &self.world.locals[step.next as usize].decided;
        let schedule = self.params.schedule();
        let (names, faulty) = (schedule.replicas(), schedule.faulty());
        for (other, local) in state.locals.iter().enumerate() {
            if other == at || faulty.contains(&names[other].identity) {
                continue;
            }
            for (height, digest) in &self.world.locals[*local as usize].decided {
                if let Some((_, own)) = mine.iter().find(|(h, own)| h == height && own != digest) {
                    let detail = format!(
                        "at height {height} {} decides {own:?}, {} {digest:?}",
                        names[at], names[other]
                    );
                    return Some(Violation { property: Property::Agreement, detail });
                }
            }
        }
        None
    }

    fn tell(&self, state: &State, last: InputId, violation: Violation) {
        let mut inputs = vec![last];
        let mut trail = state.trail;
        while trail != 0 {
            let (before, input) = self.trails[trail as usize];
            inputs.push(input);
            trail = before;
        }
        let actions = inputs.iter().rev().flat_map(|input| self.world.actions(*input)).collect();
        self.shared.found.store(true, Ordering::SeqCst);
        let mut first = self.shared.first.lock().expect("no thread panics while it holds it");
        first.get_or_insert(Counterexample { violation, actions });
    }
}
