//! What faults act on: the world's side of a run, whichever world it is.

use super::inject;
use crate::lab::{DiskFate, Effect, EffectId, Lab, Touched};
use crate::scenario::Inject;
use bitcraps_adversary::puppet::{Behaviour, Lie, Puppet};
use bitcraps_types::Time;
use std::rc::Rc;

/// A world, as faults see it.
pub(crate) trait Stage {
    /// The run's own time.
    fn now(&self) -> Time;
    /// Adds an effect to links, from now on.
    fn add_effect(&mut self, effect: Effect) -> EffectId;
    /// Removes it. What it held goes on.
    fn remove_effect(&mut self, effect: EffectId);
    /// How many packets it changed, kept or lost.
    fn effect_touched(&self, effect: EffectId) -> u64;
    /// Takes a node down as a loss of power does. `false` if it is down.
    fn crash(&mut self, node: u16, fate: DiskFate) -> bool;
    /// Starts it again with the disk that it left.
    fn restart(&mut self, node: u16);
    /// Begins a fault of one node's process, clock, disk or processor.
    fn degrade(&mut self, inject: &Inject, node: u16);
    /// Ends it.
    fn repair(&mut self, inject: &Inject, node: u16);
    /// Moves a node's wall clock once, by so many nanoseconds.
    fn jump_clock(&mut self, node: u16, by: i64);
    /// What faults did to a node so far.
    fn touched(&self, node: u16) -> Touched;
    /// Has these nodes lie from now on, together if the lie takes several, in each message with this chance.
    fn lie(&mut self, name: &str, lie: &Lie, nodes: &[u16], chance: f64);
    /// Has a node tell this lie no more.
    fn stop_lying(&mut self, name: &str, node: u16);
    /// In how many messages of a node this lie was told, also after its end.
    fn lies_told(&self, name: &str, node: u16) -> u64;
}

/// The simulated worlds, as faults see them.
pub(crate) struct Simulated<'a> {
    pub(crate) lab: &'a mut Lab,
    /// One for each node.
    pub(crate) puppets: &'a [Rc<Puppet>],
}

impl Stage for Simulated<'_> {
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
        self.lab.restart(node);
    }

    fn degrade(&mut self, inject: &Inject, node: u16) {
        inject::degrade(inject, node, self.lab);
    }

    fn repair(&mut self, inject: &Inject, node: u16) {
        inject::repair(inject, node, self.lab);
    }

    fn jump_clock(&mut self, node: u16, by: i64) {
        self.lab.jump_clock(node, by);
    }

    fn touched(&self, node: u16) -> Touched {
        self.lab.touched(node)
    }

    fn lie(&mut self, name: &str, lie: &Lie, nodes: &[u16], chance: f64) {
        // Each is given a clone, and so they share what liars must agree on.
        let behaviour = Behaviour::from(lie);
        for &node in nodes {
            self.puppets[usize::from(node)].activate_at_times(name, behaviour.clone(), chance);
        }
    }

    fn stop_lying(&mut self, name: &str, node: u16) {
        self.puppets[usize::from(node)].deactivate(name);
    }

    fn lies_told(&self, name: &str, node: u16) -> u64 {
        self.puppets[usize::from(node)].touched(name)
    }
}
