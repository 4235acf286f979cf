//! The mempool actor: takes commands and blobs in, tells peers of the commands that came from this node's own clients,
//! and gives the round what goes into a block.
//!
//! A command that came from a peer is not told again: every node is linked to every other, and the one that took it
//! in keeps it for peers who are away, and tells again of those that wait for long.

mod blobs;
pub(crate) mod pool;
mod told;

use crate::config::NodeConfig;
use crate::deadlines::Deadlines;
use crate::message::{Ring, message};
use crate::ports::{Event, Ports, Refusal, turned_away};
use crate::round::{Batch, Round};
use crate::transport::{Class, Penalty, Send, To, Transport};
use crate::verifications::Verifications;
use crate::wire::{List, MAX_COMMANDS, Wire};
use actix::{Actor, Addr, AsyncContext, Context, Handler};
use bitcraps_casino::{Blobs, SignedCommand};
use bitcraps_treasury::Sequences;
use bitcraps_types::{AccountId, ChainId, Digest, Height, PublicKey, Round as RoundNumber, ValidatorIndex};
use blobs::Waiting;
use pool::{Entry, Pool};
use std::rc::Rc;
use std::time::Duration;
use told::Told;

/// How long commands of our own clients are gathered before peers are told.
const GATHER: Duration = Duration::from_millis(2);

/// The pause between two messages of commands that are told again.
const PAUSE: Duration = Duration::from_millis(200);

/// Commands of this node's own clients.
pub(crate) struct Submit {
    pub(crate) commands: Vec<SignedCommand>,
    /// Whether their signatures were checked already.
    pub(crate) verified: bool,
}

/// Blobs of this node's own clients.
pub(crate) struct SubmitBlobs {
    pub(crate) blobs: Blobs,
    /// Is told how many of the first were taken in.
    pub(crate) taken: Box<dyn FnOnce(usize) + std::marker::Send>,
}

/// Commands that a peer tells of.
pub(crate) struct Gossip {
    pub(crate) from: PublicKey,
    pub(crate) commands: Vec<SignedCommand>,
}

/// Asks for commands and blobs for a block; the answer is a [`Batch`].
pub(crate) struct Take {
    pub(crate) height: Height,
    pub(crate) round: RoundNumber,
    pub(crate) max_bytes: usize,
    pub(crate) max_count: usize,
}

/// A block was applied.
pub(crate) struct Settled {
    /// The commands in it, by account and sequence number.
    pub(crate) commands: Vec<(AccountId, u64)>,
    /// The sequence numbers used by each account that the block touched or made.
    pub(crate) used: Vec<(AccountId, Sequences)>,
    /// Who proposed it, and its blobs. `None`: it was no block but a state that was taken over, and what the blocks
    /// before had is not known.
    pub(crate) blobs: Option<(ValidatorIndex, Blobs)>,
}

/// Where this node stands among the validators from now on.
pub(crate) struct Place(pub(crate) Option<ValidatorIndex>);

message!(Submit, SubmitBlobs, Gossip, Take, Settled, Place);

/// Those whom the mempool talks to.
pub(crate) struct Neighbours {
    pub(crate) transport: Addr<Transport>,
    pub(crate) round: Addr<Round>,
}

/// The actor.
pub(crate) struct Mempool {
    ports: Ports,
    chain: ChainId,
    config: Rc<NodeConfig>,
    /// This node among the validators, if it is one.
    me: Option<ValidatorIndex>,
    pool: Pool,
    blobs: Waiting,
    verifications: Rc<Verifications>,
    neighbours: Neighbours,
    /// To be told to peers.
    news: Vec<SignedCommand>,
    told: Told,
    deadlines: Option<Deadlines<Due>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// Tell peers what is new.
    Tell,
    /// Tell them again of what still waits.
    TellAgain,
}

