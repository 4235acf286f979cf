//! `bundle` and `verify-bundle`: a study as one file that anybody can check.
//!
//! A bundle is a tar file, the same bytes each time:
//!
//! ```text
//! README.md                how to check it
//! bundle.json              what made it: version, sources, command; BLAKE3 of each other file (but this)
//! CITATION.cff             how to cite it (https://citation-file-format.github.io, 1.2.0)
//! ro-crate-metadata.json   the same for machines (https://w3id.org/ro/crate/1.1)
//! rows/all.jsonl           the scenario files, and each run with its seed and trace hash
//! claims.yaml              what is claimed (`claims`); claims.csv: what was measured
//! index.csv, index.parquet, index.html, plots/
//! ```
//!
//! `verify` (the module) makes all of it again from the scenario files.

mod claims;
mod verify;

pub(super) use verify::{read, verify};

use super::exit;
use super::say::say;
use super::sweep::gather::gather;
use super::sweep::journal::{self, Entry, SOURCES, Sweep};
use super::sweep::outputs;
use super::sweep::plan::Plan;
use bitcraps_reports::{Row, index};
use claims::Claims;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The version of the bundle's form.
const FORMAT: u32 = 1;
/// The folder in which everything lies.
const ROOT: &str = "study";

/// `bundle.json`.
#[derive(Serialize, Deserialize)]
struct Bundle {
    format: u32,
    version: String,
    sources: String,
    /// The command that ran the sweep, as far as its rows tell.
    command: String,
    runs: usize,
    /// BLAKE3 of each other file, by name.
    files: BTreeMap<String, String>,
}

type Failed = (u8, String);

/// Makes a bundle of a sweep's folder. Exit code 1: a claim does not hold, and nothing is written.
pub(super) fn bundle(folder: &Path, claims: Option<&Path>, out: &Path) -> u8 {
    made(folder, claims, out).unwrap_or_else(|(code, error)| {
        eprintln!("error: {error}");
        code
    })
}

fn made(folder: &Path, claims: Option<&Path>, out: &Path) -> Result<u8, Failed> {
    let io = |error: String| (exit::IO, error);
    let parts = [(folder.to_owned(), journal::read(folder).map_err(io)?)];
    let (plan, runs) = gather(&parts)?;
    let lacking = plan.runs.len() - runs.len();
    if lacking > 0 {
        let error = format!("{}: {lacking} of {} runs are not here yet", folder.display(), plan.runs.len());
        return Err((exit::USAGE, error));
    }
    if plan.sweep.sources != SOURCES {
        let error = "made by a program of other sources: bundle it with that one";
        return Err((exit::USAGE, format!("{}: {error}", folder.display())));
    }
    let claims = match claims {
        None => None,
        Some(path) => {
            let text =
                fs::read_to_string(path).map_err(|error| io(format!("{}: {error}", path.display())))?;
            Some((path.display().to_string(), text))
        }
    };
    let claims = claims.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    let work = tempfile::tempdir().map_err(|error| io(error.to_string()))?;
    let entries: Vec<Entry> = runs.into_values().map(|(entry, _)| entry).collect();
    if !assemble(work.path(), &plan, entries, claims)? {
        return Ok(exit::VIOLATED);
    }
    pack(work.path(), out).map_err(|error| io(format!("{}: {error}", out.display())))?;
    let files = names(work.path(), Path::new("")).map_err(|error| io(error.to_string()))?.len();
    say(format_args!("{}: {} runs, {files} files", out.display(), plan.runs.len()));
    Ok(exit::PASS)
}

/// Writes all that a bundle has, of all runs of a plan and the claims (their file's name and text); whether they hold.
/// The same runs and claims give the same bytes.
fn assemble(
    place: &Path,
    plan: &Plan,
    mut entries: Vec<Entry>,
    claims: Option<(&str, &str)>,
) -> Result<bool, Failed> {
    let io = |error: String| (exit::IO, error);
    let bad = |error: String| (exit::BAD_SCENARIO, error);
    entries.iter_mut().for_each(|entry| {
        // A run's folder is not in the bundle; how long it took, and whether it was run twice, is no outcome.
        entry.row.report.clear();
        (entry.wall_ms, entry.twice) = (0, false);
    });
    let mut rows: Vec<Row> = entries.iter().map(|entry| entry.row.clone()).collect();
    index::sort(&mut rows);
    fs::create_dir_all(place).map_err(|error| io(error.to_string()))?;
    journal::write(place, &plan.sweep, &entries).map_err(|error| io(error.to_string()))?;
    outputs::documents(place, &rows, &outputs::never_reached_by(plan, &rows)).map_err(io)?;
    let save = |name: &str, text: &str| {
        fs::write(place.join(name), text).map_err(|error| io(format!("{name}: {error}")))
    };
    let mut hold = true;
    if let Some((name, text)) = claims {
        let claims = claims::read(name, text).map_err(bad)?;
        let figures = names(place, Path::new("")).map_err(|error| io(error.to_string()))?;
        let none = claims.claims.iter().map(|claim| &claim.figure).find(|figure| !figures.contains(figure));
        if let Some(figure) = none {
            return Err(bad(format!(
                "{name}: the bundle has no file `{figure}`; it has {}",
                figures.join(", ")
            )));
        }
        let (table, all) = judge(&claims, &rows).map_err(bad)?;
        hold = all;
        save("claims.yaml", text)?;
        save("claims.csv", &table)?;
    }
    save("CITATION.cff", include_str!("../../../../CITATION.cff"))?;
    save("README.md", &readme(&plan.sweep, rows.len()))?;
    save("ro-crate-metadata.json", &crate_metadata(&plan.sweep, place).map_err(io)?)?;
    let files = digests(place).map_err(io)?;
    let Sweep { version, sources, .. } = plan.sweep.clone();
    let bundle =
        Bundle { format: FORMAT, version, sources, command: command(&plan.sweep), runs: rows.len(), files };
    save("bundle.json", &(serde_json::to_string_pretty(&bundle).expect("plain data has JSON") + "\n"))?;
    Ok(hold)
}

