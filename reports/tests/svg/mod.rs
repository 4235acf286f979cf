//! Just enough reading of SVG to test figures: elements with their attributes, texts, and tags that match.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

/// An element's opening tag.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: BTreeMap<String, String>,
    /// The text directly after the opening tag.
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn get(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, attribute: &str) -> f64 {
        let value = self.get(attribute);
        value.parse().unwrap_or_else(|_| panic!("{attribute}={value:?} of {} is no number", self.name))
    }

    /// The points of a polyline.
    pub(crate) fn points(&self) -> Vec<(f64, f64)> {
        let pairs = self.get("points").split_whitespace().map(|pair| pair.split_once(',').expect("x,y"));
        pairs.map(|(x, y)| (x.parse().expect("x"), y.parse().expect("y"))).collect()
    }
}

/// All elements in order. Panics where the text is not well formed.
pub(crate) fn elements(xml: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = xml;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(
            !before.contains('>') || open.last().is_some_and(|name| name == "style"),
            "a bare > in {before:?}"
        );
        let (tag, following) = split_tag(after);
        rest = following;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name.trim()), "an end tag without its start");
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "no element is called {name:?}");
        if !closed {
            open.push(name.to_owned());
        }
        let text = rest.split('<').next().unwrap_or_default().trim().to_owned();
        found.push(Element { name: name.to_owned(), attributes: parse(attributes), text });
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    found
}

/// Panics unless every tag matches and every attribute is quoted.
pub(crate) fn check_well_formed(xml: &str) {
    assert!(!elements(xml).is_empty());
    for entity in xml.split('&').skip(1) {
        let name = entity.split(';').next().unwrap_or_default();
        assert!(matches!(name, "amp" | "lt" | "gt" | "quot" | "apos" | "#39"), "&{name}; is no entity");
    }
}

/// The tag up to its `>`, which may stand in a quoted attribute; and what follows.
fn split_tag(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    panic!("a tag does not end: {:.80}", text);
}

fn parse(attributes: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = attributes.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no value in {rest:?}"));
        let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("no end in {after:?}"));
        assert!(!value.contains('<'), "a < in {name}={value:?}");
        assert!(found.insert(name.to_owned(), value.to_owned()).is_none(), "{name} is there twice");
        rest = after.trim();
    }
    found
}
