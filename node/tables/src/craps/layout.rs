//! The layout: one table from each bet to its terms under the table's rules.

use super::numbers::{Horn, Number};
use super::pays::{Pays, Price, Vig, lcm};
use super::rules::{CrapsRules, Limit, Vigs};
use super::terms::{Bonus, Few, Mark, OnComeOut, Race, Terms, Tier};
use super::{Bet, Hard};
use crate::{BetError, Dice, Event};
use bitcraps_types::Amount;

/// The terms of a bet. Odds have them only with the number of their base bet.
pub(super) fn terms(rules: &CrapsRules, bet: Bet, base: Option<Number>) -> Option<Terms> {
    let CrapsRules { pays, vig, working, .. } = rules;
    let seven = Event::total(7);
    let total = |number: Number| Event::total(number.total());
    let place = |win, lose, pays: Pays| race(win, lose, pays.into());
    let off_unless = |works: bool, race: Race| {
        Terms::Race(if works { race } else { Race { on_come_out: OnComeOut::Off, ..race } })
    };
    Some(match bet {
        Bet::Pass | Bet::Come | Bet::Put(_) => Terms::Line { with: true, barred: 0 },
        Bet::DontPass | Bet::DontCome => Terms::Line { with: false, barred: rules.barred.total() },
        Bet::Odds { .. } => {
            let on_come_out = if working.come_odds { OnComeOut::Works } else { OnComeOut::Returned };
            Terms::Race(Race { on_come_out, ..true_race(total(base?), seven) })
        }
        Bet::LayOdds { .. } => Terms::Race(true_race(seven, total(base?))),
        Bet::Place(n) => off_unless(working.place, place(total(n), seven, pays.place.on(n))),
        Bet::PlaceToLose(n) => Terms::Race(place(seven, total(n), pays.place_to_lose.on(n))),
        Bet::Buy(n) => off_unless(working.buy, taxed(true_race(total(n), seven), Vig::OfStake(vig.buy), vig)),
        Bet::Lay(n) => Terms::Race(taxed(true_race(seven, total(n)), Vig::OfWin(vig.lay), vig)),
        Bet::BigSix => Terms::Race(place(Event::total(6), seven, pays.big)),
        Bet::BigEight => Terms::Race(place(Event::total(8), seven, pays.big)),
        Bet::Hardway(hard) => {
            let pair = Event::dice(hard.total() / 2, hard.total() / 2);
            let others = (Event::total(hard.total()) | seven) - pair;
            let pays = match hard {
                Hard::Four | Hard::Ten => pays.hard_four_ten,
                Hard::Six | Hard::Eight => pays.hard_six_eight,
            };
            off_unless(working.hardways, place(pair, others, pays))
        }
        Bet::Field => {
            let even = Event::totals([3, 4, 9, 10, 11]);
            let [two, twelve] = [2, 12].map(Event::total);
            Terms::OneRoll(Few::of([
                (even, Pays::EVEN.into()),
                (two, pays.field_two.into()),
                (twelve, pays.field_twelve.into()),
            ]))
        }
        Bet::AnySeven | Bet::AnyCraps | Bet::Exactly(_) | Bet::Hop(_) => split(rules, bet),
        Bet::Horn | Bet::HornHigh(_) | Bet::World | Bet::CrapsAndEleven => split(rules, bet),
        Bet::Yes(t) => Terms::Race(commissioned(true_race(Event::total(t.total()), seven), rules)),
        Bet::No(t) => Terms::Race(commissioned(true_race(seven, Event::total(t.total())), rules)),
        Bet::Next(t) => next(rules, t.total()),
        Bet::NextSeven => next(rules, 7),
        Bet::Small => all_of(Event::totals(2..=6), 5, pays.small, 26_353_910),
        Bet::Tall => all_of(Event::totals(8..=12), 5, pays.tall, 26_353_910),
        Bet::All => all_of(Event::totals((2..=6).chain(8..=12)), 10, pays.all, 5_257_705),
        Bet::Fire => bonus(Mark::Points, 4, pays.fire, [8_798_179, 1_639_934, 162_435]),
        Bet::Repeater(t) => {
            const CHANCES: [u32; 5] = [20_408_164, 15_625_000, 12_345_680, 10_240_000, 8_819_906];
            // 0 for 2 and 12, which must come twice.
            let nth = 5 - t.total().abs_diff(7);
            let (pays, chance) = (pays.repeater[usize::from(nth)], CHANCES[usize::from(nth)]);
            bonus(Mark::Times(Event::total(t.total())), u32::from(nth) + 2, [pays], [chance])
        }
        Bet::DifferentDoubles => {
            let chances = [60_606_061, 22_727_273, 6_493_507, 1_082_252];
            bonus(Mark::Totals(Event::of(Dice::is_pair)), 3, pays.different_doubles, chances)
        }
        Bet::Muggsy => Terms::Muggsy(pays.muggsy),
    })
}

