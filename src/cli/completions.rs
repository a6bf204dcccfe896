//! `tierpress completions`.

use clap::Args;
use clap_complete::Shell;

use super::{Ending, command, say};

/// What `completions` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "tierpress", &mut script);
    say::text(&String::from_utf8_lossy(&script));
    Ending::Done
}
