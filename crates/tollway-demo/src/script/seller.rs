//! A seller: a tenant of the platform with a browser of their own, who walks through the real pages.

use url::Url;

use super::{
    super::setup::BUSINESS_NAME,
    browser::Browser,
    narrator::{Held, ensure, same},
    page::Page,
    stage::Stage,
};

/// What the platform's page says when it worked.
const CONNECTED: &str = "Your Stripe account is connected";

/// A person who sells on the platform.
pub(super) struct Seller {
    /// The platform's name for them.
    pub(super) tenant: &'static str,
    /// Their browser.
    pub(super) browser: Browser,
}

/// A seller whose account is connected.
pub(super) struct Connected {
    /// The person.
    pub(super) seller: Seller,
    /// Their account.
    pub(super) account: String,
    /// Where Stripe sent them back to.
    pub(super) callback: Url,
}

impl Seller {
    /// A seller with a browser that has never been anywhere.
    pub(super) fn new(tenant: &'static str) -> Self {
        Self {
            tenant,
            browser: Browser::new(),
        }
    }

    /// From the platform's page, by its button, to Stripe's page.
    pub(super) async fn go_to_stripe(&mut self, stage: &Stage) -> Held<Page> {
        let email = format!("{}@example.com", self.tenant);
        let link = stage
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
        // Whoever is connected already is offered to do it again.
        let button = page
            .link("Connect with Stripe")
            .or_else(|_| page.link("Connect again"))?;
        let page = self.browser.open(&button).await?;
        same("Stripe's page", page.status, 200)?;
        same(
            "the host of Stripe's page",
            page.url.origin(),
            stage.stripe_url.origin(),
        )?;
        ensure(page.text.contains(BUSINESS_NAME), || {
            format!("Stripe's page does not say that {BUSINESS_NAME} asks")
        })?;
        Ok(page)
    }

    /// Presses a button on Stripe's page; gives the address Stripe sends the browser to, unopened.
    pub(super) async fn answer(&mut self, page: &Page, button: &str, account: &str) -> Held<Url> {
        let answer = self
            .browser
            .press_once(page, button, &[("account", account)])
            .await?;
        let seen = format!("{button} answered {}: {}", answer.status, answer.body);
        answer.location()?.ok_or(seen)
    }

    /// The whole way to a code: platform's page, Stripe's page, Connect. The callback is not opened yet.
    pub(super) async fn allow(&mut self, stage: &Stage, account: &str) -> Held<Url> {
        let page = self.go_to_stripe(stage).await?;
        let callback = self.answer(&page, "Connect", account).await?;
        ensure(
            callback.query_pairs().any(|(name, _)| name == "code"),
            || "the redirect brings no code".to_owned(),
        )?;
        Ok(callback)
    }

    /// The whole way with a new account, callback included.
    pub(super) async fn connect(mut self, stage: &Stage) -> Held<Connected> {
        let callback = self.allow(stage, "new").await?;
        let account = self.arrive(stage, &callback).await?;
        Ok(Connected {
            seller: self,
            account,
            callback,
        })
    }

    /// Opens a callback that must succeed; gives the account that the platform recorded.
    pub(super) async fn arrive(&mut self, stage: &Stage, callback: &Url) -> Held<String> {
        let page = self.browser.open(callback).await?;
        success(&page)?;
        let connection = stage.active(self.tenant).await?;
        ensure(page.text.contains(&connection.account), || {
            format!("the page does not show {}", connection.account)
        })?;
        Ok(connection.account)
    }
}

/// Holds if the page says that the account is connected.
pub(super) fn success(page: &Page) -> Held {
    ensure(page.status == 200 && page.text.contains(CONNECTED), || {
        format!("the outcome page answered {}: {}", page.status, page.text)
    })
}
