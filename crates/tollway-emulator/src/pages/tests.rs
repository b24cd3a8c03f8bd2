//! Every template with a sample of its context, as a snapshot; and what must hold for all of them.

use http::header;

use super::*;

#[path = "tests/console.rs"]
mod the_console_and_the_portal;

use self::the_console_and_the_portal as operator;

fn authorize() -> AuthorizePage {
    let field = |id, label, r#type, autocomplete, value: &str, error: Option<&str>| Field {
        id,
        name: id,
        label,
        r#type,
        autocomplete,
        value: value.to_owned(),
        error: error.map(str::to_owned),
    };
    AuthorizePage {
        platform: "Market & <Sons>".to_owned(),
        mode: "test",
        permissions: vec![
            "see your payments, customers and balance",
            "take payments and make refunds for you",
        ],
        returns_to: "shop.example".to_owned(),
        sellers: vec![
            Choice {
                account: "acct_1".to_owned(),
                label: "Bakery".to_owned(),
                email: "b@x.example".to_owned(),
                refusal: None,
            },
            Choice {
                account: "acct_2".to_owned(),
                label: "Smithy".to_owned(),
                email: "s@x.example".to_owned(),
                refusal: Some("is controlled by Elsewhere".to_owned()),
            },
        ],
        chosen: "new".to_owned(),
        fields: vec![
            field(
                "email",
                "E-mail",
                "email",
                "email",
                "\"><script>",
                Some("Give an e-mail address."),
            ),
            field("country", "Country", "text", "country", "US", None),
        ],
        may_skip: true,
        error: Some("Give an e-mail address for the new account.".to_owned()),
    }
}

fn dashboard() -> DashboardPage {
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

fn console() -> ConsolePage {
    ConsolePage {
        base: "http://127.0.0.1:12111".to_owned(),
        worlds: vec![WorldSection {
            name: "sk_…_123".to_owned(),
            account: "acct_0".to_owned(),
            applications: vec![ApplicationRow {
                client_id: "ca_1".to_owned(),
                mode: "test",
                redirect_uris: vec![],
            }],
            sellers: vec![SellerRow {
                account: "acct_1".to_owned(),
                label: "Bakery".to_owned(),
                connected: "test (read_write)".to_owned(),
            }],
            events: vec![EventRow {
                id: "evt_1".to_owned(),
                r#type: "charge.succeeded".to_owned(),
                account: "acct_1".to_owned(),
                deliveries: "1 delivered".to_owned(),
            }],
        }],
    }
}

fn checkout() -> CheckoutPage {
    let mut country = Input::new("shipping_country", "Country", "select", "country");
    country.options = vec![Choose::plain("DE"), Choose::plain("FR")];
    country.value = "FR".to_owned();
    let mut number = Input::new("number", "Card number", "numeric", "cc-number").required();
    number.hint = "4242 4242 4242 4242".to_owned();
    number.error = Some("Your card was declined.".to_owned());
    let sum = |label: &str, amount: &str| Sum {
        label: label.to_owned(),
        amount: amount.to_owned(),
    };
    CheckoutPage {
        heading: "Pay Market & <Sons>".to_owned(),
        caption: "Your order",
        mode: "test",
        items: vec![CheckoutItem {
            description: "Bread <b>".to_owned(),
            quantity: 2,
            note: Some("5.00 usd every month".to_owned()),
            amount: "10.00 usd".to_owned(),
        }],
        trial: Some("Free for 14 days.".to_owned()),
        sums: vec![sum("Discount", "-1.00 usd"), sum("Total", "9.00 usd")],
        inputs: vec![
            Input::new("email", "E-mail", "email", "email").required(),
            country,
            number,
            Input::new("terms", "I agree", "checkbox", "off").required(),
        ],
        updates: true,
        promotion: Some(Input::new(
            "promotion_code",
            "Promotion code",
            "text",
            "off",
        )),
        button: Some("Pay 9.00 usd".to_owned()),
        note: Some("Thanks!".to_owned()),
        cancel: Some("https://shop.example/cart".to_owned()),
        error: Some("Your card was declined.".to_owned()),
    }
}

#[test]
fn the_checkout_page() {
    insta::assert_snapshot!(checkout().html().unwrap());
}

#[test]
fn the_oauth_page() {
    insta::assert_snapshot!(authorize().html().unwrap());
}

#[test]
fn a_sellers_dashboard() {
    insta::assert_snapshot!(dashboard().html().unwrap());
}

#[test]
fn the_console() {
    insta::assert_snapshot!(console().html().unwrap());
}

#[test]
fn the_onboarding_page() {
    let field = |name: &str, label: &str, r#type| OnboardingField {
        id: name.replace('.', "-"),
        name: name.to_owned(),
        label: label.to_owned(),
        r#type,
    };
    let page = OnboardingPage {
        platform: "Market <i>".to_owned(),
        account: "acct_1".to_owned(),
        mode: "test",
        fields: vec![
            field("business_profile.mcc", "business profile: mcc", "text"),
            field("tos_acceptance.date", "I accept", "checkbox"),
        ],
        error: Some("Something is still missing.".to_owned()),
    };
    insta::assert_snapshot!(page.html().unwrap());
}

