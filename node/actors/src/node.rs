//! A whole node: the actors, wired.
//!
//! The addresses of all actors exist from the start, since each needs those of others; the actors themselves begin
//! when the files were read. What is sent to them before waits in their mailboxes.

use crate::boot::{self, BootError, Booted, Files};
use crate::committee::{CommitteeError, Sets};
use crate::config::NodeConfig;
use crate::dice::{self, Dice};
use crate::disk;
use crate::journal;
use crate::listeners::Listeners;
use crate::mempool::{self, Mempool, Submit, SubmitBlobs};
use crate::message::message;
use crate::ports::{DiskError, Event, Ports};
use crate::round::{self, HandIn, Round};
use crate::sync::{self, Sync};
use crate::table::TableActor;
use crate::transport::Transport;
use crate::treasury::{self, Treasury, Work};
use crate::verifications::Verifications;
use actix::{Actor, Addr, AsyncContext, Context, Handler};
use bitcraps_casino::{Blobs, Handover, SignedCommand};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// The way into a running node. Cheap to clone. Does nothing once the node has stopped.
#[derive(Clone)]
pub struct NodeHandle {
    mempool: Addr<Mempool>,
    round: Addr<Round>,
}

impl NodeHandle {
    /// Hands in a command of a client of this node. What becomes of it is told by [`Event::CommandAccepted`] or
    /// [`Event::CommandRefused`], and by the blocks.
    pub fn submit(&self, command: SignedCommand) {
        self.mempool.do_send(Submit { commands: vec![command], verified: false });
    }

    /// Hands in commands whose signatures the caller has checked, by the rule of the node's verifier: they are not
    /// checked again, as far as the node remembers signatures at all.
    pub fn submit_verified(&self, commands: Vec<SignedCommand>) {
        self.mempool.do_send(Submit { commands, verified: true });
    }

    /// Hands in blobs of a client of this node. `taken` is told how many of the first were taken in: none if the network
    /// takes none or this node is no validator, and only some if no more have room. It is not told if the node stops.
    /// Those taken in wait for a block that this node proposes, and are lost with it if it dies before.
    pub fn submit_blobs(&self, blobs: Blobs, taken: Box<dyn FnOnce(usize) + std::marker::Send>) {
        self.mempool.do_send(SubmitBlobs { blobs, taken });
    }

    /// Hands in a handover to another committee. `told` is told whether it may happen; if so this node tells its peers, and the
    /// first of them that proposes a block at a height where it may puts it there. It takes the place of another that waits; a
    /// node that dies before forgets it.
    pub fn hand_over(
        &self,
        handover: Handover,
        told: Box<dyn FnOnce(Result<(), CommitteeError>) + std::marker::Send>,
    ) {
        self.round.do_send(HandIn { handover: Box::new(handover), told });
    }
}

/// Starts a node. To be called on a thread with a `LocalSet`, inside which the actors then live.
///
/// It restores its state from the disk first, and tells so with [`Event::Started`]. If it can't, it calls
/// [`Ports::halt`] with a [`BootError`] or the disk's error.
pub fn start(ports: Ports, config: NodeConfig) -> NodeHandle {
    let wiring = Wiring::default();
    let handle = NodeHandle { mempool: wiring.mempool.address(), round: wiring.round.address() };
    let starter = Starter {
        ports,
        config: Rc::new(config),
        files: Files::default(),
        missing: 3,
        wiring: Some(wiring),
        confirming: 0,
        booted: None,
    };
    starter.start();
    handle
}

/// The actors' mailboxes before the actors.
#[derive(Default)]
struct Wiring {
    transport: Context<Transport>,
    mempool: Context<Mempool>,
    round: Context<Round>,
    sync: Context<Sync>,
    treasury: Context<Treasury>,
    dice: Context<Dice>,
}

/// A file was read.
struct FileRead {
    file: &'static str,
    outcome: Result<Vec<u8>, DiskError>,
}

/// A file is as it was restored, durably.
struct Confirmed {
    file: &'static str,
    outcome: Result<(), DiskError>,
}

message!(FileRead, Confirmed);

/// Reads the files, then starts the actors.
struct Starter {
    ports: Ports,
    config: Rc<NodeConfig>,
    files: Files,
    missing: usize,
    wiring: Option<Wiring>,
    confirming: usize,
    booted: Option<(Booted, Rc<Verifications>)>,
}

impl Actor for Starter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        for file in [journal::SNAPSHOT, journal::BLOCKS, journal::CONSENSUS] {
            let me = ctx.address();
            self.ports.disk.read(file, Box::new(move |outcome| me.do_send(FileRead { file, outcome })));
        }
    }
}

impl Handler<FileRead> for Starter {
    type Result = ();

