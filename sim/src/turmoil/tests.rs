//! The hosts without actors: when a datagram arrives, what the network does to it, what a crash, a halt and a panic do.

use super::{Boot, Booted, Config, HostPorts, Turmoil};
use crate::lab::{DiskFate, Finding, LinkModel, Loss, NodeIndex, address_of};
use crate::wire::WireLinks;
use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::{Alarm, Disk, LinkEvent, LinkId, Links};
use bitcraps_quic::Identity;
use bitcraps_types::Time;
use bytes::Bytes;
use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::rc::{Rc, Weak};
use std::time::Duration;

impl Turmoil {
    /// One more host, for a test's own client.
    pub(crate) fn guest(&mut self, guest: impl Future<Output = ::turmoil::Result> + 'static) {
        self.sim.client("guest", guest);
    }

    /// Where a node's gateway is.
    pub(crate) fn gateway(&self, node: NodeIndex) -> std::net::SocketAddr {
        (self.sim.lookup(super::name(node)), super::gateway::GATEWAY).into()
    }
}

/// When, where, and what the links told.
type Heard = Rc<RefCell<Vec<(Time, NodeIndex, LinkEvent)>>>;

/// The links of each host's last incarnation, which the host alone keeps alive.
type LastLinks = Rc<RefCell<[Option<Weak<dyn Links>>; 2]>>;

/// Two hosts with QUIC links and no actors, of which the first dials the second whenever it starts or a dial failed.
struct Two {
    world: Turmoil,
    heard: Heard,
    links: LastLinks,
}

fn ms(ms: u64) -> Time {
    Time(ms * 1_000_000)
}

fn identity(node: NodeIndex) -> Identity {
    Identity::from_seed(&[node as u8 + 1; 32])
}

/// A world of two whose hosts do what `boot` says.
fn world(
    links: LinkModel,
    boot: impl Fn(NodeIndex, HostPorts) -> Vec<Box<dyn Any>> + 'static,
    change: impl FnOnce(&mut Config),
) -> Turmoil {
    let boot: Boot = Box::new(move |node, _, ports| Booted { keep: boot(node, ports), gateway: None });
    let mut config = Config::new(1, 2, Box::new(move |_, _| links.clone()), boot);
    change(&mut config);
    let mut world = Turmoil::new(config);
    (0..2).for_each(|node| assert!(world.start(node)));
    world
}

impl Two {
    fn new(model: LinkModel, change: impl FnOnce(&mut Config)) -> Two {
        let heard = Heard::default();
        let links = LastLinks::default();
        let (hears, keeps) = (heard.clone(), links.clone());
        let boot = move |node, HostPorts { ground, clock, .. }: HostPorts| -> Vec<Box<dyn Any>> {
            let peer = |node| PeerAddress { key: identity(node).public_key(), address: address_of(node) };
            let links = WireLinks::new(ground, identity(node), &[peer(0), peer(1)]).unwrap();
            let port = links.port();
            let (hears, again) = (hears.clone(), Rc::downgrade(&port));
            port.listen(Box::new(move |event| {
                if let (LinkEvent::OpenFailed { address }, Some(links)) = (&event, again.upgrade()) {
                    links.open(address);
                }
                hears.borrow_mut().push((clock.now(), node, event));
            }));
            if node == 0 {
                port.open(&address_of(1));
            }
            keeps.borrow_mut()[usize::from(node)] = Some(Rc::downgrade(&port));
            vec![Box::new(links)]
        };
        Two { world: world(model, boot, change), heard, links }
    }

    fn run(&mut self, until: Time) {
        self.world.run_until(until).expect("nothing panics");
    }

    fn send(&self, node: usize, link: LinkId, length: usize) {
        let links = self.links.borrow();
        let port = links[node].as_ref().and_then(Weak::upgrade).expect("the node is up");
        assert!(port.send(link, Bytes::from(vec![1; length])));
    }

