//! What a seller reads about each outcome.

use crate::outcome::Outcome;

/// The text of an outcome's page.
pub(super) struct PageText {
    /// The heading: what happened.
    pub title: &'static str,
    /// What it means.
    pub text: &'static str,
    /// What to do next; empty if there is nothing to do.
    pub advice: &'static str,
}

/// Whether the page offers to start again.
pub(super) const fn may_try_again(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Connected | Outcome::KeptPrevious)
}

/// The text of an outcome's page.
pub(super) const fn page_text(outcome: Outcome) -> PageText {
    let (title, text, advice) = match outcome {
        Outcome::Connected => (
            "Your Stripe account is connected",
            "You can go back and carry on.",
            "",
        ),
        Outcome::KeptPrevious => (
            "Your account was not changed",
            "The account you were connected with before stays in use.",
            "",
        ),
        Outcome::Denied => (
            "Your account was not connected",
            "You chose not to connect on Stripe's page. Nothing was changed.",
            "You can connect at any time.",
        ),
        Outcome::DeniedWithoutState => (
            "Nothing was connected",
            "Stripe sent you back without connecting an account. Nothing was changed.",
            "To connect, start again from where you came.",
        ),
        Outcome::Malformed => (
            "This address is not complete",
            "Stripe's answer is missing from it, or cannot be read.",
            "Start again from where you came.",
        ),
        Outcome::UnknownState => (
            "This page does not belong to anything started here",
            "The address may be old or cut off. Nothing was changed.",
            "Start again from where you came.",
        ),
        Outcome::Expired => (
            "That took too long",
            "For your safety, an attempt to connect ends after a while. Nothing was changed.",
            "Start again: it only takes a moment.",
        ),
        Outcome::WrongBrowser => (
            "This was started in another browser",
            "For your safety it can be finished only in the browser where it was started, with its cookies. Nothing was changed.",
            "Go back to that browser, or start again in this one.",
        ),
        Outcome::WrongPlatform => (
            "This answer belongs to another site",
            "It was started for a different platform. Nothing was changed.",
            "Start again from where you came.",
        ),
        Outcome::WrongMode => (
            "Stripe answered for the other mode",
            "A test connection and a live one cannot be mixed, so nothing was recorded.",
            "Please tell the platform's support.",
        ),
        Outcome::Replayed => (
            "This was already used",
            "Each attempt to connect works once. Nothing was changed.",
            "Start again if your account is not connected.",
        ),
        Outcome::ScopeTooSmall => (
            "Stripe granted less than is needed",
            "The platform needs to act for your account, and was only allowed to look. Nothing was recorded.",
            "Start again and allow the full access.",
        ),
        Outcome::AccountOnOtherTenant => (
            "This Stripe account is in use already",
            "It is connected to another customer of the platform. Nothing was changed.",
            "Connect a different account, or disconnect it there first.",
        ),
        Outcome::AccountControlled => (
            "This Stripe account belongs to another platform",
            "Stripe does not let two platforms act for it. Nothing was changed.",
            "Start again and create a new account on Stripe's page.",
        ),
        Outcome::StripeUnreachable => (
            "Stripe could not be reached",
            "Nothing was sent and nothing was changed.",
            "Start again in a moment.",
        ),
        Outcome::InvalidGrant => (
            "Stripe did not accept the answer",
            "It may have been too old, or used before. Nothing was recorded.",
            "Start again: it only takes a moment.",
        ),
        Outcome::StripeRefused => (
            "Stripe refused to connect your account",
            "The reason lies with the platform, not with you. Nothing was recorded.",
            "Please tell the platform's support.",
        ),
        Outcome::Interrupted => (
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_advice_exactly_when_it_offers_to_start_again() {
        for outcome in Outcome::ALL {
            let text = page_text(*outcome);
            assert!(!text.title.is_empty() && !text.text.is_empty(), "{outcome}");
            assert_eq!(
                may_try_again(*outcome),
                !text.advice.is_empty(),
                "{outcome}"
            );
        }
    }
}
