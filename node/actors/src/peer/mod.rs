//! The peer actor, one per link: proves who is at the other end, decodes what comes, and hands it on by type.
//!
//! Everything past it is authenticated and well formed. What one link may send is limited before it gets here, and
//! what a misdeed costs is reckoned by the transport, which outlives links.

pub(crate) mod handshake;
pub(crate) mod limiter;

use crate::deadlines::Deadlines;
use crate::mempool::{Gossip, Mempool};
use crate::message::{Ring, message};
use crate::ports::{Event, LinkId, Ports, Refusal};
use crate::round::{FromPeer, Round};
use crate::sync::{self, Sync};
use crate::transport::{Misdeed, Proven, Refuse, Reply, Transport};
use crate::wire::Wire;
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler};
use bitcraps_types::PublicKey;
use bytes::Bytes;
use handshake::{Handshake, Say};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

/// How long to wait for the other side's proof before saying everything again.
const RETRANSMIT: Duration = Duration::from_millis(500);

/// A payload arrived on the link.
pub(crate) struct Payload(pub(crate) Bytes);
message!(Payload);

/// The link is gone.
pub(crate) struct Closed;
message!(Closed);

/// Those who take what peers say. Shared by all peers: an address of its own for each is slow to reach among a hundred.
pub(crate) struct Listeners {
    pub(crate) round: Addr<Round>,
    pub(crate) mempool: Addr<Mempool>,
    pub(crate) sync: Addr<Sync>,
}

/// The actor of one link.
pub(crate) struct Peer {
    pub(crate) link: LinkId,
    pub(crate) ports: Ports,
    pub(crate) handshake: Handshake,
    pub(crate) handshake_timeout: Duration,
    /// Those whom we talk to at all.
    pub(crate) known: Rc<BTreeSet<PublicKey>>,
    pub(crate) transport: Addr<Transport>,
    pub(crate) listeners: Rc<Listeners>,
    /// Until the peer is proven.
    pub(crate) deadlines: Option<Deadlines<Due>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Retransmit,
    GiveUp,
}

impl Actor for Peer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1024);
        let me = ctx.address();
        let mut deadlines = Deadlines::new(self.ports.clock.alarm(Box::new(move || me.do_send(Ring))));
        let now = self.ports.clock.now();
        deadlines.set(Due::Retransmit, now + RETRANSMIT);
        deadlines.set(Due::GiveUp, now + self.handshake_timeout);
        self.deadlines = Some(deadlines);
        self.introduce();
    }
}

impl Peer {
    fn introduce(&self) {
        for say in self.handshake.retransmit() {
            match say {
                Say::Hello(hello) => self.reply(&Wire::Hello(hello)),
                Say::Proof(proof) => self.reply(&Wire::Proof(proof)),
            }
        }
    }

    fn reply(&self, wire: &Wire) {
        self.transport.do_send(Reply { link: self.link, payload: wire.encode() });
    }

    fn greet(&mut self, wire: Wire) {
        let outcome = match wire {
            Wire::Hello(hello) => {
                let known = self.known.clone();
                let answer = self.handshake.hello(hello, |key| known.contains(key), &*self.ports.signer);
                answer.map(|proof| self.reply(&Wire::Proof(proof)))
            }
            Wire::Proof(proof) => self.handshake.proof(&proof, &*self.ports.verifier).map(|_| self.settle()),
            // It proved itself to nobody yet, or its proof was lost and will come again.
            _ => Ok(()),
        };
        if let Err(why) = outcome {
            self.transport.do_send(Refuse { link: self.link, why });
        }
    }

    /// Tells the transport, once, that the peer is proven.
    fn settle(&mut self) {
        if let Some(key) = self.handshake.proven()
            && self.deadlines.take().is_some()
        {
            self.transport.do_send(Proven { link: self.link, key });
        }
    }

    fn hand_on(&self, from: PublicKey, wire: Wire) {
        let taken = match wire {
            Wire::Consensus(messages) => {
                self.listeners.round.try_send(FromPeer { from, messages: messages.into_inner() }).is_ok()
            }
            Wire::Commands(commands) => {
                self.listeners.mempool.try_send(Gossip { from, commands: commands.into_inner() }).is_ok()
            }
            Wire::Sync(message) => self.listeners.sync.try_send(sync::FromPeer { from, message }).is_ok(),
            Wire::Hello(_) | Wire::Proof(_) => true,
        };
        if !taken {
            self.ports.probe.event(Event::Refused { peer: Some(from), why: Refusal::Overflow });
        }
    }
}

impl Handler<Payload> for Peer {
    type Result = ();

    fn handle(&mut self, Payload(bytes): Payload, _: &mut Self::Context) {
        match (Wire::decode(&bytes), self.handshake.proven()) {
            (Err(_), _) => self.transport.do_send(Misdeed { link: self.link, why: Refusal::Undecodable }),
            (Ok(wire @ (Wire::Hello(_) | Wire::Proof(_))), _) | (Ok(wire), None) => self.greet(wire),
            (Ok(wire), Some(from)) => self.hand_on(from, wire),
        }
    }
}

impl Handler<Closed> for Peer {
    type Result = ();

    fn handle(&mut self, _: Closed, ctx: &mut Self::Context) {
        self.deadlines = None;
        ctx.stop();
    }
}

impl Handler<Ring> for Peer {
    type Result = ();

    fn handle(&mut self, _: Ring, _: &mut Self::Context) {
        let now = self.ports.clock.now();
        let Some(deadlines) = &mut self.deadlines else { return };
        for due in deadlines.due(now) {
            match due {
                Due::GiveUp => {
                    self.transport.do_send(Refuse { link: self.link, why: Refusal::HandshakeTimeout });
                    return;
                }
                Due::Retransmit => {
                    if let Some(deadlines) = &mut self.deadlines {
                        deadlines.set(Due::Retransmit, now + RETRANSMIT);
                    }
                    self.introduce();
                }
            }
        }
    }
}
