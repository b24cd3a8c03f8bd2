//! Serving an emulator to a program from outside, and looking at what it left behind.

use std::process::Stdio;

use tokio::{net::TcpListener, process::Command, sync::oneshot};
use tollway::Client;
use tollway_emulator::Emulator;

/// Where the outsiders' scripts are.
pub(crate) const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../clients");

/// An emulator on a free loopback port, and the platform that an outsider plays there. It stops when dropped.
pub(crate) struct Story {
    base: String,
    key: &'static str,
    client_id: &'static str,
    _stop: oneshot::Sender<()>,
}

impl Story {
    /// Serves an emulator for the platform with this key and client id.
    pub(crate) async fn new(key: &'static str, client_id: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(async move {
            let shutdown = async move {
                stopped.await.ok();
            };
            Emulator::new()
                .serve(listener, shutdown)
                .await
                .expect("the emulator serves");
        });
        Self {
            base,
            key,
            client_id,
            _stop: stop,
        }
    }

    /// Runs `program script BASE KEY CLIENT_ID` and gives what it printed; a failure shows everything it said.
    pub(crate) async fn run(&self, program: &str, script: &str) -> String {
        let output = Command::new(program)
            .args([script, &self.base, self.key, self.client_id])
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
            .base_url(&self.base)
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
