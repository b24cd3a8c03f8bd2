//! A headless Chromium of its own for each test, driven through ChromeDriver.

use std::process::Stdio;

use thirtyfour::{ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::webdriver_client::HyperClient;

/// What a headless browser needs in a container, and what keeps it from calling home.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=900,1000",
];

/// A running browser. Call [`Chrome::quit`]; if a test fails before, ChromeDriver is killed with it.
pub(crate) struct Chrome {
    pub(crate) driver: WebDriver,
    _chromedriver: Child,
    _profile: tempfile::TempDir,
}

impl Chrome {
    /// Starts ChromeDriver on a free port, and a browser with an empty profile.
    pub(crate) async fn start() -> Self {
        let mut chromedriver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is installed: run `cargo xtask test`");
        let port = port(&mut chromedriver).await;
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut wanted = DesiredCapabilities::chrome();
        for argument in ARGUMENTS {
            wanted.add_arg(argument).expect("an argument");
        }
        wanted
            .add_arg(&format!("--user-data-dir={}", profile.path().display()))
            .expect("an argument");
        let driver = WebDriver::builder(format!("http://127.0.0.1:{port}"), wanted)
            .client(HyperClient::new())
            .await
            .expect("a browser session");
        Self {
            driver,
            _chromedriver: chromedriver,
            _profile: profile,
        }
    }

    /// Closes the browser.
    pub(crate) async fn quit(self) {
        self.driver.quit().await.expect("the browser closes");
    }
}

/// The port that ChromeDriver took, from what it says.
async fn port(chromedriver: &mut Child) -> u16 {
    let stdout = chromedriver.stdout.take().expect("stdout is piped");
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await.expect("ChromeDriver speaks") {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            // Keep reading, so that ChromeDriver never blocks on a full pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return port.trim_end_matches('.').parse().expect("a port");
        }
    }
    panic!("ChromeDriver ended without saying its port");
}
