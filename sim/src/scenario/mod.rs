//! The scenario file: one YAML file that says the network, the work, the faults and what must hold.
//!
//! [`parse`] reads it and reports every mistake at once, each with its line and a caret. The types are plain
//! data; running them is for the worlds. The reference of every key is docs/scenario.md.

mod catalogue;
mod check;
mod concise;
mod decode;
mod diagnostic;
mod expect;
mod fault;
mod findings;
#[cfg(feature = "fuzzing")]
pub mod fuzz;
mod grammar;
mod inject;
mod language;
mod link;
mod meaning;
mod model;
mod overrides;
mod places;
mod schema;
mod sweep;
mod units;
mod workload;
mod world;
mod yaml;

pub(crate) use catalogue::is_lie;
pub use catalogue::{FaultDoc, Parameter, faults_table};
pub use concise::{concise, leaves, names_engine};
pub use diagnostic::{Diagnostic, Severity};
pub use expect::{Eventually, Expect, Hangover, Property, Slo, Sometimes};
pub use fault::{
    Condition, End, Fault, MessageKind, NodeState, Random, Selector, SourceSpan, Trigger, Until,
};
pub use inject::{
    Blocked, Cheater, CrashDisk, Direction, DiskOp, Family, GilbertElliott, Hearers, Inject, Loss, Proposer,
    Scope, Shape, Split, Strategy, VoteKind,
};
pub use link::{Latency, LinkModel, Links, Recorded};
pub use model::{Consensus, Crypto, HandoverPlan, Scenario, Seeds, Stake, Timeouts, Validators};
pub use places::{Places, Region};
pub use schema::json_schema;
pub use sweep::{Point, Swept, points};
pub use units::{Bandwidth, Jittered, Offset, Percent, Rate, Size, Span, UnitError};
pub use workload::{Arrivals, FeesTo, Game, House, Style, Visits, Workload};
pub use world::World;

/// A scenario that can run, and what its reader should know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The scenario.
    pub scenario: Scenario,
    /// Diagnostics of [`Severity::Warning`], in the order of the file.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a scenario. `file` is only a name for the diagnostics.
///
/// # Errors
/// Every mistake of the file at once, in its order, warnings included; at least one is an error.
pub fn parse(file: &str, text: &str) -> Result<Parsed, Vec<Diagnostic>> {
    parse_with(file, text, &[])
}

/// As [`parse`], after setting values: `("faults.split.for", "5 s")`. A path is dotted; a fault is named by its
/// id or its index; the value is YAML. A mistake in one is shown in the file `--set`.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(file: &str, text: &str, overrides: &[(String, String)]) -> Result<Parsed, Vec<Diagnostic>> {
    let mut sources = yaml::Sources::default();
    let source = sources.add(file, text);
    let (changes, mut unread) = overrides::read(&mut sources, overrides);
    let mut root = match sources.read(source, 0) {
        Ok(root) => root,
        Err(diagnostic) => {
            unread.insert(0, diagnostic);
            return Err(unread);
        }
    };
    let mut findings = findings::Findings::new(&sources);
    overrides::apply(&mut findings, &mut root, changes);
    let scenario = interpret(&mut findings, &root);
    let mut all = findings.finish();
    all.append(&mut unread);
    if all.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(all);
    }
    Ok(Parsed { scenario, warnings: all })
}

/// Checks a tree against the language, decodes it and checks what it means.
fn interpret(findings: &mut findings::Findings<'_>, root: &yaml::Node) -> Scenario {
    check::check(findings, root, &language::FILE, "");
    let scenario = decode::scenario(root);
    if !findings.is_oversized() {
        meaning::check(findings, root, &scenario);
    }
    scenario
}

/// The scenario as YAML with every default filled in. [`parse`] reads it back as the same value.
pub fn resolved(scenario: &Scenario) -> String {
    serde_saphyr::to_string(scenario).expect("plain data always serializes into a String")
}

#[cfg(test)]
mod tests;
