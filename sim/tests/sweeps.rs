//! Sweeps, their shards and their bundles, as they are typed: the same bytes whoever ran which part, and whatever was
//! killed meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const FILE: &str = "version: 1\nname: small\nclaim: it goes on\nseeds: 0..4\nduration: 4 s\nvalidators: { count: 4 }\n\
    workload: { players: 4, bets: 5/s }\nexpect: { sometimes: [evidence_included] }\n\
    sweep:\n  validators.count: [4, 5]\n  faults:\n    none: []\n    liar: [{ at: 1 s, on: 0, inject: { equivocate: { what: prevote } } }]\n";

struct Place(TempDir);

impl Place {
    fn new(file: &str) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        fs::write(place.path("small.yaml"), file).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bitcraps-sim"));
        command.current_dir(self.0.path()).args(line.split(' '));
        command
    }

    /// Runs a line that must exit so; gives what it printed.
    fn run(&self, line: &str, code: i32) -> String {
        let Output { status, stdout, stderr } = self.command(line).output().unwrap();
        let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(code), "{line}\n{text}");
        text
    }

    /// Everything below a folder but what says how long runs took.
    fn documents(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        collect(&self.path(folder), &mut all);
        let root = self.path(folder);
        let all = all.into_iter().map(|(path, bytes)| (path.strip_prefix(&root).unwrap().to_owned(), bytes));
        all.filter(|(path, _)| !path.starts_with("rows") && path != Path::new("timings.csv")).collect()
    }
}

fn collect(folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, all)
        } else {
            _ = all.insert(path.clone(), fs::read(&path).unwrap())
        }
    }
}

#[test]
fn shards_in_any_order_and_a_sweep_that_was_killed_come_to_the_bytes_of_an_undisturbed_one() {
    let place = Place::new(FILE);
    let text = place.run("sweep small.yaml --out whole", 0);
    assert!(text.contains("16 runs: 16 passed"), "{text}");
    let whole = place.documents("whole");
    for name in ["index.csv", "index.parquet", "index.html"] {
        assert!(whole.contains_key(Path::new(name)), "{name}");
    }
    for shard in 1..=3 {
        place.run(&format!("sweep small.yaml --shard {shard}/3 --out s{shard}"), 0);
    }
    place.run("merge s1 s2 s3 --out merged", 0);
    place.run("merge s3 s1 s2 --out turned", 0);
    assert_eq!(place.documents("merged"), whole);
    let all = |folder: &str| {
        let mut all = BTreeMap::new();
        collect(&place.path(folder), &mut all);
        all.into_values().collect::<Vec<_>>()
    };
    assert_eq!(all("merged"), all("turned"), "rows and timings as well");
    let text = place.run("merge s1 s3 --out part", 2);
    assert!(text.contains("Incomplete: "), "{text}");

    // What a kill leaves: some rows, and half of one.
    let rows = fs::read(place.path("whole/rows/all.jsonl")).unwrap();
    let ends: Vec<usize> =
        rows.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    fs::create_dir_all(place.path("killed/rows")).unwrap();
    fs::write(place.path("killed/rows/all.jsonl"), &rows[..ends[5] + 200]).unwrap();
    let text = place.run("sweep small.yaml --out killed", 0);
    assert!(text.contains("16 runs, 5 of them here already"), "{text}");
    assert_eq!(place.documents("killed"), whole);
}

