//! Holds a tree against the language's description and reports everything that does not fit: unknown,
//! missing, repeated and excluding keys, wrong kinds of value, missing units, numbers out of range.
//!
//! What the values mean together (does that node exist?) is for `meaning.rs`.

mod quantity;

use super::findings::Findings;
use super::grammar::{Choose, List, Need, Object, Rest, Shape};
use super::language;
use super::yaml::{Entry, Node, Value, shorten};
use quantity::{check_unit, describe_unit};
use std::collections::{BTreeMap, BTreeSet};

/// The most keys of one mapping.
const MAX_KEYS: usize = 2_000;

/// Checks a value that stands at `path`.
pub(super) fn check(findings: &mut Findings<'_>, node: &Node, shape: &'static Shape, path: &str) {
    let wrong = |findings: &mut Findings<'_>| {
        let message = format!("expected {}, found {}", describe(shape), node.describe());
        findings.error(node.place, path, message, hint(shape, node));
    };
    match shape {
        Shape::Any => {}
        Shape::Bool => {
            if !matches!(node.value, Value::Bool(_)) {
                wrong(findings);
            }
        }
        Shape::Text(pattern) => match node.text() {
            None => wrong(findings),
            Some(text) if !pattern.matches(text) => {
                let message = format!("`{}` is not {}", shorten(text), pattern.describe());
                findings.error(node.place, path, message, None);
            }
            Some(_) => {}
        },
        Shape::Int(min, max) => match node.value {
            Value::Int(value) if (i128::from(*min)..=i128::from(*max)).contains(&value) => {}
            Value::Int(value) => {
                let message = if min == max {
                    format!("`{value}` is out of range: only {min} is known")
                } else {
                    format!("`{value}` is out of range: from {min} to {max}")
                };
                findings.error(node.place, path, message, None);
            }
            _ => wrong(findings),
        },
        Shape::Num(min, max) => {
            let value = match node.value {
                Value::Int(value) => value as f64,
                Value::Float(value) => value,
                _ => return wrong(findings),
            };
            if !(*min..=*max).contains(&value) {
                let message = format!("`{value}` is out of range: from {min} to {max}");
                findings.error(node.place, path, message, None);
            }
        }
        Shape::Unit(unit) => check_unit(findings, node, *unit, path, wrong),
        Shape::Word(words) => match node.text() {
            None => wrong(findings),
            Some(text) if !words.contains(&text) => {
                let message = format!("expected {}, found {}", describe(shape), node.describe());
                findings.error(node.place, path, message, suggest(text, words.iter().copied()));
            }
            Some(_) => {}
        },
        Shape::List(list) => match &node.value {
            Value::List(items) => check_list(findings, node, items, list, path),
            _ => wrong(findings),
        },
        Shape::Object(object) => match &node.value {
            Value::Map(entries) => check_object(findings, node, entries, object, path),
            Value::Null => check_object(findings, node, &[], object, path),
            _ => wrong(findings),
        },
        Shape::Either(shapes) => match pick(shapes, node) {
            Some(shape) => check_alternative(findings, node, shape, shapes, path),
            None => wrong(findings),
        },
    }
}

