//! What a search found, as a file that shows it again: a scenario or a schedule.

use super::exit;
use super::say::{say, say_all};
use crate::hunt::{Shrunk, Subject};
use crate::scenario::{self, Property, Scenario, Seeds};
use crate::schedules::ScheduleFile;
use bitcraps_types::Digest;
use std::path::{Path, PathBuf};

/// How the files that hold schedules end.
pub(super) const SCHEDULE: &str = ".schedule.yaml";

/// A find that was saved.
pub(super) struct Find {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// The command line that shows it.
    pub(super) repro: String,
}

/// Saves a find, shows it and says how to see it again. The exit code is that of a violation.
pub(super) fn save_and_tell(folder: &Path, base: &str, shrunk: &Shrunk, origin: &str) -> u8 {
    match save(folder, base, shrunk, origin) {
        Ok(find) => {
            say(format_args!("saved     {}", find.path.display()));
            let lines = find.text.lines().filter(|line| !line.starts_with('#'));
            say_all(lines.fold(String::new(), |text, line| text + "          " + line + "\n"));
            say(format_args!("REPRO {}", find.repro));
            exit::VIOLATED
        }
        Err(error) => {
            eprintln!("error: {error}");
            exit::IO
        }
    }
}

/// Writes a find with where it comes from. In clean engines it is a test that fails until they are mended; in engines
/// with a bug it is a test that the bug is seen.
pub(super) fn save(folder: &Path, base: &str, shrunk: &Shrunk, origin: &str) -> Result<Find, String> {
    let property = &shrunk.violation.property;
    let slug = property.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let digest = |text: &str| Digest::of("find", text.as_bytes()).short();
    let (name, end, command, body) = match &shrunk.subject {
        Subject::Nodes { scenario, seed } => {
            let mut scenario = Scenario::clone(scenario);
            let id = digest(&format!("{}{seed}", scenario::resolved(&scenario)));
            scenario.name = format!("{base}-{slug}-{id}");
            scenario.seeds = Seeds::One(*seed);
            let known = Property::ALL.into_iter().find(|known| known.name() == property);
            scenario.expect.violation = known.filter(|_| scenario.consensus.bug.is_some());
            if scenario.consensus.bug.is_some() && known.is_none() {
                return Err(format!("{property} is no property that a scenario can expect to be violated"));
            }
            scenario.claim = claim(property, scenario.consensus.bug.map(|bug| bug.name()));
            (scenario.name.clone(), ".yaml", "run", scenario::concise(&scenario))
        }
        Subject::Cores(schedule) => {
            let file = ScheduleFile {
                name: format!("{base}-{slug}-{}", digest(&format!("{schedule:?}"))),
                claim: claim(property, schedule.bug.as_deref()),
                violation: schedule.bug.is_some().then(|| shrunk.violation.known()).flatten(),
                schedule: (**schedule).clone(),
            };
            (file.name.clone(), SCHEDULE, "schedule", file.to_yaml())
        }
    };
    let path = folder.join(format!("{name}{end}"));
    let repro = format!("bitcraps-sim {command} {}", path.display());
    let detail = shrunk.violation.detail.replace('\n', " ");
    let text = format!("# Found by {origin}.\n# {property}: {detail}\n# REPRO {repro}\n{body}");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, &text))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Find { path, text, repro })
}

fn claim(property: &str, bug: Option<&str>) -> String {
    let property = property.replace(['_', '-'], " ");
    match bug {
        None => format!("{property} holds where a search once broke it"),
        Some(bug) => format!("{property} breaks in an engine with the bug {bug}"),
    }
}
