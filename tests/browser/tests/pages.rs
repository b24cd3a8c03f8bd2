//! The emulator's own pages: Checkout, payment links, the billing portal, onboarding, the console.

use thirtyfour::{By, Key, WebDriver, extensions::query::ElementQueryable as _};

use crate::{
    chrome::Chrome,
    connect::picture,
    shop::{Shop, id},
};

const GOOD: &str = "4242424242424242";
const EMPTY: &str = "4000000000009995";
const ASKS: &str = "4000002760003184";

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn a_customer_pays_after_a_card_was_declined() {
    let (shop, chrome) = (Shop::open().await, Chrome::start().await);
    let page = &chrome.driver;
    let session = shop.session("").await;
    page.goto(session["url"].as_str().expect("a url"))
        .await
        .expect("the page");
    well_made(page).await;
    fill(page, "email", "jenny@example.com").await;
    card(page, EMPTY).await;
    press(page, "pay").await;
    let said = text(page, "number-error").await;
    assert_eq!(said, "Your card has insufficient funds.");
    picture(page, "checkout.png").await;
    well_made(page).await;
    card(page, GOOD).await;
    // The keyboard is enough.
    page.find(By::Id("cvc"))
        .await
        .expect("a field")
        .send_keys(Key::Enter + "")
        .await
        .expect("typed");
    shop.arrived(page, id(&session)).await;
    let done = shop
        .get(&format!("/v1/checkout/sessions/{}", id(&session)))
        .await;
    assert_eq!(done["payment_status"], "paid");
    chrome.quit().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn a_quantity_is_changed_before_paying() {
    let (shop, chrome) = (Shop::open().await, Chrome::start().await);
    let page = &chrome.driver;
    let session = shop
        .session("&line_items[0][adjustable_quantity][enabled]=true")
        .await;
    page.goto(session["url"].as_str().expect("a url"))
        .await
        .expect("the page");
    well_made(page).await;
    fill(page, "quantity-1", "3").await;
    press(page, "update").await;
    page.query(By::Id("total"))
        .with_text("45.00 usd")
        .first()
        .await
        .expect("the new total");
    fill(page, "email", "jenny@example.com").await;
    card(page, GOOD).await;
    press(page, "pay").await;
    shop.arrived(page, id(&session)).await;
    let done = shop
        .get(&format!("/v1/checkout/sessions/{}", id(&session)))
        .await;
    assert_eq!(done["amount_total"], 4500);
    chrome.quit().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn the_banks_question_stands_between_checkout_and_shop() {
    let (shop, chrome) = (Shop::open().await, Chrome::start().await);
    let page = &chrome.driver;
    for answer in ["fail", "approve"] {
        let session = shop.session("").await;
        page.goto(session["url"].as_str().expect("a url"))
            .await
            .expect("the page");
        fill(page, "email", "jenny@example.com").await;
        card(page, ASKS).await;
        press(page, "pay").await;
        page.query(By::Id("authenticate"))
            .first()
            .await
            .expect("the bank's page");
        well_made(page).await;
        press(page, answer).await;
        if answer == "fail" {
            let said = text(page, "error").await;
            assert!(said.contains("failed authentication"), "{said}");
        } else {
            // One form, two redirects, another origin: the pages' policies must let it through.
            shop.arrived(page, id(&session)).await;
        }
    }
    chrome.quit().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn a_payment_link_thanks_for_the_payment() {
    let (shop, chrome) = (Shop::open().await, Chrome::start().await);
    let page = &chrome.driver;
    let form = "line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=1200\
                &line_items[0][price_data][product_data][name]=Cake&line_items[0][quantity]=1";
    let link = shop.post("/v1/payment_links", form).await;
    page.goto(link["url"].as_str().expect("a url"))
        .await
        .expect("the page");
    fill(page, "email", "jenny@example.com").await;
    card(page, GOOD).await;
    press(page, "pay").await;
    let thanks = By::XPath("//h1[text()='Thank you']");
    assert!(shows(page, thanks).await, "thanks after the payment");
    chrome.quit().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn a_subscriber_cancels_in_the_portal() {
    let (shop, chrome) = (Shop::open().await, Chrome::start().await);
    let page = &chrome.driver;
    let (customer, subscription) = shop.member().await;
    let form = format!("customer={customer}&return_url=https%3A%2F%2Fshop.example");
    let session = shop.post("/v1/billing_portal/sessions", &form).await;
    page.goto(session["url"].as_str().expect("a url"))
        .await
        .expect("the page");
    well_made(page).await;
    picture(page, "portal.png").await;
    press(page, &format!("cancel-{subscription}")).await;
    let renew = By::Id(format!("renew-{subscription}"));
    assert!(shows(page, renew).await, "the page offers to go on");
    let path = format!("/v1/subscriptions/{subscription}");
    assert_eq!(shop.get(&path).await["cancel_at_period_end"], true);
    press(page, "another-card").await;
    card(page, "5555555555554444").await;
    press(page, "save-card").await;
    let kept = By::XPath("//p[@id='card'][contains(., '4444')]");
    assert!(shows(page, kept).await, "the other card is kept");
    chrome.quit().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn a_seller_tells_what_is_missing() {
    let (shop, chrome) = (Shop::open().await, Chrome::start().await);
    let page = &chrome.driver;
    let account = shop
        .post(
            "/v1/accounts",
            "type=express&country=US&capabilities[transfers][requested]=true",
        )
        .await;
    let back = shop.back("onboarded");
    let form = format!(
        "account={}&type=account_onboarding&refresh_url={back}&return_url={back}",
        id(&account)
    );
    let link = shop.post("/v1/account_links", &form).await;
    page.goto(link["url"].as_str().expect("a url"))
        .await
        .expect("the page");
    well_made(page).await;
    picture(page, "onboarding.png").await;
    press(page, "skip").await;
    shop.arrived(page, "onboarded").await;
    let account = shop.get(&format!("/v1/accounts/{}", id(&account))).await;
    assert_eq!(account["details_submitted"], true);
    chrome.quit().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver; run `cargo xtask test`"]
async fn the_console_shows_requests_balances_and_faults() {
    let (shop, chrome) = (Shop::open().await, Chrome::start().await);
    let page = &chrome.driver;
    let charge = "amount=120000&currency=usd&source=tok_visa";
    shop.post("/v1/charges", charge).await;
    page.goto(shop.authorize()).await.expect("Stripe's page");
    press(page, "connect").await;
    let seller = shop.connected(page).await;
    for (amount, fee) in [("90000", "9000"), ("40000", "4000")] {
        let form =
            format!("amount={amount}&currency=usd&source=tok_visa&application_fee_amount={fee}");
        shop.post_for(&seller, "/v1/charges", &form).await;
    }
    page.goto(shop.console("/worlds/browser"))
        .await
        .expect("the console");
    well_made(page).await;
    let chart = page.find(By::Css("svg.chart")).await.expect("a chart");
    let size = chart.rect().await.expect("a size");
    assert!(size.width > 300.0 && size.height > 60.0, "{size:?}");
    picture(page, "console.png").await;
    press(page, &format!("disconnect-{seller}-test")).await;
    assert!(shows(page, By::Id("no-connections")).await);
    page.goto(shop.console("")).await.expect("the console");
    well_made(page).await;

    page.find(By::LinkText("Faults"))
        .await
        .expect("a link")
        .click()
        .await
        .expect("a click");
    well_made(page).await;
    fill(page, "path", "/v1/refunds").await;
    press(page, "add").await;
    let row = By::XPath("//td[text()='/v1/refunds']");
    assert!(shows(page, row).await, "the fault is in force");
    press(page, "clear").await;
    assert!(shows(page, By::Id("no-faults")).await);

    page.goto(shop.console("/requests")).await.expect("the log");
    well_made(page).await;
    press(page, "live").await;
    shop.post("/v1/customers", "name=Ann").await;
    // It looks again by itself.
    let row = page
        .query(By::PartialLinkText("POST /v1/customers"))
        .first()
        .await;
    row.expect("the new request")
        .click()
        .await
        .expect("a click");
    let parameters = By::XPath("//pre[contains(., 'Ann')]");
    assert!(shows(page, parameters).await, "what was sent is shown");
    chrome.quit().await;
}

/// Waits for an element.
async fn shows(page: &WebDriver, element: By) -> bool {
    page.query(element).first().await.is_ok()
}

async fn fill(page: &WebDriver, id: &str, text: &str) {
    let field = page.query(By::Id(id)).first().await.expect("a field");
    field.clear().await.expect("cleared");
    field.send_keys(text).await.expect("typed");
}

async fn card(page: &WebDriver, number: &str) {
    for (id, text) in [("number", number), ("exp", "12 / 34"), ("cvc", "123")] {
        fill(page, id, text).await;
    }
}

async fn press(page: &WebDriver, id: &str) {
    let button = page.query(By::Id(id)).first().await.expect("a button");
    button.click().await.expect("a click");
}

async fn text(page: &WebDriver, id: &str) -> String {
    let element = page.query(By::Id(id)).first().await.expect("a text");
    element.text().await.expect("text")
}

/// Every page has one heading of the first rank, a title and a language; every control has a name.
async fn well_made(page: &WebDriver) {
    let nameless = page
        .execute(
            "return [...document.querySelectorAll('input:not([type=hidden]), select, button, a')]
                .filter(it => !(it.labels?.length || it.textContent.trim() || it.ariaLabel)).map(it => it.outerHTML)
                .concat(document.querySelectorAll('h1').length === 1 ? [] : ['h1'])
                .concat(document.title && document.documentElement.lang && document.querySelector('main') ? [] : ['page'])
                .join(' ')",
            Vec::new(),
        )
        .await
        .expect("a look at the page");
    assert_eq!(nameless.json().as_str(), Some(""));
}
