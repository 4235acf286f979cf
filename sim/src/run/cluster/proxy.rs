//! The proxy between the daemons: each link is a pair of UDP sockets, and each datagram's fate is decided by the
//! network model of the lab, in real time. QUIC above it is end to end: nothing here can read or forge.
//!
//! ```text
//! dialer ⇄ front socket │ model │ back socket ⇄ listener
//! ```
//!
//! A thread for each socket reads; one thread sends what is due. Times are as exact as the system's timers, some tens
//! of microseconds.

use super::daemon::Home;
use crate::lab::model::flip_bits;
use crate::lab::network::{Network, Passage, Verdict};
use crate::lab::{Counters, Effect, EffectId};
use crate::run::network::link_models;
use crate::scenario::Scenario;
use bitcraps_types::PublicKey;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a reader waits for a datagram before it looks whether it is to stop.
const PATIENCE: Duration = Duration::from_millis(200);
/// No datagram is longer, in bytes.
const LONGEST: usize = 65_536;

/// See the module.
pub(super) struct Proxy {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// By node: its peers, and where it is to dial them.
    peers: Vec<Vec<(PublicKey, SocketAddr)>>,
}

struct Shared {
    state: Mutex<State>,
    /// Something earlier is due.
    changed: Condvar,
    stop: AtomicBool,
    started: Instant,
}

struct State {
    network: Network<Packet>,
    due: BinaryHeap<Reverse<Due>>,
    sent: u64,
    counters: Counters,
}

/// A datagram on its way.
#[derive(Clone)]
struct Packet {
    way: Arc<Way>,
    bytes: Vec<u8>,
}

/// The last part of the way: out of which socket, to whom.
struct Way {
    socket: UdpSocket,
    /// `None` until the other end was heard: a dialer may come from anywhere.
    to: Mutex<Option<SocketAddr>>,
}

struct Due {
    at: u64,
    number: u64,
    packet: Packet,
}

impl Proxy {
    /// # Panics
    /// If this machine has no more sockets or threads.
    pub(super) fn start(scenario: &Scenario, seed: u64, homes: &[Home], started: Instant) -> Proxy {
        let state = State {
            network: Network::new(scenario.validators.count, seed, &*link_models(scenario)),
            due: BinaryHeap::new(),
            sent: 0,
            counters: Counters::default(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            started,
        });
        let mut proxy =
            Proxy { shared: shared.clone(), threads: Vec::new(), peers: vec![Vec::new(); homes.len()] };
        proxy.spawn("proxy", move || shared.send_what_is_due());
        for (index, one) in homes.iter().enumerate() {
            for other in &homes[index + 1..] {
                // Of two nodes the one with the smaller key dials.
                let (dialer, listener) = if one.key < other.key { (one, other) } else { (other, one) };
                proxy.link(dialer, listener);
            }
        }
        proxy
    }

    /// The peers of a node, and where it is to dial each.
    pub(super) fn peers_of(&self, node: u16) -> impl Iterator<Item = (PublicKey, SocketAddr)> {
        self.peers[usize::from(node)].iter().copied()
    }

    pub(super) fn add_effect(&self, effect: Effect) -> EffectId {
        self.shared.state().network.add(effect)
    }

    /// What the effect held goes on.
    pub(super) fn remove_effect(&self, effect: EffectId) {
        let now = self.shared.now();
        let mut state = self.shared.state();
        let State { network, due, sent, .. } = &mut *state;
        network.remove(effect, now, |at, packet| {
            *sent += 1;
            due.push(Reverse(Due { at, number: *sent, packet }));
        });
        drop(state);
        self.shared.changed.notify_one();
    }

    pub(super) fn touched(&self, effect: EffectId) -> u64 {
        self.shared.state().network.touched(effect)
    }

    /// Datagrams so far.
    pub(super) fn counters(&self) -> Counters {
        self.shared.state().counters
    }

