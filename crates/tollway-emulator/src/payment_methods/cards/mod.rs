//! The test cards: what each number, token (`tok_…`) and payment method (`pm_card_…`) is, and what a charge on it does.
//!
//! See <https://docs.stripe.com/testing>. A card is found by number, or by the name after `tok_` or `pm_card_`.

mod table;

pub(crate) use self::table::CARDS;

/// What happens when a test card is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The payment goes through; the money arrives after two days.
    Succeeds,
    /// The payment goes through and the money is available at once.
    BypassesPending,
    /// The issuer, or a check before it, refuses: to be charged, to be set up, and to be kept with a customer.
    Declines(Decline),
    /// May be kept with a customer; a charge on it is refused.
    AttachesThenDeclines(Decline),
    /// The payment goes through, and the card holder or the issuer complains soon after.
    IsDisputed(DisputeKind),
}

/// What a card holder or an issuer does about a payment that went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisputeKind {
    /// Says that it was fraud.
    Fraudulent,
    /// Says that the goods never came.
    ProductNotReceived,
    /// Asks first; no money moves yet.
    Inquiry,
    /// The issuer warns of fraud, without a dispute.
    FraudWarning,
    /// Disputes twice, half of the amount each.
    Twice,
    /// Says that it was fraud, though earlier payments show that the card holder knows the shop (Visa's Compelling Evidence 3.0).
    KnownShopper,
    /// The network says that its rules were broken.
    Compliance,
}

/// When the bank asks the card holder to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// Never by itself.
    Optional,
    /// Before every payment.
    Always,
    /// Unless it was set up for payments off session.
    UnlessSetUp,
    /// While the card holder is there; off session it counts as set up.
    OnSession,
}

/// What becomes of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundOutcome {
    /// It succeeds at once.
    Succeeds,
    /// It is pending, and succeeds later.
    SucceedsLater,
    /// It seems to succeed, and fails later.
    FailsLater,
}

/// What the checks of address and security code say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Whatever was given is right.
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

/// A refusal: the error's `code`, its `decline_code` if the issuer spoke, and a sentence for the card holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decline {
    /// `code` of the error.
    pub(crate) code: &'static str,
    /// `decline_code` of the error.
    pub(crate) reason: Option<&'static str>,
    /// What a card holder is told.
    pub(crate) message: &'static str,
    /// The parameter at fault, when it is one.
    pub(crate) param: Option<&'static str>,
    /// `outcome[type]`: the issuer refused, or Stripe blocked it.
    pub(crate) blocked: bool,
    /// `advice_code`: what to do about it.
    pub(crate) advice: Option<&'static str>,
    /// `network_decline_code`: what the card's network said.
    pub(crate) network: Option<&'static str>,
}

/// The refusal of a payment that the card holder would have had to authenticate.
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
    /// What a charge on it does, once authenticated where need be.
    pub(crate) outcome: Outcome,
    /// When the card holder is asked first.
    pub(crate) auth: Auth,
    /// What a refund to it does.
    pub(crate) refund: RefundOutcome,
    /// What the checks say.
    pub(crate) check: Check,
    /// `outcome[risk_level]`.
    pub(crate) risk: &'static str,
}

impl Card {
    /// Why a charge on it is refused.
    pub(crate) fn decline(&self) -> Option<Decline> {
        match self.outcome {
            Outcome::Declines(decline) | Outcome::AttachesThenDeclines(decline) => Some(decline),
            _ => None,
        }
    }

    /// Why it can neither be kept with a customer nor be set up.
    pub(crate) fn refusal_to_attach(&self) -> Option<Decline> {
        match self.outcome {
            Outcome::Declines(decline) if self.auth == Auth::Optional => Some(decline),
            _ => None,
        }
    }

    /// Must the card holder authenticate a payment now?
    pub(crate) fn asks(&self, off_session: bool, set_up: bool) -> bool {
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

/// The card that a charge was made on.
pub(crate) fn of_charge(charge: &serde_json::Value) -> Option<&'static Card> {
    let details = &charge["payment_method_details"];
    let card = &details[details["type"].as_str().unwrap_or("card")];
    let mut alike = CARDS.iter().filter(|it| card["last4"] == it.last4());
    alike.find(|it| card["fingerprint"] == it.fingerprint())
}

/// Whether a payment method of this type is a card, typed in or presented to a reader.
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
    // Declines are also known with the brand in front: `tok_visa_chargeDeclined`.
    let bare = match name.strip_prefix("visa_").unwrap_or(name) {
        "radarBlock" => "chargeDeclinedFraudulent",
        bare => bare,
    };
    CARDS
        .iter()
        .find(|card| card.name == name)
        .or_else(|| CARDS.iter().find(|card| card.name == bare))
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
