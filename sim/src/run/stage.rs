//! What faults act on: the world's side of a run, whichever world it is.

use crate::lab::{
    Counters, DiskFate, Effect, EffectId, Finding, Halt, Progress, Tape, Touched, TraceSummary,
};
use crate::scenario::Inject;
use bitcraps_adversary::puppet::Lie;
use bitcraps_casino::{Handover, SignedCommand};
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
    /// Starts it, for the first time or again with the disk that it left. Nothing if it is up.
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

/// A world in virtual time, as a pass drives it.
pub(crate) trait Simulation: Stage {
    /// Goes on until `until`, or until somebody wants attention.
    ///
    /// # Errors
    /// A finding ends the run: only what was gathered may be looked at.
    fn run_until(&mut self, until: Time) -> Result<Progress, Finding>;
    /// Whether a node is up. A paused node is.
    fn is_up(&self, node: u16) -> bool;
    /// The nodes that halted themselves since the last call.
    fn take_halts(&mut self) -> Vec<Halt>;
    /// A player hands a command to a node that is up.
    fn submit(&mut self, node: u16, command: SignedCommand);
    /// An operator hands a handover to a node that is up.
    fn hand_over(&mut self, node: u16, handover: Handover);
    /// Packets so far.
    fn counters(&self) -> Counters;
    /// The trace up to now.
    fn trace(&mut self) -> TraceSummary;
    /// The events that the trace was to keep in words.
    fn window(&self) -> Vec<String>;
    /// What the links drew, if that was written down.
    fn recorded(&mut self) -> Tape;
    /// What a report should say of this world's run.
    fn notes(&self) -> Vec<String>;
}
