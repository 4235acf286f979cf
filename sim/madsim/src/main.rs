//! The testbed's command line, in a program that has madsim's scheduler to lend: `--on madsim` runs here.
//!
//! The allocator is the system's: the one of `bitcraps-sim` reads clocks, and they are intercepted.

fn main() -> std::process::ExitCode {
    bitcraps_sim::lab::lend(bitcraps_madsim::lend);
    bitcraps_sim::cli::main()
}
