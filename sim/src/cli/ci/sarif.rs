//! SARIF 2.1.0 (OASIS), which code scanning of several services reads: mistakes of files as results of a tool's run.

use super::from_root;
use crate::scenario::{Diagnostic, Severity};
use serde_json::{Value, json};
use std::path::Path;

/// What a rule is called, in words, and how bad what it finds is.
const RULES: [(&str, &str, &str); 3] = [
    ("scenario-error", "The scenario can't run", "error"),
    ("scenario-warning", "The scenario runs, but perhaps not as meant", "warning"),
    ("scenario-encoding", "The file is not UTF-8", "error"),
];

/// A mistake of a file.
pub(in crate::cli) enum Mistake<'a> {
    /// Of its text.
    In(&'a Diagnostic),
    /// It has no text: what is wrong, and the file.
    Bytes(&'a str, &'a Path),
}

/// A log of one run of this tool. `root`: files below it are named from there.
pub(in crate::cli) fn log<'a>(mistakes: impl Iterator<Item = Mistake<'a>>, root: Option<&Path>) -> Value {
    let results: Vec<Value> = mistakes.map(|mistake| result(&mistake, root)).collect();
    let rules = RULES.map(|(id, text, level)| {
        json!({
            "id": id,
            "shortDescription": { "text": text },
            "defaultConfiguration": { "level": level },
        })
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bitcraps-sim check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(mistake: &Mistake<'_>, root: Option<&Path>) -> Value {
    let (rule, message, place) = match mistake {
        Mistake::In(diagnostic) => {
            let rule = match diagnostic.severity {
                Severity::Error => 0,
                Severity::Warning => 1,
            };
            let help = diagnostic.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
            (rule, format!("{}{help}", diagnostic.message), in_text(diagnostic, root))
        }
        Mistake::Bytes(message, file) => {
            let artifact = json!({ "uri": uri(&file.display().to_string(), root) });
            (2, (*message).to_owned(), json!({ "artifactLocation": artifact }))
        }
    };
    let (id, _, level) = RULES[rule];
    json!({
        "ruleId": id,
        "ruleIndex": rule,
        "level": level,
        "message": { "text": message },
        "locations": [{ "physicalLocation": place }],
    })
}

fn in_text(diagnostic: &Diagnostic, root: Option<&Path>) -> Value {
    json!({
        "artifactLocation": { "uri": uri(&diagnostic.file, root) },
        "region": {
            "startLine": diagnostic.line,
            "startColumn": diagnostic.column,
            "endLine": diagnostic.line,
            "endColumn": diagnostic.column.saturating_add(diagnostic.length),
            "snippet": { "text": diagnostic.text },
        },
    })
}

/// A path as a reference (RFC 3986, section 4.2).
fn uri(file: &str, root: Option<&Path>) -> String {
    let mut uri = String::new();
    for byte in from_root(file, root).bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => uri.push(byte.into()),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: &str = "version: 1\nname: bad\nclaim: 'ä: ö'\nduration: 5 parsecs\nvalidators: { count: 4 }\n";

    fn sarif() -> Value {
        let diagnostics = crate::scenario::parse("scenarios/bad one.yaml", BAD).unwrap_err();
        let bytes = [Mistake::Bytes("byte 3 is not UTF-8", Path::new("scenarios/b.yaml"))];
        log(diagnostics.iter().map(Mistake::In).chain(bytes), None)
    }

    /// The required members: SARIF 2.1.0, sections 3.13.2, 3.13.4, 3.14.6, 3.18.2, 3.19.8, 3.49.3, 3.27.11, 3.11.8.
    #[test]
    fn a_log_has_all_members_that_the_standard_requires() {
        let log = sarif();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"].as_array().unwrap()[0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert!(run["tool"]["driver"]["name"].is_string());
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        for result in results {
            assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
            let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"], "the index is that of the rule");
            assert!(["error", "warning", "note", "none"].contains(&result["level"].as_str().unwrap()));
        }
    }

    #[test]
    fn a_result_points_at_the_characters_that_are_wrong() {
        let log = sarif();
        let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "scenarios/bad%20one.yaml");
        let region = &place["region"];
        let numbers = ["startLine", "startColumn", "endLine", "endColumn"].map(|key| region[key].as_u64());
        assert_eq!(numbers, [Some(4), Some(11), Some(4), Some(20)]);
        assert_eq!(region["snippet"]["text"], "duration: 5 parsecs");
        assert_eq!(log["runs"][0]["columnKind"], "unicodeCodePoints");
        let bytes = &log["runs"][0]["results"][1];
        assert_eq!(bytes["ruleId"], "scenario-encoding");
        assert!(bytes["locations"][0]["physicalLocation"]["region"].is_null());
    }
}
