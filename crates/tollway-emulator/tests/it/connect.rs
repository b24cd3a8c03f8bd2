//! Connected accounts through the API: created, completed, listed and deleted; sellers that exist before they connect.

use axum::http::{Method, StatusCode};

use crate::client::id;
use crate::support::{Stripe, authorize};

const KEY: &str = "sk_test_market";
const CLIENT: &str = "ca_market";

async fn get(stripe: &Stripe, path: &str, account: Option<&str>) -> crate::support::Answer {
    let headers: Vec<(&str, &str)> = account
        .map(|account| ("stripe-account", account))
        .into_iter()
        .collect();
    stripe
        .caller(KEY)
        .with_headers(&headers)
        .get(path, "")
        .await
}

#[tokio::test]
async fn a_custom_account_is_completed_step_by_step() {
    let stripe = Stripe::new();
    let form = [
        ("type", "custom"),
        ("country", "DE"),
        ("email", "s@x.example"),
        ("capabilities[transfers][requested]", "true"),
    ];
    let account = stripe.post("/v1/accounts", KEY, &form).await.ok();
    assert_eq!(
        (
            account["default_currency"].as_str(),
            account["charges_enabled"].as_bool()
        ),
        (Some("eur"), Some(false))
    );
    assert_eq!(account["capabilities"]["transfers"], "inactive");
    assert!(
        account["requirements"]["currently_due"]
            .as_array()
            .unwrap()
            .contains(&"external_account".into())
    );
    assert_eq!(account["controller"]["stripe_dashboard"]["type"], "none");

    let path = format!("/v1/accounts/{}", id(&account));
    let rest = [
        ("business_type", "individual"),
        ("individual[first_name]", "Ada"),
        ("individual[last_name]", "Baker"),
        ("individual[email]", "ada@x.example"),
        ("individual[phone]", "0000000000"),
        ("individual[dob][day]", "1"),
        ("individual[dob][month]", "2"),
        ("individual[dob][year]", "1990"),
        ("individual[address][line1]", "Weg 1"),
        ("individual[address][city]", "Berlin"),
        ("individual[address][postal_code]", "10115"),
        ("business_profile[mcc]", "5734"),
        ("business_profile[url]", "https://s.example"),
        ("tos_acceptance[date]", "1790000000"),
        ("tos_acceptance[ip]", "127.0.0.1"),
        ("metadata[k]", "v"),
        ("external_account[object]", "bank_account"),
        ("external_account[country]", "DE"),
        ("external_account[currency]", "eur"),
        ("external_account[account_number]", "DE89370400440532013000"),
    ];
    let complete = stripe.post(&path, KEY, &rest).await.ok();
    assert_eq!(
        (
            complete["charges_enabled"].as_bool(),
            complete["details_submitted"].as_bool()
        ),
        (Some(true), Some(true)),
        "{complete}"
    );
    assert_eq!(complete["capabilities"]["transfers"], "active");
    assert_eq!(complete["external_accounts"]["data"][0]["last4"], "3000");
    assert_eq!(complete["metadata"]["k"], "v");
    // The account itself sees it too, and its changes are events of its own.
    assert_eq!(
        id(&get(&stripe, "/v1/account", Some(id(&account))).await.ok()),
        id(&account)
    );
    let events = get(&stripe, "/v1/events", Some(id(&account))).await.ok();
    assert_eq!(events["data"][0]["type"], "account.updated");
    assert_eq!(
        events["data"][0]["data"]["previous_attributes"]["charges_enabled"],
        false
    );

    let deauthorize = [("client_id", CLIENT), ("stripe_user_id", id(&account))];
    stripe.connect(CLIENT, KEY, "other@x.example").await;
    assert_eq!(
        stripe
            .post("/oauth/deauthorize", KEY, &deauthorize)
            .await
            .oauth_error(),
        (400, "no_deauth_on_controlled_account".to_owned())
    );
    let gone = stripe
        .call(Method::DELETE, &path, Some(KEY), &[])
        .await
        .ok();
    assert_eq!(gone["deleted"], true);
    assert_eq!(
        get(&stripe, "/v1/account", Some(id(&account))).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn accounts_are_listed_and_seen_only_while_connected() {
    let stripe = Stripe::new();
    let own = get(&stripe, "/v1/account", None).await.ok();
    assert_eq!(
        (own["object"].as_str(), own["charges_enabled"].as_bool()),
        (Some("account"), Some(true))
    );
    let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
    let account = token["stripe_user_id"].as_str().unwrap();
    let list = get(&stripe, "/v1/accounts", None).await.ok();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(ids, [account]);
    let path = format!("/v1/accounts/{account}");
    let seen = get(&stripe, &path, None).await.ok();
    assert_eq!(
        (seen["email"].as_str(), seen["type"].as_str()),
        (Some("baker@shop.example"), Some("standard"))
    );
    // The access token is the account's own key.
    let access = token["access_token"].as_str().unwrap();
    let itself = stripe
        .call(Method::GET, "/v1/account", Some(access), &[])
        .await
        .ok();
    assert_eq!(id(&itself), account);

    stripe
        .post(
            "/oauth/deauthorize",
            KEY,
            &[("client_id", CLIENT), ("stripe_user_id", account)],
        )
        .await
        .ok();
    let refused = get(&stripe, &path, None).await;
    assert_eq!(
        (refused.status, refused.json()["error"]["code"].as_str()),
        (StatusCode::FORBIDDEN, Some("account_invalid"))
    );
    let refused = get(&stripe, "/v1/customers", Some(account)).await;
    assert_eq!(
        (refused.status, refused.json()["error"]["code"].as_str()),
        (StatusCode::FORBIDDEN, Some("account_invalid"))
    );
    assert_eq!(
        stripe
            .call(Method::GET, "/v1/account", Some(access), &[])
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
    assert!(
        get(&stripe, "/v1/accounts", None).await.ok()["data"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn reconnecting_restores_the_objects_of_a_seller() {
    let stripe = Stripe::new();
    let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
    let account = token["stripe_user_id"].as_str().unwrap().to_owned();
    let customer = stripe
        .caller(KEY)
        .as_account(&account)
        .post("/v1/customers", &[("name", "Ann")])
        .await
        .ok();
    stripe
        .post(
            &format!("/v1/accounts/{account}"),
            KEY,
            &[("metadata[tier]", "gold")],
        )
        .await
        .ok();
    stripe
        .post(
            "/oauth/deauthorize",
            KEY,
            &[("client_id", CLIENT), ("stripe_user_id", &account)],
        )
        .await
        .ok();
    let code = stripe
        .decide(CLIENT, &[("decision", "connect"), ("account", &account)])
        .await
        .redirect()["code"]
        .clone();
    stripe.redeem(KEY, &code).await.ok();
    let path = format!("/v1/customers/{}", id(&customer));
    assert_eq!(get(&stripe, &path, Some(&account)).await.ok(), customer);
    assert_eq!(
        get(&stripe, &format!("/v1/accounts/{account}"), None)
            .await
            .ok()["metadata"]["tier"],
        "gold"
    );
}

#[tokio::test]
async fn an_account_controlled_elsewhere_refuses_read_write_but_not_read_only() {
    let stripe = Stripe::new();
    stripe.connect(CLIENT, KEY, "first@x.example").await;
    let form = [
        ("key", KEY),
        ("email", "held@x.example"),
        ("controlled_by", "Elsewhere"),
    ];
    let seller = stripe
        .call(Method::POST, "/_tollway/sellers", None, &form)
        .await
        .ok();
    let page = stripe.get(&authorize(CLIENT, "read_write")).await.body;
    assert!(
        page.contains("is already controlled by Elsewhere"),
        "{page}"
    );
    let yes = [("decision", "connect"), ("account", id(&seller))];
    let refused = stripe.decide(CLIENT, &yes).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.body.contains("controlled by Elsewhere"),
        "{}",
        refused.body
    );
    let read_only = stripe
        .call(Method::POST, &authorize(CLIENT, "read_only"), None, &yes)
        .await
        .redirect();
    assert_eq!(
        stripe.redeem(KEY, &read_only["code"]).await.ok()["scope"],
        "read_only"
    );
}

#[tokio::test]
async fn sellers_are_created_before_they_connect_and_invalid_ones_refused() {
    let stripe = Stripe::new();
    for (form, param) in [
        (vec![("key", KEY)], "email"),
        (vec![("key", KEY), ("email", "nobody")], "email"),
        (
            vec![("key", KEY), ("email", "a@b.example"), ("kind", "odd")],
            "kind",
        ),
        (vec![("email", "a@b.example")], "key"),
    ] {
        let answer = stripe
            .call(Method::POST, "/_tollway/sellers", None, &form)
            .await;
        assert_eq!(
            (answer.status, answer.json()["error"]["param"].as_str()),
            (StatusCode::BAD_REQUEST, Some(param))
        );
    }
    let form = [
        ("key", KEY),
        ("email", "a@b.example"),
        ("business_name", "Bakery"),
    ];
    stripe
        .call(Method::POST, "/_tollway/sellers", None, &form)
        .await
        .ok();
    let list = stripe
        .get(&format!("/_tollway/sellers?key={KEY}"))
        .await
        .ok();
    assert_eq!(list["data"][0]["business_name"], "Bakery");
}
