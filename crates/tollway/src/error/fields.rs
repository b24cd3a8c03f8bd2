//! The members of Stripe's error body, each `None` when absent or not text.
//! <https://docs.stripe.com/api/errors>

use serde_json::Value;

use super::base::Error;

impl Error {
    /// The error's `type` as Stripe wrote it, for example `card_error`.
    pub fn error_type(&self) -> Option<&str> {
        self.text("type")
    }

    /// Why the issuer declined, for example `insufficient_funds`. <https://docs.stripe.com/declines/codes>
    pub fn decline_code(&self) -> Option<&str> {
        self.text("decline_code")
    }

    /// What to do about a decline, for example `try_again_later`.
    pub fn advice_code(&self) -> Option<&str> {
        self.text("advice_code")
    }

    /// The card network's own decline code.
    pub fn network_decline_code(&self) -> Option<&str> {
        self.text("network_decline_code")
    }

    /// The card network's own advice.
    pub fn network_advice_code(&self) -> Option<&str> {
        self.text("network_advice_code")
    }

    /// The parameter that Stripe refuses, as it is written on the wire: `card[number]`.
    pub fn param(&self) -> Option<&str> {
        self.text("param")
    }

    /// The URL of Stripe's page about this code.
    pub fn doc_url(&self) -> Option<&str> {
        self.text("doc_url")
    }

    /// The URL of the request's page in the Dashboard.
    pub fn request_log_url(&self) -> Option<&str> {
        self.text("request_log_url")
    }

    /// The id of the failed charge.
    pub fn charge(&self) -> Option<&str> {
        self.text("charge")
    }

    /// The type of the payment method that failed.
    pub fn payment_method_type(&self) -> Option<&str> {
        self.text("payment_method_type")
    }

    /// Why a v2 call cannot proceed, for errors of the type `cannot_proceed`.
    pub fn reason(&self) -> Option<&str> {
        self.text("reason")
    }

    /// The v2 parameter that Stripe refuses, for errors of the types `invalid_payment_method` and
    /// `invalid_vaulted_credential`.
    pub fn invalid_param(&self) -> Option<&str> {
        self.text("invalid_param")
    }

    /// The status of a v2 verification, for errors about one.
    pub fn verification_status(&self) -> Option<&str> {
        self.text("verification_status")
    }

    /// A message written for the end user, where Stripe has one. Not the same as [`Error::message`].
    pub fn user_message(&self) -> Option<&str> {
        self.text("user_message")
    }

    /// Any member of the error, also one that this version of the crate does not know.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.error_member(name)
    }
}