    /// Ends all threads.
    pub(super) fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.changed.notify_one();
        self.threads.drain(..).for_each(|thread| thread.join().expect("no thread of the proxy panics"));
    }

    fn link(&mut self, dialer: &Home, listener: &Home) {
        let socket = || {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("this machine has free ports");
            socket.set_read_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
            socket
        };
        let (front, back) = (socket(), socket());
        let address = front.local_addr().expect("a bound socket has an address");
        let share = |socket: &UdpSocket| socket.try_clone().expect("a socket can be shared");
        let to_listener = Arc::new(Way { socket: share(&back), to: Mutex::new(Some(listener.links)) });
        let to_dialer = Arc::new(Way { socket: share(&front), to: Mutex::new(None) });
        let (a, b) = (dialer.node, listener.node);
        let shared = self.shared.clone();
        let (onward, answers) = (to_listener.clone(), to_dialer.clone());
        self.spawn("proxy front", move || {
            shared.read(&front, (a, b), &onward, |from| *lock(&answers.to) = Some(from));
        });
        let shared = self.shared.clone();
        self.spawn("proxy back", move || shared.read(&back, (b, a), &to_dialer, |_| ()));
        self.peers[usize::from(a)].push((listener.key, address));
        self.peers[usize::from(b)].push((dialer.key, dialer.links));
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) {
        let thread = std::thread::Builder::new().name(name.into()).spawn(work);
        self.threads.push(thread.expect("a thread can be started"));
    }
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Takes what comes out of a socket until the end of the run.
    fn read(&self, socket: &UdpSocket, ends: (u16, u16), way: &Arc<Way>, heard: impl Fn(SocketAddr)) {
        let mut buffer = vec![0; LONGEST];
        while !self.stop.load(Ordering::Relaxed) {
            // An error is a time-out, or tells that the other end is down, as the next datagrams will.
            if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                heard(from);
                self.pass(ends, Packet { way: way.clone(), bytes: buffer[..length].to_vec() });
            }
        }
    }

    /// Decides a datagram's fate.
    fn pass(&self, (from, to): (u16, u16), mut packet: Packet) {
        let now = self.now();
        let mut state = self.state();
        state.counters.sent += 1;
        state.counters.bytes += packet.bytes.len() as u64;
        match state.network.judge(now, from, to, packet.bytes.len(), true) {
            Verdict::Refused(_) => state.counters.refused += 1,
            Verdict::Lost(_) => state.counters.lost += 1,
            Verdict::Pass(Passage { arrival, copy, corrupt, held_by, .. }) => {
                if let Some(seed) = corrupt {
                    packet.bytes = flip_bits(&packet.bytes, seed);
                    state.counters.corrupted += 1;
                }
                if let Some(holder) = held_by {
                    state.network.hold(holder, from, to, packet, arrival - now);
                    return;
                }
                if let Some(copy) = copy {
                    state.counters.duplicated += 1;
                    state.push(copy, packet.clone());
                }
                state.push(arrival, packet);
                drop(state);
                self.changed.notify_one();
            }
        }
    }

    /// Sends each datagram at its time, until the end of the run.
    fn send_what_is_due(&self) {
        let mut state = self.state();
        while !self.stop.load(Ordering::Relaxed) {
            let now = self.now();
            let wait = match state.due.peek() {
                Some(Reverse(due)) if due.at <= now => {
                    let Some(Reverse(Due { packet, .. })) = state.due.pop() else { continue };
                    state.counters.delivered += 1;
                    drop(state);
                    let to = *lock(&packet.way.to);
                    if let Some(to) = to {
                        // A datagram that the system does not take is lost, as datagrams are.
                        let _ = packet.way.socket.send_to(&packet.bytes, to);
                    }
                    state = self.state();
                    continue;
                }
                Some(Reverse(due)) => Duration::from_nanos(due.at - now).min(PATIENCE),
                None => PATIENCE,
            };
            state = self.changed.wait_timeout(state, wait).expect("no thread of the proxy panics").0;
        }
    }
}

impl State {
    fn push(&mut self, at: u64, packet: Packet) {
        self.sent += 1;
        self.due.push(Reverse(Due { at, number: self.sent, packet }));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread of the proxy panics")
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