/// Works out every claim, tells it, and gives the table and whether all hold.
fn judge(claims: &Claims, rows: &[Row]) -> Result<(String, bool), String> {
    let mut table = String::from("holds,measured,wanted,runs,figure,claim\n");
    let mut all = true;
    for claim in &claims.claims {
        let checked = claim.check(rows).map_err(|error| format!("the claim `{}`: {error}", claim.claim))?;
        let mark = if checked.holds { "✓" } else { "✗" };
        let claims::Checked { measured, wanted, runs, holds } = &checked;
        let shown = claim.shown(*measured);
        say(format_args!(
            "  {mark} {}: {shown} of {runs} runs, wanted {wanted} ({})",
            claim.claim, claim.figure
        ));
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let _ = writeln!(
            table,
            "{holds},{measured},{},{runs},{},{}",
            quoted(wanted),
            quoted(&claim.figure),
            quoted(&claim.claim)
        );
        all &= holds;
    }
    Ok((table, all))
}

/// The command line that runs the sweep.
fn command(sweep: &Sweep) -> String {
    let files = sweep.files.keys().map(|file| format!(" {}", super::campaign::quoted(file)));
    let set = sweep
        .set
        .iter()
        .map(|(key, value)| format!(" --set {}", super::campaign::quoted(&format!("{key}={value}"))));
    let world = if sweep.world == "lab" { String::new() } else { format!(" --on {}", sweep.world) };
    let seeds = match (sweep.seed, sweep.seeds) {
        (Some(seed), _) => format!(" --seed {seed}"),
        (None, Some((from, to))) => format!(" --seeds {from}..{to}"),
        (None, None) => String::new(),
    };
    format!("bitcraps-sim sweep{}{seeds}{world}{}", files.collect::<String>(), set.collect::<String>())
}

fn readme(sweep: &Sweep, runs: usize) -> String {
    let Sweep { version, sources, .. } = sweep;
    format!(
        "# A study made with BitCraps\n\n\
         {runs} runs, made by `{}` with bitcraps-sim {version}, built of the sources {sources}.\n\n\
         To check it: `bitcraps-sim verify-bundle FILE.tar` runs every run again, compares the traces bit for bit, makes the\n\
         index, the page and the figures again, and works out each claim. `--sample 100` runs a hundred of them.\n\n\
         Open `index.html` to look at it. `claims.yaml` says what is claimed, `claims.csv` what was measured; each names the\n\
         figure that shows it. `index.csv` and `index.parquet` have a row for each run, with the command that runs it alone.\n\
         The scenario files are in the first line of `rows/all.jsonl`.\n",
        command(sweep)
    )
}

/// RO-Crate 1.1: the root data set with its files.
fn crate_metadata(sweep: &Sweep, place: &Path) -> Result<String, String> {
    let names: Vec<String> = digests(place)?.into_keys().collect();
    let files = names.iter().map(|name| serde_json::json!({ "@id": name, "@type": "File" }));
    let parts: Vec<_> = names.iter().map(|name| serde_json::json!({ "@id": name })).collect();
    let mut graph = vec![
        serde_json::json!({
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": { "@id": "./" },
            "conformsTo": { "@id": "https://w3id.org/ro/crate/1.1" },
        }),
        serde_json::json!({
            "@id": "./",
            "@type": "Dataset",
            "name": format!("Runs of {}", sweep.files.keys().cloned().collect::<Vec<_>>().join(", ")),
            "description": format!("Made by {}", command(sweep)),
            "license": "https://spdx.org/licenses/Apache-2.0",
            "hasPart": parts,
        }),
    ];
    graph.extend(files);
    let whole = serde_json::json!({ "@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph });
    Ok(serde_json::to_string_pretty(&whole).expect("plain data has JSON") + "\n")
}

/// BLAKE3 of each file below a folder, by its name with `/`.
fn digests(place: &Path) -> Result<BTreeMap<String, String>, String> {
    let digest = |name: String| {
        let bytes = fs::read(place.join(&name)).map_err(|error| format!("{name}: {error}"))?;
        Ok((name, blake3::hash(&bytes).to_hex().to_string()))
    };
    names(place, Path::new("")).map_err(|error| error.to_string())?.into_iter().map(digest).collect()
}

/// The files below a folder, sorted.
fn names(place: &Path, below: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(place.join(below))? {
        let entry = entry?;
        let name: PathBuf = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            names.extend(self::names(place, &name)?);
        } else {
            names.push(name.display().to_string());
        }
    }
    names.sort();
    Ok(names)
}

/// The folder as a tar file: by name, with no times and no owners.
fn pack(place: &Path, out: &Path) -> std::io::Result<()> {
    let mut tar = tar::Builder::new(std::io::BufWriter::new(fs::File::create(out)?));
    for name in names(place, Path::new(""))? {
        let bytes = fs::read(place.join(&name))?;
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, Path::new(ROOT).join(&name), bytes.as_slice())?;
    }
    tar.into_inner()?.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
}