#[test]
fn a_sweep_that_grows_runs_only_what_is_new() {
    let place = Place::new(FILE);
    place.run("sweep small.yaml --set faults=[] --set expect={} --seeds 0..2 --out grown", 0);
    let text = place.run("sweep small.yaml --set faults=[] --set expect={} --seeds 0..3 --out grown", 0);
    assert!(text.contains("6 runs, 4 of them here already"), "{text}");
    let text = place.run("sweep small.yaml --set faults=[] --set expect={} --set validators.count=4,5,6 --seeds 0..3 --out grown", 0);
    assert!(text.contains("9 runs, 6 of them here already"), "{text}");
    let index = fs::read_to_string(place.path("grown/index.csv")).unwrap();
    assert_eq!(index.lines().count(), 10, "{index}");
    // What is no part of the sweep any more is in nothing that is made of it.
    let small = "sweep small.yaml --set faults=[] --set expect={} --set validators.count=4 --seed 1";
    place.run(&format!("{small} --out grown"), 0);
    place.run(&format!("{small} --out fresh"), 0);
    assert_eq!(fs::read_to_string(place.path("grown/index.csv")).unwrap().lines().count(), 2);
    assert_eq!(place.documents("grown"), place.documents("fresh"));
    place.run("bundle grown --out a.tar", 0);
    place.run("bundle fresh --out b.tar", 0);
    assert_eq!(fs::read(place.path("a.tar")).unwrap(), fs::read(place.path("b.tar")).unwrap());
    place.run("merge grown --out merged", 0);
    // Another sweep's folder is not written over.
    place.run("sweep small.yaml --set faults=[] --set expect={} --seeds 0..2 --out victim", 0);
    assert!(place.run("merge grown --out victim", 64).contains("has another sweep"));
}

#[test]
fn a_violated_run_is_told_kept_and_brought_along_by_a_merge() {
    let file = FILE.replace("sometimes: [evidence_included]", "slo: { commit_latency_p99: 1 ms }");
    let place = Place::new(&file);
    let line = "sweep small.yaml --set validators.count=4 --set faults=[] --seeds 0..2 --out bad";
    let text = place.run(line, 1);
    assert!(
        text.contains("VIOLATED") && text.contains("REPRO bitcraps-sim run small.yaml --seed 0"),
        "{text}"
    );
    assert!(
        place.run(line, 1).contains("2 of them here already"),
        "a violation that is there already is not forgotten"
    );
    place.run("merge bad --out merged", 1);
    let index = fs::read_to_string(place.path("merged/index.csv")).unwrap();
    let report = index.lines().nth(1).unwrap().rsplit(',').next().unwrap().to_owned();
    assert!(report.ends_with("report.html") && place.path("merged").join(&report).exists(), "{index}");
    // A row says where its page is, and may lie.
    let rows = place.path("bad/rows/all.jsonl");
    let text = fs::read_to_string(&rows).unwrap().replace(&report, "../outside/report.html");
    fs::write(&rows, text).unwrap();
    fs::create_dir_all(place.path("outside")).unwrap();
    assert!(place.run("merge bad --out elsewhere", 74).contains("is no page of a run"));
}

#[test]
fn what_can_t_be_swept_or_merged_says_why() {
    let place = Place::new(FILE);
    assert!(place.run("sweep small.yaml --shard 5/4", 64).contains("there is no shard 5 of 4"));
    assert!(place.run("sweep small.yaml --shard auto", 64).contains("no batch system"));
    assert!(
        place.run("sweep small.yaml --set validators.count=4,many", 65).contains("expected a whole number")
    );
    assert!(place.run("sweep small.yaml --set seeds=1,2", 65).contains("--seeds A..B"));
    assert!(place.run("merge nowhere --out x", 74).contains("no rows of a sweep"));
    place.run("sweep small.yaml --set expect={} --set validators.count=4 --seed 1 --out a", 0);
    place.run("sweep small.yaml --set expect={} --set validators.count=5 --seed 1 --out b", 0);
    assert!(place.run("merge a b --out c", 64).contains("of other files, settings or seeds"));
    let text = place.run("sweep small.yaml --set expect={} --set duration=4s,4000ms --seed 1", 65);
    assert!(text.contains("two points are the same scenario"), "{text}");
    // Another build's rows are not gone on with.
    let path = place.path("a/rows/all.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let at = text.find("\"sources\":\"").unwrap() + 11;
    fs::write(&path, text.replace(&text[at..at + 64], &"0".repeat(64))).unwrap();
    let again = "sweep small.yaml --set expect={} --set validators.count=4 --seed 1 --out a";
    assert!(place.run(again, 64).contains("made by"));
}