impl Mempool {
    /// `used`: all accounts of the state. Not by message: a command that came earlier would meet a pool without any.
    pub(crate) fn new(
        ports: Ports,
        chain: ChainId,
        config: Rc<NodeConfig>,
        me: Option<ValidatorIndex>,
        used: Vec<(AccountId, Sequences)>,
        verifications: Rc<Verifications>,
        neighbours: Neighbours,
    ) -> Mempool {
        let limits = &config.mempool;
        let told = Told::new(limits.commands);
        let blobs = Waiting::new(limits.blobs, limits.blob_bytes);
        let mut pool = Pool::new(limits.clone());
        used.into_iter().for_each(|(account, used)| pool.advance(account, used));
        let news = Vec::new();
        let deadlines = None;
        Mempool { ports, chain, config, me, pool, blobs, verifications, neighbours, news, told, deadlines }
    }

    /// Takes commands in, or says of each why not. Only the signatures of those for which there is a place are checked,
    /// all of them at once.
    fn take_in(&mut self, commands: Vec<SignedCommand>) -> Vec<(SignedCommand, Result<(), Turned>)> {
        let placed: Vec<Result<Entry, &'static str>> = commands
            .iter()
            .map(|command| {
                let entry = entry(*command);
                let refusal = self.pool.refusal(&entry.account, entry.sequence, entry.size);
                refusal.map_or(Ok(entry), Err)
            })
            .collect();
        let to_check: Vec<SignedCommand> = placed.iter().flatten().map(|entry| entry.command).collect();
        let verdicts = SignedCommand::verify_each(&to_check, &self.chain, &*self.verifications);
        self.charge();
        let mut verdicts = verdicts.into_iter();
        let outcomes = placed.into_iter().map(|placed| match placed {
            Err(why) => Err(Turned::Away(why)),
            Ok(_) if verdicts.next() != Some(true) => Err(Turned::Forged),
            Ok(entry) => self.insert(entry),
        });
        let outcomes: Vec<Result<(), Turned>> = outcomes.collect();
        commands.into_iter().zip(outcomes).collect()
    }

    /// Asks again whether there is a place: those before it may have taken it.
    fn insert(&mut self, entry: Entry) -> Result<(), Turned> {
        if let Some(given_up) = self.pool.insert(entry).map_err(Turned::Away)? {
            self.report(given_up.id(), &Err(Turned::Away(turned_away::FULL)));
        }
        Ok(())
    }

    /// Takes the time that the latest verifications cost.
    fn charge(&self) {
        let cost = self.ports.compute.verify_cost() * self.verifications.take_count();
        if !cost.is_zero() {
            self.ports.compute.run(cost, Box::new(|| ()));
        }
    }

    fn report(&self, id: Digest, outcome: &Result<(), Turned>) {
        self.ports.probe.event(match outcome {
            Ok(()) => Event::CommandAccepted(id),
            Err(Turned::Away(why)) => Event::CommandRefused(id, why),
            Err(Turned::Forged) => Event::CommandRefused(id, turned_away::FORGED),
        });
    }

    fn report_size(&self) {
        let (commands, bytes) = self.pool.size();
        let (blobs, blob_bytes) = self.blobs.size();
        self.ports.probe.event(Event::Waiting { commands, bytes, blobs, blob_bytes });
    }

    fn tell_peers(&mut self) {
        while !self.news.is_empty() {
            let rest = self.news.split_off(self.news.len().min(MAX_COMMANDS));
            let commands = std::mem::replace(&mut self.news, rest);
            self.tell(commands, Class::Queued);
        }
    }

    /// What is for those who are away is kept for them already. The rest of a great many is told soon.
    fn tell_peers_again(&mut self) {
        let pool = &self.pool;
        let waiting = |account: &AccountId, sequence| pool.get(account, sequence).copied();
        let commands = self.told.due(self.ports.clock.now(), MAX_COMMANDS, waiting);
        if !commands.is_empty() {
            self.tell(commands, Class::Now);
        }
        self.tell_again_later();
    }

    /// Tells peers of at most [`MAX_COMMANDS`] commands.
    fn tell(&mut self, commands: Vec<SignedCommand>, class: Class) {
        let now = self.ports.clock.now();
        for signed in &commands {
            self.told.tell(now, signed.command.account(), signed.command.sequence);
        }
        let payload = Wire::Commands(List::first(commands)).encode();
        self.neighbours.transport.do_send(Send { to: To::All, payload, class });
        self.tell_again_later();
    }

