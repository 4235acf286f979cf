//! The tasks of the nodes' actors, polled by hand: a `LocalSet` per node, and who was woken. With a lent scheduler
//! nothing of this is used, save for how halted nodes are seen to.

use super::panics;
use super::world::Event;
use super::{Finding, Halt, Lab, NodeIndex};
use bitcraps_types::Time;
use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};
use tokio::task::LocalSet;

/// The nodes that were woken: a bit each.
pub(super) struct Ready {
    any: AtomicBool,
    words: Vec<AtomicU64>,
}

impl Ready {
    pub(super) fn new(nodes: NodeIndex) -> Ready {
        let words = usize::from(nodes).div_ceil(64);
        Ready { any: AtomicBool::new(false), words: (0..words).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn set(&self, node: NodeIndex) {
        self.words[usize::from(node) / 64].fetch_or(1 << (node % 64), Ordering::Release);
        self.any.store(true, Ordering::Release);
    }

    fn clear(&self, node: NodeIndex) {
        self.words[usize::from(node) / 64].fetch_and(!(1 << (node % 64)), Ordering::Acquire);
    }
}

/// Wakes one node.
struct NodeWaker {
    ready: Arc<Ready>,
    node: NodeIndex,
}

impl Wake for NodeWaker {
    fn wake(self: Arc<Self>) {
        self.ready.set(self.node);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.set(self.node);
    }
}

/// The actors of one node.
pub(super) struct Host {
    pub(super) local: Option<LocalSet>,
    /// What boot gave back, which keeps the actors alive.
    pub(super) keep: Vec<Box<dyn Any>>,
    waker: Waker,
    /// When it was last polled, and how often at that instant.
    polled: (u64, u32),
}

impl Host {
    pub(super) fn new(ready: &Arc<Ready>, node: NodeIndex) -> Host {
        let waker = Arc::new(NodeWaker { ready: ready.clone(), node }).into();
        Host { local: None, keep: Vec::new(), waker, polled: (0, 0) }
    }
}

impl Lab {
    /// Polls woken nodes, by index, until none is awake.
    pub(super) fn poll_woken(&mut self) -> Result<(), Finding> {
        // Plain loads and stores: a waker sets its bit first, and the bits are taken after the flag is cleared.
        while self.ready.any.load(Ordering::Acquire) {
            self.ready.any.store(false, Ordering::Relaxed);
            for word in 0..self.ready.words.len() {
                if self.ready.words[word].load(Ordering::Relaxed) == 0 {
                    continue;
                }
                let mut bits = self.ready.words[word].swap(0, Ordering::Acquire);
                while bits != 0 {
                    let node = word * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    self.poll(node as NodeIndex)?;
                }
            }
        }
        if self.world.alert.get() {
            self.collect_halts();
        }
        self.finding.clone().map_or(Ok(()), Err)
    }

    fn poll(&mut self, node: NodeIndex) -> Result<(), Finding> {
        let host = &mut self.hosts[usize::from(node)];
        let Some(local) = &mut host.local else { return Ok(()) };
        let (now, limit) = {
            let mut core = self.world.core();
            let state = core.node(node);
            if state.paused {
                state.touched.paused += u64::from(!state.woken);
                state.woken = true;
                return Ok(());
            }
            (core.now, core.livelock_limit)
        };
        if host.polled.0 != now {
            host.polled = (now, 0);
        }
        host.polled.1 += 1;
        if host.polled.1 > limit {
            self.finding = Some(Finding::Livelock { node });
        } else {
            let mut context = Context::from_waker(&host.waker);
            let _finished = panics::watch(|| Pin::new(local).poll(&mut context));
            self.collect_panic(node);
        }
        if self.world.alert.get() {
            self.collect_halts();
        }
        self.finding.clone().map_or(Ok(()), Err)
    }

    /// Turns a panic in an actor of `node` into a finding, if there was one.
    pub(super) fn collect_panic(&mut self, node: NodeIndex) {
        if let Some(message) = panics::take() {
            let livelock = self.world.core().livelock.take();
            self.finding.get_or_insert(match livelock {
                Some(node) => Finding::Livelock { node },
                None => Finding::ActorPanicked { node, message },
            });
        }
    }

    /// Drops the actors of halted nodes, and lets the supervisor know.
    pub(super) fn collect_halts(&mut self) {
        self.world.alert.set(false);
        let (now, halted) = {
            let mut core = self.world.core();
            (Time(core.now), std::mem::take(&mut core.halted))
        };
        for (node, reason) in halted {
            self.drop_actors(node);
            self.halts.push(Halt { node, at: now, reason });
            let mut core = self.world.core();
            let epoch = core.node(node).epoch;
            let at = (now + self.supervisor_restart).0;
            core.push(at, Event::Supervise { node, epoch });
        }
    }

    /// Drops a fenced node's actors: their last hooks run, and do nothing to the world.
    pub(super) fn drop_actors(&mut self, node: NodeIndex) {
        if let Some(scheduler) = &self.scheduler {
            return scheduler.stop(node);
        }
        let host = &mut self.hosts[usize::from(node)];
        let (local, keep) = (host.local.take(), std::mem::take(&mut host.keep));
        panics::watch(|| drop((local, keep)));
        self.collect_panic(node);
        self.ready.clear(node);
    }
}
