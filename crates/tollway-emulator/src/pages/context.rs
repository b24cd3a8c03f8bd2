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

/// The bank's question before a payment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuthenticatePage {
    pub(crate) intent: String,
    /// Number and currency; none if the card is only set up for later.
    pub(crate) amount: Option<String>,
    /// The name of whoever is paid.
    pub(crate) merchant: String,
    /// The account that is paid.
    pub(crate) account: String,
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

/// A Checkout session, to be paid.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CheckoutPage {
    pub(crate) heading: String,
    pub(crate) mode: &'static str,
    pub(crate) items: Vec<CheckoutItem>,
    pub(crate) trial: Option<String>,
    pub(crate) sums: Vec<Sum>,
    pub(crate) inputs: Vec<Input>,
    /// Where a promotion code is typed, if one may be.
    pub(crate) promotion: Option<Input>,
    pub(crate) button: String,
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

/// Everything in the emulator, world by world.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConsolePage {
    /// The emulator's own address, for the example.
    pub(crate) base: String,
    pub(crate) worlds: Vec<WorldSection>,
}

/// One world.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WorldSection {
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) applications: Vec<ApplicationRow>,
    pub(crate) sellers: Vec<SellerRow>,
    pub(crate) events: Vec<EventRow>,
}

/// A client id.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ApplicationRow {
    pub(crate) client_id: String,
    pub(crate) mode: &'static str,
    pub(crate) redirect_uris: Vec<String>,
}

/// An account and where it is connected.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SellerRow {
    pub(crate) account: String,
    pub(crate) label: String,
    /// Modes and scopes, in words.
    pub(crate) connected: String,
}

/// An event and how its deliveries stand.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EventRow {
    pub(crate) id: String,
    pub(crate) r#type: String,
    pub(crate) account: String,
    /// In words.
    pub(crate) deliveries: String,
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

impl Page for CheckoutPage {
    const TEMPLATE: &'static str = "checkout.html";
}

impl Page for MessagePage {
    const TEMPLATE: &'static str = "message.html";
}

impl Page for DashboardPage {
    const TEMPLATE: &'static str = "dashboard.html";
}

impl Page for ConsolePage {
    const TEMPLATE: &'static str = "console.html";
}
