//! The rules of a table by name: `pays.field_twelve = 3:1`. One list of names serves the genesis file, the gateway and
//! the command line.

use super::pays::Pays;
use super::rules::{CrapsRules, Limit};
use super::{ByNumber, Horn};
use bitcraps_types::{Amount, Height};

/// Why a setting is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No rule has the name.
    #[error("there is no rule `{name}`; there are {}", CrapsRules::setting_names().join(", "))]
    Unknown {
        /// What was named.
        name: String,
    },
    /// The rule does not take the value.
    #[error("`{name}` takes {expected}, not `{value}`")]
    Value {
        /// The rule.
        name: &'static str,
        /// What it would take.
        expected: &'static str,
        /// What it was given.
        value: String,
    },
}

/// One rule, to be read or set.
enum Setting<'a> {
    Amount(&'a mut Amount),
    Blocks(&'a mut u32),
    Height(&'a mut Height),
    Multiple(&'a mut u8),
    Number(&'a mut Horn),
    Switch(&'a mut bool),
    Rate(&'a mut u16),
    Pays(&'a mut Pays),
}

impl Setting<'_> {
    fn text(&self) -> String {
        match self {
            Setting::Amount(amount) => amount.to_string(),
            Setting::Blocks(blocks) => blocks.to_string(),
            Setting::Height(height) => height.to_string(),
            Setting::Multiple(multiple) => multiple.to_string(),
            Setting::Number(number) => number.total().to_string(),
            Setting::Switch(on) => on.to_string(),
            Setting::Rate(rate) => rate.to_string(),
            Setting::Pays(pays) => pays.to_string(),
        }
    }

    /// What it takes, if it does not take the text.
    fn set(&mut self, text: &str) -> Result<(), &'static str> {
        fn parsed<T: std::str::FromStr>(to: &mut T, text: &str) -> Option<()> {
            text.parse().ok().map(|value| *to = value)
        }
        let (done, expected) = match self {
            Setting::Amount(amount) => (parsed(*amount, text), "an amount"),
            Setting::Blocks(blocks) => (parsed(*blocks, text), "a number of blocks"),
            Setting::Height(height) => (parsed(*height, text), "a height"),
            Setting::Multiple(multiple) => (parsed(*multiple, text), "a multiple up to 255"),
            Setting::Number(number) => {
                let given = Horn::ALL.into_iter().find(|number| number.total().to_string() == text);
                (given.map(|given| **number = given), "2, 3, 11 or 12")
            }
            Setting::Switch(on) => (parsed(*on, text), "true or false"),
            Setting::Rate(rate) => (parsed(*rate, text), "hundredths of a per cent"),
            Setting::Pays(pays) => (parsed(*pays, text), "odds such as 7:6"),
        };
        done.ok_or(expected)
    }
}

impl CrapsRules {
    /// Each rule by its name.
    fn settings_mut(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        use Setting::{Amount, Blocks, Height, Multiple, Number, Pays, Rate, Switch};
        let CrapsRules { unit, limits, odds, barred, working, vig, pays, turn, closes_at } = self;
        let mut all = vec![("unit", Amount(unit))];
        let kinds = [
            (["limits.line.min", "limits.line.max"], &mut limits.line),
            (["limits.number.min", "limits.number.max"], &mut limits.number),
            (["limits.proposition.min", "limits.proposition.max"], &mut limits.proposition),
            (["limits.exchange.min", "limits.exchange.max"], &mut limits.exchange),
            (["limits.bonus.min", "limits.bonus.max"], &mut limits.bonus),
        ];
        for ([at_least, at_most], Limit { min, max }) in kinds {
            all.extend([(at_least, Amount(min)), (at_most, Amount(max))]);
        }
        all.extend([
            ("odds.four_ten", Multiple(&mut odds.four_ten)),
            ("odds.five_nine", Multiple(&mut odds.five_nine)),
            ("odds.six_eight", Multiple(&mut odds.six_eight)),
            ("barred", Number(barred)),
            ("working.place", Switch(&mut working.place)),
            ("working.buy", Switch(&mut working.buy)),
            ("working.hardways", Switch(&mut working.hardways)),
            ("working.come_odds", Switch(&mut working.come_odds)),
            ("vig.buy", Rate(&mut vig.buy)),
            ("vig.lay", Rate(&mut vig.lay)),
            ("vig.exchange", Rate(&mut vig.exchange)),
            ("vig.up_front", Switch(&mut vig.up_front)),
        ]);
        let by_number = [
            (["pays.place.four_ten", "pays.place.five_nine", "pays.place.six_eight"], &mut pays.place),
            (
                [
                    "pays.place_to_lose.four_ten",
                    "pays.place_to_lose.five_nine",
                    "pays.place_to_lose.six_eight",
                ],
                &mut pays.place_to_lose,
            ),
        ];
        for (names, ByNumber { four_ten, five_nine, six_eight }) in by_number {
            all.extend(names.into_iter().zip([four_ten, five_nine, six_eight].map(Pays)));
        }
        all.extend(
            [
                ("pays.big", &mut pays.big),
                ("pays.hard_four_ten", &mut pays.hard_four_ten),
                ("pays.hard_six_eight", &mut pays.hard_six_eight),
                ("pays.field_two", &mut pays.field_two),
                ("pays.field_twelve", &mut pays.field_twelve),
                ("pays.any_seven", &mut pays.any_seven),
                ("pays.any_craps", &mut pays.any_craps),
                ("pays.two_twelve", &mut pays.two_twelve),
                ("pays.three_eleven", &mut pays.three_eleven),
                ("pays.hop_easy", &mut pays.hop_easy),
                ("pays.hop_hard", &mut pays.hop_hard),
                ("pays.small", &mut pays.small),
                ("pays.tall", &mut pays.tall),
                ("pays.all", &mut pays.all),
            ]
            .map(|(name, pays)| (name, Pays(pays))),
        );
        let tiers = [
            (&["pays.fire.four", "pays.fire.five", "pays.fire.six"][..], &mut pays.fire[..]),
            (
                &[
                    "pays.repeater.two_twelve",
                    "pays.repeater.three_eleven",
                    "pays.repeater.four_ten",
                    "pays.repeater.five_nine",
                    "pays.repeater.six_eight",
                ],
                &mut pays.repeater,
            ),
            (
                &[
                    "pays.different_doubles.three",
                    "pays.different_doubles.four",
                    "pays.different_doubles.five",
                    "pays.different_doubles.six",
                ],
                &mut pays.different_doubles,
            ),
            (&["pays.muggsy.come_out", "pays.muggsy.after_point"], &mut pays.muggsy),
        ];
        for (names, pays) in tiers {
            all.extend(names.iter().copied().zip(pays.iter_mut().map(Pays)));
        }
        all.extend([("turn", Blocks(turn)), ("closes_at", Height(closes_at))]);
        all
    }

    /// Every rule, by its name, as text.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut copy = *self;
        copy.settings_mut().into_iter().map(|(name, setting)| (name, setting.text())).collect()
    }

    /// The names of all rules.
    pub fn setting_names() -> Vec<&'static str> {
        Self::default().settings_mut().into_iter().map(|(name, _)| name).collect()
    }

    /// Sets one rule. Whether the rules can be played then says [`check`](CrapsRules::check).
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let found = self.settings_mut().into_iter().find(|(known, _)| *known == name);
        let (name, mut setting) = found.ok_or_else(|| SettingError::Unknown { name: name.into() })?;
        setting.set(value).map_err(|expected| SettingError::Value { name, expected, value: value.into() })
    }

    /// The entries of the pay table.
    pub(super) fn pays(&self) -> Vec<(&'static str, Pays)> {
        let mut copy = *self;
        let entry = |(name, setting): (&'static str, Setting<'_>)| match setting {
            Setting::Pays(pays) => Some((name.strip_prefix("pays.").unwrap_or(name), *pays)),
            _ => None,
        };
        copy.settings_mut().into_iter().filter_map(entry).collect()
    }
}
