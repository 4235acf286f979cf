//! The cluster world: real daemons, a proxy on each link, the same oracles.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SPLIT_AND_CRASH: &str = "\
version: 1
name: split-and-crash
claim: real daemons that are split, killed and stopped fork nothing and go on
duration: 14 s
validators: { count: 4 }
links: { default: { latency: { mean: 5 ms, jitter: 2 ms }, loss: 1 %, duplicate: 1 %, corrupt: 0.5 % } }
workload: { tables: 3, players: 6, bets: 20/s }
faults:
  - { id: split, at: 3 s, for: 2 s, inject: { partition: { groups: [[0, 1], [2, 3]] } } }
  - { id: power, at: 6 s, on: 1, inject: { crash: { restart_after: 1 s, disk: torn_write } } }
  - { id: stop, at: 8 s, for: 1 s, on: 2, inject: pause }
expect:
  eventually: [{ height: { at_least: 12, within: 14 s } }]
  sometimes: [restart]
";

const LIES_AND_BROKEN_MACHINES: &str = "\
version: 1
name: lies-and-broken-machines
claim: real daemons convict the one that lies, and go on while others have wrong clocks, bad disks and slow processors
duration: 16 s
validators: { count: 4 }
links: { default: { latency: { mean: 5 ms, jitter: 2 ms } } }
workload: { tables: 3, players: 6, bets: 20/s }
faults:
  - { id: two-faced, at: 2 s, for: 10 s, on: 3, inject: { equivocate: { what: [proposal, prevote, precommit] } } }
  - { id: ahead, at: 3 s, for: 2 s, on: 0, inject: { skew: { offset: 5 min } } }
  - { id: fast, at: 3 s, for: 2 s, on: 1, inject: { drift: { ppm: 50000 } } }
  - { id: leap, at: 4 s, on: 2, inject: { jump: { by: -1 min } } }
  - { id: weary, at: 6 s, for: 2 s, on: 1, inject: { slow_cpu: { factor: 4 } } }
  - { id: worn, at: 6 s, for: 2 s, on: 2, inject: { disk_slow: { latency: { mean: 10 ms, jitter: 5 ms } } } }
  - { id: full, at: 9 s, for: 2 s, on: 0, inject: { disk_full: { capacity: 1 KiB } } }
expect:
  eventually: [{ height: { at_least: 12, within: 16 s } }]
  sometimes: [evidence_included, restart]
";

const FORK: &str = "\
version: 1
name: fork
claim: two liars in two processes tell each half of the others the same, and are named
duration: 12 s
validators: { count: 4 }
links: { default: { latency: { mean: 20 ms, jitter: 10 ms } } }
workload: { tables: 1, players: 2, bets: 5/s }
faults:
  - { id: conspiracy, at: 3 s, on: [1, 3], inject: { equivocate: { what: [proposal, prevote, precommit] } } }
expect:
  violation: agreement
";

/// The testbed, which a test run of the whole workspace has built, and the honest daemon beside it.
fn sim() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_bitcraps-sim"))
}

fn honest() -> PathBuf {
    let node = sim().with_file_name("bitcraps-node");
    assert!(node.is_file(), "{} is missing: `cargo build --bin bitcraps-node`", node.display());
    node
}

/// The daemon that misbehaves. No other build may turn its feature on, so it has one of its own; with the same set of
/// packages, so that only the daemon's is compiled again.
fn byzantine() -> PathBuf {
    let node = sim().with_file_name("bitcraps-node-byzantine");
    let profile = match sim().parent().and_then(Path::file_name).and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let target = sim().ancestors().nth(2).expect("the program is in target/PROFILE");
    let mut cargo = Command::new(env!("CARGO"));
    // What the run of this test says about its own package would have build scripts of dependencies run again.
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    std::env::vars().filter(|(name, _)| ours(name)).for_each(|(name, _)| _ = cargo.env_remove(name));
    let built = cargo
        .args(["build", "--quiet", "--workspace", "--features", "bitcraps-node/byzantine"])
        .args(["--bin", "bitcraps-node-byzantine", "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .status();
    assert!(built.is_ok_and(|status| status.success()) && node.is_file());
    node
}

fn run(place: &Path, node: &Path, text: &str) -> (i32, String) {
    std::fs::write(place.join("s.yaml"), text).unwrap();
    let output: Output = Command::new(sim())
        .args(["run", "s.yaml", "--on", "cluster"])
        .env("BITCRAPS_NODE", node)
        .current_dir(place)
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), said)
}

#[test]
fn daemons_that_are_split_killed_and_stopped_pass_what_the_oracles_ask() {
    let place = tempfile::tempdir().unwrap();
    let (code, said) = run(place.path(), &honest(), SPLIT_AND_CRASH);
    assert_eq!(code, 0, "{said}");
    for landed in [
        "split ",
        "power ",
        "stop ",
        "✓ sometimes restart",
        "✓ agreement",
        "4 validators, tendermint, real crypto",
    ] {
        assert!(said.contains(landed), "{landed}: {said}");
    }
}

#[test]
fn a_daemon_that_lies_and_machines_that_break_pass_what_the_oracles_ask() {
    let place = tempfile::tempdir().unwrap();
    let (code, said) = run(place.path(), &byzantine(), LIES_AND_BROKEN_MACHINES);
    assert_eq!(code, 0, "{said}");
    for landed in ["two-faced ", "leap ", "✓ sometimes evidence_included", "✓ no_false_accusation"] {
        assert!(said.contains(landed), "{landed}: {said}");
    }
}

#[test]
fn liars_in_two_processes_fork_the_chain_together_and_are_named() {
    let place = tempfile::tempdir().unwrap();
    let (code, said) = run(place.path(), &byzantine(), FORK);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("culprits: [1, 3]"), "{said}");
}

#[test]
fn with_a_daemon_that_cannot_misbehave_the_run_names_the_remedy_and_is_not_green() {
    let place = tempfile::tempdir().unwrap();
    let (code, said) = run(place.path(), &honest(), FORK);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("fault conspiracy"), "{said}");
    assert!(
        said.contains(
            "cargo build --release -p bitcraps-node --features byzantine --bin bitcraps-node-byzantine"
        ),
        "{said}"
    );
}

#[test]
fn a_fault_that_this_world_does_not_make_is_named_and_the_run_is_not_green() {
    let place = tempfile::tempdir().unwrap();
    let text = SPLIT_AND_CRASH.replace("on: 2, inject: pause", "on: leader, inject: silent");
    let (code, said) = run(place.path(), &honest(), &text);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("does not make `silent` on nodes that are not known before the run"), "{said}");
    assert!(said.contains("--on cluster"), "the line that does it again: {said}");
}
