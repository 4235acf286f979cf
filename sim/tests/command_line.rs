//! The contract of the command line: what is printed where, which exit code, which files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const GOOD: &str = "version: 1\nname: small\nclaim: four validators decide\nduration: 5 s\nvalidators: { count: 4 }\n\
                    workload: { tables: 2, players: 4, bets: 20/s }\n";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bitcraps-sim"));
        command.args(args).current_dir(&self.0);
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran(self.command(args).output().unwrap())
    }

    /// The only run folder of a scenario.
    fn folder(&self, scenario: &str) -> PathBuf {
        let entries = std::fs::read_dir(self.0.path().join("runs").join(scenario)).unwrap();
        let folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        folders[0].clone()
    }
}

struct Ran(Output);

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().expect("it was not killed")
    }

    fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
}

fn with(extra: &str) -> String {
    format!("{GOOD}{extra}")
}

#[test]
fn a_run_that_passes_exits_with_0_and_leaves_a_whole_folder() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    let ran = place.run(&["run", "small.yaml"]);
    assert_eq!(ran.code(), 0, "{}{}", ran.out(), ran.err());
    assert!(ran.out().contains("PASS") && ran.out().contains("the same twice"), "{}", ran.out());
    assert_eq!(ran.err(), "", "quiet when it is not a terminal");
    let folder = place.folder("small");
    for file in [
        "manifest.json",
        "scenario.resolved.yaml",
        "result.json",
        "events.jsonl",
        "hist.hgrm",
        "hist.json",
        "report.html",
        "plots/latency.svg",
        "plots/latency.csv",
    ] {
        assert!(folder.join(file).metadata().unwrap().len() > 0, "{file}");
    }
    let html = std::fs::read_to_string(folder.join("report.html")).unwrap();
    for outside in ["<link", "src=\"http", "@import", "url(http"] {
        assert!(!html.contains(outside), "{outside} in the report");
    }
}

#[test]
fn a_film_of_all_has_every_message_and_of_too_many_runs_is_refused() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    let ran = place.run(&["run", "small.yaml", "--film", "all"]);
    assert_eq!(ran.code(), 0, "{}{}", ran.out(), ran.err());
    let html = std::fs::read_to_string(place.folder("small").join("report.html")).unwrap();
    let record = bitcraps_reports::record_in(&html).unwrap();
    let whole = record.windows.last().unwrap();
    assert_eq!((whole.from_ns, whole.to_ns, whole.left_out), (0, record.manifest.duration_ns, 0));
    let fewer = record.windows[..record.windows.len() - 1].iter().map(|window| window.messages.len());
    assert!(whole.messages.len() > fewer.max().unwrap());
    let ran = place.run(&["run", "small.yaml", "--film", "all", "--seeds", "0..33"]);
    assert_eq!(ran.code(), 64);
    assert!(ran.err().contains("at most 32"), "{}", ran.err());
}

#[test]
fn two_processes_give_one_trace_and_another_seed_gives_another() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    let trace = |args: &[&str]| {
        let ran = place.run(args);
        let line: serde_json::Value = serde_json::from_str(ran.out().lines().next().unwrap()).unwrap();
        line["trace_hash"].as_str().unwrap().to_owned()
    };
    let first = trace(&["run", "small.yaml", "--format", "json", "--seed", "7"]);
    assert_eq!(first, trace(&["run", "small.yaml", "--format", "json", "--seed", "7", "--verify"]));
    assert_ne!(first, trace(&["run", "small.yaml", "--format", "json", "--seed", "8"]));
}

#[test]
fn the_order_and_number_of_jobs_do_not_change_a_trace() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    let traces = |jobs: &str| {
        let ran = place.run(&["run", "small.yaml", "--seeds", "0..6", "--jobs", jobs, "--format", "json"]);
        assert_eq!(ran.code(), 0);
        let mut lines: Vec<(u64, String)> = ran
            .out()
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| (line["seed"].as_u64().unwrap(), line["trace_hash"].as_str().unwrap().to_owned()))
            .collect();
        lines.sort();
        lines
    };
    let one = traces("1");
    assert_eq!(one.len(), 6);
    assert_eq!(one, traces("3"));
}

