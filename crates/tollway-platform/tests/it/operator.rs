//! The operator's pages: they need a login, and their forms a token.

use crate::app::{App, Browser, callback, deauthorized};
use crate::stripe::StripeReply;
use http::StatusCode;

/// The hash of «correct horse» with the least work that Argon2 allows, to keep the tests fast.
const CHEAP: &str =
    "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$M7jw0GQI4Kfcxf+xPldfNRYttP89scc9XVAYAcaZ0U0";

/// A platform with operator pages.
pub(crate) async fn operator_app() -> App {
    App::with(|config| format!("{config}\n[operator]\npassword_hash = \"{CHEAP}\"\n[connect]\nallow_shared_accounts = true\n")).await
}

/// A browser with an operator's session.
pub(crate) async fn log_in(app: &App) -> Browser {
    let mut browser = app.browser();
    let page = browser.get("/operator/login").await;
    let form = [
        ("token", page.field("token")),
        ("password", "correct horse".to_owned()),
    ];
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let done = browser.post("/operator/login", &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    browser
}

#[tokio::test]
async fn without_a_password_there_are_no_operator_pages() {
    let app = App::new().await;
    for path in ["/operator", "/operator/login", "/operator/inbox"] {
        assert_eq!(
            app.browser().get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn operator_pages_redirect_to_the_login() {
    let app = operator_app().await;
    app.connect("tenant-1").await;
    for path in [
        "/operator",
        "/operator/connections",
        "/operator/connections/con_1",
        "/operator/attempts",
        "/operator/keys",
        "/operator/inbox",
        "/operator/inbox/in_1",
    ] {
        let shown = app.browser().get(path).await;
        assert_eq!(shown.status, StatusCode::SEE_OTHER, "{path}");
        assert!(shown.location().ends_with("/operator/login"));
    }
    for path in [
        "/operator/connections/con_1/disconnect",
        "/operator/inbox/in_1/replay",
        "/operator/logout",
    ] {
        let shown = app
            .browser()
            .post(path, &[("token", "x"), ("scope", "sole")])
            .await;
        assert_eq!(shown.status, StatusCode::SEE_OTHER, "{path}");
    }
    assert!(app.platform.client_for("tenant-1").await.is_ok());
}

#[tokio::test]
async fn a_wrong_password_and_a_forged_form_do_not_let_in() {
    let app = operator_app().await;
    let mut browser = app.browser();
    let token = browser.get("/operator/login").await.field("token");
    let wrong = browser
        .post(
            "/operator/login",
            &[("token", &token), ("password", "guess")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.body.contains("not right"));
    let forged = browser
        .post(
            "/operator/login",
            &[("token", "x"), ("password", "correct horse")],
        )
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert!(!browser.cookies.contains_key("tollway-operator"));
}

#[tokio::test]
async fn a_session_ends_by_logout_and_after_12_hours() {
    let app = operator_app().await;
    let mut browser = log_in(&app).await;
    assert_eq!(browser.get("/operator").await.status, StatusCode::OK);
    let page = browser.get("/operator").await;
    let mut leaves = browser.clone();
    leaves
        .post("/operator/logout", &[("token", &page.field("token"))])
        .await;
    assert_eq!(leaves.get("/operator").await.status, StatusCode::SEE_OTHER);
    app.advance(12 * 3600);
    assert_eq!(
        browser.get("/operator").await.status,
        StatusCode::SEE_OTHER,
        "after its time"
    );
}

#[tokio::test]
async fn the_operator_disconnects_with_a_choice_when_the_account_is_shared() {
    let app = operator_app().await;
    app.connect("tenant-1").await;
    app.connect("tenant-2").await;
    let mut browser = log_in(&app).await;
    let list = browser.get("/operator").await;
    assert!(
        list.body.contains("tenant-1") && list.body.contains("tenant-2"),
        "{}",
        list.body
    );
    let connection = app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("is there");
    let url = format!("/operator/connections/{}", connection.id);
    let page = browser.get(&url).await;
    assert!(
        page.body.contains("Revoke for all 2 tenants") && page.body.contains("tenant-2"),
        "{}",
        page.body
    );
    let (action, token) = (format!("{url}/disconnect"), page.field("token"));
    let forged = browser
        .post(&action, &[("token", "x"), ("scope", "revoke")])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let sole = browser
        .post(&action, &[("token", &token), ("scope", "sole")])
        .await;
    assert_eq!(sole.status, StatusCode::CONFLICT, "{}", sole.body);
    let done = browser
        .post(&action, &[("token", &token), ("scope", "revoke")])
        .await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.body.contains("2 connections ended."), "{}", done.body);
    assert!(
        done.body.contains("<td>operator</td>"),
        "the history says who: {}",
        done.body
    );
    assert!(app.platform.client_for("tenant-2").await.is_err());
}

#[tokio::test]
async fn attempts_and_inbox_are_shown_and_replayed() {
    let app = operator_app().await;
    app.stripe.reply_to_exchanges(StripeReply::Error {
        status: 400,
        error: "invalid_grant",
        description: "expired",
    });
    let mut seller = app.browser();
    let state = seller.start(&app, "tenant-1").await;
    seller.follow(&callback("ac_secret", &state)).await;
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");

    let mut browser = log_in(&app).await;
    let attempts = browser.get("/operator/attempts").await;
    assert!(
        attempts.body.contains("invalid_grant") && attempts.body.contains("req_test"),
        "{}",
        attempts.body
    );
    assert!(!attempts.body.contains("ac_secret"));
    let inbox = browser.get("/operator/inbox").await;
    assert!(
        inbox.body.contains("account.application.deauthorized")
            && inbox.body.contains("ignored: 1"),
        "{}",
        inbox.body
    );
    let page = tollway_platform::store::Page::newest(1);
    let delivery = app
        .platform
        .store()
        .deliveries(None, page)
        .await
        .expect("reads")
        .remove(0);
    let url = format!("/operator/inbox/{}", delivery.id);
    let shown = browser.get(&url).await;
    assert!(
        shown.body.contains("evt_1") && shown.body.contains("Replay"),
        "{}",
        shown.body
    );
    let replayed = browser
        .post(
            &format!("{url}/replay"),
            &[("token", &shown.field("token"))],
        )
        .await;
    assert!(
        replayed.body.contains("worked on again now"),
        "{}",
        replayed.body
    );
    assert_eq!(app.platform.run_due().await.expect("works"), 1);
    assert_eq!(
        browser.get("/operator/inbox/in_nothing").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_list_of_52_attempts_has_two_pages() {
    let app = operator_app().await;
    let mut seller = app.browser();
    for n in 0..52 {
        app.advance(1);
        seller.start(&app, &format!("tenant-{n}")).await;
    }
    let mut browser = log_in(&app).await;
    let first = browser.get("/operator/attempts").await;
    assert!(first.body.contains("<td>tenant-51</td>") && !first.body.contains("<td>tenant-1</td>"));
    let older = first
        .body
        .split("attempts?before=")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("goes on");
    let second = browser
        .get(&format!("/operator/attempts?before={older}"))
        .await;
    assert!(
        second.body.contains("<td>tenant-1</td>") && second.body.contains("<td>tenant-0</td>"),
        "{}",
        second.body
    );
    assert!(!second.body.contains("attempts?before="));
}
