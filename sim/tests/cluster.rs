//! The cluster world: real daemons, a proxy on each link, the same oracles.

use std::path::Path;
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

fn run(place: &Path, text: &str) -> (i32, String) {
    // Both programs are built by a test run of the whole workspace.
    let sim = Path::new(env!("CARGO_BIN_EXE_bitcraps-sim"));
    let node = sim.with_file_name("bitcraps-node");
    assert!(node.is_file(), "{} is missing: `cargo build --bin bitcraps-node`", node.display());
    std::fs::write(place.join("s.yaml"), text).unwrap();
    let output: Output =
        Command::new(sim).args(["run", "s.yaml", "--on", "cluster"]).current_dir(place).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), said)
}

#[test]
fn daemons_that_are_split_killed_and_stopped_pass_what_the_oracles_ask() {
    let place = tempfile::tempdir().unwrap();
    let (code, said) = run(place.path(), SPLIT_AND_CRASH);
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
fn a_fault_that_this_world_does_not_make_is_named_and_the_run_is_not_green() {
    let place = tempfile::tempdir().unwrap();
    let text = SPLIT_AND_CRASH.replace("inject: pause", "inject: { skew: { offset: 5 s } }");
    let (code, said) = run(place.path(), &text);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("the cluster world does not make `skew`"), "{said}");
    assert!(said.contains("--on cluster"), "the line that does it again: {said}");
}
