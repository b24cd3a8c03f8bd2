//! The examples that need a client and nothing else, against an emulator in the same process.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use tollway::testing::ManualClock;
use tollway::webhook::{Verifier, test_header};
use tollway::{Client, ErrorKind};
use tollway_emulator::{Clock, Emulator};
use tollway_examples::errors::Payment;
use tollway_examples::tenants::{Tenants, balances};
use tollway_examples::{
    accounts, blocking, connect, errors, files, idempotency, oauth_axum, pagination, quick_start,
    raw, search, v2_accounts, webhooks_axum,
};
use tower::ServiceExt as _;

use crate::stripe::{CLIENT_ID, REDIRECT_URI, Stripe};

const NOW: i64 = 1_790_000_000;

fn emulator() -> Emulator {
    let builder = Emulator::builder().clock(Clock::manual(NOW));
    builder.seed(7).build().unwrap()
}

fn client(emulator: &Emulator) -> Client {
    let builder = Client::builder("sk_test_examples").transport(emulator.transport());
    let clock = Arc::new(ManualClock::at(NOW.unsigned_abs()));
    builder.clock(clock).client_id(CLIENT_ID).build().unwrap()
}

async fn seller(client: &Client) -> String {
    let account = accounts::open_account(client).await.unwrap();
    account.id().to_owned()
}

#[tokio::test]
async fn quick_start_charges_a_card() {
    let charge = quick_start::run(&client(&emulator())).await.unwrap();
    assert!(charge.paid());
    assert_eq!((charge.amount(), charge.currency()), (1000, "usd"));
}

#[tokio::test]
async fn pagination_loses_nobody() {
    let client = client(&emulator());
    let mut ids = Vec::new();
    for at in 0..5 {
        let customer = client
            .customers()
            .create()
            .email(&format!("{at}@example.com"));
        ids.push(customer.send().await.unwrap().id().to_owned());
    }
    assert_eq!(pagination::emails(&client).await.unwrap().len(), 5);
    assert_eq!(pagination::page_sizes(&client).await.unwrap(), [2, 2, 1]);
    let newer = pagination::newer_than(&client, &ids[2]).await.unwrap();
    let newer: Vec<_> = newer.iter().map(|customer| customer.id()).collect();
    assert_eq!(newer, [&ids[3], &ids[4]]);

    let (first, cursor) = pagination::portion(&client, None, 2).await.unwrap();
    let stored = cursor.unwrap().to_string();
    let (rest, _) = pagination::portion(&client, Some(&stored.parse().unwrap()), 10)
        .await
        .unwrap();
    assert_eq!((first.len(), rest.len()), (2, 3));
    assert_eq!(rest[2].id(), ids[0]);
}

