//! Every file in scenarios/ is a test: it runs twice, the traces must be equal, and the verdict must be a pass with
//! every fault landed and everything reached that the file says must be reached. A file that names no engine is a test
//! of each engine. Every schedule there must show what it says.
//!
//! A test is named after its file, so that its name stays: `scenario::leader-crash::pbft`. What went wrong once
//! (`regression::…`) runs before all else.

use bitcraps_reports::Verdict;
use bitcraps_sim::run::{Depth, examine};
use bitcraps_sim::scenario::{self, World};
use bitcraps_sim::schedules::{Judged, ScheduleFile};
use bitcraps_types::Protocol;
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut files = yaml_files(&folder.join("regressions"));
    let regressions = files.len();
    let mut others = yaml_files(&folder);
    others.extend(yaml_files(&folder.join("museum")));
    others.sort();
    files.extend(others);
    let (mut trials, mut schedules) = (Vec::new(), Vec::new());
    for (index, file) in files.iter().enumerate() {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let group = if index < regressions { "regression" } else { "scenario" };
        if let Some(name) = name.strip_suffix(".schedule") {
            let (group, file) = (group.replace("scenario", "schedule"), file.clone());
            schedules.push(Trial::test(format!("{group}::{name}"), move || shows_what_it_says(&file)));
            continue;
        }
        let names_one = std::fs::read_to_string(file).is_ok_and(|text| scenario::names_engine(&text));
        let engines = if names_one { vec![None] } else { Protocol::ALL.map(Some).to_vec() };
        for engine in engines {
            let (file, under) = (file.clone(), engine.map_or("its own", Protocol::name));
            trials.push(Trial::test(format!("{group}::{name}::{under}"), move || {
                passes_twice_with_one_trace(&file, engine)
            }));
        }
    }
    trials.extend(schedules);
    let files = files.len();
    trials.push(Trial::test("scenario::there_are_some", move || {
        if files >= 10 { Ok(()) } else { Err(format!("only {files} scenarios were found").into()) }
    }));
    let names: BTreeSet<String> = trials.iter().map(|trial| trial.name().to_owned()).collect();
    assert_eq!(names.len(), trials.len(), "two files of one folder's group have one name");
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

fn shows_what_it_says(file: &Path) -> Result<(), Failed> {
    let schedule = ScheduleFile::parse(&std::fs::read_to_string(file)?)?;
    let Judged { wrong, untouched, .. } = schedule.judge();
    match wrong.or(untouched.map(str::to_owned)) {
        None => Ok(()),
        Some(wrong) => Err(format!("{wrong}\nREPRO bitcraps-sim schedule {} --log", file.display()).into()),
    }
}

fn passes_twice_with_one_trace(file: &Path, engine: Option<Protocol>) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    let name = file.display().to_string();
    let parsed = scenario::parse(&name, &text)
        .map_err(|diagnostics| diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let mut scenario = parsed.scenario;
    scenario.consensus.engine = engine.unwrap_or(scenario.consensus.engine);
    let set = engine.map_or(String::new(), |engine| format!(" --set consensus.engine={engine}"));
    for seed in scenario.seeds.iter() {
        let repro = format!("bitcraps-sim run {name} --seed {seed} --verify{set}");
        let examined = examine(&scenario, World::Lab, seed, Depth::Twice, &repro);
        if let Some(divergence) = examined.divergence {
            return Err(format!("seed {seed} gave two traces: {divergence:#?}\nREPRO {repro}").into());
        }
        let mut outcome = examined.outcome;
        outcome.demand(&scenario.expect.sometimes);
        if outcome.record.verdict != Verdict::Pass {
            let failed = outcome.record.properties.iter().filter(|property| property.holds != Some(true));
            let failed: Vec<String> =
                failed.map(|property| format!("  {}: {}", property.name, property.detail)).collect();
            let verdict = outcome.record.verdict;
            return Err(format!("{verdict:?}\n{}\nREPRO {repro}", failed.join("\n")).into());
        }
    }
    Ok(())
}
