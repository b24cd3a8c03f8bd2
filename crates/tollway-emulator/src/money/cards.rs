//! The test cards: what each number, token (`tok_…`) and payment method (`pm_card_…`) is, and what a charge on it does.
//!
//! See <https://docs.stripe.com/testing>. A card is found by number, or by the name after `tok_` or `pm_card_`.

/// What happens when a test card is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The payment goes through; the money arrives after two days.
    Succeeds,
    /// The payment goes through and the money is available at once.
    BypassesPending,
    /// The issuer, or a check before it, refuses.
    Declines(Decline),
    /// The card holder must authenticate first.
    RequiresAction,
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
}

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
    /// What a charge on it does.
    pub(crate) outcome: Outcome,
}

impl Card {
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
    let bare = name.strip_prefix("visa_").unwrap_or(name);
    CARDS
        .iter()
        .find(|card| card.name == name)
        .or_else(|| CARDS.iter().find(|card| card.name == bare))
}

const fn card(
    number: &'static str,
    name: &'static str,
    brand: &'static str,
    outcome: Outcome,
) -> Card {
    Card {
        number,
        name,
        brand,
        funding: "credit",
        country: "US",
        outcome,
    }
}

const fn visa(number: &'static str, name: &'static str, outcome: Outcome) -> Card {
    card(number, name, "visa", outcome)
}

const fn funded(
    number: &'static str,
    name: &'static str,
    brand: &'static str,
    funding: &'static str,
) -> Card {
    Card {
        number,
        name,
        brand,
        funding,
        country: "US",
        outcome: Outcome::Succeeds,
    }
}

const fn from(country: &'static str, number: &'static str, name: &'static str) -> Card {
    Card {
        number,
        name,
        brand: "visa",
        funding: "credit",
        country,
        outcome: Outcome::Succeeds,
    }
}

/// The issuer refuses with `card_declined` and this reason.
const fn declined(reason: &'static str, message: &'static str) -> Outcome {
    Outcome::Declines(Decline {
        code: "card_declined",
        reason: Some(reason),
        message,
        param: None,
        blocked: false,
    })
}

/// Something about the card is wrong.
const fn wrong(code: &'static str, param: Option<&'static str>, message: &'static str) -> Outcome {
    Outcome::Declines(Decline {
        code,
        reason: None,
        message,
        param,
        blocked: false,
    })
}

const fn blocked(message: &'static str) -> Outcome {
    Outcome::Declines(Decline {
        code: "card_declined",
        reason: Some("fraudulent"),
        message,
        param: None,
        blocked: true,
    })
}

const DECLINED: &str = "The card was declined.";

/// Every test card the emulator knows.
pub(crate) const CARDS: &[Card] = &[
    visa("4242424242424242", "visa", Outcome::Succeeds),
    funded("4000056655665556", "visa_debit", "visa", "debit"),
    funded("5555555555554444", "mastercard", "mastercard", "credit"),
    funded(
        "2223003122003222",
        "mastercard_2series",
        "mastercard",
        "credit",
    ),
    funded(
        "5200828282828210",
        "mastercard_debit",
        "mastercard",
        "debit",
    ),
    funded(
        "5105105105105100",
        "mastercard_prepaid",
        "mastercard",
        "prepaid",
    ),
    funded("378282246310005", "amex", "amex", "credit"),
    funded("6011111111111117", "discover", "discover", "credit"),
    funded("3056930009020004", "diners", "diners", "credit"),
    funded("3566002020360505", "jcb", "jcb", "credit"),
    funded("6200000000000005", "unionpay", "unionpay", "credit"),
    from("US", "4111111111111111", "us"),
    from("BR", "4000000760000002", "br"),
    from("CA", "4000001240000000", "ca"),
    from("MX", "4000004840008001", "mx"),
    from("AT", "4000000400000008", "at"),
    from("BE", "4000000560000004", "be"),
    from("DK", "4000002080000001", "dk"),
    from("FI", "4000002460000001", "fi"),
    from("FR", "4000002500000003", "fr"),
    from("DE", "4000002760000016", "de"),
    from("IE", "4000003720000005", "ie"),
    from("IT", "4000003800000008", "it"),
    from("NL", "4000005280000002", "nl"),
    from("NO", "4000005780000007", "no"),
    from("PL", "4000006160000005", "pl"),
    from("PT", "4000006200000007", "pt"),
    from("ES", "4000007240000007", "es"),
    from("SE", "4000007520000008", "se"),
    from("CH", "4000007560000009", "ch"),
    from("GB", "4000008260000000", "gb"),
    from("AU", "4000000360000006", "au"),
    from("JP", "4000003920000003", "jp"),
    from("SG", "4000007020000003", "sg"),
    visa(
        "4000000000000077",
        "bypassPending",
        Outcome::BypassesPending,
    ),
    visa(
        "4000000000000002",
        "chargeDeclined",
        declined("generic_decline", DECLINED),
    ),
    visa(
        "4000000000009995",
        "chargeDeclinedInsufficientFunds",
        declined("insufficient_funds", "The card has insufficient funds."),
    ),
    visa(
        "4000000000009987",
        "chargeDeclinedLostCard",
        declined("lost_card", DECLINED),
    ),
    visa(
        "4000000000009979",
        "chargeDeclinedStolenCard",
        declined("stolen_card", DECLINED),
    ),
    visa(
        "4000000000006975",
        "chargeDeclinedVelocityLimitExceeded",
        declined(
            "card_velocity_exceeded",
            "The card was declined for repeated attempts, or for exceeding its limit.",
        ),
    ),
    visa(
        "4000000000000069",
        "chargeDeclinedExpiredCard",
        wrong("expired_card", Some("exp_month"), "The card has expired."),
    ),
    visa(
        "4000000000000127",
        "chargeDeclinedIncorrectCvc",
        wrong(
            "incorrect_cvc",
            Some("cvc"),
            "The card's security code is incorrect.",
        ),
    ),
    visa(
        "4000000000000119",
        "chargeDeclinedProcessingError",
        wrong(
            "processing_error",
            None,
            "An error occurred while processing the card. Try again in a little while.",
        ),
    ),
    visa(
        "4242424242424241",
        "incorrectNumber",
        wrong(
            "incorrect_number",
            Some("number"),
            "The card number is incorrect.",
        ),
    ),
    visa(
        "4000000000000341",
        "chargeCustomerFail",
        declined("generic_decline", DECLINED),
    ),
    visa(
        "4100000000000019",
        "chargeDeclinedFraudulent",
        blocked(DECLINED),
    ),
    visa(
        "4000002500003155",
        "authenticationRequiredOnSetup",
        Outcome::RequiresAction,
    ),
    visa(
        "4000002760003184",
        "authenticationRequired",
        Outcome::RequiresAction,
    ),
    visa(
        "4000000000003220",
        "threeDSecure2Required",
        Outcome::RequiresAction,
    ),
    visa(
        "4000000000003063",
        "threeDSecureRequired",
        Outcome::RequiresAction,
    ),
];

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
