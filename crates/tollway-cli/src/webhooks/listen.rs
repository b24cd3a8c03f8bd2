//! `tollway listen`: prints every event of a world as it happens, and passes it on to a server of one's own.
//!
//! ```text
//! emulator ──▶ endpoints made for this run ──▶ receiver on a free loopback port ──▶ --forward-to
//! ```
//!
//! Two webhook endpoints, one for the platform's own events and one for those of connected accounts; with `--thin-events` two
//! event destinations besides. They share one secret, and the same key gets the same secret in every run. They are taken away at
//! the end; those of a run that was killed are taken away by the next one. Options are named as Stripe's command line has them:
//! <https://docs.stripe.com/cli/listen>.

use std::{net::TcpListener as Probe, sync::Arc, time::Duration};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tollway::{
    Client, Error,
    request::{RequestBuilder, Verb},
};
use url::Url;

use super::{
    Target,
    forward::{Forwarder, Place},
};
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
  tollway listen --thin-events v2.core.account.updated --forward-thin-to localhost:3000/thin
      passes thin events on
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
    /// Where thin events are passed on to.
    #[arg(long, value_name = "URL", value_parser = place, requires = "thin_events")]
    forward_thin_to: Option<Url>,
    /// Where thin events of connected accounts are passed on to; the same place if not given.
    #[arg(long, value_name = "URL", value_parser = place, requires = "thin_events")]
    forward_thin_connect_to: Option<Url>,
    /// The events to hear of, separated by commas.
    #[arg(
        short,
        long,
        value_name = "EVENTS",
        value_delimiter = ',',
        default_value = "*"
    )]
    events: Vec<String>,
    /// The thin events to hear of, separated by commas; none if not given.
    #[arg(long, value_name = "EVENTS", value_delimiter = ',')]
    thin_events: Vec<String>,
    /// Headers to pass on with every event, `Name: value`, separated by commas; may be given again.
    #[arg(
        short = 'H',
        long,
        alias = "header",
        value_name = "HEADERS",
        value_delimiter = ',',
        value_parser = header
    )]
    headers: Vec<(String, String)>,
    /// Headers to pass on with events of connected accounts; those of --headers if not given.
    #[arg(long, value_name = "HEADERS", value_delimiter = ',', value_parser = header)]
    connect_headers: Vec<(String, String)>,
    /// Pass on to a server of any certificate.
    #[arg(long)]
    skip_verify: bool,
    /// Have events rendered for the newest version of the API, which is what the emulator speaks in any case.
    #[arg(short, long)]
    latest: bool,
    /// `json` prints each event as a line of JSON instead of what happens to it.
    #[arg(long, value_name = "FORMAT", value_parser = ["default", "json"], ignore_case = true, default_value = "default")]
    format: String,
    /// The same as `--format json`.
    #[arg(short = 'j', long)]
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
    let json = args.print_json || args.format.eq_ignore_ascii_case("json");
    let forwarder = Forwarder::new(places(&args), args.skip_verify, json)?;
    let shutdown = shutdown::requested()?;
    let mine = Endpoints {
        client,
        receiver: format!("http://{address}"),
        events: args.events.clone(),
        thin_events: args.thin_events.clone(),
        latest: args.latest,
        secret: secret_of(&args.target.api_key),
    };
    let failed = |error| args.target.failed(&error);
    mine.sweep().await.map_err(failed)?;
    let mut made = mine.make().await.map_err(failed)?;
    if !json {
        println!("ready: events are signed with {}", mine.secret);
        crate::listen::flush();
    }
    let served = axum::serve(listener, super::forward::routes(Arc::new(forwarder)));
    tokio::select! {
        served = served => served.map_err(|error| Failure::new(format!("the receiver stopped: {error}")))?,
        () = mine.keep(&mut made) => {}
        () = shutdown => {}
    }
    mine.remove(&made).await;
    Ok(())
}

/// Where what the receiver gets on each of its paths goes.
fn places(args: &Args) -> Vec<(&'static str, Place)> {
    let connect_headers = if args.connect_headers.is_empty() {
        &args.headers
    } else {
        &args.connect_headers
    };
    let place = |url: Option<&Url>, connect: bool| Place {
        url: url.cloned(),
        headers: if connect {
            connect_headers
        } else {
            &args.headers
        }
        .clone(),
        connect,
    };
    let connect = args
        .forward_connect_to
        .as_ref()
        .or(args.forward_to.as_ref());
    let thin = args.forward_thin_to.as_ref();
    let thin_connect = args.forward_thin_connect_to.as_ref().or(thin);
    vec![
        (ACCOUNT, place(args.forward_to.as_ref(), false)),
        (CONNECT, place(connect, true)),
        (THIN, place(thin, false)),
        (THIN_CONNECT, place(thin_connect, true)),
    ]
}

