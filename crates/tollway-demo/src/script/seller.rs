//! A seller: a tenant of the platform with a browser of its own, which goes through the real pages.

use url::Url;

use crate::browser::Browser;
use crate::page::Page;
use crate::setup::BUSINESS_NAME;

use super::{
    environment::Environment,
    report::{StepResult, ensure, same},
};

/// The text of the platform's page after success.
const CONNECTED: &str = "Your Stripe account is connected";

/// A seller on the platform.
pub(super) struct Seller {
    /// The platform's name for the seller.
    pub(super) tenant: &'static str,
    /// The seller's browser.
    pub(super) browser: Browser,
}

/// A seller whose account is connected.
pub(super) struct Connected {
    /// The seller.
    pub(super) seller: Seller,
    /// The seller's account.
    pub(super) account: String,
    /// The address that Stripe redirected the browser to.
    pub(super) callback: Url,
}

impl Seller {
    /// A seller with a new browser.
    pub(super) fn new(tenant: &'static str) -> StepResult<Self> {
        Ok(Self {
            tenant,
            browser: Browser::new()?,
        })
    }

    /// Opens the platform's page and follows its button to Stripe's page.
    pub(super) async fn go_to_stripe(&mut self, environment: &Environment) -> StepResult<Page> {
        let email = format!("{}@example.com", self.tenant);
        let link = environment
            .host
            .start_link(self.tenant)
            .prefill("email", &email)
            .prefill("country", "DE")
            .page();
        let link: Url = link
            .map_err(|error| error.to_string())?
            .parse()
            .map_err(|error| format!("the start link: {error}"))?;
        let page = self.browser.open(&link).await?;
        same("the platform's page", page.status, 200)?;
        // The page of a connected seller has another button.
        let button = page
            .link("Connect with Stripe")
            .or_else(|_| page.link("Connect again"))?;
        let page = self.browser.open(&button).await?;
        same("Stripe's page", page.status, 200)?;
        same(
            "the host of Stripe's page",
            page.url.origin(),
            environment.stripe_url.origin(),
        )?;
        ensure(page.text.contains(BUSINESS_NAME), || {
            format!("Stripe's page does not say that {BUSINESS_NAME} asks")
        })?;
        Ok(page)
    }

    /// Presses a button on Stripe's page. Returns the address of the redirect without opening it.
    pub(super) async fn choose(
        &mut self,
        page: &Page,
        button: &str,
        account: &str,
    ) -> StepResult<Url> {
        let response = self
            .browser
            .press_once(page, button, &[("account", account)])
            .await?;
        let seen = format!("{button} answered {}: {}", response.status, response.body);
        response.location()?.ok_or(seen)
    }

    /// Platform's page, Stripe's page, Connect: returns the callback's address without opening it.
    pub(super) async fn allow(
        &mut self,
        environment: &Environment,
        account: &str,
    ) -> StepResult<Url> {
        let page = self.go_to_stripe(environment).await?;
        let callback = self.choose(&page, "Connect", account).await?;
        ensure(
            callback.query_pairs().any(|(name, _)| name == "code"),
            || "the redirect brings no code".to_owned(),
        )?;
        Ok(callback)
    }

    /// Connects a new account, callback included.
    pub(super) async fn connect(mut self, environment: &Environment) -> StepResult<Connected> {
        let callback = self.allow(environment, "new").await?;
        let account = self.arrive(environment, &callback).await?;
        Ok(Connected {
            seller: self,
            account,
            callback,
        })
    }

    /// Opens a callback that must succeed. Returns the account that the platform recorded.
    pub(super) async fn arrive(
        &mut self,
        environment: &Environment,
        callback: &Url,
    ) -> StepResult<String> {
        let page = self.browser.open(callback).await?;
        success(&page)?;
        let connection = environment.active(self.tenant).await?;
        ensure(page.text.contains(&connection.account), || {
            format!("the page does not show {}", connection.account)
        })?;
        Ok(connection.account)
    }
}

/// Fails unless the page says that the account is connected.
pub(super) fn success(page: &Page) -> StepResult {
    ensure(page.status == 200 && page.text.contains(CONNECTED), || {
        format!("the outcome page answered {}: {}", page.status, page.text)
    })
}
