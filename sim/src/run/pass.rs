//! One pass: a run in virtual time from its start to its end, and its record.

use super::Outcome;
use super::convert;
use super::faults::{Faults, Instance};
use super::film::{Camera, Window};
use super::handovers::Handovers;
use super::heartbeat;
use super::judge::{self, Closing};
use super::lab::InLab;
use super::network::{self, Network};
use super::onlooker::Gaze;
use super::players::Cheats;
use super::select::Chooser;
use super::shared::Shared;
use super::stage::Simulation;
#[cfg(feature = "turmoil")]
use super::turmoil::InTurmoil;
use super::watch::Watch;
use crate::lab::{Finding, FrameRecord, FrameWatcher, Halt, Progress};
use crate::oracle::{HangoverBound, HeightGoal, Patience, Setup, Slo};
use crate::scenario::{Eventually, Hangover, Scenario, World};
use bitcraps_consensus::Validator;
use bitcraps_consensus::museum::{self, Exhibit};
use bitcraps_reports::RunRecord;
use bitcraps_tables::flaw;
use bitcraps_types::Time;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

/// The world comes back at least this often, in virtual time, to show that it lives.
const STRIDE: Duration = Duration::from_millis(100);

/// What a pass is told beside the scenario and the seed. Save the world, none of it changes what happens: of `unseen`
/// this is what a second pass shows.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) world: World,
    /// Which nodes are Byzantine at some time.
    pub(crate) liars: BTreeSet<u16>,
    /// Film the messages of these stretches.
    pub(crate) windows: Vec<Window>,
    /// Write down these events of the trace.
    pub(crate) events: Option<Range<u64>>,
    /// In madsim's world: gives what libc says, which actors must not ask.
    pub(crate) unseen: u64,
    /// Note which transitions the engines take.
    pub(crate) coverage: bool,
    /// Write down what the links draw. It changes nothing either.
    pub(crate) record: bool,
    /// Note what bets come to.
    pub(crate) tally: bool,
    /// Who looks on.
    pub(crate) onlooker: Option<Gaze>,
}

impl Plan {
    /// Nobody lies, nothing is filmed.
    pub(crate) fn new(world: World) -> Plan {
        Plan {
            world,
            liars: BTreeSet::new(),
            windows: Vec::new(),
            events: None,
            unseen: 0,
            coverage: false,
            record: false,
            tally: false,
            onlooker: None,
        }
    }
}

/// Which nodes are Byzantine at some time. Where selectors follow the run (the leader, a random node), only a run tells.
pub(crate) fn liars(scenario: &Scenario, world: World, seed: u64) -> BTreeSet<u16> {
    let lies = || scenario.faults.iter().filter(|fault| fault.inject.is_lie());
    if lies().any(|fault| fault.on.follows_the_run()) {
        return apart(world, || Run::new(scenario, seed, &Plan::new(world)).finish().liars);
    }
    let network = Network::new(scenario, world, seed);
    let watch = Watch::new(network.genesis.engine, network.validators);
    lies().flat_map(|fault| Chooser::new(seed, &fault.id).nodes(&fault.on, scenario, &watch)).collect()
}

/// One pass.
pub(crate) fn pass(scenario: &Scenario, seed: u64, plan: &Plan, repro: &str) -> Outcome {
    pass_with(scenario, seed, plan, repro, |_| {})
}

/// One pass; `look` sees the world at its end.
pub(crate) fn pass_with(
    scenario: &Scenario,
    seed: u64,
    plan: &Plan,
    repro: &str,
    look: impl FnOnce(&mut dyn Simulation) + Send,
) -> Outcome {
    apart(plan.world, || pass_here(scenario, seed, plan, repro, look))
}

