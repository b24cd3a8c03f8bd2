//! The typed views of charges, PaymentIntents, SetupIntents, refunds, transfers, payouts, top-ups and disputes.

use serde_json::Value;

use crate::error::ApiError;
use crate::money::{Currency, Money};
use crate::objects::stored_object::StoredObject;

/// Defines a view with one getter per member.
macro_rules! views {
    ($(
        $(#[$doc:meta])*
        $name:ident of $object_type:literal {
            integers { $($integer:ident),* }
            texts { $($text:ident),* }
            optional texts { $($optional:ident),* }
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name<'v>(StoredObject<'v>);

        impl<'v> $name<'v> {
            /// The view of a stored object.
            pub(crate) const fn new(value: &'v Value) -> Self {
                Self(StoredObject::new($object_type, value))
            }

            $(
                #[doc = concat!("`", stringify!($integer), "`.")]
                pub(crate) fn $integer(self) -> Result<i64, ApiError> {
                    self.0.integer(stringify!($integer))
                }
            )*

            $(
                #[doc = concat!("`", stringify!($text), "`.")]
                pub(crate) fn $text(self) -> Result<&'v str, ApiError> {
                    self.0.text(stringify!($text))
                }
            )*

            $(
                #[doc = concat!("`", stringify!($optional), "`, if it is set.")]
                pub(crate) fn $optional(self) -> Option<&'v str> {
                    self.0.optional_text(stringify!($optional))
                }
            )*
        }
    )*};
}

views! {
    /// A `charge`.
    Charge of "charge" {
        integers { amount, amount_captured, amount_refunded, created }
        texts { id }
        optional texts { customer, application, application_fee, description, transfer, transfer_group }
    }
    /// A `payment_intent`.
    PaymentIntent of "payment_intent" {
        integers { amount, amount_capturable, amount_received }
        texts { id }
        optional texts { customer, latest_charge, payment_method }
    }
    /// A `setup_intent`.
    SetupIntent of "setup_intent" {
        integers {}
        texts {}
        optional texts { customer, payment_method }
    }
    /// A `refund`.
    Refund of "refund" {
        integers { amount }
        texts { id, charge }
        optional texts {}
    }
    /// A `transfer`.
    Transfer of "transfer" {
        integers { amount, amount_reversed }
        texts { id, destination, destination_payment }
        optional texts { source_transaction }
    }
    /// An `application_fee`.
    ApplicationFee of "application_fee" {
        integers { amount, amount_refunded }
        texts { id, account, charge }
        optional texts { application }
    }
    /// A `balance_transaction`.
    BalanceTransaction of "balance_transaction" {
        integers { amount }
        texts {}
        optional texts {}
    }
    /// A `payout`.
    Payout of "payout" {
        integers { amount, arrival_date }
        texts { id, destination }
        optional texts {}
    }
    /// A `topup`.
    Topup of "topup" {
        integers { amount }
        texts { id }
        optional texts {}
    }
    /// A `dispute`.
    Dispute of "dispute" {
        integers { amount }
        texts { id }
        optional texts {}
    }
}

/// Defines `currency` for views of objects with amounts in one currency.
macro_rules! with_currency {
    ($($name:ident),*) => {$(
        impl $name<'_> {
            /// `currency`.
            pub(crate) fn currency(self) -> Result<Currency, ApiError> {
                Currency::parse(self.0.text("currency")?)
                    .ok_or_else(|| self.0.unreadable("currency", "three letters"))
            }
        }
    )*};
}

/// Defines `money` for views of objects with one amount.
macro_rules! with_money {
    ($($name:ident),*) => {$(
        impl $name<'_> {
            /// `amount` in `currency`.
            pub(crate) fn money(self) -> Result<Money, ApiError> {
                Ok(Money::new(self.amount()?, self.currency()?))
            }
        }
    )*};
}

with_currency!(
    ApplicationFee,
    BalanceTransaction,
    Charge,
    Dispute,
    PaymentIntent,
    Payout,
    Refund,
    Topup,
    Transfer
);
with_money!(
    BalanceTransaction,
    Dispute,
    PaymentIntent,
    Payout,
    Refund,
    Topup
);

impl Charge<'_> {
    /// The charged amount: more than the authorized amount after an over-capture.
    pub(crate) fn charged_amount(self) -> Result<i64, ApiError> {
        Ok(self.amount()?.max(self.amount_captured()?))
    }

    /// The amount that was not refunded.
    pub(crate) fn unrefunded_amount(self) -> Result<i64, ApiError> {
        Ok(self.charged_amount()? - self.amount_refunded()?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_required_member_is_an_error_that_names_object_id_and_member() {
        for charge in [
            json!({"id": "ch_1", "currency": "usd"}),
            json!({"id": "ch_1", "currency": "usd", "amount": null}),
            json!({"id": "ch_1", "currency": "usd", "amount": "100"}),
        ] {
            let error = Charge::new(&charge).amount().unwrap_err();
            assert_eq!(error.status, 500);
            let message = error.get("message").unwrap();
            for part in ["charge", "ch_1", "'amount'"] {
                assert!(message.contains(part), "{message}");
            }
        }
        let refund = json!({"id": "re_1", "amount": 5, "currency": "dollars"});
        let error = Refund::new(&refund).money().unwrap_err();
        assert!(error.get("message").unwrap().contains("'currency'"));
    }

    #[test]
    fn the_charged_amount_includes_an_over_capture() {
        let charge = json!({"amount": 100, "amount_captured": 120, "amount_refunded": 50});
        assert_eq!(Charge::new(&charge).unrefunded_amount().unwrap(), 70);
        let charge = json!({"amount": 100, "amount_captured": 0, "amount_refunded": 0});
        assert_eq!(Charge::new(&charge).unrefunded_amount().unwrap(), 100);
    }
}
