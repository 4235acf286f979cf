//! The transport actor: owns the links. It dials, cuts payloads into frames and puts frames together, limits what a
//! link may send, keeps what is for those who are away, and closes the links of those who misbehave or fall silent.
//!
//! What comes over a link is for its [`Peer`] until that has proven who is at the other end. Afterwards it is decoded
//! here and goes to the [`Listeners`] by type: [`receive`].

mod dialer;
mod inbox;
mod messages;
mod receive;
mod score;

use crate::config::{NodeConfig, PeerLimits};
use crate::deadlines::Deadlines;
use crate::high_water::HighWater;
use crate::listeners::Listeners;
use crate::message::Ring;
use crate::peer::handshake::{Expected, Handshake};
use crate::peer::limiter::Limiter;
use crate::peer::{Closed, Peer};
use crate::ports::{Address, Buffer, Event, LinkEvent, LinkId, Links, Ports, Refusal};
use crate::round::FromPeer;
use crate::sync::{PeerGone, PeerHere};
use actix::{Actor, Addr, AsyncContext, Context, Handler};
use bitcraps_transport::{Assembler, Framer, Outbox};
use bitcraps_types::{ChainId, PublicKey, Time};
use bytes::Bytes;
use dialer::Dialer;
use inbox::{Inbox, Put};
use messages::FromLinks;
pub(crate) use messages::{Class, Misdeed, Penalty, Proven, Refuse, Reply, Send, To};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use score::Score;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The actor.
pub(crate) struct Transport {
    ports: Ports,
    limits: PeerLimits,
    genesis: ChainId,
    me: PublicKey,
    listeners: Rc<Listeners>,
    known: Rc<BTreeSet<PublicKey>>,
    peers: BTreeMap<PublicKey, Known>,
    addresses: BTreeMap<Address, PublicKey>,
    /// Boxed: the search for a link, which each frame needs, then stays in the cache among a hundred.
    links: BTreeMap<LinkId, Box<Link>>,
    inbox: Inbox,
    /// For the round, which is told when the inbox is empty.
    heard: Vec<FromPeer>,
    fullest: Fullest,
    deadlines: Option<Deadlines<Due>>,
    jitter: ChaCha8Rng,
    nonces: ChaCha8Rng,
}

/// A node that may be a peer.
struct Known {
    address: Address,
    link: Option<LinkId>,
    dialer: Dialer,
    score: Score,
    outbox: Outbox,
    /// What it may still send, as its last link left it: a new link brings no new allowance.
    allowance: Allowance,
}

/// How full the buffers were that others can fill.
struct Fullest {
    link_events: HighWater,
    strangers: HighWater,
    fragments: HighWater,
    outbox: HighWater,
}

/// What may come over a link, and what may be asked for.
#[derive(Clone)]
struct Allowance {
    frames: Limiter,
    /// How much may be sent again: asking costs a peer little.
    again: Limiter,
}

impl Allowance {
    fn new(now: Time, limits: &PeerLimits) -> Allowance {
        Allowance { frames: Limiter::new(now, limits), again: Limiter::new(now, limits) }
    }
}

/// An open link.
struct Link {
    mtu: usize,
    framer: Framer,
    assembler: Assembler,
    /// Its own until its peer is proven, then the peer's.
    allowance: Allowance,
    dialed: Option<PublicKey>,
    proven: Option<PublicKey>,
    unproven_bytes: usize,
    heard: Time,
    peer: Addr<Peer>,
}