#[test]
fn a_violated_property_exits_with_1_and_a_line_that_reproduces_it() {
    let place = Place::new();
    place.file("slow.yaml", &with("expect: { slo: { commit_latency_p99: 1 ms } }\n"));
    let ran = place.run(&["run", "slow.yaml", "--seed", "3", "--set", "validators.count=5"]);
    assert_eq!(ran.code(), 1, "{}", ran.out());
    let repro = "REPRO bitcraps-sim run slow.yaml --seed 3 --set validators.count=5\n";
    assert!(ran.out().ends_with(repro), "{}", ran.out());
}

#[test]
fn a_fault_that_touches_nothing_makes_the_run_inconclusive() {
    let place = Place::new();
    place.file(
        "late.yaml",
        &with("faults: [{ id: never, when: { height: 100000 }, on: 0, inject: { pause: {} } }]\n"),
    );
    let ran = place.run(&["run", "late.yaml"]);
    assert_eq!(ran.code(), 2, "{}", ran.out());
    assert!(ran.out().contains("never started"), "{}", ran.out());
}

#[test]
fn a_sometimes_that_is_never_reached_makes_it_inconclusive() {
    let place = Place::new();
    place.file("calm.yaml", &with("expect: { sometimes: [restart] }\n"));
    let one = place.run(&["run", "calm.yaml"]);
    assert_eq!(one.code(), 2, "{}", one.out());
    assert!(one.out().contains("INCONCLUSIVE"), "{}", one.out());
    let ran = place.run(&["run", "calm.yaml", "--seeds", "0..3"]);
    assert_eq!(ran.code(), 2, "{}", ran.out());
    assert!(ran.out().contains("small: restart: never reached"), "{}", ran.out());
}

#[test]
fn bad_usage_bad_scenarios_and_missing_files_have_codes_of_their_own() {
    let place = Place::new();
    place.file("bad.yaml", "version: 1\nnme: x\n");
    assert_eq!(place.run(&["run"]).code(), 64);
    assert_eq!(place.run(&["run", "bad.yaml", "--seeds", "5..5"]).code(), 64);
    assert_eq!(place.run(&["frobnicate"]).code(), 64);
    assert_eq!(place.run(&["run", "none.yaml"]).code(), 74);
    let bad = place.run(&["check", "bad.yaml"]);
    assert_eq!(bad.code(), 65);
    assert!(bad.err().contains("bad.yaml:2:1") && bad.err().contains("did you mean `name`"), "{}", bad.err());
    let set = place.file("small.yaml", GOOD);
    let bad = place.run(&["run", set.to_str().unwrap(), "--set", "validators.cuont=5"]);
    assert_eq!(bad.code(), 65, "{}", bad.err());
    assert_eq!(place.run(&["--help"]).code(), 0);
    assert_eq!(place.run(&["--version"]).code(), 0);
}

#[test]
fn junit_has_a_case_per_run_with_the_line_that_reproduces_it() {
    let place = Place::new();
    place.file("slow.yaml", &with("expect: { slo: { commit_latency_p50: 1 ms } }\n"));
    let ran = place.run(&["run", "slow.yaml", "--seeds", "0..2", "--format", "junit"]);
    assert_eq!(ran.code(), 1);
    let xml = ran.out();
    assert_eq!((xml.matches("<testcase").count(), xml.matches("<failure").count()), (2, 2), "{xml}");
    assert!(xml.contains("REPRO bitcraps-sim run slow.yaml --seed 1"), "{xml}");
}

#[test]
fn a_folder_replays_to_the_same_trace_and_a_changed_one_is_told_apart() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    assert_eq!(place.run(&["run", "small.yaml"]).code(), 0);
    let folder = place.folder("small");
    let replayed = place.run(&["replay", folder.to_str().unwrap()]);
    assert_eq!(replayed.code(), 0, "{}", replayed.out());
    assert!(replayed.out().contains("the same trace"), "{}", replayed.out());
    edit(&folder.join("scenario.resolved.yaml"), "count: 4", "count: 5");
    assert_eq!(place.run(&["replay", folder.to_str().unwrap()]).code(), 3);
    assert_eq!(place.run(&["replay", "runs"]).code(), 74);
}

