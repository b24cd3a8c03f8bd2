//! The billing portal and the page of an invoice.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::client::id;
use crate::marketplace::Marketplace;
use crate::support::path_of_url;

const GOOD: &str = "4242424242424242";
const EMPTY: &str = "4000000000009995";
const ASKS: &str = "4000002500003155";

/// A customer with a card and a subscription of 20 dollars a month.
async fn member(shop: &Marketplace) -> (String, String) {
    let form = [("email", "m@x.example"), ("source", "tok_visa")];
    let customer = shop.post("/v1/customers", &form).await.ok();
    let price = shop.monthly("Bread club").await;
    let form = [("customer", id(&customer)), ("items[0][price]", id(&price))];
    let subscription = shop.post("/v1/subscriptions", &form).await.ok();
    (id(&customer).to_owned(), id(&subscription).to_owned())
}

async fn portal(shop: &Marketplace, customer: &str, more: &[(&str, &str)]) -> Value {
    let mut form = vec![
        ("customer", customer),
        ("return_url", "https://shop.example/account"),
    ];
    form.extend(more);
    shop.post("/v1/billing_portal/sessions", &form).await.ok()
}

#[tokio::test]
async fn a_customer_cancels_and_thinks_better_of_it() {
    let shop = Marketplace::with_seller().await;
    let (customer, subscription) = member(&shop).await;
    let session = portal(&shop, &customer, &[]).await;
    let path = path_of_url(&session["url"]);
    let page = shop.stripe.get(&path).await.body;
    for part in [
        "Bread club",
        "20.00 usd every month",
        "Renews on",
        "visa ending in 4242",
        "m@x.example",
    ] {
        assert!(
            page.to_lowercase().contains(&part.to_lowercase()),
            "{part} in {page}"
        );
    }
    let cancel = [
        ("decision", "cancel"),
        ("subscription", subscription.as_str()),
    ];
    let left = shop.stripe.press(&path, &cancel).await;
    assert_eq!(left.headers[header::LOCATION], *path);
    assert!(shop.stripe.get(&path).await.body.contains("Ends on"));
    let at = format!("/v1/subscriptions/{subscription}");
    assert_eq!(shop.get(&at).await["cancel_at_period_end"], true);
    let renew = [
        ("decision", "renew"),
        ("subscription", subscription.as_str()),
    ];
    shop.stripe.press(&path, &renew).await;
    assert_eq!(shop.get(&at).await["cancel_at_period_end"], false);
    // Nobody else's subscription, and nothing the page does not offer.
    let (_, other) = member(&shop).await;
    let foreign = [("decision", "cancel"), ("subscription", other.as_str())];
    assert_eq!(
        shop.stripe.press(&path, &foreign).await.status,
        StatusCode::NOT_FOUND
    );
    let odd = shop.stripe.press(&path, &[("decision", "refund")]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);

    let now = [
        ("features[subscription_cancel][enabled]", "true"),
        ("features[subscription_cancel][mode]", "immediately"),
        ("business_profile[headline]", "Bakery"),
    ];
    let now = shop
        .post("/v1/billing_portal/configurations", &now)
        .await
        .ok();
    let more = [
        ("configuration", id(&now)),
        ("flow_data[type]", "subscription_cancel"),
        (
            "flow_data[subscription_cancel][subscription]",
            subscription.as_str(),
        ),
        ("flow_data[after_completion][type]", "redirect"),
        (
            "flow_data[after_completion][redirect][return_url]",
            "https://shop.example/bye",
        ),
    ];
    let session = portal(&shop, &customer, &more).await;
    let path = path_of_url(&session["url"]);
    let page = shop.stripe.get(&path).await.body;
    assert!(
        page.contains("Cancel now") && !page.contains("save-card"),
        "{page}"
    );
    let gone = shop.stripe.press(&path, &cancel).await;
    assert_eq!(gone.headers[header::LOCATION], "https://shop.example/bye");
    assert_eq!(shop.get(&at).await["status"], "canceled");
    shop.stripe.advance(3601);
    assert_eq!(shop.stripe.get(&path).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_customer_changes_the_card_and_looks_at_invoices() {
    let shop = Marketplace::with_seller().await;
    let (customer, _) = member(&shop).await;
    let session = portal(&shop, &customer, &[]).await;
    let path = path_of_url(&session["url"]);
    let card = |number| [("decision", "card"), ("number", number)];
    let declined = shop.stripe.press(&path, &card(EMPTY)).await;
    assert_eq!(declined.status, StatusCode::PAYMENT_REQUIRED);
    assert!(
        declined.body.contains("id=\"number-error\""),
        "{}",
        declined.body
    );
    shop.stripe.press(&path, &card("5555555555554444")).await;
    assert!(
        shop.stripe
            .get(&path)
            .await
            .body
            .contains("mastercard ending in 4444")
    );

    let asked = shop.stripe.press(&path, &card(ASKS)).await;
    let bank = asked.headers[header::LOCATION].to_str().unwrap().to_owned();
    let returned = shop.stripe.press(&bank, &[("decision", "approve")]).await;
    let returned = url::Url::parse(returned.headers[header::LOCATION].to_str().unwrap()).unwrap();
    let page = shop
        .stripe
        .get(&format!(
            "{}?{}",
            returned.path(),
            returned.query().unwrap()
        ))
        .await;
    assert!(page.body.contains("visa ending in 3155"), "{}", page.body);
    let owner = shop.get(&format!("/v1/customers/{customer}")).await;
    let method = owner["invoice_settings"]["default_payment_method"]
        .as_str()
        .unwrap();
    let method = shop.get(&format!("/v1/payment_methods/{method}")).await;
    assert_eq!(
        (&method["card"]["last4"], &method["customer"]),
        (&"3155".into(), &customer.as_str().into())
    );

    let invoices = shop.get("/v1/invoices").await;
    let url = path_of_url(&invoices["data"][0]["hosted_invoice_url"]);
    assert!(
        page.body.contains(&url.replace('/', "&#x2f;")),
        "{}",
        page.body
    );
    // What the clock makes has its page too.
    shop.stripe.advance(32 * 86_400);
    let renewed = shop.get("/v1/invoices").await["data"][0].clone();
    assert_eq!(
        path_of_url(&renewed["hosted_invoice_url"]),
        format!("/_tollway/invoices/{}", id(&renewed))
    );
    let paid = shop.stripe.get(&url).await.body;
    assert!(
        paid.contains("Paid on") && !paid.contains("id=\"pay\""),
        "{paid}"
    );
}

#[tokio::test]
async fn an_open_invoice_is_paid_on_its_page() {
    let shop = Marketplace::with_seller().await;
    let customer = shop
        .post("/v1/customers", &[("email", "i@x.example")])
        .await
        .ok();
    let item = [
        ("customer", id(&customer)),
        ("amount", "4200"),
        ("currency", "usd"),
        ("description", "Cake"),
    ];
    shop.post("/v1/invoiceitems", &item).await.ok();
    let form = [
        ("customer", id(&customer)),
        ("collection_method", "send_invoice"),
        ("days_until_due", "7"),
        ("pending_invoice_items_behavior", "include"),
    ];
    let draft = shop.post("/v1/invoices", &form).await.ok();
    let page = format!("/_tollway/invoices/{}", id(&draft));
    assert_eq!(shop.stripe.get(&page).await.status, StatusCode::NOT_FOUND);
    let path = format!("/v1/invoices/{}", id(&draft));
    let open = shop.post(&format!("{path}/finalize"), &[]).await.ok();
    assert_eq!(path_of_url(&open["hosted_invoice_url"]), page);
    let shown = shop.stripe.get(&page).await.body;
    assert!(
        shown.contains("Cake") && shown.contains("Pay 42.00 usd") && shown.contains("Due on"),
        "{shown}"
    );
    let empty = shop.stripe.press(&page, &[("number", "")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let declined = shop.stripe.press(&page, &[("number", EMPTY)]).await;
    assert!(
        declined.status == StatusCode::PAYMENT_REQUIRED
            && declined.body.contains("insufficient funds")
    );
    let paid = shop.stripe.press(&page, &[("number", GOOD)]).await;
    assert_eq!(paid.headers[header::LOCATION], *page);
    assert!(shop.stripe.get(&page).await.body.contains("Paid on"));
    assert_eq!(shop.get(&path).await["status"], "paid");
    assert_eq!(
        shop.stripe.press(&page, &[("number", GOOD)]).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn invoices_credit_notes_and_receipts_can_be_printed() {
    let shop = Marketplace::with_seller().await;
    let (customer, _) = member(&shop).await;
    let invoice = shop.get("/v1/invoices").await["data"][0].clone();
    let pdf = async |url: &Value| {
        let request = Request::builder().uri(path_of_url(url));
        let request = request.body(Body::empty()).unwrap();
        let response = shop
            .stripe
            .emulator
            .router()
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/pdf");
        let written = response.into_body().collect().await.unwrap().to_bytes();
        assert!(written.starts_with(b"%PDF-"));
        String::from_utf8_lossy(&written).into_owned()
    };
    let paper = pdf(&invoice["invoice_pdf"]).await;
    for part in [
        "Bread club",
        "20.00 usd",
        "Status: paid",
        invoice["number"].as_str().unwrap(),
    ] {
        assert!(paper.contains(part), "{part} in {paper}");
    }
    let form = [
        ("invoice", id(&invoice)),
        ("amount", "500"),
        ("refund_amount", "500"),
        ("memo", "Stale"),
    ];
    let note = shop.post("/v1/credit_notes", &form).await.ok();
    let paper = pdf(&note["pdf"]).await;
    assert!(
        paper.contains("5.00 usd") && paper.contains("Stale"),
        "{paper}"
    );
    let charge = shop.get(&format!("/v1/charges?customer={customer}")).await["data"][0].clone();
    let receipt = shop.stripe.get(&path_of_url(&charge["receipt_url"])).await;
    for part in [
        "Receipt from Example Platform",
        "visa ending in 4242",
        "-5.00 usd",
        "20.00 usd",
    ] {
        assert!(receipt.body.contains(part), "{part} in {}", receipt.body);
    }
    let draft = [("customer", customer.as_str())];
    let draft = shop.post("/v1/invoices", &draft).await.ok();
    let path = format!("/_tollway/invoices/{}/pdf", id(&draft));
    assert_eq!(shop.stripe.get(&path).await.status, StatusCode::NOT_FOUND);
}
