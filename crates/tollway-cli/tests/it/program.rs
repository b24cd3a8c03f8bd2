//! Running the binary.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Lines},
    net::TcpListener,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

/// The binary, without any of the environment variables it reads.
pub(crate) fn tollway<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollway"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TOLLWAY_") {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// What a run that must fail said, after checking that it ended with code 1 and a sentence of ours.
pub(crate) fn failure<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> String {
    let mut child = tollway(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // A service that starts in spite of everything would run for ever.
    for line in BufReader::new(child.stdout.take().expect("stdout is piped")).lines() {
        if line.as_ref().is_ok_and(|line| {
            line.starts_with("listening on ") || line.ends_with("Ctrl-C ends it.")
        }) {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            panic!("it should have refused to start");
        }
    }
    let output = child.wait_with_output().expect("it ends");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("tollway: "), "{said}");
    assert!(
        !said.contains("panicked") && !said.contains("stack backtrace"),
        "{said}"
    );
    said
}

/// What a run that must succeed printed.
pub(crate) fn success<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> String {
    let output: Output = tollway(args).output().expect("the binary starts");
    assert!(
        output.status.success(),
        "{}\n{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A port that is taken as long as the listener lives.
pub(crate) fn taken_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// A service that runs until it is told to stop; killed when dropped.
pub(crate) struct Service {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    /// Where it listens.
    pub(crate) url: String,
}

impl Service {
    /// Starts it and waits for the line that tells the address.
    pub(crate) fn start<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> Self {
        let mut child = tollway(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let first = stdout
            .next()
            .expect("it says where it listens")
            .expect("text");
        let url = first
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{first}"))
            .to_owned();
        Self { child, stdout, url }
    }

    /// Asks it to stop as a service manager does, and gives its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        // Reading to the end first, so that the service never waits for a reader.
        self.stdout.by_ref().for_each(drop);
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
