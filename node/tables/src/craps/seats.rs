//! Who plays at the table, with which bets, and in which order they take the dice.

use super::terms::Progress;
use super::{Bet, BetId};
use bitcraps_types::{AccountId, Amount};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// A bet that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Open {
    /// With the player, its name.
    pub(super) sequence: u64,
    pub(super) bet: Bet,
    pub(super) stake: Amount,
    pub(super) progress: Progress,
}

/// A player's bets that are up, in the order of their sequence numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub(super) struct Bets(Vec<Open>);

impl Bets {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Open> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, sequence: u64) -> Option<&Open> {
        self.at(sequence).ok().map(|at| &self.0[at])
    }

    /// The odds that are up on a base bet.
    pub(super) fn odds_on(&self, base: u64) -> impl Iterator<Item = &Open> {
        self.iter().filter(move |open| open.bet.base() == Some(base))
    }

    /// Where a bet is, or where it would be. A new one is nearly always the last.
    fn at(&self, sequence: u64) -> Result<usize, usize> {
        match self.0.last() {
            Some(last) if last.sequence >= sequence => {
                self.0.binary_search_by_key(&sequence, |open| open.sequence)
            }
            _ => Err(self.0.len()),
        }
    }
}

impl BorshDeserialize for Bets {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let bets = Vec::<Open>::deserialize_reader(reader)?;
        let in_order = bets.is_sorted_by(|before, after| before.sequence < after.sequence);
        if in_order { Ok(Bets(bets)) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

/// The players at the table. Who has made a bet has a seat, and leaves it without a bet when a hand begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seats {
    players: BTreeMap<AccountId, Bets>,
    /// The same players in the order in which they take the dice.
    queue: Vec<AccountId>,
    /// How many bets are up.
    open: usize,
}

impl Seats {
    /// How many bets are up.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// A player's bets; `None` for who has no seat.
    pub(super) fn of(&self, player: AccountId) -> Option<&Bets> {
        self.players.get(&player)
    }

    /// Each player with the bets, in the order of the players' ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (AccountId, &Bets)> {
        self.players.iter().map(|(player, bets)| (*player, bets))
    }

    /// Puts a bet up. Its player gets a seat, at the end of the queue. Beyond `room` seats those without bets are
    /// emptied.
    pub(super) fn put(&mut self, player: AccountId, open: Open, room: usize) {
        if self.queue.len() >= room && !self.players.contains_key(&player) {
            self.empty_idle();
        }
        let bets = self.players.entry(player).or_insert_with(|| {
            self.queue.push(player);
            Bets::default()
        });
        if let Err(at) = bets.at(open.sequence) {
            bets.0.insert(at, open);
            self.open += 1;
        }
    }

    /// Takes those of a player's bets down that `goes` names.
    pub(super) fn take(&mut self, player: AccountId, goes: impl Fn(&Open) -> bool) {
        if let Some(bets) = self.players.get_mut(&player) {
            let before = bets.len();
            bets.0.retain(|open| !goes(open));
            self.open -= before - bets.len();
        }
    }

    /// Ends bets, or lets them come further. `fate` sees a bet among its player's as they were before; its `Some` is how far
    /// the bet comes, `None` ends it.
    pub(super) fn advance(&mut self, mut fate: impl FnMut(BetId, &Open, &Bets) -> Option<Progress>) {
        let mut fates = Vec::with_capacity(8);
        for (&account, bets) in &mut self.players {
            fates.clear();
            fates.extend(bets.iter().map(|open| {
                let id = BetId { account, sequence: open.sequence };
                fate(id, open, bets)
            }));
            let before = bets.len();
            let mut fates = fates.iter();
            bets.0.retain_mut(|open| match fates.next().copied().flatten() {
                Some(progress) => {
                    open.progress = progress;
                    true
                }
                None => false,
            });
            self.open -= before - bets.len();
        }
    }

    /// A player goes to the end of the queue.
    pub(super) fn put_last(&mut self, player: AccountId) {
        if let Some(at) = self.queue.iter().position(|&other| other == player) {
            self.queue[at..].rotate_left(1);
        }
    }

    /// Who has no bet up leaves.
    pub(super) fn empty_idle(&mut self) {
        self.players.retain(|_, bets| bets.len() > 0);
        let players = &self.players;
        self.queue.retain(|player| players.contains_key(player));
    }

    /// The first in the queue who has a bet up that `fits`.
    pub(super) fn first_with(&self, fits: impl Fn(Bet) -> bool) -> Option<AccountId> {
        let has = |player: &AccountId| self.players[player].iter().any(|open| fits(open.bet));
        self.queue.iter().copied().find(has)
    }
}

/// The players with their bets, in the order of the queue.
impl BorshSerialize for Seats {
    fn serialize<W: Write>(&self, writer: &mut W) -> io::Result<()> {
        u32::try_from(self.queue.len()).map_err(|_| io::ErrorKind::InvalidInput)?.serialize(writer)?;
        self.queue.iter().try_for_each(|player| (player, &self.players[player]).serialize(writer))
    }
}

impl BorshDeserialize for Seats {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let mut seats = Seats::default();
        for (player, bets) in Vec::<(AccountId, Bets)>::deserialize_reader(reader)? {
            seats.open += bets.len();
            seats.queue.push(player);
            if seats.players.insert(player, bets).is_some() {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        Ok(seats)
    }
}