/// The endpoints of this run.
struct Endpoints {
    client: Client,
    receiver: String,
    events: Vec<String>,
    thin_events: Vec<String>,
    latest: bool,
    secret: String,
}

/// The receiver's paths.
const ACCOUNT: &str = "account";
const CONNECT: &str = "connect";
const THIN: &str = "thin";
const THIN_CONNECT: &str = "thin-connect";

/// Where endpoints of both kinds are made.
const ENDPOINTS: &str = "/v1/webhook_endpoints";
const DESTINATIONS: &str = "/v2/core/event_destinations";

impl Endpoints {
    /// Makes them; the path of each.
    async fn make(&self) -> Result<Vec<String>, Error> {
        let mut made = Vec::new();
        for (path, connect) in [(ACCOUNT, false), (CONNECT, true)] {
            let mut request = self
                .client
                .request(Verb::Post, ENDPOINTS)
                .param("url", format!("{}/{path}", self.receiver))
                .param("connect", connect)
                .param("description", DESCRIPTION);
            if self.latest {
                request = request.param("api_version", tollway::STRIPE_VERSION);
            }
            for (index, event) in self.events.iter().enumerate() {
                request = request.param(&format!("enabled_events[{index}]"), event.as_str());
            }
            made.push(self.with_secret(ENDPOINTS, request).await?);
        }
        let thin = [(THIN, "self"), (THIN_CONNECT, "other_accounts")];
        for (path, from) in thin.iter().filter(|_| !self.thin_events.is_empty()) {
            let mut request = self
                .client
                .request(Verb::Post, DESTINATIONS)
                .param("name", DESCRIPTION)
                .param("type", "webhook_endpoint")
                .param("event_payload", "thin")
                .param("events_from[0]", *from)
                .param("webhook_endpoint[url]", format!("{}/{path}", self.receiver));
            for (index, event) in self.thin_events.iter().enumerate() {
                request = request.param(&format!("enabled_events[{index}]"), event.as_str());
            }
            made.push(self.with_secret(DESTINATIONS, request).await?);
        }
        Ok(made)
    }

    /// Makes one, and gives it the secret of this key.
    async fn with_secret(&self, at: &str, request: RequestBuilder) -> Result<String, Error> {
        let made: Value = request.send().await?;
        let id = made["id"].as_str().unwrap_or_default();
        let _: Value = self
            .client
            .request(Verb::Post, format!("/_tollway/webhook_endpoints/{id}"))
            .param("secret", self.secret.as_str())
            .send()
            .await?;
        Ok(format!("{at}/{id}"))
    }

    /// Makes them anew whenever an emulator without them answers, as one that was started again does.
    async fn keep(&self, made: &mut Vec<String>) {
        loop {
            tokio::time::sleep(LOOK).await;
            let request = self.client.request(Verb::Get, made[0].as_str());
            let there = request.send::<Value>().await;
            if there.is_err_and(|error| error.status() == Some(404))
                && let Ok(anew) = self.make().await
            {
                *made = anew;
                eprintln!("the emulator was started again: listening to the new one");
            }
        }
    }

    /// Takes away what runs left behind that ended without doing so: nobody listens at their receivers.
    async fn sweep(&self) -> Result<(), Error> {
        for (at, name, include) in [
            (ENDPOINTS, "description", None),
            (DESTINATIONS, "name", Some("webhook_endpoint.url")),
        ] {
            let mut request = self.client.request(Verb::Get, at).param("limit", 100);
            if let Some(include) = include {
                request = request.param("include[0]", include);
            }
            let list: Value = request.send().await?;
            let dead = |endpoint: &&Value| {
                let url = endpoint["url"]
                    .as_str()
                    .or(endpoint["webhook_endpoint"]["url"].as_str());
                let port = url.and_then(|url| Url::parse(url).ok()?.port());
                endpoint[name] == DESCRIPTION
                    && port.is_some_and(|port| Probe::bind(("127.0.0.1", port)).is_ok())
            };
            let endpoints = list["data"].as_array().into_iter().flatten();
            let ids = endpoints
                .filter(dead)
                .filter_map(|endpoint| endpoint["id"].as_str());
            self.remove(&ids.map(|id| format!("{at}/{id}")).collect::<Vec<_>>())
                .await;
        }
        Ok(())
    }

    /// An emulator that went away took them along.
    async fn remove(&self, made: &[String]) {
        for path in made {
            let request = self.client.request(Verb::Delete, path.as_str());
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
