//! The description, the decoder, the serializer and the schema say the same language.

use super::sample::{Dice, leaves, sample};
use crate::scenario::{
    Scenario, check, concise, decode, findings, json_schema, language, parse, resolved, yaml,
};
use serde_json::{Map, Value};

/// Decodes a document that must be well formed; what it means may still be nonsense.
fn decoded(text: &str) -> Result<Scenario, String> {
    let mut sources = yaml::Sources::default();
    let source = sources.add("sample", text);
    let root = sources.read(source, 0).map_err(|diagnostic| diagnostic.to_string())?;
    let mut findings = findings::Findings::new(&sources);
    check::check(&mut findings, &root, &language::FILE, "");
    let all = findings.finish();
    if all.is_empty() { Ok(decode::scenario(&root)) } else { Err(super::render(&all)) }
}

fn documents(count: u64) -> impl Iterator<Item = (Value, Dice)> {
    (0..count).map(|seed| {
        let mut dice = Dice(seed);
        (sample(&language::FILE, &mut dice), dice)
    })
}

#[test]
fn a_resolved_scenario_reads_back_as_itself() {
    for (document, _) in documents(150) {
        let scenario = decoded(&document.to_string()).unwrap_or_else(|error| panic!("{error}\n{document:#}"));
        let text = resolved(&scenario);
        let again = decoded(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(again, scenario, "{text}");
        let json = serde_json::to_string(&scenario).unwrap();
        assert_eq!(decoded(&json).as_ref(), Ok(&scenario), "{json}");
    }
}

/// What a run leaves in its folder, and `replay` reads.
#[test]
fn each_scenario_of_the_repository_resolved_is_a_scenario() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let scenario = parse("f.yaml", &std::fs::read_to_string(&path).unwrap()).unwrap().scenario;
        let again = parse("r.yaml", &resolved(&scenario)).map(|parsed| parsed.scenario);
        assert_eq!(again.as_ref(), Ok(&scenario), "{}", path.display());
        let short = concise(&scenario);
        assert_eq!(parse("c.yaml", &short).map(|parsed| parsed.scenario).as_ref(), Ok(&scenario), "{short}");
        assert!(short.len() < resolved(&scenario).len(), "{short}");
    }
}

#[test]
fn a_scenario_without_what_goes_without_saying_reads_back_as_itself() {
    let mut read = 0;
    for (document, _) in documents(400) {
        let Ok(parsed) = parse("sample", &document.to_string()) else { continue };
        let short = concise(&parsed.scenario);
        let again = parse("c.yaml", &short).map(|parsed| parsed.scenario);
        assert_eq!(again.as_ref(), Ok(&parsed.scenario), "{short}");
        read += 1;
    }
    println!("{read} scenarios");
}

/// A key that the decoder forgot would be accepted and mean nothing.
#[test]
fn every_value_of_a_document_changes_the_scenario() {
    let mut seen = std::collections::BTreeSet::new();
    for (document, mut dice) in documents(25) {
        let scenario = decoded(&document.to_string()).unwrap();
        let mut all = Vec::new();
        leaves(&language::FILE, &document, "", &mut all);
        for (pointer, shape) in all.into_iter().filter(|(pointer, _)| !pointer.starts_with("/x-")) {
            let mut other = document.clone();
            let old = document.pointer(&pointer).unwrap();
            // Some other values are refused (a word twice in a list), some mean the same (1 s, 1000 ms).
            let mut accepted = false;
            let changed = (0..40).any(|_| {
                let new = sample(shape, &mut dice);
                if new == *old {
                    return false;
                }
                *other.pointer_mut(&pointer).unwrap() = new;
                let other = decoded(&other.to_string());
                accepted |= other.is_ok();
                other.is_ok_and(|other| other != scenario)
            });
            assert!(changed || !accepted, "{pointer} = {old} is ignored in\n{document:#}");
            seen.insert(pointer.rsplit('/').next().unwrap().to_string());
        }
    }
    assert!(seen.len() > 60, "the samples say too little: {seen:?}");
}

#[test]
fn the_schema_and_the_decoder_accept_the_same_documents() {
    let schema = json_schema();
    let example = include_str!("example.yaml");
    let example: Value = serde_saphyr::from_str(example).unwrap();
    assert_eq!(judge(&schema, &schema, &example), Ok(()));
    for (document, mut dice) in documents(100) {
        assert_eq!(judge(&schema, &schema, &document), Ok(()), "{document:#}");
        // A key that nobody knows, in any mapping.
        let mut maps = Vec::new();
        mappings(&document, "", &mut maps);
        let free = |pointer: &String| pointer.starts_with("/x-") || pointer.starts_with("/sweep");
        maps.retain(|pointer| !free(pointer));
        let place = &maps[dice.below(maps.len() as u64) as usize];
        let mut wrong = document.clone();
        object(&mut wrong, place).insert("?".into(), Value::Null);
        assert!(decoded(&wrong.to_string()).is_err(), "{wrong:#}");
        assert!(judge(&schema, &schema, &wrong).is_err(), "{place}: {wrong:#}");
        // One key less: both accept, or both refuse.
        let mut less = document.clone();
        let map = object(&mut less, place);
        let keys: Vec<String> = map.keys().cloned().collect();
        if let Some(key) = keys.get(dice.below(keys.len() as u64) as usize) {
            map.remove(key);
            let (decoder, schema) = (decoded(&less.to_string()), judge(&schema, &schema, &less));
            assert_eq!(decoder.is_ok(), schema.is_ok(), "without {place}/{key}: {decoder:?} {schema:?}");
        }
    }
}

