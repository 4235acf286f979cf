//! Properties `height`: every honest node that is up has reached a height, in a time counted from the start or from
//! the healing of a fault.

use super::fleet::Fleet;
use super::setup::HeightGoal;
use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_types::{Height, Time};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(super) struct Heights {
    goals: Vec<Goal>,
    /// When each fault was last healed; `None` while it acts.
    healed: BTreeMap<String, Option<Time>>,
}

#[derive(Clone, Debug)]
struct Goal {
    goal: HeightGoal,
    /// When each node first reached the height.
    reached: Vec<Option<Time>>,
}

impl Heights {
    pub(super) fn new(goals: &[HeightGoal], nodes: usize) -> Heights {
        let goals =
            goals.iter().map(|goal| Goal { goal: goal.clone(), reached: vec![None; nodes] }).collect();
        Heights { goals, healed: BTreeMap::new() }
    }

    pub(super) fn progressed(&mut self, at: Time, node: u16, height: Height) {
        for goal in &mut self.goals {
            if height >= goal.goal.at_least {
                goal.reached[usize::from(node)].get_or_insert(at);
            }
        }
    }

    pub(super) fn fault_began(&mut self, fault: &str) {
        self.healed.insert(fault.to_owned(), None);
    }

    pub(super) fn fault_healed(&mut self, at: Time, fault: &str) {
        self.healed.insert(fault.to_owned(), Some(at));
    }

    pub(super) fn results(&self, end: Time, fleet: &Fleet) -> Vec<PropertyResult> {
        self.goals.iter().map(|goal| self.result(goal, end, fleet)).collect()
    }

    fn result(&self, goal: &Goal, end: Time, fleet: &Fleet) -> PropertyResult {
        let HeightGoal { at_least, within, after } = &goal.goal;
        let from = match after {
            None => Some(Time::ZERO),
            Some(fault) => self.healed.get(fault).copied().flatten(),
        };
        let mut name = format!("height >= {at_least}");
        if let Some(within) = within {
            name.push_str(&format!(" within {within:?}"));
        }
        if let Some(fault) = after {
            name.push_str(&format!(" after {fault}"));
        }
        let answer = |holds, detail, at: Option<Time>| PropertyResult {
            name: name.clone(),
            kind: PropertyKind::Eventually,
            holds,
            detail,
            at_ns: at.map(|at| at.0),
        };
        let Some(from) = from else {
            return answer(None, "the fault was never healed".to_owned(), None);
        };
        let deadline = within.map_or(end, |within| from + within);
        let mut last = Time::ZERO;
        for node in fleet.judged() {
            match goal.reached[usize::from(node)] {
                Some(at) if at <= deadline => last = last.max(at),
                Some(at) => {
                    return answer(
                        Some(false),
                        format!("node {node} reached it only at {at:?}"),
                        Some(deadline),
                    );
                }
                None if end < deadline => {
                    return answer(None, format!("the run ended before {deadline:?}"), None);
                }
                None => {
                    let height = fleet.height(node);
                    return answer(Some(false), format!("node {node} is at height {height}"), Some(deadline));
                }
            }
        }
        if fleet.judged().next().is_none() {
            return answer(None, "no honest node is up".to_owned(), None);
        }
        if after.is_some() && last < from {
            let detail = format!("it asks nothing: reached at {last:?}, before the fault was healed");
            return answer(None, detail, Some(last));
        }
        answer(Some(true), format!("the last honest node reached it at {last:?}"), Some(last))
    }
}
