//! Connections over the modelled network, and the Links port.
//!
//! A dial is one packet there and one back; neither is repeated, so that a lost one makes the dial fail after the
//! connect timeout. A closed link tells the other side, and that packet may be lost. A frame for a link that the
//! receiver does not know, because it restarted, is answered by a reset. A node that is down answers nothing.

use super::NodeIndex;
use super::effects::EffectId;
use super::model::flip_bits;
use super::network::{Passage, Verdict};
use super::trace::Kind;
use super::world::{Access, Call, Core, Event, FrameRecord};
use bitcraps_actors::ports::{Address, LinkEvent, LinkId, Links};
use bitcraps_types::Time;
use bytes::Bytes;
use std::rc::Rc;

/// Bytes that a handshake, close or reset packet takes of the bandwidth.
const SIGNAL_BYTES: usize = 40;

/// A node's address in the lab.
pub fn address_of(node: NodeIndex) -> Address {
    Address(node.to_string())
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PacketKind {
    Dial,
    Accept,
    Close,
    Reset,
    Frame,
    Datagram,
}

impl PacketKind {
    /// Whether it carries bytes of an actor, and not only the lab's own.
    fn is_payload(self) -> bool {
        matches!(self, PacketKind::Frame | PacketKind::Datagram)
    }
}

/// A packet on its way.
#[derive(Clone, Debug)]
pub(super) struct Transit {
    pub(super) from: NodeIndex,
    pub(super) to: NodeIndex,
    pub(super) kind: PacketKind,
    pub(super) effect: Option<EffectId>,
    pub(super) source: LinkEndId,
    pub(super) target: LinkEndId,
    pub(super) sent: u64,
    pub(super) bytes: Bytes,
}

impl Transit {
    /// What the trace says that it carries.
    fn words(&self) -> &[u8] {
        match self.kind {
            PacketKind::Dial => b"dial",
            PacketKind::Accept => b"accept",
            PacketKind::Close => b"close",
            PacketKind::Reset => b"reset",
            PacketKind::Frame | PacketKind::Datagram => &self.bytes,
        }
    }
}

/// One end of a link: its number at its node, and the node's epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkEndId {
    link: u32,
    epoch: u32,
}

/// The end of no link.
pub(super) const NOBODY: LinkEndId = LinkEndId { link: u32::MAX, epoch: u32::MAX };

/// A link as one node sees it.
#[derive(Debug)]
pub(super) struct LinkEnd {
    peer: NodeIndex,
    /// The other end; `None` while the dial is not answered.
    remote: Option<LinkEndId>,
    /// As dialed; `None` if the other side dialed.
    dialed: Option<Address>,
}

impl Core {
    /// Puts a packet on the network. `false` if it was refused.
    pub(super) fn transmit(&mut self, mut transit: Transit) -> bool {
        let Transit { from, to, .. } = transit;
        let frame = transit.kind.is_payload();
        let len = if frame { transit.bytes.len() } else { SIGNAL_BYTES };
        let verdict = self.network.judge(self.now, from, to, len, frame);
        if let Verdict::Refused(effect) = verdict {
            self.record(Kind::Refused, from, to, effect_word(effect), transit.words());
            self.counters.refused += u64::from(frame);
            return false;
        }
        if frame {
            self.counters.sent += 1;
            self.counters.bytes += len as u64;
        }
        match verdict {
            Verdict::Refused(_) => {}
            Verdict::Lost(effect) => {
                self.record(Kind::Lost, from, to, effect_word(effect), transit.words());
                transit.effect = effect;
                self.drop_frame(&transit);
            }
            Verdict::Pass(Passage { arrival, copy, corrupt, effect, held_by }) => {
                transit.effect = effect;
                if let Some(seed) = corrupt {
                    transit.bytes = flip_bits(&transit.bytes, seed).into();
                    self.counters.corrupted += 1;
                }
                if let Some(holder) = held_by {
                    let remaining = arrival - self.now;
                    self.record(Kind::Held, from, to, remaining, transit.words());
                    self.network.hold(holder, from, to, transit, remaining);
                    return true;
                }
                self.record(Kind::Sent, from, to, arrival, transit.words());
                if let Some(copy) = copy {
                    self.record(Kind::Copied, from, to, copy, &[]);
                    self.counters.duplicated += 1;
                    self.push(copy, Event::Arrive(transit.clone()));
                }
                self.push(arrival, Event::Arrive(transit));
            }
        }
        true
    }

