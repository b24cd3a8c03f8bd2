//! Sealing keys are rotated while the platform runs, and the report counts the values of each key.

use crate::app::{App, Browser, KEY, Response, callback};
use crate::stripe::StripeReply;
use tollway_platform::RotationProgress;

const NEW: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const THIRD: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

/// The same platform with these keys.
async fn with_keys(app: &App, keys: &[&str]) -> App {
    let list = keys.join("\", \"");
    app.restarted_with(|config| config.replace(KEY, &list))
        .await
}

/// Three tenants, one of which is asked whether another account is meant: seven values.
async fn seven_values() -> (App, Browser, Response) {
    let app =
        App::with(|config| format!("{config}\n[connect]\nallow_shared_accounts = true\n")).await;
    for tenant in ["tenant-1", "tenant-2", "tenant-3"] {
        app.connect(tenant).await;
    }
    app.stripe.reply_to_exchanges(StripeReply::grant("acct_2"));
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    let asked = browser.follow(&callback("ac_2", &state)).await;
    assert_eq!(asked.outcome(), "confirm", "{}", asked.body);
    (app, browser, asked)
}

/// What each key has sealed, configured keys first.
async fn held(app: &App) -> Vec<(bool, u64)> {
    let report = app.platform.key_usage().await.expect("reads");
    report
        .iter()
        .map(|key| (key.configured, key.values))
        .collect()
}

#[tokio::test]
async fn a_rotation_moves_all_values_to_the_newest_key() {
    let (app, ..) = seven_values().await;
    assert_eq!(held(&app).await, [(true, 7)]);
    let both = with_keys(&app, &[NEW, KEY]).await;
    assert_eq!(held(&both).await, [(true, 0), (true, 7)]);
    let mut calls = Vec::new();
    let rotation = both
        .platform
        .rotate_keys(|now| calls.push(now.processed()))
        .await;
    let rotation = rotation.expect("rotates");
    assert_eq!(
        (rotation.total, rotation.resealed, rotation.unopened),
        (7, 7, 0)
    );
    assert_eq!((calls.first(), calls.last()), (Some(&0), Some(&7)));
    assert_eq!(held(&both).await, [(true, 7), (true, 0)]);
    let again = both.platform.rotate_keys(|_| ()).await.expect("rotates");
    assert_eq!(again, RotationProgress::default(), "nothing is left to do");

    let new_only = with_keys(&app, &[NEW]).await;
    assert_eq!(held(&new_only).await, [(true, 7)]);
    let third = with_keys(&app, &[THIRD, NEW]).await;
    let rotation = third.platform.rotate_keys(|_| ()).await.expect("rotates");
    assert_eq!(
        (rotation.resealed, rotation.unopened),
        (7, 0),
        "all of it opens"
    );
}

#[tokio::test]
async fn a_parked_grant_survives_the_rotation() {
    let (app, browser, asked) = seven_values().await;
    let both = with_keys(&app, &[NEW, KEY]).await;
    both.platform.rotate_keys(|_| ()).await.expect("rotates");
    let mut there = both.browser_with(browser.cookies.clone());
    let form = [("token", &*asked.field("token")), ("account", "new")];
    let done = there.post(&asked.action(), &form).await;
    let shown = there.follow(&done.location()).await;
    assert_eq!(shown.outcome(), "connected", "{}", shown.body);
    let connection = both.platform.connection("tenant-1").await.expect("reads");
    assert_eq!(connection.expect("is there").account, "acct_2");
}

#[tokio::test]
async fn values_of_a_missing_key_are_counted_and_unchanged() {
    let (app, ..) = seven_values().await;
    let connection = app.platform.connection("tenant-1").await.expect("reads");
    let id = connection.expect("is there").id;
    let before = app
        .platform
        .store()
        .sealed_tokens(&id)
        .await
        .expect("reads");
    let new_only = with_keys(&app, &[NEW]).await;
    assert_eq!(held(&new_only).await, [(true, 0), (false, 7)]);
    let rotation = new_only.platform.rotate_keys(|_| ()).await.expect("ends");
    assert_eq!((rotation.resealed, rotation.unopened), (0, 7));
    let after = app
        .platform
        .store()
        .sealed_tokens(&id)
        .await
        .expect("reads");
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_concurrent_rotations_reseal_each_value_once() {
    let (app, ..) = seven_values().await;
    let both = with_keys(&app, &[NEW, KEY]).await;
    let (one, other) = tokio::join!(
        both.platform.rotate_keys(|_| ()),
        both.platform.rotate_keys(|_| ())
    );
    let (one, other) = (one.expect("rotates"), other.expect("rotates"));
    assert_eq!(one.resealed + other.resealed, 7, "{one:?} {other:?}");
    assert_eq!(one.unopened + other.unopened, 0);
    assert_eq!(held(&both).await, [(true, 7), (true, 0)]);
}
