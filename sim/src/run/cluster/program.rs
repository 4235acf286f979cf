//! Which program the daemons are: one that follows the protocol, or one that a testbed can make misbehave.

use std::path::{Path, PathBuf};
use std::process::Command;

const BUILD: &str = "cargo build --release -p bitcraps-node";
const BUILD_BYZANTINE: &str =
    "cargo build --release -p bitcraps-node --features byzantine --bin bitcraps-node-byzantine";

/// The daemon's program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(super) path: PathBuf,
    /// Whether it takes orders.
    pub(super) misbehaves: bool,
}

/// The program that `$BITCRAPS_NODE` names, or else the one beside this program: `bitcraps-node`, or where nodes are to
/// misbehave `bitcraps-node-byzantine`. An error says what is missing, and how to get it.
pub(crate) fn program(misbehaves: bool) -> Result<Program, String> {
    let (name, build) = match misbehaves {
        false => ("bitcraps-node", BUILD),
        true => ("bitcraps-node-byzantine", BUILD_BYZANTINE),
    };
    let named = std::env::var_os("BITCRAPS_NODE").map(PathBuf::from);
    let beside = || Some(std::env::current_exe().ok()?.with_file_name(name));
    let Some(path) = named.or_else(beside).filter(|path| path.is_file()) else {
        return Err(format!(
            "there is no `{name}` beside this program: build it in this program's profile (`{build}`), or name it with \
             BITCRAPS_NODE"
        ));
    };
    if misbehaves && !is_byzantine(&path) {
        return Err(format!(
            "{} follows the protocol, whatever it is told: build the one that does not (`{BUILD_BYZANTINE}`) and name \
             that with BITCRAPS_NODE",
            path.display()
        ));
    }
    Ok(Program { path, misbehaves })
}

/// What the program says of itself.
fn is_byzantine(program: &Path) -> bool {
    let said = Command::new(program).args(["version", "--json"]).output();
    let said = said.ok().and_then(|said| serde_json::from_slice::<serde_json::Value>(&said.stdout).ok());
    said.is_some_and(|said| {
        said["features"].as_array().is_some_and(|all| all.iter().any(|one| one == "byzantine"))
    })
}
