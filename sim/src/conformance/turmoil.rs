//! The ports of turmoil's hosts as a [`World`] of the suite.

use super::{Boot, NodePorts, Traits, World};
use crate::lab::{DiskFate, Effect, EffectId, EffectKind, LinkModel, Loss, NodeIndex, PairSet, address_of};
use crate::turmoil::{Booted, Config, HostPorts, TICK, Turmoil};
use crate::wire::WireLinks;
use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::Address;
use bitcraps_quic::{Identity, QuicConfig};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

const NODES: NodeIndex = 3;

/// Three hosts. A crash is a power failure in the middle of a write.
pub struct TurmoilWorld {
    hosts: Turmoil,
    boots: Rc<RefCell<[Option<Boot>; NODES as usize]>>,
    losing: Option<EffectId>,
}

fn identity(node: NodeIndex) -> Identity {
    Identity::from_seed(&[node as u8 + 1; 32])
}

fn index(node: usize) -> NodeIndex {
    NodeIndex::try_from(node).expect("one of three")
}

impl TurmoilWorld {
    /// With links of 10 ms.
    #[expect(clippy::new_without_default, reason = "a world is made on purpose")]
    pub fn new() -> TurmoilWorld {
        let boots: Rc<RefCell<[Option<Boot>; NODES as usize]>> = Rc::default();
        let taken = boots.clone();
        let boot = move |node: NodeIndex, _, ports: HostPorts| {
            let boot = taken.borrow_mut()[usize::from(node)].take().expect("a node that the suite starts");
            let HostPorts { clock, entropy, disk, compute, ground, .. } = ports;
            let peers: Vec<_> = (0..NODES)
                .map(|peer| PeerAddress { key: identity(peer).public_key(), address: address_of(peer) })
                .collect();
            let links = WireLinks::new(ground, identity(node), &peers).expect("a socket of the host");
            boot(NodePorts { clock, entropy, links: links.port(), disk, compute });
            Booted { keep: vec![Box::new(links)], gateway: None }
        };
        let model = |_, _| LinkModel::constant(Duration::from_millis(10));
        let hosts = Turmoil::new(Config::new(7, NODES, Box::new(model), Box::new(boot)));
        TurmoilWorld { hosts, boots, losing: None }
    }
}

impl World for TurmoilWorld {
    fn traits(&self) -> Traits {
        Traits {
            reliable_from: Some(1500),
            in_order: false,
            identities: (0..NODES).map(|node| identity(node).public_key()).collect(),
            queue_bytes: QuicConfig::default().queue_bytes,
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
        assert!(self.hosts.start(index(node)), "it is up already");
    }

    fn crash(&mut self, node: usize) {
        self.hosts.crash(index(node), DiskFate::TornWrite).expect("it is up");
    }

    /// A tick at least: nothing runs between two.
    fn pass(&mut self, time: Duration) {
        let until = self.hosts.now() + time.max(TICK);
        self.hosts.run_until(until).unwrap_or_else(|finding| panic!("{finding}"));
    }

    fn lose(&mut self, share: f64) -> bool {
        if let Some(before) = self.losing.take() {
            self.hosts.remove_effect(before);
        }
        let effect = Effect::new(PairSet::all(NODES), EffectKind::Loss(Loss::Bernoulli(share)));
        self.losing = Some(self.hosts.add_effect(effect));
        true
    }
}
