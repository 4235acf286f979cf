//! The language as a whole. What one part of it does is tested beside that part.

mod agreement;
mod docs;
mod meaning;
mod mistakes;
mod overrides;
mod sample;

use super::*;

/// A scenario with these lines added.
fn with(lines: &str) -> String {
    let mut text = String::from("version: 1\nname: t\nclaim: it works\n");
    for (key, line) in [("duration:", "duration: 60 s\n"), ("validators:", "validators: { count: 4 }\n")] {
        if !lines.lines().any(|given| given.starts_with(key)) {
            text.push_str(line);
        }
    }
    text + lines
}

fn good(lines: &str) -> Scenario {
    let text = with(lines);
    match parse("t.yaml", &text) {
        Ok(parsed) => parsed.scenario,
        Err(all) => panic!("{}", render(&all)),
    }
}

fn bad(lines: &str) -> Vec<Diagnostic> {
    parse("t.yaml", &with(lines)).expect_err("the scenario was accepted")
}

fn render(all: &[Diagnostic]) -> String {
    all.iter().map(|diagnostic| format!("{diagnostic}\n\n")).collect()
}

#[test]
fn the_example_of_the_language_means_what_it_says() {
    let parsed = parse("example.yaml", include_str!("tests/example.yaml")).unwrap();
    assert!(parsed.warnings.is_empty(), "{}", render(&parsed.warnings));
    let scenario = parsed.scenario;
    assert_eq!(scenario.seeds, Seeds::One(42));
    assert_eq!(scenario.gst, Some(Span::from_secs(60)));
    assert_eq!(scenario.validators.region_of(3), Some("us"));
    let pair = scenario.links.between(Some("us"), Some("eu"));
    assert_eq!(
        pair.latency,
        Latency::LogNormal { median: Span::from_millis(90), p99: Span::from_millis(180) }
    );
    assert_eq!(pair.loss, Percent::parse("0.1 %").unwrap(), "a pair inherits what it leaves out");
    assert_eq!(scenario.links.between(Some("us"), Some("us")), &scenario.links.default);
    let split = &scenario.faults[0];
    assert_eq!((split.id.as_str(), &split.trigger), ("split", &Trigger::At(Span::from_secs(20))));
    assert_eq!(split.end.lasts, Some(Span::from_secs(15)));
    assert_eq!((split.source.line, split.source.column), (17, 5));
    assert_eq!(scenario.faults[1].id, "fault-2");
    assert_eq!(scenario.faults[1].on, Selector::Leader);
    assert_eq!(
        scenario.faults[1].inject,
        Inject::Crash { restart_after: Some(Span::from_secs(5)), disk: CrashDisk::TornWrite }
    );
    assert_eq!(scenario.faults[2].trigger, Trigger::When(Condition::Height(30)));
    assert_eq!(scenario.faults[2].end.times, Some(3));
    assert_eq!(scenario.expect.sometimes, [Sometimes::ViewChange, Sometimes::EvidenceIncluded]);
    assert_eq!(scenario.sweep["validators.count"], serde_json::json!([4, 7, 10]));
}

#[test]
fn a_pair_of_regions_takes_each_key_that_it_leaves_out_from_the_default() {
    let scenario = good(
        "validators: { count: 2, regions: { eu: [0], us: [1] } }\n\
         links:\n  default: { latency: 1 ms, loss: 1 %, duplicate: 2 %, reorder: 3 %, corrupt: 4 %, bandwidth: 5 bit/s, queue: 6 B }\n  eu-us: {}\n",
    );
    let [(_, _, pair)] = scenario.links.pairs.as_slice() else { panic!("one pair") };
    assert_eq!(*pair, scenario.links.default);
    assert_ne!(pair.queue, LinkModel::default().queue);
}

#[test]
fn what_is_left_out_has_its_documented_default() {
    let scenario = good("");
    assert_eq!(scenario.seeds, Seeds::One(1));
    assert_eq!(scenario.crypto, Crypto::Mock);
    assert_eq!(scenario.links.default, LinkModel::default());
    assert_eq!(scenario.expect, Expect::default());
    assert_eq!(scenario.expect.always, Property::ALL);
    assert_eq!(scenario.consensus.timeouts.propose, Span::from_millis(500));
    assert!(scenario.faults.is_empty());
}

#[test]
fn a_seed_is_one_number_and_seeds_are_a_range_without_its_end() {
    assert_eq!(good("seeds: 3..5\n").seeds.iter().collect::<Vec<_>>(), [3, 4]);
    assert_eq!(good("seeds: 7\n").seeds, Seeds::One(7));
    assert_eq!(good("seed: 18446744073709551614\n").seeds.iter().count(), 1);
    for lines in ["seeds: 5..5\n", "seeds: 5..3\n", "seed: -1\n", "seeds: a..b\n", "seed: 1\nseeds: 0..2\n"] {
        bad(lines);
    }
}

#[test]
fn anchors_and_merge_keys_save_repetition() {
    let scenario = good(
        "x-crash: &crash { on: 0, inject: { crash: {} }, for: 1 s }\n\
         faults:\n  - { <<: *crash, at: 1 s }\n  - { <<: *crash, at: 5 s, on: 1 }\n",
    );
    assert_eq!(scenario.faults[0].on, Selector::Node(0));
    assert_eq!(scenario.faults[1].on, Selector::Node(1));
    assert_eq!(scenario.faults[1].end.lasts, Some(Span::from_secs(1)));
}

#[test]
fn a_shape_in_on_is_how_a_partition_cuts() {
    let scenario = good("faults: [{ at: 1 s, on: ring, inject: partition }]\n");
    let other = good("faults: [{ at: 1 s, inject: { partition: { shape: ring } } }]\n");
    assert_eq!(scenario, other);
}

#[test]
fn a_fault_without_parameters_is_one_word() {
    let scenario = good("faults: [{ at: 1 s, on: 0, inject: pause, for: 1 s }]\n");
    assert_eq!(scenario.faults[0].inject, Inject::Pause {});
}

#[test]
fn every_fault_of_the_table_is_either_made_or_refused_by_name() {
    let table = faults_table();
    assert!(table.iter().filter(|fault| !fault.worlds.is_empty()).count() >= 25);
    for fault in &table {
        let lines = format!("faults: [{{ at: 1 s, on: 0, inject: {{ {}: {{}} }} }}]\n", fault.name);
        let text = match parse("t.yaml", &with(&lines)) {
            Ok(parsed) => {
                assert_eq!(parsed.scenario.faults[0].inject.name(), fault.name);
                assert_eq!(parsed.scenario.faults[0].inject.family(), fault.family);
                String::new()
            }
            Err(all) => render(&all),
        };
        assert!(!text.contains("unknown key"), "{text}");
        assert_eq!(text.contains("not in this version"), fault.worlds.is_empty(), "{}: {text}", fault.name);
    }
    let mut names: Vec<&str> = table.iter().map(|fault| fault.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), table.len());
}
