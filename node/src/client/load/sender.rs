//! One connection of the load: signs the bets of its players when they are due, and hands them in as lists.

use super::connection::Connection;
use super::players::Player;
use super::{OnItsWay, Pending, lock, now, pause};
use crate::gateway::api::{Status, Submissions};
use crate::hex;
use bitcraps_casino::{Action, Bet, Command, SignedCommand};
use bitcraps_tables::craps;
use bitcraps_types::{ChainId, Digest, TableId};
use hdrhistogram::Histogram;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a sender has to do.
pub(super) struct Work {
    /// Where it hands in.
    pub(super) gateway: usize,
    pub(super) chain: ChainId,
    pub(super) tables: Vec<TableId>,
    pub(super) stake: u64,
    pub(super) begin: Instant,
    pub(super) end: Instant,
    /// Its first command is the load's command with this number, the next one `step` after it, and so on.
    pub(super) first: u64,
    pub(super) step: u64,
    /// Commands per second of the whole load.
    pub(super) rate: u32,
    pub(super) gather: Duration,
}

/// What it did.
pub(super) struct Sent {
    pub(super) submitted: u64,
    pub(super) accepted: u64,
    pub(super) requests: u64,
    /// By reason.
    pub(super) refused: BTreeMap<String, u64>,
    /// How long after its time a command was handed in, in microseconds: gathering, and the client's own slowness.
    pub(super) late: Histogram<u64>,
}

/// See the module.
pub(super) struct Sender {
    work: Work,
    players: Vec<Player>,
    connection: Connection,
    pending: Pending,
    sent: Sent,
}

#[derive(Deserialize)]
struct Problem {
    status: u16,
    title: String,
}

impl Sender {
    pub(super) fn new(work: Work, players: Vec<Player>, url: &str, pending: Pending) -> Sender {
        let late = super::report::histogram();
        let sent = Sent { submitted: 0, accepted: 0, requests: 0, refused: BTreeMap::new(), late };
        Sender { work, players, connection: Connection::to(url), pending, sent }
    }

    /// Works until its last command was due.
    pub(super) fn run(mut self) -> Sent {
        let mut next = 0;
        loop {
            let due = self.due(next);
            if due >= self.work.end {
                return self.sent;
            }
            pause((due + self.work.gather).saturating_duration_since(now()));
            let mut batch = Vec::new();
            while batch.len() < Submissions::MOST && self.due(next) <= now().min(self.work.end) {
                batch.push((self.sign(next), self.due(next)));
                next += 1;
            }
            self.hand_in(&batch);
        }
    }

    /// When a command is due.
    fn due(&self, number: u64) -> Instant {
        let number = self.work.first + number * self.work.step;
        self.work.begin
            + Duration::from_nanos(number.saturating_mul(1_000_000_000) / u64::from(self.work.rate))
    }

    /// The players bet in turn, at the tables in turn, by turns on the field, any seven and any craps: bets that can be
    /// made at any time and end with the next roll.
    fn sign(&mut self, number: u64) -> SignedCommand {
        let turn = number as usize;
        let seats = self.players.len();
        let player = &mut self.players[turn % seats];
        player.sequence += 1;
        let bet = [craps::Bet::Field, craps::Bet::AnySeven, craps::Bet::AnyCraps][turn % 3];
        let table = self.work.tables[turn / 3 % self.work.tables.len()];
        let action = Action::Bet { table, bet: Bet::Craps(bet), stake: self.work.stake };
        let command = Command { key: player.key.public(), sequence: player.sequence, action };
        SignedCommand::sign(&self.work.chain, command, &player.key)
    }

    fn hand_in(&mut self, batch: &[(SignedCommand, Instant)]) {
        if batch.is_empty() {
            return;
        }
        let mut body = String::from("[");
        for (signed, _) in batch {
            let separator = if body.len() > 1 { "," } else { "" };
            let bytes = borsh::to_vec(signed).expect("a vector takes all bytes");
            body.push_str(&format!("{separator}{{\"borsh\":\"{}\"}}", hex::encode(&bytes)));
        }
        body.push(']');
        let ids: Vec<Digest> = batch.iter().map(|(signed, _)| signed.id()).collect();
        let (gateway, handed_in) = (self.work.gateway, now());
        {
            let mut pending = lock(&self.pending);
            for (id, (_, due)) in ids.iter().zip(batch) {
                pending.insert(*id, OnItsWay { due: *due, gateway });
            }
        }
        for (_, due) in batch {
            let late = handed_in.saturating_duration_since(*due);
            self.sent.late.saturating_record(u64::try_from(late.as_micros()).unwrap_or(u64::MAX));
        }
        self.sent.submitted += batch.len() as u64;
        self.sent.requests += 1;
        let refused = match self.connection.post("/v1/commands", body.as_bytes()) {
            Ok(answer) if answer.status == 202 => {
                serde_json::from_slice::<Vec<Status>>(answer.body).map_err(|error| error.to_string())
            }
            Ok(answer) => Err(match serde_json::from_slice::<Problem>(answer.body) {
                Ok(problem) => format!("{} {}", problem.status, problem.title),
                Err(_) => answer.status.to_string(),
            }),
            Err(error) => Err(format!("connection: {}", error.kind())),
        };
        match refused {
            Ok(statuses) => statuses.into_iter().for_each(|status| self.answered(status)),
            Err(why) => ids.into_iter().for_each(|id| self.refused(id, why.clone())),
        }
    }

    fn answered(&mut self, status: Status) {
        if status.state == "turned_away" {
            self.refused(Digest(status.id.0), status.reason.unwrap_or_default());
        } else {
            self.sent.accepted += 1;
        }
    }

    fn refused(&mut self, id: Digest, why: String) {
        lock(&self.pending).remove(&id);
        *self.sent.refused.entry(why).or_default() += 1;
    }
}
