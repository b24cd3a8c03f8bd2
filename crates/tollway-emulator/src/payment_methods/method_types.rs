//! The payment methods that are no cards: their currency, and how a payment by them goes.

/// How a payment by a method goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// It takes so many days to learn whether the bank pays.
    Debit(i64),
    /// The payer approves on a page.
    Redirect,
    /// The payer takes a voucher to a shop, within so many days.
    Voucher(i64),
    /// The customer sends money, which is kept for them until it pays for something.
    BankTransfer,
}

/// A method: its name, the currency it is bound to, and how it goes.
pub(super) struct Method {
    pub(super) kind: &'static str,
    pub(super) currency: Option<&'static str>,
    pub(super) flow: Flow,
}

const fn method(kind: &'static str, currency: Option<&'static str>, flow: Flow) -> Method {
    Method {
        kind,
        currency,
        flow,
    }
}

const fn debit(kind: &'static str, currency: Option<&'static str>, days: i64) -> Method {
    method(kind, currency, Flow::Debit(days))
}

const fn redirect(kind: &'static str, currency: Option<&'static str>) -> Method {
    method(kind, currency, Flow::Redirect)
}

const fn voucher(kind: &'static str, currency: &'static str, days: i64) -> Method {
    method(kind, Some(currency), Flow::Voucher(days))
}

pub(super) const METHODS: &[Method] = &[
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
    method("customer_balance", None, Flow::BankTransfer),
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

/// Those that can hold money now and take it later.
#[rustfmt::skip]
const HOLDING: &[&str] = &[
    "affirm", "afterpay_clearpay", "alma", "amazon_pay", "billie", "card", "card_present", "cashapp", "kakao_pay", "klarna",
    "kr_card", "link", "mobilepay", "naver_pay", "payco", "paypal", "revolut_pay", "samsung_pay", "satispay", "scalapay",
    "sequra", "sunbit",
];

/// Those that a customer can keep for later payments.
#[rustfmt::skip]
const REUSABLE: &[&str] = &[
    "acss_debit", "amazon_pay", "au_becs_debit", "bacs_debit", "boleto", "cashapp", "kakao_pay", "klarna", "kr_card", "link",
    "naver_pay", "nz_bank_account", "paypal", "payto", "revolut_pay", "sepa_debit", "upi", "us_bank_account",
];

pub(super) fn find(kind: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.kind == kind)
}

/// Whether money can be held by this method, and captured later.
pub(super) fn holds(kind: &str) -> bool {
    HOLDING.contains(&kind)
}

/// Whether a customer can keep it.
pub(super) fn is_reusable(kind: &str) -> bool {
    REUSABLE.contains(&kind)
}

/// `pm_usBankAccount_…` by name, and the account number that stands for it.
const NAMED: &[(&str, &str)] = &[
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

/// The account number behind a test payment method's name.
pub(super) fn number_of(name: &str) -> Option<&'static str> {
    let (_, number) = NAMED.iter().find(|(known, _)| *known == name)?;
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_and_failing_numbers_are_told_apart() {
        let kinds = |of: fn(Flow) -> bool| {
            let methods = METHODS.iter().filter(move |method| of(method.flow));
            methods.map(|method| method.kind)
        };
        assert!(kinds(|flow| matches!(flow, Flow::Debit(_))).is_sorted());
        assert!(kinds(|flow| matches!(flow, Flow::Voucher(_))).is_sorted());
        assert!(kinds(|flow| flow == Flow::Redirect).is_sorted());
        assert!(HOLDING.is_sorted() && REUSABLE.is_sorted());
        for (name, number) in NAMED {
            let pays = crate::payments::non_card::test_bank_accounts::of(number)
                == crate::payments::non_card::test_bank_accounts::Answer::Pays;
            assert_eq!(pays, *name == "pm_usBankAccount_success", "{name}");
        }
    }
}
