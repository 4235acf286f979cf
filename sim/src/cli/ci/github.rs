//! GitHub Actions: workflow commands on standard output, and the page of the step.
//!
//! The commands: docs.github.com, "Workflow commands for GitHub Actions"; how they are escaped: actions/toolkit,
//! packages/core/src/command.ts (`escapeData`, `escapeProperty`).

use super::super::say::{say, say_all};
use super::{Remark, from_root, summary};
use crate::cli::campaign::{Broken, Campaign, Finished};
use bitcraps_reports::PropertyResult;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Which command shows a remark.
#[derive(Clone, Copy)]
pub(in crate::cli) enum Level {
    Error,
    Warning,
}

/// Prints remarks, as commands that show them beside the files' lines.
pub(in crate::cli) fn annotate(remarks: &[Remark], level: Level) {
    let root = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    remarks.iter().for_each(|remark| say(annotation(remark, level, root.as_deref())));
}

/// Prints a text that is folded away under its title.
pub(in crate::cli) fn group(title: &str, text: &str) {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    say_all(format_args!("::group::{}\n{text}{end}::endgroup::\n", data(title)));
}

/// Adds to the page of the step, if there is one.
pub(in crate::cli) fn summarise(
    campaign: &Campaign<'_>,
    finished: &[Finished],
    broken: &[Broken],
    missing: &[PropertyResult],
) {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) else { return };
    let written = std::fs::metadata(&path).map_or(0, |file| file.len());
    let room = summary::MOST_BYTES.saturating_sub(usize::try_from(written).unwrap_or(usize::MAX));
    let text = summary::markdown(campaign, finished, broken, missing, room);
    if let Err(error) = append(&path, &text) {
        eprintln!("error: {}: {error}", path.display());
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

fn annotation(remark: &Remark, level: Level, root: Option<&Path>) -> String {
    let word = match level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let Remark { file, region, title, message } = remark;
    format!(
        "::{word} file={},line={},col={},endColumn={},title={}::{}",
        property(&from_root(file, root)),
        region.line,
        region.column,
        region.end_column,
        property(title),
        data(message)
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Region;

    #[test]
    fn an_annotation_says_file_place_and_title_and_escapes_what_would_end_them() {
        let remark = Remark {
            file: "scenarios/a,b:c.yaml".to_owned(),
            region: Region { line: 14, column: 3, end_column: 12 },
            title: "a: loss of 5 %, at least".to_owned(),
            message: "two blocks: 5 %\r\nREPRO bitcraps-sim run a.yaml --seed 1".to_owned(),
        };
        assert_eq!(
            annotation(&remark, Level::Error, None),
            "::error file=scenarios/a%2Cb%3Ac.yaml,line=14,col=3,endColumn=12,title=a%3A loss of 5 %25%2C at \
             least::two blocks: 5 %25%0D%0AREPRO bitcraps-sim run a.yaml --seed 1"
        );
        assert!(annotation(&remark, Level::Warning, None).starts_with("::warning file="));
    }
}
