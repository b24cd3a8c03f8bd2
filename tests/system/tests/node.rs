//! Stripe's official Node client.

use tokio::process::Command;

use crate::external_client::{self, CLIENTS, Story};

#[tokio::test]
#[ignore = "needs Stripe's Node client in tests/clients/node; run `cargo xtask test`"]
async fn the_official_node_client_walks_through_connect() {
    let story = Story::new("sk_test_node", "ca_node").await;
    let seen = story
        .run("node", &format!("{CLIENTS}/node/story.mjs"))
        .await;
    let seen: serde_json::Value =
        serde_json::from_str(external_client::last_line(&seen)).expect("the last line is JSON");
    assert_eq!(seen["steps"], 25);
    assert_eq!(seen["declined"], "card_declined");
    assert_eq!(seen["unknown_parameter"], "colour");
    assert_eq!(seen["bad_code"], "invalid_grant");
    assert_eq!(seen["after_deauthorize"], "account_invalid");
    let text = |name: &str| seen[name].as_str().expect("a string");
    story.holds_fee(text("charge"), text("account")).await;
}

#[tokio::test]
#[ignore = "needs Stripe's Node client in tests/clients/node; run `cargo xtask test`"]
async fn the_documented_lines_start_an_emulator_in_a_node_test() {
    let mut node = Command::new("node");
    node.args(["--input-type=module", "-"])
        .current_dir(format!("{CLIENTS}/node"));
    let then = r#"
console.log((await stripe.customers.create({ email: "jenny@example.com" })).id);
emulator.kill();
"#;
    let said = external_client::run_documented(&mut node, "js", then).await;
    assert!(said.starts_with("cus_"), "{said}");
}
