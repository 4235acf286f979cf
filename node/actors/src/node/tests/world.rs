//! The world of these tests: an event loop with one `LocalSet` per node, links of 10 ms, disks that lose what was
//! not synced.

use crate::config::NodeConfig;
use crate::node::{NodeHandle, start};
use crate::ports::*;
use bitcraps_types::ed25519::{Ed25519, Ed25519Verifier};
use bitcraps_types::{AccountId, Digest, Height, PublicKey, Time, ValidatorIndex, Value, WallTime};
use bytes::Bytes;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;
use tokio::task::LocalSet;

const LATENCY: u64 = 10_000_000;
const SYNC: u64 = 1_000_000;

/// What happened.
#[derive(Default)]
pub(super) struct Log {
    pub(super) decided: BTreeMap<(usize, Height), Digest>,
    pub(super) roots: BTreeMap<(usize, Height), Digest>,
    pub(super) balances: BTreeMap<(usize, AccountId), u64>,
    pub(super) dice: BTreeMap<Height, bitcraps_types::ThresholdSignature>,
    pub(super) blocks: BTreeMap<Height, Value>,
    /// Blocks that a later round than the first decided, by each node.
    pub(super) later_rounds: usize,
    pub(super) offences: Vec<(usize, ValidatorIndex)>,
    /// Who turned whom away for sending too much.
    pub(super) limited: Vec<(usize, Option<PublicKey>)>,
    /// Who says that it is behind.
    pub(super) behind: BTreeSet<usize>,
    /// How often somebody said so.
    pub(super) syncs: usize,
    pub(super) halted: Vec<String>,
    pub(super) trace: Vec<String>,
}

type Happening = Box<dyn FnOnce()>;
type Inbox = Rc<dyn Fn(LinkEvent)>;

/// A file: its bytes, and how many of them are durable.
type File = (Vec<u8>, usize);

#[derive(Default)]
struct Core {
    now: Cell<u64>,
    next: Cell<u64>,
    queue: RefCell<BTreeMap<(u64, u64), Happening>>,
    epochs: RefCell<Vec<u64>>,
    inboxes: RefCell<Vec<Option<Inbox>>>,
    /// The other end of each node's links.
    links: RefCell<BTreeMap<(usize, LinkId), (usize, LinkId)>>,
    disks: RefCell<BTreeMap<(usize, String), File>>,
    log: RefCell<Log>,
}

impl Core {
    fn later(&self, delay: u64, event: impl FnOnce() + 'static) {
        self.at(self.now.get() + delay, event);
    }

    fn at(&self, at: u64, event: impl FnOnce() + 'static) {
        let number = self.next.replace(self.next.get() + 1);
        self.queue.borrow_mut().insert((at.max(self.now.get()), number), Box::new(event));
    }

    fn tell(&self, node: usize, event: LinkEvent) {
        let inbox = self.inboxes.borrow()[node].clone();
        if let Some(inbox) = inbox {
            inbox(event);
        }
    }
}

/// One incarnation of one node, as its ports see it.
#[derive(Clone)]
struct Seat {
    core: Rc<Core>,
    node: usize,
    epoch: u64,
}

impl Seat {
    fn alive(&self) -> bool {
        self.core.epochs.borrow()[self.node] == self.epoch
    }

    fn later(&self, delay: u64, event: impl FnOnce() + 'static) {
        let seat = self.clone();
        self.core.later(delay, move || {
            if seat.alive() {
                event();
            }
        });
    }
}

struct Ringer {
    seat: Seat,
    ring: Rc<dyn Fn()>,
    turn: Rc<Cell<u64>>,
}

impl Alarm for Ringer {
    fn set(&self, at: Option<Time>) {
        let turn = self.turn.get() + 1;
        self.turn.set(turn);
        let Some(at) = at else { return };
        let (seat, ring, current) = (self.seat.clone(), self.ring.clone(), self.turn.clone());
        self.seat.core.at(at.0, move || {
            if seat.alive() && current.get() == turn {
                ring();
            }
        });
    }
}

impl Drop for Ringer {
    fn drop(&mut self) {
        self.turn.set(u64::MAX);
    }
}

impl Clock for Seat {
    fn now(&self) -> Time {
        Time(self.core.now.get())
    }
    fn wall(&self) -> WallTime {
        WallTime(1_700_000_000_000_000_000 + self.core.now.get())
    }
    fn alarm(&self, ring: Box<dyn Fn()>) -> Box<dyn Alarm> {
        Box::new(Ringer { seat: self.clone(), ring: ring.into(), turn: Rc::default() })
    }
}

impl Entropy for Seat {
    fn stream(&self, actor: &str, purpose: &str) -> ChaCha8Rng {
        let name = format!("{}/{}/{actor}/{purpose}", self.node, self.epoch);
        ChaCha8Rng::from_seed(Digest::of("test", name.as_bytes()).0)
    }
}

