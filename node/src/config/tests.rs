use super::*;
use std::path::PathBuf;

fn read(file: &str, environment: &[(&str, &str)], flags: &[&str]) -> Result<Config, ConfigError> {
    Config::read(&Sources {
        file: Some((PathBuf::from("node.toml"), file.into())),
        environment: environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        flags: flags.iter().map(ToString::to_string).collect(),
    })
}

fn refused(file: &str) -> String {
    read(file, &[], &[]).unwrap_err().to_string()
}

#[test]
fn each_layer_goes_before_the_one_below_and_says_so() {
    let file = "[consensus]\npropose = \"2 s\"\nprevote = \"2 s\"\nprecommit = \"2 s\"\n";
    let environment = [
        ("BITCRAPS__CONSENSUS__PREVOTE", "3 s"),
        ("BITCRAPS__CONSENSUS__PRECOMMIT", "3 s"),
        ("PATH", "/bin"),
    ];
    let config = read(file, &environment, &["consensus.precommit=4 s"]).unwrap();
    let shown = config.resolved.to_toml(true);
    for line in [
        "propose = \"2 s\"  # node.toml:2",
        "prevote = \"3 s\"  # environment BITCRAPS__CONSENSUS__PREVOTE",
        "precommit = \"4 s\"  # flag --set",
        "growth = 1.5  # default",
    ] {
        assert!(shown.contains(line), "{line} in\n{shown}");
    }
}

#[test]
fn what_is_shown_reads_back_the_same() {
    let key = "ab".repeat(32);
    let file = format!(
        "[p2p]\npeers = [\"{key}@example.org:7000\"]\ndeny = [\"{key}\"]\nmax_inbound = 7\n[limits]\nbytes_per_second = \"3 MiB\"\n"
    );
    let shown = read(&file, &[], &[]).unwrap().resolved.to_toml(false);
    assert_eq!(read(&shown, &[], &[]).unwrap().resolved.to_toml(false), shown);
    assert!(shown.contains(&format!("peers = [\"{key}@example.org:7000\"]")));
    let by_flag = read("", &[("BITCRAPS__P2P__MAX_INBOUND", "7")], &[&format!("p2p.deny={key}")]).unwrap();
    assert_eq!((by_flag.p2p.max_inbound, by_flag.p2p.deny.len()), (7, 1));
}

#[test]
fn an_unknown_key_is_shown_in_its_line_with_the_one_that_was_meant() {
    assert_eq!(
        refused("# a comment\n[p2p]\nlisten = \"0.0.0.0:7000\"\nmax_inbund = 3\n"),
        "error: unknown key `max_inbund` in [p2p]\n --> node.toml:4:1\n  |\n4 | max_inbund = 3\n  | ^^^^^^^^^^\n  = help: did you mean `max_inbound`?"
    );
    assert_eq!(
        refused("[p2pp]\n"),
        "error: unknown section [p2pp]\n --> node.toml:1:2\n  |\n1 | [p2pp]\n  |  ^^^^\n  = help: did you mean `p2p`?"
    );
}

#[test]
fn a_wrong_value_is_shown_with_what_should_stand_there() {
    assert_eq!(
        refused("[consensus]\npropose = 500\n"),
        "error: `consensus.propose`: expected a duration with its unit, as text, such as \"500 ms\"\n --> node.toml:2:11\n  |\n2 | propose = 500\n  |           ^^^\n  = help: How long a proposal may take in round 0; the default is \"1 s\""
    );
    assert!(refused("[consensus]\npropose = \"500\"\n").contains("`500` has no unit: one of h, min, s, ms"));
    assert!(refused("[sync]\nbatch = 1000\n").contains("it must be between 1 and 128"));
    assert!(refused("[p2p]\npeers = [\"abc@x:1\"]\n").contains("`abc` is no key"));
    assert!(refused("[p2p]\npeers = [\"abc\"]\n").contains("not of the form key@host:port"));
    let (a, b) = ("ab".repeat(32), "cd".repeat(32));
    let twice = refused(&format!("[p2p]\npeers = [\"{a}@x:1\", \"{b}@x:1\"]\n"));
    assert!(twice.contains("two peers have the address x:1"), "{twice}");
    assert!(refused(&format!("[p2p]\npeers = [\"{a}@x:1\", \"{a}@y:1\"]\n")).contains("stands twice"));
    assert!(refused("[node]\nlog_level = \"loud\"\n").contains("`loud` is no level"));
    assert!(refused("[node\n").contains(" --> node.toml:1:"));
}

#[test]
fn all_problems_of_all_layers_are_told_at_once() {
    let error = read(
        "[p2p]\nlistn = 1\n[sync]\nbatch = 0\n",
        &[("BITCRAPS__P2P__LISEN", "x"), ("BITCRAPS__GATEWAY__LISTEN", "nowhere")],
        &["consensus.grwth=2", "nonsense"],
    )
    .unwrap_err();
    assert_eq!(error.problems.len(), 6);
    let text = error.to_string();
    for part in [
        " --> node.toml:2:1",
        " --> node.toml:4:9",
        " --> the environment variable BITCRAPS__P2P__LISEN\n  = help: did you mean `BITCRAPS__P2P__LISTEN`?",
        "`gateway.listen`: expected an address and a port",
        "did you mean `consensus.growth`?",
        "expected section.key=value",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn defaults_are_those_that_the_settings_name() {
    let config = Config::read(&Sources::default()).unwrap();
    assert!(SETTINGS.iter().all(|setting| config.resolved.get(setting.key).1 == Origin::Default));
    assert_eq!(config.gateway, GatewayConfig::default());
    let genesis = bitcraps_casino::Genesis {
        name: "x".into(),
        engine: bitcraps_types::Protocol::Tendermint,
        validators: vec![],
        players: vec![],
        bank: 1,
        tables: vec![],
        blob_bytes: 0,
        dice: bitcraps_casino::DiceKey { group: Default::default(), holders: vec![] },
        policy: Default::default(),
    };
    let node = config.node(Arc::new(genesis), 5);
    assert_eq!((node.sign_above, node.limits), (5, PeerLimits::default()));
    assert_eq!((node.timeouts, node.sync, node.mempool), Default::default());
}

#[test]
fn only_allowed_peers_may_connect_and_denied_ones_never() {
    let key = |n: u8| PublicKey([n; 32]);
    let mut p2p = Config::read(&Sources::default()).unwrap().p2p;
    p2p.peers = (1..=3).map(|n| PeerAddress { key: key(n), address: Address(format!("h:{n}")) }).collect();
    let running = p2p.peers.clone();
    let denied = |p2p: &P2p| p2p.denied(&running).into_iter().collect::<Vec<_>>();
    assert_eq!(denied(&p2p), []);
    p2p.deny = vec![key(2)];
    assert_eq!(denied(&p2p), [key(2)]);
    // Taken off the list of peers in the same breath: the running node still has it among its peers.
    p2p.peers.retain(|peer| peer.key != key(2) && peer.key != key(3));
    assert_eq!(denied(&p2p), [key(2)]);
    p2p.allow = vec![key(1), key(2)];
    assert_eq!(denied(&p2p), [key(2), key(3)]);
}
