//! The turmoil world as a pass drives it: the nodes' actors with QUIC links, their gateways, and the players over HTTP.

use super::convert;
use super::film;
use super::inject::operations;
use super::network::{Network, link_models};
use super::pass::Plan;
use super::shared::{NodeProbe, Shared, Witness};
use super::stage::{Simulation, Stage};
use crate::lab::{
    Counters, DiskFate, Effect, EffectId, Finding, FrameWatcher, Halt, Latency, Progress, Tape, Touched,
    TraceSummary,
};
use crate::scenario::{Inject, Scenario};
use crate::turmoil::{Boot, Booted, Config, HostPorts, Turmoil};
use crate::wire::WireLinks;
use bitcraps_actors::node;
use bitcraps_actors::ports::{Clock, Event, Ports, Probe};
use bitcraps_adversary::puppet::Lie;
use bitcraps_casino::{Handover, SignedCommand};
use bitcraps_node::gateway::{self, BlobsHandedIn, Health};
use bitcraps_node::metrics::Metrics;
use bitcraps_node::node::VERSION;
use bitcraps_node::view::View;
use bitcraps_types::Time;
use send_wrapper::SendWrapper;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::task::spawn_local;

/// See the module.
pub(super) struct InTurmoil {
    turmoil: Turmoil,
    network: Rc<Network>,
}

impl InTurmoil {
    /// In which no node runs yet.
    pub(super) fn new(
        scenario: &Scenario,
        seed: u64,
        plan: &Plan,
        network: &Rc<Network>,
        shared: &Rc<Shared>,
        watcher: Option<FrameWatcher>,
    ) -> InTurmoil {
        let boot = boot(network.clone(), shared.clone());
        let mut config = Config::new(seed, scenario.validators.count, link_models(scenario), boot);
        config.verify_cost = network.keyring.verify_cost();
        let mut turmoil = Turmoil::new(config);
        *shared.attention.borrow_mut() = Some(turmoil.attention());
        if let Some(events) = &plan.events {
            turmoil.record_window(events.clone(), Some(film::in_words));
        }
        turmoil.watch_frames(watcher);
        InTurmoil { turmoil, network: network.clone() }
    }
}

fn boot(network: Rc<Network>, shared: Rc<Shared>) -> Boot {
    Box::new(move |index, incarnation, host| {
        let HostPorts { clock, entropy, disk, compute, halt, ground, witness } = host;
        shared.booted(witness.now(), index, incarnation);
        let links = WireLinks::new(ground, network.identity(index), &network.config(index).peers)
            .expect("the links' own defaults work, and a simulated socket does not fail");
        let (submit, submitted) = gateway::queue();
        let (blobs, blobs_submitted) = gateway::blob_queue();
        let gateway = gateway_node(&network, index, &clock, submit, blobs);
        let probe = NodeProbe { shared: shared.clone(), witness: Box::new(witness) };
        let probe = Watched { probe, view: gateway.view.clone(), metrics: gateway.metrics.clone() };
        let ports = Ports {
            clock,
            entropy,
            links: links.port(),
            disk,
            compute,
            halt,
            signer: network.keyring.signer(usize::from(index)),
            verifier: network.keyring.verifier(),
            dice: network.dice.holder(usize::from(index)),
            probe: Rc::new(probe),
            adversary: Some(network.puppets[usize::from(index)].clone()),
        };
        let handle = node::start(ports, network.config(index));
        spawn_local(gateway::hand_on(submitted, handle.clone()));
        spawn_local(gateway::hand_on_blobs(blobs_submitted, handle));
        Booted { keep: vec![Box::new(links)], gateway: Some(gateway) }
    })
}

/// The node as the daemon's builder shows it to its gateway. It has no archive: the view's blocks are all there are.
fn gateway_node(
    network: &Network,
    index: u16,
    clock: &Rc<dyn Clock>,
    submit: Sender<SignedCommand>,
    blobs: Sender<BlobsHandedIn>,
) -> gateway::Node {
    let (started, clock) = (clock.wall(), SendWrapper::new(clock.clone()));
    gateway::Node {
        view: Arc::new(View::new()),
        genesis: network.genesis.clone(),
        me: network.keyring.public_key(usize::from(index)),
        submit,
        blobs,
        handovers: gateway::handover_queue().0,
        health: Arc::new(Health::new(Arc::new(move || clock.now()))),
        metrics: Arc::new(Metrics::new(VERSION, started)),
        archive: Arc::new(|_| None),
        command_index: Arc::new(|_| None),
        version: VERSION,
    }
}

