//! How players cheat: one file per behaviour, and the switchboard that turns them on and off while the run goes on.
//!
//! Cheats are done beside what the players do otherwise, each at a rate of its own. A cheater signs with its own key: it
//! can ask for anything, but it can't sign for another.

mod double_spends;
mod invalid_bets;
mod overdraw;
mod replayed_bets;

use super::arrivals::exponential;
use super::{HandIn, Players};
use bitcraps_types::{Digest, Time};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What players do on behalf of a fault. Rates are by second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cheat {
    /// Commands that must be refused.
    InvalidBets { rate: f64 },
    /// Commands that were done.
    ReplayedBets { rate: f64 },
    /// Bets that the bank can't cover.
    Overdraw { rate: f64 },
    /// Money that is spent twice.
    DoubleSpends { rate: f64 },
    /// Shooters that do nothing more.
    StalledTurn,
}

impl Cheat {
    fn rate(self) -> Option<f64> {
        match self {
            Cheat::InvalidBets { rate }
            | Cheat::ReplayedBets { rate }
            | Cheat::Overdraw { rate }
            | Cheat::DoubleSpends { rate } => Some(rate),
            Cheat::StalledTurn => None,
        }
    }
}

/// The switchboard.
#[derive(Default)]
pub(crate) struct Cheats {
    active: RefCell<BTreeMap<String, Active>>,
    done: RefCell<BTreeMap<String, u64>>,
}

struct Active {
    cheat: Cheat,
    /// The nodes whose players cheat.
    nodes: Vec<u16>,
    /// Who does nothing more.
    stalled: BTreeSet<usize>,
    rng: ChaCha8Rng,
    next: Option<Time>,
    /// How many commands it may hand in yet.
    left: Option<u64>,
    /// How many turns it had.
    turns: u64,
}

/// One turn of one cheat.
pub(super) struct Turn {
    pub(super) cheat: Cheat,
    pub(super) nodes: Vec<u16>,
    /// A player whose node is among them.
    pub(super) player: usize,
    /// Which turn it is, from 0: the ways to cheat take turns too.
    pub(super) number: u64,
}

impl Cheats {
    /// From now on the players of these nodes cheat, until `most` commands were handed in. `stalled`: who stops acting, if
    /// it is that.
    pub(crate) fn begin(
        &self,
        name: &str,
        cheat: Cheat,
        nodes: &[u16],
        stalled: BTreeSet<usize>,
        most: Option<u64>,
        (now, seed): (Time, u64),
    ) {
        let stream = Digest::of("sim/cheat", format!("{seed}/{name}").as_bytes());
        let mut rng = ChaCha8Rng::from_seed(stream.0);
        let next = cheat.rate().map(|rate| after(now, rate, &mut rng));
        let nodes = nodes.to_vec();
        let active = Active { cheat, nodes, stalled, rng, next, left: most, turns: 0 };
        self.active.borrow_mut().insert(name.to_owned(), active);
        self.done.borrow_mut().entry(name.to_owned()).or_default();
    }

    /// They do so no more.
    pub(crate) fn end(&self, name: &str) {
        self.active.borrow_mut().remove(name);
    }

    /// How many commands were handed in, or kept back by who does nothing more; also after its end.
    pub(crate) fn done(&self, name: &str) -> u64 {
        self.done.borrow().get(name).copied().unwrap_or(0)
    }

    /// When the next turn is.
    pub(super) fn next(&self) -> Option<Time> {
        self.active.borrow().values().filter_map(|active| active.next).min()
    }

    /// A turn that is due, by its name.
    pub(super) fn turn(&self, now: Time, players: usize, nodes: usize) -> Option<(String, Turn)> {
        let mut all = self.active.borrow_mut();
        let (name, active) =
            all.iter_mut().find(|(_, active)| active.next.is_some_and(|next| next <= now))?;
        active.next = active.cheat.rate().map(|rate| after(now, rate, &mut active.rng));
        let number = active.turns;
        active.turns += 1;
        let node = usize::from(active.nodes[active.rng.random_range(0..active.nodes.len())]);
        let of_node = players.saturating_sub(node).div_ceil(nodes);
        let player = (of_node > 0).then(|| node + nodes * active.rng.random_range(0..of_node))?;
        let turn = Turn { cheat: active.cheat, nodes: active.nodes.clone(), player, number };
        Some((name.clone(), turn))
    }

    /// So many commands were handed in. When it may do no more, it ends.
    pub(super) fn count(&self, name: &str, commands: u64) {
        *self.done.borrow_mut().entry(name.to_owned()).or_default() += commands;
        let mut all = self.active.borrow_mut();
        if let Some(left) = all.get_mut(name).and_then(|active| active.left.as_mut()) {
            *left = left.saturating_sub(commands);
            if *left == 0 {
                all.remove(name);
            }
        }
    }

    /// Whether this player does nothing; then that is counted.
    pub(super) fn keeps_back(&self, player: usize) -> bool {
        let all = self.active.borrow();
        let by =
            all.iter().find(|(_, active)| active.stalled.contains(&player)).map(|(name, _)| name.clone());
        drop(all);
        by.iter().for_each(|name| self.count(name, 1));
        by.is_some()
    }
}

fn after(now: Time, rate: f64, rng: &mut ChaCha8Rng) -> Time {
    now + exponential(Duration::from_secs_f64(1.0 / rate.max(1e-9)), rng).max(Duration::from_nanos(1))
}

impl Players {
    /// What is handed in at a turn.
    pub(super) fn cheat(&mut self, turn: &Turn) -> Vec<HandIn> {
        match turn.cheat {
            Cheat::InvalidBets { .. } => invalid_bets::hand_in(self, turn),
            Cheat::ReplayedBets { .. } => replayed_bets::hand_in(self, turn),
            Cheat::Overdraw { .. } => overdraw::hand_in(self, turn),
            Cheat::DoubleSpends { .. } => double_spends::hand_in(self, turn),
            Cheat::StalledTurn => Vec::new(),
        }
    }
}
