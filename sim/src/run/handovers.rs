//! The handovers that a scenario plans. An operator hands each to all nodes that are up, again and again until it happened:
//! a node that dies forgets it, and one that is down does not hear of it.

use super::network::Network;
use super::stage::Simulation;
use crate::scenario::{HandoverPlan, Scenario};
use bitcraps_types::Time;
use std::time::Duration;

/// The pause until a handover that did not happen is handed in again.
const AGAIN: Duration = Duration::from_secs(1);

/// Those of a run.
pub(super) struct Handovers<'a> {
    plans: &'a [HandoverPlan],
    /// Of the committee at the start, then after each handover.
    powers: Vec<Vec<u64>>,
    due: Option<Time>,
}

impl<'a> Handovers<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Handovers<'a> {
        let powers = [scenario.validators.weights()].into_iter().chain(scenario.powers_handed_to()).collect();
        let due = scenario.handovers.first().map(|plan| Time(plan.at.nanos()));
        Handovers { plans: &scenario.handovers, powers, due }
    }

    /// When something is to do.
    pub(super) fn next(&self) -> Option<Time> {
        self.due
    }

    /// Hands the next one in, if it is time, where so many happened.
    pub(super) fn run_due(
        &mut self,
        now: Time,
        happened: u64,
        network: &Network,
        world: &mut dyn Simulation,
    ) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        let number = happened as usize + 1;
        let Some(plan) = self.plans.get(number - 1) else {
            self.due = None;
            return;
        };
        let begins = Time(plan.at.nanos());
        if begins > now {
            self.due = Some(begins);
            return;
        }
        let handover = network.handover(number, &self.powers[number - 1], &self.powers[number]);
        for node in (0..self.powers[0].len() as u16).filter(|node| world.is_up(*node)).collect::<Vec<_>>() {
            world.hand_over(node, handover.clone());
        }
        self.due = Some(now + AGAIN);
    }
}
