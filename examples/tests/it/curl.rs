//! The calls of the OAuth guide as curl makes them: the key as user name of Basic authentication, a plain form.

use serde_json::Value;
use tokio::process::Command;

use crate::http;
use crate::stripe::{CLIENT_ID, KEY, REDIRECT_URI, Stripe};

/// The link of the guide, written by hand, and the code it leads to.
async fn code(stripe: &Stripe, email: &str) -> String {
    let link = format!(
        "{}/oauth/authorize?response_type=code&client_id={CLIENT_ID}&scope=read_write&redirect_uri={REDIRECT_URI}",
        stripe.url
    );
    let form = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", email),
    ];
    let back = stripe.answer_page(&link, &form).await;
    assert!(
        back.starts_with(REDIRECT_URI) && back.contains("scope=read_write"),
        "{back}"
    );
    let at = back.find("code=").unwrap() + 5;
    back[at..].split('&').next().unwrap().to_owned()
}

fn assert_token(json: &Value) {
    assert_eq!(json["token_type"], "bearer");
    assert_eq!(json["scope"], "read_write");
    assert_eq!(json["livemode"], false);
    assert!(
        json["stripe_user_id"]
            .as_str()
            .unwrap()
            .starts_with("acct_"),
        "{json}"
    );
}

#[tokio::test]
async fn token_and_deauthorize_as_raw_http() {
    let stripe = Stripe::start().await;
    let code = code(&stripe, "gina@example.com").await;
    let token_url = format!("{}/oauth/token", stripe.url);
    let form = [
        ("code", code.as_str()),
        ("grant_type", "authorization_code"),
    ];
    let answer = http::post_form(&token_url, Some(KEY), &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json();
    assert_token(&token);

    let url = format!("{}/oauth/deauthorize", stripe.url);
    let account = token["stripe_user_id"].as_str().unwrap();
    let form = [("client_id", CLIENT_ID), ("stripe_user_id", account)];
    let answer = http::post_form(&url, Some(KEY), &form).await;
    assert_eq!(
        answer.json(),
        serde_json::json!({ "stripe_user_id": account })
    );
}

#[tokio::test]
async fn errors_as_raw_http() {
    let stripe = Stripe::start().await;
    let url = format!("{}/oauth/token", stripe.url);
    let refused = |form: Vec<(&'static str, &'static str)>| {
        let url = url.clone();
        async move {
            let answer = http::post_form(&url, Some(KEY), &form).await;
            assert_eq!(answer.status, 400, "{}", answer.body);
            assert!(answer.json()["error_description"].is_string());
            answer.json()["error"].as_str().unwrap().to_owned()
        }
    };
    let unknown = refused(vec![
        ("code", "ac_unknown"),
        ("grant_type", "authorization_code"),
    ])
    .await;
    assert_eq!(unknown, "invalid_grant");
    assert_eq!(refused(vec![("code", "ac_1")]).await, "invalid_request");
    assert_eq!(
        refused(vec![("grant_type", "magic"), ("code", "ac_1")]).await,
        "unsupported_grant_type"
    );
}

/// Runs real curl; `None` where there is none.
async fn curl(arguments: &[&str]) -> Option<Value> {
    let output = Command::new("curl")
        .args(["--silent", "--noproxy", "*"])
        .args(arguments)
        .output()
        .await;
    let Ok(output) = output else {
        println!("curl is not installed: the same calls ran as raw HTTP only");
        return None;
    };
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn the_same_by_curl() {
    let stripe = Stripe::start().await;
    let code = format!("code={}", code(&stripe, "hugo@example.com").await);
    let key = format!("{KEY}:");
    let token_url = format!("{}/oauth/token", stripe.url);
    let exchange = [
        &token_url,
        "-u",
        &key,
        "-d",
        &code,
        "-d",
        "grant_type=authorization_code",
    ];
    let Some(token) = curl(&exchange).await else {
        return;
    };
    assert_token(&token);

    let account = token["stripe_user_id"].as_str().unwrap();
    let header = format!("Stripe-Account: {account}");
    let charges = format!("{}/v1/charges", stripe.url);
    let charge = curl(&[
        &charges,
        "-u",
        &key,
        "-H",
        &header,
        "-d",
        "amount=1000",
        "-d",
        "currency=usd",
        "-d",
        "source=tok_visa",
        "-d",
        "application_fee_amount=100",
    ])
    .await
    .unwrap();
    assert_eq!(
        (&charge["object"], &charge["application_fee_amount"]),
        (&"charge".into(), &100.into())
    );

    let url = format!("{}/oauth/deauthorize", stripe.url);
    let (client_id, user) = (
        format!("client_id={CLIENT_ID}"),
        format!("stripe_user_id={account}"),
    );
    let gone = curl(&[&url, "-u", &key, "-d", &client_id, "-d", &user])
        .await
        .unwrap();
    assert_eq!(gone["stripe_user_id"], account);
}
