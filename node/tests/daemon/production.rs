//! What misbehaves for a testbed is not in the program that operators run.

use crate::support::{fail, succeed};
use std::process::Command;

/// The packages in the daemon, and their features, as cargo chooses them for a build of the daemon alone.
fn tree(features: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "-p", "bitcraps-node", "-e", "normal,features"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_daemon_is_made_without_the_adversary_and_without_the_hooks_for_it() {
    let (production, byzantine) = (tree(&[]), tree(&["--features", "byzantine"]));
    for part in ["bitcraps-adversary ", "bitcraps-actors feature \"byzantine\""] {
        assert!(byzantine.contains(part), "{part} is what to look for");
        assert!(!production.contains(part), "{part}");
    }
}

#[test]
fn the_daemon_takes_no_orders_to_misbehave() {
    assert!(!succeed(&["run", "--help"]).contains("--control"));
    assert_eq!(fail(&["run", "--control", "socket"]).0, 64);
    let version: serde_json::Value = serde_json::from_str(&succeed(&["version", "--json"])).unwrap();
    let features = version["features"].as_array().expect("a list");
    assert!(features.iter().all(|feature| feature != "byzantine"), "{features:?}");
}
