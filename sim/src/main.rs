//! The testbed's command line.

fn main() -> std::process::ExitCode {
    bitcraps_sim::cli::main()
}
