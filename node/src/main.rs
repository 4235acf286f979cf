//! `bitcraps-node`: the daemon, and the tools of its operator.

use std::process::ExitCode;

fn main() -> ExitCode {
    bitcraps_node::cli::main()
}
