//! The table of test cards. Numbers and names are those of <https://docs.stripe.com/testing>.

use crate::payment_methods::cards::{
    Auth, Card, Check, Decline, DisputeKind, Outcome, RefundOutcome,
};

const fn card(number: &'static str, name: &'static str, brand: &'static str) -> Card {
    Card {
        number,
        name,
        brand,
        funding: "credit",
        country: "US",
        outcome: Outcome::Succeeds,
        auth: Auth::Optional,
        refund: RefundOutcome::Succeeds,
        check: Check::Pass,
        risk: "normal",
    }
}

const fn visa(number: &'static str, name: &'static str, outcome: Outcome) -> Card {
    Card {
        outcome,
        ..card(number, name, "visa")
    }
}

const fn funded(
    number: &'static str,
    name: &'static str,
    brand: &'static str,
    funding: &'static str,
) -> Card {
    Card {
        funding,
        ..card(number, name, brand)
    }
}

const fn from(country: &'static str, number: &'static str, name: &'static str) -> Card {
    Card {
        country,
        ..card(number, name, "visa")
    }
}

const fn asks(auth: Auth, number: &'static str, name: &'static str, outcome: Outcome) -> Card {
    Card {
        auth,
        ..visa(number, name, outcome)
    }
}

const fn checked(check: Check, number: &'static str, name: &'static str) -> Card {
    Card {
        check,
        ..card(number, name, "visa")
    }
}

const fn refunds(refund: RefundOutcome, number: &'static str, name: &'static str) -> Card {
    Card {
        refund,
        ..card(number, name, "visa")
    }
}

const fn risky(
    risk: &'static str,
    number: &'static str,
    name: &'static str,
    outcome: Outcome,
) -> Card {
    Card {
        risk,
        ..visa(number, name, outcome)
    }
}

/// The issuer refuses with `card_declined`: the reason, its code in the network, and what to do about it.
const fn declined(
    reason: &'static str,
    network: &'static str,
    advice: Option<&'static str>,
    message: &'static str,
) -> Outcome {
    Outcome::Declines(Decline {
        code: "card_declined",
        reason: Some(reason),
        message,
        param: None,
        blocked: false,
        advice,
        network: Some(network),
    })
}

/// Something about the card is wrong.
const fn wrong(
    code: &'static str,
    network: &'static str,
    advice: Option<&'static str>,
    param: Option<&'static str>,
    message: &'static str,
) -> Outcome {
    Outcome::Declines(Decline {
        code,
        reason: None,
        message,
        param,
        blocked: false,
        advice,
        network: Some(network),
    })
}

/// Stripe's own checks refuse; the bank is never asked.
const BLOCKED: Outcome = Outcome::Declines(Decline {
    code: "card_declined",
    reason: Some("fraudulent"),
    message: DECLINED,
    param: None,
    blocked: true,
    advice: None,
    network: None,
});

const DECLINED: &str = "Your card was declined.";
const AGAIN: Option<&str> = Some("try_again_later");
const NEVER: Option<&str> = Some("do_not_try_again");
const CONFIRM: Option<&str> = Some("confirm_card_data");

const GENERIC: Outcome = declined("generic_decline", "01", AGAIN, DECLINED);
const POOR: Outcome = declined(
    "insufficient_funds",
    "51",
    AGAIN,
    "Your card has insufficient funds.",
);
const PROCESSING: Outcome = wrong(
    "processing_error",
    "96",
    AGAIN,
    None,
    "An error occurred while processing your card. Try again in a little bit.",
);

