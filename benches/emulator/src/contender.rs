//! Starting each contender as a program of its own, and looking at its memory.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::load::{self, Request};

/// Nobody takes longer to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program to be measured.
pub struct Contender {
    pub name: &'static str,
    command: Box<dyn Fn(u16) -> Command>,
}

/// Everybody who takes part, the limit first.
pub fn all(tollway: &str, localstripe: &str, node: &str, stateful_mock: &str) -> Vec<Contender> {
    let [tollway, localstripe, node, stateful_mock] =
        [tollway, localstripe, node, stateful_mock].map(str::to_owned);
    let with_port = |program: String, before: &'static [&'static str]| {
        move |port: u16| {
            let mut command = Command::new(&program);
            command.args(before).arg(port.to_string());
            command
        }
    };
    let own = std::env::current_exe().expect("the path of this program");
    let mock = move |port: u16| {
        let mut command = Command::new(&node);
        command
            .arg(&stateful_mock)
            .env("PORT", port.to_string())
            .env("LOG_LEVEL", "silent");
        command
    };
    vec![
        Contender {
            name: "the limit: bare axum",
            command: Box::new(with_port(own.display().to_string(), &["limit"])),
        },
        Contender {
            name: "tollway emulator",
            command: Box::new(with_port(tollway, &["emulator", "--port"])),
        },
        Contender {
            name: "localstripe",
            command: Box::new(with_port(localstripe, &["--from-scratch", "--port"])),
        },
        Contender {
            name: "stripe-stateful-mock",
            command: Box::new(mock),
        },
    ]
}

/// A contender that answers; killed when dropped.
pub struct Running {
    child: Child,
    port: u16,
    started_in: Duration,
}

impl Running {
    /// Starts it and waits for its first answer.
    pub async fn start(contender: &Contender) -> Result<Self, String> {
        let port = free_port()?;
        let begun = Instant::now();
        let mut child = (contender.command)(port)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("it does not start: {error}"))?;
        let first = Request::get("/v1/customers");
        while load::once(port, &first).await.is_err() {
            let ended = child.try_wait().is_ok_and(|status| status.is_some());
            if ended || begun.elapsed() > PATIENCE {
                child.kill().ok();
                return Err("it does not answer".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Self {
            child,
            port,
            started_in: begun.elapsed(),
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Resident memory in megabytes, as Linux counts it.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.unwrap_or(f64::NAN) / 1024.0
    }

    /// What it has used of the processor so far, in its own code and in the kernel's, as Linux counts it: a hundredth of a
    /// second at a time.
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        // Behind the name, which may hold anything, the 12th and 13th field.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(|error| error.to_string())
}
