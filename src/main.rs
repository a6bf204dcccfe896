//! The command line's entrance.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::run()
}