impl Links for Seat {
    fn listen(&self, inbox: Box<dyn Fn(LinkEvent)>) {
        self.core.inboxes.borrow_mut()[self.node] = Some(inbox.into());
    }

    fn open(&self, address: &Address) {
        let (core, node, address) = (self.core.clone(), self.node, address.clone());
        let other: usize = address.0.parse().unwrap();
        self.later(LATENCY, move || {
            if core.inboxes.borrow()[other].is_none() {
                return core.tell(node, LinkEvent::OpenFailed { address });
            }
            let id = |_| LinkId(core.next.replace(core.next.get() + 1));
            let (mine, theirs) = (id(0), id(1));
            core.links.borrow_mut().insert((node, mine), (other, theirs));
            core.links.borrow_mut().insert((other, theirs), (node, mine));
            core.tell(other, LinkEvent::Up { link: theirs, dialed: None, identity: None, mtu: 1200 });
            let dialed = Some(address);
            core.tell(node, LinkEvent::Up { link: mine, dialed, identity: None, mtu: 1200 });
        });
    }

    fn send(&self, link: LinkId, bytes: Bytes) -> bool {
        let Some((other, link)) = self.core.links.borrow().get(&(self.node, link)).copied() else {
            return false;
        };
        let core = self.core.clone();
        if self.alive() {
            self.core.later(LATENCY, move || {
                if core.links.borrow().contains_key(&(other, link)) {
                    core.tell(other, LinkEvent::Frame { link, bytes });
                }
            });
        }
        true
    }

    fn close(&self, link: LinkId) {
        if let Some((other, theirs)) = self.core.links.borrow_mut().remove(&(self.node, link)) {
            let core = self.core.clone();
            self.core.later(LATENCY, move || {
                if core.links.borrow_mut().remove(&(other, theirs)).is_some() {
                    core.tell(other, LinkEvent::Down { link: theirs });
                }
            });
        }
    }
}

impl Disk for Seat {
    fn append(&self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        if self.alive() {
            let mut disks = self.core.disks.borrow_mut();
            disks.entry((self.node, file.into())).or_default().0.extend(bytes);
        }
        Ok(())
    }

    fn sync(&self, file: &str, done: Done<()>) {
        let (core, name) = (self.core.clone(), (self.node, file.to_string()));
        let length = core.disks.borrow().get(&name).map_or(0, |(bytes, _)| bytes.len());
        self.later(SYNC, move || {
            if let Some((bytes, durable)) = core.disks.borrow_mut().get_mut(&name) {
                *durable = length.min(bytes.len());
            }
            done(Ok(()));
        });
    }

    fn read(&self, file: &str, done: Done<Vec<u8>>) {
        let name = (self.node, file.to_string());
        let bytes = self.core.disks.borrow().get(&name).map(|(bytes, _)| bytes.clone());
        self.later(SYNC, move || done(Ok(bytes.unwrap_or_default())));
    }

    fn replace(&self, file: &str, bytes: Vec<u8>, done: Done<()>) {
        let durable = bytes.len();
        self.core.disks.borrow_mut().insert((self.node, file.into()), (bytes, durable));
        self.later(SYNC, move || done(Ok(())));
    }
}

impl Compute for Seat {
    fn run(&self, cost: Duration, then: Box<dyn FnOnce()>) {
        self.later(u64::try_from(cost.as_nanos()).unwrap(), then);
    }
    fn verify_cost(&self) -> Duration {
        Duration::from_micros(40)
    }
}

