//! One shooter, from the bet to its end: the pass line, odds once it has a number, each roll as it comes, and what was
//! won. While a table's point is on there is no pass line to bet on: then it is a come bet, which is the same bet made
//! later.

use super::error::ClientError;
use super::wallet::{Done, Wallet};
use super::watch::{Events, told};
use crate::gateway::api::{BetName, Effect, Ended, Event, Roll, Table};
use crate::hex::Hex;
use bitcraps_casino::{Action, Bet};
use bitcraps_tables::craps;
use bitcraps_types::{Amount, Height, TableId};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

/// A bet of ours that is up.
struct Ours {
    command: Hex<32>,
    bet: BetName,
    stake: Amount,
}

/// See the module.
struct Shooter<'a> {
    wallet: Wallet,
    table: Table,
    events: Events,
    out: &'a mut dyn Write,
    /// By their sequence numbers.
    ours: BTreeMap<u64, Ours>,
    /// The table's point, as the rolls tell it.
    point: Option<u8>,
    staked: u128,
    returned: u128,
    /// Bets are over of which nobody can tell how they ended.
    unknown: usize,
}

/// Plays until every bet made here has ended.
pub(super) fn play(
    wallet: Wallet,
    table: u32,
    stake: Amount,
    odds: u8,
    out: &mut dyn Write,
) -> Result<(), ClientError> {
    let account = Hex(wallet.account().0.0);
    let query = format!("table={table}&account={account}&kinds=roll,bet");
    let events = Events::open(wallet.gateway(), &query)?;
    let table = wallet.gateway().table(table)?;
    let (point, ours) = (table.point, BTreeMap::new());
    let mut shooter = Shooter { wallet, table, events, out, ours, point, staked: 0, returned: 0, unknown: 0 };
    let (base, height) = shooter.open(stake)?;
    shooter.follow(base, height, stake.saturating_mul(Amount::from(odds)))?;
    let Shooter { wallet, staked, returned, unknown, out, .. } = shooter;
    if unknown > 0 {
        writeln!(out, "staked {staked}; how {unknown} of the bets ended is not known here any more")?;
    } else {
        let net = i128::try_from(returned).unwrap_or(i128::MAX) - i128::try_from(staked).unwrap_or(i128::MAX);
        writeln!(out, "staked {staked}, returned {returned}: {net:+}")?;
    }
    writeln!(out, "balance {}", wallet.state()?.balance)?;
    Ok(())
}

impl Shooter<'_> {
    /// Makes the base bet: its sequence number and block.
    fn open(&mut self, stake: Amount) -> Result<(u64, Height), ClientError> {
        let (pass, come) = (craps::Bet::Pass, craps::Bet::Come);
        let (first, other) = if self.point.is_none() { (pass, come) } else { (come, pass) };
        match self.bet(first, stake) {
            // The table went on while we bet: what it takes now is the other one.
            Err(ClientError::NotPlaced { .. }) => self.bet(other, stake),
            done => done,
        }
    }

    fn bet(&mut self, bet: craps::Bet, stake: Amount) -> Result<(u64, Height), ClientError> {
        let (table, name) = (TableId(self.table.id), BetName(Bet::Craps(bet)));
        let done = self.wallet.settle(Action::Bet { table, bet: name.0, stake });
        let Done { id, sequence, height, .. } = match done {
            Err(ClientError::Refused(why)) => return Err(ClientError::NotPlaced { bet: name, why }),
            done => done?,
        };
        writeln!(self.out, "{stake} on {name} in block {height}")?;
        self.staked += u128::from(stake);
        self.ours.insert(sequence, Ours { command: id, bet: name, stake });
        Ok((sequence, height))
    }

    /// Shows what happens, and bets odds once the base bet has a number.
    fn follow(&mut self, base: u64, placed: Height, odds: Amount) -> Result<(), ClientError> {
        let mut odds_due = odds > 0;
        while !self.ours.is_empty() {
            match self.events.next() {
                Ok(Some(Event::Roll { height, dice, total, point, shooter, .. })) => {
                    let roll = Roll { height, dice, total, point, shooter };
                    let text = told(&roll, self.point);
                    writeln!(self.out, "{text}")?;
                    self.point = point;
                    let number = craps::Number::of_total(total);
                    if odds_due && height >= placed {
                        odds_due = false;
                        // The events of this block tell whether the base bet lives; a number on its first roll says it.
                        if let Some(number) = number {
                            self.bet_odds(base, number, odds)?;
                        }
                    }
                }
                Ok(Some(Event::Bet { id, ended: Some(ended), .. })) => self.ended(id.sequence, &ended)?,
                Ok(Some(_)) => {}
                // Nothing came, or the stream is gone: ask.
                Ok(None) => self.look()?,
                Err(ClientError::Unreachable { .. }) => self.listen_again()?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn bet_odds(&mut self, base: u64, number: craps::Number, most: Amount) -> Result<(), ClientError> {
        let rules = super::rules_of(&self.table.rules)?;
        let limit = rules.odds.on(number);
        let stake = self.ours.get(&base).map_or(0, |ours| ours.stake);
        let available = self.wallet.state()?.available;
        let odds = most.min(stake.saturating_mul(Amount::from(limit))).min(available);
        let odds = odds / rules.unit.max(1) * rules.unit.max(1);
        if odds == 0 {
            return Ok(());
        }
        match self.bet(craps::Bet::Odds { base }, odds) {
            Err(ClientError::NotPlaced { why, .. }) => {
                writeln!(self.out, "no odds: {why}")?;
                Ok(())
            }
            done => done.map(|_| ()),
        }
    }

    fn ended(&mut self, sequence: u64, ended: &Ended) -> Result<(), ClientError> {
        let Some(Ours { bet, stake, .. }) = self.ours.remove(&sequence) else { return Ok(()) };
        writeln!(self.out, "{bet}: {}", super::told(ended, stake))?;
        if ended.outcome != "lost" {
            self.returned += u128::from(stake) + u128::from(ended.payout);
        }
        Ok(())
    }

    /// Asks what became of our bets, whatever the stream told. A gateway that was restarted may have forgotten a bet:
    /// one that is not on the table is over.
    fn look(&mut self) -> Result<(), ClientError> {
        let (table, account) = (self.table.id, Hex(self.wallet.account().0.0));
        let table = self.wallet.insist(|gateway| gateway.table(table))?;
        let up: BTreeSet<u64> =
            table.bets.iter().filter(|bet| bet.id.account == account).map(|bet| bet.id.sequence).collect();
        let open: Vec<(u64, Hex<32>)> =
            self.ours.iter().map(|(sequence, ours)| (*sequence, ours.command)).collect();
        for (sequence, command) in open {
            let status = self.wallet.insist(|gateway| gateway.status(command, Duration::ZERO))?;
            match status.and_then(|status| status.effect) {
                Some(Effect::Placed { ended: Some(ended), .. }) => self.ended(sequence, &ended)?,
                Some(_) => {}
                None if up.contains(&sequence) => {}
                None => {
                    self.unknown += usize::from(self.ours.remove(&sequence).is_some());
                    writeln!(self.out, "bet {sequence} is over")?;
                }
            }
        }
        Ok(())
    }

    fn listen_again(&mut self) -> Result<(), ClientError> {
        let (table, account) = (self.table.id, Hex(self.wallet.account().0.0));
        let query = format!("table={table}&account={account}&kinds=roll,bet");
        self.events = self.wallet.insist(|gateway| Events::open(gateway, &query))?;
        self.look()
    }
}