fn mappings(value: &Value, pointer: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            out.push(pointer.into());
            for (key, value) in map {
                mappings(value, &format!("{pointer}/{key}"), out);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                mappings(value, &format!("{pointer}/{index}"), out);
            }
        }
        _ => {}
    }
}

fn object<'a>(value: &'a mut Value, pointer: &str) -> &'a mut Map<String, Value> {
    value.pointer_mut(pointer).and_then(Value::as_object_mut).expect("a mapping")
}

/// As much of draft-07 as the schema uses; patterns only by the form of a key.
fn judge(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Some(rules) = schema.as_object() else { return Err(format!("not a schema: {schema}")) };
    let wrong = |rule: &str| Err(format!("{rule} of {schema} refuses {value}"));
    let list = |rule: &str| rules.get(rule).and_then(Value::as_array).cloned().unwrap_or_default();
    for (rule, argument) in rules {
        let number = argument.as_f64().unwrap_or(0.0);
        let fine = match rule.as_str() {
            "$ref" => {
                let target = argument.as_str().unwrap().trim_start_matches('#');
                judge(root, root.pointer(target).unwrap(), value).is_ok()
            }
            "type" => match argument.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_u64() || value.is_i64(),
                "number" => value.is_number(),
                "null" => value.is_null(),
                other => return Err(format!("unknown type {other}")),
            },
            "enum" => list(rule).contains(value),
            "allOf" => list(rule).iter().all(|one| judge(root, one, value).is_ok()),
            "anyOf" => list(rule).iter().any(|one| judge(root, one, value).is_ok()),
            "oneOf" => list(rule).iter().filter(|one| judge(root, one, value).is_ok()).count() == 1,
            "not" => judge(root, argument, value).is_err(),
            "minimum" => value.as_f64().is_none_or(|value| value >= number),
            "maximum" => value.as_f64().is_none_or(|value| value <= number),
            "minItems" => value.as_array().is_none_or(|items| items.len() as f64 >= number),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as f64 <= number),
            "minProperties" => value.as_object().is_none_or(|map| map.len() as f64 >= number),
            "maxProperties" => value.as_object().is_none_or(|map| map.len() as f64 <= number),
            "items" => value
                .as_array()
                .is_none_or(|items| items.iter().all(|item| judge(root, argument, item).is_ok())),
            "uniqueItems" => value.as_array().is_none_or(|items| {
                argument == false || items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))
            }),
            "required" => value
                .as_object()
                .is_none_or(|map| list(rule).iter().all(|key| map.contains_key(key.as_str().unwrap()))),
            "dependencies" => value.as_object().is_none_or(|map| {
                argument.as_object().unwrap().iter().all(|(key, needs)| {
                    !map.contains_key(key)
                        || needs
                            .as_array()
                            .unwrap()
                            .iter()
                            .all(|need| map.contains_key(need.as_str().unwrap()))
                })
            }),
            "properties" => value.as_object().is_none_or(|map| {
                map.iter()
                    .all(|(key, value)| argument.get(key).is_none_or(|one| judge(root, one, value).is_ok()))
            }),
            "additionalProperties" => value.as_object().is_none_or(|map| {
                map.keys().all(|key| {
                    let pattern = rules.get("patternProperties").and_then(Value::as_object);
                    let by_pattern = pattern.is_some_and(|patterns| {
                        patterns.keys().all(|one| one != "^x-" || key.starts_with("x-"))
                            && key.starts_with(|c: char| c.is_ascii_alphabetic())
                    });
                    by_pattern || rules.get("properties").is_some_and(|known| known.get(key).is_some())
                })
            }),
            "patternProperties" => value.as_object().is_none_or(|map| {
                let named = |key: &str| rules.get("properties").is_some_and(|known| known.get(key).is_some());
                let inner = argument.as_object().and_then(|patterns| patterns.values().next()).unwrap();
                map.iter().filter(|(key, _)| !named(key)).all(|(_, value)| judge(root, inner, value).is_ok())
            }),
            "pattern" | "examples" | "description" | "definitions" | "title" | "$schema" => true,
            other => return Err(format!("unknown rule {other}")),
        };
        if !fine {
            return wrong(rule);
        }
    }
    Ok(())
}
