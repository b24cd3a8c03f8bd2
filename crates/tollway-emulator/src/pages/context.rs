//! What each page is told.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Page;

/// The OAuth page: who asks for what, and which account says yes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuthorizePage {
    /// The platform's name, or its client id.
    pub(crate) platform: String,
    /// `test` or `live`.
    pub(crate) mode: &'static str,
    /// What is asked for, in sentences.
    pub(crate) permissions: Vec<&'static str>,
    /// Host of the redirect URI.
    pub(crate) returns_to: String,
    /// The accounts to sign in to.
    pub(crate) sellers: Vec<Choice>,
    /// The account that is preselected, or `new`.
    pub(crate) chosen: String,
    /// The form of a new account.
    pub(crate) fields: Vec<Field>,
    /// May the form be skipped, as with a development client id?
    pub(crate) may_skip: bool,
    /// What was wrong with the form that was sent.
    pub(crate) error: Option<String>,
}

/// An account to sign in to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Choice {
    pub(crate) account: String,
    pub(crate) label: String,
    pub(crate) email: String,
    /// Why it cannot be chosen.
    pub(crate) refusal: Option<String>,
}

/// An input of the form of a new account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Field {
    pub(crate) id: &'static str,
    /// The member of `stripe_user[…]`.
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) r#type: &'static str,
    pub(crate) autocomplete: &'static str,
    pub(crate) value: String,
    pub(crate) error: Option<String>,
}

/// What an account still lacks, as a form.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OnboardingPage {
    pub(crate) platform: String,
    pub(crate) account: String,
    pub(crate) mode: &'static str,
    pub(crate) fields: Vec<OnboardingField>,
    /// What was wrong with the form that was sent.
    pub(crate) error: Option<String>,
}

/// One requirement.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OnboardingField {
    pub(crate) id: String,
    /// The requirement, as the API names it.
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) r#type: &'static str,
}

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

/// The question how the check of a person's identity ends.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IdentityPage {
    /// The name of whoever asks.
    pub(crate) merchant: String,
    /// The account that asks.
    pub(crate) account: String,
    pub(crate) session: String,
    /// Why the last check failed.
    pub(crate) error: Option<String>,
}

/// An input of a form.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Input {
    /// The name it is sent by, and its id with dashes.
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) label: String,
    /// `text`, `email`, `tel`, `numeric`, `select` or `checkbox`.
    pub(crate) kind: String,
    pub(crate) autocomplete: String,
    pub(crate) value: String,
    /// What a `select` offers.
    pub(crate) options: Vec<Choose>,
    pub(crate) hint: String,
    pub(crate) required: bool,
    pub(crate) readonly: bool,
    pub(crate) error: Option<String>,
}

/// One of the values of an [`Input`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Choose {
    pub(crate) value: String,
    pub(crate) label: String,
}

impl Choose {
    /// A value that is its own label.
    pub(crate) fn plain(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            label: value.to_owned(),
        }
    }
}

impl Input {
    pub(crate) fn new(name: &str, label: &str, kind: &str, autocomplete: &str) -> Self {
        Self {
            id: name.replace('_', "-"),
            name: name.to_owned(),
            label: label.to_owned(),
            kind: kind.to_owned(),
            autocomplete: autocomplete.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Shows again what was typed, and what is wrong with it. A security code is never shown again.
    pub(crate) fn fill(
        &mut self,
        form: &BTreeMap<String, String>,
        errors: &BTreeMap<String, String>,
    ) {
        if let Some(typed) = form.get(&self.name).filter(|_| self.name != "cvc") {
            self.value.clone_from(typed);
        }
        self.error = errors.get(&self.name).cloned();
    }
}

/// Something to be paid: a Checkout session, an invoice.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CheckoutPage {
    pub(crate) heading: String,
    /// What the table of items is called.
    pub(crate) caption: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) items: Vec<CheckoutItem>,
    pub(crate) trial: Option<String>,
    pub(crate) sums: Vec<Sum>,
    pub(crate) inputs: Vec<Input>,
    /// May quantities or the amount be changed, and the total be worked out anew?
    pub(crate) updates: bool,
    /// Where a promotion code is typed, if one may be.
    pub(crate) promotion: Option<Input>,
    /// What the button says; none if there is nothing to press.
    pub(crate) button: Option<String>,
    /// What the shop says beside the button.
    pub(crate) note: Option<String>,
    /// Back to the shop without paying.
    pub(crate) cancel: Option<String>,
    pub(crate) error: Option<String>,
}

/// A line of what is bought.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CheckoutItem {
    pub(crate) description: String,
    pub(crate) quantity: i64,
    pub(crate) note: Option<String>,
    pub(crate) amount: String,
}

/// A customer's billing portal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PortalPage {
    pub(crate) merchant: String,
    pub(crate) mode: &'static str,
    pub(crate) email: Option<String>,
    pub(crate) subscriptions: Vec<PortalSubscription>,
    /// At once, or at the end of the period.
    pub(crate) cancel_label: &'static str,
    /// The card that invoices are paid with.
    pub(crate) card: Option<String>,
    /// The form of another card; none if it cannot be changed here.
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
    /// Until when, in a sentence.
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

/// A sum below a table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sum {
    pub(crate) label: String,
    pub(crate) amount: String,
}

/// One message and where to go next.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MessagePage {
    pub(crate) heading: String,
    pub(crate) text: String,
    pub(crate) link: Option<Link>,
}

/// Where to go next.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) label: String,
}

/// What a seller sees of its own account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DashboardPage {
    pub(crate) account: String,
    pub(crate) label: String,
    pub(crate) email: String,
    pub(crate) country: String,
    pub(crate) controlled_by: Option<String>,
    pub(crate) connections: Vec<ConnectionCard>,
    pub(crate) balances: Vec<BalanceRow>,
}

/// A platform connected to a seller's account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConnectionCard {
    pub(crate) platform: String,
    pub(crate) mode: &'static str,
    pub(crate) scope: &'static str,
    /// RFC 3339.
    pub(crate) since: String,
    /// Why the seller cannot end it.
    pub(crate) refusal: Option<&'static str>,
}

/// A balance in one mode and currency, formatted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BalanceRow {
    pub(crate) mode: &'static str,
    pub(crate) currency: String,
    pub(crate) available: String,
    pub(crate) pending: String,
}

impl Page for PortalPage {
    const TEMPLATE: &'static str = "portal.html";
}

impl Page for AuthorizePage {
    const TEMPLATE: &'static str = "authorize.html";
}

impl Page for OnboardingPage {
    const TEMPLATE: &'static str = "onboarding.html";
}

impl Page for AuthenticatePage {
    const TEMPLATE: &'static str = "authenticate.html";
}

impl Page for IdentityPage {
    const TEMPLATE: &'static str = "identity.html";
}

impl Page for CheckoutPage {
    const TEMPLATE: &'static str = "checkout.html";
}

impl Page for MessagePage {
    const TEMPLATE: &'static str = "message.html";
}

impl Page for DashboardPage {
    const TEMPLATE: &'static str = "dashboard.html";
}
