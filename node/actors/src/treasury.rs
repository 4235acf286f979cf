//! The treasury actor: owns the bank and has decided blocks applied, one after the other. The orders of a block go to
//! the tables, which play them in parallel; the reports come back in any order; then the bank posts them in the
//! block's order, and the state root is known.

use crate::chain::{DecidedBlock, Tip};
use crate::mempool::{Mempool, Settled};
use crate::message::message;
use crate::ports::{Event, Ports};
use crate::round::{Recorded, Round};
use crate::sync::{Applied, SnapshotTaken, Sync};
use crate::table::{Play, TableActor, TakeState, TellState};
use crate::verifications::Verifications;
use crate::wire::Decided;
use actix::{Actor, Addr, Context, Handler};
use bitcraps_casino::{Action, Bank, Casino, Orders, Table, TableReport, seed_of};
use bitcraps_treasury::Sequences;
use bitcraps_types::{AccountId, ChainId, Digest, Height, TableId, Value};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Apply this decided block, the next in height.
pub(crate) struct Apply(pub(crate) Box<DecidedBlock>);

/// A table played its orders.
pub(crate) struct Played {
    pub(crate) height: Height,
    pub(crate) report: TableReport,
}

/// A table's state, as asked for after the block of this height.
pub(crate) struct TableState {
    pub(crate) height: Height,
    pub(crate) table: Table,
}

/// Take over this state, that after the block at the tip.
pub(crate) struct Restore {
    pub(crate) casino: Box<Casino>,
    pub(crate) tip: Tip,
    /// The blocks up to it that hand over.
    pub(crate) handovers: Vec<Decided>,
}

message!(Apply, Played, TableState, Restore);

/// The actor.
pub(crate) struct Treasury {
    pub(crate) ports: Ports,
    pub(crate) chain: ChainId,
    pub(crate) snapshot_every: Height,
    pub(crate) bank: Bank,
    pub(crate) tables: BTreeMap<TableId, Addr<TableActor>>,
    pub(crate) verifications: Rc<Verifications>,
    pub(crate) round: Addr<Round>,
    pub(crate) mempool: Addr<Mempool>,
    pub(crate) sync: Addr<Sync>,
    pub(crate) queue: VecDeque<Box<DecidedBlock>>,
    pub(crate) work: Work,
}

/// What the treasury is at.
pub(crate) enum Work {
    Idle,
    /// Tables play a block.
    Playing {
        block: Box<DecidedBlock>,
        missing: usize,
        reports: Vec<TableReport>,
    },
    /// Tables tell their state after the last block.
    Gathering {
        height: Height,
        last: Value,
        tables: Vec<Table>,
    },
}

impl Treasury {
    /// Begins the next block, unless one is being worked on. A block without work for the tables is done at once, and
    /// so is the next.
    fn go_on(&mut self) {
        while matches!(self.work, Work::Idle) {
            let Some(block) = self.queue.pop_front() else { return };
            if block.block.state_root != self.bank.root() {
                // A quorum certified another state than ours. Whatever the cause, ours can't be built upon.
                let height = block.block.height;
                return (self.ports.halt)(&format!("the decided block {height} follows another state root"));
            }
            let orders = self.bank.begin(&block.block, &self.chain, &*self.verifications);
            self.charge();
            self.work =
                Work::Playing { missing: orders.len(), reports: Vec::with_capacity(orders.len()), block };
            self.play(orders);
            self.finish_if_complete();
        }
    }

    fn play(&self, orders: Vec<Orders>) {
        let Work::Playing { block, .. } = &self.work else { return };
        let (height, seed) = (block.block.height, block.decided.dice.as_ref().map(seed_of));
        for orders in orders {
            if let Some(table) = self.tables.get(&orders.table) {
                table.do_send(Play { height, orders, seed });
            }
        }
    }

    /// Takes the time that the latest verifications cost.
    fn charge(&self) {
        let cost = self.ports.compute.verify_cost() * self.verifications.take_count();
        if !cost.is_zero() {
            self.ports.compute.run(cost, Box::new(|| ()));
        }
    }