#[test]
fn the_banks_question() {
    let page = AuthenticatePage {
        question: Question {
            heading: "Your bank asks: is this you?",
            approve: "Approve",
            fail: "Fail",
        },
        intent: "pi_1".to_owned(),
        amount: Some("10.00 usd".to_owned()),
        merchant: "Bakery".to_owned(),
        account: "acct_1".to_owned(),
    };
    insta::assert_snapshot!(page.html().unwrap());
}

#[test]
fn the_check_of_an_identity() {
    let page = IdentityPage {
        merchant: "Bakery".to_owned(),
        account: "acct_1".to_owned(),
        session: "vs_1".to_owned(),
        error: Some("The document could not be verified.".to_owned()),
    };
    insta::assert_snapshot!(page.html().unwrap());
}

#[test]
fn a_message() {
    let link = Link {
        href: "/_tollway/console".to_owned(),
        label: "Console".to_owned(),
    };
    let page = MessagePage {
        heading: "Not found".to_owned(),
        text: "No account <acct_9>.".to_owned(),
        link: Some(link),
    };
    insta::assert_snapshot!(page.html().unwrap());
}

#[test]
fn the_sparsest_contexts_render_too() {
    let page = AuthorizePage {
        sellers: vec![],
        fields: vec![],
        may_skip: false,
        error: None,
        ..authorize()
    };
    assert!(!page.html().unwrap().contains("id=\"skip\""));
    let page = DashboardPage {
        connections: vec![],
        balances: vec![],
        controlled_by: Some("Else".to_owned()),
        ..dashboard()
    };
    assert!(page.html().unwrap().contains("no-connections"));
    assert!(
        ConsolePage {
            worlds: vec![],
            ..console()
        }
        .html()
        .unwrap()
        .contains("no-worlds")
    );
    let page = MessagePage {
        heading: "a".to_owned(),
        text: "b".to_owned(),
        link: None,
    };
    assert!(page.html().is_ok());
}

#[test]
fn foreign_text_never_becomes_markup() {
    let html = authorize().html().unwrap();
    assert!(
        !html.contains("<script") && !html.contains("<Sons>"),
        "{html}"
    );
}

#[test]
fn every_control_has_a_label_and_every_id_is_unique() {
    for html in [
        authorize().html().unwrap(),
        dashboard().html().unwrap(),
        console().html().unwrap(),
        checkout().html().unwrap(),
        operator::portal().html().unwrap(),
        operator::world().html().unwrap(),
        operator::requests().html().unwrap(),
        operator::request().html().unwrap(),
        operator::event().html().unwrap(),
        operator::faults().html().unwrap(),
    ] {
        let ids: Vec<&str> = html
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let unique: std::collections::HashSet<&&str> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
        for input in html
            .split("<input ")
            .chain(html.split("<select "))
            .filter(|part| !part.starts_with("<!doctype"))
            .filter(|input| !input.starts_with("type=\"hidden\""))
        {
            let id = input
                .split("id=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .unwrap();
            assert!(html.contains(&format!("<label for=\"{id}\">")), "{id}");
        }
        let handler = |rest: &str| {
            rest.split_once('=')
                .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_lowercase()))
        };
        assert!(
            !html.contains(" style=") && !html.split(" on").skip(1).any(handler),
            "{html}"
        );
    }
}

#[test]
fn pages_let_forms_lead_to_the_platform_and_nothing_else_in() {
    let target = url::Url::parse("http://localhost:4000/cb?x=1").unwrap();
    let response = respond(StatusCode::OK, &dashboard(), Some(&target));
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("form-action 'self' http://localhost:4000")
            && policy.contains("frame-ancestors 'none'")
    );
    assert_eq!(response.headers()[header::REFERRER_POLICY], "same-origin");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
}
