//! Where the events of all nodes meet: each goes to the oracles, the watch, the recorder and the trace.

use super::coverage::Coverage;
use super::recorder::Recorder;
use super::watch::Watch;
use crate::lab::{Attention, Observer};
use crate::oracle::Oracles;
use bitcraps_actors::ports::{Event, Probe};
use bitcraps_types::Time;
use std::cell::RefCell;
use std::rc::Rc;

/// What all probes of a run share.
pub(crate) struct Shared {
    pub(crate) oracles: RefCell<Oracles>,
    pub(crate) watch: RefCell<Watch>,
    pub(crate) recorder: RefCell<Recorder>,
    /// If somebody wants it.
    pub(crate) coverage: Option<RefCell<Coverage>>,
    /// Whether the runner wants to look between events when something changed.
    pub(crate) watching: bool,
    /// Known once the lab exists.
    pub(crate) attention: RefCell<Option<Attention>>,
}

impl Shared {
    /// A node came up: for the first time, or again after a crash that the runner made or the node itself.
    pub(crate) fn booted(&self, at: Time, node: u16, incarnation: u32) {
        if incarnation == 0 {
            return;
        }
        self.went_down(at, node, "halt");
        self.watch.borrow_mut().set_down(node, false);
        self.oracles.borrow_mut().node_restarted(at, node);
        self.recorder.borrow_mut().note(at, node, "restart", String::new());
    }

    /// A node tells something.
    pub(crate) fn observe(&self, at: Time, node: u16, event: &Event<'_>) {
        let began = {
            let mut oracles = self.oracles.borrow_mut();
            let began = match event {
                Event::Decided { height, .. } => oracles.height_began(*height),
                _ => None,
            };
            oracles.observe(at, node, event);
            began
        };
        self.recorder.borrow_mut().observe(at, node, event, began);
        self.watch.borrow_mut().observe(node, event);
    }

    /// A node went down; nothing if that is known.
    pub(crate) fn went_down(&self, at: Time, node: u16, why: &str) {
        let mut watch = self.watch.borrow_mut();
        if !watch.nodes[usize::from(node)].down {
            watch.set_down(node, true);
            self.oracles.borrow_mut().node_crashed(at, node);
            self.recorder.borrow_mut().note(at, node, "crash", why.to_owned());
        }
    }
}

/// What a simulated world lets a probe do: look at the world's own time, write into its trace.
pub(crate) trait Witness {
    /// The node.
    fn node(&self) -> u16;
    /// The world's time, whatever the node's clocks show.
    fn now(&self) -> Time;
    /// Whether this incarnation still lives. A dead one's actors are dropped, and then their hooks run.
    fn is_live(&self) -> bool;
    /// Adds to the trace, unless this incarnation is dead.
    fn note(&self, note: &[u8]);
}

impl Witness for Observer {
    fn node(&self) -> u16 {
        self.node()
    }

    fn now(&self) -> Time {
        self.now()
    }

    fn is_live(&self) -> bool {
        self.is_live()
    }

    fn note(&self, note: &[u8]) {
        self.note(note);
    }
}

/// The probe of one incarnation of a node.
pub(crate) struct NodeProbe {
    pub(crate) shared: Rc<Shared>,
    pub(crate) witness: Box<dyn Witness>,
}

impl Probe for NodeProbe {
    fn event(&self, event: Event<'_>) {
        // A node that stopped itself may still take what waits in its mailboxes; the world is told nothing of it.
        if !self.witness.is_live() {
            return;
        }
        if let Event::Transition(transition) = event {
            if let Some(coverage) = &self.shared.coverage {
                coverage.borrow_mut().observe(transition, &self.shared.watch.borrow());
            }
            return;
        }
        let (node, at) = (self.witness.node(), self.witness.now());
        if matches!(event, Event::Heard(_)) {
            // Most events are of this kind, and nobody else takes note of it.
            return self.shared.oracles.borrow_mut().observe(at, node, &event);
        }
        match &event {
            Event::Decided { height, value, .. } => self.note(b'd', *height, &value.digest().0),
            Event::Applied { height, root, .. } => self.note(b'a', *height, &root.0),
            Event::Round { height, round, .. } => self.note(b'r', *height, &round.to_le_bytes()),
            _ => {}
        }
        self.shared.observe(at, node, &event);
        if self.shared.watching
            && self.shared.watch.borrow().changed
            && let Some(attention) = &*self.shared.attention.borrow()
        {
            attention.raise();
        }
    }
}

impl NodeProbe {
    fn note(&self, kind: u8, height: u64, content: &[u8]) {
        let mut note = [0; 41];
        note[0] = kind;
        note[1..9].copy_from_slice(&height.to_le_bytes());
        let length = content.len().min(32);
        note[9..9 + length].copy_from_slice(&content[..length]);
        self.witness.note(&note);
    }
}
