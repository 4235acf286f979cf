//! The onlooker of a watched run: before each thing it waits for the pace, then the scene is told.

use super::lock;
use super::pace::Pace;
use super::scene::Scene;
use crate::lab::{Counters, FrameRecord};
use crate::run::{Change, FaultNews, Onlooker, frame_in_words};
use bitcraps_actors::ports::Event;
use bitcraps_types::Time;
use std::sync::{Arc, Mutex};

/// See the module.
pub(super) struct Lookout {
    scene: Arc<Mutex<Scene>>,
    pace: Arc<Pace>,
}

impl Lookout {
    pub(super) fn new(scene: Arc<Mutex<Scene>>, pace: Arc<Pace>) -> Lookout {
        Lookout { scene, pace }
    }

    fn tell(&self, at: Time, what: impl FnOnce(&mut Scene)) {
        self.pace.wait_for(at);
        let mut scene = lock(&self.scene);
        scene.reach(at);
        what(&mut scene);
    }
}

impl Onlooker for Lookout {
    fn frame(&mut self, frame: &FrameRecord<'_>) {
        let Some((kind, _)) = frame_in_words(frame) else { return };
        let (from, to, lost) = (frame.from, frame.to, frame.received.is_none());
        let at = frame.received.unwrap_or(frame.sent);
        self.tell(at, |scene| scene.message(at, from, to, kind, lost));
    }

    fn event(&mut self, at: Time, node: u16, event: &Event<'_>) {
        self.tell(at, |scene| scene.event(at, node, event));
    }

    fn node(&mut self, at: Time, node: u16, change: Change<'_>) {
        self.tell(at, |scene| scene.node(at, node, change));
    }

    fn fault(&mut self, at: Time, fault: &FaultNews<'_>) {
        self.tell(at, |scene| scene.fault(at, fault));
    }

    fn moment(&mut self, now: Time, counters: &Counters) {
        self.tell(now, |scene| scene.counters = *counters);
    }
}
