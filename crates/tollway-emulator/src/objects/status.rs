//! The statuses of objects, and the transitions between them.

use serde_json::Value;

use crate::error::ApiError;
use crate::objects::stored_object::StoredObject;

/// Defines a status with its transition table: each status is followed by the statuses that an object can change to.
macro_rules! statuses {
    ($(
        $(#[$doc:meta])*
        $name:ident of $object_type:literal {
            $($variant:ident = $text:literal => [$($next:ident),*],)*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $(
                #[doc = concat!("`", $text, "`.")]
                $variant,
            )*
        }

        impl $name {
            /// Every status.
            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The status as the API writes it.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The status that the API writes as `text`.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The status of a stored object.
            pub(crate) fn of(object: &Value) -> Result<Self, ApiError> {
                let stored = StoredObject::new($object_type, object);
                Self::parse(stored.text("status")?)
                    .ok_or_else(|| stored.unreadable("status", "a known status"))
            }

            /// The statuses that an object can change to.
            const fn next(self) -> &'static [Self] {
                match self {
                    $(Self::$variant => &[$(Self::$next),*],)*
                }
            }

            /// Checks that an object can change to the status `to`.
            fn transition(self, to: Self) -> Result<(), ApiError> {
                if self.next().contains(&to) {
                    return Ok(());
                }
                Err(ApiError::internal(format!(
                    "A {} cannot change its status from {} to {}.",
                    $object_type,
                    self.as_str(),
                    to.as_str(),
                )))
            }

            /// Changes the status of an object to this one.
            pub(crate) fn set(self, object: &mut Value) -> Result<(), ApiError> {
                Self::of(object)?.transition(self)?;
                object["status"] = self.as_str().into();
                Ok(())
            }
        }
    )*};
}

statuses! {
    /// The status of a charge.
    ChargeStatus of "charge" {
        Pending = "pending" => [Succeeded, Failed],
        Succeeded = "succeeded" => [],
        Failed = "failed" => [],
    }
    /// The status of a PaymentIntent.
    PaymentIntentStatus of "payment_intent" {
        RequiresPaymentMethod = "requires_payment_method" => [
            RequiresPaymentMethod, RequiresConfirmation, RequiresAction, Processing, RequiresCapture, Succeeded, Canceled
        ],
        RequiresConfirmation = "requires_confirmation" => [
            RequiresPaymentMethod, RequiresConfirmation, RequiresAction, Processing, RequiresCapture, Succeeded, Canceled
        ],
        RequiresAction = "requires_action" => [
            RequiresPaymentMethod, RequiresConfirmation, RequiresAction, Processing, RequiresCapture, Succeeded, Canceled
        ],
        Processing = "processing" => [RequiresPaymentMethod, Succeeded],
        RequiresCapture = "requires_capture" => [Succeeded, Canceled],
        Succeeded = "succeeded" => [],
        Canceled = "canceled" => [],
    }
    /// The status of a SetupIntent.
    SetupIntentStatus of "setup_intent" {
        RequiresPaymentMethod = "requires_payment_method" => [
            RequiresPaymentMethod, RequiresConfirmation, RequiresAction, Processing, Succeeded, Canceled
        ],
        RequiresConfirmation = "requires_confirmation" => [
            RequiresPaymentMethod, RequiresConfirmation, RequiresAction, Processing, Succeeded, Canceled
        ],
        RequiresAction = "requires_action" => [
            RequiresPaymentMethod, RequiresConfirmation, RequiresAction, Processing, Succeeded, Canceled
        ],
        Processing = "processing" => [RequiresPaymentMethod, Succeeded],
        Succeeded = "succeeded" => [],
        Canceled = "canceled" => [],
    }
    /// The status of a refund.
    RefundStatus of "refund" {
        Pending = "pending" => [RequiresAction, Succeeded, Failed, Canceled],
        RequiresAction = "requires_action" => [Pending, Succeeded, Failed, Canceled],
        Succeeded = "succeeded" => [Failed],
        Failed = "failed" => [],
        Canceled = "canceled" => [],
    }
    /// The status of a payout.
    PayoutStatus of "payout" {
        Pending = "pending" => [InTransit, Paid, Failed, Canceled],
        InTransit = "in_transit" => [Paid, Failed],
        Paid = "paid" => [],
        Failed = "failed" => [],
        Canceled = "canceled" => [],
    }
    /// The status of a top-up.
    TopupStatus of "topup" {
        Pending = "pending" => [Succeeded, Failed, Canceled],
        Succeeded = "succeeded" => [Reversed],
        Failed = "failed" => [],
        Canceled = "canceled" => [],
        Reversed = "reversed" => [],
    }
    /// The status of a dispute. An inquiry has the `warning_…` statuses.
    DisputeStatus of "dispute" {
        WarningNeedsResponse = "warning_needs_response" => [WarningUnderReview, WarningClosed],
        WarningUnderReview = "warning_under_review" => [NeedsResponse, WarningClosed],
        WarningClosed = "warning_closed" => [],
        NeedsResponse = "needs_response" => [UnderReview, Lost],
        UnderReview = "under_review" => [Won, Lost],
        Won = "won" => [],
        Lost = "lost" => [],
        Prevented = "prevented" => [],
    }
}