#[tokio::test]
async fn errors_are_told_apart() {
    let client = client(&emulator());
    assert!(matches!(
        errors::pay(&client, "1", "tok_visa").await,
        Payment::Paid(_)
    ));
    match errors::pay(&client, "2", "tok_chargeDeclinedInsufficientFunds").await {
        Payment::Declined { reason, message } => {
            assert_eq!(reason.as_deref(), Some("insufficient_funds"));
            assert!(!message.is_empty());
        }
        other => panic!("{other:?}"),
    }
    match errors::pay(&client, "3", "tok_nobody").await {
        Payment::Failed(error) => {
            let line = errors::log_line(&error);
            assert!(
                line.starts_with("invalid_request: code Some(\"resource_missing\")"),
                "{line}"
            );
        }
        other => panic!("{other:?}"),
    }
    // The same order again gives the same charge.
    match errors::pay(&client, "1", "tok_visa").await {
        Payment::Paid(charge) => assert!(charge.last_response().unwrap().is_replayed()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn idempotency_pays_a_seller_once() {
    let client = client(&emulator());
    let funds = client.charges().create().amount(5000).currency("usd");
    funds.source("tok_bypassPending").send().await.unwrap();
    let account = seller(&client).await;
    let first = idempotency::pay_seller(&client, "6735", &account)
        .await
        .unwrap();
    let again = idempotency::pay_seller(&client, "6735", &account)
        .await
        .unwrap();
    assert_eq!(first.id(), again.id());
    assert!(idempotency::is_new(&first) && !idempotency::is_new(&again));
    let error = client
        .transfers()
        .create("usd", &account)
        .amount(1)
        .idempotency_key("pay-6735")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Idempotency);
}

#[tokio::test]
async fn files_go_up_and_come_down() {
    let client = client(&emulator());
    let file = files::upload(&client, "receipt.pdf", b"%PDF-1.7 one".to_vec())
        .await
        .unwrap();
    assert_eq!((file.filename(), file.size()), (Some("receipt.pdf"), 12));
    let back = files::download(&client, file.id()).await.unwrap();
    assert_eq!(back, b"%PDF-1.7 one");
    let error = files::quote(&client, "qt_nobody").await.unwrap_err();
    assert_eq!(error.code(), Some("resource_missing"));
}

#[tokio::test]
async fn v2_accounts_are_made_read_and_changed() {
    let client = client(&emulator());
    let made = v2_accounts::create(&client, "Jenny's Rides", "jenny@example.com")
        .await
        .unwrap();
    let read = v2_accounts::look(&client, made.id()).await.unwrap();
    assert_eq!(read.display_name(), Some("Jenny's Rides"));
    let changed = v2_accounts::publish(&client, made.id(), "Rides")
        .await
        .unwrap();
    let metadata = changed.get("metadata").unwrap();
    assert_eq!(metadata.text(), r#"{"plan":"pro"}"#);
    assert_eq!(v2_accounts::names(&client).await.unwrap(), ["Rides"]);
}

#[tokio::test]
async fn search_finds_by_email_and_counts() {
    let client = client(&emulator());
    let customer = client.customers().create().email("jenny@example.com");
    customer.metadata([("plan", "basic")]).send().await.unwrap();
    let found = search::by_email(&client, "jenny@example.com")
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        search::by_email(&client, "a\" OR b").await.unwrap().len(),
        0
    );
    let count = search::count_on_plan(&client, "basic").await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn raw_requests_are_requests() {
    let client = client(&emulator());
    assert_eq!(
        raw::new_field(&client).await.unwrap().as_deref(),
        Some("tomorrow")
    );
    let (made, read) = raw::new_operation(&client).await.unwrap();
    assert_eq!(read.name(), Some("Jenny Rosen"));
    assert_eq!(made.get("id").unwrap().as_str(), Some(read.id()));
}

#[test]
fn blocking_needs_no_runtime() {
    let builder = Client::builder("sk_test_examples").transport(emulator().transport());
    let client = builder.build_blocking().unwrap();
    let names = blocking::run(&client, &["Ann", "Ben", "Cleo"]).unwrap();
    assert_eq!(names, ["Cleo", "Ben", "Ann"]);
}

#[tokio::test]
async fn balances_come_from_as_many_tasks() {
    let client = client(&emulator());
    let tenants = Tenants::new(client.clone());
    for tenant in ["north", "south"] {
        tenants.connected(tenant, &seller(&client).await);
    }
    let all = balances(&tenants, &["north", "south", "nobody"])
        .await
        .unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all["north"], 0);
}

#[tokio::test]
async fn oauth_in_axum_connects_a_seller() {
    let stripe = Stripe::start().await;
    let app = oauth_axum::App::new(stripe.platform(), REDIRECT_URI);
    let router = oauth_axum::router(app.clone());
    let get = |path: &str, session: &str| {
        let request = Request::get(path).header(header::COOKIE, format!("session={session}"));
        router.clone().oneshot(request.body(Body::empty()).unwrap())
    };

    let left = get("/connect", "anna").await.unwrap();
    assert_eq!(left.status(), StatusCode::SEE_OTHER);
    let url = left.headers()[header::LOCATION].to_str().unwrap();
    let form = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "anna@example.com"),
    ];
    let back = stripe.answer_page(url, &form).await;
    let path = format!("/connect/callback?{}", back.split_once('?').unwrap().1);

    // Somebody else cannot bring it, and the seller can once.
    assert_eq!(
        get(&path, "mallory").await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(get(&path, "anna").await.unwrap().status(), StatusCode::OK);
    assert_eq!(
        get(&path, "anna").await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    let account = app.account_of("anna").unwrap();
    let seller = stripe.platform().for_account(&account);
    seller.balance().retrieve().send().await.unwrap();
    connect::disconnect(&stripe.platform(), CLIENT_ID, &account)
        .await
        .unwrap();
}

#[tokio::test]
async fn webhooks_in_axum_reach_their_handler() {
    let client = client(&emulator());
    let tenants = Arc::new(Tenants::new(client.clone()));
    tenants.connected("north", "acct_123");
    let verifier = Verifier::new("whsec_1").unwrap();
    let verifier = verifier.clock(Arc::new(ManualClock::at(NOW.unsigned_abs())));
    let router = webhooks_axum::router(&client, verifier, &tenants).unwrap();
    let deliver = |body: String, secret: &str| {
        let signature = test_header(body.as_bytes(), secret, NOW);
        let request = Request::post("/webhooks").header("stripe-signature", signature);
        router
            .clone()
            .oneshot(request.body(Body::from(body)).unwrap())
    };
    let left = r#"{"id": "evt_1", "object": "event", "type": "account.application.deauthorized", "account": "acct_123"}"#;

    let forged = deliver(left.to_owned(), "whsec_forged").await.unwrap();
    assert_eq!(forged.status(), StatusCode::BAD_REQUEST);
    assert!(tenants.client("north").is_some());
    let good = deliver(left.to_owned(), "whsec_1").await.unwrap();
    assert_eq!(good.status(), StatusCode::OK);
    assert!(tenants.client("north").is_none());

    let account = v2_accounts::create(&client, "Rides", "a@example.com")
        .await
        .unwrap();
    let thin = format!(
        r#"{{"id": "evt_2", "object": "v2.core.event", "type": "v2.core.account.updated", "related_object":
            {{"id": "{0}", "type": "v2.core.account", "url": "/v2/core/accounts/{0}"}}}}"#,
        account.id()
    );
    assert_eq!(
        deliver(thin, "whsec_1").await.unwrap().status(),
        StatusCode::OK
    );
}