/// In madsim's world a run has a thread of its own: the keys of std's hash maps are a thread's, and must be the run's.
fn apart<T: Send>(world: World, work: impl FnOnce() -> T + Send) -> T {
    if world != World::Madsim {
        return work();
    }
    let done = std::thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn pass_here(
    scenario: &Scenario,
    seed: u64,
    plan: &Plan,
    repro: &str,
    look: impl FnOnce(&mut dyn Simulation),
) -> Outcome {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long the simulation took is told, and decides nothing"
    )]
    let started = std::time::Instant::now();
    let mut end = Run::new(scenario, seed, plan).finish();
    look(&mut *end.world);
    let behind = |effect| {
        let instance = end.instances.iter().find(|instance| instance.effect == Some(effect))?;
        Some(scenario.faults[instance.fault].id.clone())
    };
    let windows = end.camera.develop(&end.watched, behind);
    let closing = Closing {
        scenario,
        seed,
        repro,
        wall: started.elapsed(),
        counters: end.world.counters(),
        trace: end.world.trace(),
        instances: end.instances,
        liars: end.liars,
        finding: end.finding,
        refused: Vec::new(),
        halts: end.halts,
        at: end.at,
        notes: end.world.notes(),
        world: plan.world,
    };
    let outcome = judge::judge(closing, &end.shared);
    let record = RunRecord { windows, ..outcome.record };
    let coverage = end.shared.coverage.as_ref().map(RefCell::take).unwrap_or_default();
    let tally = end.shared.tally.as_ref().map(RefCell::take).unwrap_or_default();
    Outcome { coverage: coverage.into_features(), tally, record, ..outcome }
}

/// A run in progress.
struct Run<'a> {
    scenario: &'a Scenario,
    network: Rc<Network>,
    world: Box<dyn Simulation>,
    shared: Rc<Shared>,
    faults: Faults<'a>,
    handovers: Handovers<'a>,
    camera: Camera,
    halts: Vec<Halt>,
    /// What is wrong with the engines while the run lasts, and with the dice.
    _exhibits: (Exhibit, flaw::Exhibit),
}

/// A run at its end.
struct Ended {
    world: Box<dyn Simulation>,
    shared: Rc<Shared>,
    instances: Vec<Instance>,
    liars: BTreeSet<u16>,
    finding: Option<Finding>,
    halts: Vec<Halt>,
    at: Time,
    camera: Camera,
    watched: Vec<bitcraps_reports::NodeEvent>,
}

impl<'a> Run<'a> {
    fn new(scenario: &'a Scenario, seed: u64, plan: &Plan) -> Run<'a> {
        let exhibits = (museum::exhibit(scenario.consensus.bug), flaw::exhibit(scenario.dice));
        let network = Rc::new(Network::new(scenario, plan.world, seed));
        let cheats = Rc::new(Cheats::default());
        let faults = Faults::new(scenario, seed, cheats.clone());
        let watching = faults.are_watching();
        let shared = Rc::new(Shared::new(scenario, &network, plan, seed, watching, cheats));
        let camera = Camera::new(&plan.windows);
        let watcher = watcher(plan, &camera);
        let world: Box<dyn Simulation> = match plan.world {
            World::Lab | World::Wire | World::Madsim => {
                Box::new(InLab::new(scenario, seed, plan, &network, &shared, watcher))
            }
            #[cfg(feature = "turmoil")]
            World::Turmoil => Box::new(InTurmoil::new(scenario, seed, plan, &network, &shared, watcher)),
            #[cfg(not(feature = "turmoil"))]
            World::Turmoil => unreachable!("the command line does not know it"),
            World::Cluster => unreachable!("real time has no passes"),
        };
        let handovers = Handovers::new(scenario);
        Run {
            scenario,
            network,
            world,
            shared,
            faults,
            handovers,
            camera,
            halts: Vec::new(),
            _exhibits: exhibits,
        }
    }

    fn finish(mut self) -> Ended {
        let end = Time(self.scenario.duration.nanos());
        for node in 0..self.scenario.validators.count {
            self.world.restart(node);
        }
        let finding = self.advance(end).err();
        let at = self.world.now();
        self.show(at);
        let (instances, liars) = self.faults.finish(at, &*self.world);
        let watched = self.shared.recorder.borrow().node_events.clone();
        let Run { world, shared, camera, halts, .. } = self;
        Ended { world, shared, instances, liars, finding, halts, at, camera, watched }
    }

    /// Tells who looks on how far the run is.
    fn show(&self, now: Time) {
        if let Some(onlooker) = &self.shared.onlooker {
            onlooker.get().moment(now, &self.world.counters());
        }
    }

    fn advance(&mut self, end: Time) -> Result<(), Finding> {
        loop {
            let now = self.world.now();
            self.do_what_is_due(now);
            let due = [self.faults.next(), self.shared.players.borrow().next(), self.handovers.next()];
            let next = due.into_iter().flatten().min();
            let until = next.map_or(end, |next| next.min(end)).min(now + STRIDE);
            heartbeat::beat(now);
            self.show(now);
            let progress = self.world.run_until(until)?;
            self.note_halts();
            if progress == Progress::Attention {
                self.react();
            } else if until == end && self.world.now() >= end {
                return Ok(());
            }
        }
    }

    fn do_what_is_due(&mut self, now: Time) {
        self.faults.run_due(now, &mut *self.world, &self.shared);
        self.faults.tell(now, &self.shared);
        let happened = self.shared.oracles.borrow().handovers();
        self.handovers.run_due(now, happened, &self.network, &mut *self.world);
        let (nodes, world) = (usize::from(self.scenario.validators.count), &self.world);
        for (node, command) in self.shared.act(now, nodes, |node| world.is_up(node)) {
            self.world.submit(node, command);
        }
    }

    fn react(&mut self) {
        let now = self.world.now();
        if std::mem::take(&mut self.shared.watch.borrow_mut().changed) {
            self.faults.react(now, &mut *self.world, &self.shared);
            self.faults.tell(now, &self.shared);
        }
    }

    /// Nodes that stopped themselves.
    fn note_halts(&mut self) {
        for halt in self.world.take_halts() {
            self.shared.recorder.borrow_mut().note(halt.at, halt.node, "halt", halt.reason.clone());
            self.halts.push(halt.clone());
            if !self.world.is_up(halt.node) {
                self.shared.went_down(halt.at, halt.node, "halt");
            }
        }
    }
}

/// What is to be told of each frame: the camera, if it films, and who looks on.
fn watcher(plan: &Plan, camera: &Camera) -> Option<FrameWatcher> {
    let mut film = (!plan.windows.is_empty()).then(|| camera.watcher());
    let onlooker = plan.onlooker.clone();
    if film.is_none() && onlooker.is_none() {
        return None;
    }
    Some(Box::new(move |frame: FrameRecord<'_>| {
        if let Some(onlooker) = &onlooker {
            onlooker.get().frame(&frame);
        }
        if let Some(film) = &mut film {
            film(frame);
        }
    }))
}