impl Link {
    fn send(&mut self, links: &dyn Links, id: LinkId, payload: &Bytes) {
        self.framer.frames(payload, self.mtu, |frame| links.send(id, frame));
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Dial(PublicKey),
    /// Ask the other side of a link for what is missing.
    Ask(LinkId),
    Sweep,
}

impl Transport {
    pub(crate) fn new(
        ports: Ports,
        config: &NodeConfig,
        genesis: ChainId,
        listeners: Listeners,
    ) -> Transport {
        let me = ports.signer.public_key();
        let now = ports.clock.now();
        let known = |address: &Address| Known {
            address: address.clone(),
            link: None,
            dialer: Dialer::default(),
            score: Score::default(),
            outbox: Outbox::new(config.limits.outbox_bytes, config.limits.outbox_age),
            allowance: Allowance::new(now, &config.limits),
        };
        let others = || config.peers.iter().filter(|peer| peer.key != me);
        Transport {
            limits: config.limits.clone(),
            genesis,
            me,
            listeners: Rc::new(listeners),
            known: Rc::new(others().map(|peer| peer.key).collect()),
            peers: others().map(|peer| (peer.key, known(&peer.address))).collect(),
            addresses: others().map(|peer| (peer.address.clone(), peer.key)).collect(),
            links: BTreeMap::new(),
            inbox: Inbox::default(),
            heard: Vec::new(),
            fullest: Fullest {
                link_events: HighWater::of(Buffer::LinkEvents),
                strangers: HighWater::of(Buffer::Strangers),
                fragments: HighWater::of(Buffer::Fragments),
                outbox: HighWater::of(Buffer::Outbox),
            },
            deadlines: None,
            jitter: ports.entropy.stream("transport", "jitter"),
            nonces: ports.entropy.stream("transport", "nonces"),
            ports,
        }
    }

    fn now(&self) -> Time {
        self.ports.clock.now()
    }

    fn deadlines(&mut self) -> &mut Deadlines<Due> {
        self.deadlines.as_mut().expect("set when the actor started")
    }

    fn refused(&self, peer: Option<PublicKey>, why: Refusal) {
        self.ports.probe.event(Event::Refused { peer, why });
    }

    /// Of two nodes the one with the smaller key dials, so that there is one link between them.
    fn dials(&self, key: &PublicKey) -> bool {
        self.me < *key
    }

    fn dial(&mut self, key: PublicKey) {
        let now = self.now();
        let on_the_way = self.links.values().any(|link| link.dialed == Some(key));
        let Some(known) = self.peers.get_mut(&key) else { return };
        if known.link.is_some() || on_the_way {
            return;
        }
        // In case neither success nor failure is ever told.
        let again = now + self.limits.handshake_timeout * 2;
        if !known.score.banned(now) {
            self.ports.links.open(&known.address);
        }
        self.deadlines().set(Due::Dial(key), again);
    }

    fn dial_later(&mut self, key: PublicKey) {
        if !self.dials(&key) {
            return;
        }
        let now = self.now();
        let Some(known) = self.peers.get_mut(&key) else { return };
        let at = known.dialer.failed(now, &mut self.jitter);
        self.deadlines().set(Due::Dial(key), at);
    }

    fn up(
        &mut self,
        id: LinkId,
        dialed: Option<Address>,
        identity: Option<PublicKey>,
        mtu: usize,
        ctx: &mut Context<Self>,
    ) {
        let dialed = dialed.and_then(|address| self.addresses.get(&address).copied());
        if dialed.is_none() {
            self.make_room_for_a_stranger();
        }
        let nonce = self.nonces.random();
        let peer = Peer {
            link: id,
            ports: self.ports.clone(),
            handshake: Handshake::new(self.genesis, self.me, nonce, Expected { dialed, identity }),
            handshake_timeout: self.limits.handshake_timeout,
            known: self.known.clone(),
            transport: ctx.address(),
            listeners: self.listeners.clone(),
            deadlines: None,
        };
        let now = self.now();
        let link = Link {
            mtu,
            framer: Framer::new(),
            assembler: Assembler::new(),
            allowance: Allowance::new(now, &self.limits),
            dialed,
            proven: None,
            unproven_bytes: 0,
            heard: now,
            peer: peer.start(),
        };
        self.links.insert(id, Box::new(link));
        let strangers = self.strangers().count();
        self.fullest.strangers.note(&*self.ports.probe, strangers);
    }

