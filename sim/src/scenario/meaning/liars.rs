//! No more Byzantine stake than the protocol bears, unless the file expects agreement to break.
//!
//! The bound holds for the whole run: a validator that lied once is a liar. Where a selector leaves it to the
//! seed or to the moment, the heaviest validators that it may choose are counted.

use super::Context;
use crate::scenario::expect::Property;
use crate::scenario::fault::{Fault, Selector, Trigger};
use crate::scenario::units::Percent;
use std::collections::BTreeSet;

/// Checks the sum over all faults, for each committee.
pub(super) fn check(context: &mut Context<'_, '_>) {
    let scenario = context.scenario;
    let validators = &scenario.validators;
    let counted = validators.weights().len() == usize::from(validators.count);
    let unclear = ["validators", "handovers", "expect.violation"];
    if !counted || unclear.iter().any(|path| context.is_bad(path)) {
        return;
    }
    let mut named: BTreeSet<u16> = BTreeSet::new();
    let mut chosen: Vec<usize> = Vec::new();
    let mut last = None;
    for (index, fault) in scenario.faults.iter().enumerate() {
        let unclear = ["inject", "on"].iter().any(|key| context.is_bad(&format!("faults.{index}.{key}")));
        if !fault.inject.is_lie() || unclear {
            continue;
        }
        last = Some(index);
        match nodes(context, &fault.on) {
            Some(nodes) => named.extend(nodes),
            None => chosen.push(number(fault, validators.count)),
        }
    }
    let Some(last) = last else { return };
    let committees = [validators.weights()].into_iter().chain(scenario.powers_handed_to());
    let lies = committees.map(|weights| lying(&weights, &named, &chosen));
    let worst = lies.max_by_key(|(lying, most, _)| (lying > most, *lying));
    let (lying, most, total) = worst.expect("there is a committee at the start");
    let expected = scenario.expect.violation == Some(Property::Agreement);
    if lying > most && !expected {
        let message = format!("up to {lying} of {total} stake lies; the protocol bears {most}");
        let help = "strike fewer, or say `expect: { violation: agreement }`".to_string();
        context.error(&format!("faults.{last}"), message, help);
    } else if lying <= most && expected && scenario.consensus.bug.is_none() {
        let message =
            format!("agreement should hold: {lying} of {total} stake lies and the protocol bears {most}");
        context.warning("expect.violation", message, None);
    }
}

/// How much stake of a committee may lie if these nodes do and so many of the heaviest, how much the protocol bears, and
/// how much there is.
fn lying(weights: &[u64], named: &BTreeSet<u16>, chosen: &[usize]) -> (u128, u128, u128) {
    let sum =
        |weights: &mut dyn Iterator<Item = &u64>| weights.map(|weight| u128::from(*weight)).sum::<u128>();
    let total = sum(&mut weights.iter());
    let mut heaviest = weights.to_vec();
    heaviest.sort_unstable_by(|a, b| b.cmp(a));
    let known = sum(&mut named.iter().filter_map(|node| weights.get(usize::from(*node))));
    let chosen: u128 = chosen.iter().map(|count| sum(&mut heaviest.iter().take(*count))).sum();
    ((known + chosen).min(total), total.saturating_sub(1) / 3, total)
}

/// The nodes of a selector that always names the same ones.
fn nodes(context: &Context<'_, '_>, selector: &Selector) -> Option<Vec<u16>> {
    let validators = &context.scenario.validators;
    match selector {
        Selector::Node(node) => Some(vec![*node]),
        Selector::Nodes(nodes) => Some(nodes.clone()),
        Selector::All | Selector::NotLeader => Some((0..validators.count).collect()),
        Selector::Region(name) => Some(validators.regions.get(name).cloned().unwrap_or_default()),
        _ => None,
    }
}

/// How many validators the others may strike in a run.
fn number(fault: &Fault, count: u16) -> usize {
    let n = usize::from(count);
    let starts = match fault.trigger {
        Trigger::At(_) | Trigger::After(_) => 1,
        Trigger::When(_) => fault.end.times.unwrap_or(1),
        Trigger::Every(_) | Trigger::Random(_) => fault.end.times.unwrap_or(u32::MAX),
    };
    match &fault.on {
        Selector::One => 1,
        Selector::Fixed(number) => usize::from(*number).min(n),
        Selector::Percent(share) => share_of(*share, n),
        Selector::MinorityThird => n.saturating_sub(1) / 3,
        Selector::Majority => n / 2 + 1,
        Selector::Leader | Selector::NextLeader | Selector::Random => {
            usize::try_from(starts).unwrap_or(usize::MAX).min(n)
        }
        _ => n,
    }
}

fn share_of(share: Percent, n: usize) -> usize {
    let whole = n as u64 * u64::from(share.ppb()) / u64::from(Percent::ALL.ppb());
    usize::try_from(whole).unwrap_or(n).max(1)
}
