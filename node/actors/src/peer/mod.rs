//! The peer actor, one per link: proves who is at the other end.
//!
//! Until then all that comes over the link is for it; afterwards only what still belongs to the handshake, and the
//! rest goes from the transport straight to the [`Listeners`]. What one link may send is limited before it gets here,
//! and what a misdeed costs is reckoned by the transport, which outlives links.

pub(crate) mod handshake;
pub(crate) mod limiter;

use crate::deadlines::Deadlines;
use crate::listeners::Listeners;
use crate::message::{Ring, message};
use crate::ports::{Event, LinkId, Ports, Refusal};
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
}

impl Handler<Payload> for Peer {
    type Result = ();

    fn handle(&mut self, Payload(bytes): Payload, _: &mut Self::Context) {
        match (Wire::decode(&bytes), self.handshake.proven()) {
            (Err(_), _) => self.transport.do_send(Misdeed { link: self.link, why: Refusal::Undecodable }),
            (Ok(wire @ (Wire::Hello(_) | Wire::Proof(_))), _) | (Ok(wire), None) => self.greet(wire),
            // It came before the transport knew of the proof.
            (Ok(wire), Some(from)) => {
                if !self.listeners.hand_on(from, wire) {
                    self.ports.probe.event(Event::Refused { peer: Some(from), why: Refusal::Overflow });
                }
            }
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