/// The limits of a bet; of odds, those of the bet that they are on.
pub(super) fn limit(rules: &CrapsRules, bet: Bet) -> Limit {
    let limits = &rules.limits;
    match bet {
        Bet::Pass
        | Bet::DontPass
        | Bet::Come
        | Bet::DontCome
        | Bet::Put(_)
        | Bet::Odds { .. }
        | Bet::LayOdds { .. } => limits.line,
        Bet::Place(_) | Bet::PlaceToLose(_) | Bet::Buy(_) | Bet::Lay(_) | Bet::BigSix | Bet::BigEight => {
            limits.number
        }
        Bet::Hardway(_)
        | Bet::Field
        | Bet::AnySeven
        | Bet::AnyCraps
        | Bet::Exactly(_)
        | Bet::Horn
        | Bet::HornHigh(_)
        | Bet::World
        | Bet::CrapsAndEleven
        | Bet::Hop(_) => limits.proposition,
        Bet::Yes(_) | Bet::No(_) | Bet::Next(_) | Bet::NextSeven => limits.exchange,
        Bet::Small
        | Bet::Tall
        | Bet::All
        | Bet::Fire
        | Bet::Repeater(_)
        | Bet::DifferentDoubles
        | Bet::Muggsy => limits.bonus,
    }
}

/// See [`Game::exposure`](crate::Game::exposure).
pub(super) fn exposure(rules: &CrapsRules, bet: Bet, stake: Amount) -> Result<Amount, BetError> {
    check_stake(rules, bet, stake)?;
    Ok(prices(rules, bet).map(|price| price.payout(stake, rules.unit)).max().unwrap_or(0))
}

/// Whether a bet may be of this size, whatever the table's state.
pub(super) fn check_stake(rules: &CrapsRules, bet: Bet, stake: Amount) -> Result<(), BetError> {
    let Limit { min, max } = limit(rules, bet);
    let (min, max) = if bet.base().is_some() {
        // The number that the odds will be on is not known here: the most of all.
        (1, Number::ALL.into_iter().map(|number| most_odds(rules, bet, number, max)).max().unwrap_or(0))
    } else {
        (min, max)
    };
    if stake < min {
        return Err(BetError::StakeTooSmall { min });
    }
    if stake > max {
        return Err(BetError::StakeTooLarge { max });
    }
    if !stake.is_multiple_of(rules.unit.max(1)) {
        return Err(BetError::NotInUnits { unit: rules.unit });
    }
    Ok(())
}

/// The least stake on which nothing is rounded, in any way that the bet can win. `None`: it is no amount.
pub(super) fn exact_stake(rules: &CrapsRules, bet: Bet) -> Option<Amount> {
    let chips = prices(rules, bet).try_fold(1, |chips, price| lcm(chips, price.exact_chips()?))?;
    Amount::try_from(chips).ok()?.checked_mul(rules.unit)
}

/// All that a win can pay; for odds on whichever number.
fn prices(rules: &CrapsRules, bet: Bet) -> impl Iterator<Item = Price> {
    let numbers = if bet.base().is_some() { &Number::ALL[..] } else { &Number::ALL[..1] };
    let terms = numbers.iter().filter_map(move |number| terms(rules, bet, Some(*number)));
    terms.flat_map(|terms| terms.prices())
}

/// The most odds that a base stake carries on a number. Laid odds may win as much as the multiple of the stake.
pub(super) fn most_odds(rules: &CrapsRules, bet: Bet, number: Number, base: Amount) -> Amount {
    let multiple = base.saturating_mul(rules.odds.on(number).into());
    match bet {
        Bet::LayOdds { .. } => {
            Price::true_odds(Event::total(number.total()).ways(), Event::total(7).ways()).payout(multiple, 1)
        }
        _ => multiple,
    }
}

