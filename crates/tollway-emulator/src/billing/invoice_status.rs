//! The status of an invoice, and the transitions between statuses.

use serde_json::Value;

use crate::error::ApiError;
use crate::json::text;

/// The status of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InvoiceStatus {
    Draft,
    Open,
    Paid,
    Uncollectible,
    Void,
}

impl InvoiceStatus {
    const ALL: [Self; 5] = [
        Self::Draft,
        Self::Open,
        Self::Paid,
        Self::Uncollectible,
        Self::Void,
    ];

    /// Stripe's name of the status.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Uncollectible => "uncollectible",
            Self::Void => "void",
        }
    }

    /// The status with this name.
    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The statuses that can follow.
    const fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Open],
            Self::Open => &[Self::Paid, Self::Uncollectible, Self::Void],
            Self::Uncollectible => &[Self::Paid, Self::Void],
            Self::Paid | Self::Void => &[],
        }
    }
}

/// Sets the status of an invoice.
///
/// # Errors
/// A 500 if the invoice has no known status, or if the transition is not possible.
pub(super) fn set_invoice_status(
    invoice: &mut Value,
    status: InvoiceStatus,
) -> Result<(), ApiError> {
    let current = InvoiceStatus::parse(text(invoice, "status"));
    if !current.is_some_and(|current| current.next().contains(&status)) {
        return Err(ApiError::internal(format!(
            "The invoice {} cannot go from {:?} to {}.",
            text(invoice, "id"),
            text(invoice, "status"),
            status.as_str()
        )));
    }
    invoice["status"] = status.as_str().into();
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_transitions_of_stripes_table_are_possible() {
        let possible = [
            ("draft", "open"),
            ("open", "paid"),
            ("open", "uncollectible"),
            ("open", "void"),
            ("uncollectible", "paid"),
            ("uncollectible", "void"),
        ];
        for from in InvoiceStatus::ALL {
            for to in InvoiceStatus::ALL {
                let mut invoice = json!({"id": "in_1", "status": from.as_str()});
                let result = set_invoice_status(&mut invoice, to);
                let expected = possible.contains(&(from.as_str(), to.as_str()));
                assert_eq!(result.is_ok(), expected, "{from:?} to {to:?}");
                let status = if expected { to } else { from };
                assert_eq!(invoice["status"], status.as_str());
            }
        }
    }

    #[test]
    fn an_invoice_without_a_known_status_is_an_error_that_names_it() {
        for mut invoice in [
            json!({"id": "in_1"}),
            json!({"id": "in_1", "status": "opne"}),
        ] {
            let error = set_invoice_status(&mut invoice, InvoiceStatus::Paid).unwrap_err();
            assert_eq!(error.status, 500);
            assert!(error.to_string().contains("in_1"), "{error}");
        }
    }
}
