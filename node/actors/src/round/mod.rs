//! The round actor: hosts the consensus engine. It verifies what comes in, steps, and carries out what the engine
//! asks for, in order. All rules of consensus are the engine's; what a block may say is [`checks`].
//!
//! A write of the engine is appended at once; one sync covers all that was appended before it, and a message is
//! signed only after the sync that covers its write ([`barrier`]). After a disk error nothing is known of what is
//! durable, so the node stops.

#[cfg(feature = "byzantine")]
mod adversary;
mod barrier;
mod checks;
mod handovers;
mod messages;
mod offences;
mod proposal;
mod relays;

use crate::chain::Tip;
use crate::committee::Sets;
use crate::config::NodeConfig;
use crate::deadlines::Deadlines;
use crate::disk;
use crate::high_water::HighWater;
use crate::journal;
use crate::mempool::{Mempool, Take};
use crate::message::Ring;
use crate::ports::{Buffer, ConsensusEngine, ConsensusMessage, DiskError, Event, Ports, Refusal};
use crate::sync::{Behind, EngineDecided, Help, PeerHere, Sync};
use crate::transport::{Class, Penalty, Send, To, Transport};
use crate::verifications::Verifications;
use crate::wire::Wire;
use actix::{Actor, Addr, Context, Handler};
use barrier::Barrier;
use bitcraps_casino::{Block, Committees, Handover};
use bitcraps_consensus::{
    Certificate, Dest, Engine, Input, Invalid, Message as _, Output, Signed, Timer, ValidatorSet, Verified,
};
use bitcraps_types::{ChainId, Digest, Height, PublicKey, Time, ValidatorIndex, Value};
use checks::Checks;
pub(crate) use messages::{Batch, FromPeer, FromPeers, HandIn, HandedOver, NewTip, Recorded, ToldOf};
use messages::{Checked, Judged, Synced};
use offences::Offences;
use relays::Relays;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// Those whom the round talks to.
pub(crate) struct Neighbours {
    pub(crate) transport: Addr<Transport>,
    pub(crate) mempool: Addr<Mempool>,
    pub(crate) sync: Addr<Sync>,
}

/// The actor.
pub(crate) struct Round {
    /// Its own: an address that is made for each write is slow.
    address: Rc<Addr<Round>>,
    ports: Ports,
    config: Rc<NodeConfig>,
    chain: ChainId,
    /// Up to the tip.
    committees: Arc<Committees>,
    sets: Sets,
    /// At the engine's height.
    me: Option<ValidatorIndex>,
    validators: ValidatorSet,
    /// Waits for a block that this node proposes.
    handover: Option<Box<Handover>>,
    engine: ConsensusEngine,
    inputs: VecDeque<Input<ConsensusEngine>>,
    outputs: Vec<Output<ConsensusEngine>>,
    relays: Relays,
    barrier: Barrier<(Dest, ConsensusMessage)>,
    journal_bytes: usize,
    /// Room for an entry of the journal, as it is appended.
    record: Vec<u8>,
    tip: Tip,
    root: Digest,
    /// What proves the tip, if that is known: it stands in the next block where the policy rewards who signed.
    certificate: Option<Arc<Certificate>>,
    bets_are_up: bool,
    offences: Offences,
    /// How full the buffers were that others can fill.
    later_heights: HighWater,
    accusations: HighWater,
    /// When the engine decided which height.
    decided: Option<(Height, Time)>,
    verifications: Rc<Verifications>,
    /// How many verified messages wait until the time that checking took is over.
    on_their_way: usize,
    neighbours: Neighbours,
    deadlines: Option<Deadlines<Due>>,
    /// Set by a disk error: nothing goes out any more.
    halted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Timer(Timer),
    Advance,
    /// The adversary wants to speak.
    #[cfg(feature = "byzantine")]
    Adversary,
}

/// What the round goes on from.
pub(crate) struct Restored {
    /// The engine, with its journal taken back.
    pub(crate) engine: ConsensusEngine,
    /// The length of the journal, in bytes.
    pub(crate) journal_bytes: usize,
    pub(crate) committees: Committees,
    pub(crate) sets: Sets,
    pub(crate) me: Option<ValidatorIndex>,
    pub(crate) tip: Tip,
    pub(crate) root: Digest,
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) bets_are_up: bool,
    /// The offences in the state.
    pub(crate) recorded: Vec<offences::Name>,
}

