//! The names of bets: `pass_line`, `place:6`, `odds:12` (odds on the bet that this account's command 12 placed).

use bitcraps_casino::Bet;
use bitcraps_tables::craps::{Bet as Craps, Hard, Number};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A bet by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BetName(pub Bet);

/// A name that no bet has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no bet: expected pass_line, dont_pass, come, dont_come, field, any_seven, any_craps, \
     place:4|5|6|8|9|10, hardway:4|6|8|10, odds:N or lay:N (N: the sequence number of the bet below)"
)]
pub struct BetNameError(pub String);

impl fmt::Display for BetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bet::Craps(bet) = self.0;
        match bet {
            Craps::Pass => f.write_str("pass_line"),
            Craps::DontPass => f.write_str("dont_pass"),
            Craps::Come => f.write_str("come"),
            Craps::DontCome => f.write_str("dont_come"),
            Craps::Odds { base } => write!(f, "odds:{base}"),
            Craps::Lay { base } => write!(f, "lay:{base}"),
            Craps::Place(number) => write!(f, "place:{}", number.total()),
            Craps::Field => f.write_str("field"),
            Craps::Hardway(hard) => write!(f, "hardway:{}", hard.total()),
            Craps::AnySeven => f.write_str("any_seven"),
            Craps::AnyCraps => f.write_str("any_craps"),
        }
    }
}

impl FromStr for BetName {
    type Err = BetNameError;

    fn from_str(text: &str) -> Result<BetName, BetNameError> {
        let bet = match text.split_once(':') {
            None => match text {
                "pass_line" => Some(Craps::Pass),
                "dont_pass" => Some(Craps::DontPass),
                "come" => Some(Craps::Come),
                "dont_come" => Some(Craps::DontCome),
                "field" => Some(Craps::Field),
                "any_seven" => Some(Craps::AnySeven),
                "any_craps" => Some(Craps::AnyCraps),
                _ => None,
            },
            Some((kind, number)) => number.parse().ok().and_then(|number| numbered(kind, number)),
        };
        bet.map(|bet| BetName(Bet::Craps(bet))).ok_or_else(|| BetNameError(text.chars().take(40).collect()))
    }
}

fn numbered(kind: &str, number: u64) -> Option<Craps> {
    let total = |number| u8::try_from(number).ok();
    match kind {
        "odds" => Some(Craps::Odds { base: number }),
        "lay" => Some(Craps::Lay { base: number }),
        "place" => Number::of_total(total(number)?).map(Craps::Place),
        "hardway" => {
            Hard::ALL.into_iter().find(|hard| Some(hard.total()) == total(number)).map(Craps::Hardway)
        }
        _ => None,
    }
}

impl Serialize for BetName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BetName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bet_comes_back_from_its_name() {
        let simple = [
            Craps::Pass,
            Craps::DontPass,
            Craps::Come,
            Craps::DontCome,
            Craps::Field,
            Craps::AnySeven,
            Craps::AnyCraps,
            Craps::Odds { base: u64::MAX },
            Craps::Lay { base: 0 },
        ];
        let numbers = Number::ALL.into_iter().map(Craps::Place);
        let all = simple.into_iter().chain(numbers).chain(Hard::ALL.into_iter().map(Craps::Hardway));
        for bet in all.map(|bet| BetName(Bet::Craps(bet))) {
            assert_eq!(bet.to_string().parse(), Ok(bet));
        }
    }

    #[test]
    fn other_names_are_refused() {
        for name in ["", "pass", "place", "place:7", "place:260", "hardway:5", "odds:-1", "odds:x", "odds:"] {
            assert!(name.parse::<BetName>().is_err(), "{name}");
        }
    }
}