#[test]
fn a_resolved_scenario_runs_by_itself_to_the_same_trace() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    assert_eq!(place.run(&["run", "small.yaml", "--set", "links.default.loss=3%"]).code(), 0);
    let folder = place.folder("small");
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let resolved = folder.join("scenario.resolved.yaml");
    let again = place.run(&["run", resolved.to_str().unwrap(), "--format", "json"]);
    let line: serde_json::Value = serde_json::from_str(again.out().lines().next().unwrap()).unwrap();
    assert!(manifest.contains(line["trace_hash"].as_str().unwrap()), "{manifest}");
}

#[test]
fn list_faults_and_schema_print_what_they_say() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    assert!(place.run(&["list", "."]).out().starts_with("small  four validators decide"));
    let faults = place.run(&["faults"]).out();
    assert!(faults.contains("equivocate") && faults.contains("twins"), "{faults}");
    let schema: serde_json::Value = serde_json::from_str(&place.run(&["schema"]).out()).unwrap();
    assert_eq!(schema["type"], "object");
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn the_highest_seed_runs_and_too_many_seeds_are_refused() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    let ran = place.run(&["run", "small.yaml", "--seed", "18446744073709551615"]);
    assert!(ran.code() == 0 && ran.out().contains("seed 18446744073709551615"), "{}{}", ran.out(), ran.err());
    let ran = place.run(&["run", "small.yaml", "--seeds", "0..18446744073709551615"]);
    assert!(ran.code() == 64 && ran.err().contains("at most 1000000"), "{}", ran.err());
    place.file("many.yaml", &with("seeds: 0..18446744073709551615\n"));
    let ran = place.run(&["run", "many.yaml"]);
    assert!(ran.code() == 64 && ran.err().contains("at most 1000000"), "{}", ran.err());
}

#[test]
fn a_replay_gives_the_verdict_of_the_run() {
    let place = Place::new();
    place.file("small.yaml", &with("expect: { sometimes: [state_sync] }\n"));
    assert_eq!(place.run(&["run", "small.yaml"]).code(), 2);
    let folder = place.folder("small");
    assert_eq!(place.run(&["replay", folder.to_str().unwrap()]).code(), 2);
}

#[test]
fn a_quiet_run_of_a_healthy_network_changes_no_view() {
    let place = Place::new();
    place.file("small.yaml", &with("expect: { sometimes: [view_change] }\n"));
    assert_eq!(place.run(&["run", "small.yaml"]).code(), 2);
}

#[test]
fn what_no_seed_reached_has_a_repro_line() {
    let place = Place::new();
    place.file("small.yaml", &with("expect: { sometimes: [state_sync] }\n"));
    let ran = place.run(&["run", "small.yaml", "--seeds", "0..2"]);
    assert_eq!(ran.code(), 2);
    assert!(ran.out().contains("REPRO bitcraps-sim run small.yaml --seeds 0..2\n"), "{}", ran.out());
}

#[test]
fn two_files_of_one_name_are_refused_before_anything_runs() {
    let place = Place::new();
    place.file("one.yaml", GOOD);
    place.file("two.yaml", GOOD);
    let ran = place.run(&["run", "one.yaml", "two.yaml"]);
    assert_eq!(ran.code(), 65);
    assert!(ran.err().contains("one.yaml and two.yaml are both named `small`"), "{}", ran.err());
    assert!(!place.0.path().join("runs").exists());
    place.file("two.yaml", &GOOD.replace("small", "other"));
    assert_eq!(place.run(&["run", "one.yaml", "two.yaml"]).code(), 0);
}