impl Round {
    pub(crate) fn new(
        ports: Ports,
        config: Rc<NodeConfig>,
        chain: ChainId,
        restored: Restored,
        verifications: Rc<Verifications>,
        address: Addr<Round>,
        neighbours: Neighbours,
    ) -> Round {
        let Restored {
            engine,
            journal_bytes,
            committees,
            sets,
            me,
            tip,
            root,
            certificate,
            bets_are_up,
            recorded,
        } = restored;
        Round {
            address: Rc::new(address),
            ports,
            config,
            chain,
            committees: Arc::new(committees),
            me,
            validators: sets.at(tip.height + 1).clone(),
            sets,
            handover: None,
            engine,
            inputs: VecDeque::from([Input::Start]),
            outputs: Vec::new(),
            relays: Relays::default(),
            barrier: Barrier::new(),
            journal_bytes,
            record: Vec::new(),
            tip,
            root,
            certificate,
            bets_are_up,
            offences: Offences::new(recorded),
            later_heights: HighWater::of(Buffer::LaterHeights),
            accusations: HighWater::of(Buffer::Accusations),
            decided: None,
            verifications,
            on_their_way: 0,
            neighbours,
            deadlines: None,
            halted: false,
        }
    }

    fn deadlines(&mut self) -> &mut Deadlines<Due> {
        self.deadlines.as_mut().expect("set when the actor started")
    }

    /// Steps until nothing is left to do, then begins to make durable what was written.
    fn run(&mut self) {
        if self.halted {
            return self.inputs.clear();
        }
        while let Some(input) = self.inputs.pop_front() {
            self.step(input);
        }
        if self.barrier.begin_sync() {
            let me = self.address.clone();
            let done = Box::new(move |outcome| me.do_send(Synced(outcome)));
            self.ports.disk.sync(journal::CONSENSUS, done);
        }
        #[cfg(feature = "byzantine")]
        self.speak_unasked();
    }

    fn step(&mut self, input: Input<ConsensusEngine>) {
        #[cfg(feature = "byzantine")]
        if self.adversary().is_some_and(|adversary| adversary.amnesia()) {
            self.engine.forget_lock();
        }
        let early = match &input {
            Input::Message(verified) if verified.message().height() > self.engine.height() => {
                Some(verified.message().author())
            }
            _ => None,
        };
        let mut outputs = std::mem::take(&mut self.outputs);
        self.engine.step(self.ports.clock.now(), input, &mut outputs);
        for output in outputs.drain(..) {
            self.carry_out(output);
        }
        self.outputs = outputs;
        if let Some(author) = early {
            self.later_heights.note(&*self.ports.probe, self.engine.waiting(author));
        }
        self.send_relays();
    }

    fn carry_out(&mut self, output: Output<ConsensusEngine>) {
        if self.halted {
            return;
        }
        match output {
            Output::Persist { seq, entry } => {
                self.record.clear();
                journal::write(&entry, &mut self.record);
                self.journal_bytes += self.record.len();
                match self.ports.disk.append(journal::CONSENSUS, &self.record) {
                    Ok(()) => self.barrier.wrote(seq),
                    Err(error) => self.halt(&error),
                }
            }
            Output::Sign { message, after, to } => {
                if let Some((to, message)) = self.barrier.pass(after, (to, message)) {
                    self.sign(to, message);
                }
            }
            Output::Relay { to, message } => {
                if !self.relays.add(to, &message) {
                    self.send_relays();
                    self.relays.add(to, &message);
                }
            }
            Output::SetTimer { timer, at } => self.deadlines().set(Due::Timer(timer), at),
            Output::Propose { height, round } => {
                let room = self.block_room();
                let (_, offences) = self.offences.for_block(height, room / 2);
                let max_bytes = room - offences;
                let max_count = Block::MAX_COMMANDS;
                self.neighbours.mempool.do_send(Take { height, round, max_bytes, max_count });
            }
            Output::Validate { height, value, fresh } => self.validate(height, &value, fresh),
            Output::Decide { height, value, certificate } => {
                self.decided = Some((height, self.ports.clock.now()));
                self.neighbours.sync.do_send(EngineDecided { value, certificate });
            }
            Output::Accuse(evidence) => {
                self.ports.probe.event(Event::Accused(&evidence));
                self.offences.accuse(*evidence);
                self.accusations.note(&*self.ports.probe, self.offences.waiting());
            }
            Output::Entered { height, round, proposer, after_failure } => {
                self.ports.probe.event(Event::Round { height, round, proposer, after_failure });
            }
            Output::Locked { height, round, digest } => {
                self.ports.probe.event(Event::Locked { height, round, digest });
            }
            Output::Behind { seen, from } => {
                if let Some(peer) = self.key_of(from) {
                    self.neighbours.sync.do_send(Behind { peer, seen });
                }
            }
            Output::Ahead { of, height } => {
                if let Some(peer) = self.key_of(of) {
                    self.neighbours.sync.do_send(Help { peer, height });
                }
            }
            Output::Transition(name) => self.ports.probe.event(Event::Transition(name)),
        }
    }

