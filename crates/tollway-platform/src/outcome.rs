//! Every way a connect attempt can end, each with its name, HTTP status, and the words a seller reads.

use std::fmt;

/// How an attempt, or a callback, ended. The name is what the store, the metrics and the pages use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The account is connected.
    Connected,
    /// Stripe connected another account than the one before; the seller kept the one before.
    KeptPrevious,
    /// The seller said no on Stripe's page.
    Denied,
    /// A refusal came without `state`: nothing is known about it and nothing was touched.
    DeniedWithoutState,
    /// The callback had neither a code nor a refusal, or none that could be read.
    Malformed,
    /// Nobody started an attempt with this `state`.
    UnknownState,
    /// The attempt was started too long ago.
    Expired,
    /// The callback came from a browser that did not start the attempt.
    WrongBrowser,
    /// The callback came to another platform than the attempt was started for.
    WrongPlatform,
    /// Stripe answered for the other mode.
    WrongMode,
    /// The attempt was used already, with another code.
    Replayed,
    /// Stripe granted less than was asked for.
    ScopeTooSmall,
    /// The account is connected to another tenant.
    AccountOnOtherTenant,
    /// The account is controlled by another platform.
    AccountControlled,
    /// Stripe could not be reached; nothing was sent.
    StripeUnreachable,
    /// Stripe refused the code: unknown, expired, used, or made for another platform or mode.
    InvalidGrant,
    /// Stripe refused for another reason, most likely the platform's own settings.
    StripeRefused,
    /// The code was sent, but the answer was lost: a crash, a timeout. The code is never sent again.
    Interrupted,
}

/// What a page says about an outcome.
pub(crate) struct PageText {
    /// The heading: what happened.
    pub title: &'static str,
    /// What it means.
    pub text: &'static str,
    /// What to do now; empty when there is nothing to do.
    pub advice: &'static str,
}

