//! Stripe's official Node client.

use crate::outsider::{self, CLIENTS, Story};

#[tokio::test]
#[ignore = "needs Stripe's Node client in tests/clients/node; run `cargo xtask test`"]
async fn the_official_node_client_walks_through_connect() {
    let story = Story::new("sk_test_node", "ca_node").await;
    let seen = story
        .run("node", &format!("{CLIENTS}/node/story.mjs"))
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
