//! The mistakes found so far, and which values of the file are not to be trusted because of them.

use super::diagnostic::{Diagnostic, Severity};
use super::yaml::{Place, Sources};
use std::collections::BTreeSet;

/// The most mistakes that are reported.
const MAX_DIAGNOSTICS: usize = 100;

/// The diagnostics so far, and the paths that hold no usable value.
pub(super) struct Findings<'a> {
    sources: &'a Sources,
    all: Vec<(Place, Diagnostic)>,
    bad: BTreeSet<String>,
    oversized: bool,
}

impl<'a> Findings<'a> {
    pub(super) fn new(sources: &'a Sources) -> Findings<'a> {
        Findings { sources, all: Vec::new(), bad: BTreeSet::new(), oversized: false }
    }

    /// A value that does not fit its key: what stands at `path` is not to be trusted.
    pub(super) fn error(
        &mut self,
        place: Place,
        path: &str,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        if self.all.len() < MAX_DIAGNOSTICS {
            self.bad.insert(path.into());
        }
        self.push(Severity::Error, place, message, help.into());
    }

    /// A value that fits its key, but not the rest of the file.
    pub(super) fn contradiction(
        &mut self,
        place: Place,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        self.push(Severity::Error, place, message, help.into());
    }

    /// A list or mapping that is larger than the language allows.
    pub(super) fn oversize(&mut self, place: Place, path: &str, message: String) {
        self.oversized = true;
        self.error(place, path, message, None);
    }

    /// Whether a list or mapping was too large: then what the file means is not looked into, for that takes
    /// time that grows with the square of some sizes.
    pub(super) fn is_oversized(&self) -> bool {
        self.oversized
    }

    /// Something to know.
    pub(super) fn warning(
        &mut self,
        place: Place,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        self.push(Severity::Warning, place, message, help.into());
    }

    fn push(&mut self, severity: Severity, place: Place, message: impl Into<String>, help: Option<String>) {
        if self.all.len() < MAX_DIAGNOSTICS {
            self.all.push((place, self.sources.diagnostic(severity, place, message, help)));
        }
    }

    /// Whether something at this path, above it or below it, is wrong.
    pub(super) fn is_bad(&self, path: &str) -> bool {
        self.bad.iter().any(|bad| {
            let (short, long) =
                if bad.len() < path.len() { (bad.as_str(), path) } else { (path, bad.as_str()) };
            long.strip_prefix(short)
                .is_some_and(|rest| rest.is_empty() || short.is_empty() || rest.starts_with('.'))
        })
    }

    /// All of them in the order of the text.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.all.sort_by_key(|(place, _)| *place);
        self.all.into_iter().map(|(_, diagnostic)| diagnostic).collect()
    }
}
