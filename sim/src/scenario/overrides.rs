//! `--set faults.split.for=5s`: changes a tree before it is checked, so that a wrong value or an unknown key
//! is found like one in the file, and shown with the words of the command line.

use super::findings::Findings;
use super::yaml::{Entry, Node, Place, Sources, Value, shorten};

/// One change: the dotted path, its place, and the new value.
pub(super) struct Override {
    path: String,
    source: u16,
    value: Node,
}

/// Reads each `(path, value)`; the value is YAML.
pub(super) fn read(
    sources: &mut Sources,
    overrides: &[(String, String)],
) -> (Vec<Override>, Vec<super::Diagnostic>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (path, value) in overrides {
        let source = sources.add("--set", &format!("{path}={value}"));
        match sources.read(source, path.len() + 1) {
            Ok(value) => good.push(Override { path: path.clone(), source, value }),
            Err(diagnostic) => bad.push(diagnostic),
        }
    }
    (good, bad)
}

/// Makes the changes, in order.
pub(super) fn apply(findings: &mut Findings<'_>, root: &mut Node, overrides: Vec<Override>) {
    for change in overrides {
        // The two ways to say the seeds exclude each other; the command line wins.
        if let ("seed" | "seeds", Value::Map(entries)) = (change.path.as_str(), &mut root.value) {
            entries.retain(|entry| entry.key != "seed" && entry.key != "seeds");
        }
        set(findings, root, change);
    }
}

fn set(findings: &mut Findings<'_>, root: &mut Node, change: Override) {
    let mut node = root;
    let mut column = 1;
    let mut walked = String::new();
    for step in change.path.split('.') {
        let length = u32::try_from(step.chars().count()).unwrap_or(u32::MAX);
        let place = Place { source: change.source, line: 1, column, length };
        column = column.saturating_add(length).saturating_add(1);
        if matches!(node.value, Value::Null) {
            *node = Node { place, value: Value::Map(Vec::new()) };
        }
        let found = node.describe();
        node = match &mut node.value {
            Value::Map(entries) => {
                let known = entries.iter().rposition(|entry| entry.key == step);
                let index = known.unwrap_or_else(|| {
                    let value = Node { place, value: Value::Null };
                    entries.push(Entry { key: step.into(), key_place: place, value });
                    entries.len() - 1
                });
                &mut entries[index].value
            }
            Value::List(items) => match position(items, step) {
                Some(index) => &mut items[index],
                None => {
                    let message = format!("`{}` has no entry `{}`", shorten(&walked), shorten(step));
                    let help = format!("{}an index up to {}", ids(items), items.len().saturating_sub(1));
                    let help = if items.is_empty() { "the list is empty".into() } else { help };
                    return findings.error(place, &change.path, message, help);
                }
            },
            _ => {
                let message = format!("`{}` is {found}, it has no keys", shorten(&walked));
                return findings.error(place, &change.path, message, None);
            }
        };
        walked = super::check::join(&walked, step);
    }
    *node = change.value;
}

/// An entry of a list: by index, by its id, or by the id that a fault without one has.
fn position(items: &[Node], step: &str) -> Option<usize> {
    let by_id = items.iter().position(|item| item.get("id").and_then(Node::text) == Some(step));
    let by_number = || {
        let index = step.strip_prefix("fault-")?.parse::<usize>().ok()?.checked_sub(1)?;
        items.get(index).filter(|item| item.get("id").is_none())?;
        Some(index)
    };
    by_id.or_else(by_number).or_else(|| step.parse().ok().filter(|index| *index < items.len()))
}

fn ids(items: &[Node]) -> String {
    let ids = items.iter().filter_map(|item| item.get("id")?.text());
    let ids: Vec<String> = ids.take(20).map(|id| format!("`{}`", shorten(id))).collect();
    if ids.is_empty() { String::new() } else { format!("{}, or ", ids.join(", ")) }
}
