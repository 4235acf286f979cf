//! Property `exactly_once`: each command takes effect once at most, each bet is paid once and no more than was reserved
//! for it, what is refused is refused for the right reason, and after every block every account has what its commands and
//! its bets leave it, to the unit.
//!
//! It keeps books of its own ([`books`]) and holds the ledger against them. The dice and the rules by which they decide
//! bets are judged elsewhere: here a bet ends as its table says.

mod books;
#[cfg(test)]
mod tests;

use super::finding::Finding;
use bitcraps_casino::{Answer, Block, Genesis, Reason, Refusal, SignedCommand, TableReport};
use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_tables::{BetError, BetId, Outcome};
use bitcraps_treasury::{Ledger, LedgerError};
use bitcraps_types::{Height, Time};
use books::{Books, Must, of_table};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub(super) struct ExactlyOnce {
    pub(super) finding: Finding,
    books: Books,
    seen: Height,
    commands: u64,
    /// How many were refused, by reason.
    refused: BTreeMap<String, u64>,
}

/// What a node says of a block that it applied.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) block: &'a Block,
    pub(super) reports: &'a [TableReport],
    pub(super) refusals: &'a [Refusal],
    pub(super) ledger: &'a Ledger,
}

impl ExactlyOnce {
    pub(super) fn new(genesis: &Genesis) -> ExactlyOnce {
        ExactlyOnce {
            finding: Finding::new("exactly_once"),
            books: Books::new(genesis),
            seen: 0,
            commands: 0,
            refused: BTreeMap::new(),
        }
    }

    /// A node applied a block of the one chain. Whether it is the first that did: others with the same root have the same
    /// ledger.
    pub(super) fn applied(&mut self, at: Time, node: u16, height: Height, told: &Told<'_>) -> bool {
        // A gap comes from a state that was taken over while nobody honest was up; from there on the books are lost.
        if height != self.seen + 1 {
            return false;
        }
        self.seen = height;
        // After a violation everything differs.
        if self.finding.first().is_some() {
            return true;
        }
        self.commands += told.block.commands.len() as u64;
        told.block.commands.iter().for_each(|_| self.finding.judged());
        for refusal in told.refusals {
            *self.refused.entry(kind(&refusal.reason)).or_default() += 1;
        }
        if let Err(reason) = self.replay(told) {
            self.finding.violated(at, format!("node {node}, height {height}: {reason}"));
        }
        true
    }

    /// All fees that were paid up to the last block.
    pub(super) fn fees(&self) -> u128 {
        self.books.fees
    }

    pub(super) fn result(&self) -> PropertyResult {
        let mut result = self.finding.result(PropertyKind::Always, "commands");
        if result.holds != Some(false) {
            result.holds = Some(true);
            let refused: u64 = self.refused.values().sum();
            let mut reasons: Vec<_> = self.refused.iter().collect();
            reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            let reasons: Vec<String> = reasons.iter().map(|(why, count)| format!("{count} {why}")).collect();
            let list = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
            result.detail = format!("{} commands, {refused} refused{list}", self.commands);
        }
        result
    }

    /// Does in the books what the block does, and compares.
    fn replay(&mut self, told: &Told<'_>) -> Result<(), String> {
        self.books.touched.clear();
        let mut refusals = told.refusals;
        let mut placed = BTreeSet::new();
        for signed in &told.block.commands {
            if self.command(signed, &mut refusals)? {
                placed.insert(bet_of(signed));
            }
        }
        for report in told.reports {
            self.table(report, &mut placed, &mut refusals)?;
        }
        if let Some(bet) = placed.first() {
            return Err(format!("bet {bet:?} is covered, and no table says what became of it"));
        }
        if let Some(refusal) = refusals.first() {
            let Refusal { account, sequence, reason } = refusal;
            return Err(format!("command {account:?}#{sequence} is refused, and was done: {reason}"));
        }
        self.compare(told.ledger)
    }

    /// One command at the bank. Whether it is a bet that goes to its table.
    fn command(&mut self, signed: &SignedCommand, refusals: &mut &[Refusal]) -> Result<bool, String> {
        let id = bet_of(signed);
        let must = self.books.admit(signed);
        let next = refusals
            .first()
            .filter(|refusal| (refusal.account, refusal.sequence) == (id.account, id.sequence));
        let refused = match (must, next.map(|refusal| refusal.reason)) {
            (Must::Refuse(right), Some(said)) if right == said => true,
            (Must::Refuse(right), Some(said)) => {
                return Err(format!(
                    "command {id:?} is refused because `{said}`, it should be because `{right}`"
                ));
            }
            (Must::Refuse(right), None) => {
                return Err(format!("command {id:?} is done, and should be refused: {right}"));
            }
            // That of a copy further down, or the table's.
            (Must::Do | Must::Unknown, None | Some(Reason::Ledger(LedgerError::SequenceUsed { .. }))) => {
                false
            }
            (Must::Do | Must::Unknown, Some(said)) if of_table(&said).is_some() => false,
            (Must::Unknown, Some(_)) => true,
            (Must::Do, Some(said)) if is_known(&said) => {
                return Err(format!(
                    "command {id:?} is refused because `{said}`, and nothing speaks against it"
                ));
            }
            (Must::Do, Some(_)) => true,
        };
        if must == Must::Unknown && !matches!(next.map(|next| next.reason), Some(Reason::Fee { .. })) {
            self.books.paid_by_rule(&id.account);
        }
        if refused {
            let all = *refusals;
            *refusals = &all[1..];
            return Ok(false);
        }
        self.books.perform(signed);
        Ok(self.books.bets.contains_key(&id))
    }

