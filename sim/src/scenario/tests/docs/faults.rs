//! docs/faults.md: each fault of the catalogue with its parameters, the worlds that make it, and an example that runs.

use super::super::render;
use super::{bless, words};
use crate::run::{Depth, examine};
use crate::scenario::grammar::{Choose, Field, Need, Object, Shape};
use crate::scenario::{Family, FaultDoc, World, faults_table, language, parse};
use bitcraps_reports::Verdict;
use std::collections::BTreeMap;
use std::fmt::Write;

const PAGE: &str = include_str!("../../../../../docs/faults.md");
/// A scenario, and the examples as lists of its faults.
const EXAMPLES: &str = include_str!("faults.yaml");

/// What a family has in common.
fn about(family: Family) -> &'static str {
    match family {
        Family::Network => {
            "They strike links: those of the nodes in `on`, in both directions, or only those `between` two; without \
             either, all. `probability` is drawn for each frame, save for `bandwidth` and `queue`, whose chance is drawn \
             when they start. The count is that of the frames touched."
        }
        Family::Process => {
            "They need `on`. A crash cuts the power: memory is lost, and of the disk what was not synced. The count is that of \
             the nodes that went down, or of the events that had to wait."
        }
        Family::Disk => {
            "They need `on`. A node whose disk fails stops rather than sign what it can't remember, and is started again \
             after a second. The count is that of the operations touched. In the cluster they need the daemon that takes \
             orders ([worlds](worlds.md#how-the-cluster-is-judged))."
        }
        Family::Clock => {
            "They need `on`. `skew` and `jump` bend the wall clock, `drift` the timers too. The count is that of the \
             readings that were wrong, for `jump` of the clocks. In the cluster they need the daemon that takes orders."
        }
        Family::Byzantine => {
            "They need `on`, and make its nodes liars for the whole run: oracles ask nothing of them, and together they may \
             hold at most f of the stake ([Liars](scenario.md)). `probability` is drawn for each message, and `times` \
             counts messages. The count is that of the messages changed, withheld, added or not heard, for each \
             recipient. Lies of one node combine, in the order in which they started. In the cluster they need the daemon \
             that takes orders, and nodes that are known before the run."
        }
        Family::Application => {
            "Players do the first five, beside what they do otherwise; `on` says at which nodes, and the nodes stay honest. \
             With `by: proposer`, and for the last three, it is the validators in `on` that cheat, and they are liars. \
             `times` counts commands, or messages. The count is that of the commands, turns or messages."
        }
        Family::Ble => "Radio links are of a later version.",
        Family::Meta => "A fault about faults.",
    }
}

/// The examples by fault, in the order of the file, as they stand there.
fn examples() -> Vec<(&'static str, String)> {
    let (_, examples) = EXAMPLES.split_once("x-examples:\n").expect("the examples");
    let mut all: Vec<(&str, String)> = Vec::new();
    for line in examples.lines() {
        match (line.strip_prefix("    "), all.last_mut()) {
            (Some(entry), Some((_, text))) => writeln!(text, "  {entry}").unwrap(),
            _ => all.push((line.trim().trim_end_matches(':'), String::new())),
        }
    }
    all
}

/// What stands before the examples: a scenario without faults.
fn frame() -> &'static str {
    let (frame, _) = EXAMPLES.split_once("\n#").expect("a comment before the examples");
    frame
}

fn made() -> impl Iterator<Item = FaultDoc> {
    faults_table().into_iter().filter(|fault| !fault.worlds.is_empty())
}

#[test]
fn every_fault_that_a_world_makes_has_one_example() {
    let mut named: Vec<&str> = examples().iter().map(|(name, _)| *name).collect();
    let mut wanted: Vec<&str> = made().map(|fault| fault.name).collect();
    named.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(named, wanted);
}

#[test]
fn every_example_is_a_scenario_that_passes_with_its_fault_landed() {
    for (name, example) in examples() {
        let text = format!("{}faults:\n{example}", frame());
        let parsed = parse(name, &text).unwrap_or_else(|all| panic!("{}", render(&all)));
        assert!(parsed.warnings.is_empty(), "{}", render(&parsed.warnings));
        let faults = &parsed.scenario.faults;
        assert!(faults.iter().any(|fault| fault.inject.name() == name), "no `{name}` in its example");
        let record = examine(&parsed.scenario, World::Lab, 1, Depth::Once, "").outcome.record;
        assert_eq!(record.verdict, Verdict::Pass, "{name}: {:?}", record.properties);
    }
}

#[test]
fn the_page_of_faults_is_that_of_the_catalogue() {
    let text = page();
    if bless("faults.md", &text) {
        return;
    }
    assert!(PAGE == text, "docs/faults.md is out of date");
}

