//! docs/scenarios.md: the scenarios of the repository, what each claims, and which faults it injects.

use super::super::render;
use super::bless;
use crate::scenario::{Scenario, names_engine, parse};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

const PAGE: &str = include_str!("../../../../../docs/scenarios.md");

/// The scenarios of `scenarios/`, each with the name of its file, and whether it is of one engine alone.
fn scenarios() -> Vec<(String, Scenario, bool)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let entries = std::fs::read_dir(folder).expect("scenarios/");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    let read = |file: std::path::PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let parsed = parse(&name, &text).unwrap_or_else(|all| panic!("{}", render(&all)));
        let of_one = names_engine(&text);
        (name, parsed.scenario, of_one)
    };
    files.into_iter().map(read).collect()
}

fn page() -> String {
    let mut out = String::from(
        "# The scenarios\n\n\
         Every file in `scenarios/` is a test: `make test` runs each twice, those that name no engine under each of the \
         three, and each must pass with every fault landed. `bitcraps-sim list` prints their claims.\n\n\
         <!-- generated: in sim/: BLESS=../docs cargo test scenario::tests::docs -->\n\n\
         | file | what it claims | validators | faults | engine |\n|---|---|---|---|---|\n",
    );
    for (name, scenario, of_one) in scenarios() {
        let faults: BTreeSet<&str> = scenario.faults.iter().map(|fault| fault.inject.name()).collect();
        let faults: Vec<String> =
            faults.into_iter().map(|fault| format!("[{fault}](faults.md#{fault})")).collect();
        let engine = if of_one { scenario.consensus.engine.name() } else { "each" };
        let claim = scenario.claim.trim();
        let count = scenario.validators.count;
        writeln!(out, "| `{name}` | {claim} | {count} | {} | {engine} |", faults.join(", ")).unwrap();
    }
    out.push_str(
        "\nBeside them, in `scenarios/`: `regressions/` keeps each failure that was found and mended, shrunk, for ever; \
         `museum/` has finds of the searches in engines with a published bug ([the bug museum](museum.md)); `studies/` has \
         [sweeps](sweeps.md) with what they claim; `hunt/` is what [searches](search.md) begin with.\n",
    );
    out
}

#[test]
fn the_page_of_scenarios_is_that_of_the_folder() {
    let text = page();
    if bless("scenarios.md", &text) {
        return;
    }
    assert!(PAGE == text, "docs/scenarios.md is out of date");
}
