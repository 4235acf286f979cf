//! Schedule files: a schedule for the engines' cores, with what it shows. `hunt` writes them, people read them.

use bitcraps_search::{Outcome, Property, Schedule, run};
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

    /// Runs it: what it came to, and why that is not what the file says, if it isn't.
    pub fn judge(&self) -> (Outcome, Option<String>) {
        let outcome = run(&self.schedule).expect("the schedule was checked");
        let wrong = match (self.violation, outcome.violations.first()) {
            (None, None) => None,
            (None, Some(violation)) => Some(violation.to_string()),
            (Some(wanted), _) if outcome.violates(wanted) => None,
            (Some(wanted), Some(other)) => Some(format!("{wanted} should not hold, but {other}")),
            (Some(wanted), None) => Some(format!("{wanted} should not hold, but everything does")),
        };
        (outcome, wrong)
    }
}
