//! The testbed's command line.

/// A simulation allocates a small box per message: the allocator is a tenth of a run (docs/dependencies.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bitcraps_sim::cli::main()
}
