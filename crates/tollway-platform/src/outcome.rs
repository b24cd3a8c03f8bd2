//! The outcomes of a connect attempt, each with its name and HTTP status.

use std::fmt;

/// How an attempt, or a callback, ended. Its name is used in the store, in metrics and on pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The account is connected.
    Connected,
    /// Stripe connected another account than before; the seller kept the former one.
    KeptPrevious,
    /// The seller denied on Stripe's page.
    Denied,
    /// A denial without `state`: its attempt is unknown, and nothing was changed.
    DeniedWithoutState,
    /// The callback had neither a code nor an error, or its query was unreadable.
    Malformed,
    /// No attempt has this `state`.
    UnknownState,
    /// The attempt was started too long ago.
    Expired,
    /// The callback came from a browser that did not start the attempt.
    WrongBrowser,
    /// The callback came to another platform than the attempt was started for.
    WrongPlatform,
    /// Stripe granted access in the other mode.
    WrongMode,
    /// The attempt was used already, with another code.
    Replayed,
    /// Stripe granted a smaller scope than requested.
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
    /// The code was sent, but the response was lost by a crash or a timeout. The code is never sent again.
    Interrupted,
}

impl Outcome {
    /// All outcomes, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
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

    /// Reads a name. `None`: this version knows no such outcome.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|outcome| outcome.as_str() == text)
    }

    /// The HTTP status of its page. An outcome that the seller chose is 200.
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
    fn names_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(*outcome));
        }
        assert_eq!(Outcome::parse("fine"), None);
    }
}
