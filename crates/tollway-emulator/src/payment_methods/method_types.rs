//! The types of payment methods that are not cards: their currency, how a payment by them proceeds, and what they support.

/// How a payment by a method proceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentFlow {
    /// A bank account is debited; the bank pays or returns the debit after this many days.
    Debit { days: i64 },
    /// The payer approves on a page.
    Redirect,
    /// The payer pays a voucher in a shop, within this many days.
    Voucher { days: i64 },
    /// The customer sends money to their cash balance, which pays.
    BankTransfer,
}

/// A type of payment method.
pub(crate) struct MethodType {
    /// `type` of the payment method.
    pub(crate) kind: &'static str,
    /// The only currency it supports; none if it supports several.
    pub(crate) currency: Option<&'static str>,
    pub(crate) flow: PaymentFlow,
}

const fn method(
    kind: &'static str,
    currency: Option<&'static str>,
    flow: PaymentFlow,
) -> MethodType {
    MethodType {
        kind,
        currency,
        flow,
    }
}

const fn debit(kind: &'static str, currency: Option<&'static str>, days: i64) -> MethodType {
    method(kind, currency, PaymentFlow::Debit { days })
}

const fn redirect(kind: &'static str, currency: Option<&'static str>) -> MethodType {
    method(kind, currency, PaymentFlow::Redirect)
}

const fn voucher(kind: &'static str, currency: &'static str, days: i64) -> MethodType {
    method(kind, Some(currency), PaymentFlow::Voucher { days })
}

const METHOD_TYPES: &[MethodType] = &[
    debit("acss_debit", None, 5),
    debit("au_becs_debit", Some("aud"), 3),
    debit("bacs_debit", Some("gbp"), 4),
    debit("nz_bank_account", Some("nzd"), 3),
    debit("sepa_debit", Some("eur"), 5),
    debit("us_bank_account", Some("usd"), 4),
    voucher("boleto", "brl", 3),
    voucher("konbini", "jpy", 3),
    voucher("multibanco", "eur", 7),
    voucher("oxxo", "mxn", 3),
    method("customer_balance", None, PaymentFlow::BankTransfer),
    redirect("affirm", None),
    redirect("afterpay_clearpay", None),
    redirect("alipay", None),
    redirect("alma", Some("eur")),
    redirect("amazon_pay", None),
    redirect("bancontact", Some("eur")),
    redirect("billie", None),
    redirect("bizum", Some("eur")),
    redirect("blik", Some("pln")),
    redirect("cashapp", Some("usd")),
    redirect("crypto", Some("usd")),
    redirect("eps", Some("eur")),
    redirect("fpx", Some("myr")),
    redirect("giropay", Some("eur")),
    redirect("grabpay", None),
    redirect("ideal", Some("eur")),
    redirect("kakao_pay", Some("krw")),
    redirect("klarna", None),
    redirect("kr_card", Some("krw")),
    redirect("link", None),
    redirect("mb_way", Some("eur")),
    redirect("mobilepay", None),
    redirect("naver_pay", Some("krw")),
    redirect("p24", None),
    redirect("pay_by_bank", Some("gbp")),
    redirect("payco", Some("krw")),
    redirect("paynow", Some("sgd")),
    redirect("paypal", None),
    redirect("paypay", Some("jpy")),
    redirect("payto", Some("aud")),
    redirect("pix", Some("brl")),
    redirect("promptpay", Some("thb")),
    redirect("revolut_pay", None),
    redirect("samsung_pay", Some("krw")),
    redirect("satispay", Some("eur")),
    redirect("scalapay", Some("eur")),
    redirect("sequra", Some("eur")),
    redirect("sofort", Some("eur")),
    redirect("sunbit", Some("usd")),
    redirect("swish", Some("sek")),
    redirect("twint", Some("chf")),
    redirect("upi", Some("inr")),
    redirect("wechat_pay", None),
    redirect("zip", None),
];

