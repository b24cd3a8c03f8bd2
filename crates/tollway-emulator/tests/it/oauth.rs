//! Connect OAuth: the authorize page, codes, tokens and disconnecting.

use axum::http::{Method, StatusCode, header};
use base64::Engine as _;
use serde_json::Value;
use tollway_emulator::{Mode, TokenKind};

use crate::support::{CALLBACK, Stripe, authorize};

const KEY: &str = "sk_test_market";
const CLIENT: &str = "ca_market";

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Is `account` connected to the platform of `KEY`?
fn connected(stripe: &Stripe, mode: Mode, account: &str) -> bool {
    let world = stripe.emulator.engine().worlds().get("market").unwrap();
    world
        .lock()
        .connection(mode, account)
        .is_some_and(|connection| connection.active)
}

fn token_works(stripe: &Stripe, mode: Mode, token: &str) -> bool {
    let world = stripe.emulator.engine().worlds().get("market").unwrap();
    world
        .lock()
        .token(mode, token)
        .is_some_and(|token| !token.revoked)
}

#[tokio::test]
async fn new_seller_connects_and_the_token_response_is_complete() {
    let stripe = Stripe::new();
    let page = stripe.get(&authorize(CLIENT, "read_write")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("id=\"connect\"") && page.body.contains("id=\"deny\""),
        "{}",
        page.body
    );

    let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
    assert_eq!(
        (text(&token, "scope"), text(&token, "token_type")),
        ("read_write", "bearer")
    );
    assert_eq!(token["livemode"], false);
    let account = text(&token, "stripe_user_id");
    assert!(account.starts_with("acct_"));
    assert!(text(&token, "access_token").starts_with("sk_test_"));
    assert!(text(&token, "refresh_token").starts_with("rt_"));
    assert!(text(&token, "stripe_publishable_key").starts_with("pk_test_"));
    assert!(connected(&stripe, Mode::Test, account));
    assert!(!connected(&stripe, Mode::Live, account));
}

#[tokio::test]
async fn denying_redirects_with_access_denied_and_connects_no_account() {
    let stripe = Stripe::new();
    let redirect = stripe
        .decide(CLIENT, &[("decision", "deny")])
        .await
        .redirect();
    assert_eq!(
        (redirect["error"].as_str(), redirect["state"].as_str()),
        ("access_denied", "s1")
    );
    assert!(redirect.contains_key("error_description") && !redirect.contains_key("code"));
}

#[tokio::test]
async fn every_other_authorize_error_is_shown_as_json_and_never_redirected() {
    let stripe = Stripe::new();
    for (query, status, error) in [
        ("response_type=code&state=s1", 400, "invalid_request"),
        (
            "client_id=nonsense&response_type=code&state=s1",
            401,
            "invalid_client",
        ),
        ("client_id=ca_1&state=s1", 400, "invalid_request"),
        (
            "client_id=ca_1&response_type=token&state=s1",
            400,
            "unsupported_response_type",
        ),
        (
            "client_id=ca_1&response_type=code&scope=all&state=s1&redirect_uri=http://localhost/",
            400,
            "invalid_scope",
        ),
        (
            "client_id=ca_1&response_type=code&state=s1&redirect_uri=https://x.example/",
            400,
            "invalid_redirect_uri",
        ),
        (
            "client_id=ca_1&response_type=code&state=s1",
            400,
            "invalid_redirect_uri",
        ),
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = stripe
                .call(
                    method,
                    &format!("/oauth/authorize?{query}"),
                    None,
                    &[("decision", "deny")],
                )
                .await;
            assert_eq!(answer.oauth_error(), (status, error.to_owned()), "{query}");
            assert_eq!(answer.json()["state"], "s1");
            assert!(
                !answer.json()["error_description"]
                    .as_str()
                    .unwrap()
                    .is_empty()
            );
            assert!(!answer.headers.contains_key(header::LOCATION));
        }
    }
}

#[tokio::test]
async fn a_code_works_once_and_its_second_use_ends_the_connection() {
    let stripe = Stripe::new();
    let code = stripe.code(CLIENT, "baker@shop.example").await;
    let token = stripe.redeem(KEY, &code).await.ok();
    let account = text(&token, "stripe_user_id");
    assert!(token_works(
        &stripe,
        Mode::Test,
        text(&token, "access_token")
    ));

    let again = stripe.redeem(KEY, &code).await;
    assert_eq!(again.oauth_error(), (400, "invalid_grant".to_owned()));
    assert!(text(&again.json(), "error_description").contains("already been used"));
    assert!(!connected(&stripe, Mode::Test, account));
    for name in ["access_token", "refresh_token", "stripe_publishable_key"] {
        assert!(
            !token_works(&stripe, Mode::Test, text(&token, name)),
            "{name}"
        );
    }
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&token, "refresh_token")),
    ];
    assert_eq!(
        stripe
            .post("/oauth/token", KEY, &refresh)
            .await
            .oauth_error(),
        (400, "invalid_grant".to_owned())
    );
}

