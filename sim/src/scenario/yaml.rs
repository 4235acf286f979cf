//! YAML text to a tree in which every key and value knows where it stands.
//!
//! The YAML itself (scalars, anchors, merge keys, limits) is serde-saphyr's. This module only asks it for
//! everything that is there, keeps repeated keys, and knows nothing of scenarios.

use super::diagnostic::{Diagnostic, Severity};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// The most bytes that a file may have.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// A longer line is not shown in a diagnostic: no person reads it.
const MAX_SHOWN: usize = 4_096;
/// The deepest nesting.
const MAX_DEPTH: usize = 48;
/// The most values, aliases expanded.
const MAX_NODES: usize = 200_000;

/// Where a key or value stands: which source, and line, column and length in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) source: u16,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) length: u32,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What YAML knows.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping. A mapping keeps repeated keys.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) value: Node,
}

impl Node {
    /// The value of a key; of a repeated one the last.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries of a mapping; none if it is not one.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none if it is not one.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value at the end of a dotted path such as `faults.0.on`.
    pub(super) fn at(&self, path: &str) -> Option<&Node> {
        path.split('.').filter(|part| !part.is_empty()).try_fold(self, |node, part| match &node.value {
            Value::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => node.get(part),
        })
    }

    /// What kind of value this is, for a message.
    pub(super) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".into(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Int(value) => format!("`{value}`"),
            Value::Float(value) => format!("`{value}`"),
            Value::Text(text) => format!("`{}`", shorten(text)),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a mapping".into(),
        }
    }

    fn relocate(&mut self, shift: &dyn Fn(Place) -> Place) {
        self.place = shift(self.place);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.relocate(shift)),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| {
                entry.key_place = shift(entry.key_place);
                entry.value.relocate(shift);
            }),
            _ => {}
        }
    }
}

/// A text for a message: one line, not long.
pub(super) fn shorten(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(48).collect();
    if text.chars().nth(48).is_some() { format!("{line}…") } else { line }
}

/// The texts that places point into: the file, then each `--set`.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources(Vec<(String, String)>);

impl Sources {
    /// Adds a text under the name that diagnostics show.
    pub(super) fn add(&mut self, name: &str, text: &str) -> u16 {
        self.0.push((name.into(), text.into()));
        u16::try_from(self.0.len() - 1).unwrap_or(u16::MAX)
    }

    /// A diagnostic at a place.
    pub(super) fn diagnostic(
        &self,
        severity: Severity,
        place: Place,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Diagnostic {
        let name = self.0.get(usize::from(place.source)).map_or("", |(name, _)| name);
        let (line, column, length) = self.on_a_line(place);
        Diagnostic {
            severity,
            file: name.into(),
            line,
            column,
            length,
            message: message.into(),
            help,
            text: self.line(place).into(),
        }
    }

    /// Line and column from 1, and how many characters on that line, at least one.
    pub(super) fn on_a_line(&self, place: Place) -> (u32, u32, u32) {
        let width = u32::try_from(self.line(place).chars().count()).unwrap_or(u32::MAX);
        let column = place.column.max(1);
        let length = place.length.min(width.saturating_add(1).saturating_sub(column)).max(1);
        (place.line.max(1), column, length)
    }

    /// The line of a place, unless it is too long to be shown.
    fn line(&self, place: Place) -> &str {
        let text = self.0.get(usize::from(place.source)).map_or("", |(_, text)| text);
        let line = text.lines().nth(place.line.max(1) as usize - 1).unwrap_or("");
        if line.len() > MAX_SHOWN { "" } else { line }
    }

    /// Reads source number `source`, of which the YAML begins `skip` bytes into its first line.
    pub(super) fn read(&self, source: u16, skip: usize) -> Result<Node, Diagnostic> {
        let empty = String::new();
        let text = self.0.get(usize::from(source)).map_or(&empty, |(_, text)| text);
        let indent = text.get(..skip).map_or(0, |key| key.chars().count());
        let shift = |place: Place| Place {
            source,
            column: if place.line <= 1 { place.column.saturating_add(indent as u32) } else { place.column },
            ..place
        };
        let text = text.get(skip..).unwrap_or("");
        if text.len() > MAX_BYTES {
            let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len());
            return Err(self.diagnostic(Severity::Error, shift(Place::default()), message, None));
        }
        match serde_saphyr::from_str_with_options::<Node>(text, options()) {
            Ok(mut node) => {
                node.relocate(&shift);
                Ok(node)
            }
            Err(error) => {
                let place = error.location().map_or(Place::default(), place_of);
                let message = match error.without_snippet() {
                    serde_saphyr::Error::MultipleDocuments { .. } => {
                        "a second document begins here; a scenario is one".into()
                    }
                    error => format!("YAML: {}", plain(&error.to_string())),
                };
                Err(self.diagnostic(Severity::Error, shift(place), message, None))
            }
        }
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_recorded_anchor_events: MAX_NODES,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_NODES },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
    }
}

/// The library's message without the place that it repeats.
fn plain(message: &str) -> String {
    let first = message.lines().next().unwrap_or("").trim_start_matches("error: ");
    let rest = match first.split_once(": ") {
        Some((place, rest)) if place.starts_with("line ") => rest,
        _ => first,
    };
    let rest = rest.split(" at line ").next().unwrap_or(rest);
    rest.into()
}

fn place_of(location: Location) -> Place {
    let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Place {
        source: 0,
        line: narrow(location.line()),
        column: narrow(location.column()),
        length: narrow(location.span().len()),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Node { place: place_of(spanned.defined), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Everything)
    }
}

struct Everything;

impl<'de> Visitor<'de> for Everything {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Everything)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Int(i128::try_from(value).unwrap_or(i128::MAX)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Text(String::from_utf8_lossy(value).into_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Node>()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let value = map.next_value::<Node>()?;
            entries.push(Entry { key: key.value, key_place: place_of(key.defined), value });
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests;
