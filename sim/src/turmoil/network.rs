//! The network as a host of its own. Every datagram goes to it and from it, over turmoil's UDP: on it, each node has a
//! front, at which the others reach the node and from which it is heard. In between, the lab's model decides what becomes
//! of the datagram.
//!
//! It is the last host of each tick. A datagram is judged in the tick in which it is sent, and reaches its receiver in the
//! first tick that is not before its arrival by the model, but not in the same.

use super::TICK;
use super::state::{State, World};
use crate::lab::model::{flip_bits, nanos};
use crate::lab::network::{Passage, Verdict};
use crate::lab::trace::Kind;
use crate::lab::{EffectId, FrameRecord, NodeIndex};
use ::turmoil::net::UdpSocket;
use bitcraps_types::Time;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Its name in turmoil.
pub(super) const NAME: &str = "network";
/// The port on which a node has its UDP socket.
pub(super) const PORT: u16 = 4433;
/// The front of node 0; that of node `n` has this port plus `n`.
const FRONTS: u16 = 10_000;
/// No datagram is longer, in bytes.
pub(super) const LONGEST: usize = 65_536;

/// Where a node is reached, and from where it is heard.
pub(super) fn front(network: IpAddr, node: NodeIndex) -> SocketAddr {
    SocketAddr::new(network, FRONTS + node)
}

/// Whose front that is.
pub(super) fn behind(front: SocketAddr) -> NodeIndex {
    front.port() - FRONTS
}

/// A datagram on its way.
#[derive(Clone, Debug)]
pub(super) struct Transit {
    from: NodeIndex,
    to: NodeIndex,
    sent: u64,
    effect: Option<EffectId>,
    bytes: Bytes,
}

/// The host. `nodes` has the addresses of the nodes.
pub(super) async fn run(world: World, nodes: Vec<IpAddr>) -> ::turmoil::Result {
    let mut fronts = Vec::with_capacity(nodes.len());
    for node in 0..nodes.len() {
        fronts.push(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, FRONTS + node as NodeIndex)).await?);
    }
    let by_address = nodes.iter().enumerate().map(|(node, address)| (*address, node as NodeIndex));
    let by_address: BTreeMap<IpAddr, NodeIndex> = by_address.collect();
    let mut buffer = vec![0; LONGEST];
    loop {
        for (to, front) in fronts.iter().enumerate() {
            while let Ok((length, source)) = front.try_recv_from(&mut buffer) {
                if let Some(from) = by_address.get(&source.ip()) {
                    let bytes = Bytes::copy_from_slice(&buffer[..length]);
                    world.borrow_mut().judge(*from, to as NodeIndex, bytes);
                }
            }
        }
        let hands_over = |transit: Transit| {
            let to = SocketAddr::new(nodes[usize::from(transit.to)], PORT);
            fronts[usize::from(transit.from)].try_send_to(&transit.bytes, to)
        };
        while let Some(transit) = { world.borrow_mut().take_due() } {
            hands_over(transit)?;
        }
        tokio::time::sleep(TICK).await;
    }
}

impl State {
    /// Decides the fate of a datagram that was sent in this tick.
    fn judge(&mut self, from: NodeIndex, to: NodeIndex, bytes: Bytes) {
        if bytes.len() > self.datagram_mtu {
            self.counters.oversized += 1;
            self.record(Kind::TooLong, from, to, bytes.len() as u64, &bytes);
            return;
        }
        let now = self.now;
        let mut transit = Transit { from, to, sent: now, effect: None, bytes };
        let verdict = self.network.judge(now, from, to, transit.bytes.len(), true);
        if let Verdict::Refused(effect) = verdict {
            self.record(Kind::Refused, from, to, word(effect), &transit.bytes);
            self.counters.refused += 1;
            return;
        }
        self.counters.sent += 1;
        self.counters.bytes += transit.bytes.len() as u64;
        match verdict {
            Verdict::Refused(_) => {}
            Verdict::Lost(effect) => {
                self.record(Kind::Lost, from, to, word(effect), &transit.bytes);
                transit.effect = effect;
                self.lose(&transit);
            }
            Verdict::Pass(Passage { arrival, copy, corrupt, effect, held_by }) => {
                transit.effect = effect;
                if let Some(seed) = corrupt {
                    transit.bytes = flip_bits(&transit.bytes, seed).into();
                    self.counters.corrupted += 1;
                }
                if let Some(holder) = held_by {
                    let remaining = arrival - now;
                    self.record(Kind::Held, from, to, remaining, &transit.bytes);
                    self.network.hold(holder, from, to, transit, remaining);
                    return;
                }
                self.record(Kind::Sent, from, to, arrival, &transit.bytes);
                if let Some(copy) = copy {
                    self.record(Kind::Copied, from, to, copy, &[]);
                    self.counters.duplicated += 1;
                    self.schedule(copy, transit.clone());
                }
                self.schedule(arrival, transit);
            }
        }
    }

    pub(super) fn schedule(&mut self, arrival: u64, transit: Transit) {
        self.scheduled += 1;
        self.on_the_way.insert((arrival, self.scheduled), transit);
    }

    /// The next datagram that is there when the next tick begins. Where nobody is up, none is handed over.
    fn take_due(&mut self) -> Option<Transit> {
        let next_tick = self.now + nanos(TICK);
        loop {
            let first = self.on_the_way.first_entry().filter(|entry| entry.key().0 <= next_tick)?;
            let transit = first.remove();
            if self.node(transit.to).up {
                self.counters.delivered += 1;
                self.watch(&transit, Some(Time(next_tick)));
                return Some(transit);
            }
            self.record(Kind::Undelivered, transit.to, transit.from, transit.sent, &[]);
            self.lose(&transit);
        }
    }

    fn lose(&mut self, transit: &Transit) {
        self.counters.lost += 1;
        self.watch(transit, None);
    }

    fn watch(&mut self, transit: &Transit, received: Option<Time>) {
        if let Some(watcher) = &mut self.watcher {
            watcher(FrameRecord {
                from: transit.from,
                to: transit.to,
                sent: Time(transit.sent),
                received,
                bytes: &transit.bytes,
                effect: transit.effect,
                datagram: true,
            });
        }
    }
}

/// An effect in the trace: its number plus one, or zero.
fn word(effect: Option<EffectId>) -> u64 {
    effect.map_or(0, |effect| u64::from(effect.0) + 1)
}
