//! `tollway events`: prints how an event was delivered, or sends it again.

use serde_json::Value;
use tollway::{Client, Error, request::Verb};

use super::Target;
use crate::failure::Outcome;

/// The arguments of `tollway events`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print how an event was delivered, attempt by attempt.
    Deliveries(One),
    /// Send an event again to each of its endpoints.
    Resend(One),
}

#[derive(Debug, clap::Args)]
struct One {
    #[command(flatten)]
    target: Target,
    /// The event's id, as `evt_123`.
    event: String,
}

/// Runs the command.
pub(crate) async fn run(args: Args) -> Outcome {
    match args.command {
        Command::Deliveries(one) => {
            let client = one.target.client()?;
            let all = deliveries(&client, &one.event).await;
            let all = all.map_err(|error| one.target.failed(&error))?;
            if all.is_empty() {
                println!("{}: it was sent to no endpoint", one.event);
            }
            for delivery in all {
                print(&delivery);
            }
        }
        Command::Resend(one) => {
            let sent = resend(&one.target.client()?, &one.event).await;
            let sent = sent.map_err(|error| one.target.failed(&error))?;
            println!("{}: sent again to {sent} endpoints", one.event);
        }
    }
    Ok(())
}

async fn deliveries(client: &Client, event: &str) -> Result<Vec<Value>, Error> {
    let response: Value = client
        .request(Verb::Get, "/_tollway/deliveries")
        .param("event", event)
        .send()
        .await?;
    Ok(response["deliveries"]
        .as_array()
        .cloned()
        .unwrap_or_default())
}

async fn resend(client: &Client, event: &str) -> Result<u64, Error> {
    let path = format!("/_tollway/events/{event}/resend");
    let response: Value = client.request(Verb::Post, path).send().await?;
    Ok(response["deliveries"].as_u64().unwrap_or_default())
}

/// Prints a line for the delivery, and one for each attempt.
fn print(delivery: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    println!(
        "{} to {}: {}",
        text(&delivery["type"]),
        text(&delivery["endpoint"]),
        text(&delivery["state"])
    );
    for attempt in delivery["attempts"].as_array().into_iter().flatten() {
        let status = attempt["status"].as_u64();
        let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        println!(
            "  {} [{status}] {}",
            attempt["at"],
            text(&attempt["answer"])
        );
    }
}
