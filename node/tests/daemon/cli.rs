//! The command line's contract: what is printed, and the exit codes.

use crate::support::{Network, command, edit, fail, succeed};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn home() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home").to_str().unwrap().to_owned();
    (directory, home)
}

#[test]
fn what_is_no_command_exits_with_64_and_help_with_0() {
    assert_eq!(fail(&["fly"]).0, 64);
    assert_eq!(fail(&["run", "--sign-above", "high"]).0, 64);
    assert!(succeed(&["--help"]).contains("Exit codes: 0 done"));
    assert!(succeed(&["version"]).starts_with("bitcraps-node "));
}

#[test]
fn a_home_is_made_once_and_its_configuration_is_good() {
    let (_directory, home) = home();
    let said = succeed(&["--home", &home, "init"]);
    assert!(said.contains("this node is validator 0"), "{said}");
    let said = succeed(&["--home", &home, "config", "check"]);
    assert!(said.ends_with("the configuration is good\n"), "{said}");
    let (code, said) = fail(&["--home", &home, "init"]);
    assert_eq!(code, 78);
    assert!(said.contains("exists already"), "{said}");
    let shown = succeed(&["--home", &home, "keys", "show"]);
    let secret = fs::read_to_string(format!("{home}/keys/node.key")).unwrap();
    let secret = secret.lines().nth(2).unwrap().strip_prefix("secret ").unwrap();
    assert!(!shown.contains(secret), "a secret is never printed");
}

#[test]
fn a_network_is_joined_by_its_genesis_whose_chain_id_stays() {
    let (directory, home) = home();
    let made: serde_json::Value =
        serde_json::from_str(&succeed(&["--home", &home, "init", "--json"])).unwrap();
    let genesis = format!("{home}/config/genesis.json");
    let other = directory.path().join("other").to_str().unwrap().to_owned();
    let joined = succeed(&["--home", &other, "init", "--genesis", &genesis, "--json"]);
    let joined: serde_json::Value = serde_json::from_str(&joined).unwrap();
    assert_eq!((&joined["chain_id"], &joined["validator"]), (&made["chain_id"], &serde_json::Value::Null));
}

#[test]
fn a_wrong_configuration_exits_with_78_and_shows_the_place() {
    let (_directory, home) = home();
    succeed(&["--home", &home, "init"]);
    let file = format!("{home}/config/node.toml");
    fs::write(&file, "[p2p]\nlisen = \"0.0.0.0:7000\"\n").unwrap();
    for verb in [&["config", "check"][..], &["run"], &["status"]] {
        let (code, said) = fail(&[&["--home", &home][..], verb].concat());
        assert_eq!(code, 78);
        assert_eq!(
            said,
            format!(
                "error: unknown key `lisen` in [p2p]\n --> {file}:2:1\n  |\n2 | lisen = \"0.0.0.0:7000\"\n  | ^^^^^\n  = help: did you mean `listen`?\n"
            )
        );
    }
}

#[test]
fn the_environment_goes_before_the_file_and_a_flag_before_both() {
    let (_directory, home) = home();
    succeed(&["--home", &home, "init"]);
    fs::write(format!("{home}/config/node.toml"), "[consensus]\ninterval = \"1 s\"\n").unwrap();
    let show = |set: &[&str]| {
        let arguments = [&["--home", &home, "config", "show", "--origin"][..], set].concat();
        let output = command(&arguments).env("BITCRAPS__CONSENSUS__INTERVAL", "2 s").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(show(&[]).contains("interval = \"2 s\"  # environment BITCRAPS__CONSENSUS__INTERVAL"));
    assert!(show(&["--set", "consensus.interval=3 s"]).contains("interval = \"3 s\"  # flag --set"));
}

#[test]
fn a_key_that_others_may_read_is_refused_with_78() {
    let (_directory, home) = home();
    succeed(&["--home", &home, "init"]);
    let key = format!("{home}/keys/node.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = fail(&["--home", &home, "run"]);
    assert_eq!(code, 78);
    assert!(said.contains("has mode 644, so others may read it: `chmod 600 "), "{said}");
}

#[test]
fn without_a_sign_state_a_key_does_not_start() {
    let (_directory, home) = home();
    succeed(&["--home", &home, "init"]);
    fs::remove_file(format!("{home}/keys/sign-state")).unwrap();
    let (code, said) = fail(&["--home", &home, "run"]);
    assert_eq!(code, 78);
    assert!(said.contains("start once with `run --sign-above HEIGHT`"), "{said}");
}

#[test]
fn a_key_goes_out_sealed_and_comes_back_without_its_sign_state() {
    let (directory, home) = home();
    succeed(&["--home", &home, "init"]);
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (sealed, passphrase, other) = (path("sealed.json"), path("passphrase"), path("other"));
    fs::write(&passphrase, "a long enough passphrase\n").unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o644)).unwrap();
    let export = ["--home", &home, "keys", "export", &sealed, "--passphrase-file", &passphrase];
    let (code, error) = fail(&export);
    assert!(code == 78 && error.contains("chmod 600"), "{code}: {error}");
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    succeed(&export);
    let key = |home: &str| fs::read_to_string(format!("{home}/keys/node.key")).unwrap();
    succeed(&["--home", &other, "init"]);
    fs::remove_file(format!("{other}/keys/node.key")).unwrap();
    fs::remove_file(format!("{other}/keys/sign-state")).unwrap();
    succeed(&["--home", &other, "keys", "import", &sealed, "--passphrase-file", &passphrase]);
    assert_eq!(key(&home), key(&other));
    assert!(fail(&["--home", &other, "run"]).1.contains("--sign-above"));
    fs::write(&passphrase, "another long passphrase\n").unwrap();
    fs::remove_file(format!("{other}/keys/node.key")).unwrap();
    assert_eq!(fail(&["--home", &other, "keys", "import", &sealed, "--passphrase-file", &passphrase]).0, 65);
}

