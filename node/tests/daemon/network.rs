//! Four daemons on loopback: they agree, they survive kills, and a restored backup never signs twice.

use crate::support::{Network, fail, succeed, until};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Waits until two nodes are seen at the same height, and compares their state roots there.
fn assert_same_root(network: &Network, one: usize, other: usize) {
    until("two nodes at one height", || {
        let (a, b) = (network.status(one)?, network.status(other)?);
        (a["height"] == b["height"]).then(|| assert_eq!(a["root"], b["root"], "at height {}", a["height"]))
    });
}

#[test]
fn four_processes_agree_and_one_that_is_killed_goes_on_from_its_disk() {
    let mut network = Network::new(4);
    (0..4).for_each(|node| network.start(node));
    (0..4).for_each(|node| network.reach(node, 3));
    let start = network.status(0).unwrap()["root"].clone();

    // A player's money moves, so that the root does.
    let key = network.path("new.key");
    succeed(&["client", "keygen", key.to_str().unwrap()]);
    let (from, gateway) = (network.path("player.key"), network.gateway(0));
    let (from, key) = (from.to_str().unwrap(), key.to_str().unwrap());
    succeed(&["client", "--gateway", &gateway, "--key", key, "open", "--from", from, "500"]);
    until("the state changes", || (network.status(1)?["root"] != start).then_some(()));

    network.kill(2);
    let before = network.height(0);
    network.reach(0, before + 3);
    network.start(2);
    network.reach(2, before + 3);
    (1..4).for_each(|node| assert_same_root(&network, 0, node));
    assert_eq!(network.signed(2).1, 0, "a crash costs no height a voice");
    (0..4).for_each(|node| assert_eq!(network.stop(node).code(), Some(0)));

    // All at once, from their disks alone.
    let before = (0..4).map(|node| network.signed(node).0).max().unwrap();
    (0..4).for_each(|node| network.start(node));
    (0..4).for_each(|node| network.reach(node, before + 2));
    (1..4).for_each(|node| assert_same_root(&network, 0, node));
}

/// By the load's own account of them, which knows a blob's block from the counts alone, and by the nodes' counters.
#[test]
fn each_blob_that_a_gateway_takes_is_in_one_block_of_all_nodes() {
    let mut network = Network::with(4, &["--blob-bytes", "30000"]);
    (0..4).for_each(|node| network.start(node));
    (0..4).for_each(|node| network.reach(node, 2));
    let gateways: Vec<String> = (0..4).map(|node| network.gateway(node)).collect();
    let load = ["load", "--blobs", "100", "--rate", "400", "--duration", "2s", "--json", "--gateway"];
    let gateways: Vec<&str> = gateways.iter().map(String::as_str).collect();
    let report: serde_json::Value = serde_json::from_str(&succeed(&[&load[..], &gateways].concat())).unwrap();
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!((count("submitted"), count("unknown")), (800, 0), "{report:#}");
    assert!(count("accepted") > 400 && count("committed") == count("accepted"), "{report:#}");
    let counted = format!("bitcraps_blobs_total {}\n", count("committed"));
    for node in 0..4 {
        until("all nodes have all blobs", || network.metrics(node).contains(&counted).then_some(()));
    }
    (1..4).for_each(|node| assert_same_root(&network, 0, node));
}

#[test]
fn a_backup_of_a_running_node_is_verified_and_restored_and_never_signs_twice() {
    let mut network = Network::new(4);
    (0..4).for_each(|node| network.start(node));
    network.reach(1, 3);
    let home = network.home(1);
    let backup = network.path("backup").to_str().unwrap().to_owned();
    succeed(&["--home", &home, "backup", "create", &backup]);
    let verified = succeed(&["backup", "verify", &backup]);
    assert!(verified.contains("has the root that the network decided"), "{verified}");
    let names: Vec<String> = std::fs::read_dir(&backup)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().all(|name| !name.contains("key") && !name.contains("sign")), "{names:?}");

    let (code, said) = fail(&["--home", &home, "backup", "restore", &backup]);
    assert_eq!(code, 75, "the node runs: {said}");
    network.reach(1, network.height(1) + 3);
    assert_eq!(network.stop(1).code(), Some(0));
    let (spoken, _) = network.signed(1);
    succeed(&["--home", &home, "backup", "restore", &backup]);
    network.start(1);
    network.reach(1, spoken + 3);
    let (_, floor) = network.signed(1);
    assert_eq!(floor, spoken, "nothing is signed again where something was");
    until("it votes again", || (network.signed(1).0 > floor).then_some(()));
    assert_same_root(&network, 0, 1);
}

