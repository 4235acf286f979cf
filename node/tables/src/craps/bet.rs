//! The bets of craps: which there are, and how they are written.

use super::numbers::{Hard, Hop, Horn, Number, Target};
use crate::Dice;
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;
use std::str::FromStr;

/// What can be bet on. What each pays is in the [table's rules](super::CrapsRules); docs/craps.md has all of it at a
/// glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum Bet {
    /// With the shooter. Made before the come-out; a contract once the point is on.
    Pass,
    /// Against the shooter; a come-out 12 pushes. Made before the come-out.
    DontPass,
    /// A pass bet whose come-out is the next roll. Made while a point is on; a contract once it has travelled.
    Come,
    /// A don't pass bet whose come-out is the next roll. Made while a point is on.
    DontCome,
    /// A pass or come bet that is put straight on a number, without the chance of a natural. Made while a point is on; a
    /// contract.
    Put(Number),
    /// Odds with a pass, come or put bet of the same account whose number is on.
    Odds {
        /// The sequence number in that bet's id.
        base: u64,
    },
    /// Odds laid with a don't pass or don't come bet of the same account whose number is on.
    LayOdds {
        /// The sequence number in that bet's id.
        base: u64,
    },
    /// The number comes before a seven.
    Place(Number),
    /// A seven comes before the number.
    PlaceToLose(Number),
    /// The number comes before a seven, at true odds less the vig.
    Buy(Number),
    /// A seven comes before the number, at true odds less the vig.
    Lay(Number),
    /// Six comes before a seven.
    BigSix,
    /// Eight comes before a seven.
    BigEight,
    /// The number comes as a pair before it comes otherwise and before a seven.
    Hardway(Hard),
    /// The next roll is 2, 3, 4, 9, 10, 11 or 12.
    Field,
    /// The next roll is 7.
    AnySeven,
    /// The next roll is 2, 3 or 12.
    AnyCraps,
    /// The next roll is this number.
    Exactly(Horn),
    /// A quarter on each of 2, 3, 11 and 12.
    Horn,
    /// A fifth on each of 2, 3, 11 and 12, and another on this one.
    HornHigh(Horn),
    /// A fifth on each of 2, 3, 11, 12 and any seven. Also called whirl.
    World,
    /// Half on any craps, half on 11: C&E.
    CrapsAndEleven,
    /// The next roll is these two dice.
    Hop(Hop),
    /// The total comes before a seven, at true odds less a commission.
    Yes(Target),
    /// A seven comes before the total, at true odds less a commission.
    No(Target),
    /// The next roll is the total, at true odds less a commission.
    Next(Target),
    /// The next roll is 7, at true odds less a commission.
    NextSeven,
    /// All of 2 to 6 come before a seven. This and the bets below but the last are made only before a shooter's first
    /// roll, and stay up.
    Small,
    /// All of 8 to 12 come before a seven.
    Tall,
    /// All totals come before a seven.
    All,
    /// The shooter makes four, five or six different points.
    Fire,
    /// The total comes often before a seven: 2 and 12 twice, 3 and 11 thrice, and so on to 6 and 8 six times.
    Repeater(Target),
    /// Three or more different pairs come before a seven.
    DifferentDoubles,
    /// A seven on the come-out, or on the roll after the one that set the point. Made before the come-out.
    Muggsy,
}

impl Bet {
    /// Every bet there is save odds, which name the bet that they are on.
    pub fn all() -> impl Iterator<Item = Bet> {
        let on_numbers = |bet: fn(Number) -> Bet| Number::ALL.into_iter().map(bet);
        let on_targets = |bet: fn(Target) -> Bet| Target::all().map(bet);
        [Bet::Pass, Bet::DontPass, Bet::Come, Bet::DontCome]
            .into_iter()
            .chain(
                [Bet::Put, Bet::Place, Bet::PlaceToLose, Bet::Buy, Bet::Lay].into_iter().flat_map(on_numbers),
            )
            .chain([Bet::BigSix, Bet::BigEight])
            .chain(Hard::ALL.map(Bet::Hardway))
            .chain([Bet::Field, Bet::AnySeven, Bet::AnyCraps])
            .chain(Horn::ALL.map(Bet::Exactly))
            .chain([Bet::Horn])
            .chain(Horn::ALL.map(Bet::HornHigh))
            .chain([Bet::World, Bet::CrapsAndEleven])
            .chain(Hop::all().map(Bet::Hop))
            .chain([Bet::Yes, Bet::No, Bet::Next].into_iter().flat_map(on_targets))
            .chain([Bet::NextSeven, Bet::Small, Bet::Tall, Bet::All, Bet::Fire])
            .chain(on_targets(Bet::Repeater))
            .chain([Bet::DifferentDoubles, Bet::Muggsy])
    }