#[tokio::test]
async fn an_old_code_does_not_end_a_newer_connection() {
    let stripe = Stripe::new();
    let first = stripe.code(CLIENT, "baker@shop.example").await;
    let token = stripe.redeem(KEY, &first).await.ok();
    let account = text(&token, "stripe_user_id");
    let yes = [("decision", "connect"), ("account", account)];
    let second = stripe.decide(CLIENT, &yes).await.redirect()["code"].clone();
    assert_eq!(
        text(&stripe.redeem(KEY, &second).await.ok(), "stripe_user_id"),
        account
    );
    assert_eq!(
        stripe.redeem(KEY, &first).await.oauth_error().1,
        "invalid_grant"
    );
    assert!(connected(&stripe, Mode::Test, account));
}

#[tokio::test]
async fn a_code_expires_after_five_minutes() {
    let stripe = Stripe::new();
    let (good, late) = (
        stripe.code(CLIENT, "a@x.example").await,
        stripe.code(CLIENT, "b@x.example").await,
    );
    stripe.advance(300);
    stripe.redeem(KEY, &good).await.ok();
    stripe.advance(1);
    let answer = stripe.redeem(KEY, &late).await;
    assert_eq!(answer.oauth_error(), (400, "invalid_grant".to_owned()));
    assert!(text(&answer.json(), "error_description").contains("expired"));
}

#[tokio::test]
async fn unknown_foreign_and_wrong_mode_codes_are_refused_and_stay_valid() {
    let stripe = Stripe::new();
    stripe.connect(CLIENT, KEY, "first@x.example").await;
    let code = stripe.code(CLIENT, "baker@shop.example").await;
    for (key, code) in [
        (KEY, "ac_unknown"),
        ("sk_test_other", code.as_str()),
        ("sk_live_market", code.as_str()),
    ] {
        let answer = stripe.redeem(key, code).await;
        assert_eq!(
            answer.oauth_error(),
            (400, "invalid_grant".to_owned()),
            "{key}"
        );
        assert!(text(&answer.json(), "error_description").contains("uthorization code"));
    }
    stripe.redeem(KEY, &code).await.ok();
}

#[tokio::test]
async fn token_endpoint_accepts_the_key_as_bearer_basic_user_or_parameter() {
    let stripe = Stripe::new();
    let basic = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(format!("{KEY}:"))
    );
    let code = stripe.code(CLIENT, "a@x.example").await;
    let form = [("grant_type", "authorization_code"), ("code", &code)];
    stripe
        .caller(None)
        .with_headers(&[("authorization", &basic)])
        .post("/oauth/token", &form)
        .await
        .ok();

    let code = stripe.code(CLIENT, "b@x.example").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("client_secret", KEY),
    ];
    let token = stripe
        .call(Method::POST, "/oauth/token", None, &form)
        .await
        .ok();

    let form = &form[..2];
    for key in [
        None,
        Some(""),
        Some("nonsense"),
        Some("pk_test_market"),
        Some(text(&token, "access_token")),
    ] {
        let answer = stripe.call(Method::POST, "/oauth/token", key, form).await;
        assert_eq!(
            answer.oauth_error(),
            (401, "invalid_client".to_owned()),
            "{key:?}"
        );
    }
}

#[tokio::test]
async fn invalid_token_requests_are_refused_with_their_error() {
    let stripe = Stripe::new();
    for (form, error) in [
        (vec![], "invalid_request"),
        (
            vec![("grant_type", "authorization_code")],
            "invalid_request",
        ),
        (vec![("grant_type", "refresh_token")], "invalid_request"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (
            vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", "rt_1"),
                ("scope", "all"),
            ],
            "invalid_scope",
        ),
        (
            vec![("grant_type", "refresh_token"), ("refresh_token", "rt_1")],
            "invalid_grant",
        ),
    ] {
        assert_eq!(
            stripe.post("/oauth/token", KEY, &form).await.oauth_error(),
            (400, error.to_owned()),
            "{form:?}"
        );
    }
    let code = stripe.code(CLIENT, "a@x.example").await;
    let asserting = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("assert_capabilities[]", "tax_reporting"),
    ];
    assert_eq!(
        stripe
            .post("/oauth/token", KEY, &asserting)
            .await
            .oauth_error()
            .1,
        "invalid_request"
    );
    stripe.redeem(KEY, &code).await.ok();
}