/// The alternative that a value of this kind must be meant as.
fn pick(shapes: &'static [Shape], node: &Node) -> Option<&'static Shape> {
    let exact = shapes.iter().find(|shape| {
        matches!(
            (shape, &node.value),
            (Shape::Int(..) | Shape::Num(..), Value::Int(_))
                | (Shape::Num(..), Value::Float(_))
                | (Shape::Unit(_) | Shape::Word(_) | Shape::Text(_), Value::Text(_))
                | (Shape::List(_), Value::List(_))
                | (Shape::Object(_), Value::Map(_))
        )
    });
    // A bare number where a quantity may stand lacks its unit.
    exact.or_else(|| {
        let number = matches!(node.value, Value::Int(_) | Value::Float(_));
        shapes.iter().find(|shape| number && matches!(shape, Shape::Unit(_)))
    })
}

/// As `check`, but a wrong word is told every alternative and every key as well.
fn check_alternative(
    findings: &mut Findings<'_>,
    node: &Node,
    shape: &'static Shape,
    shapes: &'static [Shape],
    path: &str,
) {
    if let (Shape::Word(words), Some(text)) = (shape, node.text())
        && !words.contains(&text)
    {
        let object = shapes.iter().find_map(|other| match other {
            Shape::Object(object) => Some(*object),
            _ => None,
        });
        if let Some(object) = object {
            if let Some(help) = later(object, text) {
                let message = format!("`{text}` is not in this version of the testbed");
                return findings.error(node.place, path, message, help);
            }
            if object.field(text).is_some() {
                let message = format!("`{text}` needs parameters");
                let help = format!("write `{text}: {{ … }}` inside braces, as a mapping");
                return findings.error(node.place, path, message, help);
            }
        }
        let names = words.iter().copied().chain(object.into_iter().flat_map(Object::keys_named));
        let message = format!("unknown word {}", node.describe());
        let help = suggest(text, names.clone()).unwrap_or_else(|| format!("one of {}", list_words(names)));
        return findings.error(node.place, path, message, help);
    }
    check(findings, node, shape, path);
}

impl Object {
    /// The keys as words.
    fn keys_named(&'static self) -> impl Iterator<Item = &'static str> + Clone {
        self.fields.iter().flat_map(|group| group.iter()).map(|field| field.key)
    }
}

/// What to say of a key that a later version knows.
fn later(object: &Object, key: &str) -> Option<String> {
    if let Some((_, what)) = object.later.iter().find(|(name, _)| *name == key) {
        return Some(format!("{what}; a later version will know it"));
    }
    if !std::ptr::eq(object, &language::INJECT) {
        return None;
    }
    let (_, family, doc) = language::LATER.iter().find(|(name, ..)| *name == key)?;
    let doc = doc.trim_end_matches('.');
    Some(format!("a {} fault ({doc}); `bitcraps-sim faults` lists those it makes", family.name()))
}

fn check_list(findings: &mut Findings<'_>, node: &Node, items: &[Node], list: &'static List, path: &str) {
    if items.len() < list.min || items.len() > list.max {
        let wanted = match (list.min, list.max) {
            (min, max) if min == max => format!("{min}"),
            (min, _) if items.len() < min => format!("at least {min}"),
            (_, max) => format!("at most {max}"),
        };
        let message = format!("the list has {} entries; {wanted} expected", items.len());
        match items.len() > list.max {
            true => findings.oversize(node.place, path, message),
            false => findings.error(node.place, path, message, None),
        }
    }
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate().take(list.max) {
        check(findings, item, &list.item, &join(path, &index.to_string()));
        if list.unique
            && !matches!(item.value, Value::List(_) | Value::Map(_))
            && !seen.insert(item.describe())
        {
            findings.error(item.place, path, format!("{} is listed twice", item.describe()), None);
        }
    }
}

fn check_object(
    findings: &mut Findings<'_>,
    node: &Node,
    entries: &[Entry],
    object: &'static Object,
    path: &str,
) {
    if entries.len() > MAX_KEYS {
        return findings.oversize(
            node.place,
            path,
            format!("{} keys; at most {MAX_KEYS} expected", entries.len()),
        );
    }
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for entry in entries {
        let key = entry.key.as_str();
        let inner = join(path, key);
        if let Some(first) = seen.insert(key, entry.key_place.line) {
            let message = format!("`{}` is given twice", shorten(key));
            findings.error(entry.key_place, &inner, message, format!("the other is on line {first}"));
        }
        match (object.field(key), object.rest) {
            (Some(field), _) => check(findings, &entry.value, &field.shape, &inner),
            (None, Some(rest)) if (rest.matches)(key) => check(findings, &entry.value, &rest.shape, &inner),
            (None, rest) => unknown_key(findings, entry, object, rest, &inner),
        }
    }
    for field in object.keys() {
        if field.need == Need::Must && !seen.contains_key(field.key) {
            let message = format!("missing key `{}`", field.key);
            findings.error(
                node.place,
                &join(path, field.key),
                message,
                format!("{}: {}", field.key, field.doc),
            );
        }
    }
    let known: Vec<&Entry> = entries.iter().filter(|entry| object.field(&entry.key).is_some()).collect();
    match object.choose {
        Choose::Free => {}
        Choose::OneKey => {
            if entries.is_empty() {
                let message = format!("expected one of {}", list_words(object.keys_named()));
                findings.error(node.place, path, message, None);
            }
            if let [first, .., last] = known.as_slice()
                && first.key != last.key
            {
                exclude(findings, first, last, path);
            }
        }
        Choose::OneForm(forms) | Choose::AtMostOneForm(forms) => {
            let must = matches!(object.choose, Choose::OneForm(_));
            check_forms(findings, node, &known, forms, must, path);
        }
    }
}

fn check_forms(
    findings: &mut Findings<'_>,
    node: &Node,
    entries: &[&Entry],
    forms: &'static [&'static [&'static str]],
    must: bool,
    path: &str,
) {
    let form_of = |entry: &&Entry| forms.iter().position(|form| form.contains(&entry.key.as_str()));
    let chosen: Vec<(&Entry, usize)> =
        entries.iter().filter_map(|entry| Some((*entry, form_of(entry)?))).collect();
    let Some(&(first, form)) = chosen.first() else {
        if must {
            let names = forms.iter().map(|form| format!("`{}`", form.join("` and `")));
            let message = format!("expected one of {}", names.collect::<Vec<_>>().join(", "));
            let first = forms.first().and_then(|form| form.first()).copied().unwrap_or("");
            findings.error(node.place, &join(path, first), message, None);
        }
        return;
    };
    if let Some((other, _)) = chosen.iter().find(|(_, other)| *other != form) {
        return exclude(findings, first, other, path);
    }
    for key in forms[form] {
        if !chosen.iter().any(|(entry, _)| entry.key == *key) {
            let message = format!("`{}` needs `{key}` beside it", first.key);
            findings.error(first.key_place, path, message, None);
        }
    }
}

fn exclude(findings: &mut Findings<'_>, first: &Entry, other: &Entry, path: &str) {
    let message = format!("`{}` and `{}` exclude each other", first.key, other.key);
    findings.error(other.key_place, &join(path, &other.key), message, "keep one of the two".to_string());
}

fn unknown_key(
    findings: &mut Findings<'_>,
    entry: &Entry,
    object: &'static Object,
    rest: Option<&Rest>,
    path: &str,
) {
    let key = shorten(&entry.key);
    if let Some(help) = later(object, &entry.key) {
        let message = format!("`{key}` is not in this version of the testbed");
        return findings.error(entry.key_place, path, message, help);
    }
    let all = match (object.keys().next(), rest) {
        (None, Some(rest)) => format!("expected {}", rest.key),
        (None, None) => "it takes no keys".into(),
        (Some(_), Some(rest)) => format!("one of {}, or {}", list_words(object.keys_named()), rest.key),
        (Some(_), None) => format!("one of {}", list_words(object.keys_named())),
    };
    let help = suggest(&entry.key, object.keys_named()).unwrap_or(all);
    findings.error(entry.key_place, path, format!("unknown key `{key}`"), help);
}

/// A shape in words.
pub(super) fn describe(shape: &Shape) -> String {
    match shape {
        Shape::Any => "a value".into(),
        Shape::Bool => "`true` or `false`".into(),
        Shape::Text(pattern) => pattern.describe().into(),
        Shape::Int(min, max) if min == max => format!("the number {min}"),
        Shape::Int(min, max) => format!("a whole number from {min} to {max}"),
        Shape::Num(min, max) => format!("a number from {min} to {max}"),
        Shape::Unit(unit) => describe_unit(*unit).into(),
        Shape::Word([word]) => format!("`{word}`"),
        Shape::Word(words) => format!("one of {}", list_words(words.iter().copied())),
        Shape::List(list) => format!("a list (of {})", describe(&list.item)),
        Shape::Object(_) => "a mapping".into(),
        Shape::Either(shapes) => {
            let all: Vec<String> = shapes.iter().map(describe).collect();
            all.join(", or ")
        }
    }
}

fn hint(shape: &Shape, node: &Node) -> Option<String> {
    match (shape, &node.value) {
        (Shape::Text(_), Value::Int(_) | Value::Float(_) | Value::Bool(_)) => {
            Some("write it in quotes to make it a text".into())
        }
        _ => None,
    }
}

fn list_words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    all.join(", ")
}

/// The nearest of the known words, if one is near.
pub(super) fn suggest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    if word.len() > 40 {
        return None;
    }
    let plain = word.replace('-', "_").to_ascii_lowercase();
    let near = known.map(|name| (strsim::damerau_levenshtein(&plain, name), name)).min()?;
    let close = near.0 <= 1 + near.1.len() / 4 && near.0 < near.1.len();
    close.then(|| format!("did you mean `{}`?", near.1))
}

/// A path and one more step.
pub(super) fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.into() } else { format!("{path}.{step}") }
}
