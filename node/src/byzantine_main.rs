//! `bitcraps-node-byzantine`: the daemon with what makes it misbehave when a testbed orders it (`run --control`).
//! Never deploy it.

use std::process::ExitCode;

fn main() -> ExitCode {
    bitcraps_node::cli::main()
}
