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

const fn visa_with_outcome(number: &'static str, name: &'static str, outcome: Outcome) -> Card {
    Card {
        outcome,
        ..card(number, name, "visa")
    }
}

const fn card_with_funding(
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

const fn card_of_country(country: &'static str, number: &'static str, name: &'static str) -> Card {
    Card {
        country,
        ..card(number, name, "visa")
    }
}

const fn card_with_authentication(
    auth: Auth,
    number: &'static str,
    name: &'static str,
    outcome: Outcome,
) -> Card {
    Card {
        auth,
        ..visa_with_outcome(number, name, outcome)
    }
}

const fn card_with_check(check: Check, number: &'static str, name: &'static str) -> Card {
    Card {
        check,
        ..card(number, name, "visa")
    }
}

const fn card_with_refund(refund: RefundOutcome, number: &'static str, name: &'static str) -> Card {
    Card {
        refund,
        ..card(number, name, "visa")
    }
}

const fn card_with_risk(
    risk: &'static str,
    number: &'static str,
    name: &'static str,
    outcome: Outcome,
) -> Card {
    Card {
        risk,
        ..visa_with_outcome(number, name, outcome)
    }
}

/// The issuer declines with `card_declined`: `decline_code`, `network_decline_code`, `advice_code` and message.
const fn issuer_decline(
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

/// The card data is invalid or cannot be processed: error `code`, `network_decline_code`, `advice_code`, `param` and message.
const fn card_error(
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

/// Stripe blocks the payment before the issuer receives it.
const BLOCKED: Outcome = Outcome::Declines(Decline {
    code: "card_declined",
    reason: Some("fraudulent"),
    message: DECLINED_MESSAGE,
    param: None,
    blocked: true,
    advice: None,
    network: None,
});

const DECLINED_MESSAGE: &str = "Your card was declined.";
const TRY_AGAIN_LATER: Option<&str> = Some("try_again_later");
const DO_NOT_TRY_AGAIN: Option<&str> = Some("do_not_try_again");
const CONFIRM_CARD_DATA: Option<&str> = Some("confirm_card_data");

const GENERIC_DECLINE: Outcome =
    issuer_decline("generic_decline", "01", TRY_AGAIN_LATER, DECLINED_MESSAGE);
const INSUFFICIENT_FUNDS: Outcome = issuer_decline(
    "insufficient_funds",
    "51",
    TRY_AGAIN_LATER,
    "Your card has insufficient funds.",
);
const PROCESSING_ERROR: Outcome = card_error(
    "processing_error",
    "96",
    TRY_AGAIN_LATER,
    None,
    "An error occurred while processing your card. Try again in a little bit.",
);

/// Every test card.
#[rustfmt::skip]
pub(crate) const CARDS: &[Card] = &[
    card("4242424242424242", "visa", "visa"),
    card_with_funding("4000056655665556", "visa_debit", "visa", "debit"),
    card("5555555555554444", "mastercard", "mastercard"),
    card("2223003122003222", "mastercard_2series", "mastercard"),
    card_with_funding("5200828282828210", "mastercard_debit", "mastercard", "debit"),
    card_with_funding("5105105105105100", "mastercard_prepaid", "mastercard", "prepaid"),
    card("378282246310005", "amex", "amex"),
    card("371449635398431", "amex_2", "amex"),
    card("6011111111111117", "discover", "discover"),
    card("6011000990139424", "discover_2", "discover"),
    card_with_funding("6011981111111113", "discover_debit", "discover", "debit"),
    card("3056930009020004", "diners", "diners"),
    card("36227206271667", "diners_14digits", "diners"),
    card("3566002020360505", "jcb", "jcb"),
    card("6200000000000005", "unionpay", "unionpay"),
    card("6205500000000000004", "unionpay_19digits", "unionpay"),
    card_with_funding("6200000000000047", "unionpay_debit", "unionpay", "debit"),
    Card { country: "JP", ..card("3530111333300000", "jcb_jp", "jcb") },
    // Of two networks.
    Card { country: "FR", ..card("4000002500001001", "visa_cartesBancaires", "visa") },
    Card { country: "FR", ..card("5555552500001001", "mastercard_cartesBancaires", "mastercard") },
    Card { country: "AU", ..card_with_funding("4000050360000001", "visa_debit_eftposAuCoBranded", "visa", "debit") },
    Card { country: "AU", ..card_with_funding("5555050360000080", "mastercard_debit_eftposAuCoBranded", "mastercard", "debit") },
    // By country.
    card_of_country("US", "4111111111111111", "us"),
    card_of_country("AR", "4000000320000021", "ar"),
    card_of_country("BR", "4000000760000002", "br"),
    card_of_country("CA", "4000001240000000", "ca"),
    card_of_country("CL", "4000001520000001", "cl"),
    card_of_country("CO", "4000001700000003", "co"),
    card_of_country("CR", "4000001880000005", "cr"),
    card_of_country("EC", "4000002180000000", "ec"),
    card_of_country("MX", "4000004840008001", "mx"),
    Card { country: "MX", ..card_with_funding("4000004840000008", "mx_debit", "visa", "debit") },
    card_of_country("PA", "4000005910000000", "pa"),
    card_of_country("PY", "4000006000000066", "py"),
    card_of_country("PE", "4000006040000068", "pe"),
    card_of_country("UY", "4000008580000003", "uy"),
    card_of_country("AE", "4000007840000001", "ae"),
    card_of_country("AT", "4000000400000008", "at"),
    card_of_country("BE", "4000000560000004", "be"),
    card_of_country("BG", "4000001000000000", "bg"),
    card_of_country("BY", "4000001120000005", "by"),
    card_of_country("HR", "4000001910000009", "hr"),
    card_of_country("CY", "4000001960000008", "cy"),
    card_of_country("CZ", "4000002030000002", "cz"),
    card_of_country("DK", "4000002080000001", "dk"),
    card_of_country("EE", "4000002330000009", "ee"),
    card_of_country("FI", "4000002460000001", "fi"),
    card_of_country("FR", "4000002500000003", "fr"),
    card_of_country("DE", "4000002760000016", "de"),
    card_of_country("GI", "4000002920000005", "gi"),
    card_of_country("GR", "4000003000000030", "gr"),
    card_of_country("HU", "4000003480000005", "hu"),
    card_of_country("IE", "4000003720000005", "ie"),
    card_of_country("IT", "4000003800000008", "it"),
    card_of_country("LV", "4000004280000005", "lv"),
    card_of_country("LI", "4000004380000004", "li"),
    card_of_country("LT", "4000004400000000", "lt"),
    card_of_country("LU", "4000004420000006", "lu"),
    card_of_country("MT", "4000004700000007", "mt"),
    card_of_country("NL", "4000005280000002", "nl"),
    card_of_country("NO", "4000005780000007", "no"),
    card_of_country("PL", "4000006160000005", "pl"),
    card_of_country("PT", "4000006200000007", "pt"),
    card_of_country("RO", "4000006420000001", "ro"),
    card_of_country("SA", "4000006820000007", "sa"),
    card_of_country("SI", "4000007050000006", "si"),
    card_of_country("SK", "4000007030000001", "sk"),
    card_of_country("ES", "4000007240000007", "es"),
    card_of_country("SE", "4000007520000008", "se"),
    card_of_country("CH", "4000007560000009", "ch"),
    card_of_country("GB", "4000008260000000", "gb"),
    card_with_funding("4000058260000005", "gb_debit", "visa", "debit"),
    card_of_country("AU", "4000000360000006", "au"),
    card_of_country("CN", "4000001560000002", "cn"),
    card_of_country("HK", "4000003440000004", "hk"),
    card_of_country("IN", "4000003560000008", "in"),
    card_of_country("JP", "4000003920000003", "jp"),
    card_of_country("MY", "4000004580000002", "my"),
    card_of_country("NZ", "4000005540000008", "nz"),
    card_of_country("SG", "4000007020000003", "sg"),
    card_of_country("TW", "4000001580000008", "tw"),
    card_of_country("TH", "4000007640000003", "th_credit"),
    Card { country: "TH", ..card_with_funding("4000057640000008", "th_debit", "visa", "debit") },
    // Money that is available at once.
    visa_with_outcome("4000000000000077", "bypassPending", Outcome::BypassesPending),
    Card { country: "IE", ..visa_with_outcome("4000003720000278", "bypassPendingInternational", Outcome::BypassesPending) },
    // Declines.
    visa_with_outcome("4000000000000002", "chargeDeclined", GENERIC_DECLINE),
    visa_with_outcome("4000000000009995", "chargeDeclinedInsufficientFunds", INSUFFICIENT_FUNDS),
    visa_with_outcome("4000000000009987", "chargeDeclinedLostCard", issuer_decline("lost_card", "41", DO_NOT_TRY_AGAIN, DECLINED_MESSAGE)),
    visa_with_outcome("4000000000009979", "chargeDeclinedStolenCard", issuer_decline("stolen_card", "43", DO_NOT_TRY_AGAIN, DECLINED_MESSAGE)),
    visa_with_outcome("4000000000006975", "chargeDeclinedVelocityLimitExceeded", issuer_decline(
        "card_velocity_exceeded", "61", TRY_AGAIN_LATER,
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    )),
    visa_with_outcome("4000000000000069", "chargeDeclinedExpiredCard", card_error("expired_card", "54", CONFIRM_CARD_DATA, Some("exp_month"), "Your card has expired.")),
    visa_with_outcome("4000000000000127", "chargeDeclinedIncorrectCvc", card_error("incorrect_cvc", "N7", CONFIRM_CARD_DATA, Some("cvc"), "Your card's security code is incorrect.")),
    visa_with_outcome("4000000000000119", "chargeDeclinedProcessingError", PROCESSING_ERROR),
    visa_with_outcome("4242424242424241", "incorrectNumber", card_error("incorrect_number", "14", CONFIRM_CARD_DATA, Some("number"), "Your card number is incorrect.")),
    visa_with_outcome("4000000000000341", "chargeCustomerFail", Outcome::AttachesThenDeclines(Decline {
        code: "card_declined", reason: Some("generic_decline"), message: DECLINED_MESSAGE, param: None, blocked: false, advice: TRY_AGAIN_LATER, network: Some("01"),
    })),
    // Fraud checks.
    card_with_risk("highest", "4100000000000019", "chargeDeclinedFraudulent", BLOCKED),
    card_with_risk("highest", "4000000000004954", "riskLevelHighest", Outcome::Succeeds),
    card_with_risk("elevated", "4000000000009235", "riskLevelElevated", Outcome::Succeeds),
    card_with_check(Check::Cvc, "4000000000000101", "cvcCheckFail"),
    card_with_check(Check::PostalCode, "4000000000000036", "avsZipFail"),
    Card { risk: "elevated", ..card_with_check(Check::Cvc, "4000058400307872", "cvcCheckFailElevatedRisk") },
    Card { risk: "elevated", ..card_with_check(Check::PostalCode, "4000058400306072", "avsZipFailElevatedRisk") },
    card_with_check(Check::Line1, "4000000000000028", "avsLine1Fail"),
    card_with_check(Check::Address, "4000000000000010", "avsFail"),
    card_with_check(Check::AddressUnavailable, "4000000000000044", "avsUnchecked"),
    // Disputes.
    visa_with_outcome("4000000000000259", "createDispute", Outcome::IsDisputed(DisputeKind::Fraudulent)),
    visa_with_outcome("4000000000002685", "createDisputeProductNotReceived", Outcome::IsDisputed(DisputeKind::ProductNotReceived)),
    visa_with_outcome("4000000000001976", "createDisputeInquiry", Outcome::IsDisputed(DisputeKind::Inquiry)),
    visa_with_outcome("4000000000005423", "createIssuerFraudWarning", Outcome::IsDisputed(DisputeKind::FraudWarning)),
    visa_with_outcome("4000000404000079", "createMultipleDisputes", Outcome::IsDisputed(DisputeKind::Twice)),
    visa_with_outcome("4000000404000038", "createCe3EligibleDispute", Outcome::IsDisputed(DisputeKind::KnownShopper)),
    visa_with_outcome("4000008400000779", "createComplianceDispute", Outcome::IsDisputed(DisputeKind::Compliance)),
    // Refunds.
    card_with_refund(RefundOutcome::SucceedsLater, "4000000000007726", "pendingRefund"),
    card_with_refund(RefundOutcome::FailsLater, "4000000000005126", "refundFail"),
    // Authentication.
    card_with_authentication(Auth::UnlessSetUp, "4000002500003155", "authenticationRequiredOnSetup", Outcome::Succeeds),
    card_with_authentication(Auth::Always, "4000002760003184", "authenticationRequired", Outcome::Succeeds),
    card_with_authentication(Auth::OnSession, "4000003800000446", "authenticationRequiredSetupForOffSession", Outcome::Succeeds),
    card_with_authentication(Auth::Always, "4000008260003178", "authenticationRequiredChargeDeclinedInsufficientFunds", INSUFFICIENT_FUNDS),
    card_with_authentication(Auth::Always, "4000000000003220", "threeDSecure2Required", Outcome::Succeeds),
    card_with_authentication(Auth::Always, "4000000000003063", "threeDSecureRequired", Outcome::Succeeds),
    card_with_authentication(Auth::Always, "4000008400001629", "threeDSecureRequiredChargeDeclined", GENERIC_DECLINE),
    card_with_authentication(Auth::Always, "4000008400001280", "threeDSecureRequiredProcessingError", PROCESSING_ERROR),
    card_with_authentication(Auth::Always, "4000582600000094", "threeDSecureOutOfBand", Outcome::Succeeds),
    card_with_authentication(Auth::Always, "4000582600000045", "threeDSecureOneTimePasscode", Outcome::Succeeds),
    card_with_authentication(Auth::Always, "4000582600000102", "threeDSecureSingleSelect", Outcome::Succeeds),
    card_with_authentication(Auth::Always, "4000582600000110", "threeDSecureMultiSelect", Outcome::Succeeds),
    Card { country: "IN", ..card_with_authentication(Auth::UnlessSetUp, "4000003560000123", "indiaRecurringMandateSetupAndRenewalsSuccess", Outcome::Succeeds) },
    card_with_authentication(Auth::Optional, "4000000000003055", "threeDSecureOptional", Outcome::Succeeds),
    card_with_authentication(Auth::Optional, "4000000000003097", "threeDSecureOptionalProcessingError", Outcome::Succeeds),
];
