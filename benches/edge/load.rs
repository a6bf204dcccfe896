//! wrk on a core of its own, and what its numbers come to.

use std::error::Error;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

/// How servers are loaded.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) core: usize,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
}

/// What a server is asked.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    path: String,
    token: Option<String>,
    status: u16,
}

impl Target {
    pub(crate) fn new(address: SocketAddr, path: &str, token: Option<&str>, status: u16) -> Self {
        Self { address, path: path.to_owned(), token: token.map(str::to_owned), status }
    }

    /// Asks once: a measurement of the wrong answer is worth nothing.
    pub(crate) fn check(&self) -> Result<(), Box<dyn Error>> {
        let mut stream = TcpStream::connect(self.address)?;
        let token = self.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        write!(stream, "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{token}\r\n", self.path)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let head = String::from_utf8_lossy(&answer);
        let status = head.split(' ').nth(1).unwrap_or_default();
        if status != self.status.to_string() {
            return Err(format!("{} at {} gives {status}, and not {}", self.path, self.address, self.status).into());
        }
        Ok(())
    }
}

impl Load {
    /// Requests per second.
    pub(crate) fn run(&self, target: &Target) -> Result<f64, Box<dyn Error>> {
        let mut command = Command::new("taskset");
        command.args(["-c", &self.core.to_string(), "wrk", "-t1"]);
        command.arg(format!("-c{}", self.connections)).arg(format!("-d{}s", self.time.as_secs()));
        if let Some(token) = &target.token {
            command.arg("-H").arg(format!("Authorization: Bearer {token}"));
        }
        let output = command.arg(format!("http://{}{}", target.address, target.path)).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = said.contains("Socket errors") || (target.status == 200 && said.contains("Non-2xx"));
        let pace = said.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
        match pace {
            Some(pace) if !errors => Ok(pace.trim().parse()?),
            _ => Err(format!("wrk says of {}: {said}", target.path).into()),
        }
    }
}

/// The middle of some numbers, and how far they lie apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) lowest: f64,
    pub(crate) median: f64,
    pub(crate) highest: f64,
}

/// What some numbers come to.
pub(crate) fn spread(numbers: &[f64]) -> Spread {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let nan = f64::NAN;
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(nan);
    Spread {
        lowest: sorted.first().copied().unwrap_or(nan),
        median: middle,
        highest: sorted.last().copied().unwrap_or(nan),
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.lowest, self.highest)
    }
}
