//! Where the events of all nodes meet: each goes to the oracles, the watch, the recorder and the trace.

use super::coverage::Coverage;
use super::network::Network;
use super::onlooker::{Change, Gaze};
use super::pass::{self, Plan};
use super::players::{Cheats, HandIn, HandedIn, Players, To};
use super::recorder::Recorder;
use super::tally::Tally;
use super::watch::Watch;
use crate::lab::{Attention, Observer};
use crate::oracle::Oracles;
use crate::scenario::Scenario;
use bitcraps_actors::ports::{Event, Probe};
use bitcraps_casino::SignedCommand;
use bitcraps_types::Time;
use std::cell::RefCell;
use std::rc::Rc;

/// What all probes of a run share.
pub(crate) struct Shared {
    pub(crate) oracles: RefCell<Oracles>,
    pub(crate) watch: RefCell<Watch>,
    pub(crate) recorder: RefCell<Recorder>,
    pub(crate) players: RefCell<Players>,
    /// If somebody wants it.
    pub(crate) coverage: Option<RefCell<Coverage>>,
    /// If somebody wants it.
    pub(crate) tally: Option<RefCell<Tally>>,
    pub(crate) onlooker: Option<Gaze>,
    /// Whether the runner wants to look between events when something changed.
    pub(crate) watching: bool,
    /// Known once the lab exists.
    pub(crate) attention: RefCell<Option<Attention>>,
}

impl Shared {
    /// Before the run. `watching`: the runner wants to look between events.
    pub(crate) fn new(
        scenario: &Scenario,
        network: &Network,
        plan: &Plan,
        seed: u64,
        watching: bool,
        cheats: Rc<Cheats>,
    ) -> Shared {
        Shared {
            oracles: RefCell::new(Oracles::new(pass::setup(scenario, network, plan))),
            watch: RefCell::new(Watch::new(network.genesis.engine, network.validators.clone())),
            recorder: RefCell::new(Recorder::default()),
            players: RefCell::new(Players::new(scenario, network, seed, cheats)),
            coverage: plan.coverage.then(RefCell::default),
            tally: plan.tally.then(RefCell::default),
            onlooker: plan.onlooker.clone(),
            watching,
            attention: RefCell::new(None),
        }
    }

    /// A node came up: for the first time, or again after a crash that the runner made or the node itself.
    pub(crate) fn booted(&self, at: Time, node: u16, incarnation: u32) {
        if incarnation == 0 {
            return;
        }
        self.went_down(at, node, "halt");
        self.watch.borrow_mut().set_down(node, false);
        self.oracles.borrow_mut().node_restarted(at, node);
        self.recorder.borrow_mut().note(at, node, "restart", String::new());
        self.show(at, node, Change::Up);
    }

    /// All that players hand in at this moment: at which node, and what. `is_up` says which nodes take it.
    pub(crate) fn act(
        &self,
        now: Time,
        nodes: usize,
        is_up: impl Fn(u16) -> bool,
    ) -> Vec<(u16, SignedCommand)> {
        let HandedIn { honestly, cheating } = self.players.borrow_mut().act(now);
        let place = |hand_in: &HandIn| place(hand_in, nodes, &is_up).map(|node| (node, hand_in.command));
        let mut all = Vec::new();
        for hand_in in &honestly {
            let Some((node, command)) = place(hand_in) else { continue };
            let id = command.id();
            self.oracles.borrow_mut().submitted(now, id);
            self.recorder.borrow_mut().submitted(now, node, id);
            all.push((node, command));
        }
        for (fault, hand_ins) in &cheating {
            let placed: Vec<(u16, SignedCommand)> = hand_ins.iter().filter_map(place).collect();
            let meant = hand_ins.iter().filter(|hand_in| hand_in.is_meant);
            meant.for_each(|hand_in| self.oracles.borrow_mut().cheated(hand_in.command.id()));
            self.players.borrow().cheated(fault, placed.len() as u64);
            all.extend(placed);
        }
        all
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
        if let Some(tally) = &self.tally {
            tally.borrow_mut().observe(event);
        }
        if self.players.borrow_mut().observe(at, event)
            && let Some(attention) = &*self.attention.borrow()
        {
            attention.raise();
        }
    }

    /// A node went down; nothing if that is known.
    pub(crate) fn went_down(&self, at: Time, node: u16, why: &str) {
        let mut watch = self.watch.borrow_mut();
        if !watch.nodes[usize::from(node)].down {
            watch.set_down(node, true);
            self.oracles.borrow_mut().node_crashed(at, node);
            self.recorder.borrow_mut().note(at, node, "crash", why.to_owned());
            self.show(at, node, Change::Down(why));
        }
    }

    fn show(&self, at: Time, node: u16, change: Change<'_>) {
        if let Some(onlooker) = &self.onlooker {
            onlooker.get().node(at, node, change);
        }
    }
}

/// The node at which a command is handed in, if one that takes it is up.
fn place(hand_in: &HandIn, nodes: usize, is_up: &impl Fn(u16) -> bool) -> Option<u16> {
    let after = match hand_in.to {
        To::Home => 0,
        To::After(steps) => steps,
        To::Node(node) => return Some(node).filter(|node| is_up(*node)),
    };
    (0..nodes).map(|step| ((hand_in.player + after + step) % nodes) as u16).find(|node| is_up(*node))
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
        if let Some(onlooker) = &self.shared.onlooker {
            onlooker.get().event(at, node, &event);
        }
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
