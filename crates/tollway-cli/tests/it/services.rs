//! The services start, answer, stop when asked, and explain themselves.

use std::fs;
#[cfg(unix)]
use std::io::{Read as _, Write as _};

use tollway::Client;

use crate::program::{Service, failure, success};

#[tokio::test]
async fn the_emulator_answers_and_stops_when_asked() {
    let service = Service::start(["emulator", "--port", "0"]);
    let client = Client::builder("sk_test_123")
        .base_url(&service.url)
        .build()
        .expect("a client");
    let customers = client
        .customers()
        .list()
        .send()
        .await
        .expect("an empty list");
    assert_eq!(customers.len(), 0);
    drop(client);
    assert_eq!(service.terminate(), Some(0));
}

#[tokio::test]
async fn the_emulator_keeps_its_data_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("stripe.db").display().to_string();
    let mut made = String::new();
    for round in 0..2 {
        let service = Service::start(["emulator", "--port", "0", "--data", &data]);
        let client = Client::builder("sk_test_123")
            .base_url(&service.url)
            .build()
            .expect("a client");
        if round == 0 {
            let customer = client
                .customers()
                .create()
                .email("a@example.com")
                .send()
                .await
                .expect("a customer");
            made = customer.id().to_owned();
        } else {
            let customer = client
                .customers()
                .retrieve(&made)
                .send()
                .await
                .expect("the customer is still there");
            assert_eq!(customer.email(), Some("a@example.com"));
        }
        drop(client);
        assert_eq!(service.terminate(), Some(0));
    }
}

#[tokio::test]
async fn the_emulator_starts_with_a_seed_and_in_stripe_mocks_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seed.toml");
    let text = "[[worlds]]\nkey = \"sk_test_shop\"\n[[worlds.requests]]\npost = \"/v1/customers\"\nparams = { name = \"Ann\" }\n";
    fs::write(&file, text).expect("a file");
    let seed = file.display().to_string();
    let service = Service::start(["emulator", "--port", "0", "--mock", "--seed", &seed]);
    let client = Client::builder("sk_test_shop")
        .base_url(&service.url)
        .build()
        .expect("a client");
    let customers = client.customers().list().send().await.expect("a list");
    assert_eq!(customers.len(), 1);
    let charge = client.charges().retrieve("ch_nobody").send().await;
    assert_eq!(charge.expect("a charge that nobody made").id(), "ch_nobody");
    drop(client);
    assert_eq!(service.terminate(), Some(0));
}

#[cfg(unix)]
#[test]
fn the_emulator_speaks_https_and_listens_on_a_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let pem = folder.path().join("stripe.pem");
    let socket = folder.path().join("stripe.sock");
    let (tls, path) = (pem.display().to_string(), socket.display().to_string());
    let service = Service::start(["emulator", "--port", "0", "--tls", &tls]);
    assert!(
        service.url.starts_with("https://127.0.0.1:"),
        "{}",
        service.url
    );
    let certificate = fs::read_to_string(&pem).expect("the certificate");
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert_eq!(service.terminate(), Some(0));

    for _ in 0..2 {
        // The second one finds what the first one, killed, left behind.
        let service = Service::start(["emulator", "--socket", &path]);
        assert_eq!(service.url, format!("unix:{path}"));
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).expect("a socket");
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let said = failure(["emulator", "--socket", &path]);
        assert!(
            said.contains("in use") && said.contains("--socket"),
            "{said}"
        );
        drop(service);
        assert!(socket.exists());
    }
    let service = Service::start(["emulator", "--socket", &path]);
    assert_eq!(service.terminate(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn the_platform_starts_from_its_documented_defaults_and_stops_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("platform.toml");
    let text = format!(
        "{}\n[platforms.shop]\nname = \"Shop\"\n[platforms.shop.test]\nclient_id = \"ca_1\"\nsecret_key = \"sk_test_1\"\n",
        success(["platform", "config", "default"])
            .replace(
                "sealing_keys = []",
                "sealing_keys = [\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"]"
            )
            .replace("listen = \"127.0.0.1:8790\"", "listen = \"127.0.0.1:0\"")
            .replace(
                "tollway-platform.db",
                &folder.path().join("p.db").display().to_string()
            )
    );
    fs::write(&file, text).expect("a file");
    let config = file.display().to_string();
    let checked = success(["platform", "config", "check", "--config", &config]);
    assert!(
        checked.contains("http://127.0.0.1:8790/connect/shop/callback"),
        "{checked}"
    );
    let link = success(["platform", "link", "--config", &config, "customer-42"]);
    assert!(
        link.starts_with("http://127.0.0.1:8790/connect/shop?")
            && link.contains("tenant=customer-42"),
        "{link}"
    );
    assert_eq!(
        Service::start(["platform", "--config", &config]).terminate(),
        Some(0)
    );
}

#[test]
fn sealing_keys_are_rotated_and_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("demo");
    success(["demo", "--script", "--data", &data.display().to_string()]);
    let path = data.join("platform.toml");
    let config = path.display().to_string();
    let keys = |what| success(["platform", "keys", what, "--config", &config]);
    assert_eq!(keys("report").lines().count(), 1);

    let text = fs::read_to_string(&path).expect("the configuration");
    let new = "sealing_keys = [\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"";
    fs::write(&path, text.replace("sealing_keys = [", &format!("{new}, "))).expect("writes");
    let before = keys("report");
    assert!(
        before.contains("0 values  seals\n") && before.contains("opens:"),
        "{before}"
    );
    assert!(!keys("rotate").starts_with("0 values"));
    let after = keys("report");
    assert!(after.contains("0 values  no longer used"), "{after}");

    let old = text.lines().find(|line| line.starts_with("sealing_keys"));
    let new_only = text.replace(old.expect("the old key"), &format!("{new}]"));
    fs::write(&path, new_only).expect("writes");
    assert_eq!(keys("report").lines().count(), 1);
    assert!(keys("rotate").starts_with("0 values"));
    fs::write(&path, text).expect("writes");
    let said = failure(["platform", "keys", "rotate", "--config", &config]);
    assert!(said.contains("could not be opened"), "{said}");
}

#[test]
fn help_has_examples() {
    for command in ["demo", "emulator", "platform"] {
        let help = success([command, "--help"]);
        assert!(
            help.contains("Examples:") && help.contains(&format!("tollway {command}")),
            "{help}"
        );
    }
    assert!(success(["--version"]).starts_with("tollway "));
}