    fn key_of(&self, validator: ValidatorIndex) -> Option<PublicKey> {
        self.validators.get(validator).map(|validator| validator.key)
    }

    fn halt(&mut self, error: &DiskError) {
        self.halted = true;
        disk::halt(&self.ports, journal::CONSENSUS, error);
    }

    /// Signs a message of our own, sends it, and has it counted. At a height where something that was said may be
    /// forgotten, nothing is said again: not signed, not sent, and so not counted.
    fn sign(&mut self, to: Dest, message: ConsensusMessage) {
        if message.height() <= self.config.sign_above {
            return;
        }
        let own = Verified::own(message, &self.chain, &*self.ports.signer);
        self.ports.probe.event(Event::Signed(own.signed()));
        if self.me.is_none_or(|me| to != Dest::One(me)) {
            self.send(to, std::slice::from_ref(own.signed()));
        }
        self.inputs.push_back(Input::Message(own));
    }

    fn send_relays(&mut self) {
        if let Some((to, messages)) = self.relays.take() {
            self.send(to, &messages);
        }
    }

    fn send(&self, to: Dest, messages: &[Signed<ConsensusMessage>]) {
        #[cfg(feature = "byzantine")]
        if let Some(adversary) = self.adversary() {
            return messages.iter().for_each(|message| self.send_through(adversary, to, message));
        }
        let to = match to {
            Dest::All => To::All,
            Dest::One(validator) => match self.key_of(validator) {
                Some(key) => To::One(key),
                None => return,
            },
        };
        let payload = Wire::encode_consensus(messages);
        self.neighbours.transport.do_send(Send { to, payload, class: Class::Now });
    }

    /// The message back, if the latest verifications took no time and nothing is on its way that took some.
    /// Otherwise it is sent to this actor when that time is over: the order is kept.
    fn after_verifying<M>(&mut self, message: M) -> Option<M>
    where
        M: actix::Message<Result = ()> + std::marker::Send + 'static,
        Self: Handler<M>,
    {
        let cost = self.ports.compute.verify_cost() * self.verifications.take_count();
        if cost.is_zero() && self.on_their_way == 0 {
            return Some(message);
        }
        self.on_their_way += 1;
        let me = self.address.clone();
        self.ports.compute.run(cost, Box::new(move || me.do_send(message)));
        None
    }

    fn checks(&self) -> Checks<'_> {
        Checks {
            tip: &self.tip,
            root: self.root,
            rewards: self.rewards(),
            bets_are_up: self.bets_are_up,
            chain: &self.chain,
            committees: &self.committees,
            sets: &self.sets,
            keys: &*self.ports.dice,
            max_bytes: self.config.max_block_bytes,
            max_blob_bytes: self.config.genesis.blob_bytes as usize,
            offences: &self.offences,
            verify: &*self.verifications,
        }
    }

    fn validate(&mut self, height: Height, value: &Value, fresh: bool) {
        let latest = fresh
            .then(|| checks::latest_time(self.ports.clock.wall(), self.config.max_clock_drift, &self.tip));
        let valid = self.checks().check(height, value, latest).is_ok();
        let verdict = Judged { height, digest: value.digest(), valid };
        if let Some(Judged { height, digest, valid }) = self.after_verifying(verdict) {
            self.inputs.push_back(Input::Verdict { height, digest, valid });
        }
    }

    /// Goes on after the tip, unless the interval since its decision is not over.
    fn advance(&mut self) {
        let height = self.tip.height + 1;
        if height <= self.engine.height() {
            return;
        }
        let now = self.ports.clock.now();
        let begin = match self.decided {
            Some((decided, at)) if decided == self.tip.height => at + self.config.interval,
            _ => now,
        };
        if now < begin {
            self.deadlines().set(Due::Advance, begin);
            return;
        }
        self.deadlines().retain(|due| matches!(due, Due::Timer(timer) if timer.height >= height));
        self.empty_journal();
        self.validators = self.sets.at(height).clone();
        self.take_place();
        self.inputs.push_back(Input::Advance { height, validators: self.validators.clone() });
    }

    /// The heights in the journal are decided and durable, so it binds nothing any more.
    fn empty_journal(&mut self) {
        if self.journal_bytes < self.config.journal_bytes || !self.barrier.idle() {
            return;
        }
        self.journal_bytes = 0;
        let done = disk::or_halt(&self.ports, journal::CONSENSUS);
        self.ports.disk.replace(journal::CONSENSUS, Vec::new(), done);
    }
}