#[test]
fn a_validators_key_is_rotated_only_by_who_knows_that_it_gives_its_vote_up() {
    let (_directory, home) = home();
    succeed(&["--home", &home, "init"]);
    let (code, said) = fail(&["--home", &home, "keys", "rotate"]);
    assert_eq!(code, 78);
    assert!(said.contains("the validators of a network can't change yet"), "{said}");
    succeed(&["--home", &home, "keys", "rotate", "--give-up-validator"]);
    let retired: Vec<_> = fs::read_dir(format!("{home}/keys"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("retired-"))
        .collect();
    assert_eq!(retired.len(), 1);
    assert!(succeed(&["--home", &home, "keys", "show"]).contains("validator       no"));
}

#[test]
fn where_no_node_runs_status_says_so_with_69_and_healthcheck_with_1() {
    let (_directory, home) = home();
    succeed(&["--home", &home, "init"]);
    edit(std::path::Path::new(&format!("{home}/config/node.toml")), |text| {
        text + "\n[admin]\nlisten = \"127.0.0.1:1\"\n"
    });
    assert_eq!(fail(&["--home", &home, "status"]).0, 69);
    assert_eq!(fail(&["--home", &home, "healthcheck"]).0, 1);
}

#[test]
fn a_node_of_another_network_at_the_same_address_is_not_taken_for_ours() {
    let mut network = Network::new(1);
    network.start(0);
    network.reach(0, 1);
    let (_directory, home) = home();
    succeed(&["--home", &home, "init"]);
    edit(std::path::Path::new(&format!("{home}/config/node.toml")), |text| {
        format!("{text}\n[admin]\nlisten = \"{}\"\n", network.admin(0))
    });
    let (code, said) = fail(&["--home", &home, "status"]);
    assert!(code == 65 && said.contains("another network, testnet"), "{code}: {said}");
    assert_eq!(fail(&["--home", &home, "peers"]).0, 65);
    assert_eq!(fail(&["--home", &home, "healthcheck"]).0, 1);
    let output = command(&["--home", &home, "doctor", "--json"]).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ports = told["checks"].as_array().unwrap().iter().find(|check| check["name"] == "admin.listen");
    assert_eq!(ports.unwrap()["verdict"], "bad");
    let ours = network.home(0);
    let output = command(&["--home", &ours, "doctor", "--json"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("is in use, and the node runs"));
}

#[test]
fn testnet_takes_no_settings_rather_than_to_forget_them() {
    let (_directory, home) = home();
    for given in [["--set", "log.level=debug"], ["--config", "node.toml"]] {
        let (code, said) = fail(&[&given[..], &["testnet", "--dir", &home]].concat());
        assert!(code == 64 && said.contains("node*/config/node.toml"), "{code}: {said}");
    }
}

#[test]
fn the_doctor_tells_a_remedy_for_what_is_bad() {
    let (_directory, home) = home();
    succeed(&["--home", &home, "init"]);
    fs::write(format!("{home}/config/node.toml"), "[node]\nlog_level = 3\n").unwrap();
    let output = command(&["--home", &home, "doctor", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["good"], false);
    let checks = told["checks"].as_array().unwrap();
    let config = checks.iter().find(|check| check["name"] == "config").unwrap();
    assert_eq!(config["verdict"], "bad");
    assert!(checks.iter().all(|check| check["verdict"] == "good" || check["remedy"].is_string()));
}
