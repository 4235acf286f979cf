//! QUIC over the lab's datagrams: what one seed gives, what the network does to it, what a crash does.

use super::{Ground, WireLinks};
use crate::lab::{DiskFate, Lab, LabConfig, LinkModel, Loss, NodeIndex, address_of};
use crate::run::{Depth, examine};
use crate::scenario::{self, World};
use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::{LinkEvent, LinkId, Links};
use bitcraps_quic::{Identity, QuicConfig};
use bitcraps_reports::Verdict;
use bitcraps_types::Time;
use bytes::Bytes;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

const LATENCY: Duration = Duration::from_millis(10);

/// When, where, and what the links told.
type Heard = Rc<RefCell<Vec<(Time, NodeIndex, LinkEvent)>>>;

/// Two nodes without actors, of which the first dials the second whenever it starts or a dial failed.
struct Two {
    lab: Lab,
    heard: Heard,
    /// The links of each node's last incarnation.
    links: Rc<RefCell<[Option<Rc<WireLinks>>; 2]>>,
}

fn identity(node: NodeIndex) -> Identity {
    Identity::from_seed(&[node as u8 + 1; 32])
}

impl Two {
    fn new(seed: u64, change: impl FnOnce(&mut LabConfig)) -> Two {
        let (heard, links) = (Heard::default(), Rc::new(RefCell::new([None, None])));
        let (hears, keeps) = (heard.clone(), links.clone());
        let boot = move |node, _, ports: crate::lab::WorldPorts| -> Vec<Box<dyn std::any::Any>> {
            let peer = |node| PeerAddress { key: identity(node).public_key(), address: address_of(node) };
            let links =
                Rc::new(WireLinks::new(Ground::lab(&ports), identity(node), &[peer(0), peer(1)]).unwrap());
            let (hears, again) = (hears.clone(), Rc::downgrade(&links));
            links.port().listen(Box::new(move |event| {
                if let (LinkEvent::OpenFailed { address }, Some(links)) = (&event, again.upgrade()) {
                    links.port().open(address);
                }
                hears.borrow_mut().push((ports.observer.now(), node, event));
            }));
            if node == 0 {
                links.port().open(&address_of(1));
            }
            keeps.borrow_mut()[usize::from(node)] = Some(links);
            Vec::new()
        };
        let mut config = LabConfig::new(seed, 2, Box::new(boot));
        config.links = Box::new(|_, _| LinkModel::constant(LATENCY));
        change(&mut config);
        let mut lab = Lab::new(config);
        (0..2).for_each(|node| assert!(lab.start(node)));
        Two { lab, heard, links }
    }

    fn run(&mut self, until: Duration) {
        self.lab.run_until(Time::ZERO + until).expect("nothing panics");
    }

    fn port(&self, node: usize) -> Rc<dyn Links> {
        self.links.borrow()[node].as_ref().expect("the node was started").port()
    }