impl Actor for Round {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1 << 10);
        let me = self.address.clone();
        self.deadlines = Some(Deadlines::new(self.ports.clock.alarm(Box::new(move || me.do_send(Ring)))));
        self.run();
    }
}

impl Handler<FromPeers> for Round {
    type Result = ();

    fn handle(&mut self, FromPeers(heard): FromPeers, _: &mut Self::Context) {
        for FromPeer { from, messages } in heard {
            messages.into_iter().for_each(|signed| self.hear(from, signed));
        }
        self.run();
    }
}

impl Round {
    /// Takes a message of a peer's, unless it says nothing new.
    fn hear(&mut self, from: PublicKey, signed: Signed<ConsensusMessage>) {
        #[cfg(feature = "byzantine")]
        if self.adversary().is_some_and(|adversary| !adversary.incoming(self.ports.clock.now(), &signed)) {
            return;
        }
        if self.engine.knows(&signed.message, &signed.signature) {
            return;
        }
        let (height, engine_at) = (signed.message.height(), self.engine.height());
        match ConsensusEngine::verify(signed, self.sets.at(height), &self.chain, &*self.verifications) {
            Ok(verified) => {
                self.ports.probe.event(Event::Heard(verified.signed()));
                if let Some(Checked(verified)) = self.after_verifying(Checked(verified)) {
                    self.inputs.push_back(Input::Message(verified));
                }
            }
            Err(invalid) => {
                let cost = self.ports.compute.verify_cost() * self.verifications.take_count();
                if !cost.is_zero() {
                    self.ports.compute.run(cost, Box::new(|| ()));
                }
                if height != engine_at && !matches!(invalid, Invalid::Signature(_)) {
                    return; // Another committee may decide that height.
                }
                let why = match invalid {
                    Invalid::Signature(_) | Invalid::NotAValidator(_) => Refusal::BadSignature,
                    Invalid::Malformed(_) => Refusal::Malformed,
                };
                self.neighbours.transport.do_send(Penalty { peer: from, why });
            }
        }
    }
}

impl Handler<Checked> for Round {
    type Result = ();

    fn handle(&mut self, Checked(verified): Checked, _: &mut Self::Context) {
        self.on_their_way -= 1;
        self.inputs.push_back(Input::Message(verified));
        self.run();
    }
}

impl Handler<Judged> for Round {
    type Result = ();

    fn handle(&mut self, Judged { height, digest, valid }: Judged, _: &mut Self::Context) {
        self.on_their_way -= 1;
        self.inputs.push_back(Input::Verdict { height, digest, valid });
        self.run();
    }
}

impl Handler<Batch> for Round {
    type Result = ();

    fn handle(&mut self, batch: Batch, _: &mut Self::Context) {
        self.propose(batch);
        self.run();
    }
}

impl Handler<NewTip> for Round {
    type Result = ();

    fn handle(&mut self, NewTip { tip, root, certificate, bets_are_up }: NewTip, _: &mut Self::Context) {
        self.tip = tip;
        self.root = root;
        self.certificate = certificate;
        self.bets_are_up = bets_are_up;
        self.offences.forget_before(self.tip.height + 1);
        self.advance();
        self.run();
    }
}

impl Handler<Recorded> for Round {
    type Result = ();

    fn handle(&mut self, Recorded(names): Recorded, _: &mut Self::Context) {
        self.offences.recorded(names);
    }
}

impl Handler<Synced> for Round {
    type Result = ();

    fn handle(&mut self, Synced(outcome): Synced, _: &mut Self::Context) {
        match outcome {
            Ok(()) => {
                self.barrier.synced();
                while let Some((to, message)) = self.barrier.next_free() {
                    self.sign(to, message);
                }
                self.run();
            }
            Err(error) => self.halt(&error),
        }
    }
}

impl Handler<PeerHere> for Round {
    type Result = ();

    fn handle(&mut self, PeerHere(key): PeerHere, _: &mut Self::Context) {
        if let Some(validator) = self.validators.position(&key) {
            self.inputs.push_back(Input::Reachable(validator));
            self.run();
        }
    }
}

impl Handler<Ring> for Round {
    type Result = ();

    fn handle(&mut self, _: Ring, _: &mut Self::Context) {
        let now = self.ports.clock.now();
        for due in self.deadlines().due(now) {
            match due {
                Due::Timer(timer) => self.inputs.push_back(Input::Timer(timer)),
                Due::Advance => self.advance(),
                // It is asked after every input.
                #[cfg(feature = "byzantine")]
                Due::Adversary => {}
            }
        }
        self.run();
    }
}
