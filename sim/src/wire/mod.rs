//! The wire: the lab with real QUIC and TLS on its nodes.
//!
//! The loop, the clocks, the disks and the faults are the lab's. What differs is the Links port: here it is the one of
//! the live node, with quinn and rustls as they are, over the lab's datagrams. So a handshake costs what it costs, a
//! lost datagram is found and sent again by QUIC, and a node that restarts must shake hands anew.
//!
//! One seed still gives one run, byte for byte of every datagram. `runtime` gives quinn the lab's time and tasks,
//! `socket` its datagrams, `source` takes the place of every source of randomness in quinn and rustls. None of this
//! can reach a live node: the crate of the links has no seeded source, only a place for one. The socket apart, another
//! simulated world can stand on the same.

mod runtime;
mod socket;
mod source;
#[cfg(test)]
pub(crate) mod tests;

use crate::lab::WorldPorts;
use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::{Clock, Entropy, Links};
use bitcraps_quic::{BindError, Environment, Identity, Observer, QuicConfig, QuicLinks, Resolve};
use quinn::AsyncUdpSocket;
use runtime::{NodeTime, PortRuntime};
pub(crate) use socket::address;
#[cfg(feature = "turmoil")]
pub(crate) use socket::{Inbox, PortSocket};
use socket::{lab_socket, resolve};
use source::Loan;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// The QUIC links of one incarnation of a node. It must outlive the tasks of the links.
pub(crate) struct WireLinks {
    links: Rc<QuicLinks>,
    _source: Loan,
}

/// What QUIC needs of a world: the first two are ports of the node.
pub(crate) struct Ground {
    pub(crate) clock: Rc<dyn Clock>,
    pub(crate) entropy: Rc<dyn Entropy>,
    pub(crate) socket: Arc<dyn AsyncUdpSocket>,
    pub(crate) resolve: Resolve,
}

impl Ground {
    /// The lab's datagrams, between nodes that have the addresses of the lab.
    pub(crate) fn lab(world: &WorldPorts) -> Ground {
        Ground {
            clock: world.clock.clone(),
            entropy: world.entropy.clone(),
            socket: Arc::new(lab_socket(world.datagrams.clone(), world.observer.node())),
            resolve: resolve(),
        }
    }
}

impl WireLinks {
    /// To be called in the node's `LocalSet`.
    pub(crate) fn new(
        ground: Ground,
        identity: Identity,
        peers: &[PeerAddress],
    ) -> Result<WireLinks, BindError> {
        let source = Loan::new(ground.entropy.stream("wire", "quic"));
        let environment = environment(ground, &source);
        let config = QuicConfig::default();
        let links =
            QuicLinks::new(environment, identity, peers, BTreeSet::new(), config, Observer::default())?;
        Ok(WireLinks { links: Rc::new(links), _source: source })
    }

    /// The port.
    pub(crate) fn port(&self) -> Rc<dyn Links> {
        self.links.clone()
    }
}

fn environment(ground: Ground, source: &Loan) -> Environment {
    let time = Arc::new(NodeTime::new(ground.clock.clone()));
    Environment {
        runtime: Arc::new(PortRuntime::new(ground.clock)),
        socket: ground.socket,
        resolve: ground.resolve,
        endpoint: source.endpoint(),
        provider: Arc::new(source.provider()),
        tls_time: time.clone(),
        token_time: time,
        token_key: Some(source.token_key()),
        first_cid: Some(source.first_cid()),
    }
}
