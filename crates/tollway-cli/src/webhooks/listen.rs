//! `tollway listen`: prints every event of a world when it happens, and forwards it to a server of yours.
//!
//! ```text
//! emulator ──▶ endpoints made for this run ──▶ receiver on a free loopback port ──▶ --forward-to
//! ```
//!
//! It creates two webhook endpoints, one for the platform's own events and one for those of connected accounts; with
//! `--thin-events` also two event destinations. They share one secret, which is the same in every run with the same key. They are
//! deleted at the end; those of a killed run are deleted by the next one. The options have the names of Stripe's command line:
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
    forward::{Destination, Forwarder},
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
      the secret that signs what is forwarded";

/// The description that marks the endpoints of this command.
const DESCRIPTION: &str = "tollway listen";

/// How often the command checks that its endpoints still exist.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The arguments of `tollway listen`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// Where events are forwarded to, as `localhost:3000/webhooks` or just a port.
    #[arg(short, long, value_name = "URL", value_parser = parse_url)]
    forward_to: Option<Url>,
    /// Where events of connected accounts are forwarded to; the same URL if not given.
    #[arg(short = 'c', long, value_name = "URL", value_parser = parse_url)]
    forward_connect_to: Option<Url>,
    /// Where thin events are forwarded to.
    #[arg(long, value_name = "URL", value_parser = parse_url, requires = "thin_events")]
    forward_thin_to: Option<Url>,
    /// Where thin events of connected accounts are forwarded to; the same URL if not given.
    #[arg(long, value_name = "URL", value_parser = parse_url, requires = "thin_events")]
    forward_thin_connect_to: Option<Url>,
    /// The events to receive, separated by commas.
    #[arg(
        short,
        long,
        value_name = "EVENTS",
        value_delimiter = ',',
        default_value = "*"
    )]
    events: Vec<String>,
    /// The thin events to receive, separated by commas; none if not given.
    #[arg(long, value_name = "EVENTS", value_delimiter = ',')]
    thin_events: Vec<String>,
    /// Headers to send with every event, `Name: value`, separated by commas; may be given again.
    #[arg(
        short = 'H',
        long,
        alias = "header",
        value_name = "HEADERS",
        value_delimiter = ',',
        value_parser = header
    )]
    headers: Vec<(String, String)>,
    /// Headers to send with events of connected accounts; those of --headers if not given.
    #[arg(long, value_name = "HEADERS", value_delimiter = ',', value_parser = header)]
    connect_headers: Vec<(String, String)>,
    /// Forward to a server with any certificate.
    #[arg(long)]
    skip_verify: bool,
    /// Render events for the newest version of the API, which the emulator uses in any case.
    #[arg(short, long)]
    latest: bool,
    /// `json` prints each event as a line of JSON instead of how it was forwarded.
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
    let forwarder = Forwarder::new(destinations(&args), args.skip_verify, json)?;
    let shutdown = shutdown::requested()?;
    let endpoints = Endpoints {
        client,
        receiver: format!("http://{address}"),
        events: args.events.clone(),
        thin_events: args.thin_events.clone(),
        latest: args.latest,
        secret: secret_of(&args.target.api_key),
    };
    let failed = |error| args.target.failed(&error);
    endpoints.delete_stale().await.map_err(failed)?;
    let mut paths = endpoints.create().await.map_err(failed)?;
    if !json {
        println!("ready: events are signed with {}", endpoints.secret);
        crate::listen::flush();
    }
    let served = super::forward::serve(listener, Arc::new(forwarder));
    tokio::select! {
        served = served => served.map_err(|error| Failure::new(format!("the receiver stopped: {error}")))?,
        () = endpoints.recreate_when_missing(&mut paths) => {}
        () = shutdown => {}
    }
    endpoints.delete(&paths).await;
    Ok(())
}