#[tokio::test]
async fn refreshing_narrows_the_scope_and_replaces_the_token_of_that_scope() {
    let stripe = Stripe::new();
    let token = stripe.connect(CLIENT, KEY, "a@x.example").await;
    let refresh_token = text(&token, "refresh_token");
    let refresh = async |scope| {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("scope", scope),
        ];
        stripe.post("/oauth/token", KEY, &form).await.ok()
    };
    let narrow = refresh("read_only").await;
    assert_eq!(text(&narrow, "scope"), "read_only");
    assert!(token_works(
        &stripe,
        Mode::Test,
        text(&token, "access_token")
    ));
    let whole = refresh("").await;
    assert_eq!(text(&whole, "scope"), "read_write");
    assert!(!token_works(
        &stripe,
        Mode::Test,
        text(&token, "access_token")
    ));
    assert!(token_works(
        &stripe,
        Mode::Test,
        text(&whole, "access_token")
    ));
    assert!(token_works(
        &stripe,
        Mode::Test,
        text(&narrow, "access_token")
    ));
    assert_eq!(
        whole["stripe_publishable_key"],
        token["stripe_publishable_key"]
    );
}

#[tokio::test]
async fn live_grant_has_a_test_connection_that_ends_with_it() {
    let stripe = Stripe::new();
    let live = stripe
        .connect("ca_live", "sk_live_market", "a@x.example")
        .await;
    assert_eq!(live["livemode"], true);
    let account = text(&live, "stripe_user_id");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&live, "refresh_token")),
    ];
    let test = stripe.post("/oauth/token", KEY, &form).await.ok();
    assert_eq!(
        (text(&test, "stripe_user_id"), &test["livemode"]),
        (account, &Value::Bool(false))
    );
    assert!(text(&test, "access_token").starts_with("sk_test_"));
    assert!(connected(&stripe, Mode::Test, account) && connected(&stripe, Mode::Live, account));

    let form = [("client_id", "ca_live"), ("stripe_user_id", account)];
    stripe
        .post("/oauth/deauthorize", "sk_live_market", &form)
        .await
        .ok();
    assert!(!connected(&stripe, Mode::Test, account) && !connected(&stripe, Mode::Live, account));
    assert!(!token_works(
        &stripe,
        Mode::Test,
        text(&test, "access_token")
    ));
}

#[tokio::test]
async fn deauthorize_is_refused_for_wrong_client_mode_and_account() {
    let stripe = Stripe::new();
    let token = stripe.connect(CLIENT, KEY, "a@x.example").await;
    let account = text(&token, "stripe_user_id");
    for (key, client_id, account, status, error) in [
        (KEY, "", account, 400, "invalid_request"),
        (KEY, CLIENT, "", 400, "invalid_request"),
        (KEY, "ca_other", account, 401, "invalid_client"),
        (KEY, CLIENT, "acct_other", 401, "invalid_client"),
        ("sk_live_market", CLIENT, account, 401, "invalid_client"),
        ("sk_test_other", CLIENT, account, 401, "invalid_client"),
        ("", CLIENT, account, 401, "invalid_client"),
    ] {
        let form = [("client_id", client_id), ("stripe_user_id", account)];
        let answer = stripe.post("/oauth/deauthorize", key, &form).await;
        assert_eq!(
            answer.oauth_error(),
            (status, error.to_owned()),
            "{key} {client_id} {account}"
        );
    }
    assert!(connected(&stripe, Mode::Test, account));
    let form = [("client_id", CLIENT), ("stripe_user_id", account)];
    assert_eq!(
        stripe.post("/oauth/deauthorize", KEY, &form).await.ok()["stripe_user_id"],
        account
    );
    assert!(!connected(&stripe, Mode::Test, account));
    assert_eq!(
        stripe
            .post("/oauth/deauthorize", KEY, &form)
            .await
            .oauth_error()
            .1,
        "invalid_client"
    );
}