    /// Not before a pause, for the sake of the peers' limits.
    fn tell_again_later(&mut self) {
        let soonest = self.ports.clock.now() + PAUSE;
        if let (Some(at), Some(deadlines)) = (self.told.next(), &mut self.deadlines) {
            deadlines.set_if_none(Due::TellAgain, at.max(soonest));
        }
    }
}

fn entry(command: SignedCommand) -> Entry {
    let (account, sequence) = (command.command.account(), command.command.sequence);
    let size = borsh::object_length(&command).unwrap_or(SignedCommand::MAX_BYTES);
    Entry { account, sequence, size, command }
}

/// Why a command was not taken in.
enum Turned {
    Away(&'static str),
    Forged,
}

impl Actor for Mempool {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4096);
        let me = ctx.address();
        self.deadlines = Some(Deadlines::new(self.ports.clock.alarm(Box::new(move || me.do_send(Ring)))));
    }
}

impl Handler<Submit> for Mempool {
    type Result = ();

    fn handle(&mut self, Submit { commands, verified }: Submit, _: &mut Self::Context) {
        if verified {
            SignedCommand::with_claims(&commands, &self.chain, |claims| {
                self.verifications.remember_all(claims)
            });
        }
        for (command, outcome) in self.take_in(commands) {
            self.report(command.id(), &outcome);
            if outcome.is_ok() {
                self.news.push(command);
            }
        }
        if self.news.is_empty() {
            return;
        }
        let at = self.ports.clock.now() + GATHER;
        if let Some(deadlines) = &mut self.deadlines {
            deadlines.set_if_none(Due::Tell, at);
        }
    }
}

impl Handler<Place> for Mempool {
    type Result = ();

    fn handle(&mut self, Place(me): Place, _: &mut Self::Context) {
        self.me = me;
    }
}

impl Handler<SubmitBlobs> for Mempool {
    type Result = ();

    /// Who is no validator has no turn, so takes none in.
    fn handle(&mut self, SubmitBlobs { blobs, taken }: SubmitBlobs, _: &mut Self::Context) {
        let longest = self.config.longest_blob();
        taken(self.me.map_or(0, |_| self.blobs.push(&blobs, longest)));
    }
}

impl Handler<Gossip> for Mempool {
    type Result = ();

    fn handle(&mut self, Gossip { from, commands }: Gossip, _: &mut Self::Context) {
        let mut forged = false;
        for (command, outcome) in self.take_in(commands) {
            // Peers tell again what was heard before: that it is turned away is no news.
            if !matches!(outcome, Err(Turned::Away(_))) {
                self.report(command.id(), &outcome);
            }
            forged |= matches!(outcome, Err(Turned::Forged));
        }
        if forged {
            self.neighbours.transport.do_send(Penalty { peer: from, why: Refusal::BadSignature });
        }
    }
}

impl Handler<Take> for Mempool {
    type Result = ();

    fn handle(&mut self, Take { height, round, max_bytes, max_count }: Take, _: &mut Self::Context) {
        let commands = self.pool.batch(max_bytes, max_count);
        let taken: usize = commands.iter().map(|command| entry(*command).size).sum();
        let blobs = self.blobs.first(max_bytes - taken, self.config.genesis.blob_bytes as usize);
        self.neighbours.round.do_send(Batch { height, round, commands, blobs });
    }
}

impl Handler<Settled> for Mempool {
    type Result = ();

    fn handle(&mut self, Settled { commands, used, blobs }: Settled, _: &mut Self::Context) {
        for (account, sequence) in commands {
            self.pool.remove(account, sequence);
        }
        for (account, used) in used {
            self.pool.advance(account, used);
        }
        match blobs {
            Some((proposer, blobs)) if Some(proposer) == self.me => self.blobs.decided(&blobs),
            Some(_) => {}
            None => self.blobs.forget_proposed(),
        }
        self.report_size();
    }
}

impl Handler<Ring> for Mempool {
    type Result = ();

    fn handle(&mut self, _: Ring, _: &mut Self::Context) {
        let now = self.ports.clock.now();
        let due = self.deadlines.as_mut().map(|deadlines| deadlines.due(now)).unwrap_or_default();
        for due in due {
            match due {
                Due::Tell => {
                    self.tell_peers();
                    self.report_size();
                }
                Due::TellAgain => self.tell_peers_again(),
            }
        }
    }
}
