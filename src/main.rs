//! The command line's entrance.

use std::process::ExitCode;

mod cli;

/// Rendering makes and drops many small strings on all cores: with the system's allocator a large build takes twice the
/// processor time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