/// What follows from the timeouts and the links, and the pause between blocks that the scenario asks for.
fn patience(scenario: &Scenario, network: &Network, plan: &Plan) -> Patience {
    let engine = network::engine_config(scenario, network.chain);
    let delta = convert::delta(&scenario.links);
    let patience = Patience::of(scenario.consensus.engine, &engine, plan.liars.len(), delta);
    Patience { window: patience.window + scenario.consensus.interval.duration(), ..patience }
}

pub(super) fn setup(scenario: &Scenario, network: &Network, plan: &Plan) -> Setup {
    let validators = network.genesis.validators.iter();
    let expect = &scenario.expect;
    Setup {
        chain: network.chain,
        validators: validators.map(|entry| Validator { key: entry.key, power: entry.power }).collect(),
        honest: (0..scenario.validators.count).map(|node| !plan.liars.contains(&node)).collect(),
        genesis: (*network.genesis).clone(),
        verifier: network.keyring.verifier(),
        dice: network.dice.public(),
        tells_all: network.world != World::Cluster,
        gst: scenario.gst.map(|gst| Time(gst.nanos())),
        patience: patience(scenario, network, plan),
        heights: expect
            .eventually
            .iter()
            .map(|Eventually::Height { at_least, within, after }| HeightGoal {
                at_least: *at_least,
                within: Some(within.duration()),
                after: after.clone(),
            })
            .collect(),
        slo: Slo {
            commit_latency_p50: expect.slo.commit_latency_p50.map(|span| span.duration()),
            commit_latency_p99: expect.slo.commit_latency_p99.map(|span| span.duration()),
            recovery: expect.slo.recovery.map(|span| span.duration()),
            blocks_per_second: expect.slo.blocks_per_second.map(|rate| rate.per_second()),
            hangover: expect
                .slo
                .hangover
                .map(|Hangover { latency, within }| HangoverBound { latency, within }),
        },
        sometimes: expect.sometimes.iter().map(|sometimes| sometimes.name().to_owned()).collect(),
    }
}
