use super::*;
use crate::testing::*;
use bitcraps_casino::Blobs;
use bitcraps_tables::{Dice, craps};
use bitcraps_types::{Digest, TableId, ValidatorIndex};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn the_documentation_is_the_catalogue() {
    let path = root().join("docs/metrics.md");
    if std::env::var_os("BITCRAPS_UPDATE_DOCS").is_some() {
        std::fs::write(&path, markdown()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let how = "BITCRAPS_UPDATE_DOCS=1 cargo test -p bitcraps-node metrics";
    assert!(written == markdown(), "docs/metrics.md is not what the catalogue says; write it again: {how}");
}

/// The files below a directory.
fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The `bitcraps_…` names in a text that are no crate's.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let crates =
        ["node", "sim", "actors", "types", "consensus", "tables", "treasury", "casino", "transport", "quic"];
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices("bitcraps_") {
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '/') {
            continue;
        }
        let name: String = text[at..].chars().take_while(|c| is_part(*c)).collect();
        let followed_by_path = text[at + name.len()..].starts_with("::");
        let rest = &name["bitcraps_".len()..];
        if !followed_by_path && !rest.is_empty() && !crates.contains(&rest) && rest != "reports" {
            names.insert(name);
        }
    }
    names
}

fn is_exported(name: &str) -> bool {
    CATALOGUE.iter().any(|metric| match metric.kind {
        Kind::Histogram(_) => ["", "_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name.strip_prefix(metric.name) == Some(suffix)),
        _ => metric.name == name,
    })
}

#[test]
fn every_metric_that_a_dashboard_an_alert_or_a_page_names_exists() {
    let mut all = Vec::new();
    files(&root().join("deploy"), &mut all);
    files(&root().join("docs"), &mut all);
    let mut checked = 0;
    for path in all {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for name in names(&text) {
            assert!(is_exported(&name), "{}: the node exports no `{name}`", path.display());
            checked += 1;
        }
    }
    assert!(checked > 20, "the dashboard, the alerts and the documentation name metrics");
}

#[test]
fn a_name_that_nothing_exports_is_seen_as_one() {
    let text =
        "rate(bitcraps_http_requests_total[1m]) / bitcraps_typo_total, bitcraps_actors::x, /bitcraps_node";
    let unknown: Vec<String> = names(text).into_iter().filter(|name| !is_exported(name)).collect();
    assert_eq!(unknown, ["bitcraps_typo_total"]);
    assert!(is_exported("bitcraps_disk_sync_seconds_bucket") && !is_exported("bitcraps_height_bucket"));
}

#[test]
fn names_follow_the_conventions_and_stand_once() {
    let mut seen = BTreeSet::new();
    for metric in CATALOGUE {
        assert!(seen.insert(metric.name), "{} twice", metric.name);
        assert!(metric.name.starts_with("bitcraps_"));
        let total = metric.name.ends_with("_total");
        assert_eq!(total, matches!(metric.kind, Kind::Counter), "{}: `_total` is for counters", metric.name);
        assert!(metric.help.ends_with('.') && !metric.help.contains('|'), "{}", metric.name);
        if let Kind::Histogram(buckets) = metric.kind {
            assert!(buckets.windows(2).all(|pair| pair[0] < pair[1]), "{}", metric.name);
        }
    }
}

/// A metric without any series is not in the text, so each is made to have one.
#[test]
fn the_registry_exports_the_catalogue_and_nothing_else() {
    let metrics = Metrics::new("1.2.3", WallTime(5_000_000_000));
    metrics.http.answered("/v1/chain", 200, Duration::from_millis(2));
    metrics.links_from(Box::new(|| LinkCounts {
        closed: [(("us", "idle"), 1)].into(),
        failed: [[("bad_key", 1)].into(), Default::default()],
        turned_away: [("full", 1)].into(),
        opened: [3, 4],
        frames: [[1, 2], [3, 4]],
        ..LinkCounts::default()
    }));
    let text = metrics.text();
    let exported: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let declared: BTreeSet<&str> = CATALOGUE.iter().map(|metric| metric.name).collect();
    assert_eq!(exported, declared);
    for line in [
        "bitcraps_build_info{version=\"1.2.3\"} 1",
        "bitcraps_process_start_time_seconds 5",
        "bitcraps_http_requests_total{route=\"/v1/chain\",status=\"200\"} 1",
        "bitcraps_links 6",
        "bitcraps_links_opened_total{direction=\"out\"} 4",
        "bitcraps_link_frames_total{carrier=\"stream\",direction=\"in\"} 2",
        "bitcraps_commands_refused_total{reason=\"the mempool is full\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
}

#[test]
fn the_sums_of_links_are_taken_over_and_not_added_up() {
    let metrics = Metrics::new("", WallTime(0));
    metrics.links_from(Box::new(|| LinkCounts { refused_sends: 7, ..LinkCounts::default() }));
    for _ in 0..3 {
        assert!(metrics.text().contains("bitcraps_link_refused_sends_total 7\n"));
    }
}

#[test]
fn events_count_what_they_say() {
    let mut house = House::new(2);
    let good = house.sign(1, 1, bet(0, craps::Bet::Field, 10));
    let bad = house.sign(1, 1, bet(0, craps::Bet::Field, 11));
    house.decide(vec![good, bad]);
    house.decide_with(Vec::new(), Blobs::of([&b"abc"[..], b"d", b"e"]).unwrap());
    house.tell(&Event::CommandAccepted(good.id()));
    house.tell(&Event::CommandRefused(bad.id(), bitcraps_actors::ports::turned_away::USED));
    house.tell(&Event::Waiting { commands: 3, bytes: 500, blobs: 7, blob_bytes: 900 });
    house.tell(&Event::PeerUp(stranger()));
    house.tell(&Event::Refused { peer: None, why: Refusal::Banned });
    for (round, after_failure) in [(6, false), (7, true), (8, true)] {
        house.tell(&Event::Round { height: 3, round, proposer: ValidatorIndex(0), after_failure });
    }
    house.tell(&Event::SyncStarted { from: 2, to: 90 });
    house.tell(&Event::StateSynced { height: 80, root: Digest::ZERO });
    house.tell(&Event::OffenceRecorded { offender: ValidatorIndex(1), height: 1 });
    let text = house.metrics.text();
    for line in [
        "bitcraps_height 2",
        "bitcraps_failed_rounds 2",
        "bitcraps_blocks_decided_total{source=\"consensus\"} 2",
        "bitcraps_rounds_per_height_count 2",
        "bitcraps_block_interval_seconds_count 1",
        "bitcraps_block_interval_seconds_sum 0.001",
        "bitcraps_commands_settled_total{verdict=\"done\"} 1",
        "bitcraps_commands_settled_total{verdict=\"refused\"} 1",
        "bitcraps_commands_accepted_total 1",
        "bitcraps_commands_refused_total{reason=\"its sequence number was used\"} 1",
        "bitcraps_mempool_commands 3",
        "bitcraps_mempool_bytes 500",
        "bitcraps_mempool_blobs 7",
        "bitcraps_mempool_blob_bytes 900",
        "bitcraps_blobs_total 3",
        "bitcraps_blob_bytes_total 5",
        "bitcraps_peers 1",
        "bitcraps_refusals_total{kind=\"banned\"} 1",
        "bitcraps_sync_started_total 1",
        "bitcraps_sync_target_height 90",
        "bitcraps_state_syncs_total 1",
        "bitcraps_offences_recorded_total 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

/// Blocks that are applied again at a start were counted by the process that decided them.
#[test]
fn what_is_applied_again_at_the_start_is_not_counted() {
    let mut house = House::new(1);
    let paid = house.sign(1, 1, transfer(account(2), 1));
    house.metrics = std::sync::Arc::new(Metrics::new("", WallTime(0)));
    house.decide(vec![paid]);
    let text = house.metrics.text();
    assert!(text.contains("bitcraps_height 1\n"));
    assert!(text.contains("bitcraps_commands_settled_total{verdict=\"done\"} 0\n"));
}

/// A block in which tables 0 to 35 roll, all the same or each another outcome.
fn rolls(loaded: bool) -> Vec<TableReport> {
    let report = |(table, dice): (u32, Dice)| TableReport {
        table: TableId(table),
        answers: Vec::new(),
        roll: Some(if loaded { Dice::new(6, 6).unwrap() } else { dice }),
        shooter: None,
        settlements: Vec::new(),
        point: None,
        digest: Digest::ZERO,
        has_open_bets: false,
        wakes_at: None,
        worst: 0,
    };
    (0..).zip(Dice::all()).map(report).collect()
}

#[test]
fn dice_that_look_loaded_raise_the_alarm_for_good_and_fair_ones_do_not() {
    let metrics = Metrics::new("", WallTime(0));
    let value = |name: &str| -> f64 {
        let text = metrics.text();
        let line =
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
        line.unwrap().parse().unwrap()
    };
    assert_eq!((value("bitcraps_dice_evidence"), value("bitcraps_dice_alarm")), (0.0, 0.0));
    metrics.chain.watch_dice(&rolls(false));
    assert!(value("bitcraps_dice_evidence") < 0.0 && value("bitcraps_dice_alarm") == 0.0);
    metrics.chain.watch_dice(&rolls(true));
    assert!(value("bitcraps_dice_evidence") > 6.0 && value("bitcraps_dice_alarm") == 1.0);
    (0..100).for_each(|_| metrics.chain.watch_dice(&rolls(false)));
    assert!(value("bitcraps_dice_evidence") < 6.0 && value("bitcraps_dice_alarm") == 1.0);
}

/// As much of the format of rules as these use, read by the parser that the scenarios are read by.
#[test]
fn every_alert_says_when_how_bad_and_what_it_means() {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rules {
        groups: Vec<Group>,
    }
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Group {
        name: String,
        rules: Vec<Rule>,
    }
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        alert: String,
        expr: String,
        #[serde(rename = "for")]
        lasting: String,
        labels: std::collections::BTreeMap<String, String>,
        annotations: std::collections::BTreeMap<String, String>,
    }
    let path = root().join("deploy/monitoring/alerts.yml");
    let rules: Rules = serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let mut seen = BTreeSet::new();
    for (group, rule) in
        rules.groups.iter().flat_map(|group| group.rules.iter().map(move |rule| (group, rule)))
    {
        let name = &rule.alert;
        assert!(seen.insert(name.clone()), "{name} twice");
        assert!(!group.name.is_empty() && rule.lasting.ends_with(['s', 'm']), "{name}");
        assert!(["page", "ticket"].contains(&rule.labels["severity"].as_str()), "{name}");
        assert!(
            rule.annotations.contains_key("summary") && rule.annotations.contains_key("action"),
            "{name}"
        );
        assert!(
            !names(&rule.expr).is_empty() || rule.expr.contains("up{"),
            "{name} looks at nothing of ours"
        );
        let balanced = |open, close| rule.expr.matches(open).count() == rule.expr.matches(close).count();
        assert!(balanced('(', ')') && balanced('{', '}') && balanced('[', ']'), "{name}");
    }
    assert!(seen.len() >= 6);
    match std::process::Command::new("promtool").args(["check", "rules"]).arg(&path).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => println!("promtool did not check the rules ({error}); the parser of this test did"),
    }
}

#[test]
fn every_panel_of_the_dashboard_shows_something() {
    let path = root().join("deploy/monitoring/grafana-dashboard.json");
    let dashboard: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() >= 8);
    for panel in panels {
        let targets = panel["targets"].as_array().unwrap();
        for target in targets {
            assert!(!names(target["expr"].as_str().unwrap()).is_empty(), "{}", panel["title"]);
        }
        assert!(!targets.is_empty() && panel["title"].is_string() && panel["gridPos"]["w"].is_u64());
    }
}
