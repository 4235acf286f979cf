//! `schedule`: runs schedule files on the engines' cores.

use super::exit;
use super::finds::SCHEDULE;
use super::run::expand;
use super::say::say;
use crate::schedules::{Judged, ScheduleFile};
use std::path::{Path, PathBuf};

/// Runs each; with `log`, tells what happened. The exit code is that of the worst.
pub(super) fn schedule(paths: &[PathBuf], log: bool) -> u8 {
    let mut worst = exit::PASS;
    let files = match expand(paths, "schedule", &[SCHEDULE]) {
        Ok(files) => files,
        Err(code) => return code,
    };
    for path in files {
        worst = worst.max(one(&path, log));
    }
    worst
}

fn one(path: &Path, log: bool) -> u8 {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("error: {}: {error}", path.display());
            return exit::IO;
        }
    };
    let file = match ScheduleFile::parse(&text) {
        Ok(file) => file,
        Err(error) => {
            eprintln!("error: {}: {error}", path.display());
            return exit::BAD_SCENARIO;
        }
    };
    let Judged { outcome, wrong, untouched } = file.judge();
    if log && let Ok((recorded, _)) = bitcraps_search::run_recorded(&file.schedule) {
        recorded.log.iter().for_each(say);
    }
    match (wrong, untouched) {
        (None, Some(nothing)) => {
            say(format_args!("INCONCLUSIVE  {}: {nothing}", file.name));
            exit::INCONCLUSIVE
        }
        (None, None) => {
            let seen =
                outcome.violations.first().map_or(String::new(), |violation| format!(" ({violation})"));
            say(format_args!("PASS  {}: {}{seen}", file.name, file.claim));
            exit::PASS
        }
        (Some(why), _) => {
            say(format_args!(
                "FAIL  {}: {}\n  {why}\nREPRO bitcraps-sim schedule {}",
                file.name,
                file.claim,
                path.display()
            ));
            exit::VIOLATED
        }
    }
}