    /// The sequence number of the bet that odds are on.
    pub(super) fn base(self) -> Option<u64> {
        match self {
            Bet::Odds { base } | Bet::LayOdds { base } => Some(base),
            _ => None,
        }
    }

    /// How bets are written, and what each says.
    pub const SYNTAX: [(&str, &str); 30] = [
        ("pass_line", "with the shooter; before the come-out"),
        ("dont_pass", "against the shooter; before the come-out"),
        ("come", "as pass_line, from the next roll on; needs a point"),
        ("dont_come", "as dont_pass, from the next roll on; needs a point"),
        ("put:4|5|6|8|9|10", "as come, put straight on the number; needs a point"),
        ("odds:N", "with bet N of yours (pass_line, come, put), at true odds"),
        ("lay_odds:N", "with bet N of yours (dont_pass, dont_come), at true odds"),
        ("place:4|5|6|8|9|10", "the number before a seven"),
        ("place_to_lose:4|5|6|8|9|10", "a seven before the number"),
        ("buy:4|5|6|8|9|10", "the number before a seven, at true odds less the vig"),
        ("lay:4|5|6|8|9|10", "a seven before the number, at true odds less the vig"),
        ("big:6|8", "the number before a seven, at even money"),
        ("hardway:4|6|8|10", "the pair before the number comes otherwise and before a seven"),
        ("field", "2, 3, 4, 9, 10, 11 or 12 next"),
        ("any_seven", "7 next"),
        ("any_craps", "2, 3 or 12 next"),
        ("exactly:2|3|11|12", "the number next"),
        ("horn", "2, 3, 11 or 12 next, a quarter on each"),
        ("horn_high:2|3|11|12", "as horn in fifths, two of them on the number"),
        ("world", "horn and any_seven in fifths"),
        ("craps_eleven", "any craps or 11 next, half on each"),
        ("hop:1-1|1-2|..|6-6", "these two dice next"),
        ("yes:2|..|6|8|..|12", "the total before a seven, at true odds less a commission"),
        ("no:2|..|6|8|..|12", "a seven before the total, at true odds less a commission"),
        ("next:2|..|12", "the total next, at true odds less a commission"),
        ("small, tall, all", "2 to 6, 8 to 12, or both before a seven; before a shooter's first roll"),
        ("fire", "four or more different points made; before a shooter's first roll"),
        (
            "repeater:2|..|6|8|..|12",
            "the total two to six times before a seven; before a shooter's first roll",
        ),
        ("different_doubles", "three or more different pairs before a seven; before a shooter's first roll"),
        ("muggsy", "7 on the come-out or right after the point is set; before the come-out"),
    ];
}

impl fmt::Display for Bet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bet::Pass => f.write_str("pass_line"),
            Bet::DontPass => f.write_str("dont_pass"),
            Bet::Come => f.write_str("come"),
            Bet::DontCome => f.write_str("dont_come"),
            Bet::Put(number) => write!(f, "put:{}", number.total()),
            Bet::Odds { base } => write!(f, "odds:{base}"),
            Bet::LayOdds { base } => write!(f, "lay_odds:{base}"),
            Bet::Place(number) => write!(f, "place:{}", number.total()),
            Bet::PlaceToLose(number) => write!(f, "place_to_lose:{}", number.total()),
            Bet::Buy(number) => write!(f, "buy:{}", number.total()),
            Bet::Lay(number) => write!(f, "lay:{}", number.total()),
            Bet::BigSix => f.write_str("big:6"),
            Bet::BigEight => f.write_str("big:8"),
            Bet::Hardway(hard) => write!(f, "hardway:{}", hard.total()),
            Bet::Field => f.write_str("field"),
            Bet::AnySeven => f.write_str("any_seven"),
            Bet::AnyCraps => f.write_str("any_craps"),
            Bet::Exactly(number) => write!(f, "exactly:{}", number.total()),
            Bet::Horn => f.write_str("horn"),
            Bet::HornHigh(number) => write!(f, "horn_high:{}", number.total()),
            Bet::World => f.write_str("world"),
            Bet::CrapsAndEleven => f.write_str("craps_eleven"),
            Bet::Hop(hop) => write!(f, "hop:{hop}"),
            Bet::Yes(target) => write!(f, "yes:{}", target.total()),
            Bet::No(target) => write!(f, "no:{}", target.total()),
            Bet::Next(target) => write!(f, "next:{}", target.total()),
            Bet::NextSeven => f.write_str("next:7"),
            Bet::Small => f.write_str("small"),
            Bet::Tall => f.write_str("tall"),
            Bet::All => f.write_str("all"),
            Bet::Fire => f.write_str("fire"),
            Bet::Repeater(target) => write!(f, "repeater:{}", target.total()),
            Bet::DifferentDoubles => f.write_str("different_doubles"),
            Bet::Muggsy => f.write_str("muggsy"),
        }
    }
}

