//! The objects that Stripe puts into an error's body, as typed views.
//! <https://docs.stripe.com/api/errors>

use crate::api;
use crate::error::Error;
use crate::view::View;

impl Error {
    /// The whole payment intent that failed, with its status and next action.
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

    /// Reads an object inside the error; a member of another type does not fail it.
    fn object<T: View>(&self, name: &str) -> Option<T> {
        let object = self.json()?.get("error")?.get(name)?;
        (!object.is_null()).then(|| T::from_json(object))
    }
}
