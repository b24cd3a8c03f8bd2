//! Serving an emulator to a program from outside, and looking at what it left behind.

use std::process::Stdio;

use tokio::{io::AsyncWriteExt as _, net::TcpListener, process::Command, sync::oneshot};
use tollway::Client;
use tollway_emulator::Emulator;

/// Where the outsiders' scripts are.
pub(crate) const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../clients");

/// An emulator on a free loopback port. It stops when dropped.
pub(crate) struct Served {
    pub(crate) base: String,
    _stop: oneshot::Sender<()>,
}

impl Served {
    /// Serves an emulator.
    pub(crate) async fn start(emulator: Emulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(async move {
            let shutdown = async move {
                stopped.await.ok();
            };
            let served = emulator.serve(listener, shutdown).await;
            served.expect("the emulator serves");
        });
        Self { base, _stop: stop }
    }
}

/// An emulator, and the platform that an outsider plays there.
pub(crate) struct Story {
    served: Served,
    key: &'static str,
    client_id: &'static str,
}

impl Story {
    /// Serves an emulator for the platform with this key and client id.
    pub(crate) async fn new(key: &'static str, client_id: &'static str) -> Self {
        Self {
            served: Served::start(Emulator::new()).await,
            key,
            client_id,
        }
    }

    /// Runs `program script BASE KEY CLIENT_ID` and gives what it printed; a failure shows everything it said.
    pub(crate) async fn run(&self, program: &str, script: &str) -> String {
        let output = Command::new(program)
            .args([script, &self.served.base, self.key, self.client_id])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap_or_else(|error| {
                panic!("{program} could not be started ({error}): run `cargo xtask test`")
            });
        let (said, complained) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "{program} {script} ended with {}:\n{said}\n{complained}",
            output.status
        );
        said.into_owned()
    }

    /// The application fee of the outsider's charge, read back by our own SDK in the same world.
    pub(crate) async fn holds_fee(&self, charge: &str, account: &str) {
        let client = Client::builder(self.key)
            .base_url(&self.served.base)
            .build()
            .expect("a client");
        let fees = client
            .application_fees()
            .list()
            .charge(charge)
            .send()
            .await
            .expect("the fees");
        let fees: Vec<_> = fees
            .iter()
            .map(|fee| (fee.amount(), fee.account().id().to_owned()))
            .collect();
        assert_eq!(fees, [(100, account.to_owned())]);
    }
}

/// The last line that is not blank.
pub(crate) fn last_line(text: &str) -> &str {
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
}

/// Runs what docs/emulator.md tells to write in this language, with `tollway` on the path, and these lines after it; what it
/// printed. The program reads its code from stdin.
pub(crate) async fn run_documented(program: &mut Command, language: &str, then: &str) -> String {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/emulator.md");
    let docs = std::fs::read_to_string(docs).expect("the documentation");
    let section = docs.split("## In a Python or Node test").nth(1);
    let block = section.and_then(|text| text.split(&format!("```{language}\n")).nth(1));
    let code = block.and_then(|text| text.split("```").next());
    let code = format!("{}\n{then}\n", code.expect("a block of code"));
    let own = std::env::current_exe().expect("the path of this program");
    // The workspace's programs are built beside the folder that this test is in.
    let built = own
        .parent()
        .and_then(std::path::Path::parent)
        .expect("a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(built.to_owned()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).expect("a path");
    let mut child = program
        .env("PATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts: run `cargo xtask test`");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(code.as_bytes()).await.expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().await.expect("it ends");
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complained}\n{code}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
