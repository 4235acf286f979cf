//! Schedule files: a schedule for the engines' cores, with what it shows. `hunt` writes them, people read them.

use bitcraps_search::{Outcome, Property, RoundPlan, Schedule, run};
use serde::{Deserialize, Serialize};

/// A file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleFile {
    /// Names it in what is printed.
    pub name: String,
    /// What it shows if it passes, in a sentence.
    pub claim: String,
    /// It passes only if this is violated. Absent: if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violation: Option<Property>,
    /// What is run.
    pub schedule: Schedule,
}

impl ScheduleFile {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, with line and column where it is no such YAML.
    pub fn parse(text: &str) -> Result<ScheduleFile, String> {
        let file: ScheduleFile = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        file.schedule.check().map_err(|error| format!("schedule: {error}"))?;
        Ok(file)
    }

    /// As YAML.
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(self).expect("plain data always serializes into a String")
    }

    /// Runs it.
    ///
    /// # Panics
    /// If the schedule was changed to one that [`Schedule::check`] refuses.
    pub fn judge(&self) -> Judged {
        let outcome = run(&self.schedule).expect("the schedule was checked");
        let wrong = match (self.violation, outcome.violations.first()) {
            (None, None) => None,
            (None, Some(violation)) => Some(violation.to_string()),
            (Some(wanted), _) if outcome.violates(wanted) => None,
            (Some(wanted), Some(other)) => Some(format!("{wanted} should not hold, but {other}")),
            (Some(wanted), None) => Some(format!("{wanted} should not hold, but everything does")),
        };
        let untouched = self.untouched(&outcome);
        Judged { outcome, wrong, untouched }
    }

    /// What the schedule plans and did nothing.
    fn untouched(&self, outcome: &Outcome) -> Option<&'static str> {
        let rounds = &self.schedule.rounds;
        let cuts = |plan: &RoundPlan| {
            !plan.partition.is_none() || !plan.withhold.is_empty() || !plan.split.is_empty()
        };
        let impact = &outcome.impact;
        if self.schedule.deliveries.is_none() && rounds.iter().any(cuts) && impact.cut == 0 {
            return Some("no message was cut off");
        }
        if rounds.iter().any(|plan| !plan.mutate.is_empty()) && impact.changed == 0 {
            return Some("no message was changed");
        }
        (rounds.iter().any(|plan| !plan.crash.is_empty()) && impact.crashes == 0).then_some("nobody fell")
    }
}

/// What a schedule came to.
pub struct Judged {
    /// Of the run.
    pub outcome: Outcome,
    /// Why it is not what the file says, if it isn't.
    pub wrong: Option<String>,
    /// What did nothing though it was planned: then the file shows little.
    pub untouched: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRASH: &str =
        "name: a\nclaim: b\nschedule:\n  engine: pbft\n  validators: 4\n  heights: 2\n  rounds:\n";

    #[test]
    fn a_file_says_what_it_shows_and_what_did_nothing() {
        let quiet = ScheduleFile::parse(&CRASH.replace("  rounds:\n", "")).unwrap();
        assert_eq!((quiet.judge().wrong, quiet.judge().untouched), (None, None));
        assert_eq!(ScheduleFile::parse(&quiet.to_yaml()).unwrap(), quiet);
        let lies = ScheduleFile { violation: Some(Property::Agreement), ..quiet };
        assert!(lies.judge().wrong.unwrap().contains("everything does"));
        let never = format!("{CRASH}    - crash:\n        - {{ replica: 0, when: said view-change }}\n");
        assert_eq!(ScheduleFile::parse(&never).unwrap().judge().untouched, Some("nobody fell"));
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_its_reason() {
        let refused = |text: &str| ScheduleFile::parse(text).unwrap_err();
        let bug = |engine: &str, bug: &str| {
            refused(&CRASH.replace("pbft", &format!("{engine}\n  bug: {bug}")).replace("  rounds:\n", ""))
        };
        assert!(bug("pbft", "typo").contains("no bug"), "{}", bug("pbft", "typo"));
        assert!(bug("pbft", "decides-again").contains("a bug of"), "{}", bug("pbft", "decides-again"));
        assert!(refused(&CRASH.replace("heights: 2", "heights: 0")).contains("heights"));
        let kind = format!("{CRASH}    - crash:\n        - {{ replica: 0, when: said prevotes }}\n");
        assert!(refused(&kind).contains("no message of kind"), "{}", refused(&kind));
        assert!(refused("name: [").contains("line"), "{}", refused("name: ["));
    }
}