/// Every test card the emulator knows.
#[rustfmt::skip]
pub(crate) const CARDS: &[Card] = &[
    card("4242424242424242", "visa", "visa"),
    funded("4000056655665556", "visa_debit", "visa", "debit"),
    card("5555555555554444", "mastercard", "mastercard"),
    card("2223003122003222", "mastercard_2series", "mastercard"),
    funded("5200828282828210", "mastercard_debit", "mastercard", "debit"),
    funded("5105105105105100", "mastercard_prepaid", "mastercard", "prepaid"),
    card("378282246310005", "amex", "amex"),
    card("371449635398431", "amex_2", "amex"),
    card("6011111111111117", "discover", "discover"),
    card("6011000990139424", "discover_2", "discover"),
    funded("6011981111111113", "discover_debit", "discover", "debit"),
    card("3056930009020004", "diners", "diners"),
    card("36227206271667", "diners_14digits", "diners"),
    card("3566002020360505", "jcb", "jcb"),
    card("6200000000000005", "unionpay", "unionpay"),
    card("6205500000000000004", "unionpay_19digits", "unionpay"),
    funded("6200000000000047", "unionpay_debit", "unionpay", "debit"),
    Card { country: "JP", ..card("3530111333300000", "jcb_jp", "jcb") },
    // Of two networks.
    Card { country: "FR", ..card("4000002500001001", "visa_cartesBancaires", "visa") },
    Card { country: "FR", ..card("5555552500001001", "mastercard_cartesBancaires", "mastercard") },
    Card { country: "AU", ..funded("4000050360000001", "visa_debit_eftposAuCoBranded", "visa", "debit") },
    Card { country: "AU", ..funded("5555050360000080", "mastercard_debit_eftposAuCoBranded", "mastercard", "debit") },
    // By country.
    from("US", "4111111111111111", "us"),
    from("AR", "4000000320000021", "ar"),
    from("BR", "4000000760000002", "br"),
    from("CA", "4000001240000000", "ca"),
    from("CL", "4000001520000001", "cl"),
    from("CO", "4000001700000003", "co"),
    from("CR", "4000001880000005", "cr"),
    from("EC", "4000002180000000", "ec"),
    from("MX", "4000004840008001", "mx"),
    Card { country: "MX", ..funded("4000004840000008", "mx_debit", "visa", "debit") },
    from("PA", "4000005910000000", "pa"),
    from("PY", "4000006000000066", "py"),
    from("PE", "4000006040000068", "pe"),
    from("UY", "4000008580000003", "uy"),
    from("AE", "4000007840000001", "ae"),
    from("AT", "4000000400000008", "at"),
    from("BE", "4000000560000004", "be"),
    from("BG", "4000001000000000", "bg"),
    from("BY", "4000001120000005", "by"),
    from("HR", "4000001910000009", "hr"),
    from("CY", "4000001960000008", "cy"),
    from("CZ", "4000002030000002", "cz"),
    from("DK", "4000002080000001", "dk"),
    from("EE", "4000002330000009", "ee"),
    from("FI", "4000002460000001", "fi"),
    from("FR", "4000002500000003", "fr"),
    from("DE", "4000002760000016", "de"),
    from("GI", "4000002920000005", "gi"),
    from("GR", "4000003000000030", "gr"),
    from("HU", "4000003480000005", "hu"),
    from("IE", "4000003720000005", "ie"),
    from("IT", "4000003800000008", "it"),
    from("LV", "4000004280000005", "lv"),
    from("LI", "4000004380000004", "li"),
    from("LT", "4000004400000000", "lt"),
    from("LU", "4000004420000006", "lu"),
    from("MT", "4000004700000007", "mt"),
    from("NL", "4000005280000002", "nl"),
    from("NO", "4000005780000007", "no"),
    from("PL", "4000006160000005", "pl"),
    from("PT", "4000006200000007", "pt"),
    from("RO", "4000006420000001", "ro"),
    from("SA", "4000006820000007", "sa"),
    from("SI", "4000007050000006", "si"),
    from("SK", "4000007030000001", "sk"),
    from("ES", "4000007240000007", "es"),
    from("SE", "4000007520000008", "se"),
    from("CH", "4000007560000009", "ch"),
    from("GB", "4000008260000000", "gb"),
    funded("4000058260000005", "gb_debit", "visa", "debit"),
    from("AU", "4000000360000006", "au"),
    from("CN", "4000001560000002", "cn"),
    from("HK", "4000003440000004", "hk"),
    from("IN", "4000003560000008", "in"),
    from("JP", "4000003920000003", "jp"),
    from("MY", "4000004580000002", "my"),
    from("NZ", "4000005540000008", "nz"),
    from("SG", "4000007020000003", "sg"),
    from("TW", "4000001580000008", "tw"),
    from("TH", "4000007640000003", "th_credit"),
    Card { country: "TH", ..funded("4000057640000008", "th_debit", "visa", "debit") },
    // Money that is available at once.
    visa("4000000000000077", "bypassPending", Outcome::BypassesPending),
    Card { country: "IE", ..visa("4000003720000278", "bypassPendingInternational", Outcome::BypassesPending) },
    // Declines.
    visa("4000000000000002", "chargeDeclined", GENERIC),
    visa("4000000000009995", "chargeDeclinedInsufficientFunds", POOR),
    visa("4000000000009987", "chargeDeclinedLostCard", declined("lost_card", "41", NEVER, DECLINED)),
    visa("4000000000009979", "chargeDeclinedStolenCard", declined("stolen_card", "43", NEVER, DECLINED)),
    visa("4000000000006975", "chargeDeclinedVelocityLimitExceeded", declined(
        "card_velocity_exceeded", "61", AGAIN,
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    )),
    visa("4000000000000069", "chargeDeclinedExpiredCard", wrong("expired_card", "54", CONFIRM, Some("exp_month"), "Your card has expired.")),
    visa("4000000000000127", "chargeDeclinedIncorrectCvc", wrong("incorrect_cvc", "N7", CONFIRM, Some("cvc"), "Your card's security code is incorrect.")),
    visa("4000000000000119", "chargeDeclinedProcessingError", PROCESSING),
    visa("4242424242424241", "incorrectNumber", wrong("incorrect_number", "14", CONFIRM, Some("number"), "Your card number is incorrect.")),
    visa("4000000000000341", "chargeCustomerFail", Outcome::AttachesThenDeclines(Decline {
        code: "card_declined", reason: Some("generic_decline"), message: DECLINED, param: None, blocked: false, advice: AGAIN, network: Some("01"),
    })),
    // Fraud checks.
    risky("highest", "4100000000000019", "chargeDeclinedFraudulent", BLOCKED),
    risky("highest", "4000000000004954", "riskLevelHighest", Outcome::Succeeds),
    risky("elevated", "4000000000009235", "riskLevelElevated", Outcome::Succeeds),
    checked(Check::Cvc, "4000000000000101", "cvcCheckFail"),
    checked(Check::PostalCode, "4000000000000036", "avsZipFail"),
    Card { risk: "elevated", ..checked(Check::Cvc, "4000058400307872", "cvcCheckFailElevatedRisk") },
    Card { risk: "elevated", ..checked(Check::PostalCode, "4000058400306072", "avsZipFailElevatedRisk") },
    checked(Check::Line1, "4000000000000028", "avsLine1Fail"),
    checked(Check::Address, "4000000000000010", "avsFail"),
    checked(Check::AddressUnavailable, "4000000000000044", "avsUnchecked"),
    // Disputes.
    visa("4000000000000259", "createDispute", Outcome::IsDisputed(DisputeKind::Fraudulent)),
    visa("4000000000002685", "createDisputeProductNotReceived", Outcome::IsDisputed(DisputeKind::ProductNotReceived)),
    visa("4000000000001976", "createDisputeInquiry", Outcome::IsDisputed(DisputeKind::Inquiry)),
    visa("4000000000005423", "createIssuerFraudWarning", Outcome::IsDisputed(DisputeKind::FraudWarning)),
    visa("4000000404000079", "createMultipleDisputes", Outcome::IsDisputed(DisputeKind::Twice)),
    visa("4000000404000038", "createCe3EligibleDispute", Outcome::IsDisputed(DisputeKind::KnownShopper)),
    visa("4000008400000779", "createComplianceDispute", Outcome::IsDisputed(DisputeKind::Compliance)),
    // Refunds.
    refunds(RefundOutcome::SucceedsLater, "4000000000007726", "pendingRefund"),
    refunds(RefundOutcome::FailsLater, "4000000000005126", "refundFail"),
    // Authentication.
    asks(Auth::UnlessSetUp, "4000002500003155", "authenticationRequiredOnSetup", Outcome::Succeeds),
    asks(Auth::Always, "4000002760003184", "authenticationRequired", Outcome::Succeeds),
    asks(Auth::OnSession, "4000003800000446", "authenticationRequiredSetupForOffSession", Outcome::Succeeds),
    asks(Auth::Always, "4000008260003178", "authenticationRequiredChargeDeclinedInsufficientFunds", POOR),
    asks(Auth::Always, "4000000000003220", "threeDSecure2Required", Outcome::Succeeds),
    asks(Auth::Always, "4000000000003063", "threeDSecureRequired", Outcome::Succeeds),
    asks(Auth::Always, "4000008400001629", "threeDSecureRequiredChargeDeclined", GENERIC),
    asks(Auth::Always, "4000008400001280", "threeDSecureRequiredProcessingError", PROCESSING),
    asks(Auth::Always, "4000582600000094", "threeDSecureOutOfBand", Outcome::Succeeds),
    asks(Auth::Always, "4000582600000045", "threeDSecureOneTimePasscode", Outcome::Succeeds),
    asks(Auth::Always, "4000582600000102", "threeDSecureSingleSelect", Outcome::Succeeds),
    asks(Auth::Always, "4000582600000110", "threeDSecureMultiSelect", Outcome::Succeeds),
    Card { country: "IN", ..asks(Auth::UnlessSetUp, "4000003560000123", "indiaRecurringMandateSetupAndRenewalsSuccess", Outcome::Succeeds) },
    asks(Auth::Optional, "4000000000003055", "threeDSecureOptional", Outcome::Succeeds),
    asks(Auth::Optional, "4000000000003097", "threeDSecureOptionalProcessingError", Outcome::Succeeds),
];
