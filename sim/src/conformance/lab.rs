//! The lab's ports, with its own links and with those of the wire, as a [`World`] of the suite.

use super::{Boot, NodePorts, Traits, World};
use crate::lab::{
    DiskFate, Effect, EffectId, EffectKind, Lab, LabConfig, LinkModel, Loss, NodeIndex, PairSet, WorldPorts,
    address_of,
};
use crate::wire::WireLinks;
use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::Address;
use bitcraps_quic::{Identity, QuicConfig};
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

const NODES: NodeIndex = 3;
/// What a link of the lab holds back, in bytes.
const QUEUE: usize = 200_000;

/// A lab. A crash is a power failure in the middle of a write.
pub struct LabWorld {
    lab: Lab,
    boots: Rc<RefCell<[Option<Boot>; NODES as usize]>>,
    wire: bool,
    losing: Option<EffectId>,
}

impl LabWorld {
    /// With the lab's own links.
    pub fn modelled() -> LabWorld {
        LabWorld::new(false)
    }

    /// With QUIC over the lab's datagrams.
    pub fn wire() -> LabWorld {
        LabWorld::new(true)
    }

    fn new(wire: bool) -> LabWorld {
        let boots: Rc<RefCell<[Option<Boot>; NODES as usize]>> = Rc::default();
        let taken = boots.clone();
        let boot = move |node: NodeIndex, _, ports: WorldPorts| -> Vec<Box<dyn Any>> {
            let boot = taken.borrow_mut()[usize::from(node)].take().expect("a node that the suite starts");
            let mut keep: Vec<Box<dyn Any>> = Vec::new();
            let links = if wire {
                let peers: Vec<_> = (0..NODES)
                    .map(|peer| PeerAddress { key: identity(peer).public_key(), address: address_of(peer) })
                    .collect();
                let links = WireLinks::new(&ports, identity(node), &peers).expect("a socket of the lab");
                let port = links.port();
                keep.push(Box::new(links));
                port
            } else {
                ports.links
            };
            let (clock, entropy, disk, compute) = (ports.clock, ports.entropy, ports.disk, ports.compute);
            boot(NodePorts { clock, entropy, links, disk, compute });
            keep
        };
        let mut config = LabConfig::new(7, NODES, Box::new(boot));
        // The queue of a datagram's way would drop what QUIC then sends again: that is not what the suite asks about.
        let bandwidth = (!wire).then_some(50_000_000);
        config.links = Box::new(move |_, _| LinkModel {
            bandwidth,
            queue_bytes: QUEUE as u64,
            ..LinkModel::constant(Duration::from_millis(10))
        });
        LabWorld { lab: Lab::new(config), boots, wire, losing: None }
    }
}

fn identity(node: NodeIndex) -> Identity {
    Identity::from_seed(&[node as u8 + 1; 32])
}

fn index(node: usize) -> NodeIndex {
    NodeIndex::try_from(node).expect("one of three")
}

impl World for LabWorld {
    fn traits(&self) -> Traits {
        Traits {
            reliable_from: self.wire.then_some(1500),
            in_order: !self.wire,
            identities: if self.wire {
                (0..NODES).map(|node| identity(node).public_key()).collect()
            } else {
                vec![]
            },
            queue_bytes: if self.wire { QuicConfig::default().queue_bytes } else { QUEUE },
            fences: true,
            seeded: true,
            charges: true,
            patience: Duration::from_secs(120),
            quiet: Duration::from_secs(2),
        }
    }

    fn address(&self, node: usize) -> Address {
        address_of(index(node))
    }

    fn start(&mut self, node: usize, boot: Boot) {
        self.boots.borrow_mut()[node] = Some(boot);
        assert!(self.lab.start(index(node)), "it is up already");
    }

    fn crash(&mut self, node: usize) {
        self.lab.crash(index(node), DiskFate::TornWrite).expect("it is up");
    }

    fn pass(&mut self, time: Duration) {
        let until = self.lab.now() + time;
        self.lab.run_until(until).unwrap_or_else(|finding| panic!("{finding}"));
    }

    fn lose(&mut self, share: f64) -> bool {
        if let Some(before) = self.losing.take() {
            self.lab.remove_effect(before);
        }
        let effect = Effect::new(PairSet::all(NODES), EffectKind::Loss(Loss::Bernoulli(share)));
        self.losing = Some(self.lab.add_effect(effect));
        true
    }
}
