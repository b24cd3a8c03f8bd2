//! Nothing but curl.

use std::collections::BTreeMap;

use crate::external_client::{CLIENTS, Story};

#[tokio::test]
#[ignore = "needs curl; run `cargo xtask test`"]
async fn the_whole_oauth_flow_works_by_curl_alone() {
    let story = Story::new("sk_test_curl", "ca_curl").await;
    let said = story.run("bash", &format!("{CLIENTS}/curl/story.sh")).await;
    let seen: BTreeMap<_, _> = said
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let account = seen["account"];
    assert_eq!(seen["denied"], "access_denied");
    assert_eq!(seen["used_twice"], "invalid_grant");
    assert_eq!(seen["after_reuse"], "403");
    assert_eq!(seen["deauthorized"], account);
    assert_eq!(seen["after_deauthorize"], "403");
    story.holds_fee(seen["charge"], account).await;
}