#[test]
fn a_file_that_is_not_utf_8_is_a_bad_scenario_and_a_file_given_twice_runs_once() {
    let place = Place::new();
    std::fs::write(place.0.path().join("bytes.yaml"), b"version: 1\nname: \xff\n").unwrap();
    let ran = place.run(&["check", "bytes.yaml"]);
    assert!(ran.code() == 65 && ran.err().contains("byte 17 is not UTF-8"), "{}", ran.err());
    place.file("small.yaml", GOOD);
    let ran = place.run(&["check", "small.yaml", "./small.yaml", "small.yaml"]);
    assert_eq!((ran.code(), ran.out().lines().count()), (0, 1), "{}", ran.out());
}

#[test]
fn of_more_than_32_runs_those_that_pass_leave_no_events() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    assert_eq!(place.run(&["run", "small.yaml", "--seeds", "0..33", "--set", "duration=1s"]).code(), 0);
    for entry in std::fs::read_dir(place.0.path().join("runs/small")).unwrap() {
        let folder = entry.unwrap().path();
        assert!(folder.join("result.json").exists() && !folder.join("events.jsonl").exists(), "{folder:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_can_t_be_written_is_an_io_error_and_a_reader_that_left_is_none() {
    let place = Place::new();
    for args in [&["schema"][..], &["faults"], &["--help"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ran = Ran(place.command(args).stdout(full).output().unwrap());
        assert!(ran.code() == 74 && ran.err().starts_with("error: standard output: "), "{}", ran.err());
        assert_eq!(ran.err().lines().count(), 1, "{}", ran.err());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Ran(place.command(args).stdout(writer).output().unwrap());
        assert_eq!((ran.code(), &*ran.err()), (0, ""));
    }
}

/// The processes share neither an address space nor a start of their clocks.
#[test]
fn two_processes_on_the_wire_write_one_trace_and_a_third_replays_it() {
    let trace = |place: &Place| {
        place.file("small.yaml", GOOD);
        let ran = place.run(&["run", "small.yaml", "--on", "wire"]);
        assert_eq!(ran.code(), 0, "{}", ran.out());
        let manifest = std::fs::read_to_string(place.folder("small").join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!((&manifest["world"], &manifest["crypto"]), (&"wire".into(), &"real".into()));
        manifest["trace_hash"].as_str().unwrap().to_owned()
    };
    let (one, other) = (Place::new(), Place::new());
    assert_eq!(trace(&one), trace(&other));
    let replayed = one.run(&["replay", one.folder("small").to_str().unwrap()]);
    assert_eq!(replayed.code(), 0, "{}", replayed.out());
}

/// madsim's world has a program of its own. What that program does is tested in its own workspace.
#[test]
#[cfg(unix)]
fn a_run_on_madsim_is_handed_to_its_program_with_all_that_was_typed() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.file("small.yaml", GOOD);
    let program = place.file("other", "#!/bin/sh\necho \"given: $*\"\nexit 5\n");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let args = ["run", "small.yaml", "--on", "madsim", "--seed", "7"];
    let on = |program: &Path| Ran(place.command(&args).env("BITCRAPS_MADSIM", program).output().unwrap());
    let ran = on(&program);
    assert_eq!(
        (ran.code(), &*ran.out()),
        (5, "given: run small.yaml --on madsim --seed 7\n"),
        "{}",
        ran.err()
    );
    let missing = on(Path::new("nowhere"));
    assert_eq!((missing.code(), &*missing.out()), (74, ""));
    assert!(missing.err().starts_with("error: nowhere: "), "{}", missing.err());
    let ran = Ran(place.command(&args).env_remove("BITCRAPS_MADSIM").output().unwrap());
    if ran.code() == 74 {
        assert!(ran.err().contains("`make madsim`"), "the remedy: {}", ran.err());
    } else {
        assert!(
            ran.out().contains("1 run") || ran.out().contains("PASS"),
            "built and beside it: {}",
            ran.out()
        );
    }
}

#[test]
fn on_github_a_failure_stands_beside_its_line_and_on_the_page_of_the_step() {
    let place = Place::new();
    place.file("small.yaml", &with("expect:\n  slo: { commit_latency_p99: 1 ms }\n"));
    let page = place.0.path().join("page.md");
    let args = ["run", "small.yaml", "--seeds-of", "27c14d3", "--count", "2", "--format", "github"];
    let ran = Ran(place
        .command(&args)
        .env("GITHUB_STEP_SUMMARY", &page)
        .env_remove("GITHUB_WORKSPACE")
        .output()
        .unwrap());
    assert_eq!(ran.code(), 1, "{}", ran.err());
    let out = ran.out();
    let annotations: Vec<&str> = out.lines().filter(|line| line.starts_with("::error ")).collect();
    let [annotation] = &annotations[..] else { panic!("one for both seeds: {out}") };
    let place_of_it =
        "::error file=small.yaml,line=8,col=10,endColumn=28,title=small%3A commit_latency_p99::";
    assert!(annotation.starts_with(place_of_it), "{annotation}");
    assert!(annotation.contains("%0AREPRO bitcraps-sim run small.yaml --seed "), "{annotation}");
    assert!(annotation.ends_with("%0Aand in 1 run more"), "{annotation}");
    let (groups, ends) = (out.matches("::group::VIOLATED").count(), out.matches("\n::endgroup::\n").count());
    assert_eq!((groups, ends), (2, 2), "{out}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("| ❌ | small | 2 |  | 2 |"), "{page}");
    let seeds = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("bitcraps-sim run small.yaml --seed "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(seeds(&page).len(), 2, "{page}");
    let other = place.run(&["run", "small.yaml", "--seeds-of", "27c14d4", "--count", "2"]);
    assert!(seeds(&page).iter().all(|line| !other.out().contains(line.as_str())), "other seeds");
}

#[test]
fn mistakes_are_told_to_programs_in_their_own_ways_with_the_same_exit_code() {
    let place = Place::new();
    place.file("bad.yaml", &GOOD.replace("5 s", "5 parsecs"));
    let check = |format: &str| {
        let ran = place.run(&["check", "bad.yaml", "--format", format]);
        assert_eq!(ran.code(), 65, "{format}");
        ran.out()
    };
    let json: serde_json::Value = serde_json::from_str(&check("json")).unwrap();
    let first = &json["diagnostics"][0];
    assert_eq!((&first["line"], &first["column"], &json["ok"]), (&4.into(), &11.into(), &false.into()));
    let sarif: serde_json::Value = serde_json::from_str(&check("sarif")).unwrap();
    let region = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&4.into(), &11.into()));
    assert!(check("github").starts_with("::error file=bad.yaml,line=4,col=11,"));
}

#[test]
fn an_export_is_of_the_same_run_or_of_none() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    assert_eq!(place.run(&["run", "small.yaml"]).code(), 0);
    let folder = place.folder("small");
    let export = |to: &str| place.run(&["export", folder.to_str().unwrap(), "--to", to]);
    let files =
        [("perfetto", "trace.perfetto-trace"), ("shiviz", "shiviz.log"), ("openmetrics", "metrics.om")];
    for (to, file) in files {
        let ran = export(to);
        assert_eq!(ran.code(), 0, "{to}: {}", ran.err());
        assert!(folder.join(file).metadata().unwrap().len() > 1000, "{file}");
    }
    let datagrams = export("pcap");
    assert!(datagrams.code() == 64 && datagrams.err().contains("--on wire"), "{}", datagrams.err());
    // As if another program had run it.
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let hash: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let hash = hash["trace_hash"].as_str().unwrap();
    std::fs::write(folder.join("manifest.json"), manifest.replace(hash, &"0".repeat(hash.len()))).unwrap();
    std::fs::remove_file(folder.join("shiviz.log")).unwrap();
    let other = export("shiviz");
    assert!(other.code() == 3 && other.err().contains("another run"), "{}", other.err());
    assert!(!folder.join("shiviz.log").exists(), "nothing is left of it");
}

#[test]
fn what_needs_a_terminal_or_a_folder_says_so() {
    let place = Place::new();
    place.file("small.yaml", GOOD);
    let watch = place.run(&["watch", "small.yaml"]);
    assert!(watch.code() == 64 && watch.err().contains("terminal"), "{}", watch.err());
    let serve = place.run(&["serve", "nowhere"]);
    assert!(serve.code() == 74 && serve.err().starts_with("error: nowhere: "), "{}", serve.err());
}
