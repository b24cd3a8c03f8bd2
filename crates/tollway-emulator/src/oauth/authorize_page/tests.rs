//! The OAuth page with samples of its context.

use super::context::*;
use crate::pages::Page;
use crate::pages::soundness::assert_sound;

fn authorize() -> AuthorizePage {
    let field = |id, label, r#type, autocomplete, value: &str, error: Option<&str>| SignUpField {
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
            SellerOption {
                account: "acct_1".to_owned(),
                label: "Bakery".to_owned(),
                email: "b@x.example".to_owned(),
                refusal: None,
            },
            SellerOption {
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

#[test]
fn the_oauth_page() {
    insta::assert_snapshot!(authorize().html().unwrap());
}

#[test]
fn authorize_page_without_accounts_and_fields_renders() {
    let page = AuthorizePage {
        sellers: vec![],
        fields: vec![],
        may_skip: false,
        error: None,
        ..authorize()
    };
    assert!(!page.html().unwrap().contains("id=\"skip\""));
}

#[test]
fn authorize_page_escapes_text() {
    let html = authorize().html().unwrap();
    assert!(
        !html.contains("<script") && !html.contains("<Sons>"),
        "{html}"
    );
}

#[test]
fn authorize_page_is_sound() {
    assert_sound(&authorize().html().unwrap());
}