/// The types that support `capture_method=manual`; in alphabetical order.
#[rustfmt::skip]
const MANUAL_CAPTURE: &[&str] = &[
    "affirm", "afterpay_clearpay", "alma", "amazon_pay", "billie", "card", "card_present", "cashapp", "kakao_pay", "klarna",
    "kr_card", "link", "mobilepay", "naver_pay", "payco", "paypal", "revolut_pay", "samsung_pay", "satispay", "scalapay",
    "sequra", "sunbit",
];

/// The types that can be attached to a customer for later payments; in alphabetical order.
#[rustfmt::skip]
const REUSABLE: &[&str] = &[
    "acss_debit", "amazon_pay", "au_becs_debit", "bacs_debit", "boleto", "cashapp", "kakao_pay", "klarna", "kr_card", "link",
    "naver_pay", "nz_bank_account", "paypal", "payto", "revolut_pay", "sepa_debit", "upi", "us_bank_account",
];

/// The type with this name.
pub(crate) fn find_method_type(kind: &str) -> Option<&'static MethodType> {
    METHOD_TYPES.iter().find(|method| method.kind == kind)
}

/// The names of all types that are not cards, separated by commas.
pub(crate) fn method_type_names() -> String {
    let names: Vec<&str> = METHOD_TYPES.iter().map(|method| method.kind).collect();
    names.join(", ")
}

/// Whether a payer by this type is redirected to another page.
pub(crate) fn is_redirect_based(kind: &str) -> bool {
    find_method_type(kind).is_some_and(|method| method.flow == PaymentFlow::Redirect)
}

/// Whether a bank account is debited.
pub(crate) fn is_debit(kind: &str) -> bool {
    find_method_type(kind).is_some_and(|it| matches!(it.flow, PaymentFlow::Debit { .. }))
}

/// Whether a payment by this type can be authorized now and captured later.
pub(crate) fn supports_manual_capture(kind: &str) -> bool {
    MANUAL_CAPTURE.contains(&kind)
}

/// Whether a payment method of this type can be attached to a customer.
pub(crate) fn is_reusable(kind: &str) -> bool {
    REUSABLE.contains(&kind)
}

/// The test names `pm_usBankAccount_…`, each with the account number that it stands for.
const TEST_NAMES: &[(&str, &str)] = &[
    ("pm_usBankAccount_success", "000123456789"),
    ("pm_usBankAccount_accountClosed", "000111111113"),
    ("pm_usBankAccount_noAccount", "000111111116"),
    ("pm_usBankAccount_insufficientFunds", "000222222227"),
    ("pm_usBankAccount_debitNotAuthorized", "000333333335"),
    ("pm_usBankAccount_invalidCurrency", "000444444440"),
    ("pm_usBankAccount_dispute", "000555555559"),
    ("pm_usBankAccount_processing", "000000000009"),
    ("pm_usBankAccount_weeklyLimitExceeded", "000777777771"),
];

/// The account number of a test payment method's name; none if `name` is no such name.
pub(crate) fn account_number_of_test_name(name: &str) -> Option<&'static str> {
    let (_, number) = TEST_NAMES
        .iter()
        .find(|(test_name, _)| *test_name == name)?;
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment_methods::test_bank_accounts::{DebitOutcome, debit_outcome_of_number};

    #[test]
    fn tables_are_sorted_and_test_names_but_one_have_failing_numbers() {
        let kinds = |of: fn(PaymentFlow) -> bool| {
            let methods = METHOD_TYPES.iter().filter(move |method| of(method.flow));
            methods.map(|method| method.kind)
        };
        assert!(kinds(|flow| matches!(flow, PaymentFlow::Debit { .. })).is_sorted());
        assert!(kinds(|flow| matches!(flow, PaymentFlow::Voucher { .. })).is_sorted());
        assert!(kinds(|flow| flow == PaymentFlow::Redirect).is_sorted());
        assert!(MANUAL_CAPTURE.is_sorted() && REUSABLE.is_sorted());
        for (name, number) in TEST_NAMES {
            let succeeds = debit_outcome_of_number(number) == DebitOutcome::Succeeds;
            assert_eq!(succeeds, *name == "pm_usBankAccount_success", "{name}");
        }
    }
}
