//! The test cards: the card behind each number, token (`tok_…`) and payment method (`pm_card_…`), and the outcome of a charge on it.
//!
//! See <https://docs.stripe.com/testing>. A card is found by number, or by the name after `tok_` or `pm_card_`.

mod table;

use self::table::CARDS;
use crate::error::ApiError;

/// What happens when a test card is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The payment succeeds; its money is available after two days.
    Succeeds,
    /// The payment succeeds, and its money is available at once.
    BypassesPending,
    /// The issuer, or a check before it, declines charges, setups and attaching to a customer.
    Declines(Decline),
    /// The card can be attached to a customer; charges on it are declined.
    AttachesThenDeclines(Decline),
    /// The payment succeeds, and is disputed at once.
    IsDisputed(DisputeKind),
}

/// How a card holder or an issuer disputes a successful payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisputeKind {
    /// A dispute for fraud.
    Fraudulent,
    /// A dispute because the goods did not arrive.
    ProductNotReceived,
    /// An inquiry: no money moves yet.
    Inquiry,
    /// An early fraud warning without a dispute.
    FraudWarning,
    /// Two disputes for fraud, each of half the amount.
    Twice,
    /// A dispute for fraud that earlier payments of the card holder refute (Visa's Compelling Evidence 3.0).
    KnownShopper,
    /// A dispute because the network's rules were broken.
    Compliance,
}

/// When the card holder must authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// Only on request.
    Optional,
    /// Before every payment.
    Always,
    /// Unless it was set up for payments off session.
    UnlessSetUp,
    /// Before payments on session; off session the card counts as set up.
    OnSession,
}

/// How a refund ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundOutcome {
    /// It succeeds at once.
    Succeeds,
    /// It is pending, and succeeds later.
    SucceedsLater,
    /// It succeeds at first, and fails later.
    FailsLater,
}

/// The results of the checks of address and security code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Every check passes.
    Pass,
    /// The security code is wrong.
    Cvc,
    /// The postal code is wrong.
    PostalCode,
    /// The street is wrong.
    Line1,
    /// Postal code and street are wrong.
    Address,
    /// The address cannot be checked.
    AddressUnavailable,
}

/// Why a payment is declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decline {
    /// `code` of the error.
    pub(crate) code: &'static str,
    /// `decline_code` of the error.
    pub(crate) reason: Option<&'static str>,
    /// `message` of the error, for the card holder.
    pub(crate) message: &'static str,
    /// The invalid parameter, if there is one.
    pub(crate) param: Option<&'static str>,
    /// Whether Stripe blocked it (`outcome[type]` is `blocked`); if not, the issuer declined.
    pub(crate) blocked: bool,
    /// `advice_code`: how to proceed.
    pub(crate) advice: Option<&'static str>,
    /// `network_decline_code`: the code of the card's network.
    pub(crate) network: Option<&'static str>,
}

impl Decline {
    /// The 402 error of this decline.
    pub(crate) fn to_error(self) -> ApiError {
        let mut error = ApiError::card(self.code, self.message);
        if let Some(reason) = self.reason {
            error = error.decline_code(reason);
        }
        if let Some(param) = self.param {
            error = error.param(param);
        }
        if let Some(advice) = self.advice {
            error = error.with("advice_code", advice);
        }
        if let Some(network) = self.network {
            error = error.with("network_decline_code", network);
        }
        error
    }
}

/// The decline of a payment that the card holder had to authenticate and did not.
pub(crate) const UNAUTHENTICATED: Decline = Decline {
    code: "card_declined",
    reason: Some("authentication_required"),
    message: "Your card was declined. This transaction requires authentication.",
    param: None,
    blocked: false,
    advice: None,
    network: Some("1A"),
};

/// A test card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Card {
    /// The number.
    pub(crate) number: &'static str,
    /// The name after `tok_` and `pm_card_`.
    pub(crate) name: &'static str,
    /// `visa`, `mastercard`, …
    pub(crate) brand: &'static str,
    /// `credit`, `debit` or `prepaid`.
    pub(crate) funding: &'static str,
    /// Two letters.
    pub(crate) country: &'static str,
    /// The outcome of a charge on it, after any authentication.
    pub(crate) outcome: Outcome,
    /// When the card holder must authenticate.
    pub(crate) auth: Auth,
    /// How a refund to it ends.
    pub(crate) refund: RefundOutcome,
    /// The results of the checks.
    pub(crate) check: Check,
    /// `outcome[risk_level]`.
    pub(crate) risk: &'static str,
}

impl Card {
    /// Why a charge on it is declined.
    pub(crate) fn decline(&self) -> Option<Decline> {
        match self.outcome {
            Outcome::Declines(decline) | Outcome::AttachesThenDeclines(decline) => Some(decline),
            _ => None,
        }
    }

    /// Why it can neither be attached to a customer nor be set up.
    pub(crate) fn attach_decline(&self) -> Option<Decline> {
        match self.outcome {
            Outcome::Declines(decline) if self.auth == Auth::Optional => Some(decline),
            _ => None,
        }
    }

