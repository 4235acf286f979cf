//! The table actor: owns one table and plays the orders that the treasury gives it. Tables don't see each other.

use crate::message::message;
use crate::treasury::{Played, TableState, Treasury};
use actix::{Actor, Addr, Context, Handler};
use bitcraps_casino::{Orders, Table};
use bitcraps_tables::Seed;
use bitcraps_types::Height;

/// Plays one block's orders.
pub(crate) struct Play {
    pub(crate) height: Height,
    pub(crate) orders: Orders,
    pub(crate) seed: Option<Seed>,
}

/// Asks for the table's state after the block of this height.
pub(crate) struct TellState(pub(crate) Height);

/// The table's state is now this one.
pub(crate) struct TakeState(pub(crate) Table);

message!(Play, TellState, TakeState);

/// The actor.
pub(crate) struct TableActor {
    pub(crate) table: Table,
    pub(crate) treasury: Addr<Treasury>,
}

impl Actor for TableActor {
    type Context = Context<Self>;
}

impl Handler<Play> for TableActor {
    type Result = ();

    fn handle(&mut self, Play { height, orders, seed }: Play, _: &mut Self::Context) {
        let report = self.table.play(&orders, seed.as_ref());
        self.treasury.do_send(Played { height, report });
    }
}

impl Handler<TellState> for TableActor {
    type Result = ();

    fn handle(&mut self, TellState(height): TellState, _: &mut Self::Context) {
        self.treasury.do_send(TableState { height, table: self.table.clone() });
    }
}

impl Handler<TakeState> for TableActor {
    type Result = ();

    fn handle(&mut self, TakeState(table): TakeState, _: &mut Self::Context) {
        self.table = table;
    }
}
