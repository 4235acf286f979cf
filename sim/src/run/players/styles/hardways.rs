//! A hardway lover: keeps all four hardways up, whatever the point.

use super::bet;
use crate::run::players::person::Person;
use bitcraps_casino::Action;
use bitcraps_tables::craps::{Bet, Hard};
use bitcraps_types::Amount;

const STAKE: Amount = 10;

pub(super) fn next(person: &Person) -> Option<Action> {
    let mut all = Hard::ALL.into_iter().map(Bet::Hardway);
    all.find(|hardway| person.held(*hardway).is_none()).map(|hardway| bet(person.table, hardway, STAKE))
}