    /// When a node's last link came up, and its name.
    fn up(&self, node: NodeIndex) -> Option<(Time, LinkId)> {
        let heard = self.heard.borrow();
        heard.iter().rev().filter(|(_, at, _)| *at == node).find_map(|(time, _, event)| match event {
            LinkEvent::Up { link, .. } => Some((*time, *link)),
            _ => None,
        })
    }

    fn down_at(&self, node: NodeIndex) -> Option<Time> {
        let heard = self.heard.borrow();
        let down = |(_, at, event): &&(Time, NodeIndex, LinkEvent)| {
            *at == node && matches!(event, LinkEvent::Down { .. })
        };
        heard.iter().find(down).map(|(time, _, _)| *time)
    }

    /// The lengths of the frames that a node got, in order.
    fn frames(&self, node: NodeIndex) -> Vec<usize> {
        let heard = self.heard.borrow();
        let frames = heard.iter().filter(|(_, at, _)| *at == node).filter_map(|(_, _, event)| match event {
            LinkEvent::Frame { bytes, .. } => Some(bytes.len()),
            _ => None,
        });
        frames.collect()
    }
}

fn constant(micros: u64) -> LinkModel {
    LinkModel::constant(Duration::from_micros(micros))
}

#[test]
fn a_datagram_arrives_in_the_first_tick_that_is_not_before_the_models_arrival() {
    // TLS is done at the dialer after one round trip, and the greeting takes another half to the listener.
    for (latency, trip) in [(0, 1), (1000, 1), (1001, 2), (10_300, 11)] {
        let mut two = Two::new(constant(latency), |_| ());
        two.run(ms(200));
        let (dialer, listener) = (two.up(0).expect("a link").0, two.up(1).expect("a link").0);
        assert_eq!((dialer.0 % 1_000_000, listener.0 % 1_000_000), (0, 0));
        let trips = dialer.max(listener).0 as f64 / 1e6 / f64::from(trip);
        assert!((3.0..=4.0).contains(&trips), "{latency} µs: {dialer:?} {listener:?}");
        assert_eq!(trips.fract(), 0.0, "{latency} µs: {dialer:?} {listener:?}");
    }
}

#[test]
fn a_handshake_and_a_stream_survive_loss() {
    let mut two = Two::new(LinkModel { loss: Loss::Bernoulli(0.2), ..constant(10_000) }, |_| ());
    two.run(ms(10_000));
    let (_, link) = two.up(0).expect("a link");
    // Too long for datagrams, which would not come again.
    let lengths: Vec<usize> = (0..20).map(|n| 5000 + n).collect();
    lengths.iter().for_each(|&length| two.send(0, link, length));
    two.run(ms(30_000));
    assert_eq!(two.frames(1), lengths);
    assert!(two.world.counters().lost > 10);
}

#[test]
fn what_is_longer_than_the_path_carries_is_dropped_and_frames_arrive_all_the_same() {
    let mut two = Two::new(constant(10_000), |config| config.datagram_mtu = 1300);
    two.run(ms(1000));
    let (_, link) = two.up(0).expect("a link");
    two.send(0, link, 60_000);
    two.run(ms(5000));
    assert_eq!(two.frames(1), [60_000]);
    assert!(two.world.counters().oversized > 0);
}

#[test]
fn a_crashed_node_says_nothing_and_its_restart_ends_the_links_of_its_former_self() {
    let mut two = Two::new(constant(10_000), |_| ());
    two.run(ms(2000));
    assert!(two.up(1).is_some());
    assert!(two.world.crash(1, DiskFate::LostUnsynced).is_some());
    two.run(ms(4000));
    assert_eq!(two.down_at(0), None, "a goodbye left a machine without power");
    assert!(two.world.start(1));
    two.run(ms(8000));
    assert!(two.down_at(0).expect("the restarted node does not know the connection") > ms(4000));
}