impl DisputeStatus {
    /// Whether the dispute is an inquiry.
    pub(crate) const fn is_inquiry(self) -> bool {
        matches!(
            self,
            Self::WarningNeedsResponse | Self::WarningUnderReview | Self::WarningClosed
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Tests that each pair of statuses is a transition if and only if the table lists it, for the listed number of transitions.
    macro_rules! assert_table {
        ($name:ident, $count:literal) => {
            let mut count = 0;
            for from in $name::ALL {
                assert_eq!($name::parse(from.as_str()), Some(*from));
                for to in $name::ALL {
                    let mut object = json!({"id": "x_1", "status": from.as_str()});
                    match to.set(&mut object) {
                        Ok(()) => {
                            count += 1;
                            assert!(from.next().contains(to));
                            assert_eq!(object["status"], to.as_str());
                        }
                        Err(error) => {
                            assert!(!from.next().contains(to));
                            assert_eq!(error.status, 500);
                            let message = error.get("message").unwrap();
                            assert!(message.contains(from.as_str()), "{message}");
                            assert!(message.contains(to.as_str()), "{message}");
                            assert_eq!(object["status"], from.as_str());
                        }
                    }
                }
            }
            assert_eq!(count, $count, stringify!($name));
        };
    }

    #[test]
    fn set_follows_the_transition_tables() {
        assert_table!(ChargeStatus, 2);
        assert_table!(PaymentIntentStatus, 25);
        assert_table!(SetupIntentStatus, 20);
        assert_table!(RefundStatus, 9);
        assert_table!(PayoutStatus, 6);
        assert_table!(TopupStatus, 4);
        assert_table!(DisputeStatus, 8);
    }

    #[test]
    fn money_is_never_moved_twice_by_a_final_status() {
        assert!(ChargeStatus::Succeeded.next().is_empty());
        assert!(PaymentIntentStatus::Succeeded.next().is_empty());
        assert!(PaymentIntentStatus::Canceled.next().is_empty());
        assert!(PayoutStatus::Paid.next().is_empty());
        assert!(DisputeStatus::Won.next().is_empty());
        assert!(DisputeStatus::Lost.next().is_empty());
        assert_eq!(RefundStatus::Succeeded.next(), [RefundStatus::Failed]);
    }

    #[test]
    fn an_unknown_status_is_an_error_that_names_the_object() {
        for status in [json!(null), json!("sucess"), json!(1)] {
            let object = json!({"id": "pi_1", "status": status});
            let error = PaymentIntentStatus::of(&object).unwrap_err();
            assert_eq!(error.status, 500);
            let message = error.get("message").unwrap();
            assert!(message.contains("payment_intent pi_1"), "{message}");
            assert!(message.contains("'status'"), "{message}");
        }
    }
}