const CLAIMS: &str = "claims:\n  - claim: five validators send more than four\n    figure: index.html\n    measure: { metric: messages_per_block, where: { validators.count: 5 }, divided_by: { validators.count: 4 } }\n    at_least: 1.2\n";

#[test]
fn a_bundle_is_the_same_bytes_and_anybody_can_check_it() {
    let place = Place::new(FILE);
    fs::write(place.path("claims.yaml"), CLAIMS).unwrap();
    place.run("sweep small.yaml --out whole", 0);
    place.run("sweep small.yaml --jobs 1 --out again", 0);
    place.run("bundle whole --claims claims.yaml --out a.tar", 0);
    place.run("bundle again --claims claims.yaml --out b.tar", 0);
    assert_eq!(fs::read(place.path("a.tar")).unwrap(), fs::read(place.path("b.tar")).unwrap());
    // The scenario files are in it.
    fs::remove_file(place.path("small.yaml")).unwrap();
    let text = place.run("verify-bundle a.tar", 0);
    assert!(
        text.contains("16 of 16 run again to the same trace") && text.contains("✓ five validators"),
        "{text}"
    );
    let text = place.run("verify-bundle a.tar --sample 3", 0);
    assert!(text.contains("3 of 3 run again") && text.contains("of the runs a sample: 3 of 16"), "{text}");
    place.run("verify-bundle a.tar --sample 0", 64);
}

#[test]
fn a_claim_that_does_not_hold_makes_no_bundle() {
    let place = Place::new(FILE);
    fs::write(place.path("claims.yaml"), CLAIMS.replace("1.2", "12")).unwrap();
    place.run("sweep small.yaml --out whole", 0);
    assert!(place.run("bundle whole --claims claims.yaml --out a.tar", 1).contains("✗ five validators"));
    assert!(!place.path("a.tar").exists());
}

/// Makes a bundle again of its own files after a change to them, with digests that fit.
fn forged(place: &Place, name: &str, change: impl Fn(&str, &mut String)) -> String {
    let mut all = BTreeMap::new();
    let mut tar = tar::Archive::new(fs::File::open(place.path("honest.tar")).unwrap());
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let file = entry.path().unwrap().strip_prefix("study").unwrap().display().to_string();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        all.insert(file, bytes);
    }
    for (file, bytes) in &mut all {
        let Ok(mut text) = String::from_utf8(bytes.clone()) else { continue };
        change(file, &mut text);
        *bytes = text.into_bytes();
    }
    let mut bundle: serde_json::Value = serde_json::from_slice(&all["bundle.json"]).unwrap();
    for (file, digest) in bundle["files"].as_object_mut().unwrap() {
        *digest = blake3::hash(&all[file]).to_hex().to_string().into();
    }
    all.insert("bundle.json".into(), serde_json::to_vec_pretty(&bundle).unwrap());
    let mut tar = tar::Builder::new(fs::File::create(place.path(name)).unwrap());
    for (file, bytes) in all {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, Path::new("study").join(file), bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap();
    format!("verify-bundle {name}")
}

#[test]
fn a_bundle_with_runs_left_out_or_a_file_that_the_runs_do_not_make_is_not_reproduced() {
    let place = Place::new(FILE);
    place.run("sweep small.yaml --set faults=[] --set expect={} --seeds 0..2 --out whole", 0);
    place.run("bundle whole --out honest.tar", 0);
    let line = forged(&place, "same.tar", |_, _| {});
    assert!(
        place.run(&line, 3).contains("DIFFERS    bundle.json"),
        "written otherwise, but the rest is the same"
    );
    let line = forged(&place, "chosen.tar", |file, text| {
        if file == "rows/all.jsonl" {
            text.truncate(text[..text.len() - 1].rfind('\n').unwrap() + 1);
        }
    });
    assert!(place.run(&line, 65).contains("something was left out"));
    let line = forged(&place, "readme.tar", |file, text| {
        if file == "README.md" {
            text.push_str("It was reviewed by everybody.\n");
        }
    });
    assert!(place.run(&line, 3).contains("DIFFERS    README.md"));
    let line = forged(&place, "command.tar", |file, text| {
        if file == "rows/all.jsonl" || file == "index.csv" {
            *text = text.replace(
                "bitcraps-sim run small.yaml --seed 1",
                "evil; bitcraps-sim run small.yaml --seed 1",
            );
        }
    });
    assert!(place.run(&line, 3).contains("not what the row says of it"));
}

