//! The context of the authentication page.

use serde::Serialize;

use crate::pages::{Page, Template};

/// The question of the page and the labels of its two buttons.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Question {
    pub(crate) heading: &'static str,
    pub(crate) approve: &'static str,
    pub(crate) fail: &'static str,
}

/// The page on which the payer of an intent decides.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuthenticatePage {
    pub(crate) question: Question,
    pub(crate) intent: String,
    /// Number and currency; none for a SetupIntent.
    pub(crate) amount: Option<String>,
    /// The name of the merchant.
    pub(crate) merchant: String,
    /// The account that is paid.
    pub(crate) account: String,
}

impl Page for AuthenticatePage {
    const TEMPLATE: Template =
        Template::new("authenticate.html", include_str!("authenticate.html"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authentication_page_asks_the_question() {
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
}
