//! The house's policy as the genesis has it, from the words of a scenario.

use crate::scenario::{FeesTo, House, Percent};
use bitcraps_casino::{self as casino, Fee, Fraction, Kelly, PerMille, Policy, Reserve};
use bitcraps_edges::{BigRational, Subject, edge};
use bitcraps_tables::CrapsRules;
use bitcraps_tables::craps::Bet;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The policy of a test network, with what the scenario changes.
pub(super) fn policy(house: &House) -> Policy {
    let mut policy = Policy::of_test_network();
    policy.reserve = Reserve::PerMille(per_mille(house.reserve));
    policy.table_loss = house.table_loss;
    policy.total_loss = house.total_loss;
    policy.kelly = house.kelly.map(|share| Kelly { share: per_mille(share), edges: edges().clone() });
    policy.fee = Fee {
        amount: house.fee,
        to: match house.fees_to {
            FeesTo::Validators => casino::FeesTo::Validators,
            FeesTo::Nobody => casino::FeesTo::Nobody,
        },
    };
    policy.reward = house.reward;
    if let Some(stake) = &mut policy.stake {
        stake.slash = per_mille(house.slash);
    }
    if house.reserve == Percent::ZERO {
        policy.reserve = Reserve::default();
    }
    policy
}

/// Whole thousandths: the scenario was checked.
fn per_mille(share: Percent) -> PerMille {
    PerMille((share.ppb() / 1_000_000) as u16)
}

/// The house's edge on each bet under the usual rules, no larger than it is.
fn edges() -> &'static BTreeMap<Bet, Fraction> {
    static EDGES: OnceLock<BTreeMap<Bet, Fraction>> = OnceLock::new();
    EDGES.get_or_init(|| {
        let rules = CrapsRules::default();
        let exactly =
            |bet| edge(&rules, Subject::Bet(bet), None).expect("the usual rules have exact stakes").edge;
        Bet::all().map(|bet| (bet, fraction(&exactly(bet)))).collect()
    })
}

/// The fraction if both of its parts have 32 bits; else the next below it in billionths.
pub(crate) fn fraction(edge: &BigRational) -> Fraction {
    const BILLION: u32 = 1_000_000_000;
    let part = |number: String| number.parse::<u32>().ok();
    if let (Some(numerator), Some(denominator)) =
        (part(edge.numer().to_string()), part(edge.denom().to_string()))
    {
        return Fraction { numerator, denominator };
    }
    let billionths = (edge * BigRational::from_integer(BILLION.into())).floor().to_integer();
    Fraction { numerator: part(billionths.to_string()).unwrap_or(0), denominator: BILLION }
}

/// The policy as `bitcraps-node testnet --policy` reads it.
pub(super) fn as_json(policy: &Policy) -> serde_json::Value {
    let reserve = match policy.reserve {
        Reserve::Amount(amount) => json!({ "amount": amount }),
        Reserve::PerMille(share) => json!({ "per_mille": share.0 }),
    };
    let to = match policy.fee.to {
        casino::FeesTo::Validators => "validators",
        casino::FeesTo::Nobody => "nobody",
    };
    let mut form = json!({ "reserve": reserve, "fee": { "amount": policy.fee.amount, "to": to } });
    let mut add =
        |key: &str, value: Option<serde_json::Value>| value.into_iter().for_each(|it| form[key] = it);
    add("table_loss", policy.table_loss.map(Into::into));
    add("total_loss", policy.total_loss.map(Into::into));
    add(
        "kelly",
        policy.kelly.as_ref().map(|Kelly { share, edges }| {
            let fraction = |edge: &Fraction| format!("{}/{}", edge.numerator, edge.denominator);
            let edges: BTreeMap<String, String> =
                edges.iter().map(|(bet, edge)| (bet.to_string(), fraction(edge))).collect();
            json!({ "share_per_mille": share.0, "edges": edges })
        }),
    );
    add(
        "stake",
        policy.stake.map(|stake| {
            json!({
                "per_power": stake.per_power,
                "unbonding": stake.unbonding,
                "slash_per_mille": stake.slash.0,
            })
        }),
    );
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    #[test]
    fn what_a_scenario_says_of_the_policy_is_what_a_daemon_reads() {
        let text = "version: 1\nname: t\nclaim: c\nduration: 1 s\nvalidators: { count: 4 }\npolicy: \
                    { reserve: 12.5 %, table_loss: 7, total_loss: 8, kelly: 50 %, fee: 3, fees_to: nobody, slash: 20 % }\n";
        let house = parse("(test)", text).unwrap().scenario.policy;
        let policy = policy(&house);
        assert_eq!(policy.reserve, Reserve::PerMille(PerMille(125)));
        assert_eq!(policy.kelly.as_ref().map(|kelly| kelly.edges.len()), Some(Bet::all().count()));
        assert_eq!(policy.stake.map(|stake| stake.slash), Some(PerMille(200)));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), as_json(&policy).to_string()).unwrap();
        assert_eq!(bitcraps_node::genesis_file::read_policy(file.path()).unwrap(), policy);
        assert_eq!(super::policy(&House::default()), Policy::of_test_network());
    }
}
