//! The context of the authentication page.

use serde::Serialize;

use crate::pages::{Page, Template};

/// What a page asks somebody who pays, and its two buttons.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Question {
    pub(crate) heading: &'static str,
    pub(crate) approve: &'static str,
    pub(crate) fail: &'static str,
}

/// The question to the payer before, or in the middle of, a payment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuthenticatePage {
    pub(crate) question: Question,
    pub(crate) intent: String,
    /// Number and currency; none if the card is only set up for later.
    pub(crate) amount: Option<String>,
    /// The name of whoever is paid.
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
}
