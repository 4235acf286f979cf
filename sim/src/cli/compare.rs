//! `compare`: two sweeps side by side, as two commits, two engines or two settings made them.

use super::say::{say, say_all};
use super::sweep::gather::gather;
use super::sweep::journal::{self, Kept};
use super::{CompareArgs, CompareFormat, bundle, exit};
use bitcraps_reports::{Row, Rule, compare_html, index};
use std::path::Path;

/// Compares; exit code 4 if B is worse than A by the rule.
pub(super) fn compare(args: &CompareArgs) -> u8 {
    let (a, b) = match (rows(&args.a, &args.only_a, args.partial), rows(&args.b, &args.only_b, args.partial))
    {
        (Ok(a), Ok(b)) => (a, b),
        (Err((code, error)), _) | (_, Err((code, error))) => {
            eprintln!("error: {error}");
            return code;
        }
    };
    let rule = Rule {
        worse_by: args.worse_by,
        significance: args.significance,
        any_new_failure: !args.failures_by_chance,
    };
    let mut compared = bitcraps_reports::compare(&a, &b, &rule);
    compared.names = [name(&args.a, &args.only_a), name(&args.b, &args.only_b)];
    if compared.points.is_empty() {
        eprintln!("error: {} and {} have no point in common", args.a.display(), args.b.display());
        return exit::USAGE;
    }
    match args.format {
        CompareFormat::Human => say_all(compared.to_text()),
        CompareFormat::Json => say(serde_json::to_string(&compared).expect("plain data has JSON")),
    }
    if let Some(page) = &args.page
        && let Err(error) = std::fs::write(page, compare_html(&compared))
    {
        eprintln!("error: {}: {error}", page.display());
        return exit::IO;
    }
    if let (CompareFormat::Human, Some(page)) = (args.format, &args.page) {
        say(format_args!("\npage    {}", page.display()));
    }
    if compared.regression { exit::REGRESSION } else { exit::PASS }
}

/// What a side is called.
fn name(path: &Path, only: &[(String, String)]) -> String {
    let only = only.iter().map(|(column, value)| format!(" {column}={value}"));
    format!("{}{}", path.display(), only.collect::<String>())
}

/// The runs that are meant, without the columns by which they were chosen.
fn rows(path: &Path, only: &[(String, String)], partial: bool) -> Result<Vec<Row>, (u8, String)> {
    let parts = [(path.to_owned(), kept(path).map_err(|error| (exit::IO, error))?)];
    let (plan, runs) = gather(&parts)?;
    if runs.len() < plan.runs.len() && !partial {
        let lacking = plan.runs.len() - runs.len();
        let error =
            format!("{lacking} of {} runs are not here: finish it, or say --partial", plan.runs.len());
        return Err((exit::USAGE, format!("{}: {error}", path.display())));
    }
    let mut rows: Vec<Row> = runs.into_values().map(|(entry, _)| entry.row).collect();
    for (column, value) in only {
        rows.retain(|row| index::text_of(row, column).as_ref() == Some(value));
        if rows.is_empty() {
            return Err((exit::USAGE, format!("{}: no run has {column}={value}", path.display())));
        }
    }
    for row in &mut rows {
        only.iter().for_each(|(column, _)| forget(row, column));
    }
    Ok(rows)
}

fn kept(path: &Path) -> Result<Kept, String> {
    if path.is_dir() {
        return journal::read(path);
    }
    if path.extension().is_some_and(|end| end == "tar") {
        return bundle::read(path);
    }
    let mut kept = Kept::default();
    journal::read_file(path, &mut kept)?;
    Ok(kept)
}

/// Takes a column out of what tells points apart. The engine and the number of nodes stand in a row twice.
fn forget(row: &mut Row, column: &str) {
    row.point.remove(column);
    match column {
        "engine" | "consensus.engine" => {
            row.engine.clear();
            row.point.remove("consensus.engine");
        }
        "nodes" | "validators.count" => {
            row.nodes = 0;
            row.point.remove("validators.count");
        }
        "scenario" => row.scenario.clear(),
        _ => {}
    }
}
