//! The names of bets: `pass_line`, `place:6`, `odds:12` (odds on the bet that this account's command 12 placed).

use bitcraps_casino::Bet;
use bitcraps_tables::craps::{self, BetNameError};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A bet by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BetName(pub Bet);

impl fmt::Display for BetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bet::Craps(bet) = self.0;
        bet.fmt(f)
    }
}

impl FromStr for BetName {
    type Err = BetNameError;

    fn from_str(text: &str) -> Result<BetName, BetNameError> {
        text.parse::<craps::Bet>().map(|bet| BetName(Bet::Craps(bet)))
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
