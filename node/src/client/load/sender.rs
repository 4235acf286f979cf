//! One connection of the load: signs the bets of its players when they are due, and hands them in as lists.

use super::connection::{Answer, Connection};
use super::players::Player;
use super::report::Sent;
use super::schedule::Schedule;
use super::{OnItsWay, Pending, lock, now};
use crate::gateway::api::{Status, Submissions};
use crate::hex;
use bitcraps_casino::{Action, Bet, Command, SignedCommand};
use bitcraps_tables::craps;
use bitcraps_types::{ChainId, Digest, TableId};
use serde::Deserialize;
use std::io;
use std::time::Instant;

/// What a sender has to do.
pub(super) struct Work {
    /// Where it hands in.
    pub(super) gateway: usize,
    pub(super) chain: ChainId,
    pub(super) tables: Vec<TableId>,
    pub(super) stake: u64,
    pub(super) schedule: Schedule,
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
        Sender { work, players, connection: Connection::to(url), pending, sent: Sent::new() }
    }

    /// Works until its last command was due.
    pub(super) fn run(mut self) -> Sent {
        let mut next = 0;
        while let Some(due) = self.work.schedule.wait(next, Submissions::MOST) {
            let commands: Vec<SignedCommand> =
                (next..).take(due.len()).map(|number| self.sign(number)).collect();
            next += due.len() as u64;
            self.hand_in(&commands, &due);
        }
        self.sent
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

    fn hand_in(&mut self, commands: &[SignedCommand], due: &[Instant]) {
        let mut body = String::from("[");
        for signed in commands {
            let separator = if body.len() > 1 { "," } else { "" };
            let bytes = borsh::to_vec(signed).expect("a vector takes all bytes");
            body.push_str(&format!("{separator}{{\"borsh\":\"{}\"}}", hex::encode(&bytes)));
        }
        body.push(']');
        let ids: Vec<Digest> = commands.iter().map(SignedCommand::id).collect();
        let gateway = self.work.gateway;
        {
            let mut pending = lock(&self.pending);
            for (id, due) in ids.iter().zip(due) {
                pending.insert(*id, OnItsWay { due: *due, gateway });
            }
        }
        self.sent.handed_in(due, now());
        let refused = match self.connection.post("/v1/commands", "application/json", body.as_bytes()) {
            Ok(answer) if answer.status == 202 => {
                serde_json::from_slice::<Vec<Status>>(answer.body).map_err(|error| error.to_string())
            }
            answer => Err(refusal(answer)),
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
        self.sent.refused(&why, 1);
    }
}

/// In a few words, why what was handed in was not taken.
pub(super) fn refusal(answer: io::Result<Answer<'_>>) -> String {
    match answer {
        Ok(answer) => match serde_json::from_slice::<Problem>(answer.body) {
            Ok(problem) => format!("{} {}", problem.status, problem.title),
            Err(_) => answer.status.to_string(),
        },
        Err(error) => format!("connection: {}", error.kind()),
    }
}
