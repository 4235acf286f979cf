//! The page of a step of GitHub Actions, in Markdown: scenarios by verdicts, and every run that did not pass.

use super::failures;
use crate::cli::campaign::{Broken, Campaign, Finished};
use crate::cli::exit;
use bitcraps_reports::PropertyResult;
use std::fmt::Write;

/// A step's page may have 1 MiB; a longer one is refused whole.
pub(super) const MOST_BYTES: usize = (1 << 20) - 4096;

/// The page, in at most `room` bytes. What finds no room is counted.
pub(super) fn markdown(
    campaign: &Campaign<'_>,
    finished: &[Finished],
    broken: &[Broken],
    missing: &[PropertyResult],
    room: usize,
) -> String {
    let mut rows = Vec::with_capacity(campaign.loaded.len());
    for (index, loaded) in campaign.loaded.iter().enumerate() {
        let runs = finished.iter().filter(|run| run.index == index);
        let broken = broken.iter().filter(|run| run.index == index).count();
        let prefix = format!("{}: ", loaded.scenario.name);
        let missing = missing.iter().filter(|property| property.name.starts_with(&prefix)).count();
        rows.push(Row::count(&loaded.scenario.name, runs.map(|run| run.code), broken, missing));
    }
    let mut failures: Vec<Failure> =
        finished.iter().filter(|run| run.code != exit::PASS).map(Failure::of_run).collect();
    failures.extend(broken.iter().map(|run| Failure {
        title: format!("{} seed {}: {}", run.scenario, run.seed, Broken::WHAT),
        details: Vec::new(),
        repro: run.repro.clone(),
    }));
    failures.extend(missing.iter().map(|property| {
        Failure {
            title: property.name.clone(),
            details: vec![property.detail.clone()],
            repro: property
                .name
                .split_once(": ")
                .and_then(|(scenario, _)| campaign.repro_of_all(scenario))
                .unwrap_or_default(),
        }
    }));
    page(&rows, &failures, room)
}

/// What a scenario's runs came to.
struct Row {
    scenario: String,
    runs: usize,
    /// Passed, violated, inconclusive, nondeterministic, internal errors.
    verdicts: [usize; 5],
    missing: usize,
}

impl Row {
    fn count(scenario: &str, codes: impl Iterator<Item = u8>, broken: usize, missing: usize) -> Row {
        let mut verdicts = [0, 0, 0, 0, broken];
        for code in codes {
            let column = match code {
                exit::PASS => 0,
                exit::VIOLATED => 1,
                exit::INCONCLUSIVE => 2,
                _ => 3,
            };
            verdicts[column] += 1;
        }
        Row { scenario: scenario.to_owned(), runs: verdicts.iter().sum(), verdicts, missing }
    }

    fn is_good(&self) -> bool {
        self.verdicts[0] == self.runs && self.missing == 0
    }

    fn markdown(&self) -> String {
        let mark = if self.is_good() { "✅" } else { "❌" };
        let cell = |count: &usize| if *count == 0 { String::new() } else { count.to_string() };
        let cells: Vec<String> = self.verdicts.iter().map(cell).collect();
        format!("| {mark} | {} | {} | {} |\n", text(&self.scenario), self.runs, cells.join(" | "))
    }
}

/// A run that did not pass, or what no run reached.
struct Failure {
    title: String,
    details: Vec<String>,
    repro: String,
}

impl Failure {
    fn of_run(run: &Finished) -> Failure {
        let word = match run.code {
            exit::VIOLATED => "violated",
            exit::INCONCLUSIVE => "inconclusive",
            _ => "nondeterministic",
        };
        let scenario = &run.examined.outcome.record.manifest.scenario;
        let details = failures(run).into_iter().map(|(what, how)| format!("{what}: {how}"));
        Failure {
            title: format!("{scenario} seed {}: {word}", run.seed),
            details: details.collect(),
            repro: run.repro.clone(),
        }
    }