#[test]
fn a_node_whose_chain_is_an_older_copy_follows_and_votes_again_above_what_it_signed() {
    let mut network = Network::new(4);
    (0..4).for_each(|node| network.start(node));
    network.reach(3, 3);
    assert_eq!(network.stop(3).code(), Some(0));
    let (blocks, copy) = (network.path("node3/data/blocks"), network.path("older"));
    std::fs::copy(&blocks, &copy).unwrap();
    network.start(3);
    network.reach(3, network.height(0) + 4);
    assert_eq!(network.stop(3).code(), Some(0));
    let (spoken, _) = network.signed(3);
    std::fs::copy(&copy, &blocks).unwrap();
    network.start(3);
    network.reach(3, spoken + 2);
    assert_eq!(network.signed(3).1, spoken, "nothing is signed again where something was");
    until("it votes again", || (network.signed(3).0 > spoken).then_some(()));
    assert_same_root(&network, 0, 3);
}

#[test]
fn a_changed_backup_is_refused() {
    let mut network = Network::new(1);
    network.start(0);
    network.reach(0, 2);
    let backup = network.path("backup");
    let directory = backup.to_str().unwrap();
    succeed(&["--home", &network.home(0), "backup", "create", directory]);
    let blocks = backup.join("blocks");
    let mut bytes = std::fs::read(&blocks).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&blocks, bytes).unwrap();
    let (code, said) = fail(&["backup", "verify", directory]);
    assert_eq!(code, 65);
    assert!(said.contains("blocks is not what the manifest says"), "{said}");
    std::fs::remove_file(Path::new(directory).join("manifest.json")).unwrap();
    assert!(fail(&["backup", "verify", directory]).1.contains("not finished"));
}

#[test]
fn a_home_and_a_key_have_one_process_at_a_time() {
    let mut network = Network::new(2);
    network.start(0);
    until("it has its ports", || network.status(0));
    let (code, said) = fail(&["--home", &network.home(0), "run"]);
    assert_eq!(code, 75);
    assert!(said.contains("is in use by another process"), "{said}");

    // Another home that takes its key from the first one.
    let (ours, theirs) = (network.path("node1/keys/node.key"), network.path("node0/keys/node.key"));
    std::fs::remove_file(&ours).unwrap();
    std::os::unix::fs::symlink(theirs, &ours).unwrap();
    std::fs::copy(network.path("node0/keys/dice.shares"), network.path("node1/keys/dice.shares")).unwrap();
    let (code, said) = fail(&["--home", &network.home(1), "run"]);
    assert_eq!(code, 75, "{said}");
    assert!(said.contains("another node on this machine runs with the same key"), "{said}");
}

#[test]
fn a_hangup_takes_what_may_change_and_names_what_may_not() {
    let mut network = Network::new(1);
    network.start(0);
    network.reach(0, 1);
    crate::support::edit(&network.path("node0/config/node.toml"), |text| {
        text + "\n[node]\nlog_level = \"debug\"\n\n[sync]\nbatch = 16\n"
    });
    network.signal(0, "HUP");
    until("it says what it did", || {
        let log = network.logged(0);
        let all =
            log.contains("\"node.log_level\"") && log.contains("needs a restart") && log.contains("DEBUG");
        all.then_some(())
    });
    let height = network.height(0);
    network.reach(0, height + 1);
}

#[test]
fn a_node_whose_files_are_another_chain_s_ends_with_65() {
    let mut other = Network::new(1);
    other.start(0);
    other.reach(0, 3);
    assert_eq!(other.stop(0).code(), Some(0));
    let network = Network::new(1);
    let (from, to) = (other.path("node0/data/blocks"), network.path("node0/data/blocks"));
    std::fs::copy(from, to).unwrap();
    let (code, said) = fail(&["--home", &network.home(0), "run"]);
    assert_eq!(code, 65, "{said}");
}

/// Fails when a testbed that is killed leaves its daemons behind.
#[test]
fn a_node_that_is_to_end_with_another_process_does() {
    let network = Network::new(1);
    assert_eq!(fail(&["--home", &network.home(0), "run", "--ends-with", "1"]).0, 64, "1 did not start it");
    let script = "\"$0\" --home \"$1\" run --ends-with $$ 2>/dev/null & echo $!; wait";
    let mut shell = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_bitcraps-node"), &network.home(0)])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pid = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut pid).unwrap();
    until("it runs", || network.status(0));
    shell.kill().and_then(|()| shell.wait()).unwrap();
    // One whose new parent has not waited for it yet is none either.
    let state = format!("/proc/{}/stat", pid.trim());
    until("it ends", || {
        std::fs::read_to_string(&state).map_or(true, |stat| stat.contains(") Z ")).then_some(())
    });
}
