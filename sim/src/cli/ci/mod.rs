//! What the services that run tests for others read: remarks beside the lines of files, a summary, JUnit and SARIF.
//!
//! A [`Remark`] is the same for all of them; each module here writes one service's form of it.

pub(super) mod github;
pub(super) mod junit;
pub(super) mod sarif;
mod summary;

use super::campaign::{Broken, Campaign, Finished};
use super::exit;
use super::run::Loaded;
use crate::scenario::{Places, Region};
use bitcraps_reports::PropertyResult;
use std::collections::BTreeMap;
use std::path::Path;

/// Something to know about a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) file: String,
    pub(super) region: Region,
    /// In a few words.
    pub(super) title: String,
    /// The rest; may have several lines.
    pub(super) message: String,
}

/// Finds places in one scenario file, which is read again for it: most campaigns have nothing to remark.
pub(super) struct Place<'a> {
    loaded: &'a Loaded,
    places: Option<Places>,
}

impl<'a> Place<'a> {
    pub(super) fn of(loaded: &'a Loaded) -> Place<'a> {
        let text = std::fs::read_to_string(&loaded.file).ok();
        Place { loaded, places: text.and_then(|text| Places::read(&text)) }
    }

    pub(super) fn property(&self, name: &str) -> Region {
        let places = self.places.as_ref();
        places.map_or(Region::START, |places| places.of_property(name, &self.loaded.scenario))
    }
}

/// What is to be said of a campaign, in the order of its files and their lines. The same failure in many seeds is one
/// remark: services show a few dozen at most.
pub(super) fn remarks(
    campaign: &Campaign<'_>,
    finished: &[Finished],
    broken: &[Broken],
    missing: &[PropertyResult],
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (index, loaded) in campaign.loaded.iter().enumerate() {
        let failed: Vec<&Finished> =
            finished.iter().filter(|run| run.index == index && run.code != exit::PASS).collect();
        let broken: Vec<&Broken> = broken.iter().filter(|run| run.index == index).collect();
        let prefix = format!("{}: ", loaded.scenario.name);
        let missing: Vec<&PropertyResult> =
            missing.iter().filter(|property| property.name.starts_with(&prefix)).collect();
        if failed.is_empty() && broken.is_empty() && missing.is_empty() {
            continue;
        }
        let (place, mut found) = (Place::of(loaded), Gathered::default());
        for run in failed {
            let failures = failures(run);
            failures.iter().for_each(|(what, how)| found.add(place.property(what), what, how, &run.repro));
        }
        for run in broken {
            found.add(place.property(""), Broken::WHAT, "", &run.repro);
        }
        for property in missing {
            let name = &property.name[prefix.len()..];
            let repro = campaign.repro_of_all(&loaded.scenario.name).unwrap_or_default();
            found.add(place.property(name), name, &property.detail, &repro);
        }
        remarks.extend(found.into_remarks(&loaded.scenario.name, &loaded.file.display().to_string()));
    }
    remarks
}

/// What kept a run from passing: each property with what was seen.
fn failures(run: &Finished) -> Vec<(&str, &str)> {
    if run.examined.divergence.is_some() {
        return vec![("determinism", "the same seed gave two traces")];
    }
    let properties = run.examined.outcome.record.properties.iter();
    let failed = properties.filter(|property| property.holds != Some(true));
    failed.map(|property| (&*property.name, &*property.detail)).collect()
}

/// Failures of one scenario, each once, in the order of their places.
#[derive(Default)]
struct Gathered(BTreeMap<(u32, u32, String), Gather>);

struct Gather {
    region: Region,
    /// Of the first.
    detail: String,
    repro: String,
    times: usize,
}

impl Gathered {
    fn add(&mut self, region: Region, what: &str, detail: &str, repro: &str) {
        let first = || Gather { region, detail: detail.to_owned(), repro: repro.to_owned(), times: 0 };
        let key = (region.line, region.column, what.to_owned());
        self.0.entry(key).or_insert_with(first).times += 1;
    }

    fn into_remarks(self, scenario: &str, file: &str) -> Vec<Remark> {
        let all = self.0.into_iter().map(|((_, _, what), Gather { region, detail, repro, times })| {
            let detail = if detail.is_empty() { what.clone() } else { detail };
            let more = match times - 1 {
                0 => String::new(),
                1 => "\nand in 1 run more".to_owned(),
                more => format!("\nand in {more} runs more"),
            };
            Remark {
                file: file.to_owned(),
                region,
                title: format!("{scenario}: {what}"),
                message: format!("{detail}\nREPRO {repro}{more}"),
            }
        });
        all.collect()
    }
}

/// A file's name as a service knows it: from the root of the checkout, if it lies in it.
fn from_root(file: &str, root: Option<&Path>) -> String {
    let inside = || {
        let file = Path::new(file).canonicalize().ok()?;
        let root = root?.canonicalize().ok()?;
        Some(file.strip_prefix(root).ok()?.display().to_string())
    };
    inside().unwrap_or_else(|| file.strip_prefix("./").unwrap_or(file).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_failure_in_many_seeds_is_one_remark_with_the_first_line_that_repeats_it() {
        let mut found = Gathered::default();
        let at = |line| Region { line, column: 3, end_column: 9 };
        found.add(at(9), "recovery", "6 s", "sim run a.yaml --seed 1");
        found.add(at(7), "agreement", "two blocks at 4", "sim run a.yaml --seed 1");
        found.add(at(7), "agreement", "two blocks at 9", "sim run a.yaml --seed 5");
        let remarks = found.into_remarks("a", "a.yaml");
        assert_eq!(remarks.len(), 2);
        assert_eq!((remarks[0].title.as_str(), remarks[0].region), ("a: agreement", at(7)));
        assert_eq!(remarks[0].message, "two blocks at 4\nREPRO sim run a.yaml --seed 1\nand in 1 run more");
        assert_eq!(remarks[1].message, "6 s\nREPRO sim run a.yaml --seed 1");
    }

    #[test]
    fn a_file_is_named_from_the_root_of_the_checkout() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a.yaml");
        std::fs::write(&file, "").unwrap();
        assert_eq!(from_root(&file.display().to_string(), Some(root.path())), "a.yaml");
        assert_eq!(from_root("./scenarios/none.yaml", Some(root.path())), "scenarios/none.yaml");
    }
}