#[tokio::test]
async fn express_accounts_have_their_own_endpoint_and_cannot_be_deauthorized() {
    let stripe = Stripe::new();
    let path = authorize(CLIENT, "").replace("/oauth", "/express/oauth");
    let form = [
        ("decision", "connect"),
        ("stripe_user[email]", "driver@x.example"),
    ];
    let redirect = stripe
        .call(Method::POST, &path, None, &form)
        .await
        .redirect();
    assert_eq!(redirect["scope"], "express");
    let token = stripe.redeem(KEY, &redirect["code"]).await.ok();
    assert_eq!(text(&token, "scope"), "express");
    let form = [
        ("client_id", CLIENT),
        ("stripe_user_id", text(&token, "stripe_user_id")),
    ];
    let answer = stripe.post("/oauth/deauthorize", KEY, &form).await;
    assert_eq!(
        answer.oauth_error(),
        (400, "no_deauth_on_controlled_account".to_owned())
    );
    // An Express account is nobody to sign in to at the Standard door.
    let page = stripe.get(&authorize(CLIENT, "read_write")).await;
    assert!(!page.body.contains("driver@x.example"));
}

#[tokio::test]
async fn disconnected_seller_can_connect_again() {
    let stripe = Stripe::new();
    let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
    let account = text(&token, "stripe_user_id");
    stripe
        .post(
            "/oauth/deauthorize",
            KEY,
            &[("client_id", CLIENT), ("stripe_user_id", account)],
        )
        .await
        .ok();
    let page = stripe.get(&authorize(CLIENT, "read_only")).await;
    assert!(
        page.body
            .contains(&format!("id=\"account-{account}\" checked")),
        "{}",
        page.body
    );
    let yes = [("decision", "connect"), ("account", account)];
    let code = stripe.decide(CLIENT, &yes).await.redirect()["code"].clone();
    let again = stripe.redeem(KEY, &code).await.ok();
    assert_eq!(text(&again, "stripe_user_id"), account);
    assert_ne!(again["access_token"], token["access_token"]);
    assert!(connected(&stripe, Mode::Test, account));
}

