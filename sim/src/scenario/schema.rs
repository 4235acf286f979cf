//! The JSON Schema (draft-07) of the language, for editors.

use super::grammar::{Choose, List, Need, Object, Shape, Unit};
use super::language;
use serde_json::{Map, Value, json};

/// The schema of a scenario file. docs/scenario.v1.schema.json is this, printed.
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    let root = object(&language::SCENARIO, &mut definitions);
    let mut schema = Map::new();
    schema.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".into(), "BitCraps scenario, version 1".into());
    if let Value::Object(root) = root {
        schema.extend(root);
    }
    schema.insert("definitions".into(), Value::Object(definitions));
    Value::Object(schema)
}

fn shape(shape: &'static Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Any => json!({}),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Text(pattern) => json!({ "type": "string", "pattern": pattern.regex() }),
        Shape::Int(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Num(min, max) => json!({ "type": "number", "minimum": min, "maximum": max }),
        Shape::Unit(unit) => {
            let (pattern, example) = pattern(*unit);
            json!({ "type": "string", "pattern": pattern, "examples": [example] })
        }
        Shape::Word(words) => json!({ "enum": words }),
        Shape::List(list) => array(list, definitions),
        Shape::Object(inner) => {
            if !definitions.contains_key(inner.name) {
                // A place holder first: a shape may contain itself.
                definitions.insert(inner.name.into(), Value::Null);
                let schema = object(inner, definitions);
                definitions.insert(inner.name.into(), schema);
            }
            let reference = json!({ "$ref": format!("#/definitions/{}", inner.name) });
            if inner.may_be_empty() { json!({ "anyOf": [reference, { "type": "null" }] }) } else { reference }
        }
        Shape::Either(shapes) => {
            let all: Vec<Value> = shapes.iter().map(|one| self::shape(one, definitions)).collect();
            json!({ "anyOf": all })
        }
    }
}

fn array(list: &'static List, definitions: &mut Map<String, Value>) -> Value {
    let items = shape(&list.item, definitions);
    json!({
        "type": "array",
        "items": items,
        "minItems": list.min,
        "maxItems": list.max,
        "uniqueItems": list.unique,
    })
}

fn object(object: &'static Object, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    for field in object.keys() {
        let inner = shape(&field.shape, definitions);
        let mut doc = field.doc.to_string();
        match field.need {
            Need::Must => required.push(field.key),
            Need::Default("") => {}
            Need::Default(default) => doc.push_str(&format!(" Default: {default}.")),
        }
        // Draft-07 ignores what stands beside `$ref`, so the description wraps it.
        properties.insert(field.key.into(), json!({ "description": doc, "allOf": [inner] }));
    }
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), Value::Object(properties));
    schema.insert("additionalProperties".into(), false.into());
    if let Some(rest) = object.rest {
        let inner = shape(&rest.shape, definitions);
        schema.insert("patternProperties".into(), json!({ rest.pattern: inner }));
    }
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    let forms = object.choose.forms();
    let one_of: Vec<Value> = forms.iter().map(|form| json!({ "required": form })).collect();
    match object.choose {
        Choose::Free => {}
        Choose::OneKey => {
            schema.insert("minProperties".into(), 1.into());
            schema.insert("maxProperties".into(), 1.into());
        }
        Choose::OneForm(_) => {
            schema.insert("oneOf".into(), one_of.into());
            let pairs = forms.iter().filter(|form| form.len() > 1);
            let needs: Map<String, Value> =
                pairs.flat_map(|form| form.iter().map(move |key| (key.to_string(), json!(form)))).collect();
            if !needs.is_empty() {
                schema.insert("dependencies".into(), Value::Object(needs));
            }
        }
        Choose::AtMostOneForm(_) => {
            let all: Vec<&str> = forms.iter().flat_map(|form| form.iter().copied()).collect();
            schema.insert("not".into(), json!({ "required": all }));
        }
    }
    Value::Object(schema)
}

/// A pattern that every valid text of the quantity matches, and an example.
fn pattern(unit: Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::Span | Unit::Positive | Unit::Timeout => {
            (r"^\s*\+?\d+(\.\d+)?\s*(ns|us|µs|μs|ms|s|min|h)\s*$", "500 ms")
        }
        Unit::Offset => (r"^\s*[+-]?\d+(\.\d+)?\s*(ns|us|µs|μs|ms|s|min|h)\s*$", "-20 ms"),
        Unit::Jittered => (
            r"^\s*\+?\d+(\.\d+)?\s*(ns|us|µs|μs|ms|s|min|h)\s*((±|\+/-|\+-)\s*\+?\d+(\.\d+)?\s*(ns|us|µs|μs|ms|s|min|h)\s*)?$",
            "5 s ± 2 s",
        ),
        Unit::Rate | Unit::PositiveRate => (r"^\s*\+?\d+(\.\d+)?\s*/\s*(s|min|h)\s*$", "50/s"),
        Unit::Percent | Unit::PositivePercent => (r"^\s*\+?\d+(\.\d+)?\s*%\s*$", "0.1 %"),
        Unit::Bandwidth => (r"^\s*\+?\d+(\.\d+)?\s*(bit|kbit|Mbit|Gbit)/s\s*$", "20 Mbit/s"),
        Unit::Size => (r"^\s*\+?\d+(\.\d+)?\s*(B|kB|MB|GB|KiB|MiB|GiB)\s*$", "64 KiB"),
        Unit::Seeds => (r"^\s*\d+\s*\.\.\s*\d+\s*$", "0..1000"),
    }
}
