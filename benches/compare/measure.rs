//! What a command costs: wall time, processor time, peak memory.
//!
//! The kernel keeps one account for all children of a process together, so each command runs under a small process of
//! its own: this program, called again as `measure`.

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::{Deserialize, Serialize};

/// The cost of one run.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// Seconds of processor time, user and system, of all threads.
    pub(crate) cpu: f64,
    /// Peak resident memory in MiB.
    pub(crate) memory: f64,
}

/// Runs a command under a process of its own.
///
/// # Errors
///
/// Where it cannot be started or does not succeed.
pub(crate) fn measure(command: &[String]) -> Result<Cost, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .arg("measure")
        .arg("--")
        .args(command)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("`{}` failed: {}", command.join(" "), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The part that runs in the small process: one child, then the account of all children.
///
/// # Errors
///
/// Where the command cannot be started or does not succeed.
pub(crate) fn child(command: &[String]) -> Result<Cost, Box<dyn Error>> {
    let (program, arguments) = command.split_first().ok_or("no command to measure")?;
    let start = Instant::now();
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let wall = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(status.to_string().into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time() + usage.system_time();
    Ok(Cost { wall, cpu: cpu.num_microseconds() as f64 / 1e6, memory: usage.max_rss() as f64 / 1024.0 })
}
