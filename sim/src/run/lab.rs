//! The lab, madsim and the wire as a pass drives them: nodes on the lab's loop or a lent scheduler, with its links or with
//! QUIC over its datagrams.

use super::film;
use super::inject;
use super::network::Network;
use super::pass::Plan;
use super::shared::{NodeProbe, Shared};
use super::stage::{Simulation, Stage};
use crate::lab::{
    Boot, Counters, DiskFate, Effect, EffectId, Finding, FrameWatcher, Halt, Lab, Progress, Tape, Touched,
    TraceSummary, WorldPorts,
};
use crate::scenario::{Inject, Scenario, World};
use crate::wire::{Ground, WireLinks};
use bitcraps_actors::node::{self, NodeHandle};
use bitcraps_actors::ports::{Links, Ports};
use bitcraps_adversary::puppet::Lie;
use bitcraps_casino::{Handover, SignedCommand};
use bitcraps_types::Time;
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// The way into each node's last incarnation.
type Handles = Rc<RefCell<Vec<Option<NodeHandle>>>>;

/// See the module.
pub(super) struct InLab {
    lab: Lab,
    network: Rc<Network>,
    handles: Handles,
}

impl InLab {
    /// In which no node runs yet.
    pub(super) fn new(
        scenario: &Scenario,
        seed: u64,
        plan: &Plan,
        network: &Rc<Network>,
        shared: &Rc<Shared>,
        watcher: Option<FrameWatcher>,
    ) -> InLab {
        let handles: Handles = Rc::new(RefCell::new(vec![None; usize::from(scenario.validators.count)]));
        let boot = boot(network.clone(), shared.clone(), handles.clone());
        let mut lab = network.lab(scenario, seed, plan.unseen, plan.record, boot);
        *shared.attention.borrow_mut() = Some(lab.attention());
        if let Some(events) = &plan.events {
            lab.record_window(events.clone(), Some(film::in_words));
        }
        lab.watch_frames(watcher);
        InLab { lab, network: network.clone(), handles }
    }
}

fn boot(network: Rc<Network>, shared: Rc<Shared>, handles: Handles) -> Boot {
    Box::new(move |index, incarnation, world| {
        shared.booted(world.observer.now(), index, incarnation);
        let mut keep = Vec::new();
        let links = links(&network, index, &world, &mut keep);
        let ports = Ports {
            clock: world.clock,
            entropy: world.entropy,
            links,
            disk: world.disk,
            compute: world.compute,
            halt: world.halt,
            signer: network.keyring.signer(usize::from(index)),
            verifier: network.keyring.verifier(),
            dice: network.dice.holder(usize::from(index)),
            probe: Rc::new(NodeProbe { shared: shared.clone(), witness: Box::new(world.observer) }),
            adversary: Some(network.puppets[usize::from(index)].clone()),
        };
        let handle = node::start(ports, network.config(index));
        handles.borrow_mut()[usize::from(index)] = Some(handle.clone());
        keep.push(Box::new(handle));
        keep
    })
}

/// The links that the world has. What must live as long as the node goes to `keep`.
fn links(network: &Network, node: u16, ports: &WorldPorts, keep: &mut Vec<Box<dyn Any>>) -> Rc<dyn Links> {
    if network.world != World::Wire {
        return ports.links.clone();
    }
    let links = WireLinks::new(Ground::lab(ports), network.identity(node), &network.config(node).peers)
        .expect("the links' own defaults work, and a simulated socket does not fail");
    let port = links.port();
    keep.push(Box::new(links));
    port
}

impl Stage for InLab {
    fn now(&self) -> Time {
        self.lab.now()
    }

    fn add_effect(&mut self, effect: Effect) -> EffectId {
        self.lab.add_effect(effect)
    }

    fn remove_effect(&mut self, effect: EffectId) {
        self.lab.remove_effect(effect);
    }

    fn effect_touched(&self, effect: EffectId) -> u64 {
        self.lab.effect_touched(effect)
    }

    fn crash(&mut self, node: u16, fate: DiskFate) -> bool {
        self.lab.crash(node, fate).is_some()
    }

    fn restart(&mut self, node: u16) {
        self.lab.start(node);
    }

    fn degrade(&mut self, inject: &Inject, node: u16) {
        inject::degrade(inject, node, &mut self.lab);
    }

    fn repair(&mut self, inject: &Inject, node: u16) {
        inject::repair(inject, node, &mut self.lab);
    }

    fn jump_clock(&mut self, node: u16, by: i64) {
        self.lab.jump_clock(node, by);
    }

    fn touched(&self, node: u16) -> Touched {
        self.lab.touched(node)
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

impl Simulation for InLab {
    fn run_until(&mut self, until: Time) -> Result<Progress, Finding> {
        self.lab.run_until(until)
    }

    fn is_up(&self, node: u16) -> bool {
        self.lab.is_up(node)
    }

    fn take_halts(&mut self) -> Vec<Halt> {
        self.lab.take_halts()
    }

    /// Straight to its mempool: the lab has no gateways.
    fn submit(&mut self, node: u16, command: SignedCommand) {
        let handle = self.handles.borrow()[usize::from(node)].clone();
        handle.expect("a node that is up was started").submit(command);
    }

    fn hand_over(&mut self, node: u16, handover: Handover) {
        let handle = self.handles.borrow()[usize::from(node)].clone();
        handle.expect("a node that is up was started").hand_over(handover, Box::new(|_| ()));
    }

    fn counters(&self) -> Counters {
        self.lab.counters()
    }

    fn trace(&mut self) -> TraceSummary {
        self.lab.trace_summary()
    }

    fn window(&self) -> Vec<String> {
        self.lab.window()
    }

    fn recorded(&mut self) -> Tape {
        self.lab.recorded()
    }

    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}