    /// Counts a packet that nobody will see, if it carries a payload.
    pub(super) fn drop_frame(&mut self, transit: &Transit) {
        if transit.kind.is_payload() {
            self.counters.lost += 1;
            self.watch(transit, None);
        }
    }

    pub(super) fn watch(&mut self, transit: &Transit, received: Option<Time>) {
        if let Some(watcher) = &mut self.watcher {
            watcher(FrameRecord {
                from: transit.from,
                to: transit.to,
                sent: Time(transit.sent),
                received,
                bytes: &transit.bytes,
                effect: transit.effect,
                datagram: transit.kind == PacketKind::Datagram,
            });
        }
    }

    /// A packet reached a node that is up.
    pub(super) fn arrive(&mut self, transit: Transit) -> Option<Call> {
        let node = transit.to;
        match transit.kind {
            PacketKind::Frame => self.frame_arrives(transit),
            PacketKind::Datagram => self.datagram_arrives(transit),
            PacketKind::Dial => {
                let inbox = self.node(node).inbox.clone()?;
                let link = self.new_link(node, transit.from, Some(transit.source), None);
                self.signal(node, transit.from, PacketKind::Accept, link, transit.source);
                Some(Call::Link(inbox, self.up(node, link)))
            }
            PacketKind::Accept => {
                let end = self.link_end(node, transit.target).filter(|end| end.remote.is_none());
                let Some(end) = end else {
                    self.reset(&transit);
                    return None;
                };
                end.remote = Some(transit.source);
                let inbox = self.node(node).inbox.clone()?;
                Some(Call::Link(inbox, self.up(node, transit.target)))
            }
            PacketKind::Close | PacketKind::Reset => {
                self.link_end(node, transit.target)?;
                self.node(node).links[transit.target.link as usize] = None;
                self.record(Kind::LinkDown, node, transit.from, u64::from(transit.target.link), &[]);
                let inbox = self.node(node).inbox.clone()?;
                Some(Call::Link(inbox, LinkEvent::Down { link: LinkId(u64::from(transit.target.link)) }))
            }
        }
    }

    fn frame_arrives(&mut self, transit: Transit) -> Option<Call> {
        let node = transit.to;
        let known = self.link_end(node, transit.target).map(|end| end.remote.is_some());
        if known != Some(true) {
            self.record(Kind::Undelivered, node, transit.from, transit.sent, &[]);
            self.drop_frame(&transit);
            // A frame that overtakes the answer to the dial is lost; one for an unknown link is answered.
            if known.is_none() {
                self.reset(&transit);
            }
            return None;
        }
        self.record(Kind::Delivered, node, transit.from, transit.sent, &[]);
        self.counters.delivered += 1;
        self.watch(&transit, Some(Time(self.now)));
        let inbox = self.node(node).inbox.clone()?;
        let link = LinkId(u64::from(transit.target.link));
        Some(Call::Link(inbox, LinkEvent::Frame { link, bytes: transit.bytes }))
    }

    /// A dial was not answered in time.
    pub(super) fn dial_times_out(&mut self, node: NodeIndex, link: u32) -> Option<Call> {
        let slot = self.node(node).links.get_mut(link as usize)?;
        let end = slot.take_if(|end| end.remote.is_none())?;
        self.record(Kind::OpenFailed, node, end.peer, u64::from(link), &[]);
        let inbox = self.node(node).inbox.clone()?;
        Some(Call::Link(inbox, LinkEvent::OpenFailed { address: end.dialed? }))
    }