    /// The open link of a node.
    fn link(&self, node: NodeIndex) -> Option<LinkId> {
        self.heard.borrow().iter().rev().filter(|(_, at, _)| *at == node).find_map(
            |(_, _, event)| match event {
                LinkEvent::Up { link, .. } => Some(*link),
                _ => None,
            },
        )
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

    fn down_at(&self, node: NodeIndex) -> Option<Time> {
        let heard = self.heard.borrow();
        let down = |(_, at, event): &&(Time, NodeIndex, LinkEvent)| {
            *at == node && matches!(event, LinkEvent::Down { .. })
        };
        heard.iter().find(down).map(|(time, _, _)| *time)
    }

    /// What a path carries, as a node found out.
    fn path_mtu(&self, node: usize) -> u16 {
        let links = self.links.borrow();
        links[node].as_ref().expect("the node was started").links.samples()[0].path_mtu
    }
}

#[test]
fn a_handshake_and_a_stream_survive_loss() {
    let mut two = Two::new(1, |config| {
        let lossy = LinkModel { loss: Loss::Bernoulli(0.2), ..LinkModel::constant(LATENCY) };
        config.links = Box::new(move |_, _| lossy.clone());
    });
    two.run(Duration::from_secs(10));
    let link = two.link(0).expect("a link");
    // Too long for datagrams, which would not come again.
    let lengths: Vec<usize> = (0..50).map(|n| 5000 + n).collect();
    for &length in &lengths {
        assert!(two.port(0).send(link, Bytes::from(vec![1; length])));
    }
    two.run(Duration::from_secs(60));
    assert_eq!(two.frames(1), lengths);
    assert!(two.lab.counters().lost > 20);
}

#[test]
fn what_is_longer_than_the_path_carries_is_dropped_and_frames_arrive_all_the_same() {
    for (datagram_mtu, found) in [(1300, 1200..=1300), (1472, 1440..=1472)] {
        let mut two = Two::new(1, |config| config.datagram_mtu = datagram_mtu);
        two.run(Duration::from_secs(1));
        let link = two.link(0).expect("a link");
        let lengths = [1100, 1400, 60_000];
        for length in lengths {
            assert!(two.port(0).send(link, Bytes::from(vec![1; length])));
        }
        two.run(Duration::from_secs(20));
        let mut came = two.frames(1);
        came.sort_unstable();
        assert_eq!(came, lengths);
        assert!(found.contains(&usize::from(two.path_mtu(0))), "{}", two.path_mtu(0));
        assert_eq!(two.lab.counters().oversized > 0, datagram_mtu < 1472);
    }
}

#[test]
fn a_crashed_node_says_nothing_and_its_restart_ends_the_links_of_its_former_self() {
    let mut two = Two::new(1, |_| ());
    two.run(Duration::from_secs(2));
    assert!(two.link(1).is_some());
    assert!(two.lab.crash(1, DiskFate::LostUnsynced).is_some());
    two.run(Duration::from_secs(4));
    assert_eq!(two.down_at(0), None, "a goodbye left a machine without power");
    assert!(two.lab.restart(1));
    two.run(Duration::from_secs(8));
    let down = two.down_at(0).expect("the restarted node does not know the connection");
    let after = Duration::from_nanos(down.0 - 4_000_000_000);
    assert!(after <= QuicConfig::default().keep_alive * 2 + LATENCY * 3, "{after:?}");
}

/// A scenario of the repository, shortened.
pub(crate) fn shortened(name: &str, set: &[(&str, &str)]) -> scenario::Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name);
    let text = std::fs::read_to_string(&file).unwrap();
    let set: Vec<_> = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    scenario::parse_with(name, &text, &set).unwrap_or_else(|mistakes| panic!("{}", mistakes[0])).scenario
}

/// Runs it twice on the wire; the height that it came to.
fn one_trace(scenario: &scenario::Scenario) -> u64 {
    let examined = examine(scenario, World::Wire, 5, Depth::Twice, "");
    assert_eq!(examined.divergence, None);
    let record = &examined.outcome.record;
    let bad: Vec<_> = record.properties.iter().filter(|property| property.holds == Some(false)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!((record.verdict, &*record.manifest.crypto), (Verdict::Pass, "real"));
    examined.outcome.height
}

#[test]
fn an_undisturbed_run_has_one_trace() {
    let set = [
        ("duration", "4 s"),
        ("workload.players", "5"),
        ("workload.bets", "20/s"),
        ("expect.eventually.0.height.at_least", "5"),
        ("expect.eventually.0.height.within", "4 s"),
    ];
    assert!(one_trace(&shortened("happy-path.yaml", &set)) > 5);
}

#[test]
fn a_run_whose_partition_outlasts_the_connections_has_one_trace() {
    let set = [
        ("duration", "16 s"),
        ("gst", "10 s"),
        ("faults.split.at", "2 s"),
        ("faults.split.for", "7 s"),
        ("expect.eventually.0.height.at_least", "10"),
    ];
    assert!(one_trace(&shortened("partition-heals.yaml", &set)) > 10);
}

#[test]
fn a_run_with_crashes_has_one_trace() {
    let set = [
        ("duration", "12 s"),
        ("gst", "9 s"),
        ("faults.power.at", "2 s"),
        ("faults.again.at", "8 s"),
        ("faults.again.inject.crash.restart_after", "1 s"),
        ("expect.eventually.0.height.at_least", "15"),
        ("expect.eventually.0.height.within", "12 s"),
    ];
    assert!(one_trace(&shortened("leader-crash.yaml", &set)) > 15);
}

#[test]
fn another_seed_has_another_trace() {
    let digest = |seed| {
        let mut two = Two::new(seed, |_| ());
        two.run(Duration::from_secs(1));
        two.lab.trace_summary().digest
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}
