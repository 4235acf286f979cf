//! `check`: every mistake of scenario files, for people, for programs and for services that show them beside the lines.

use super::ci::Remark;
use super::ci::github::{self, Level};
use super::ci::sarif::{self, Mistake};
use super::output::complain;
use super::run::{expand, worlds};
use super::say::say;
use super::{CheckArgs, CheckFormat, exit};
use crate::scenario::{self, Diagnostic, Region, Scenario, Severity};
use serde_json::json;
use std::path::{Path, PathBuf};

/// A file that was looked at.
struct Checked {
    file: PathBuf,
    /// What it says; nothing if it can't run.
    scenario: Option<Scenario>,
    /// How many points its sweep has, if it has one.
    points: Option<usize>,
    /// Mistakes and warnings.
    diagnostics: Vec<Diagnostic>,
    /// Why there is no text at all.
    bytes: Option<String>,
}

/// Checks scenarios; prints every mistake.
pub(super) fn check(args: &CheckArgs) -> u8 {
    let files = match expand(&args.files, "scenario", &[".yaml", ".yml"]) {
        Ok(files) => files,
        Err(code) => return code,
    };
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        match look_at(file) {
            Ok(checked) => all.push(checked),
            Err(code) => return code,
        }
    }
    match args.format {
        CheckFormat::Human => human(&all),
        CheckFormat::Json => all.iter().for_each(|checked| say(as_json(checked))),
        CheckFormat::Sarif => say(format_args!("{:#}", as_sarif(&all))),
        CheckFormat::Github => annotate(&all),
    }
    if all.iter().all(|checked| checked.scenario.is_some()) { exit::PASS } else { exit::BAD_SCENARIO }
}

fn look_at(file: PathBuf) -> Result<Checked, u8> {
    let bytes = std::fs::read(&file).map_err(|error| complain(&file, &error))?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let bytes = Some(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()));
            return Ok(Checked { file, scenario: None, points: None, diagnostics: Vec::new(), bytes });
        }
    };
    let name = file.display().to_string();
    let read = scenario::parse(&name, &text).and_then(|parsed| {
        let swept = !parsed.scenario.sweep.is_empty();
        let points = swept.then(|| scenario::points(&name, &text, &[])).transpose()?;
        Ok((parsed, points.map(|swept| swept.points.len())))
    });
    Ok(match read {
        Ok((parsed, points)) => {
            let (scenario, diagnostics) = (Some(parsed.scenario), parsed.warnings);
            Checked { file, scenario, points, diagnostics, bytes: None }
        }
        Err(diagnostics) => Checked { file, scenario: None, points: None, diagnostics, bytes: None },
    })
}

/// Mistakes go to standard error; what is good is told only if all is.
fn human(all: &[Checked]) {
    for Checked { file, scenario, diagnostics, bytes, .. } in all {
        if let Some(bytes) = bytes {
            eprintln!("error: {}: {bytes}", file.display());
            continue;
        }
        diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}\n"));
        if scenario.is_none() {
            let count = diagnostics.len();
            eprintln!("{}: {count} mistake{}", file.display(), if count == 1 { "" } else { "s" });
        }
    }
    if all.iter().any(|checked| checked.scenario.is_none()) {
        return;
    }
    for Checked { file, scenario, points, .. } in all {
        let scenario = scenario.iter();
        scenario.for_each(|scenario| {
            let worlds = worlds(scenario).join(", ");
            let points = points.map_or(String::new(), |points| format!(", a sweep of {points} points"));
            say(format_args!("{}: ok ({}){points}; runs in: {worlds}", file.display(), scenario.name));
        });
    }
}

fn as_json(checked: &Checked) -> serde_json::Value {
    let Checked { file, scenario, points, diagnostics, bytes } = checked;
    let diagnostics: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| {
            json!({
                "severity": word(diagnostic.severity),
                "line": diagnostic.line,
                "column": diagnostic.column,
                "length": diagnostic.length,
                "message": diagnostic.message,
                "help": diagnostic.help,
            })
        })
        .collect();
    json!({
        "file": file,
        "ok": scenario.is_some(),
        "scenario": scenario.as_ref().map(|scenario| &scenario.name),
        "points": points,
        "worlds": scenario.as_ref().map(worlds).unwrap_or_default(),
        "error": bytes,
        "diagnostics": diagnostics,
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn as_sarif(all: &[Checked]) -> serde_json::Value {
    let mistakes = all.iter().flat_map(|Checked { file, diagnostics, bytes, .. }| {
        let bytes = bytes.iter().map(|bytes| Mistake::Bytes(bytes, file));
        diagnostics.iter().map(Mistake::In).chain(bytes)
    });
    let here = std::env::current_dir().ok();
    sarif::log(mistakes, root().or(here).as_deref())
}

/// The checkout that GitHub Actions work in.
fn root() -> Option<PathBuf> {
    std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from).filter(|root| Path::is_dir(root))
}

fn annotate(all: &[Checked]) {
    for Checked { file, diagnostics, bytes, .. } in all {
        for (severity, level) in [(Severity::Error, Level::Error), (Severity::Warning, Level::Warning)] {
            let these = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity);
            github::annotate(&these.map(remark).collect::<Vec<_>>(), level);
        }
        let unread = bytes.iter().map(|bytes| Remark {
            file: file.display().to_string(),
            region: Region::START,
            title: "no text".to_owned(),
            message: bytes.clone(),
        });
        github::annotate(&unread.collect::<Vec<_>>(), Level::Error);
    }
}

fn remark(diagnostic: &Diagnostic) -> Remark {
    let Diagnostic { file, line, column, length, message, help, severity, .. } = diagnostic;
    let help = help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
    Remark {
        file: file.clone(),
        region: Region { line: *line, column: *column, end_column: column.saturating_add(*length) },
        title: format!("scenario {}", word(*severity)),
        message: format!("{message}{help}"),
    }
}