/// Who hears a node's events: the testbed, and what the gateway shows.
struct Watched {
    probe: NodeProbe,
    view: Arc<View>,
    metrics: Arc<Metrics>,
}

impl Probe for Watched {
    fn event(&self, event: Event<'_>) {
        self.metrics.event(&event);
        self.view.event(&event);
        self.probe.event(event);
    }
}

impl Stage for InTurmoil {
    fn now(&self) -> Time {
        self.turmoil.now()
    }

    fn add_effect(&mut self, effect: Effect) -> EffectId {
        self.turmoil.add_effect(effect)
    }

    fn remove_effect(&mut self, effect: EffectId) {
        self.turmoil.remove_effect(effect);
    }

    fn effect_touched(&self, effect: EffectId) -> u64 {
        self.turmoil.effect_touched(effect)
    }

    fn crash(&mut self, node: u16, fate: DiskFate) -> bool {
        self.turmoil.crash(node, fate).is_some()
    }

    fn restart(&mut self, node: u16) {
        self.turmoil.start(node);
    }

    fn degrade(&mut self, inject: &Inject, node: u16) {
        let world = &mut self.turmoil;
        match inject {
            Inject::Skew { offset } => world.skew_clock(node, offset.nanos()),
            Inject::Drift { ppm } => world.drift_clock(node, ppm.round() as i32),
            Inject::DiskError { op, rate } => {
                operations(*op).iter().for_each(|&op| world.disk_error(node, op, rate.fraction()));
            }
            Inject::DiskFull { capacity } => {
                let full = world.disk_used(node).saturating_add(capacity.bytes());
                world.disk_full(node, full);
            }
            Inject::DiskSlow { latency } => world.disk_slow(node, convert::latency(latency)),
            _ => {}
        }
    }

    fn repair(&mut self, inject: &Inject, node: u16) {
        let world = &mut self.turmoil;
        match inject {
            Inject::Skew { .. } => world.skew_clock(node, 0),
            Inject::Drift { .. } => world.drift_clock(node, 0),
            Inject::DiskError { op, .. } => {
                operations(*op).iter().for_each(|&op| world.disk_error(node, op, 0.0));
            }
            Inject::DiskFull { .. } => world.disk_full(node, u64::MAX),
            Inject::DiskSlow { .. } => world.disk_slow(node, Latency::Constant(Duration::ZERO)),
            _ => {}
        }
    }

    fn jump_clock(&mut self, node: u16, by: i64) {
        self.turmoil.jump_clock(node, by);
    }

    fn touched(&self, node: u16) -> Touched {
        self.turmoil.touched(node)
    }

    fn lie(&mut self, name: &str, lie: &Lie, nodes: &[u16], chance: f64) {
        self.network.lie(name, lie, nodes, chance);
    }

    fn stop_lying(&mut self, name: &str, node: u16) {
        self.network.puppets[usize::from(node)].deactivate(name);
    }

    fn lies_told(&self, name: &str, node: u16) -> u64 {
        self.network.puppets[usize::from(node)].touched(name)
    }
}

impl Simulation for InTurmoil {
    fn run_until(&mut self, until: Time) -> Result<Progress, Finding> {
        self.turmoil.run_until(until)
    }

    fn is_up(&self, node: u16) -> bool {
        self.turmoil.is_up(node)
    }

    fn take_halts(&mut self) -> Vec<Halt> {
        self.turmoil.take_halts()
    }

    fn submit(&mut self, node: u16, command: SignedCommand) {
        self.turmoil.submit(node, &command);
    }

    fn hand_over(&mut self, _: u16, _: Handover) {
        unreachable!("a scenario with handovers is refused in this world");
    }

    fn counters(&self) -> Counters {
        self.turmoil.counters()
    }

    fn trace(&mut self) -> TraceSummary {
        self.turmoil.trace_summary()
    }

    fn window(&self) -> Vec<String> {
        self.turmoil.window()
    }

    fn recorded(&mut self) -> Tape {
        Tape::new()
    }

    fn notes(&self) -> Vec<String> {
        let (requests, unsuccessful) = self.turmoil.requests();
        vec![format!("gateways: {requests} requests over TCP, {unsuccessful} of them without success")]
    }
}

#[cfg(test)]
mod tests;