    fn new_link(
        &mut self,
        node: NodeIndex,
        peer: NodeIndex,
        remote: Option<LinkEndId>,
        dialed: Option<Address>,
    ) -> LinkEndId {
        let node = self.node(node);
        node.links.push(Some(LinkEnd { peer, remote, dialed }));
        let link = u32::try_from(node.links.len() - 1).expect("fewer than 2^32 links in one incarnation");
        LinkEndId { link, epoch: node.epoch }
    }

    fn link_end(&mut self, node: NodeIndex, id: LinkEndId) -> Option<&mut LinkEnd> {
        let node = self.node(node);
        if node.epoch != id.epoch {
            return None;
        }
        node.links.get_mut(id.link as usize)?.as_mut()
    }

    fn up(&mut self, node: NodeIndex, id: LinkEndId) -> LinkEvent {
        let end = self.link_end(node, id).expect("a link that was just opened");
        let (peer, dialed) = (end.peer, end.dialed.clone());
        self.record(Kind::LinkUp, node, peer, u64::from(id.link), &[]);
        LinkEvent::Up { link: LinkId(u64::from(id.link)), dialed, identity: None, mtu: self.mtu }
    }

    fn signal(
        &mut self,
        from: NodeIndex,
        to: NodeIndex,
        kind: PacketKind,
        source: LinkEndId,
        target: LinkEndId,
    ) {
        let sent = self.now;
        self.transmit(Transit { from, to, kind, effect: None, source, target, sent, bytes: Bytes::new() });
    }

    fn reset(&mut self, transit: &Transit) {
        self.signal(transit.to, transit.from, PacketKind::Reset, NOBODY, transit.source);
    }
}

fn effect_word(effect: Option<EffectId>) -> u64 {
    effect.map_or(0, |effect| u64::from(effect.0) + 1)
}

/// The Links port of one incarnation.
pub(super) struct LabLinks(pub(super) Access);

impl Links for LabLinks {
    fn listen(&self, inbox: Box<dyn Fn(LinkEvent)>) {
        let inbox: Rc<dyn Fn(LinkEvent)> = inbox.into();
        let before = self.0.enter().and_then(|mut core| core.node(self.0.node).inbox.replace(inbox));
        drop(before);
    }

    fn open(&self, address: &Address) {
        let Some(mut core) = self.0.enter() else { return };
        let node = self.0.node;
        let peer = address.0.parse().ok().filter(|peer| usize::from(*peer) < core.nodes.len());
        let link = core.new_link(node, peer.unwrap_or(node), None, Some(address.clone()));
        if let Some(peer) = peer {
            core.signal(node, peer, PacketKind::Dial, link, NOBODY);
        }
        let at = core.now.saturating_add(core.connect_timeout);
        core.push(at, Event::DialTimeout { node, epoch: link.epoch, link: link.link });
    }

    fn send(&self, link: LinkId, frame: Bytes) -> bool {
        let Some(mut core) = self.0.enter() else { return false };
        let (from, epoch) = (self.0.node, self.0.epoch);
        let number = u32::try_from(link.0).unwrap_or(u32::MAX);
        let source = LinkEndId { link: number, epoch };
        let mtu = core.mtu;
        let end = core.link_end(from, source).and_then(|end| Some((end.peer, end.remote?)));
        let Some((to, target)) = end.filter(|_| frame.len() <= mtu) else {
            core.counters.refused += 1;
            return false;
        };
        let sent = core.now;
        let kind = PacketKind::Frame;
        core.transmit(Transit { from, to, kind, effect: None, source, target, sent, bytes: frame })
    }

    fn close(&self, link: LinkId) {
        let Some(mut core) = self.0.enter() else { return };
        let (node, epoch) = (self.0.node, self.0.epoch);
        let Ok(number) = u32::try_from(link.0) else { return };
        let Some(end) = core.node(node).links.get_mut(number as usize).and_then(Option::take) else { return };
        core.record(Kind::LinkDown, node, end.peer, link.0, &[]);
        if let Some(remote) = end.remote {
            core.signal(node, end.peer, PacketKind::Close, LinkEndId { link: number, epoch }, remote);
        }
    }
}
