//! The dice actor: has the validators throw the dice of each final block that rolls. It says this node's part of the
//! signature, collects the others' ([`Collector`]), and hands the whole to the sync actor, which holds the block until
//! then. It repeats its word while the dice are out, for what was lost.

use crate::committee::Acting;
use crate::config::NodeConfig;
use crate::deadlines::Deadlines;
use crate::message::{Ring, message};
use crate::ports::{Event, Ports, Refusal};
use crate::sync::{Help, Rolled, Sync};
use crate::transport::{Class, Penalty, Send, To, Transport};
use crate::wire::Wire;
use actix::{Actor, Addr, AsyncContext, Context, Handler};
use bitcraps_beacon::{Collected, Collector, Partials};
use bitcraps_casino::Committees;
use bitcraps_consensus::ValidatorSet;
use bitcraps_types::{ChainId, Digest, Height, PublicKey, ThresholdKey, ValidatorIndex};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// A check of a threshold signature costs as much time as so many of a vote's: a pairing against a multiplication on a
/// smaller curve.
pub(crate) const CHECK_COST: u32 = 25;

/// The first pause is such a part of the longest: there is nothing to compute, only a message to come.
const FIRST_PAUSE: u32 = 8;

/// A block is final and its dice are wanted.
pub(crate) struct Throw {
    pub(crate) height: Height,
    pub(crate) block: Digest,
}

/// A validator's part of a signature came.
pub(crate) struct FromPeer {
    pub(crate) from: PublicKey,
    pub(crate) partials: Partials,
}

/// The chain ends at this height now: no dice at it or below are out.
pub(crate) struct Ended(pub(crate) Height);

/// From the next height on the last of these committees throws them.
pub(crate) struct HandedOver(pub(crate) Arc<Committees>);

message!(Throw, FromPeer, Ended, HandedOver);

/// The actor.
pub(crate) struct Dice {
    ports: Ports,
    chain: ChainId,
    validators: ValidatorSet,
    me: Option<ValidatorIndex>,
    key: Rc<dyn ThresholdKey>,
    collector: Collector,
    tip: Height,
    /// What this node says of the wanted block.
    word: Option<Partials>,
    /// How long it waits before it says so again: longer each time, up to what the engine waits.
    pause: Duration,
    longest_pause: Duration,
    transport: Addr<Transport>,
    sync: Addr<Sync>,
    deadlines: Option<Deadlines<()>>,
}

/// Those whom the dice actor talks to.
pub(crate) struct Neighbours {
    pub(crate) transport: Addr<Transport>,
    pub(crate) sync: Addr<Sync>,
}

impl Dice {
    pub(crate) fn new(
        ports: Ports,
        config: &NodeConfig,
        chain: ChainId,
        acting: Acting,
        tip: Height,
        neighbours: Neighbours,
    ) -> Dice {
        let Acting { validators, shares, key } = acting;
        let me = validators.position(&ports.signer.public_key());
        let Neighbours { transport, sync } = neighbours;
        Dice {
            ports,
            chain,
            validators,
            me,
            key,
            collector: Collector::new(chain, shares),
            tip,
            word: None,
            pause: Duration::ZERO,
            longest_pause: config.timeouts.rebroadcast,
            transport,
            sync,
            deadlines: None,
        }
    }

    fn deadlines(&mut self) -> &mut Deadlines<()> {
        self.deadlines.as_mut().expect("set when the actor started")
    }

    /// Says this node's word to all, and sets the time to repeat it.
    fn speak(&mut self) {
        if let Some(word) = &self.word {
            self.send(word);
            let again = self.ports.clock.now() + self.pause;
            self.pause = (self.pause * 2).min(self.longest_pause);
            self.deadlines().set((), again);
        }
    }

    /// Has the wanted block given to those who say nothing of it: perhaps it is not final to them, and the engines of those
    /// to whom it is are done with it.
    fn help(&self) {
        let Some((height, _)) = self.collector.wanted() else { return };
        for missing in self.collector.missing().filter(|missing| Some(*missing) != self.me) {
            if let Some(validator) = self.validators.get(missing) {
                self.sync.do_send(Help { peer: validator.key, height });
            }
        }
    }

