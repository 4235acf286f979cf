//! docs/ says what the code does. After a change of the language, in sim/:
//! `BLESS=../docs cargo test scenario::tests::docs`.

mod examples;
mod faults;
mod scenarios;

use crate::scenario::grammar::{Need, Object, Pattern, Shape, Unit};
use crate::scenario::{check, faults_table, json_schema, language};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str = "<!-- keys: generated -->\n";
const SCHEMA: &str = include_str!("../../../../docs/scenario.v1.schema.json");
const REFERENCE: &str = include_str!("../../../../docs/scenario.md");

fn bless(file: &str, text: &str) -> bool {
    let Some(folder) = std::env::var_os("BLESS").filter(|folder| Path::new(folder).is_dir()) else {
        return false;
    };
    std::fs::write(Path::new(&folder).join(file), text).expect("docs/ is writable");
    true
}

#[test]
fn the_committed_schema_is_the_schema_of_the_code() {
    let schema = json_schema();
    if bless("scenario.v1.schema.json", &(serde_json::to_string_pretty(&schema).unwrap() + "\n")) {
        return;
    }
    let committed: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(committed == schema, "docs/scenario.v1.schema.json is out of date");
}

#[test]
fn the_reference_lists_every_key_and_every_fault() {
    let (prose, committed) = REFERENCE.split_once(BEGIN).expect("the marker");
    let mut tables = String::new();
    table(&language::SCENARIO, "the file", &mut BTreeSet::new(), &mut tables);
    writeln!(tables, "## Faults of later versions\n").unwrap();
    for fault in faults_table().iter().filter(|fault| fault.worlds.is_empty()) {
        writeln!(tables, "- `{}` ({}): {}", fault.name, fault.family.name(), fault.doc).unwrap();
    }
    if bless("scenario.md", &format!("{prose}{BEGIN}\n{tables}")) {
        return;
    }
    assert!(committed.trim() == tables.trim(), "docs/scenario.md is out of date");
}

#[test]
fn the_example_of_the_reference_is_a_scenario() {
    let example =
        REFERENCE.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    if let Err(all) = crate::scenario::parse("docs/scenario.md", example) {
        panic!("{}", super::render(&all));
    }
}

/// One table per object, each once, in the order of the file.
fn table(object: &'static Object, title: &str, done: &mut BTreeSet<&'static str>, out: &mut String) {
    if !done.insert(object.name) || (object.keys().next().is_none() && object.rest.is_none()) {
        return;
    }
    writeln!(out, "## {title}\n\n| key | value | default | meaning |\n|---|---|---|---|").unwrap();
    for field in object.keys() {
        let default = match field.need {
            Need::Must => "required".to_string(),
            Need::Default("") => String::new(),
            Need::Default("{}" | "[]") => "empty".to_string(),
            Need::Default(text) => text.to_string(),
        };
        let value = words(&field.shape);
        writeln!(out, "| `{}` | {value} | {default} | {} |", field.key, field.doc).unwrap();
    }
    if let Some(rest) = object.rest {
        writeln!(out, "| {} | {} | | |", rest.key, words(&rest.shape)).unwrap();
    }
    out.push('\n');
    for field in object.keys() {
        objects(&field.shape, &mut |inner| table(inner, inner.name, done, out));
    }
    if let Some(rest) = object.rest {
        objects(&rest.shape, &mut |inner| table(inner, inner.name, done, out));
    }
}

fn objects(shape: &'static Shape, visit: &mut dyn FnMut(&'static Object)) {
    match shape {
        Shape::Object(object) => visit(object),
        Shape::List(list) => objects(&list.item, visit),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| objects(shape, visit)),
        _ => {}
    }
}

/// A shape in few words; what a quantity looks like stands once, above the tables.
fn words(shape: &'static Shape) -> String {
    match shape {
        Shape::Object(object) if object.keys().next().is_none() && object.rest.is_none() => "`{}`".into(),
        Shape::Object(object) => format!("[{0}](#{0})", object.name),
        Shape::List(list) if list.min == list.max => format!("list of {}: {}", list.min, words(&list.item)),
        Shape::List(list) => format!("list of {}", words(&list.item)),
        Shape::Either(shapes) => shapes.iter().map(words).collect::<Vec<_>>().join("; or "),
        Shape::Int(0, max) if *max == language::MAX_VALIDATORS - 1 => "node".into(),
        Shape::Int(min, max) if min == max => format!("{min}"),
        Shape::Int(min, max) if *max >= u64::from(u32::MAX) => format!("whole number from {min}"),
        Shape::Int(min, max) => format!("{min} to {max}"),
        Shape::Text(Pattern::Free) => "text".into(),
        Shape::Text(Pattern::Name) => "letters, digits, `.`, `_`, `-`".into(),
        Shape::Text(Pattern::Id) => "id: letters, digits, `_`, `-`".into(),
        Shape::Text(Pattern::Region) => "region".into(),
        Shape::Bool => "`true`, `false`".into(),
        Shape::Word(words) => format!("`{}`", words.join("`, `")),
        Shape::Unit(unit) => match unit {
            Unit::Span => "duration",
            Unit::Positive => "duration above zero",
            Unit::Timeout => "duration above zero, at most 60 s",
            Unit::Offset => "signed duration",
            Unit::Jittered => "duration, perhaps ± another",
            Unit::Rate => "rate",
            Unit::PositiveRate => "rate above zero",
            Unit::Percent => "percentage",
            Unit::PositivePercent => "percentage above zero",
            Unit::Bandwidth => "bandwidth",
            Unit::Size => "size",
            Unit::Seeds => "`0..1000`",
        }
        .into(),
        other => check::describe(other),
    }
}

/// The schema and the reference file objects by name.
#[test]
fn no_two_objects_share_a_name() {
    fn walk(object: &'static Object, seen: &mut Vec<&'static Object>) {
        if seen.iter().any(|other| std::ptr::eq(*other, object)) {
            return;
        }
        assert!(seen.iter().all(|other| other.name != object.name), "{}", object.name);
        seen.push(object);
        let shapes = object.keys().map(|field| &field.shape).chain(object.rest.map(|rest| &rest.shape));
        shapes.for_each(|shape| objects(shape, &mut |inner| walk(inner, seen)));
    }
    walk(&language::SCENARIO, &mut Vec::new());
}
