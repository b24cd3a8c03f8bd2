//! The guide for platforms, snippet by snippet.

use tollway::ErrorKind;
use tollway::oauth::{CallbackError, Scope};
use tollway::secrecy::ExposeSecret as _;
use tollway::webhook::{Verifier, test_header};
use tollway_examples::connect::{NotConnected, connect_url, disconnect, finish};
use tollway_examples::tenants::Tenants;
use tollway_examples::{accounts, webhooks};

use crate::stripe::{CLIENT_ID, KEY, REDIRECT_URI, Stripe};

#[tokio::test]
async fn a_client_for_one_account() {
    let stripe = Stripe::start().await;
    let account = stripe.connect_seller("anna@example.com").await;
    let made = accounts::seller_client(KEY, &account, &stripe.url).unwrap();
    let derived = accounts::client_for_seller(&stripe.platform(), &account);

    let customer = made
        .customers()
        .create()
        .email("buyer@example.com")
        .send()
        .await
        .unwrap();
    let seen = derived
        .customers()
        .retrieve(customer.id())
        .send()
        .await
        .unwrap();
    assert_eq!(seen.email(), Some("buyer@example.com"));
    // It is the seller's customer, not the platform's.
    let error = stripe
        .platform()
        .customers()
        .retrieve(customer.id())
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::InvalidRequest, Some("resource_missing"))
    );
    assert_eq!(accounts::count_own_customers(&made).await.unwrap(), 0);
}

#[tokio::test]
async fn an_account_for_one_request() {
    let stripe = Stripe::start().await;
    let account = stripe.connect_seller("ben@example.com").await;
    let platform = stripe.platform();
    let charge = accounts::charge_for_seller(&platform, &account, "6735", 1000, 100)
        .await
        .unwrap();
    assert_eq!((charge.amount(), charge.currency()), (1000, "usd"));
    assert_eq!(charge.application_fee_amount(), Some(100));
    assert_eq!(
        charge.last_response().unwrap().stripe_account(),
        Some(account.as_str())
    );

    let again = accounts::charge_for_seller(&platform, &account, "6735", 1000, 100)
        .await
        .unwrap();
    assert_eq!(again.id(), charge.id());
    assert!(again.last_response().unwrap().is_replayed());
}

#[tokio::test]
async fn the_connect_button_and_the_way_back() {
    let stripe = Stripe::start().await;
    let platform = stripe.platform();
    let url = connect_url(&platform, "s3cret", REDIRECT_URI, "cleo@example.com").unwrap();
    let form = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "cleo@example.com"),
    ];
    let back = stripe.answer_page(&url, &form).await;

    let other = finish(&platform, &back, "another").await.unwrap_err();
    assert!(
        matches!(other, NotConnected::Callback(CallbackError::StateMismatch)),
        "{other}"
    );
    let token = finish(&platform, &back, "s3cret").await.unwrap();
    assert!(token.stripe_user_id().starts_with("acct_"));
    assert_eq!(
        (token.scope(), token.livemode()),
        (Some(Scope::ReadWrite), false)
    );
    token.check().unwrap();
    // A code is good for one exchange.
    let twice = finish(&platform, &back, "s3cret").await.unwrap_err();
    assert!(matches!(twice, NotConnected::StartAgain), "{twice}");
}

#[tokio::test]
async fn a_seller_who_says_no() {
    let stripe = Stripe::start().await;
    let platform = stripe.platform();
    let url = connect_url(&platform, "s3cret", REDIRECT_URI, "dora@example.com").unwrap();
    let back = stripe.answer_page(&url, &[("decision", "deny")]).await;
    match finish(&platform, &back, "s3cret").await.unwrap_err() {
        NotConnected::Callback(CallbackError::Denied {
            error,
            state_checked,
            ..
        }) => {
            assert_eq!((error.as_str(), state_checked), ("access_denied", true));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn disconnecting_with_both_ids_given() {
    let stripe = Stripe::start().await;
    let account = stripe.connect_seller("emil@example.com").await;
    let platform = stripe.platform();
    let seller = platform.for_account(&account);
    seller.balance().retrieve().send().await.unwrap();

    disconnect(&platform, CLIENT_ID, &account).await.unwrap();
    let error = seller.balance().retrieve().send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Permission, Some("account_invalid"))
    );
    let again = disconnect(&platform, CLIENT_ID, &account)
        .await
        .unwrap_err();
    assert_eq!(again.kind().as_str(), "oauth.invalid_client");
}

#[tokio::test]
async fn a_refresh_token_makes_a_new_access_token() {
    let stripe = Stripe::start().await;
    let platform = stripe.platform();
    let url = connect_url(&platform, "st", REDIRECT_URI, "fred@example.com").unwrap();
    let form = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "fred@example.com"),
    ];
    let first = finish(&platform, &stripe.answer_page(&url, &form).await, "st")
        .await
        .unwrap();
    let refresh = first
        .refresh_token()
        .expect("the first exchange brings one");

    let second = platform
        .oauth()
        .token()
        .refresh_token(refresh.expose_secret())
        .send()
        .await
        .unwrap();
    assert_eq!(second.stripe_user_id(), first.stripe_user_id());
    // The access token is a key of its own: no account needs to be named.
    let seller = platform
        .with_api_key(second.access_token().unwrap())
        .unwrap();
    seller.balance().retrieve().send().await.unwrap();
}

#[tokio::test]
async fn a_client_for_each_tenant() {
    let stripe = Stripe::start().await;
    let tenants = std::sync::Arc::new(Tenants::new(stripe.platform()));
    for tenant in ["north", "south"] {
        let account = stripe
            .connect_seller(&format!("{tenant}@example.com"))
            .await;
        tenants.connected(tenant, &account);
    }
    let work = |tenant: &'static str| {
        let client = tenants.client(tenant).unwrap();
        tokio::spawn(async move {
            for at in 0..5 {
                client
                    .customers()
                    .create()
                    .name(&format!("{tenant} {at}"))
                    .send()
                    .await
                    .unwrap();
            }
            client
                .customers()
                .list()
                .auto_paging()
                .collect_up_to(100)
                .await
                .unwrap()
        })
    };
    let (north, south) = tokio::join!(work("north"), work("south"));
    for (tenant, customers) in [("north", north.unwrap()), ("south", south.unwrap())] {
        assert_eq!(customers.len(), 5);
        assert!(
            customers
                .iter()
                .all(|customer| customer.name().unwrap().starts_with(tenant))
        );
    }
    assert!(tenants.client("west").is_none());
}

#[tokio::test]
async fn a_webhook_says_that_a_seller_left() {
    let stripe = Stripe::start().await;
    let tenants = Tenants::new(stripe.platform());
    tenants.connected("north", "acct_123");
    let verifier = Verifier::new("whsec_connect")
        .unwrap()
        .tolerance(tollway::webhook::Tolerance::Disabled);
    let body = br#"{"id": "evt_1", "object": "event", "type": "account.application.deauthorized", "account": "acct_123",
        "api_version": null, "livemode": false, "data": {"object": {"id": "ca_guide", "object": "application"}}}"#;

    assert_eq!(
        webhooks::receive(
            &verifier,
            &tenants,
            body,
            &test_header(body, "whsec_forged", 0)
        ),
        400
    );
    assert!(tenants.client("north").is_some());
    assert_eq!(
        webhooks::receive(
            &verifier,
            &tenants,
            body,
            &test_header(body, "whsec_connect", 0)
        ),
        200
    );
    assert!(tenants.client("north").is_none());
}