#[tokio::test]
async fn the_form_is_corrected_on_the_page_and_can_be_skipped_in_test_mode_only() {
    let stripe = Stripe::new();
    let bad = stripe
        .decide(
            CLIENT,
            &[("decision", "connect"), ("stripe_user[email]", "nobody")],
        )
        .await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        bad.body.contains("id=\"email-error\"") && bad.body.contains("value=\"nobody\""),
        "{}",
        bad.body
    );
    let nobody = stripe
        .decide(
            CLIENT,
            &[("decision", "connect"), ("account", "acct_nobody")],
        )
        .await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        nobody.body.contains("There is no standard account"),
        "{}",
        nobody.body
    );
    let undecided = stripe.decide(CLIENT, &[]).await;
    assert_eq!(undecided.status, StatusCode::BAD_REQUEST);

    let skipped = stripe
        .decide(CLIENT, &[("decision", "skip")])
        .await
        .redirect();
    stripe.redeem(KEY, &skipped["code"]).await.ok();

    stripe
        .connect("ca_live", "sk_live_market", "a@x.example")
        .await;
    let page = stripe.get(&authorize("ca_live", "read_write")).await;
    assert!(
        page.body.contains("live mode") && !page.body.contains("id=\"skip\""),
        "{}",
        page.body
    );
    let refused = stripe.decide("ca_live", &[("decision", "skip")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn prefills_reach_the_form_and_bad_ones_are_ignored() {
    let stripe = Stripe::new();
    let url = format!(
        "{}&stripe_user[email]=ann%40x.example&stripe_user[country]=Nowhere",
        authorize(CLIENT, "read_write")
    );
    let page = stripe.get(&url).await;
    assert!(
        page.body.contains("value=\"ann@x.example\"") && !page.body.contains("Nowhere"),
        "{}",
        page.body
    );
    let redirect = stripe
        .call(Method::POST, &url, None, &[("decision", "connect")])
        .await
        .redirect();
    let token = stripe.redeem(KEY, &redirect["code"]).await.ok();
    let world = stripe.emulator.engine().worlds().get("market").unwrap();
    let state = world.lock();
    let account = state
        .store
        .object(
            &state.platform_scope(Mode::Test),
            "account",
            text(&token, "stripe_user_id"),
        )
        .unwrap();
    assert_eq!(
        (
            account["email"].as_str(),
            account["charges_enabled"].as_bool()
        ),
        (Some("ann@x.example"), Some(true))
    );
}

#[tokio::test]
async fn a_client_id_belongs_to_the_first_key_that_redeems_a_code_of_it() {
    let stripe = Stripe::new();
    stripe.connect(CLIENT, KEY, "a@x.example").await;
    let found = stripe
        .emulator
        .engine()
        .worlds()
        .of_client_id(CLIENT)
        .unwrap();
    assert_eq!((&**found.0.name(), found.1), ("market", Mode::Test));
    let code = stripe.code(CLIENT, "b@x.example").await;
    assert_eq!(
        stripe.redeem("sk_test_thief", &code).await.oauth_error().1,
        "invalid_grant"
    );
}

#[tokio::test]
async fn strict_mode_requires_configured_client_ids_and_redirect_uris() {
    let stripe = Stripe::with(|builder| builder.strict(true));
    assert_eq!(
        stripe
            .get(&authorize(CLIENT, "read_write"))
            .await
            .oauth_error(),
        (401, "invalid_client".to_owned())
    );
    let world = stripe.emulator.engine().worlds().open("market");
    let client_id = world.lock().platform.test.client_id.clone();
    let answer = stripe.get(&authorize(&client_id, "read_write")).await;
    assert_eq!(
        answer.oauth_error(),
        (400, "invalid_redirect_uri".to_owned())
    );
    let scope = world.lock().platform_scope(Mode::Test);
    let configured = stripe
        .emulator
        .engine()
        .transact_internal(&world, scope, |ctx| {
            ctx.world.platform.test.redirect_uris = vec![CALLBACK.to_owned()];
            ctx.world.save_platform();
            Ok(())
        });
    configured.unwrap();
    let token = stripe.connect(&client_id, KEY, "a@x.example").await;
    assert!(connected(
        &stripe,
        Mode::Test,
        text(&token, "stripe_user_id")
    ));
}

#[tokio::test]
async fn tokens_of_each_kind_are_accepted_only_for_their_purpose() {
    let stripe = Stripe::new();
    let token = stripe.connect(CLIENT, KEY, "a@x.example").await;
    let world = stripe.emulator.engine().worlds().get("market").unwrap();
    let kind = |name| {
        world
            .lock()
            .token(Mode::Test, text(&token, name))
            .unwrap()
            .kind
    };
    assert_eq!(kind("access_token"), TokenKind::Access);
    assert_eq!(kind("refresh_token"), TokenKind::Refresh);
    assert_eq!(kind("stripe_publishable_key"), TokenKind::Publishable);
}

#[tokio::test]
async fn express_seller_has_the_suggested_capabilities_and_prefills() {
    let stripe = Stripe::new();
    let url = format!(
        "/express{}&suggested_capabilities[]=transfers&suggested_capabilities[]=flying&always_prompt=true\
         &stripe_user[email]=ann%40x.example&stripe_user[country]=US&stripe_user[first_name]=Ann\
         &stripe_user[dob_day]=1&stripe_user[dob_month]=2&stripe_user[dob_year]=1990&stripe_user[zip]=94111",
        authorize(CLIENT, "read_write").replace("&scope=read_write", "")
    );
    let redirect = stripe
        .call(Method::POST, &url, None, &[("decision", "connect")])
        .await
        .redirect();
    let missing = [
        ("grant_type", "authorization_code"),
        ("code", redirect["code"].as_str()),
        ("assert_capabilities[]", "card_payments"),
    ];
    let refused = stripe.post("/oauth/token", KEY, &missing).await;
    assert_eq!(refused.oauth_error(), (400, "invalid_request".to_owned()));
    let token = stripe.redeem(KEY, &redirect["code"]).await.ok();
    assert_eq!(token["scope"], "express");
    let path = format!("/v1/accounts/{}", text(&token, "stripe_user_id"));
    let account = stripe.call(Method::GET, &path, Some(KEY), &[]).await.ok();
    assert_eq!(
        account["capabilities"],
        serde_json::json!({"transfers": "active"})
    );
    assert_eq!(account["individual"]["first_name"], "Ann");
    assert_eq!(account["individual"]["dob"]["year"], 1990);
}

#[tokio::test]
async fn stripe_landing_preselects_sign_in_or_a_new_account() {
    let stripe = Stripe::new();
    let token = stripe.connect(CLIENT, KEY, "ann@x.example").await;
    let seller = text(&token, "stripe_user_id");
    let known = format!("value=\"{seller}\" id=\"account-{seller}\" checked");
    for (scope, landing, signs_in) in [
        ("read_only", "", true),
        ("read_write", "", false),
        ("read_write", "&stripe_landing=login", true),
        ("read_only", "&stripe_landing=register", false),
    ] {
        let page = stripe
            .get(&format!("{}{landing}", authorize(CLIENT, scope)))
            .await;
        assert_eq!(page.body.contains(&known), signs_in, "{scope} {landing}");
        assert_eq!(page.body.contains("id=\"account-new\" checked"), !signs_in);
    }
}
