//! The policy as JSON for people: bets by their names, edges as fractions such as `7/495`. What is not named is as usual.

use super::{GenesisFileError, read_json};
use crate::hex::Hex;
use bitcraps_casino::{Fee, FeesTo, Fraction, Kelly, Kept, PerMille, Policy, Reserve, StakePolicy};
use bitcraps_tables::craps::Bet;
use bitcraps_types::{AccountId, Amount, Digest, Height};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The members of a policy.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PolicyForm {
    reserve: ReserveForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_loss: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_loss: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kelly: Option<KellyForm>,
    fee: FeeForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stake: Option<StakeForm>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReserveForm {
    Amount(Amount),
    PerMille(u16),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KellyForm {
    share_per_mille: u16,
    edges: BTreeMap<String, String>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FeeForm {
    amount: Amount,
    to: FeesToForm,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FeesToForm {
    #[default]
    Validators,
    Nobody,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StakeForm {
    per_power: Amount,
    unbonding: Height,
    slash_per_mille: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<KeptForm>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptForm {
    share_per_mille: u16,
    /// The account.
    by: Hex<32>,
}

impl Default for ReserveForm {
    fn default() -> Self {
        ReserveForm::Amount(0)
    }
}

impl PolicyForm {
    pub(super) fn is_usual(&self) -> bool {
        *self == PolicyForm::default()
    }

    pub(super) fn of(policy: &Policy) -> PolicyForm {
        let edge = |(bet, edge): (&Bet, &Fraction)| {
            (bet.to_string(), format!("{}/{}", edge.numerator, edge.denominator))
        };
        PolicyForm {
            reserve: match policy.reserve {
                Reserve::Amount(amount) => ReserveForm::Amount(amount),
                Reserve::PerMille(PerMille(share)) => ReserveForm::PerMille(share),
            },
            table_loss: policy.table_loss,
            total_loss: policy.total_loss,
            kelly: policy.kelly.as_ref().map(|Kelly { share, edges }| KellyForm {
                share_per_mille: share.0,
                edges: edges.iter().map(edge).collect(),
            }),
            fee: FeeForm {
                amount: policy.fee.amount,
                to: match policy.fee.to {
                    FeesTo::Validators => FeesToForm::Validators,
                    FeesTo::Nobody => FeesToForm::Nobody,
                },
            },
            reward: policy.reward,
            stake: policy.stake.map(|stake| StakeForm {
                per_power: stake.per_power,
                unbonding: stake.unbonding,
                slash_per_mille: stake.slash.0,
                kept: stake
                    .kept
                    .map(|Kept { share, by }| KeptForm { share_per_mille: share.0, by: Hex(by.0.0) }),
            }),
        }
    }

    /// The policy, or what is wrong with a bet or a fraction.
    pub(super) fn read(self) -> Result<Policy, String> {
        let kelly = |KellyForm { share_per_mille, edges }| -> Result<Kelly, String> {
            let edges = edges.iter().map(|(bet, edge)| Ok((named(bet)?, fraction(bet, edge)?)));
            Ok(Kelly { share: PerMille(share_per_mille), edges: edges.collect::<Result<_, String>>()? })
        };
        let kept = |KeptForm { share_per_mille, by }: KeptForm| Kept {
            share: PerMille(share_per_mille),
            by: AccountId(Digest(by.0)),
        };
        Ok(Policy {
            reserve: match self.reserve {
                ReserveForm::Amount(amount) => Reserve::Amount(amount),
                ReserveForm::PerMille(share) => Reserve::PerMille(PerMille(share)),
            },
            table_loss: self.table_loss,
            total_loss: self.total_loss,
            kelly: self.kelly.map(kelly).transpose()?,
            fee: Fee {
                amount: self.fee.amount,
                to: match self.fee.to {
                    FeesToForm::Validators => FeesTo::Validators,
                    FeesToForm::Nobody => FeesTo::Nobody,
                },
            },
            reward: self.reward,
            stake: self.stake.map(|stake| StakePolicy {
                per_power: stake.per_power,
                unbonding: stake.unbonding,
                slash: PerMille(stake.slash_per_mille),
                kept: stake.kept.map(kept),
            }),
        })
    }
}

fn named(bet: &str) -> Result<Bet, String> {
    bet.parse().map_err(|error| format!("the Kelly edge of `{bet}`: {error}"))
}

fn fraction(bet: &str, text: &str) -> Result<Fraction, String> {
    let parts = text.split_once('/').and_then(|(numerator, denominator)| {
        Some(Fraction { numerator: numerator.parse().ok()?, denominator: denominator.parse().ok()? })
    });
    parts.ok_or_else(|| format!("the Kelly edge of `{bet}`: `{text}` is no fraction such as 7/495"))
}

/// Reads a policy by itself, for a genesis that is being made.
pub fn read_policy(path: &Path) -> Result<Policy, GenesisFileError> {
    read_json(path, |text| {
        let form: PolicyForm = serde_json::from_str(text)?;
        form.read().map_err(serde::de::Error::custom)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Policy, String> {
        serde_json::from_str::<PolicyForm>(text).map_err(|error| error.to_string())?.read()
    }

    #[test]
    fn what_a_policy_does_not_name_is_as_usual() {
        assert_eq!(read("{}"), Ok(Policy::default()));
        let fee = r#"{ "fee": { "amount": 2, "to": "nobody" }, "reserve": { "per_mille": 30 } }"#;
        let expected = Policy {
            fee: Fee { amount: 2, to: FeesTo::Nobody },
            reserve: Reserve::PerMille(PerMille(30)),
            ..Policy::default()
        };
        assert_eq!(read(fee), Ok(expected));
        assert!(PolicyForm::of(&Policy::default()).is_usual());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let kelly =
            |edges: &str| read(&format!(r#"{{ "kelly": {{ "share_per_mille": 1, "edges": {edges} }} }}"#));
        assert!(kelly(r#"{ "pass_lime": "7/495" }"#).unwrap_err().contains("`pass_lime`"));
        assert!(kelly(r#"{ "pass_line": "7:495" }"#).unwrap_err().contains("`7:495` is no fraction"));
        assert!(kelly(r#"{ "pass_line": "-7/495" }"#).unwrap_err().contains("no fraction"));
        assert!(read(r#"{ "fees": 3 }"#).unwrap_err().contains("fees"));
    }
}
