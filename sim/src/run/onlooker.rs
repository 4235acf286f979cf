//! Somebody who looks on while a run goes: an export that writes down what happens, a terminal that shows it. Whatever an
//! onlooker does, the run stays the same: it is told, and is never asked.

use crate::lab::{Counters, FrameRecord};
use bitcraps_actors::ports::Event;
use bitcraps_types::Time;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Told of everything in the order in which it happens. Times are the world's, whatever the clocks of nodes show.
///
/// Every method may take as long as it likes, and none may call the world.
pub trait Onlooker: Send {
    /// A frame's or datagram's fate is known: it has arrived, or is lost.
    fn frame(&mut self, frame: &FrameRecord<'_>) {
        let _ = frame;
    }

    /// A node tells something.
    fn event(&mut self, at: Time, node: u16, event: &Event<'_>) {
        let _ = (at, node, event);
    }

    /// A node came up again after it was down, or went down, and why.
    fn node(&mut self, at: Time, node: u16, change: Change<'_>) {
        let _ = (at, node, change);
    }

    /// A fault began or ended.
    fn fault(&mut self, at: Time, fault: &FaultNews<'_>) {
        let _ = (at, fault);
    }

    /// All that happens before this moment was told. Called every 100 ms of virtual time at least.
    fn moment(&mut self, now: Time, counters: &Counters) {
        let _ = (now, counters);
    }
}

/// What became of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// It is down, for this reason.
    Down(&'a str),
    /// It is up again.
    Up,
}

/// One start of one fault began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultNews<'a> {
    /// The fault's id in the scenario.
    pub id: &'a str,
    /// Which start it is: counts over all faults of a run, from 0.
    pub instance: usize,
    /// The struck nodes.
    pub nodes: &'a [u16],
    /// Whether it began. Otherwise it ended.
    pub began: bool,
}

/// An onlooker, as a run holds it.
#[derive(Clone)]
pub(crate) struct Gaze(Arc<Mutex<dyn Onlooker>>);

impl Gaze {
    pub(crate) fn new(onlooker: Arc<Mutex<dyn Onlooker>>) -> Gaze {
        Gaze(onlooker)
    }

    /// The onlooker. Its panic ends the run anyway.
    pub(crate) fn get(&self) -> MutexGuard<'_, dyn Onlooker + 'static> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