    fn markdown(&self) -> String {
        let mut out = format!("\n**{}**\n\n", text(&self.title));
        self.details.iter().for_each(|detail| _ = writeln!(out, "- {}", text(detail)));
        if !self.repro.is_empty() {
            // A fence longer than any run of backticks inside it.
            let _ = write!(out, "\n````sh\n{}\n````\n", self.repro.replace("````", "'```"));
        }
        out
    }
}

/// Text that Markdown and HTML leave as it is, in one line.
fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '@' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn page(rows: &[Row], failures: &[Failure], room: usize) -> String {
    let bad = rows.iter().filter(|row| !row.is_good()).count();
    let runs: usize = rows.iter().map(|row| row.runs).sum();
    let mut page =
        format!("## BitCraps: {runs} runs of {} scenarios, of which {bad} did not all pass\n\n", rows.len());
    page.push_str(
        "| | scenario | runs | passed | violated | inconclusive | nondeterministic | internal errors |\n",
    );
    page.push_str("|---|---|--:|--:|--:|--:|--:|--:|\n");
    let rows: Vec<String> = rows.iter().map(Row::markdown).collect();
    fill(&mut page, &rows, room, |left| format!("\n{left} scenarios are left out.\n"));
    if !failures.is_empty() {
        let failures: Vec<String> = failures.iter().map(Failure::markdown).collect();
        fill(&mut page, &failures, room, |left| format!("\n{left} failures are left out.\n"));
    }
    if page.len() > room { String::new() } else { page }
}

/// Adds pieces while there is room for them and for the word on those that are left out.
fn fill(page: &mut String, pieces: &[String], room: usize, left_out: impl Fn(usize) -> String) {
    let mut rest: usize = pieces.iter().map(String::len).sum();
    for (index, piece) in pieces.iter().enumerate() {
        let word = left_out(pieces.len() - index);
        let fits = page.len() + piece.len() + word.len() <= room || page.len() + rest <= room;
        if !fits {
            page.push_str(&word);
            return;
        }
        page.push_str(piece);
        rest -= piece.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(detail: &str) -> Failure {
        Failure {
            title: "split seed 4: violated".to_owned(),
            details: vec![detail.to_owned()],
            repro: "bitcraps-sim run split.yaml --seed 4".to_owned(),
        }
    }

    #[test]
    fn the_page_has_a_row_per_scenario_and_a_command_per_failure() {
        let codes = [exit::PASS, exit::VIOLATED, exit::NONDETERMINISTIC];
        let rows = [
            Row::count("calm", [exit::PASS; 2].into_iter(), 0, 0),
            Row::count("split", codes.into_iter(), 1, 0),
        ];
        let page = page(&rows, &[failure("agreement: <b> | two")], MOST_BYTES);
        assert_eq!(
            page,
            "## BitCraps: 6 runs of 2 scenarios, of which 1 did not all pass\n\n\
             | | scenario | runs | passed | violated | inconclusive | nondeterministic | internal errors |\n\
             |---|---|--:|--:|--:|--:|--:|--:|\n\
             | ✅ | calm | 2 | 2 |  |  |  |  |\n\
             | ❌ | split | 4 | 1 | 1 |  | 1 | 1 |\n\
             \n**split seed 4: violated**\n\n- agreement: &lt;b&gt; \\| two\n\n\
             ````sh\nbitcraps-sim run split.yaml --seed 4\n````\n"
        );
    }

    #[test]
    fn a_scenario_that_never_reached_something_is_not_good() {
        assert!(!Row::count("calm", [exit::PASS].into_iter(), 0, 1).is_good());
    }

    #[test]
    fn a_page_never_outgrows_its_room_and_says_what_is_left_out() {
        let rows = [Row::count("split", [exit::VIOLATED; 500].into_iter(), 0, 0)];
        let failures: Vec<Failure> = (0..500).map(|n| failure(&"x".repeat(n))).collect();
        let whole = page(&rows, &failures, usize::MAX).len();
        for room in [0, 100, 1_000, 5_000, whole - 1, whole] {
            let page = page(&rows, &failures, room);
            assert!(page.len() <= room, "{} bytes in {room}", page.len());
            assert_eq!(page.contains("left out"), (1_000..whole).contains(&room), "{room}");
        }
    }
}
