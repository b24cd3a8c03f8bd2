//! The outcomes of debits from Stripe's test account numbers (<https://docs.stripe.com/testing#bank-debits>).

/// How a debit from a test bank account ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DebitOutcome {
    /// The bank pays.
    Succeeds,
    /// The bank pays, and the customer has the debit returned at once.
    SucceedsThenDisputed,
    /// The bank returns the debit: `failure_code` and `failure_message`.
    Fails(&'static str, &'static str),
    /// The bank does not respond.
    StaysProcessing,
}

const DEBIT_NOT_AUTHORIZED: DebitOutcome = DebitOutcome::Fails(
    "debit_not_authorized",
    "The customer has notified their bank that this payment was unauthorized.",
);
const INSUFFICIENT_FUNDS: DebitOutcome = DebitOutcome::Fails(
    "insufficient_funds",
    "The customer's account has insufficient funds to cover this payment.",
);

/// Outcomes by the last digits of the account number.
#[rustfmt::skip]
const BY_END: &[(&str, DebitOutcome)] = &[
    ("1111113", DebitOutcome::Fails("account_closed", "The customer's bank account has been closed.")),
    ("1111116", DebitOutcome::Fails("no_account", "The customer's bank account could not be located.")),
    ("2222227", INSUFFICIENT_FUNDS),
    ("3333335", DEBIT_NOT_AUTHORIZED),
    ("4444440", DebitOutcome::Fails("invalid_currency", "The bank account cannot be debited in this currency.")),
    ("0343434", DebitOutcome::Fails("charge_exceeds_source_limit", "This payment exceeds what may be debited from the account in a week.")),
    ("0121212", DebitOutcome::Fails("charge_exceeds_weekly_limit", "This payment exceeds how often the account may be debited in a week.")),
    ("7777771", DebitOutcome::Fails("charge_exceeds_weekly_limit", "This payment exceeds what may be debited from the account in a week.")),
    ("5555559", DebitOutcome::SucceedsThenDisputed),
    ("66666660", DebitOutcome::SucceedsThenDisputed),
    ("000000000009", DebitOutcome::StaysProcessing),
];

/// IBANs whose debits fail: by country, then those that fail after three minutes.
const FAILING: &[&str] = &[
    "AT861904300235473202",
    "BE68539007547034",
    "CH5362200119938136497",
    "DE62370400440532013001",
    "DK8003450003179681",
    "EE762200221020145680",
    "ES9121000418450200051332",
    "FI9112345600000786",
    "FR8420041010050500013M02607",
    "GB55WEST12345698765433",
    "HR2725000096983499248",
    "IE02AIBK93115212345679",
    "IT60X0542811101000000123456",
    "LT821000011101001001",
    "LU980019400644750001",
    "NL91ABNA0417164300",
    "NO6686011117948",
    "PT23000201231234567890155",
    "SE0850000000054910000004",
    "AT051904300235473205",
    "DE78370400440532013004",
    "EE922200221020145683",
    "FI1012345600000789",
    "FR7920041010050500013M02600",
    "HR6723600004878117427",
    "IE94AIBK93115212345672",
];

/// IBANs whose debits succeed and are disputed at once, by country.
const DISPUTING: &[&str] = &[
    "AT591904300235473203",
    "BE08510007547063",
    "CH1260378413965193069",
    "DE35370400440532013002",
    "DK9300400440116245",
    "EE492200221020145681",
    "ES5000120345030000067892",
    "FI6412345600000787",
    "FR5720041010050500013M02608",
    "GB28WEST12345698765434",
    "HR8724840081455523553",
    "IE51AIBK93115212345670",
    "IT83S0542811101000000123458",
    "LT551000011101001002",
    "LU710019400644750002",
    "NL82RABO0300065266",
    "NO3986011117949",
    "PT93000201231234567890156",
    "SE7850000000054910000005",
];

/// The outcome of a debit, by account number or normalized IBAN.
pub(crate) fn debit_outcome_of_number(number: &str) -> DebitOutcome {
    if FAILING.contains(&number) {
        return DEBIT_NOT_AUTHORIZED;
    }
    if DISPUTING.contains(&number) {
        return DebitOutcome::SucceedsThenDisputed;
    }
    let listed = BY_END.iter().find(|(end, _)| number.ends_with(end));
    listed.map_or(DebitOutcome::Succeeds, |(_, outcome)| *outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment_methods::iban;

    #[test]
    fn the_account_number_decides_the_debit_outcome() {
        for iban in FAILING.iter().chain(DISPUTING) {
            iban::check(iban, "c", "p").unwrap();
        }
        for (number, outcome) in [
            ("000123456789", DebitOutcome::Succeeds),
            ("DE89370400440532013000", DebitOutcome::Succeeds),
            ("AT611904300234573201", DebitOutcome::Succeeds),
            ("000222222227", INSUFFICIENT_FUNDS),
            ("22222227", INSUFFICIENT_FUNDS),
            ("DE65370400440002222227", INSUFFICIENT_FUNDS),
            ("333333335", DEBIT_NOT_AUTHORIZED),
            ("DE62370400440532013001", DEBIT_NOT_AUTHORIZED),
            ("000555555559", DebitOutcome::SucceedsThenDisputed),
            ("55555559", DebitOutcome::SucceedsThenDisputed),
            ("DE35370400440532013002", DebitOutcome::SucceedsThenDisputed),
            ("000000000009", DebitOutcome::StaysProcessing),
        ] {
            assert_eq!(debit_outcome_of_number(number), outcome, "{number}");
        }
        assert!(matches!(
            debit_outcome_of_number("DE27370400440000121212"),
            DebitOutcome::Fails("charge_exceeds_weekly_limit", _)
        ));
    }
}
