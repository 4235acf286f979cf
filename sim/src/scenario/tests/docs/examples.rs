//! The scenarios that stand in the documents are scenarios.

use super::super::render;
use crate::scenario::{Scenario, parse, resolved};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The blocks of YAML that are whole scenarios.
fn whole(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.lines().any(|line| line.starts_with("version:")))
}

fn parsed(name: &str, text: &str) -> Scenario {
    parse(name, text).unwrap_or_else(|all| panic!("{}", render(&all))).scenario
}

#[test]
fn every_whole_scenario_in_a_document_parses() {
    let entries = std::fs::read_dir(root().join("docs")).expect("docs/");
    let pages = entries.map(|entry| entry.expect("an entry").path());
    let mut found = 0;
    for page in pages.filter(|page| page.extension().is_some_and(|end| end == "md")) {
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // What stands there is the beginning of one, and its examples have a test of their own.
        if name == "faults.md" {
            continue;
        }
        for scenario in whole(&read(&page)) {
            parsed(&name, scenario);
            found += 1;
        }
    }
    assert!(found >= 3, "{found} scenarios in docs/");
}

#[test]
fn the_scenario_of_the_readme_is_the_one_that_make_run_runs() {
    let readme = read(&root().join("README.md"));
    let shown = parsed("README.md", whole(&readme).next().expect("a scenario"));
    let file = parsed("partition-heals.yaml", &read(&root().join("scenarios/partition-heals.yaml")));
    assert_eq!(resolved(&shown), resolved(&file));
}