    fn handle(&mut self, FileRead { file, outcome }: FileRead, ctx: &mut Self::Context) {
        let content = match outcome {
            Ok(content) => content,
            Err(error) => return disk::halt(&self.ports, file, &error),
        };
        match file {
            journal::SNAPSHOT => self.files.snapshot = content,
            journal::BLOCKS => self.files.blocks = content,
            _ => self.files.consensus = content,
        }
        self.missing -= 1;
        if self.missing > 0 {
            return;
        }
        let verifier = self.ports.verifier.clone();
        let verifications = Rc::new(Verifications::new(verifier, self.config.remembered_signatures));
        let files = std::mem::take(&mut self.files);
        match boot::boot(&self.ports, &self.config, &verifications, files) {
            Ok(booted) => self.confirm(booted, verifications, ctx),
            Err(error) => self.refuse(&error),
        }
    }
}

impl Handler<Confirmed> for Starter {
    type Result = ();

    fn handle(&mut self, Confirmed { file, outcome }: Confirmed, _: &mut Self::Context) {
        if let Err(error) = outcome {
            return disk::halt(&self.ports, file, &error);
        }
        self.confirming -= 1;
        if self.confirming == 0
            && let (Some((booted, verifications)), Some(wiring)) = (self.booted.take(), self.wiring.take())
        {
            run(&self.ports, &self.config, booted, verifications, wiring);
        }
    }
}

impl Starter {
    fn refuse(&self, error: &BootError) {
        (self.ports.halt)(&error.to_string());
    }

    /// Cuts torn tails off, and makes durable what was read: a process that died may have left writes that only the
    /// system's cache holds.
    fn confirm(&mut self, mut booted: Booted, verifications: Rc<Verifications>, ctx: &Context<Self>) {
        let torn = std::mem::take(&mut booted.cut);
        self.booted = Some((booted, verifications));
        self.confirming = 2;
        for file in [journal::BLOCKS, journal::CONSENSUS] {
            let me = ctx.address();
            let done = Box::new(move |outcome| me.do_send(Confirmed { file, outcome }));
            match torn.iter().find(|(name, _)| *name == file) {
                Some((_, whole)) => self.ports.disk.replace(file, whole.clone(), done),
                None => self.ports.disk.sync(file, done),
            }
        }
    }
}

/// Starts the actors.
fn run(
    ports: &Ports,
    config: &Rc<NodeConfig>,
    booted: Booted,
    verifications: Rc<Verifications>,
    wiring: Wiring,
) {
    let Booted {
        chain,
        succession,
        handovers,
        casino,
        snapshot,
        store,
        filed,
        filed_bytes,
        tip,
        engine,
        entries,
        journal_bytes,
        ..
    } = booted;
    let (root, bets_are_up) = (casino.root(), casino.bank().bets_are_up());
    let (bank, tables) = casino.into_parts();
    let (transport, mempool, round) =
        (wiring.transport.address(), wiring.mempool.address(), wiring.round.address());
    let (sync, treasury, dice) = (wiring.sync.address(), wiring.treasury.address(), wiring.dice.address());
    ports.probe.event(Event::Started { height: tip.height + 1, journal: entries });

    let listeners =
        Listeners { round: round.clone(), mempool: mempool.clone(), sync: sync.clone(), dice: dice.clone() };
    wiring.transport.run(Transport::new(ports.clone(), config, chain, listeners));

    let (committees, acting) = (succession.committees.clone(), succession.acting.clone());
    let me = acting.validators.position(&ports.signer.public_key());
    wiring.mempool.run(Mempool::new(
        ports.clone(),
        chain,
        config.clone(),
        me,
        treasury::all_sequences(&bank),
        verifications.clone(),
        mempool::Neighbours { transport: transport.clone(), round: round.clone() },
    ));

    let recorded = bank.offences().collect();
    let tables = tables.into_iter().map(|table| {
        let id = table.id();
        (id, TableActor { table, treasury: treasury.clone() }.start())
    });
    wiring.treasury.run(Treasury {
        ports: ports.clone(),
        chain,
        snapshot_every: config.snapshot_every,
        bank,
        tables: tables.collect(),
        verifications: verifications.clone(),
        round: round.clone(),
        mempool: mempool.clone(),
        sync: sync.clone(),
        queue: VecDeque::new(),
        work: Work::Idle,
    });

    let certificate = store.get(tip.height).map(|decided| Arc::new(decided.certificate.clone()));
    let restored =
        sync::Restored { store, filed, filed_bytes, snapshot, tip, root, bets_are_up, succession, handovers };
    let neighbours = sync::Neighbours { transport: transport.clone(), round: round.clone(), treasury, dice };
    wiring.sync.run(Sync::new(
        ports.clone(),
        config.clone(),
        chain,
        restored,
        verifications.clone(),
        sync.clone(),
        neighbours,
    ));

    wiring.dice.run(Dice::new(
        ports.clone(),
        config,
        chain,
        acting,
        tip.height,
        dice::Neighbours { transport: transport.clone(), sync: sync.clone() },
    ));

    let sets = Sets::new(&committees).expect("its last committee acts, and those before did");
    let restored = round::Restored {
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
    };
    let neighbours = round::Neighbours { transport, mempool, sync };
    let round = Round::new(ports.clone(), config.clone(), chain, restored, verifications, round, neighbours);
    wiring.round.run(round);
}

#[cfg(test)]
mod tests;
