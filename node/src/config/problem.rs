//! What is wrong with a configuration, as a person reads it: the place, the line with a caret, and what to do.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to do.
    pub help: Option<String>,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File {
        /// Which.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// The line.
        text: String,
        /// How many characters are meant.
        width: usize,
    },
    /// In an environment variable.
    Environment(String),
    /// In a flag.
    Flag(String),
}

impl Place {
    /// The place of some bytes of a file.
    pub(super) fn in_file(path: &Path, source: &str, span: Range<usize>) -> Place {
        let start = floor(source, span.start);
        let begin = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let stop = floor(source, span.end).clamp(start, end);
        Place::File {
            path: path.into(),
            line: source[..start].matches('\n').count() + 1,
            column: source[begin..start].chars().count() + 1,
            text: source[begin..end].trim_end_matches('\r').into(),
            width: source[start..stop].chars().count().max(1),
        }
    }
}

fn floor(source: &str, at: usize) -> usize {
    (0..=at.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File { path, line, column, .. } => write!(f, "{}:{line}:{column}", path.display()),
            Place::Environment(name) => write!(f, "the environment variable {name}"),
            Place::Flag(flag) => write!(f, "the flag --set {flag}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        write!(f, " --> {}", self.place)?;
        if let Place::File { line, column, text, width, .. } = &self.place {
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            let (indent, carets) = (" ".repeat(column - 1), "^".repeat(*width));
            write!(f, "\n{margin} |\n{number} | {text}\n{margin} | {indent}{carets}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  = help: {help}"),
            None => Ok(()),
        }
    }
}
