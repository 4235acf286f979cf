//! The turmoil world as a pass drives it: the nodes' actors with QUIC links, their gateways, and the players over HTTP.

use super::convert;
use super::inject::operations;
use super::network::{Network, link_models};
use super::pass::Plan;
use super::shared::{NodeProbe, Shared, Witness};
use super::stage::{Simulation, Stage};
use crate::lab::{
    Counters, DiskFate, Effect, EffectId, Finding, FrameWatcher, Halt, Latency, Progress, Touched,
    TraceSummary,
};
use crate::scenario::{Inject, Scenario};
use crate::turmoil::{Boot, Booted, Config, HostPorts, Turmoil};
use crate::wire::WireLinks;
use bitcraps_actors::node;
use bitcraps_actors::ports::{Clock, Event, Ports, Probe};
use bitcraps_casino::SignedCommand;
use bitcraps_node::gateway::{self, Health};
use bitcraps_node::metrics::Metrics;
use bitcraps_node::node::VERSION;
use bitcraps_node::view::View;
use bitcraps_types::Time;
use send_wrapper::SendWrapper;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_local;

/// See the module.
pub(super) struct InTurmoil(Turmoil);

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
            turmoil.record_window(events.clone());
        }
        turmoil.watch_frames(watcher);
        InTurmoil(turmoil)
    }
}

fn boot(network: Rc<Network>, shared: Rc<Shared>) -> Boot {
    Box::new(move |index, incarnation, host| {
        let HostPorts { clock, entropy, disk, compute, halt, ground, witness } = host;
        shared.booted(witness.now(), index, incarnation);
        let links = WireLinks::new(ground, network.identity(index), &network.config(index).peers)
            .expect("the links' own defaults work, and a simulated socket does not fail");
        let (submit, submitted) = gateway::queue();
        let gateway = gateway_node(&network, index, &clock, submit);
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
            probe: Rc::new(probe),
            adversary: Some(network.puppets[usize::from(index)].clone()),
        };
        let handle = node::start(ports, network.config(index));
        spawn_local(gateway::hand_on(submitted, handle));
        Booted { keep: vec![Box::new(links)], gateway }
    })
}

/// The node as the daemon's builder shows it to its gateway. It has no archive: the view's blocks are all there are.
fn gateway_node(
    network: &Network,
    index: u16,
    clock: &Rc<dyn Clock>,
    submit: tokio::sync::mpsc::Sender<SignedCommand>,
) -> gateway::Node {
    let (started, clock) = (clock.wall(), SendWrapper::new(clock.clone()));
    gateway::Node {
        view: Arc::new(View::new()),
        genesis: network.genesis.clone(),
        me: network.keyring.public_key(usize::from(index)),
        submit,
        health: Arc::new(Health::new(Arc::new(move || clock.now()))),
        metrics: Arc::new(Metrics::new(VERSION, started)),
        archive: Arc::new(|_| None),
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
        self.0.now()
    }

    fn add_effect(&mut self, effect: Effect) -> EffectId {
        self.0.add_effect(effect)
    }

    fn remove_effect(&mut self, effect: EffectId) {
        self.0.remove_effect(effect);
    }

    fn effect_touched(&self, effect: EffectId) -> u64 {
        self.0.effect_touched(effect)
    }

    fn crash(&mut self, node: u16, fate: DiskFate) -> bool {
        self.0.crash(node, fate).is_some()
    }

    fn restart(&mut self, node: u16) {
        self.0.start(node);
    }

    fn degrade(&mut self, inject: &Inject, node: u16) {
        let world = &mut self.0;
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
        let world = &mut self.0;
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
        self.0.jump_clock(node, by);
    }

    fn touched(&self, node: u16) -> Touched {
        self.0.touched(node)
    }
}

impl Simulation for InTurmoil {
    fn run_until(&mut self, until: Time) -> Result<Progress, Finding> {
        self.0.run_until(until)
    }

    fn is_up(&self, node: u16) -> bool {
        self.0.is_up(node)
    }

    fn take_halts(&mut self) -> Vec<Halt> {
        self.0.take_halts()
    }

    fn submit(&mut self, node: u16, command: SignedCommand) {
        self.0.submit(node, &command);
    }

    fn counters(&self) -> Counters {
        self.0.counters()
    }

    fn trace(&mut self) -> TraceSummary {
        self.0.trace_summary()
    }

    fn window(&self) -> Vec<String> {
        self.0.window()
    }

    fn notes(&self) -> Vec<String> {
        let (requests, unsuccessful) = self.0.requests();
        vec![format!("gateways: {requests} requests over TCP, {unsuccessful} of them without success")]
    }
}

#[cfg(test)]
pub(crate) mod tests;
