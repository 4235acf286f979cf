//! The players: who bets what, where and when. Every command is signed with the player's own key.

use super::network::Network;
use crate::scenario::Workload;
use bitcraps_casino::{Action, Bet, Command, SignedCommand};
use bitcraps_tables::craps::{self, Number};
use bitcraps_types::{Amount, Time};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::time::Duration;

/// The stakes that players choose from, in the smallest unit.
const STAKES: [Amount; 4] = [30, 60, 90, 120];

/// The players of one run. Bets arrive as a Poisson process over all players.
pub(crate) struct Players {
    rng: ChaCha8Rng,
    rate: f64,
    tables: u32,
    /// The last sequence number of each player.
    sequences: Vec<u64>,
    /// The last line or come bet of each player, and its sequence number: what odds can be on.
    lines: Vec<Option<(u64, craps::Bet)>>,
    /// All that can be bet on.
    catalogue: Vec<craps::Bet>,
}

impl Players {
    pub(crate) fn new(workload: &Workload, seed: u64) -> Players {
        let stream = bitcraps_types::Digest::of("sim/workload", &seed.to_le_bytes());
        Players {
            rng: ChaCha8Rng::from_seed(stream.0),
            rate: workload.bets.per_second(),
            tables: workload.tables,
            sequences: vec![0; workload.players as usize],
            lines: vec![None; workload.players as usize],
            catalogue: craps::Bet::all().collect(),
        }
    }

    /// When the next bet comes after `now`; never without players.
    pub(crate) fn next_after(&mut self, now: Time) -> Option<Time> {
        if self.sequences.is_empty() || self.rate <= 0.0 {
            return None;
        }
        let uniform: f64 = self.rng.random_range(f64::EPSILON..1.0);
        Some(now + Duration::from_secs_f64(-uniform.ln() / self.rate))
    }

    /// The next command, and the player's number.
    pub(crate) fn command(&mut self, network: &Network) -> (usize, SignedCommand) {
        let player = self.rng.random_range(0..self.sequences.len());
        self.sequences[player] += 1;
        let sequence = self.sequences[player];
        let table = bitcraps_types::TableId(self.rng.random_range(0..self.tables));
        let bet = self.bet(player);
        if matches!(bet, craps::Bet::Pass | craps::Bet::DontPass | craps::Bet::Come | craps::Bet::DontCome) {
            self.lines[player] = Some((sequence, bet));
        }
        let bet = Bet::Craps(bet);
        let stake = STAKES[self.rng.random_range(0..STAKES.len())];
        let signer = network.keyring.signer(network.validators.len() + player);
        let command =
            Command { key: signer.public_key(), sequence, action: Action::Bet { table, bet, stake } };
        (player, SignedCommand::sign(&network.chain, command, &*signer))
    }

    /// Mostly the line, as at a real table, and anything else that can be bet on. Some bets are refused there: a come bet
    /// needs a point.
    fn bet(&mut self, player: usize) -> craps::Bet {
        match self.rng.random_range(0..16) {
            0..=4 => craps::Bet::Pass,
            5 | 6 => craps::Bet::DontPass,
            7 | 8 => craps::Bet::Come,
            9 => craps::Bet::DontCome,
            10 => match self.lines[player] {
                Some((base, craps::Bet::Pass | craps::Bet::Come)) => craps::Bet::Odds { base },
                Some((base, _)) => craps::Bet::LayOdds { base },
                None => craps::Bet::Place(Number::Six),
            },
            11 => craps::Bet::Place(Number::ALL[self.rng.random_range(0..6)]),
            _ => self.catalogue[self.rng.random_range(0..self.catalogue.len())],
        }
    }
}