    fn finish_if_complete(&mut self) {
        match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Playing { block, missing: 0, mut reports } => {
                let root = self.bank.finish(&mut reports);
                self.announce(&block, root, &reports);
                if block.block.height.is_multiple_of(self.snapshot_every.max(1)) {
                    self.gather(block);
                }
            }
            unfinished => self.work = unfinished,
        }
    }

    /// Tells everyone what the block changed.
    fn announce(&self, decided: &DecidedBlock, root: Digest, reports: &[TableReport]) {
        let block = &decided.block;
        applied(&self.ports, decided, root, &self.bank, reports);
        if !block.offences.is_empty() {
            let names = block.offences.iter().map(|offence| (offence.height, offence.offender)).collect();
            self.round.do_send(Recorded(names));
        }
        if !block.commands.is_empty() || !block.blobs.is_empty() {
            self.mempool.do_send(self.settled(decided));
        }
        let bets_are_up = self.bank.bets_are_up();
        self.sync.do_send(Applied { height: block.height, root, bets_are_up });
    }

    fn settled(&self, decided: &DecidedBlock) -> Settled {
        let blobs = Some((decided.block.proposer, decided.block.blobs.clone()));
        let mut settled = Settled { commands: Vec::new(), used: Vec::new(), blobs };
        let mut touch = |account: AccountId| {
            if let Some(totals) = self.bank.ledger().account(&account) {
                settled.used.push((account, totals.sequences));
            }
        };
        for signed in &decided.block.commands {
            touch(signed.command.account());
            if let Action::Transfer { to, .. } = signed.command.action {
                touch(to);
            }
        }
        let names = decided.block.commands.iter();
        settled.commands = names.map(|signed| (signed.command.account(), signed.command.sequence)).collect();
        settled
    }

    /// Asks the tables for their states, for a snapshot.
    fn gather(&mut self, last: Box<DecidedBlock>) {
        let (height, last) = (last.block.height, last.decided.value.clone());
        self.work = Work::Gathering { height, last, tables: Vec::with_capacity(self.tables.len()) };
        self.tables.values().for_each(|table| table.do_send(TellState(height)));
        self.snapshot_if_complete();
    }

    fn snapshot_if_complete(&mut self) {
        match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Gathering { last, tables, .. } if tables.len() == self.tables.len() => {
                match Casino::from_parts(self.bank.clone(), tables) {
                    Ok(casino) => self.sync.do_send(SnapshotTaken { last, state: casino.encode_snapshot() }),
                    Err(error) => (self.ports.halt)(&format!("the state contradicts itself: {error}")),
                }
            }
            unfinished => self.work = unfinished,
        }
    }
}

/// Tells the world that a block was applied.
pub(crate) fn applied(
    ports: &Ports,
    decided: &DecidedBlock,
    root: Digest,
    bank: &Bank,
    reports: &[TableReport],
) {
    let DecidedBlock { decided, block } = decided;
    ports.probe.event(Event::Applied {
        height: block.height,
        block,
        value: &decided.value,
        certificate: &decided.certificate,
        dice: decided.dice.as_ref(),
        digest: decided.value.digest(),
        root,
        ledger: bank.ledger(),
        reports,
        refusals: bank.refusals(),
    });
    for offence in &block.offences {
        ports.probe.event(Event::OffenceRecorded { offender: offence.offender, height: offence.height });
    }
}

/// Tells the world of the state that everything after goes on from.
pub(crate) fn restored(ports: &Ports, tip: &Tip, casino: &Casino, handovers: &[Decided]) {
    let Tip { height, digest, time } = *tip;
    ports.probe.event(Event::Restored { height, digest, time, casino, handovers });
}

/// All accounts with the sequence numbers that each used.
pub(crate) fn all_sequences(bank: &Bank) -> Vec<(AccountId, Sequences)> {
    bank.ledger().accounts().map(|(account, totals)| (*account, totals.sequences)).collect()
}

impl Actor for Treasury {
    type Context = Context<Self>;
}

impl Handler<Apply> for Treasury {
    type Result = ();

    fn handle(&mut self, Apply(block): Apply, _: &mut Self::Context) {
        self.queue.push_back(block);
        self.go_on();
    }
}

impl Handler<Played> for Treasury {
    type Result = ();

    fn handle(&mut self, Played { height, report }: Played, _: &mut Self::Context) {
        if let Work::Playing { block, missing, reports } = &mut self.work
            && block.block.height == height
        {
            reports.push(report);
            *missing -= 1;
            self.finish_if_complete();
            self.go_on();
        }
    }
}

impl Handler<TableState> for Treasury {
    type Result = ();

    fn handle(&mut self, TableState { height: of, table }: TableState, _: &mut Self::Context) {
        // A state that was asked for before another one was taken over may come after that.
        if let Work::Gathering { height, tables, .. } = &mut self.work
            && *height == of
        {
            tables.push(table);
            self.snapshot_if_complete();
            self.go_on();
        }
    }
}

impl Handler<Restore> for Treasury {
    type Result = ();

    fn handle(&mut self, Restore { casino, tip, handovers }: Restore, _: &mut Self::Context) {
        restored(&self.ports, &tip, &casino, &handovers);
        let (bank, tables) = casino.into_parts();
        for table in tables {
            if let Some(actor) = self.tables.get(&table.id()) {
                actor.do_send(TakeState(table));
            }
        }
        self.bank = bank;
        self.queue.clear();
        self.work = Work::Idle;
        self.round.do_send(Recorded(self.bank.offences().collect()));
        let used = all_sequences(&self.bank);
        self.mempool.do_send(Settled { commands: Vec::new(), used, blobs: None });
    }
}
