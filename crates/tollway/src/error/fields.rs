//! The members of Stripe's error body, each `None` when absent or not text.
//! <https://docs.stripe.com/api/errors>

use serde_json::Value;

use super::Error;
use crate::api;
use crate::view::View;

impl Error {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.error.get(name).and_then(Value::as_str)
    }

    /// The message, empty when Stripe sent none. Messages of [`ErrorKind::Card`](super::ErrorKind::Card) are written
    /// for the card holder; others are for developers.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The machine-readable reason, for example `resource_missing`; for OAuth the `error` text.
    /// <https://docs.stripe.com/error-codes>
    pub fn code(&self) -> Option<&str> {
        match &self.0.error {
            Value::String(code) => Some(code),
            _ => self.text("code"),
        }
    }

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

    /// The parameter at fault, as it is written on the wire: `card[number]`.
    pub fn param(&self) -> Option<&str> {
        self.text("param")
    }

    /// The page about this code.
    pub fn doc_url(&self) -> Option<&str> {
        self.text("doc_url")
    }

    /// The request's page in the Dashboard.
    pub fn request_log_url(&self) -> Option<&str> {
        self.text("request_log_url")
    }

    /// The id of the failed charge.
    pub fn charge(&self) -> Option<&str> {
        self.text("charge")
    }

    /// The type of the payment method at fault.
    pub fn payment_method_type(&self) -> Option<&str> {
        self.text("payment_method_type")
    }

    /// Why a v2 call cannot proceed, for errors of the type `cannot_proceed`.
    pub fn reason(&self) -> Option<&str> {
        self.text("reason")
    }

    /// Which v2 parameter does not fit, for errors of the types `invalid_payment_method` and `invalid_vaulted_credential`.
    pub fn invalid_param(&self) -> Option<&str> {
        self.text("invalid_param")
    }

    /// How far a v2 verification is, for errors about one.
    pub fn verification_status(&self) -> Option<&str> {
        self.text("verification_status")
    }

    /// A message written for the end user, where Stripe has one. Not the same as [`Error::message`].
    pub fn user_message(&self) -> Option<&str> {
        self.text("user_message")
    }

    /// The payment intent that failed, whole, with its status and its next steps.
    pub fn payment_intent(&self) -> Option<api::PaymentIntent> {
        self.object("payment_intent")
    }

    /// The payment method that was used.
    pub fn payment_method(&self) -> Option<api::PaymentMethod> {
        self.object("payment_method")
    }

    /// The setup intent that failed.
    pub fn setup_intent(&self) -> Option<api::SetupIntent> {
        self.object("setup_intent")
    }

    /// The source that was used: a card, a bank account or a source.
    pub fn source(&self) -> Option<api::CustomerSource> {
        self.object("source")
    }

    /// An object inside the error. A surprising shape does not hide it: see [`View`].
    fn object<T: View>(&self, name: &str) -> Option<T> {
        let object = self.json()?.get("error")?.get(name)?;
        (!object.is_null()).then(|| T::from_json(object))
    }

    /// Any other member of the error, also one that this version does not know.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.0.error.get(name)
    }
}