    /// What a table did with its orders and its bets.
    fn table(
        &mut self,
        report: &TableReport,
        placed: &mut BTreeSet<BetId>,
        refusals: &mut &[Refusal],
    ) -> Result<(), String> {
        let table = report.table;
        for answer in &report.answers {
            let id = answer.id;
            let ours = self.books.bets.get(&id).is_some_and(|bet| bet.table == table);
            match &answer.answer {
                Answer::Placed if ours && placed.remove(&id) => {}
                Answer::NotPlaced(error) if ours && placed.remove(&id) => {
                    self.books.end(&id, 0, 0)?;
                    refused_by_table(refusals, id, *error)?;
                }
                Answer::Placed | Answer::NotPlaced(_) => {
                    return Err(format!(
                        "table {} answers for bet {id:?}, which the bank did not give it",
                        table.0
                    ));
                }
                Answer::TakenDown(down) => {
                    for down in down {
                        if down.bet.account != id.account {
                            return Err(format!("{id:?} takes down the bet {:?} of another", down.bet));
                        }
                        self.books.end(&down.bet, 0, 0)?;
                    }
                }
                Answer::NotTakenDown(error) => refused_by_table(refusals, id, *error)?,
            }
        }
        for settled in &report.settlements {
            let stake = self.books.bets.get(&settled.bet).map_or(0, |bet| bet.stake);
            let (to_player, to_house) = match settled.outcome {
                Outcome::Won { payout } => (payout, 0),
                Outcome::Lost => (0, stake),
                Outcome::Pushed => (0, 0),
            };
            self.books.end(&settled.bet, to_player, to_house)?;
        }
        Ok(())
    }

    /// Holds the ledger against the books, for every account that the block touched.
    fn compare(&self, ledger: &Ledger) -> Result<(), String> {
        for account in &self.books.touched {
            let Some(person) = self.books.person(account) else { continue };
            let entry = ledger.account(account).copied().unwrap_or_default();
            let has = entry.credits_posted.saturating_sub(entry.debits_posted);
            if (has, entry.debits_pending) != (person.has, person.held) {
                return Err(format!(
                    "account {account:?} has {has}, {} of it behind bets; its commands and bets leave it {}, {} of it \
                     behind bets",
                    entry.debits_pending, person.has, person.held
                ));
            }
        }
        Ok(())
    }
}

fn bet_of(signed: &SignedCommand) -> BetId {
    BetId { account: signed.command.account(), sequence: signed.command.sequence }
}

/// The next refusal must be this one.
fn refused_by_table(refusals: &mut &[Refusal], id: BetId, error: BetError) -> Result<(), String> {
    let all = *refusals;
    match all.split_first() {
        Some((next, rest))
            if (next.account, next.sequence) == (id.account, id.sequence)
                && of_table(&next.reason) == Some(error) =>
        {
            *refusals = rest;
            Ok(())
        }
        _ => Err(format!("the table refused {id:?} ({error}), and the block's refusals don't say so")),
    }
}

/// Whether the books would know of this reason.
fn is_known(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::Ledger(_)
            | Reason::Fee { .. }
            | Reason::BankCannotCover { .. }
            | Reason::BankReserve { .. }
            | Reason::KellyLimit { .. }
            | Reason::UnknownTable
            | Reason::NotYourBet
            | Reason::NoStake
    )
}

/// A reason with a dot line for each number.
fn kind(reason: &Reason) -> String {
    let words = reason.to_string();
    let plain: Vec<&str> = words.split(|c: char| c.is_ascii_digit()).collect();
    // Between two digits of one number there is nothing.
    let between = |(at, part): (usize, &&str)| at == 0 || at + 1 == plain.len() || !part.is_empty();
    let kept = plain.iter().enumerate().filter(|pair| between(*pair)).map(|(_, part)| *part);
    let plain = kept.collect::<Vec<_>>().join("…");
    plain.split([':', ',']).next().unwrap_or_default().to_owned()
}
