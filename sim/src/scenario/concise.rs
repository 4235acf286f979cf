//! A scenario as a person would write it: without what goes without saying.

use super::yaml::{Entry, Node, Sources, Value};
use super::{Scenario, Severity, findings, interpret, resolved};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The scenario as YAML without the keys whose default is meant, each section on a line. [`super::parse`] reads it back
/// as the same value.
pub fn concise(scenario: &Scenario) -> String {
    let mut sources = Sources::default();
    let source = sources.add("(concise)", &resolved(scenario));
    let mut root = sources.read(source, 0).expect("what was serialized can be read");
    let means_the_same = |root: &Node| {
        let mut findings = findings::Findings::new(&sources);
        let meant = interpret(&mut findings, root);
        meant == *scenario && findings.finish().iter().all(|found| found.severity != Severity::Error)
    };
    prune(&mut root, &mut Vec::new(), &means_the_same);
    let mut text = String::new();
    for Entry { key, value, .. } in root.entries() {
        match &value.value {
            Value::List(items) if key == "faults" => {
                text.push_str("faults:\n");
                items.iter().for_each(|item| _ = writeln!(text, "  - {}", Flow(item)));
            }
            _ => _ = writeln!(text, "{key}: {}", Flow(value)),
        }
    }
    text
}

/// Takes out every key without which the whole means the same; `path` leads to the node whose keys are tried.
fn prune(root: &mut Node, path: &mut Vec<usize>, means_the_same: &impl Fn(&Node) -> bool) {
    let mut at = 0;
    while let Some(length) = children(root, path) {
        if at >= length {
            return;
        }
        let named = matches!(node(root, path).value, Value::Map(_));
        if named {
            let mut without = root.clone();
            if let Value::Map(entries) = &mut node(&mut without, path).value {
                entries.remove(at);
            }
            if means_the_same(&without) {
                *root = without;
                continue;
            }
        }
        path.push(at);
        prune(root, path, means_the_same);
        path.pop();
        at += 1;
    }
}

fn node<'a>(root: &'a mut Node, path: &[usize]) -> &'a mut Node {
    path.iter().fold(root, |node, at| match &mut node.value {
        Value::Map(entries) => &mut entries[*at].value,
        Value::List(items) => &mut items[*at],
        _ => unreachable!("a path leads through mappings and lists"),
    })
}

fn children(root: &mut Node, path: &[usize]) -> Option<usize> {
    match &node(root, path).value {
        Value::Map(entries) => Some(entries.len()),
        Value::List(items) => Some(items.len()),
        _ => None,
    }
}

/// YAML's flow style.
struct Flow<'a>(&'a Node);

impl std::fmt::Display for Flow<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0.value {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Text(text) => f.write_str(&scalar(text)),
            Value::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if at == 0 { "" } else { ", " }, Flow(item))?;
                }
                f.write_str("]")
            }
            Value::Map(entries) if entries.is_empty() => f.write_str("{}"),
            Value::Map(entries) => {
                f.write_str("{ ")?;
                for (at, Entry { key, value, .. }) in entries.iter().enumerate() {
                    write!(f, "{}{}: {}", if at == 0 { "" } else { ", " }, scalar(key), Flow(value))?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// A text, quoted where it could be taken for something else.
fn scalar(text: &str) -> String {
    let begins = text.chars().next().is_some_and(|first| first.is_alphanumeric());
    let plain = |c: char| c.is_alphanumeric() || " _-./%±<>=+()".contains(c);
    let is_text = text.chars().any(char::is_alphabetic) || text.contains('%');
    let other = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];
    let number =
        text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(' ') && !text.contains("..");
    let word = !other.contains(&&*text.to_lowercase());
    if begins && is_text && !number && word && text.chars().all(plain) && !text.ends_with(' ') {
        return text.to_owned();
    }
    // A JSON string is a YAML string.
    serde_json::to_string(text).expect("a text is always JSON")
}

/// What a scenario says, by dotted path: `validators.count` is `4`. A fault's path has its id.
pub fn leaves(scenario: &Scenario) -> BTreeMap<String, String> {
    let mut sources = Sources::default();
    let source = sources.add("(leaves)", &resolved(scenario));
    let root = sources.read(source, 0).expect("what was serialized can be read");
    let mut leaves = BTreeMap::new();
    gather(&root, String::new(), &mut leaves);
    leaves
}

fn gather(node: &Node, path: String, leaves: &mut BTreeMap<String, String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            entries.iter().for_each(|entry| gather(&entry.value, below(&entry.key), leaves));
        }
        Value::List(items) if items.iter().any(|item| !item.entries().is_empty()) => {
            for (at, item) in items.iter().enumerate() {
                let name = item.get("id").and_then(Node::text).map_or(at.to_string(), str::to_owned);
                gather(item, below(&name), leaves);
            }
        }
        _ => _ = leaves.insert(path, Flow(node).to_string()),
    }
}

/// Whether a scenario file says which engine it is for. A bug is one engine's.
pub fn names_engine(text: &str) -> bool {
    let mut sources = Sources::default();
    let source = sources.add("(names)", text);
    sources.read(source, 0).is_ok_and(|root| {
        ["consensus.engine", "consensus.bug"].into_iter().any(|path| root.at(path).is_some())
    })
}