    /// Links that others opened and whose peer is not proven, oldest first.
    fn strangers(&self) -> impl Iterator<Item = LinkId> {
        let links = self.links.iter();
        links.filter(|(_, link)| link.proven.is_none() && link.dialed.is_none()).map(|(id, _)| *id)
    }

    /// The oldest of too many strangers goes, not the newest: otherwise those who only sit there would keep all peers
    /// out. Links that this node dialed don't count.
    fn make_room_for_a_stranger(&mut self) {
        let ids: Vec<LinkId> = self.strangers().collect();
        if let Some(&oldest) = ids.first().filter(|_| ids.len() >= self.limits.max_unproven) {
            self.refused(None, Refusal::Overflow);
            self.close(oldest);
        }
    }

    /// Counts a misdeed. A link whose peer is not proven is closed for the first.
    fn misdeed(&mut self, id: LinkId, why: Refusal) {
        let Some(link) = self.links.get(&id) else { return };
        match link.proven {
            Some(peer) => self.penalize(peer, why),
            None => {
                self.refused(None, why);
                self.close(id);
            }
        }
    }

    fn penalize(&mut self, peer: PublicKey, why: Refusal) {
        self.refused(Some(peer), why);
        let now = self.now();
        let Some(known) = self.peers.get_mut(&peer) else { return };
        if known.score.charge(now, why) {
            let link = known.link;
            self.refused(Some(peer), Refusal::Banned);
            link.into_iter().for_each(|link| self.close(link));
        }
    }

    fn proven(&mut self, id: LinkId, key: PublicKey) {
        let now = self.now();
        let Some(known) = self.peers.get_mut(&key) else { return };
        if known.score.banned(now) {
            return self.close(id);
        }
        if !self.links.contains_key(&id) {
            return;
        }
        // A restarted peer has a new link before we notice that the old one is dead.
        if let Some(old) = known.link.filter(|old| *old != id) {
            self.close(old);
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(known) = self.peers.get_mut(&key) else { return };
        if link.proven.replace(key).is_none() {
            link.allowance = known.allowance.clone();
        }
        known.link = Some(id);
        known.dialer.succeeded();
        let waiting: Vec<Bytes> = known.outbox.drain(now).collect();
        self.deadlines().cancel(Due::Dial(key));
        self.ports.probe.event(Event::PeerUp(key));
        self.listeners.sync.do_send(PeerHere(key));
        self.listeners.round.do_send(PeerHere(key));
        waiting.iter().for_each(|payload| self.send_on(id, payload));
    }

    fn send_on(&mut self, id: LinkId, payload: &Bytes) {
        if let Some(link) = self.links.get_mut(&id) {
            link.send(&*self.ports.links, id, payload);
        }
    }

    fn close(&mut self, id: LinkId) {
        self.ports.links.close(id);
        self.gone(id);
    }

    /// Forgets a link that is closed.
    fn gone(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        link.peer.do_send(Closed);
        self.deadlines().cancel(Due::Ask(id));
        if let Some(key) = link.proven
            && let Some(known) = self.peers.get_mut(&key)
            && known.link == Some(id)
        {
            known.link = None;
            known.allowance = link.allowance;
            self.ports.probe.event(Event::PeerDown(key));
            self.listeners.sync.do_send(PeerGone(key));
        }
        if let Some(key) = link.dialed.or(link.proven) {
            self.dial_later(key);
        }
    }

    /// Closes the links on which nothing came for long.
    fn sweep(&mut self) {
        let now = self.now();
        let oldest = now - self.limits.silence;
        let silent: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| link.heard < oldest).map(|(id, _)| *id).collect();
        silent.into_iter().for_each(|id| self.close(id));
        let next = now + self.limits.silence / 4;
        self.deadlines().set(Due::Sweep, next);
    }
}

impl Actor for Transport {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (me, inbox, probe) = (ctx.address(), self.inbox.clone(), self.ports.probe.clone());
        self.ports.links.listen(Box::new(move |event| match inbox.put(event) {
            Put::First => me.do_send(FromLinks),
            Put::Queued => {}
            Put::Full => probe.event(Event::Refused { peer: None, why: Refusal::Overflow }),
        }));
        let me = ctx.address();
        self.deadlines = Some(Deadlines::new(self.ports.clock.alarm(Box::new(move || me.do_send(Ring)))));
        self.sweep();
        let to_dial: Vec<PublicKey> = self.peers.keys().copied().filter(|key| self.dials(key)).collect();
        to_dial.into_iter().for_each(|key| self.dial(key));
    }
}