/// One event before another, always on.
fn race(win: Event, lose: Event, price: Price) -> Race {
    Race { win, lose, price, on_come_out: OnComeOut::Works }
}

fn true_race(win: Event, lose: Event) -> Race {
    race(win, lose, Price::true_odds(win.ways(), lose.ways()))
}

fn taxed(race: Race, vig: Vig, rules: &Vigs) -> Race {
    Race { price: race.price.with_vig(vig, rules.up_front), ..race }
}

/// Yes, no and next pay their commission out of the win.
fn commissioned(race: Race, rules: &CrapsRules) -> Race {
    Race { price: race.price.with_vig(Vig::OfWin(rules.vig.exchange), false), ..race }
}

fn next(rules: &CrapsRules, total: u8) -> Terms {
    let event = Event::total(total);
    let price = Price::true_odds(event.ways(), 36 - event.ways());
    Terms::OneRoll(Few::of([(event, price.with_vig(Vig::OfWin(rules.vig.exchange), false))]))
}

/// The simple bets on one roll among which a bet splits its stake, and in which parts.
fn parts(bet: Bet) -> impl Iterator<Item = (Bet, u32)> + Clone {
    let horn =
        |high| Horn::ALL.map(|number| Some((Bet::Exactly(number), 1 + u32::from(Some(number) == high))));
    let (most, last) = match bet {
        Bet::Horn => (horn(None), None),
        Bet::HornHigh(high) => (horn(Some(high)), None),
        Bet::World => (horn(None), Some((Bet::AnySeven, 1))),
        Bet::CrapsAndEleven => {
            ([Some((Bet::AnyCraps, 1)), Some((Bet::Exactly(Horn::Eleven), 1)), None, None], None)
        }
        bet => ([None; 4], Some((bet, 1))),
    };
    most.into_iter().chain([last]).flatten()
}

/// On the event of one part that part wins, and the others lose.
fn split(rules: &CrapsRules, bet: Bet) -> Terms {
    let whole: u32 = parts(bet).map(|(_, part)| part).sum();
    let net = |(bet, part): (Bet, u32)| {
        let (event, Pays { win, per }) = simple(rules, bet);
        let win = (part * u32::from(win)).saturating_sub((whole - part) * u32::from(per));
        (event, Price { win, per: whole * u32::from(per), ..Pays::EVEN.into() })
    };
    Terms::OneRoll(Few::of(parts(bet).map(net)))
}

/// A bet that could win in one part and yet lose on the whole. There is no such outcome.
pub(super) fn partly_lost(rules: &CrapsRules) -> Option<Bet> {
    Bet::all().find(|&bet| {
        let whole: u32 = parts(bet).map(|(_, part)| part).sum();
        parts(bet).count() > 1
            && parts(bet).any(|(simple_bet, part)| {
                let (_, Pays { win, per }) = simple(rules, simple_bet);
                part * u32::from(win) < (whole - part) * u32::from(per)
            })
    })
}

/// A one-roll bet that stands on one event.
fn simple(rules: &CrapsRules, bet: Bet) -> (Event, Pays) {
    let pays = &rules.pays;
    match bet {
        Bet::AnyCraps => (Event::totals([2, 3, 12]), pays.any_craps),
        Bet::Exactly(number @ (Horn::Two | Horn::Twelve)) => (Event::total(number.total()), pays.two_twelve),
        Bet::Exactly(number) => (Event::total(number.total()), pays.three_eleven),
        Bet::Hop(hop) => (hop.event(), if hop.is_hard() { pays.hop_hard } else { pays.hop_easy }),
        _ => (Event::total(7), pays.any_seven),
    }
}

fn all_of(event: Event, marks: u32, pays: Pays, chance: u32) -> Terms {
    bonus(Mark::Totals(event), marks, [pays], [chance])
}

fn bonus<const N: usize>(mark: Mark, fewest: u32, pays: [Pays; N], chances: [u32; N]) -> Terms {
    let tiers = (fewest..).zip(pays).zip(chances);
    Terms::Bonus(Bonus {
        mark,
        tiers: Few::of(tiers.map(|((marks, pays), chance)| Tier { marks, pays, chance })),
    })
}
