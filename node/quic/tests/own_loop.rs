//! The links on a loop without any tokio runtime: virtual time, simulated UDP, one `LocalSet` for each node.
//!
//! A stray use of tokio's timers or sockets panics here, and a stray source of order shows as a difference between two
//! runs. (What TLS draws at random is not seeded, so the datagrams' bytes differ; their times and sizes don't.)

use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::{Address, LinkEvent, LinkId, Links};
use bitcraps_quic::{Environment, Identity, Observer, QuicConfig, QuicLinks};
use bytes::Bytes;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{
    AsyncTimer, AsyncUdpSocket, ConnectionId, ConnectionIdGenerator, EndpointConfig, Runtime, StdSystemTime,
    UdpPoller,
};
use rustls::crypto::ring;
use rustls::time_provider::DefaultTimeProvider;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const LATENCY: u64 = 10_000_000;

/// Time in nanoseconds, what is due, and what was sent.
struct Kernel {
    base: Instant,
    now: u64,
    next: u64,
    due: BTreeMap<(u64, u64), Due>,
    inboxes: Vec<VecDeque<(SocketAddr, Vec<u8>)>>,
    readers: Vec<Option<Waker>>,
    /// What the dead say is not sent.
    dead: Vec<bool>,
    /// When, from whom, how long.
    sent: Vec<(u64, usize, usize)>,
}

enum Due {
    Wake(Waker),
    Datagram { from: usize, to: usize, bytes: Vec<u8> },
}

thread_local! {
    static KERNEL: RefCell<Option<Kernel>> = const { RefCell::new(None) };
}

fn kernel<T>(act: impl FnOnce(&mut Kernel) -> T) -> T {
    KERNEL.with_borrow_mut(|kernel| act(kernel.as_mut().expect("a running world")))
}

impl Kernel {
    fn at(&mut self, at: u64, due: Due) -> (u64, u64) {
        self.next += 1;
        self.due.insert((at.max(self.now), self.next), due);
        (at.max(self.now), self.next)
    }
}

fn address_of(node: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, u8::try_from(node).unwrap()], 4433))
}

#[derive(Debug)]
struct OwnRuntime;

impl Runtime for OwnRuntime {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        Box::pin(OwnTimer { at, due: None })
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::task::spawn_local(future);
    }

    fn wrap_udp_socket(&self, _: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn now(&self) -> Instant {
        kernel(|kernel| kernel.base + Duration::from_nanos(kernel.now))
    }
}

#[derive(Debug)]
struct OwnTimer {
    at: Instant,
    due: Option<(u64, u64)>,
}

impl AsyncTimer for OwnTimer {
    fn reset(mut self: Pin<&mut Self>, at: Instant) {
        self.at = at;
        if let Some(due) = self.due.take() {
            kernel(|kernel| kernel.due.remove(&due));
        }
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<()> {
        kernel(|kernel| {
            let at = self.at.saturating_duration_since(kernel.base).as_nanos();
            let at = u64::try_from(at).unwrap();
            if let Some(due) = self.due.take() {
                kernel.due.remove(&due);
            }
            if at <= kernel.now {
                return Poll::Ready(());
            }
            self.due = Some(kernel.at(at, Due::Wake(cx.waker().clone())));
            Poll::Pending
        })
    }
}

#[derive(Debug)]
struct OwnSocket(usize);

#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncUdpSocket for OwnSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit) -> io::Result<()> {
        kernel(|kernel| {
            if kernel.dead[self.0] {
                return;
            }
            kernel.sent.push((kernel.now, self.0, transmit.contents.len()));
            let to = (0..2).find(|node| address_of(*node) == transmit.destination).unwrap();
            let datagram = Due::Datagram { from: self.0, to, bytes: transmit.contents.to_vec() };
            kernel.at(kernel.now + LATENCY, datagram);
        });
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        kernel(|kernel| {
            let Some((from, bytes)) = kernel.inboxes[self.0].pop_front() else {
                kernel.readers[self.0] = Some(cx.waker().clone());
                return Poll::Pending;
            };
            bufs[0][..bytes.len()].copy_from_slice(&bytes);
            let (len, stride) = (bytes.len(), bytes.len());
            meta[0] = RecvMeta { addr: from, len, stride, ecn: None, dst_ip: None };
            Poll::Ready(Ok(1))
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(address_of(self.0))
    }

    fn may_fragment(&self) -> bool {
        false
    }
}

/// Connection ids in order.
struct Counted(u8, AtomicU64);

impl ConnectionIdGenerator for Counted {
    fn generate_cid(&mut self) -> ConnectionId {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        ConnectionId::new(&[&[self.0; 8][..], &number.to_le_bytes()].concat())
    }

