//! The context of the billing portal.

use serde::Serialize;

use crate::pages::{Input, Page, Template};

/// The billing portal of a customer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PortalPage {
    pub(crate) merchant: String,
    pub(crate) mode: &'static str,
    pub(crate) email: Option<String>,
    pub(crate) subscriptions: Vec<PortalSubscription>,
    /// The label of the cancel button: now, or at the end of the period.
    pub(crate) cancel_label: &'static str,
    /// The default card.
    pub(crate) card: Option<String>,
    /// The fields of a new card; empty if the card cannot be changed here.
    pub(crate) inputs: Vec<Input>,
    pub(crate) invoices: Vec<PortalInvoice>,
    pub(crate) return_url: Option<String>,
    pub(crate) error: Option<String>,
}

/// A subscription in the portal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PortalSubscription {
    pub(crate) id: String,
    pub(crate) items: Vec<String>,
    pub(crate) status: String,
    /// The end of the period, in a sentence.
    pub(crate) until: String,
    pub(crate) may_cancel: bool,
    pub(crate) may_renew: bool,
}

/// An invoice in the portal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PortalInvoice {
    pub(crate) day: String,
    pub(crate) number: String,
    pub(crate) href: String,
    pub(crate) amount: String,
    pub(crate) status: String,
}

impl Page for PortalPage {
    const TEMPLATE: Template = Template::new("portal.html", include_str!("portal.html"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::soundness::assert_sound;

    fn owned(text: &str) -> String {
        text.to_owned()
    }

    fn portal() -> PortalPage {
        let subscription = |id: &str, may_cancel| PortalSubscription {
            id: owned(id),
            items: vec![owned("1 × Bread club <b>, 20.00 usd every month")],
            status: owned("active"),
            until: owned("Renews on 2 January 2026."),
            may_cancel,
            may_renew: !may_cancel,
        };
        PortalPage {
            merchant: owned("Market & <Sons>"),
            mode: "test",
            email: Some(owned("jenny@x.example")),
            subscriptions: vec![subscription("sub_1", true), subscription("sub_2", false)],
            cancel_label: "Cancel now",
            card: Some(owned("visa ending in 4242, until 12/2034")),
            inputs: vec![Input::new("number", "Card number", "numeric", "cc-number").required()],
            invoices: vec![PortalInvoice {
                day: owned("2 January 2026"),
                number: owned("ABC-0001"),
                href: owned("/_tollway/invoices/in_1"),
                amount: owned("20.00 usd"),
                status: owned("paid"),
            }],
            return_url: Some(owned("https://shop.example")),
            error: Some(owned("Your card was declined.")),
        }
    }

    #[test]
    fn the_billing_portal() {
        insta::assert_snapshot!(portal().html().unwrap());
    }

    #[test]
    fn portal_without_subscriptions_and_card_says_so() {
        let page = PortalPage {
            subscriptions: vec![],
            card: None,
            inputs: vec![],
            invoices: vec![],
            error: None,
            ..portal()
        };
        let html = page.html().unwrap();
        assert!(html.contains("no-subscriptions") && html.contains("No card is kept."));
    }

    #[test]
    fn portal_page_is_sound() {
        assert_sound(&portal().html().unwrap());
    }
}