/// A text that is no bet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no bet; there are {known}", known = syntaxes())]
pub struct BetNameError(pub String);

fn syntaxes() -> String {
    Bet::SYNTAX.map(|(syntax, _)| syntax).join(", ")
}

impl FromStr for Bet {
    type Err = BetNameError;

    fn from_str(text: &str) -> Result<Bet, BetNameError> {
        let bet = match text.split_once(':') {
            Some(("odds", base)) => base.parse().ok().map(|base| Bet::Odds { base }),
            Some(("lay_odds", base)) => base.parse().ok().map(|base| Bet::LayOdds { base }),
            // Dice are in no order.
            Some(("hop", faces)) => hop(faces).map(Bet::Hop),
            _ => Bet::all().find(|bet| bet.to_string() == text),
        };
        bet.ok_or_else(|| BetNameError(text.chars().take(40).collect()))
    }
}

fn hop(faces: &str) -> Option<Hop> {
    let (a, b) = faces.split_once('-')?;
    Some(Hop::of(Dice::new(a.parse().ok()?, b.parse().ok()?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_bet_comes_back_from_its_name_and_from_its_bytes() {
        let odds = [Bet::Odds { base: u64::MAX }, Bet::LayOdds { base: 0 }];
        let all: Vec<Bet> = Bet::all().chain(odds).collect();
        for bet in &all {
            assert_eq!(bet.to_string().parse(), Ok(*bet));
            assert_eq!(borsh::from_slice::<Bet>(&borsh::to_vec(bet).unwrap()).unwrap(), *bet);
        }
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "no bet is there twice");
        assert_eq!("hop:5-2".parse(), "hop:2-5".parse::<Bet>());
    }

    #[test]
    fn other_names_are_refused_with_a_list_of_those_there_are() {
        for name in [
            "",
            "pass",
            "place",
            "place:7",
            "place:260",
            "hardway:5",
            "odds:-1",
            "odds:x",
            "odds:",
            "yes:7",
            "no:1",
            "next:13",
            "repeater:7",
            "hop:0-1",
            "hop:7-1",
            "hop:3",
            "exactly:4",
            "big:4",
            "small, tall, all",
        ] {
            assert!(name.parse::<Bet>().is_err(), "{name}");
        }
        let error = "place:7".parse::<Bet>().unwrap_err().to_string();
        assert!(error.starts_with("`place:7` is no bet; there are pass_line, dont_pass"), "{error}");
    }

    #[test]
    fn bytes_of_numbers_that_no_dice_show_do_not_decode() {
        for bet in ["yes:9", "hop:3-4"] {
            let good = borsh::to_vec(&bet.parse::<Bet>().unwrap()).unwrap();
            for number in [0, 7, 13] {
                let bad = [&good[..1], &[number][..], &good[2..]].concat();
                assert!(borsh::from_slice::<Bet>(&bad).is_err(), "{bet} with {number}");
            }
        }
        let hop = borsh::to_vec(&"hop:3-4".parse::<Bet>().unwrap()).unwrap();
        assert!(borsh::from_slice::<Bet>(&[hop[0], 4, 3]).is_err(), "each hop has one encoding");
    }
}
