//! Whether the players can do what is written of them, and whether the house can play by the policy.

use super::Context;
use crate::scenario::units::Percent;
use crate::scenario::workload::Arrivals;

/// The policy counts in thousandths.
const PER_MILLE: u32 = 1_000_000;

pub(super) fn check(context: &mut Context<'_, '_>) {
    let workload = &context.scenario.workload;
    shares(context, "games", workload.games.values());
    shares(context, "strategies", workload.strategies.values());
    if matches!(workload.arrivals, Arrivals::Closed { .. }) && context.root.at("workload.bets").is_some() {
        let message = "in a closed loop the players' own pace decides: `bets` means nothing".to_string();
        context.warning("workload.bets", message, "leave it out".to_string());
    }
    if let Some(until) = workload.until
        && until > context.scenario.duration
        && !context.is_bad("duration")
    {
        let message = format!("until {until}, but the run ends after {}", context.scenario.duration);
        context.error("workload.until", message, None);
    }
    let policy = &context.scenario.policy;
    for (key, share) in
        [("reserve", Some(policy.reserve)), ("kelly", policy.kelly), ("slash", Some(policy.slash))]
    {
        let path = format!("policy.{key}");
        if share.is_some_and(|share| share.ppb() % PER_MILLE != 0) && !context.is_bad(&path) {
            context.error(&path, "finer than 0.1 %, the smallest step of the policy".into(), None);
        }
    }
}

/// The shares of a whole.
fn shares<'a>(context: &mut Context<'_, '_>, key: &str, shares: impl Iterator<Item = &'a Percent>) {
    let path = format!("workload.{key}");
    if context.is_bad(&path) {
        return;
    }
    let sum: u64 = shares.map(|share| u64::from(share.ppb())).sum();
    if sum != u64::from(Percent::ALL.ppb()) {
        let message = format!("the shares of the {key} sum to {} %, not 100 %", sum as f64 / 1e7);
        context.error(&path, message, None);
    }
}