/// The destination of each path of the receiver.
fn destinations(args: &Args) -> Vec<(&'static str, Destination)> {
    let connect_headers = if args.connect_headers.is_empty() {
        &args.headers
    } else {
        &args.connect_headers
    };
    let destination = |url: Option<&Url>, connect: bool| Destination {
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
        (ACCOUNT, destination(args.forward_to.as_ref(), false)),
        (CONNECT, destination(connect, true)),
        (THIN, destination(thin, false)),
        (THIN_CONNECT, destination(thin_connect, true)),
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

/// The API paths of both kinds of endpoints.
const ENDPOINTS: &str = "/v1/webhook_endpoints";
const DESTINATIONS: &str = "/v2/core/event_destinations";

impl Endpoints {
    /// Creates the endpoints and returns the API path of each.
    async fn create(&self) -> Result<Vec<String>, Error> {
        let mut paths = Vec::new();
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
            paths.push(self.with_secret(ENDPOINTS, request).await?);
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
            paths.push(self.with_secret(DESTINATIONS, request).await?);
        }
        Ok(paths)
    }

    /// Creates one endpoint, and sets the secret of this key on it.
    async fn with_secret(&self, at: &str, request: RequestBuilder) -> Result<String, Error> {
        let endpoint: Value = request.send().await?;
        let id = endpoint["id"].as_str().unwrap_or_default();
        let _: Value = self
            .client
            .request(Verb::Post, format!("/_tollway/webhook_endpoints/{id}"))
            .param("secret", self.secret.as_str())
            .send()
            .await?;
        Ok(format!("{at}/{id}"))
    }

    /// Creates the endpoints again when the emulator does not have them, as after its restart.
    async fn recreate_when_missing(&self, paths: &mut Vec<String>) {
        loop {
            #[expect(
                clippy::disallowed_methods,
                reason = "the emulator is another process and does not notify this one"
            )]
            tokio::time::sleep(CHECK_INTERVAL).await;
            let request = self.client.request(Verb::Get, paths[0].as_str());
            let endpoint = request.send::<Value>().await;
            if endpoint.is_err_and(|error| error.status() == Some(404))
                && let Ok(created) = self.create().await
            {
                *paths = created;
                eprintln!("the emulator was started again: listening to the new one");
            }
        }
    }

    /// Deletes the endpoints of killed runs: no program listens at their receivers.
    async fn delete_stale(&self) -> Result<(), Error> {
        for (at, name, include) in [
            (ENDPOINTS, "description", None),
            (DESTINATIONS, "name", Some("webhook_endpoint.url")),
        ] {
            let mut request = self.client.request(Verb::Get, at).param("limit", 100);
            if let Some(include) = include {
                request = request.param("include[0]", include);
            }
            let list: Value = request.send().await?;
            let is_stale = |endpoint: &&Value| {
                let url = endpoint["url"]
                    .as_str()
                    .or(endpoint["webhook_endpoint"]["url"].as_str());
                let port = url.and_then(|url| Url::parse(url).ok()?.port());
                endpoint[name] == DESCRIPTION
                    && port.is_some_and(|port| Probe::bind(("127.0.0.1", port)).is_ok())
            };
            let listed = list["data"].as_array().into_iter().flatten();
            let ids = listed
                .filter(is_stale)
                .filter_map(|endpoint| endpoint["id"].as_str());
            self.delete(&ids.map(|id| format!("{at}/{id}")).collect::<Vec<_>>())
                .await;
        }
        Ok(())
    }

    /// Deletes endpoints. Errors are ignored: an emulator that has stopped has no endpoints.
    async fn delete(&self, paths: &[String]) {
        for path in paths {
            let request = self.client.request(Verb::Delete, path.as_str());
            request.send::<Value>().await.ok();
        }
    }
}

/// The secret of all runs with a key: always the same, so that it can be written into a configuration.
fn secret_of(api_key: &str) -> String {
    let digest = Sha256::digest(format!("tollway listen {api_key}"));
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    "whsec_".chars().map(String::from).chain(digits).collect()
}

/// Accepts `3000`, `localhost:3000/hook` and `http://localhost:3000/hook`.
fn parse_url(text: &str) -> Result<Url, String> {
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
    fn urls_are_ports_hosts_or_whole() {
        for (text, whole) in [
            ("3000", "http://localhost:3000/"),
            ("localhost:3000/hook", "http://localhost:3000/hook"),
            ("https://example.com/a?b=c", "https://example.com/a?b=c"),
        ] {
            assert_eq!(parse_url(text).map(String::from), Ok(whole.to_owned()));
        }
        for bad in ["", "ftp://example.com", "http://", "a b"] {
            assert!(parse_url(bad).is_err(), "{bad}");
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
