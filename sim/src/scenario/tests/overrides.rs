//! `--set`.

use super::*;

fn set(lines: &str, path: &str, value: &str) -> Result<Scenario, Vec<Diagnostic>> {
    parse_with("t.yaml", &with(lines), &[(path.into(), value.into())]).map(|parsed| parsed.scenario)
}

const SPLIT: &str = "faults:\n  - { id: split, at: 1 s, on: 0, inject: pause, for: 1 s }\n  - { at: 2 s, on: 1, inject: pause, for: 1 s }\n";

#[test]
fn a_value_is_set_by_key_by_index_and_by_the_id_of_a_fault() {
    assert_eq!(set("", "validators.count", "7").unwrap().validators.count, 7);
    assert_eq!(set("", "links.default.loss", "5 %").unwrap().links.default.loss, Percent::from_whole(5));
    for path in ["faults.split.for", "faults.0.for"] {
        assert_eq!(set(SPLIT, path, "3 s").unwrap().faults[0].end.lasts, Some(Span::from_secs(3)));
    }
    for path in ["faults.fault-2.on", "faults.1.on"] {
        assert_eq!(set(SPLIT, path, "[2, 3]").unwrap().faults[1].on, Selector::Nodes(vec![2, 3]));
    }
    assert_eq!(set("seed: 3\n", "seeds", "0..9").unwrap().seeds, Seeds::Range(0, 9));
    assert_eq!(set("seeds: 0..9\n", "seed", "3").unwrap().seeds, Seeds::One(3));
}

#[test]
fn a_setting_may_repair_what_the_file_lacks() {
    let text = with("").replace("claim: it works\n", "");
    assert!(parse("t.yaml", &text).is_err());
    assert!(parse_with("t.yaml", &text, &[("claim".into(), "so".into())]).is_ok());
}

#[test]
fn a_wrong_setting_is_shown_with_the_words_of_the_command_line() {
    for (path, value, message, column) in [
        ("validators.cuont", "7", "unknown key `cuont`", 12),
        ("validators.count", "many", "expected a whole number", 18),
        ("faults.split.for", "5", "has no unit", 18),
        ("faults.splt.for", "5 s", "`faults` has no entry `splt`", 8),
        ("faults.9.for", "5 s", "`faults` has no entry `9`", 8),
        ("name.x", "1", "it has no keys", 6),
        ("validators.count", "[1", "YAML", 18),
        ("validators.count", "2000", "out of range", 18),
        ("", "1", "unknown key", 1),
    ] {
        let all = set(SPLIT, path, value).unwrap_err();
        let found = all.iter().find(|one| one.message.contains(message));
        let found = found.unwrap_or_else(|| panic!("{path}={value} gave\n{}", render(&all)));
        assert_eq!((found.file.as_str(), found.line), ("--set", 1), "{found}");
        assert!(found.column >= column && found.column <= column + 2, "{found}");
        assert_eq!(found.text, format!("{path}={value}"));
    }
}

#[test]
fn mistakes_of_the_file_and_of_the_command_line_come_together() {
    let all = parse_with("t.yaml", &with("crypt: mock\n"), &[("claim".into(), "[".into())]).unwrap_err();
    let files: Vec<&str> = all.iter().map(|one| one.file.as_str()).collect();
    assert_eq!(files, ["t.yaml", "--set"]);
}
