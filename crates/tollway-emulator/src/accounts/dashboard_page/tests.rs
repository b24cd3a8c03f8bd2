//! The dashboard with samples of its context.

use super::context::*;
use crate::pages::Page;
use crate::pages::soundness::assert_sound;

pub(crate) fn dashboard() -> DashboardPage {
    DashboardPage {
        account: "acct_1".to_owned(),
        label: "Bakery".to_owned(),
        email: "b@x.example".to_owned(),
        country: "US".to_owned(),
        controlled_by: None,
        connections: vec![
            ConnectionCard {
                platform: "Market".to_owned(),
                mode: "test",
                scope: "read_write",
                since: "2026-01-02T03:04:05Z".to_owned(),
                refusal: None,
            },
            ConnectionCard {
                platform: "Market".to_owned(),
                mode: "live",
                scope: "read_write",
                since: "2026-01-02T03:04:05Z".to_owned(),
                refusal: Some("Made by the platform: only the platform can end it."),
            },
        ],
        balances: vec![BalanceRow {
            mode: "test",
            currency: "usd".to_owned(),
            available: "0".to_owned(),
            pending: "841".to_owned(),
        }],
    }
}

#[test]
fn a_sellers_dashboard() {
    insta::assert_snapshot!(dashboard().html().unwrap());
}

#[test]
fn dashboard_without_connections_says_so() {
    let page = DashboardPage {
        connections: vec![],
        balances: vec![],
        controlled_by: Some("Else".to_owned()),
        ..dashboard()
    };
    assert!(page.html().unwrap().contains("no-connections"));
}

#[test]
fn dashboard_is_sound() {
    assert_sound(&dashboard().html().unwrap());
}

#[test]
fn dashboard_lets_forms_lead_to_the_platform_and_nothing_else_in() {
    let target = url::Url::parse("http://localhost:4000/cb?x=1").unwrap();
    let response = crate::pages::respond(http::StatusCode::OK, &dashboard(), Some(&target));
    let policy = response.headers()[http::header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("form-action 'self' http://localhost:4000")
            && policy.contains("frame-ancestors 'none'")
    );
    assert_eq!(
        response.headers()[http::header::REFERRER_POLICY],
        "same-origin"
    );
    assert_eq!(response.headers()[http::header::CACHE_CONTROL], "no-store");
}