#[test]
fn a_crash_loses_what_was_not_synced_and_no_more() {
    let (disks, synced) = (Rc::new(RefCell::new(Vec::<Rc<dyn Disk>>::new())), Rc::new(RefCell::new(0)));
    let keep = disks.clone();
    let boot = move |_, ports: HostPorts| -> Vec<Box<dyn Any>> {
        keep.borrow_mut().push(ports.disk);
        Vec::new()
    };
    let mut world = world(constant(1000), boot, |_| ());
    world.run_until(ms(1)).unwrap();
    let disk = disks.borrow()[0].clone();
    disk.append("file", b"safe").unwrap();
    let count = synced.clone();
    disk.sync("file", Box::new(move |done| *count.borrow_mut() += u32::from(done.is_ok())));
    assert_eq!(*synced.borrow(), 0);
    world.run_until(ms(3)).unwrap();
    assert_eq!(*synced.borrow(), 1);
    disk.append("file", b" lost").unwrap();
    assert!(world.crash(0, DiskFate::LostUnsynced).is_some());
    assert!(disk.append("file", b"dead").is_err(), "a port of a dead incarnation");
    assert!(world.start(0));
    world.run_until(ms(5)).unwrap();
    let read = Rc::new(RefCell::new(Vec::new()));
    let told = read.clone();
    let disk = disks.borrow().last().unwrap().clone();
    disk.read("file", Box::new(move |bytes| *told.borrow_mut() = bytes.unwrap()));
    world.run_until(ms(7)).unwrap();
    assert_eq!(*read.borrow(), b"safe");
}

/// Node 1 does something one second after each start.
fn after_a_second(what: impl Fn(&HostPorts) -> Box<dyn Fn()> + 'static) -> Turmoil {
    let alarms: Rc<RefCell<Vec<Box<dyn Alarm>>>> = Rc::default();
    let boot = move |node, ports: HostPorts| -> Vec<Box<dyn Any>> {
        if node == 1 {
            let alarm = ports.clock.alarm(what(&ports));
            alarm.set(Some(ports.clock.now() + Duration::from_secs(1)));
            alarms.borrow_mut().push(alarm);
        }
        Vec::new()
    };
    world(constant(1000), boot, |_| ())
}

#[test]
fn a_panic_on_a_host_is_a_finding_at_its_node() {
    let mut world = after_a_second(|_| Box::new(|| panic!("it happens")));
    assert!(world.run_until(ms(1000)).is_ok());
    match world.run_until(ms(1002)) {
        Err(Finding::ActorPanicked { node: 1, message }) => assert!(message.starts_with("it happens at ")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_node_that_halts_is_told_of_and_started_again_by_the_supervisor() {
    let mut world = after_a_second(|ports| {
        let halt = ports.halt.clone();
        Box::new(move || halt("enough"))
    });
    world.run_until(ms(1500)).unwrap();
    assert!(!world.is_up(1) && world.is_up(0));
    let halts = world.take_halts();
    assert_eq!((halts[0].node, halts[0].at, &*halts[0].reason), (1, ms(1000), "enough"));
    world.run_until(ms(2500)).unwrap();
    assert!(world.is_up(1));
    world.run_until(ms(3500)).unwrap();
    assert_eq!(world.take_halts().len(), 1, "the new incarnation halts a second after its start");
}

#[test]
fn an_alarm_rings_by_the_nodes_own_clock_when_its_rate_changes() {
    let rang = Rc::new(RefCell::new(Vec::new()));
    let rings = rang.clone();
    let mut world = after_a_second(move |ports| {
        let (rings, clock) = (rings.clone(), ports.clock.clone());
        Box::new(move || rings.borrow_mut().push(clock.now()))
    });
    world.run_until(ms(500)).unwrap();
    world.drift_clock(1, 1_000_000);
    world.run_until(ms(749)).unwrap();
    assert!(rang.borrow().is_empty());
    world.run_until(ms(752)).unwrap();
    assert_eq!(*rang.borrow(), [ms(1000)], "half of a second remained, at twice the rate");
}
