//! What the banks of Stripe's test account numbers answer to a debit (<https://docs.stripe.com/testing#bank-debits>).

/// What becomes of a debit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The bank pays.
    Pays,
    /// The bank pays, and the customer has the money back at once.
    IsDisputed,
    /// The bank sends the debit back: code and sentence.
    Fails(&'static str, &'static str),
    /// The bank never answers.
    Never,
}

const REFUSED: Answer = Answer::Fails(
    "debit_not_authorized",
    "The customer has notified their bank that this payment was unauthorized.",
);
const POOR: Answer = Answer::Fails(
    "insufficient_funds",
    "The customer's account has insufficient funds to cover this payment.",
);

/// Told by the end of the number.
#[rustfmt::skip]
const BY_END: &[(&str, Answer)] = &[
    ("1111113", Answer::Fails("account_closed", "The customer's bank account has been closed.")),
    ("1111116", Answer::Fails("no_account", "The customer's bank account could not be located.")),
    ("2222227", POOR),
    ("3333335", REFUSED),
    ("4444440", Answer::Fails("invalid_currency", "The bank account cannot be debited in this currency.")),
    ("0343434", Answer::Fails("charge_exceeds_source_limit", "This payment exceeds what may be debited from the account in a week.")),
    ("0121212", Answer::Fails("charge_exceeds_weekly_limit", "This payment exceeds how often the account may be debited in a week.")),
    ("7777771", Answer::Fails("charge_exceeds_weekly_limit", "This payment exceeds what may be debited from the account in a week.")),
    ("5555559", Answer::IsDisputed),
    ("66666660", Answer::IsDisputed),
    ("000000000009", Answer::Never),
];

/// IBANs that are sent back; in a list by country, then those after three minutes.
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

/// IBANs that pay, and whose owners have the money back at once; in a list by country.
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

/// What the bank of an account answers, by its number; an IBAN is written plainly.
pub(super) fn of(number: &str) -> Answer {
    if FAILING.contains(&number) {
        return REFUSED;
    }
    if DISPUTING.contains(&number) {
        return Answer::IsDisputed;
    }
    let known = BY_END.iter().find(|(end, _)| number.ends_with(end));
    known.map_or(Answer::Pays, |(_, answer)| *answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment_methods::iban;

    #[test]
    fn numbers_are_told_apart() {
        for iban in FAILING.iter().chain(DISPUTING) {
            iban::check(iban, "c", "p").unwrap();
        }
        for (number, answer) in [
            ("000123456789", Answer::Pays),
            ("DE89370400440532013000", Answer::Pays),
            ("AT611904300234573201", Answer::Pays),
            ("000222222227", POOR),
            ("22222227", POOR),
            ("DE65370400440002222227", POOR),
            ("333333335", REFUSED),
            ("DE62370400440532013001", REFUSED),
            ("000555555559", Answer::IsDisputed),
            ("55555559", Answer::IsDisputed),
            ("DE35370400440532013002", Answer::IsDisputed),
            ("000000000009", Answer::Never),
        ] {
            assert_eq!(of(number), answer, "{number}");
        }
        assert!(matches!(
            of("DE27370400440000121212"),
            Answer::Fails("charge_exceeds_weekly_limit", _)
        ));
    }
}
