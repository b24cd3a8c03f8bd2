//! Stripe's official Python client.

use crate::outsider::{self, CLIENTS, Story};

#[tokio::test]
#[ignore = "needs .venv with Stripe's Python client; run `cargo xtask test`"]
async fn the_official_python_client_walks_through_connect() {
    let python = format!("{CLIENTS}/../../.venv/bin/python");
    let story = Story::new("sk_test_python", "ca_python").await;
    let seen = story
        .run(&python, &format!("{CLIENTS}/python/story.py"))
        .await;
    let seen: serde_json::Value =
        serde_json::from_str(outsider::last_line(&seen)).expect("the last line is JSON");
    assert_eq!(seen["steps"], 25);
    assert_eq!(seen["declined"], "card_declined");
    assert_eq!(seen["unknown_parameter"], "colour");
    assert_eq!(seen["bad_code"], "invalid_grant");
    assert_eq!(seen["after_deauthorize"], "account_invalid");
    let text = |name: &str| seen[name].as_str().expect("a string");
    story.holds_fee(text("charge"), text("account")).await;
}
