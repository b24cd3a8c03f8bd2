//! Connect with Allow and with Deny, by mouse and by keyboard.

use std::path::Path;

use thirtyfour::{By, Key, WebDriver, extensions::query::ElementQueryable as _};

use crate::{chrome::Chrome, stage::Stage};

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn connect_and_allow_shows_that_the_account_is_connected() {
    let (stage, chrome) = (Stage::start().await, Chrome::start().await);
    let page = &chrome.driver;
    go_to_stripe(&stage, page, "flower-shop").await;
    picture(page, "authorize.png").await;
    let asked = page.find(By::Tag("body")).await.expect("a body");
    let asked = asked.text().await.expect("text");
    assert!(asked.contains("Tollway Market"), "who asks: {asked}");
    assert_eq!(
        value(page, "email").await,
        "flower-shop@example.com",
        "the prefill is in the form"
    );
    page.find(By::Id("connect"))
        .await
        .expect("a button")
        .click()
        .await
        .expect("a click");

    let heading = heading_of_outcome(page).await;
    assert_eq!(heading, "Your Stripe account is connected");
    picture(page, "outcome.png").await;
    let connection = stage
        .platform
        .connection("flower-shop")
        .await
        .expect("the store")
        .expect("a connection");
    assert!(connection.is_active());
    let text = page
        .find(By::Tag("main"))
        .await
        .expect("main")
        .text()
        .await
        .expect("text");
    assert!(text.contains(&connection.account), "{text}");
    let address = page.current_url().await.expect("an address");
    assert_eq!(address.query(), None, "the code has left the address bar");
    chrome.quit().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn connect_and_deny_shows_that_nothing_was_connected() {
    let (stage, chrome) = (Stage::start().await, Chrome::start().await);
    let page = &chrome.driver;
    go_to_stripe(&stage, page, "book-shop").await;
    page.find(By::Id("deny"))
        .await
        .expect("a button")
        .click()
        .await
        .expect("a click");

    assert_eq!(
        heading_of_outcome(page).await,
        "Your account was not connected"
    );
    assert!(
        stage
            .platform
            .connection("book-shop")
            .await
            .expect("the store")
            .is_none()
    );
    chrome.quit().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn the_keyboard_is_enough_and_a_correction_is_asked_for() {
    let (stage, chrome) = (Stage::start().await, Chrome::start().await);
    let page = &chrome.driver;
    go_to_stripe(&stage, page, "tea-house").await;
    let email = page.find(By::Id("email")).await.expect("a field");
    email.clear().await.expect("cleared");
    email
        .send_keys("not an address" + Key::Enter)
        .await
        .expect("typed");
    let complaint = page.query(By::Css("[aria-invalid=true]")).first().await;
    // Chromium may hold an e-mail field back by itself; then nothing was sent and the page is the same.
    if complaint.is_ok() {
        assert!(
            page.find(By::Id("error")).await.is_ok(),
            "the page says what to correct"
        );
    }
    let email = page.find(By::Id("email")).await.expect("a field");
    email.clear().await.expect("cleared");
    email
        .send_keys("tea@example.com" + Key::Enter)
        .await
        .expect("typed");

    assert_eq!(
        heading_of_outcome(page).await,
        "Your Stripe account is connected"
    );
    chrome.quit().await;
}

/// From the platform's page, by its button, to Stripe's page.
async fn go_to_stripe(stage: &Stage, page: &WebDriver, tenant: &str) {
    let email = format!("{tenant}@example.com");
    let link = stage
        .platform
        .start_link(tenant)
        .prefill("email", &email)
        .prefill("country", "DE")
        .page()
        .expect("a link");
    page.goto(&link).await.expect("the platform's page");
    if tenant == "flower-shop" {
        picture(page, "connect.png").await;
    }
    let button = page
        .query(By::PartialLinkText("Connect with Stripe"))
        .first()
        .await
        .expect("the button");
    button.click().await.expect("a click");
    page.query(By::Id("authorize"))
        .first()
        .await
        .expect("Stripe's page");
}

/// Waits for the platform's outcome page and reads its heading.
async fn heading_of_outcome(page: &WebDriver) -> String {
    page.query(By::Css("a, form, p"))
        .first()
        .await
        .expect("a page");
    let heading = page
        .query(By::XPath("//h1[contains(., 'connected')]"))
        .first()
        .await
        .expect("the outcome page");
    heading.text().await.expect("text")
}

async fn value(page: &WebDriver, id: &str) -> String {
    let field = page.find(By::Id(id)).await.expect("a field");
    field
        .prop("value")
        .await
        .expect("a value")
        .unwrap_or_default()
}

/// Saves what the browser shows, if pictures are wanted.
pub(crate) async fn picture(page: &WebDriver, name: &str) {
    if let Some(folder) = std::env::var_os("TOLLWAY_SCREENSHOTS") {
        page.screenshot(&Path::new(&folder).join(name))
            .await
            .expect("a picture");
    }
}