impl Probe for Seat {
    fn event(&self, event: Event<'_>) {
        let mut log = self.core.log.borrow_mut();
        let line = format!("{} {} {event:?}", self.core.now.get(), self.node);
        log.trace.push(Digest::of("line", line.as_bytes()).short());
        match event {
            Event::Decided { height, value, certificate, .. } => {
                log.later_rounds += usize::from(certificate.round > 0);
                let before = log.decided.insert((self.node, height), value.digest());
                log.blocks.insert(height, value.clone());
                assert!(before.is_none_or(|before| before == value.digest()), "decided otherwise before");
            }
            Event::Applied { height, root, ledger, dice, .. } => {
                log.dice.extend(dice.map(|dice| (height, *dice)));
                log.roots.insert((self.node, height), root);
                for (account, totals) in ledger.accounts() {
                    log.balances.insert((self.node, *account), totals.balance());
                }
            }
            Event::OffenceRecorded { offender, .. } => log.offences.push((self.node, offender)),
            Event::Refused { peer, why: Refusal::RateLimited } => log.limited.push((self.node, peer)),
            Event::SyncStarted { .. } => {
                log.syncs += 1;
                log.behind.insert(self.node);
            }
            Event::SyncEnded { .. } => assert!(log.behind.remove(&self.node), "it was not behind"),
            _ => {}
        }
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Slot {
    local: LocalSet,
    flag: Arc<Flag>,
    handle: NodeHandle,
}

/// The loop.
pub(super) struct World {
    core: Rc<Core>,
    slots: Vec<Option<Slot>>,
}

impl World {
    pub(super) fn new(nodes: usize) -> World {
        let core = Core::default();
        core.epochs.borrow_mut().resize(nodes, 0);
        core.inboxes.borrow_mut().resize_with(nodes, || None);
        World { core: Rc::new(core), slots: (0..nodes).map(|_| None).collect() }
    }

    pub(super) fn log(&self) -> std::cell::Ref<'_, Log> {
        self.core.log.borrow()
    }

    pub(super) fn handle(&self, node: usize) -> NodeHandle {
        self.slots[node].as_ref().unwrap().handle.clone()
    }

    pub(super) fn start(&mut self, node: usize, key: Ed25519, config: NodeConfig) {
        self.start_changed(node, key, config, |_| ());
    }

    /// Starts a node whose ports were changed.
    pub(super) fn start_changed(
        &mut self,
        node: usize,
        key: Ed25519,
        config: NodeConfig,
        change: impl FnOnce(&mut Ports),
    ) {
        let epoch = self.core.epochs.borrow()[node];
        let seat = Rc::new(Seat { core: self.core.clone(), node, epoch });
        let core = self.core.clone();
        let mut ports = Ports {
            clock: seat.clone(),
            entropy: seat.clone(),
            links: seat.clone(),
            disk: seat.clone(),
            compute: seat.clone(),
            signer: Rc::new(key),
            verifier: Rc::new(Ed25519Verifier),
            dice: Rc::new(super::DiceOf(node)),
            probe: seat,
            halt: Rc::new(move |why| core.log.borrow_mut().halted.push(format!("{node}: {why}"))),
            #[cfg(feature = "byzantine")]
            adversary: None,
        };
        change(&mut ports);
        let local = LocalSet::new();
        let handle = {
            let _inside = local.enter();
            start(ports, config)
        };
        self.slots[node] = Some(Slot { local, flag: Arc::new(Flag(AtomicBool::new(true))), handle });
    }

    /// A power failure.
    pub(super) fn crash(&mut self, node: usize) {
        self.core.epochs.borrow_mut()[node] += 1;
        self.core.inboxes.borrow_mut()[node] = None;
        self.core.log.borrow_mut().behind.remove(&node);
        self.slots[node] = None;
        for ((owner, _), (bytes, durable)) in self.core.disks.borrow_mut().iter_mut() {
            if *owner == node {
                bytes.truncate(*durable);
            }
        }
        let dead: Vec<_> = self
            .core
            .links
            .borrow()
            .iter()
            .filter(|((owner, _), _)| *owner == node)
            .map(|(a, b)| (*a, *b))
            .collect();
        for (mine, (other, theirs)) in dead {
            self.core.links.borrow_mut().remove(&mine);
            if self.core.links.borrow_mut().remove(&(other, theirs)).is_some() {
                self.core.tell(other, LinkEvent::Down { link: theirs });
            }
        }
    }

    /// Flips a bit of a file.
    pub(super) fn damage(&self, node: usize, file: &str, at: usize) {
        self.core.disks.borrow_mut().get_mut(&(node, file.to_string())).unwrap().0[at] ^= 1;
    }

    /// Opens links to a node on which nothing is ever said.
    pub(super) fn open_silent_links(&self, node: usize, count: usize) {
        for _ in 0..count {
            let link = LinkId(self.core.next.replace(self.core.next.get() + 1));
            self.core.tell(node, LinkEvent::Up { link, dialed: None, identity: None, mtu: 1200 });
        }
    }

    /// The content of a file.
    pub(super) fn file(&self, node: usize, file: &str) -> Vec<u8> {
        let disks = self.core.disks.borrow();
        disks.get(&(node, file.to_string())).map(|(bytes, _)| bytes.clone()).unwrap_or_default()
    }

    /// Loses a file.
    pub(super) fn lose(&self, node: usize, file: &str) {
        self.core.disks.borrow_mut().remove(&(node, file.to_string())).unwrap();
    }

    pub(super) fn run(&mut self, time: Duration) {
        let end = self.core.now.get() + u64::try_from(time.as_nanos()).unwrap();
        loop {
            self.settle();
            let next = self.core.queue.borrow().keys().next().copied().filter(|(at, _)| *at <= end);
            let Some(key) = next else { break };
            self.core.now.set(key.0);
            let event = self.core.queue.borrow_mut().remove(&key).unwrap();
            event();
        }
        self.core.now.set(end);
    }

    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            for slot in self.slots.iter_mut().flatten() {
                if slot.flag.0.swap(false, Ordering::Relaxed) {
                    quiet = false;
                    let waker = Waker::from(slot.flag.clone());
                    let _ = Pin::new(&mut slot.local).poll(&mut Context::from_waker(&waker));
                }
            }
            if quiet {
                return;
            }
        }
    }
}
