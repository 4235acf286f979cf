//! The bug that a schedule asks for.

use bitcraps_consensus::museum::{Bug, Exhibit, exhibit};

/// Makes the engines of this thread have the bug of this name, as long as the guard lives. No name: the right code.
pub(crate) fn bug(name: Option<&str>) -> Result<Exhibit, String> {
    let bug = name.map(|name| Bug::parse(name).ok_or_else(|| format!("no bug {name:?} in the museum")));
    Ok(exhibit(bug.transpose()?))
}