    fn cid_len(&self) -> usize {
        16
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

fn environment(node: usize, seed: u8) -> Environment {
    let number = u8::try_from(node).unwrap();
    let mut endpoint = EndpointConfig::default();
    endpoint.rng_seed(Some([seed ^ number; 32]));
    endpoint.cid_generator(move || Box::new(Counted(number, AtomicU64::new(0))));
    let mut provider = ring::default_provider();
    provider.kx_groups = vec![ring::kx_group::X25519];
    Environment {
        runtime: Arc::new(OwnRuntime),
        socket: Arc::new(OwnSocket(node)),
        resolve: Rc::new(|_| Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })),
        endpoint,
        provider: Arc::new(provider),
        tls_time: Arc::new(DefaultTimeProvider),
        token_time: Arc::new(StdSystemTime),
        token_key: None,
        first_cid: Some(Arc::new(|| ConnectionId::new(&[7; 16]))),
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
    links: QuicLinks,
}

type Heard = Rc<RefCell<Vec<(u64, usize, String)>>>;

fn start(node: usize, seed: u8, heard: &Heard) -> Slot {
    let local = LocalSet::new();
    let identity = |node: usize| Identity::from_seed(&[u8::try_from(node).unwrap() + 1; 32]);
    let peers: Vec<_> = (0..2)
        .map(|node| PeerAddress {
            key: identity(node).public_key(),
            address: Address(address_of(node).to_string()),
        })
        .collect();
    let links = {
        let _inside = local.enter();
        let links = QuicLinks::new(
            environment(node, seed),
            identity(node),
            &peers,
            BTreeSet::new(),
            QuicConfig::default(),
            Observer::default(),
        )
        .unwrap();
        let heard = heard.clone();
        links.listen(Box::new(move |event| {
            let what = match &event {
                LinkEvent::Frame { bytes, .. } => format!("frame of {}", bytes.len()),
                other => format!("{other:?}"),
            };
            heard.borrow_mut().push((kernel(|kernel| kernel.now), node, what));
        }));
        links
    };
    Slot { local, flag: Arc::new(Flag(AtomicBool::new(true))), links }
}

fn run(slots: &mut [Slot], until: Duration) {
    let until = u64::try_from(until.as_nanos()).unwrap();
    loop {
        while let Some(slot) = slots.iter_mut().find(|slot| slot.flag.0.swap(false, Ordering::Relaxed)) {
            let waker = Waker::from(slot.flag.clone());
            let _ = Pin::new(&mut slot.local).poll(&mut Context::from_waker(&waker));
        }
        let due = kernel(|kernel| {
            let first = kernel.due.first_entry().filter(|first| first.key().0 <= until);
            let Some(first) = first else {
                kernel.now = until;
                return None;
            };
            let ((at, _), due) = first.remove_entry();
            kernel.now = at;
            Some(due)
        });
        let waker = match due {
            None => return,
            Some(Due::Wake(waker)) => Some(waker),
            Some(Due::Datagram { from, to, bytes }) => kernel(|kernel| {
                kernel.inboxes[to].push_back((address_of(from), bytes));
                kernel.readers[to].take()
            }),
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

#[derive(Debug, PartialEq)]
struct Trace {
    heard: Vec<(u64, usize, String)>,
    sent: Vec<(u64, usize, usize)>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "quinn's instants can't be made from nothing; only differences count"
)]
fn base() -> Instant {
    Instant::now()
}

/// Two nodes, of which the first has opened a link to the second in the first second.
fn world(seed: u8, heard: &Heard) -> Vec<Slot> {
    let empty = Kernel {
        base: base(),
        now: 0,
        next: 0,
        due: BTreeMap::new(),
        inboxes: vec![VecDeque::new(); 2],
        readers: vec![None, None],
        dead: vec![false; 2],
        sent: Vec::new(),
    };
    KERNEL.set(Some(empty));
    let mut slots: Vec<Slot> = (0..2).map(|node| start(node, seed, heard)).collect();
    {
        let _inside = slots[0].local.enter();
        slots[0].links.open(&Address(address_of(1).to_string()));
    }
    run(&mut slots, Duration::from_secs(1));
    slots
}

const LINK: LinkId = LinkId(0);

/// Frames of all kinds go both ways; then node 1 closes.
fn scenario(seed: u8) -> Trace {
    let heard = Heard::default();
    let mut slots = world(seed, &heard);
    for round in 0..20u64 {
        for length in [10, 1200, 5000, 60_000] {
            assert!(slots[0].links.send(LINK, Bytes::from(vec![1; length])));
            assert!(slots[1].links.send(LINK, Bytes::from(vec![2; length])));
        }
        run(&mut slots, Duration::from_secs(1) + Duration::from_millis(50 * (round + 1)));
    }
    run(&mut slots, Duration::from_secs(20));
    slots[1].links.close(LINK);
    run(&mut slots, Duration::from_secs(21));
    drop(slots);
    let sent = kernel(|kernel| std::mem::take(&mut kernel.sent));
    Trace { heard: heard.take(), sent }
}

#[test]
fn the_links_need_no_runtime_and_the_same_seed_gives_the_same_run() {
    let first = scenario(1);
    let frames = first.heard.iter().filter(|(_, _, what)| what.starts_with("frame")).count();
    assert_eq!(frames, 160);
    let (at, node, last) = first.heard.last().unwrap();
    assert_eq!((*node, last.starts_with("Down")), (0, true));
    // It was told by a close, not by its timeout.
    assert_eq!(*at, 20_000_000_000 + LATENCY);
    assert!(first == scenario(1), "two runs of one seed differ");
    assert!(first.sent != scenario(2).sent, "the seed changes nothing");
}

#[test]
fn a_node_that_restarted_tells_its_old_peers_so_before_they_time_out() {
    let heard = Heard::default();
    let mut slots = world(1, &heard);
    run(&mut slots, Duration::from_secs(10));
    // A power failure: what is done while the tasks are dropped does not leave the machine.
    kernel(|kernel| kernel.dead[1] = true);
    drop(slots.pop());
    kernel(|kernel| {
        kernel.dead[1] = false;
        kernel.inboxes[1].clear();
    });
    slots.push(start(1, 2, &heard));
    run(&mut slots, Duration::from_secs(20));
    let heard = heard.take();
    let (at, node, last) = heard.last().unwrap();
    assert_eq!((*node, last.starts_with("Down")), (0, true), "{last}");
    let after = Duration::from_nanos(*at) - Duration::from_secs(10);
    let config = QuicConfig::default();
    assert!(after <= config.keep_alive + Duration::from_nanos(3 * LATENCY), "{after:?}");
    assert!(after < config.idle_timeout / 2);
}
