//! A sweep: the points at which a scenario is tried, from its `sweep:` section and from lists in `--set`.
//!
//! An axis is a dotted path with its values; a point takes one value of each axis. Every point is a scenario of its
//! own, read as the file is, with the point's values set: what `run` does with the same `--set`.

use super::findings::Findings;
use super::yaml::{Node, Sources, Value};
use super::{Diagnostic, Parsed, Scenario, Severity, parse_with};
use std::collections::{BTreeMap, BTreeSet};

/// The most points of one sweep.
const MAX_POINTS: usize = 100_000;
/// What every run has a number or a name of its own for.
const NOT_SWEPT: [&str; 6] = ["version", "name", "claim", "seed", "seeds", "sweep"];

/// One point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The value of each axis, by its name: its text, or its label in the file.
    pub values: BTreeMap<String, String>,
    /// All that is set, as `--set` takes it.
    pub set: Vec<(String, String)>,
    /// The scenario at this point.
    pub scenario: Scenario,
}

/// The points of a file, and what its reader should know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Swept {
    /// At least one.
    pub points: Vec<Point>,
    /// Warnings about the file and about single points, each once.
    pub warnings: Vec<Diagnostic>,
}

/// The points of a file, in the order of their axes' names and values; one without any axis.
///
/// A value of `overrides` may be several, separated by commas outside of brackets and quotes. An override of a swept
/// path takes the place of the file's values.
///
/// # Errors
/// Every mistake of the file, then those of single values; else those of the first point that is no scenario.
pub fn points(file: &str, text: &str, overrides: &[(String, String)]) -> Result<Swept, Vec<Diagnostic>> {
    let split: Vec<(&String, Vec<&str>)> =
        overrides.iter().map(|(path, value)| (path, alternatives(value))).collect();
    let mut axes: BTreeMap<String, Vec<Choice>> = in_file(file, text)?;
    let mut fixed = Vec::new();
    for (path, values) in split {
        let several = values.len() > 1;
        if several || axes.contains_key(path) {
            let choices = values.iter().map(|value| Choice::named(value, value));
            axes.insert(path.clone(), choices.collect());
        } else {
            fixed.push((path.clone(), values[0].to_owned()));
        }
    }
    let Parsed { scenario: base, mut warnings } = parse_with(file, text, &fixed)?;
    check_axes(file, text, &fixed, &axes)?;
    let count = axes.values().try_fold(1usize, |count, values| count.checked_mul(values.len()));
    if count.is_none_or(|count| count > MAX_POINTS) {
        return Err(vec![about_sweep(file, text, format!("more than {MAX_POINTS} points"))]);
    }
    let mut points = vec![Point {
        values: BTreeMap::new(),
        set: fixed,
        scenario: Scenario { sweep: BTreeMap::new(), ..base },
    }];
    for (path, choices) in &axes {
        let with = |point: &Point, choice: &Choice| {
            let mut point = point.clone();
            point.values.insert(path.clone(), choice.label.clone());
            point.set.push((path.clone(), choice.value.clone()));
            point
        };
        points = points.iter().flat_map(|point| choices.iter().map(|choice| with(point, choice))).collect();
    }
    for point in points.iter_mut().filter(|point| !point.values.is_empty()) {
        // What lies deeper is set later: a value inside of another is not lost when that is set.
        point.set.sort_by_key(|(path, _)| path.split('.').count());
        let parsed = parse_with(file, text, &point.set)?;
        point.scenario = Scenario { sweep: BTreeMap::new(), ..parsed.scenario };
        warnings.extend(parsed.warnings.into_iter().filter(|one| one.file == file));
    }
    let mut seen = BTreeSet::new();
    warnings.retain(|one| seen.insert((one.line, one.column, one.message.clone())));
    Ok(Swept { points, warnings })
}

/// One value of an axis.
struct Choice {
    label: String,
    /// As YAML in one line.
    value: String,
    /// The place in the file that says it.
    node: Option<Node>,
}

impl Choice {
    fn named(label: &str, value: &str) -> Choice {
        Choice { label: label.to_owned(), value: value.to_owned(), node: None }
    }

    fn of(label: Option<&str>, node: &Node) -> Choice {
        let value = as_text(node);
        Choice { label: label.unwrap_or(&value).to_owned(), value, node: Some(node.clone()) }
    }
}

/// The axes that the file names.
fn in_file(file: &str, text: &str) -> Result<BTreeMap<String, Vec<Choice>>, Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let source = sources.add(file, text);
    let root = sources.read(source, 0).map_err(|diagnostic| vec![diagnostic])?;
    let axes = root.get("sweep").map_or(&[][..], Node::entries).iter().map(|entry| {
        let choices = match &entry.value.value {
            Value::List(items) => items.iter().map(|item| Choice::of(None, item)).collect(),
            _ => {
                entry.value.entries().iter().map(|value| Choice::of(Some(&value.key), &value.value)).collect()
            }
        };
        (entry.key.clone(), choices)
    });
    Ok(axes.collect())
}

/// Reads the file with each value of each axis alone, so that a wrong one is shown where it stands.
fn check_axes(
    file: &str,
    text: &str,
    fixed: &[(String, String)],
    axes: &BTreeMap<String, Vec<Choice>>,
) -> Result<(), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    for (path, choices) in axes {
        if NOT_SWEPT.contains(&path.as_str()) {
            let seeds =
                if path.starts_with("seed") { "; give several seeds with `--seeds A..B`" } else { "" };
            wrong.push(about_sweep(file, text, format!("`{path}` is not for a sweep{seeds}")));
            continue;
        }
        for choice in choices {
            let mut set = fixed.to_vec();
            set.push((path.clone(), choice.value.clone()));
            let Err(found) = parse_with(file, text, &set) else { continue };
            let errors = found.into_iter().filter(|one| one.severity == Severity::Error);
            wrong.extend(errors.map(|error| match &choice.node {
                Some(node) if error.file == "--set" => moved(file, text, node, error),
                _ => error,
            }));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// A mistake in a value as it is set, shown where the file says the value.
fn moved(file: &str, text: &str, node: &Node, error: Diagnostic) -> Diagnostic {
    let mut sources = Sources::default();
    sources.add(file, text);
    sources.diagnostic(Severity::Error, node.place, error.message, error.help)
}

/// A mistake of the sweep as a whole.
fn about_sweep(file: &str, text: &str, message: String) -> Diagnostic {
    let mut sources = Sources::default();
    let source = sources.add(file, text);
    let root = sources.read(source, 0).ok();
    let place = root.iter().flat_map(Node::entries).find(|entry| entry.key == "sweep");
    let place = place.map_or_else(Default::default, |entry| entry.key_place);
    let mut findings = Findings::new(&sources);
    findings.contradiction(place, message, None);
    findings.finish().remove(0)
}

/// A value as YAML in one line that reads back as the same.
fn as_text(node: &Node) -> String {
    let json = super::decode::json(node);
    match &node.value {
        Value::Text(text) if reads_as_itself(text) => text.clone(),
        _ => json.to_string(),
    }
}

fn reads_as_itself(text: &str) -> bool {
    let mut sources = Sources::default();
    let source = sources.add("", text);
    // What has commas would be several values on the command line.
    alternatives(text).len() == 1
        && sources.read(source, 0).is_ok_and(|node| matches!(&node.value, Value::Text(read) if read == text))
}

/// The parts between commas that stand outside of brackets and quotes.
fn alternatives(value: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quote) = (Vec::new(), 0, 0u32, None);
    for (at, c) in value.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(value[from..at].trim());
                from = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(value[from..].trim());
    parts
}

#[cfg(test)]
mod tests;