    /// Whether the card holder must authenticate a payment now.
    pub(crate) fn requires_authentication(&self, off_session: bool, set_up: bool) -> bool {
        match self.auth {
            Auth::Optional => false,
            Auth::Always => true,
            Auth::UnlessSetUp => !(set_up && off_session),
            Auth::OnSession => !off_session,
        }
    }

    /// The `checks` of a payment.
    pub(crate) fn checks(&self) -> serde_json::Value {
        let (line1, postal_code, cvc) = match self.check {
            Check::Pass => (None, None, "pass"),
            Check::Cvc => (None, None, "fail"),
            Check::PostalCode => (None, Some("fail"), "pass"),
            Check::Line1 => (Some("fail"), None, "pass"),
            Check::Address => (Some("fail"), Some("fail"), "pass"),
            Check::AddressUnavailable => (Some("unavailable"), Some("unavailable"), "pass"),
        };
        serde_json::json!({
            "address_line1_check": line1, "address_postal_code_check": postal_code, "cvc_check": cvc,
        })
    }

    /// The networks that it can be charged through.
    pub(crate) fn networks(&self) -> Vec<&'static str> {
        let other = [
            ("_cartesBancaires", "cartes_bancaires"),
            ("_eftposAuCoBranded", "eftpos_au"),
        ];
        let other = other.iter().find(|(end, _)| self.name.ends_with(end));
        std::iter::once(self.brand)
            .chain(other.map(|(_, network)| *network))
            .collect()
    }

    /// The last four digits.
    pub(crate) fn last4(&self) -> &'static str {
        &self.number[self.number.len() - 4..]
    }

    /// A stable fingerprint of the number, as `card[fingerprint]` shows it.
    pub(crate) fn fingerprint(&self) -> String {
        use sha2::{Digest, Sha256};
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let digest = Sha256::digest(self.number.as_bytes());
        digest
            .iter()
            .take(16)
            .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
            .collect()
    }
}

/// The card with this number; spaces and dashes do not count.
pub(crate) fn by_number(number: &str) -> Option<&'static Card> {
    let digits: String = number
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-'))
        .collect();
    CARDS.iter().find(|card| card.number == digits)
}

/// The card that a charge was charged to.
pub(crate) fn of_charge(charge: &serde_json::Value) -> Option<&'static Card> {
    let details = &charge["payment_method_details"];
    let card = &details[details["type"].as_str().unwrap_or("card")];
    let mut candidates = CARDS.iter().filter(|it| card["last4"] == it.last4());
    candidates.find(|it| card["fingerprint"] == it.fingerprint())
}

/// Whether a payment method of this type is a card, entered or presented to a reader.
pub(crate) fn is_card(kind: &str) -> bool {
    matches!(kind, "card" | "card_present" | "interac_present")
}

/// The card behind `tok_…`.
pub(crate) fn by_token(token: &str) -> Option<&'static Card> {
    by_name(token.strip_prefix("tok_")?)
}

/// The card behind `pm_card_…`.
pub(crate) fn by_payment_method(id: &str) -> Option<&'static Card> {
    by_name(id.strip_prefix("pm_card_")?)
}

fn by_name(name: &str) -> Option<&'static Card> {
    // Names of declines may start with the brand: `tok_visa_chargeDeclined`.
    let unbranded = match name.strip_prefix("visa_").unwrap_or(name) {
        "radarBlock" => "chargeDeclinedFraudulent",
        name => name,
    };
    CARDS
        .iter()
        .find(|card| card.name == name)
        .or_else(|| CARDS.iter().find(|card| card.name == unbranded))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_pass_the_checksum() {
        let (mut numbers, mut names) = (HashSet::new(), HashSet::new());
        for card in CARDS {
            assert!(
                numbers.insert(card.number) && names.insert(card.name),
                "{}",
                card.name
            );
            assert_eq!(
                luhn(card.number),
                card.name != "incorrectNumber",
                "{}",
                card.number
            );
        }
    }

    fn luhn(number: &str) -> bool {
        let sum: u32 = number
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, digit)| {
                let digit = u32::from(digit - b'0');
                if place.is_multiple_of(2) {
                    digit
                } else {
                    digit * 2 / 10 + digit * 2 % 10
                }
            })
            .sum();
        sum.is_multiple_of(10)
    }

    #[test]
    fn a_card_is_found_by_each_of_its_names() {
        assert_eq!(by_number("4242 4242-4242 4242").unwrap().name, "visa");
        assert_eq!(by_token("tok_mastercard").unwrap().brand, "mastercard");
        assert_eq!(
            by_payment_method("pm_card_visa_debit").unwrap().funding,
            "debit"
        );
        assert_eq!(
            by_token("tok_visa_chargeDeclined"),
            by_payment_method("pm_card_chargeDeclined")
        );
        assert_eq!(by_token("pm_card_visa"), None);
        assert_eq!(by_number("4242424242424243"), None);
        assert_eq!(by_token("tok_amex").unwrap().last4(), "0005");
        assert_eq!(by_token("tok_amex").unwrap().fingerprint().len(), 16);
    }
}
