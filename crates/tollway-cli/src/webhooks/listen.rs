//! `tollway listen`: prints every event of a world as it happens, and passes it on to a server of one's own.
//!
//! ```text
//! emulator ──▶ endpoints made for this run ──▶ receiver on a free loopback port ──▶ --forward-to
//! ```
//!
//! Two endpoints, one for the platform's own events and one for those of connected accounts. They share one secret, and the
//! same key gets the same secret in every run. They are taken away at the end; those of a run that was killed are taken away
//! by the next one.

use std::{net::TcpListener as Probe, sync::Arc, time::Duration};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tollway::{Client, Error, request::Verb};
use url::Url;

use super::{Target, forward::Forwarder};
use crate::{
    failure::{Failure, Outcome},
    shutdown,
};

const EXAMPLES: &str = "\
Examples:
  tollway listen
      prints what happens
  tollway listen --forward-to localhost:3000/webhooks --events charge.succeeded,charge.refunded
      passes two kinds of event on
  tollway listen --forward-to localhost:3000/webhooks --forward-connect-to localhost:3000/connect
      passes the events of connected accounts on to another place
  export WEBHOOK_SECRET=$(tollway listen --print-secret)
      the secret that everything passed on is signed with";

/// How endpoints of this command are known.
const DESCRIPTION: &str = "tollway listen";

/// How often is looked whether the endpoints are still there.
const LOOK: Duration = Duration::from_secs(2);

/// The arguments of `tollway listen`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// Where events are passed on to; `localhost:3000/webhooks`, or just a port, will do.
    #[arg(short, long, value_name = "URL", value_parser = place)]
    forward_to: Option<Url>,
    /// Where events of connected accounts are passed on to; the same place if not given.
    #[arg(short = 'c', long, value_name = "URL", value_parser = place)]
    forward_connect_to: Option<Url>,
    /// The events to hear of, separated by commas.
    #[arg(
        short,
        long,
        value_name = "EVENTS",
        value_delimiter = ',',
        default_value = "*"
    )]
    events: Vec<String>,
    /// A header to pass on with every event, `Name: value`; may be given again.
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Print each event as a line of JSON instead of what happens to it.
    #[arg(long)]
    print_json: bool,
    /// Print the signing secret and end.
    #[arg(long)]
    print_secret: bool,
}

