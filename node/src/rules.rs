//! The rules of a table as JSON: an object from the names of rules to their values. The genesis file and the gateway
//! have it in common.

use bitcraps_tables::CrapsRules;
use bitcraps_tables::craps::SettingError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Rules by their names (docs/craps.md lists them). What is not named is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Rules(BTreeMap<String, RuleValue>);

/// A number; whether something is so; or odds such as `7:6`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
enum RuleValue {
    Number(u64),
    Switch(bool),
    Odds(String),
}

impl Rules {
    /// All rules.
    pub fn all(rules: &CrapsRules) -> Rules {
        let named = |(name, text): (&str, String)| {
            let number = text.parse().map(RuleValue::Number).ok();
            let value = number.or_else(|| text.parse().map(RuleValue::Switch).ok());
            (name.to_owned(), value.unwrap_or(RuleValue::Odds(text)))
        };
        Rules(rules.settings().into_iter().map(named).collect())
    }

    /// Those that differ from the usual ones.
    pub fn unusual(rules: &CrapsRules) -> Rules {
        let Rules(usual) = Rules::all(&CrapsRules::default());
        let Rules(mut named) = Rules::all(rules);
        named.retain(|name, value| usual.get(name) != Some(value));
        Rules(named)
    }

    /// The rules that these name. Whether they can be played says [`CrapsRules::check`].
    pub fn read(&self) -> Result<CrapsRules, SettingError> {
        let mut rules = CrapsRules::default();
        for (name, value) in &self.0 {
            match value {
                RuleValue::Number(number) => rules.set(name, &number.to_string()),
                RuleValue::Switch(on) => rules.set(name, &on.to_string()),
                RuleValue::Odds(odds) => rules.set(name, odds),
            }?;
        }
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_types::Digest;

    /// A genesis file leaves out what is usual, so what is usual can't change under a chain that runs: another default
    /// needs another format of the file.
    #[test]
    fn what_is_usual_is_fixed_for_the_format_of_the_genesis_file() {
        let bytes = borsh::to_vec(&CrapsRules::default()).unwrap();
        let expected = "55b52cb3c3340df75ba9e570a6274fbc8fbd1da3107537f331c2f07ee86780b4";
        assert_eq!(crate::hex::encode(&Digest::of("test/rules", &bytes).0), expected);
    }

    #[test]
    fn rules_read_back_from_all_that_is_said_and_from_what_is_unusual() {
        let mut rules = CrapsRules::default();
        for (name, value) in
            [("unit", "5"), ("working.buy", "true"), ("pays.field_twelve", "3:1"), ("barred", "2")]
        {
            rules.set(name, value).unwrap();
        }
        assert_eq!(Rules::all(&rules).read(), Ok(rules));
        let unusual = Rules::unusual(&rules);
        assert_eq!(unusual.read(), Ok(rules));
        let json = r#"{"barred":2,"pays.field_twelve":"3:1","unit":5,"working.buy":true}"#;
        assert_eq!(serde_json::to_string(&unusual).unwrap(), json);
    }
}