    fn send(&self, word: &Partials) {
        #[cfg(feature = "byzantine")]
        if let Some(adversary) = self.adversary() {
            for (validator, entry) in self.validators.iter() {
                if Some(validator) != self.me
                    && let Some(instead) = adversary.outgoing_dice(validator, word.clone())
                {
                    let payload = Wire::Dice(instead).encode();
                    self.transport.do_send(Send { to: To::One(entry.key), payload, class: Class::Now });
                }
            }
            return;
        }
        let payload = Wire::Dice(word.clone()).encode();
        self.transport.do_send(Send { to: To::All, payload, class: Class::Now });
    }

    #[cfg(feature = "byzantine")]
    fn adversary(&self) -> Option<&dyn crate::ports::Adversary> {
        self.ports.adversary.as_deref().filter(|adversary| adversary.active())
    }

    fn collect(&mut self) {
        if !self.collector.has_enough() {
            return;
        }
        let (collected, liars) = self.collector.collect(&*self.key);
        let checks = 1 + self.collector.checks(&liars);
        let cost = self.ports.compute.verify_cost() * CHECK_COST * checks;
        if !cost.is_zero() {
            self.ports.compute.run(cost, Box::new(|| ()));
        }
        for liar in liars {
            self.ports.probe.event(Event::BadDice(liar));
            if let Some(validator) = self.validators.get(liar) {
                self.transport.do_send(Penalty { peer: validator.key, why: Refusal::BadSignature });
            }
        }
        if let Collected::Signed { height, block, signature } = collected {
            // What comes of it now is only late.
            self.collector.forget_to(height);
            self.sync.do_send(Rolled { height, block, dice: signature });
        }
    }
}

impl Actor for Dice {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let me = ctx.address();
        self.deadlines = Some(Deadlines::new(self.ports.clock.alarm(Box::new(move || me.do_send(Ring)))));
    }
}

impl Handler<Throw> for Dice {
    type Result = ();

    fn handle(&mut self, Throw { height, block }: Throw, _: &mut Self::Context) {
        self.pause = self.longest_pause / FIRST_PAUSE;
        self.word = self.collector.want(&*self.key, self.me, height, block);
        if self.word.is_some() {
            self.ports.probe.event(Event::DiceSigned { height });
        }
        self.speak();
        self.collect();
    }
}

impl Handler<FromPeer> for Dice {
    type Result = ();

    fn handle(&mut self, FromPeer { from, partials }: FromPeer, _: &mut Self::Context) {
        #[cfg(feature = "byzantine")]
        if self.adversary().is_some_and(|adversary| !adversary.incoming_dice()) {
            return;
        }
        let height = partials.height;
        if height <= self.tip {
            // Once said, it was only late; said again, its sender lacks the block's dice still.
            if partials.repeated {
                self.sync.do_send(Help { peer: from, height });
            }
            return;
        }
        let heard = self.validators.position(&from).is_some_and(|from| self.collector.hear(from, partials));
        if heard {
            self.collect();
        } else if height == self.tip + 1 {
            // Of a later height another committee may throw the dice.
            self.transport.do_send(Penalty { peer: from, why: Refusal::Malformed });
        }
    }
}

impl Handler<Ended> for Dice {
    type Result = ();

    fn handle(&mut self, Ended(tip): Ended, _: &mut Self::Context) {
        self.tip = tip;
        self.collector.forget_to(tip);
        if self.collector.wanted().is_none() && self.word.take().is_some() {
            self.deadlines().cancel(());
        }
    }
}

impl Handler<HandedOver> for Dice {
    type Result = ();

    fn handle(&mut self, HandedOver(committees): HandedOver, _: &mut Self::Context) {
        match Acting::new(committees.last(), &*self.ports.dice) {
            Ok(Acting { validators, shares, key }) => {
                self.me = validators.position(&self.ports.signer.public_key());
                self.collector = Collector::new(self.chain, shares);
                (self.validators, self.key) = (validators, key);
            }
            Err(error) => (self.ports.halt)(&format!("the committee that takes over: {error}")),
        }
    }
}

impl Handler<Ring> for Dice {
    type Result = ();

    fn handle(&mut self, _: Ring, _: &mut Self::Context) {
        let now = self.ports.clock.now();
        if !self.deadlines().due(now).is_empty() {
            if let Some(word) = &mut self.word {
                word.repeated = true;
            }
            self.speak();
            self.help();
        }
    }
}
