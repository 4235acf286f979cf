//! The scenario file under bytes that a stranger chose: a body for `fuzz/`.

use super::{Severity, parse_with, resolved};

/// A scenario file; then, each after a zero byte, `path=value` as in `--set`.
///
/// Held: it is taken, or refused with at least one error that stands in it and can be shown. What was taken, written with
/// all defaults, is taken for the same.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parts = text.split('\0');
    let file = parts.next().unwrap_or_default();
    let set: Vec<(String, String)> = parts
        .filter_map(|part| part.split_once('='))
        .map(|(path, value)| (path.to_owned(), value.to_owned()))
        .collect();
    match parse_with("f.yaml", file, &set) {
        Ok(parsed) => {
            let again = parse_with("r.yaml", &resolved(&parsed.scenario), &[]);
            assert_eq!(again.map(|again| again.scenario), Ok(parsed.scenario));
        }
        Err(all) => {
            assert!(all.iter().any(|one| one.severity == Severity::Error));
            assert!(all.iter().all(|one| !one.to_string().is_empty() && one.line > 0 && one.column > 0));
        }
    }
}

/// The scenarios of the repository, and changes of one.
pub fn scenario_seeds() -> Vec<Vec<u8>> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .expect("the repository has scenarios")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let mut seeds: Vec<Vec<u8>> =
        files.iter().map(|path| std::fs::read(path).expect("it can be read")).collect();
    seeds.push([&seeds[0][..], b"\0duration=5 s\0validators.count=7\0seeds=0..9"].concat());
    seeds
}
