//! Runs an example: `cargo run --example tour -- quick-start`.
//!
//! It talks to the emulator (`tollway emulator`) unless `STRIPE_BASE_URL` says otherwise, with the key in
//! `STRIPE_SECRET_KEY`.

use std::error::Error;
use std::sync::Arc;

use tollway::Client;
use tollway::webhook::Verifier;
use tollway_examples::{
    blocking, errors, files, idempotency, oauth_axum, pagination, quick_start, raw, search,
    tenants::Tenants, v2_accounts, webhooks_axum,
};

const NAMES: &str = "quick-start, pagination, errors, idempotency ACCOUNT, files, v2-accounts, search, raw, blocking, oauth, webhooks";

fn variable(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_default();
    let key = variable("STRIPE_SECRET_KEY", "sk_test_123");
    let base_url = variable("STRIPE_BASE_URL", "http://127.0.0.1:12111");
    let client = Client::builder(key.as_str())
        .client_id(variable("STRIPE_CLIENT_ID", "ca_123"))
        .base_url(&base_url)
        .build()?;
    match name.as_str() {
        "quick-start" => drop(quick_start::run(&client).await?),
        "pagination" => println!("{:?}", pagination::emails(&client).await?),
        "errors" => println!(
            "{:?}",
            errors::pay(&client, "6735", "tok_chargeDeclined").await
        ),
        "idempotency" => {
            let account = args.next().unwrap_or_default();
            let transfer = idempotency::pay_seller(&client, "6735", &account).await?;
            println!(
                "{} is new: {}",
                transfer.id(),
                idempotency::is_new(&transfer)
            );
        }
        "files" => {
            let file = files::upload(&client, "receipt.pdf", b"%PDF-1.7".to_vec()).await?;
            println!(
                "{} bytes back",
                files::download(&client, file.id()).await?.len()
            );
        }
        "v2-accounts" => {
            v2_accounts::create(&client, "Jenny's Rides", "jenny@example.com").await?;
            println!("{:?}", v2_accounts::names(&client).await?);
        }
        "search" => println!(
            "{:?}",
            search::by_email(&client, "jenny@example.com").await?
        ),
        "raw" => println!("{:?}", raw::new_operation(&client).await?),
        "blocking" => {
            let work = move || blocking::run(&blocking::client(&key, &base_url)?, &["Ann", "Ben"]);
            println!("{:?}", tokio::task::spawn_blocking(work).await??);
        }
        "oauth" => {
            let app = oauth_axum::App::new(client, "http://127.0.0.1:3000/connect/callback");
            serve(oauth_axum::router(app)).await?;
        }
        "webhooks" => {
            let verifier = Verifier::new(variable("STRIPE_WEBHOOK_SECRET", "whsec_123"))?;
            let tenants = Arc::new(Tenants::new(client.clone()));
            serve(webhooks_axum::router(&client, verifier, &tenants)?).await?;
        }
        _ => return Err(format!("name an example: {NAMES}").into()),
    }
    Ok(())
}

async fn serve(router: axum::Router) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await
}
