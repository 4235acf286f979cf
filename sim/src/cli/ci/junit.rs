//! JUnit XML: a suite per scenario, a case per seed, with the file and line that a failure is about.

use super::{Place, failures};
use crate::cli::campaign::{Broken, Campaign, Finished};
use crate::cli::exit;
use crate::cli::output::word;
use bitcraps_reports::PropertyResult;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// All runs of a campaign.
pub(in crate::cli) fn junit(
    campaign: &Campaign<'_>,
    finished: &[Finished],
    broken: &[Broken],
    missing: &[PropertyResult],
) -> String {
    let mut report = Report::new("bitcraps-sim");
    for (index, loaded) in campaign.loaded.iter().enumerate() {
        let (place, file) = (Place::of(loaded), loaded.file.display().to_string());
        let mut suite = TestSuite::new(loaded.scenario.name.clone());
        for run in finished.iter().filter(|run| run.index == index) {
            let about = failures(run).first().map_or("", |(what, _)| what).to_owned();
            suite.add_test_case(at(case(run), &file, place.property(&about).line));
        }
        for broken in broken.iter().filter(|broken| broken.index == index) {
            suite.add_test_case(at(broken_case(broken), &file, place.property("").line));
        }
        let mine = format!("{}: ", loaded.scenario.name);
        for property in missing.iter().filter(|property| property.name.starts_with(&mine)) {
            let name = &property.name[mine.len()..];
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(property.detail.clone());
            suite.add_test_case(at(TestCase::new(name, status), &file, place.property(name).line));
        }
        report.add_test_suite(suite);
    }
    report.to_string().unwrap_or_else(|error| format!("<!-- {error} -->\n"))
}

/// The attributes that pytest began and most readers of JUnit know.
fn at(mut case: TestCase, file: &str, line: u32) -> TestCase {
    case.extra.insert("file".into(), file.into());
    case.extra.insert("line".into(), line.to_string().into());
    case
}

fn broken_case(broken: &Broken) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(Broken::WHAT);
    let mut case = TestCase::new(format!("seed-{}", broken.seed), status);
    case.set_system_out(format!("REPRO {}", broken.repro));
    case
}

fn case(run: &Finished) -> TestCase {
    let record = &run.examined.outcome.record;
    let status = if run.code == exit::PASS {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let failed = record.properties.iter().filter(|property| property.holds != Some(true));
        let why: Vec<String> =
            failed.map(|property| format!("{}: {}", property.name, property.detail)).collect();
        let what = if run.examined.divergence.is_some() { "nondeterministic" } else { word(run.verdict) };
        status.set_message(format!("{what}: {}", why.join("; ")));
        status
    };
    let mut case = TestCase::new(format!("seed-{}", run.seed), status);
    case.set_time(Duration::from_millis(record.manifest.wall_ms));
    case.set_system_out(format!("REPRO {}\ntrace {}", run.repro, record.manifest.trace_hash));
    case
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_in_which_the_testbed_broke_is_an_error_with_its_place_and_not_left_out() {
        let repro = "bitcraps-sim run a.yaml --seed 7".to_owned();
        let broken = Broken { index: 0, seed: 7, scenario: "a".to_owned(), repro: repro.clone() };
        let mut suite = TestSuite::new("a");
        suite.add_test_case(at(broken_case(&broken), "scenarios/a.yaml", 3));
        let mut report = Report::new("all");
        report.add_test_suite(suite);
        let xml = report.to_string().unwrap();
        assert!(xml.contains("seed-7") && xml.contains("<error message=\"internal error"), "{xml}");
        assert!(xml.contains(&format!("REPRO {repro}")), "{xml}");
        assert!(xml.contains("file=\"scenarios/a.yaml\" line=\"3\""), "{xml}");
    }
}
