//! What faults act on: the world's side of a run, whichever world it is.

use super::inject;
use crate::lab::{DiskFate, Effect, EffectId, Lab, Touched};
use crate::scenario::Inject;
use bitcraps_types::Time;

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
}

impl Stage for Lab {
    fn now(&self) -> Time {
        self.now()
    }

    fn add_effect(&mut self, effect: Effect) -> EffectId {
        self.add_effect(effect)
    }

    fn remove_effect(&mut self, effect: EffectId) {
        self.remove_effect(effect);
    }

    fn effect_touched(&self, effect: EffectId) -> u64 {
        self.effect_touched(effect)
    }

    fn crash(&mut self, node: u16, fate: DiskFate) -> bool {
        self.crash(node, fate).is_some()
    }

    fn restart(&mut self, node: u16) {
        self.restart(node);
    }

    fn degrade(&mut self, inject: &Inject, node: u16) {
        inject::degrade(inject, node, self);
    }

    fn repair(&mut self, inject: &Inject, node: u16) {
        inject::repair(inject, node, self);
    }

    fn jump_clock(&mut self, node: u16, by: i64) {
        self.jump_clock(node, by);
    }

    fn touched(&self, node: u16) -> Touched {
        self.touched(node)
    }
}