fn page() -> String {
    let mut out = format!(
        "# Faults\n\n\
         Every fault that a scenario can inject, from the language's own tables; `bitcraps-sim faults` prints the same in \
         short. How a fault is aimed, started and ended stands in [the scenario file](scenario.md); what each world models, in \
         [Worlds](worlds.md). A fault that touched nothing makes the run inconclusive.\n\n\
         Each example is whole: put it behind this, and `bitcraps-sim run` passes, with every fault landed.\n\n\
         ```yaml\n{}faults:\n```\n\n\
         <!-- generated: change the tables in sim/src/scenario/language/ or the examples in \
         sim/src/scenario/tests/docs/faults.yaml, then in sim/: BLESS=../docs cargo test scenario::tests::docs -->\n\n",
        frame()
    );
    overview(&mut out);
    let examples: BTreeMap<&str, String> = examples().into_iter().collect();
    for (family, faults) in by_family() {
        writeln!(out, "\n## {}\n\n{}", title(family), about(family)).unwrap();
        for fault in faults {
            section(&fault, &examples[fault.name], &mut out);
        }
    }
    let later = faults_table().into_iter().filter(|fault| fault.worlds.is_empty());
    let names: Vec<String> = later.map(|fault| format!("`{}`", fault.name)).collect();
    writeln!(
        out,
        "\n## Not made by this version\n\nThe language knows these names, and `check` refuses them: {}. What each will be: [Faults of later versions](scenario.md#faults-of-later-versions).",
        names.join(", ")
    )
    .unwrap();
    out
}

fn by_family() -> BTreeMap<Family, Vec<FaultDoc>> {
    let mut families: BTreeMap<Family, Vec<FaultDoc>> = BTreeMap::new();
    made().for_each(|fault| families.entry(fault.family).or_default().push(fault));
    families
}

fn title(family: Family) -> &'static str {
    match family {
        Family::Network => "Network",
        Family::Ble => "Bluetooth LE",
        Family::Clock => "Clocks",
        Family::Process => "Processes",
        Family::Disk => "Disks",
        Family::Byzantine => "Byzantine validators",
        Family::Application => "The casino",
        Family::Meta => "About faults",
    }
}

/// What each does, and which worlds make it.
fn overview(out: &mut String) {
    writeln!(out, "| fault | what it does | worlds |\n|---|---|---|").unwrap();
    for fault in by_family().into_values().flatten() {
        let lacking = World::ALL.map(World::name).into_iter().filter(|world| !fault.worlds.contains(world));
        let lacking: Vec<&str> = lacking.collect();
        let worlds =
            if lacking.is_empty() { "all".into() } else { format!("all but {}", lacking.join(", ")) };
        writeln!(out, "| [`{0}`](#{0}) | {1} | {worlds} |", fault.name, fault.doc).unwrap();
    }
}

fn section(fault: &FaultDoc, example: &str, out: &mut String) {
    let name = fault.name;
    writeln!(out, "\n### {name}\n\n{}\n", fault.doc).unwrap();
    let field = language::INJECT.field(name).expect("a fault of the language");
    if let Shape::Object(parameters) = field.shape
        && parameters.keys().next().is_some()
    {
        writeln!(out, "| parameter | value | default | meaning |\n|---|---|---|---|").unwrap();
        parameters.keys().for_each(|parameter| row(parameter, out));
        out.push('\n');
        if let Some(which) = exclusive(parameters) {
            writeln!(out, "{which}\n").unwrap();
        }
    } else {
        writeln!(out, "No parameters: `inject: {name}`.\n").unwrap();
    }
    writeln!(out, "```yaml\nfaults:\n{example}```").unwrap();
}

/// Which of the parameters exclude each other, in words.
fn exclusive(parameters: &'static Object) -> Option<String> {
    let forms = |forms: &[&[&str]]| {
        let forms: Vec<String> = forms.iter().map(|form| format!("`{}`", form.join("` with `"))).collect();
        forms.join(", ")
    };
    Some(match parameters.choose {
        Choose::Free => return None,
        Choose::OneKey => "Exactly one of them.".into(),
        Choose::OneForm(some) => format!("Exactly one of {}.", forms(some)),
        Choose::AtMostOneForm(some) => format!("At most one of {}.", forms(some)),
    })
}

fn row(parameter: &'static Field, out: &mut String) {
    let default = match parameter.need {
        Need::Must => "required",
        Need::Default(text) => text,
    };
    // An object of the language has its table in the reference of the scenario file.
    let value = words(&parameter.shape).replace("](#", "](scenario.md#");
    writeln!(out, "| `{}` | {value} | {default} | {} |", parameter.key, parameter.doc).unwrap();
}
