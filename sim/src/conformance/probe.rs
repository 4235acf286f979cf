//! What runs on a node of the suite: it records what the ports tell, and does what a contract asks it to.

use bitcraps_actors::ports::{Clock, Compute, Disk, Entropy, LinkEvent, LinkId, Links};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// The ports that have contracts.
#[derive(Clone)]
pub struct NodePorts {
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// Randomness.
    pub entropy: Rc<dyn Entropy>,
    /// Links.
    pub links: Rc<dyn Links>,
    /// Files.
    pub disk: Rc<dyn Disk>,
    /// Costly work.
    pub compute: Rc<dyn Compute>,
}

/// Starts what runs on a node.
pub type Boot = Box<dyn FnOnce(NodePorts)>;

type Action = Box<dyn FnOnce(&NodePorts)>;

/// One incarnation of a node, as the suite sees it.
#[derive(Default)]
pub struct Probe {
    ports: RefCell<Option<NodePorts>>,
    to_do: RefCell<VecDeque<Action>>,
    waiting: RefCell<Option<Waker>>,
    events: RefCell<Vec<LinkEvent>>,
    notes: RefCell<Vec<String>>,
    done: Cell<usize>,
    at_the_end: RefCell<Option<Action>>,
}

/// Is dropped with the tasks of a node, as an actor is when its node dies.
struct End {
    probe: Rc<Probe>,
    ports: NodePorts,
}

impl Drop for End {
    fn drop(&mut self) {
        let last = self.probe.at_the_end.borrow_mut().take();
        if let Some(last) = last {
            last(&self.ports);
        }
    }
}

impl Probe {
    /// Begins on a node: in its `LocalSet`.
    pub(super) fn boot(self: &Rc<Self>, ports: NodePorts) {
        let probe = self.clone();
        ports.links.listen(Box::new(move |event| probe.events.borrow_mut().push(event)));
        self.ports.replace(Some(ports.clone()));
        let end = End { probe: self.clone(), ports };
        tokio::task::spawn_local(async move {
            let End { probe, ports } = &end;
            loop {
                let next = poll_fn(|cx| {
                    *probe.waiting.borrow_mut() = Some(cx.waker().clone());
                    probe.to_do.borrow_mut().pop_front().map_or(Poll::Pending, Poll::Ready)
                });
                let action = next.await;
                action(ports);
                probe.done.set(probe.done.get() + 1);
            }
        });
    }

    /// The node is dead: lets go of what was its own.
    pub(super) fn died(&self) {
        let ports = self.ports.take();
        let (to_do, waiting) = (self.to_do.take(), self.waiting.take());
        drop((ports, to_do, waiting));
    }

    /// What an actor does when it is dropped.
    pub(super) fn at_the_end(&self, action: impl FnOnce(&NodePorts) + 'static) {
        *self.at_the_end.borrow_mut() = Some(Box::new(action));
    }

    pub(super) fn is_up(&self) -> bool {
        self.ports.borrow().is_some()
    }

    /// Does something on the node, as an actor would, when time passes next.
    pub(super) fn act(&self, action: impl FnOnce(&NodePorts) + 'static) {
        self.to_do.borrow_mut().push_back(Box::new(action));
        let waiting = self.waiting.borrow_mut().take();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// How many actions are done.
    pub(super) fn done(&self) -> usize {
        self.done.get()
    }

    /// Writes something down.
    pub(super) fn note(&self, note: impl Into<String>) {
        self.notes.borrow_mut().push(note.into());
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    pub(super) fn events(&self) -> Vec<LinkEvent> {
        self.events.borrow().clone()
    }

    /// The links that came up, in order.
    pub(super) fn ups(&self) -> Vec<LinkId> {
        let up = |event: &LinkEvent| match event {
            LinkEvent::Up { link, .. } => Some(*link),
            _ => None,
        };
        self.events.borrow().iter().filter_map(up).collect()
    }

    /// How often a link went down.
    pub(super) fn downs(&self, of: LinkId) -> usize {
        self.events.borrow().iter().filter(|event| **event == LinkEvent::Down { link: of }).count()
    }

    /// The frames that came on a link.
    pub(super) fn frames(&self, of: LinkId) -> Vec<Bytes> {
        let frame = |event: &LinkEvent| match event {
            LinkEvent::Frame { link, bytes } if *link == of => Some(bytes.clone()),
            _ => None,
        };
        self.events.borrow().iter().filter_map(frame).collect()
    }

    /// What a link told when it came up: the largest frame.
    pub(super) fn mtu(&self, of: LinkId) -> usize {
        let mtu = |event: &LinkEvent| match event {
            LinkEvent::Up { link, mtu, .. } if *link == of => Some(*mtu),
            _ => None,
        };
        self.events.borrow().iter().find_map(mtu).expect("a link that came up")
    }
}