impl Handler<FromLinks> for Transport {
    type Result = ();

    fn handle(&mut self, _: FromLinks, ctx: &mut Self::Context) {
        self.fullest.link_events.note(&*self.ports.probe, self.inbox.len());
        while let Some(event) = self.inbox.take() {
            match event {
                LinkEvent::Frame { link, bytes } => self.frame(link, bytes),
                LinkEvent::Up { link, dialed, identity, mtu } => self.up(link, dialed, identity, mtu, ctx),
                LinkEvent::Down { link } => self.gone(link),
                LinkEvent::OpenFailed { address } => {
                    if let Some(key) = self.addresses.get(&address).copied() {
                        self.dial_later(key);
                    }
                }
            }
        }
        if !self.tell_round() {
            self.refused(None, Refusal::Overflow);
        }
    }
}

impl Handler<Send> for Transport {
    type Result = ();

    fn handle(&mut self, Send { to, payload, class }: Send, _: &mut Self::Context) {
        let now = self.now();
        let (ports, links, fullest) = (&self.ports, &mut self.links, &mut self.fullest);
        let mut send = |known: &mut Known| match known.link {
            Some(id) => {
                if let Some(link) = links.get_mut(&id) {
                    link.send(&*ports.links, id, &payload);
                }
            }
            None if class == Class::Queued => {
                known.outbox.push(now, payload.clone());
                fullest.outbox.note(&*ports.probe, known.outbox.bytes());
            }
            None => {}
        };
        match to {
            To::All => self.peers.values_mut().for_each(send),
            To::One(key) => drop(self.peers.get_mut(&key).map(&mut send)),
        }
    }
}

impl Handler<Reply> for Transport {
    type Result = ();

    fn handle(&mut self, Reply { link, payload }: Reply, _: &mut Self::Context) {
        self.send_on(link, &payload);
    }
}

impl Handler<Proven> for Transport {
    type Result = ();

    fn handle(&mut self, Proven { link, key }: Proven, _: &mut Self::Context) {
        self.proven(link, key);
    }
}

impl Handler<Refuse> for Transport {
    type Result = ();

    fn handle(&mut self, Refuse { link, why }: Refuse, _: &mut Self::Context) {
        if self.links.contains_key(&link) {
            self.refused(None, why);
            self.close(link);
        }
    }
}

impl Handler<Misdeed> for Transport {
    type Result = ();

    fn handle(&mut self, Misdeed { link, why }: Misdeed, _: &mut Self::Context) {
        self.misdeed(link, why);
    }
}

impl Handler<Penalty> for Transport {
    type Result = ();

    fn handle(&mut self, Penalty { peer, why }: Penalty, _: &mut Self::Context) {
        self.penalize(peer, why);
    }
}

impl Handler<Ring> for Transport {
    type Result = ();

    fn handle(&mut self, _: Ring, _: &mut Self::Context) {
        let now = self.now();
        for due in self.deadlines().due(now) {
            match due {
                Due::Dial(key) => self.dial(key),
                Due::Ask(id) => self.ask(id),
                Due::Sweep => self.sweep(),
            }
        }
    }
}