impl Outcome {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 18] = [
        Self::Connected,
        Self::KeptPrevious,
        Self::Denied,
        Self::DeniedWithoutState,
        Self::Malformed,
        Self::UnknownState,
        Self::Expired,
        Self::WrongBrowser,
        Self::WrongPlatform,
        Self::WrongMode,
        Self::Replayed,
        Self::ScopeTooSmall,
        Self::AccountOnOtherTenant,
        Self::AccountControlled,
        Self::StripeUnreachable,
        Self::InvalidGrant,
        Self::StripeRefused,
        Self::Interrupted,
    ];

    /// The name in the store, in metrics and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::KeptPrevious => "kept_previous",
            Self::Denied => "denied",
            Self::DeniedWithoutState => "denied_without_state",
            Self::Malformed => "malformed",
            Self::UnknownState => "unknown_state",
            Self::Expired => "expired",
            Self::WrongBrowser => "wrong_browser",
            Self::WrongPlatform => "wrong_platform",
            Self::WrongMode => "wrong_mode",
            Self::Replayed => "replayed",
            Self::ScopeTooSmall => "scope_too_small",
            Self::AccountOnOtherTenant => "account_on_other_tenant",
            Self::AccountControlled => "account_controlled",
            Self::StripeUnreachable => "stripe_unreachable",
            Self::InvalidGrant => "invalid_grant",
            Self::StripeRefused => "stripe_refused",
            Self::Interrupted => "interrupted",
        }
    }

    /// Reads a name back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
    }

    /// The HTTP status of its page. A seller's own choice is not an error.
    pub const fn status(self) -> u16 {
        match self {
            Self::Connected | Self::KeptPrevious | Self::Denied | Self::DeniedWithoutState => 200,
            Self::Malformed | Self::UnknownState | Self::WrongPlatform | Self::InvalidGrant => 400,
            Self::WrongBrowser => 403,
            Self::WrongMode
            | Self::Replayed
            | Self::ScopeTooSmall
            | Self::AccountOnOtherTenant
            | Self::AccountControlled => 409,
            Self::Expired => 410,
            Self::StripeRefused | Self::Interrupted => 502,
            Self::StripeUnreachable => 503,
        }
    }

    /// Does starting again make sense?
    pub(crate) const fn may_try_again(self) -> bool {
        !matches!(self, Self::Connected | Self::KeptPrevious)
    }

    /// What the seller reads.
    pub(crate) const fn page_text(self) -> PageText {
        let (title, text, advice) = match self {
            Self::Connected => (
                "Your Stripe account is connected",
                "You can go back and carry on.",
                "",
            ),
            Self::KeptPrevious => (
                "Your account was not changed",
                "The account you were connected with before stays in use.",
                "",
            ),
            Self::Denied => (
                "Your account was not connected",
                "You chose not to connect on Stripe's page. Nothing was changed.",
                "You can connect at any time.",
            ),
            Self::DeniedWithoutState => (
                "Nothing was connected",
                "Stripe sent you back without connecting an account. Nothing was changed.",
                "To connect, start again from where you came.",
            ),
            Self::Malformed => (
                "This address is not complete",
                "Stripe's answer is missing from it, or cannot be read.",
                "Start again from where you came.",
            ),
            Self::UnknownState => (
                "This page does not belong to anything started here",
                "The address may be old or cut off. Nothing was changed.",
                "Start again from where you came.",
            ),
            Self::Expired => (
                "That took too long",
                "For your safety, an attempt to connect ends after a while. Nothing was changed.",
                "Start again: it only takes a moment.",
            ),
            Self::WrongBrowser => (
                "This was started in another browser",
                "For your safety it can be finished only in the browser where it was started, with its cookies. Nothing was changed.",
                "Go back to that browser, or start again in this one.",
            ),
            Self::WrongPlatform => (
                "This answer belongs to another site",
                "It was started for a different platform. Nothing was changed.",
                "Start again from where you came.",
            ),
            Self::WrongMode => (
                "Stripe answered for the other mode",
                "A test connection and a live one cannot be mixed, so nothing was recorded.",
                "Please tell the platform's support.",
            ),
            Self::Replayed => (
                "This was already used",
                "Each attempt to connect works once. Nothing was changed.",
                "Start again if your account is not connected.",
            ),
            Self::ScopeTooSmall => (
                "Stripe granted less than is needed",
                "The platform needs to act for your account, and was only allowed to look. Nothing was recorded.",
                "Start again and allow the full access.",
            ),
            Self::AccountOnOtherTenant => (
                "This Stripe account is in use already",
                "It is connected to another customer of the platform. Nothing was changed.",
                "Connect a different account, or disconnect it there first.",
            ),
            Self::AccountControlled => (
                "This Stripe account belongs to another platform",
                "Stripe does not let two platforms act for it. Nothing was changed.",
                "Start again and create a new account on Stripe's page.",
            ),
            Self::StripeUnreachable => (
                "Stripe could not be reached",
                "Nothing was sent and nothing was changed.",
                "Start again in a moment.",
            ),
            Self::InvalidGrant => (
                "Stripe did not accept the answer",
                "It may have been too old, or used before. Nothing was recorded.",
                "Start again: it only takes a moment.",
            ),
            Self::StripeRefused => (
                "Stripe refused to connect your account",
                "The reason lies with the platform, not with you. Nothing was recorded.",
                "Please tell the platform's support.",
            ),
            Self::Interrupted => (
                "We could not see how it ended",
                "The connection to Stripe broke off at the last step.",
                "Connect once more to be sure: the same account can be connected again without harm.",
            ),
        };
        PageText {
            title,
            text,
            advice,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_are_unlike() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        assert_eq!(Outcome::parse("fine"), None);
    }

    #[test]
    fn only_what_the_seller_wanted_is_a_success() {
        for outcome in Outcome::ALL {
            let page_text = outcome.page_text();
            assert!(
                !page_text.title.is_empty() && !page_text.text.is_empty(),
                "{outcome}"
            );
            assert_eq!(
                outcome.may_try_again(),
                !page_text.advice.is_empty(),
                "{outcome} says what to do"
            );
        }
    }
}