/// Runs it until Ctrl-C or SIGTERM.
pub(crate) async fn run(args: Args) -> Outcome {
    let client = args.target.client()?;
    if args.print_secret {
        println!("{}", secret_of(&args.target.api_key));
        return Ok(());
    }
    let unbound = |error| Failure::new(format!("no free loopback port: {error}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(unbound)?;
    let address = listener.local_addr().map_err(unbound)?;
    let forwarder = Forwarder::new(
        args.forward_to.clone(),
        args.forward_connect_to
            .clone()
            .or_else(|| args.forward_to.clone()),
        args.headers.clone(),
        args.print_json,
    )?;
    let shutdown = shutdown::requested()?;
    let mine = Endpoints {
        client,
        receiver: format!("http://{address}"),
        events: args.events.clone(),
        secret: secret_of(&args.target.api_key),
    };
    let failed = |error| args.target.failed(&error);
    mine.sweep().await.map_err(failed)?;
    let mut ids = mine.make().await.map_err(failed)?;
    if !args.print_json {
        println!("ready: events are signed with {}", mine.secret);
        crate::listen::flush();
    }
    let served = axum::serve(listener, super::forward::routes(Arc::new(forwarder)));
    tokio::select! {
        served = served => served.map_err(|error| Failure::new(format!("the receiver stopped: {error}")))?,
        () = mine.keep(&mut ids) => {}
        () = shutdown => {}
    }
    mine.remove(&ids).await;
    Ok(())
}

/// The endpoints of this run.
struct Endpoints {
    client: Client,
    receiver: String,
    events: Vec<String>,
    secret: String,
}

impl Endpoints {
    /// Makes both.
    async fn make(&self) -> Result<Vec<String>, Error> {
        let mut ids = Vec::new();
        for (path, connect) in [("account", false), ("connect", true)] {
            let mut request = self
                .client
                .request(Verb::Post, "/v1/webhook_endpoints")
                .param("url", format!("{}/{path}", self.receiver))
                .param("connect", connect)
                .param("description", DESCRIPTION);
            for (index, event) in self.events.iter().enumerate() {
                request = request.param(&format!("enabled_events[{index}]"), event.as_str());
            }
            let made: Value = request.send().await?;
            let id = made["id"].as_str().unwrap_or_default();
            let _: Value = self
                .client
                .request(Verb::Post, format!("/_tollway/webhook_endpoints/{id}"))
                .param("secret", self.secret.as_str())
                .send()
                .await?;
            ids.push(id.to_owned());
        }
        Ok(ids)
    }

    /// Makes them anew whenever an emulator without them answers, as one that was started again does.
    async fn keep(&self, ids: &mut Vec<String>) {
        loop {
            tokio::time::sleep(LOOK).await;
            let path = format!("/v1/webhook_endpoints/{}", ids[0]);
            let there = self.client.request(Verb::Get, path).send::<Value>().await;
            if there.is_err_and(|error| error.status() == Some(404))
                && let Ok(made) = self.make().await
            {
                *ids = made;
                eprintln!("the emulator was started again: listening to the new one");
            }
        }
    }

    /// Takes away what runs left behind that ended without doing so: nobody listens at their receivers.
    async fn sweep(&self) -> Result<(), Error> {
        let list: Value = self
            .client
            .request(Verb::Get, "/v1/webhook_endpoints")
            .param("limit", 100)
            .send()
            .await?;
        let dead = |endpoint: &&Value| {
            let port = endpoint["url"]
                .as_str()
                .and_then(|url| Url::parse(url).ok()?.port());
            endpoint["description"] == DESCRIPTION
                && port.is_some_and(|port| Probe::bind(("127.0.0.1", port)).is_ok())
        };
        let endpoints = list["data"].as_array().into_iter().flatten();
        let dead = endpoints
            .filter(dead)
            .filter_map(|endpoint| endpoint["id"].as_str());
        self.remove(&dead.map(str::to_owned).collect::<Vec<_>>())
            .await;
        Ok(())
    }

    /// An emulator that went away took them along.
    async fn remove(&self, ids: &[String]) {
        for id in ids {
            let path = format!("/v1/webhook_endpoints/{id}");
            let request = self.client.request(Verb::Delete, path);
            request.send::<Value>().await.ok();
        }
    }
}

/// The secret of a key's runs: the same each time, so that it can be written into a configuration.
fn secret_of(api_key: &str) -> String {
    let digest = Sha256::digest(format!("tollway listen {api_key}"));
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    "whsec_".chars().map(String::from).chain(digits).collect()
}

/// `3000`, `localhost:3000/hook` and `http://localhost:3000/hook` are all places.
fn place(text: &str) -> Result<Url, String> {
    let whole = if text.contains("://") {
        text.to_owned()
    } else if text.parse::<u16>().is_ok() {
        format!("http://localhost:{text}")
    } else {
        format!("http://{text}")
    };
    Url::parse(&whole)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| "give a URL such as http://localhost:3000/webhooks".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("give a name and a value, such as 'X-Tenant: 1'")?;
    let (name, value) = (name.trim(), value.trim());
    http::HeaderName::try_from(name).map_err(|_| format!("'{name}' is no header name"))?;
    http::HeaderValue::try_from(value).map_err(|_| format!("'{value}' is no header value"))?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_short_or_whole() {
        for (text, whole) in [
            ("3000", "http://localhost:3000/"),
            ("localhost:3000/hook", "http://localhost:3000/hook"),
            ("https://example.com/a?b=c", "https://example.com/a?b=c"),
        ] {
            assert_eq!(place(text).map(String::from), Ok(whole.to_owned()));
        }
        for bad in ["", "ftp://example.com", "http://", "a b"] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_has_one_secret() {
        assert_eq!(secret_of("sk_test_1"), secret_of("sk_test_1"));
        assert_ne!(secret_of("sk_test_1"), secret_of("sk_test_2"));
        assert!(secret_of("sk_test_1").starts_with("whsec_"));
    }

    #[test]
    fn headers_have_a_name_and_a_value() {
        assert_eq!(header("X-A: b"), Ok(("X-A".into(), "b".into())));
        assert!(header("nothing").is_err());
        assert!(header("a b: c").is_err());
    }
}