#[test]
fn a_bundle_that_was_changed_is_refused_and_a_false_trace_found() {
    let place = Place::new(FILE);
    place.run("sweep small.yaml --seeds 0..2 --out whole", 0);
    let rows = place.path("whole/rows/all.jsonl");
    let text = fs::read_to_string(&rows).unwrap();
    let at = text.find("\"trace_hash\":\"").unwrap() + 14;
    let digit = if &text[at..=at] == "0" { "1" } else { "0" };
    fs::write(&rows, format!("{}{digit}{}", &text[..at], &text[at + 1..])).unwrap();
    place.run("bundle whole --out false.tar", 0);
    let text = place.run("verify-bundle false.tar", 3);
    assert!(text.contains("7 of 8 run again") && text.contains("REPRO"), "{text}");
    let mut bytes = fs::read(place.path("false.tar")).unwrap();
    let at = bytes.windows(5).position(|bytes| bytes == b"claim").unwrap();
    bytes[at] = b'C';
    fs::write(place.path("changed.tar"), bytes).unwrap();
    assert!(place.run("verify-bundle changed.tar", 65).contains("is not what bundle.json says"));
    fs::write(place.path("no.tar"), "no tar").unwrap();
    place.run("verify-bundle no.tar", 65);
}

#[test]
fn a_comparison_finds_a_regression_and_none_between_the_same_runs() {
    let place = Place::new(FILE);
    let line = "sweep small.yaml --set faults=[] --set expect={} --set validators.count=4,5 --seeds 0..12";
    place.run(&format!("{line} --out before"), 0);
    place.run(&format!("{line} --out same"), 0);
    place.run(&format!("{line} --set links.default.latency=80ms --out slower"), 0);
    assert!(place.run("compare before same", 0).contains("No regression"));
    let text = place.run("compare before slower --page page.html", 4);
    assert!(text.contains("REGRESSION"), "{text}");
    assert!(fs::read_to_string(place.path("page.html")).unwrap().contains("</html>"));
    place.run("compare slower before", 0);
    // A part is no whole.
    place.run(&format!("{line} --shard 1/2 --out part"), 0);
    assert!(place.run("compare before part", 64).contains("--partial"));
    place.run("compare before part --partial", 0);
    // A file of rows is a baseline, and so is a bundle.
    place.run("bundle before --out before.tar", 0);
    for baseline in ["before/rows/all.jsonl", "before.tar"] {
        place.run(&format!("compare {baseline} slower"), 4);
    }
    let text = place.run("compare before slower --format json", 4);
    let json: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((&json["regression"], json["points"].as_array().unwrap().len()), (&true.into(), 2));
}

#[test]
fn two_engines_of_one_sweep_are_compared_point_by_point() {
    let place = Place::new(FILE);
    let engines = "--set consensus.engine=pbft,tendermint";
    place.run(
        &format!("sweep small.yaml --set faults=[] --set expect={{}} {engines} --seeds 0..4 --out both"),
        0,
    );
    let text =
        place.run("compare both both --a engine=pbft --b engine=tendermint --format json --worse-by 100%", 0);
    let json: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(json["points"].as_array().unwrap().len(), 2, "a point of each size: {text}");
    assert!(place.run("compare both both --a engine=raft", 64).contains("no run has engine=raft"));
    assert!(place.run("compare both both --a engine=pbft", 64).contains("no point in common"));
}

#[test]
fn the_studies_of_the_repository_can_be_swept() {
    let studies = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/studies");
    let text = Place::new(FILE).run(&format!("check {studies}"), 0);
    assert!(text.contains("ok (engines), a sweep of 144 points"), "{text}");
}
