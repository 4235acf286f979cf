//! One property's state while a run goes on: nothing seen yet, held so far, or violated.

use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_types::Time;

/// An `always` property: judged many times, violated for ever by the first violation.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    name: &'static str,
    judged: u64,
    violations: u64,
    first: Option<(Time, String)>,
    /// Why what was judged is too little to say that it held.
    open: Option<String>,
    /// Why there is nothing to judge.
    idle: Option<&'static str>,
}

impl Finding {
    pub(super) fn new(name: &'static str) -> Finding {
        Finding { name, judged: 0, violations: 0, first: None, open: None, idle: None }
    }

    /// One more case was looked at.
    pub(super) fn judged(&mut self) {
        self.judged += 1;
    }

    /// It did not hold. The first violation is kept: what follows it is often its consequence.
    pub(super) fn violated(&mut self, at: Time, detail: String) {
        self.violations += 1;
        self.first.get_or_insert((at, detail));
    }

    /// It did not fail, but not enough was seen to say that it held.
    pub(super) fn left_open(&mut self, why: String) {
        self.open = Some(why);
    }

    /// There is nothing to judge, and that says nothing against the run.
    pub(super) fn does_not_apply(&mut self, why: &'static str) {
        self.idle = Some(why);
    }

    /// Its name and when it was first violated.
    pub(super) fn first(&self) -> Option<(&'static str, Time)> {
        self.first.as_ref().map(|(at, _)| (self.name, *at))
    }

    /// `cases` names what was judged, in the plural. A property of which no case came up could not be judged.
    pub(super) fn result(&self, kind: PropertyKind, cases: &str) -> PropertyResult {
        let more = match self.violations {
            0 | 1 => String::new(),
            count => format!(" ({} more)", count - 1),
        };
        let (holds, detail, at) = match (&self.first, &self.open) {
            (Some((at, detail)), _) => (Some(false), format!("{detail}{more}"), Some(*at)),
            (None, Some(why)) => (None, why.clone(), None),
            (None, None) if self.idle.is_some() => {
                (Some(true), self.idle.unwrap_or_default().to_owned(), None)
            }
            (None, None) if self.judged == 0 => (None, format!("no {cases} to judge"), None),
            (None, None) => (Some(true), format!("{} {cases}", self.judged), None),
        };
        PropertyResult { name: self.name.to_owned(), kind, holds, detail, at_ns: at.map(|at| at.0) }
    }
    /// The same, but a property that holds as well if no case came up.
    pub(super) fn result_even_of_none(&self, cases: &str) -> PropertyResult {
        let mut result = self.result(PropertyKind::Always, cases);
        if self.judged == 0 && result.holds.is_none() {
            result.holds = Some(true);
        }
        result
    }
}
