//! Payment methods that are no cards: bank debits, and those that send the payer away to approve.
//!
//! ```text
//! debit     confirm ─▶ processing ─(days)─▶ succeeded, or requires_payment_method if the bank sends it back
//! redirect  confirm ─▶ requires_action ─(the page's answer)─▶ succeeded, or requires_payment_method
//! ```
//!
//! How a debit ends follows from its account number, as in Stripe's test mode: the numbers are told by their last digits
//! (<https://docs.stripe.com/testing#bank-debits>).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::billing;
use super::charge::{self, Base};
use super::due::{Task, plan};
use super::payment_intents::{self, INTENT};
use super::settlement::{self, Split};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

const HIDDEN: &str = "_bank_debit";
const DAY: i64 = 86_400;

/// How a payment by a method goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// It takes so many days to learn whether the bank pays.
    Debit(i64),
    /// The payer approves on a page.
    Redirect,
}

/// A method: its name, the currency it is bound to, and how it goes.
struct Method {
    kind: &'static str,
    currency: Option<&'static str>,
    flow: Flow,
}

const fn debit(kind: &'static str, currency: Option<&'static str>, days: i64) -> Method {
    Method {
        kind,
        currency,
        flow: Flow::Debit(days),
    }
}

const fn redirect(kind: &'static str, currency: Option<&'static str>) -> Method {
    Method {
        kind,
        currency,
        flow: Flow::Redirect,
    }
}

const METHODS: &[Method] = &[
    debit("acss_debit", None, 5),
    debit("au_becs_debit", Some("aud"), 3),
    debit("bacs_debit", Some("gbp"), 4),
    debit("nz_bank_account", Some("nzd"), 3),
    debit("sepa_debit", Some("eur"), 5),
    debit("us_bank_account", Some("usd"), 4),
    redirect("affirm", None),
    redirect("afterpay_clearpay", None),
    redirect("alipay", None),
    redirect("amazon_pay", None),
    redirect("bancontact", Some("eur")),
    redirect("billie", None),
    redirect("blik", Some("pln")),
    redirect("cashapp", Some("usd")),
    redirect("eps", Some("eur")),
    redirect("fpx", Some("myr")),
    redirect("grabpay", None),
    redirect("ideal", Some("eur")),
    redirect("kakao_pay", Some("krw")),
    redirect("klarna", None),
    redirect("kr_card", Some("krw")),
    redirect("link", None),
    redirect("mobilepay", None),
    redirect("naver_pay", Some("krw")),
    redirect("p24", None),
    redirect("pay_by_bank", Some("gbp")),
    redirect("payco", Some("krw")),
    redirect("paynow", Some("sgd")),
    redirect("paypal", None),
    redirect("pix", Some("brl")),
    redirect("promptpay", Some("thb")),
    redirect("revolut_pay", None),
    redirect("samsung_pay", Some("krw")),
    redirect("satispay", Some("eur")),
    redirect("swish", Some("sek")),
    redirect("twint", Some("chf")),
    redirect("wechat_pay", None),
    redirect("zip", None),
];

/// Why a bank sends a debit back: the end of the account number, the code, and the sentence.
const FAILURES: &[(&str, &str, &str)] = &[
    (
        "1113",
        "account_closed",
        "The customer's bank account has been closed.",
    ),
    (
        "1116",
        "no_account",
        "The customer's bank account could not be located.",
    ),
    (
        "2227",
        "insufficient_funds",
        "The customer's account has insufficient funds to cover this payment.",
    ),
    (
        "3335",
        "debit_not_authorized",
        "The customer has notified their bank that this payment was unauthorized.",
    ),
    (
        "4440",
        "invalid_currency",
        "The bank account cannot be debited in this currency.",
    ),
    (
        "3001",
        "debit_not_authorized",
        "The customer has notified their bank that this payment was unauthorized.",
    ),
    (
        "3202",
        "insufficient_funds",
        "The customer's account has insufficient funds to cover this payment.",
    ),
    (
        "3607",
        "insufficient_funds",
        "The customer's account has insufficient funds to cover this payment.",
    ),
];

/// `pm_usBankAccount_…` by name, and the account number that stands for it.
const NAMED: &[(&str, &str)] = &[
    ("pm_usBankAccount_success", "000123456789"),
    ("pm_usBankAccount_accountClosed", "000111111113"),
    ("pm_usBankAccount_noAccount", "000111111116"),
    ("pm_usBankAccount_insufficientFunds", "000222222227"),
    ("pm_usBankAccount_debitNotAuthorized", "000333333335"),
    ("pm_usBankAccount_invalidCurrency", "000444444440"),
];

/// What a payment method does not show of its account.
#[derive(Debug, Serialize, Deserialize)]
struct Hidden {
    number: String,
}

fn method_of(kind: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.kind == kind)
}

/// Whether a payer by this method is sent to another page.
pub(super) fn sends_away(kind: &str) -> bool {
    method_of(kind).is_some_and(|method| method.flow == Flow::Redirect)
}

/// The stored payment method of this id, if it is no card.
pub(super) fn named(ctx: &Ctx<'_>, id: &str) -> Option<Value> {
    let method = ctx.get("payment_method", id)?;
    (method["type"] != "card").then_some(method)
}

/// Whether a name stands for one of these payment methods.
pub(super) fn is_test_name(name: &str) -> bool {
    NAMED.iter().any(|(known, _)| *known == name)
}

/// A payment method of one of Stripe's test names; none if the name is none of them.
pub(super) fn by_name(ctx: &mut Ctx<'_>, name: &str) -> Option<Result<Value, ApiError>> {
    let (_, number) = NAMED.iter().find(|(known, _)| *known == name)?;
    let given = json!({
        "account_holder_type": "individual", "account_number": number, "routing_number": "110000000",
    });
    let billing = json!({"name": "Jenny Rosen"});
    Some(create(
        ctx,
        "us_bank_account",
        &given,
        &billing,
        &Map::new(),
    ))
}

/// Makes and keeps a payment method that is no card, from what the request says of it.
pub(super) fn create(
    ctx: &mut Ctx<'_>,
    kind: &str,
    given: &Value,
    billing: &Value,
    metadata: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut method = ctx.blank("payment_method");
    let number = given["account_number"].as_str().or(given["iban"].as_str());
    let shown = shown(kind, given, number);
    let mut values = Map::new();
    values.insert("type".into(), kind.into());
    values.insert(kind.to_owned(), shown);
    values.insert("billing_details".into(), billing.clone());
    values.insert("metadata".into(), metadata.clone().into());
    ctx.apply("payment_method", &mut method, &values)?;
    method.insert("customer".into(), Value::Null);
    let method = Value::Object(method);
    ctx.insert("payment_method", &method);
    if let Some(number) = number {
        let id = method["id"].as_str().unwrap_or_default();
        let hidden = Hidden {
            number: number.to_owned(),
        };
        let (scope, now) = (ctx.scope.clone(), ctx.now());
        ctx.world.put_typed(&scope, HIDDEN, id, &hidden, now);
    }
    Ok(method)
}

/// What is shown of an account: never its whole number.
fn shown(kind: &str, given: &Value, number: Option<&str>) -> Value {
    let mut shown = given.as_object().cloned().unwrap_or_default();
    shown.remove("account_number");
    shown.remove("iban");
    if let Some(number) = number {
        let last4 = number.len().checked_sub(4).and_then(|at| number.get(at..));
        shown.insert("last4".into(), last4.unwrap_or(number).into());
        let digest = Sha256::digest(format!("{kind} {number}"));
        let short = digest
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let fingerprint = format!("{short:016x}");
        shown.insert("fingerprint".into(), fingerprint.into());
    }
    match kind {
        "us_bank_account" => {
            shown.insert("bank_name".into(), "STRIPE TEST BANK".into());
            shown.entry("account_type").or_insert("checking".into());
        }
        "sepa_debit" => {
            let iban = number.unwrap_or_default();
            shown.insert("country".into(), iban.get(..2).into());
            shown.insert("bank_code".into(), iban.get(4..12).into());
            shown.insert("branch_code".into(), "".into());
        }
        _ => {}
    }
    Value::Object(shown)
}

/// Confirms an intent with a payment method that is no card.
pub(super) fn confirm(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
    params: &Params,
) -> Result<Value, ApiError> {
    let kind = method["type"].as_str().unwrap_or_default();
    let Some(known) = method_of(kind) else {
        let message = format!(
            "The emulator does not know how payments by '{kind}' go. It knows cards, {}.",
            METHODS
                .iter()
                .map(|method| method.kind)
                .collect::<Vec<_>>()
                .join(", ")
        );
        return Err(ApiError::invalid_param("payment_method", message));
    };
    if let Some(wanted) = known
        .currency
        .filter(|wanted| intent["currency"] != *wanted)
    {
        let message = format!(
            "The currency provided ({}) is invalid. Payments with {kind} support the following currencies: {wanted}.",
            intent["currency"].as_str().unwrap_or_default()
        );
        return Err(ApiError::invalid_param("currency", message));
    }
    intent["payment_method"] = method["id"].clone();
    match known.flow {
        Flow::Redirect => payment_intents::ask_for_action(ctx, intent, params),
        Flow::Debit(days) => begin(ctx, intent, method, days),
    }
}

/// The bank is asked for the money, and takes its time.
fn begin(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
    days: i64,
) -> Result<Value, ApiError> {
    let mut charge = new_charge(ctx, &intent, method)?;
    charge["status"] = "pending".into();
    ctx.insert("charge", &charge);
    ctx.emit("charge.pending", &charge, None);
    intent["latest_charge"] = charge["id"].clone();
    intent["last_payment_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    intent["status"] = "processing".into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.processing", &intent, None);
    let id = intent["id"].as_str().unwrap_or_default().to_owned();
    let at = ctx.now() + days * DAY;
    plan(ctx, None, at, Task::Debit { intent: id });
    Ok(intent)
}

/// The bank has paid, or sends the debit back.
pub(super) fn arrive(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut intent = ctx.required(INTENT, id)?;
    if intent["status"] != "processing" {
        return Ok(());
    }
    let charge = intent["latest_charge"].as_str().unwrap_or_default();
    let mut charge = ctx.required("charge", charge)?;
    let method = intent["payment_method"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let hidden: Option<Hidden> = ctx.world.typed(&ctx.scope, HIDDEN, &method);
    let number = hidden.map(|hidden| hidden.number).unwrap_or_default();
    let Some((_, code, message)) = FAILURES.iter().find(|(end, ..)| number.ends_with(end)) else {
        return succeed(ctx, intent, charge).map(drop);
    };
    charge["status"] = "failed".into();
    charge["failure_code"] = (*code).into();
    charge["failure_message"] = (*message).into();
    charge["outcome"] = json!({
        "advice_code": null, "network_advice_code": null, "network_decline_code": null,
        "network_status": "declined_by_network", "reason": code, "seller_message": message, "type": "issuer_declined",
    });
    ctx.update("charge", &charge);
    ctx.emit("charge.failed", &charge, None);
    let error = ApiError::invalid_request(*message)
        .code(code)
        .with("charge", charge["id"].clone());
    payment_intents::back_to_payment_method(ctx, &mut intent, error);
    billing::failed(ctx, &intent);
    Ok(())
}

/// The payer has approved on the page.
pub(super) fn approved(
    ctx: &mut Ctx<'_>,
    intent: Value,
    method: &Value,
) -> Result<Value, ApiError> {
    let charge = new_charge(ctx, &intent, method)?;
    ctx.insert("charge", &charge);
    succeed(ctx, intent, charge)
}

fn succeed(ctx: &mut Ctx<'_>, mut intent: Value, mut charge: Value) -> Result<Value, ApiError> {
    let amount = intent["amount"].as_i64().unwrap_or(0);
    charge["paid"] = true.into();
    charge["status"] = "succeeded".into();
    settlement::settle(ctx, &mut charge, amount, &Split::of_object(&intent))?;
    ctx.update("charge", &charge);
    ctx.emit("charge.succeeded", &charge, None);
    intent["latest_charge"] = charge["id"].clone();
    intent["transfer_group"] = charge["transfer_group"].clone();
    intent["amount_received"] = amount.into();
    intent["last_payment_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    intent["status"] = "succeeded".into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.succeeded", &intent, None);
    billing::succeeded(ctx, &intent);
    Ok(intent)
}

fn new_charge(ctx: &mut Ctx<'_>, intent: &Value, method: &Value) -> Result<Value, ApiError> {
    let split = Split::of_object(intent);
    let amount = intent["amount"].as_i64().unwrap_or(0);
    settlement::check(ctx, &split, amount)?;
    let kind = method["type"].as_str().unwrap_or_default();
    let base = Base {
        amount,
        currency: intent["currency"].as_str().unwrap_or_default(),
        billing_details: &method["billing_details"],
        customer: intent["customer"].as_str().or(method["customer"].as_str()),
        intent: intent["id"].as_str(),
        method: method["id"].as_str().unwrap_or_default(),
        details: Value::Null,
        risk: "normal",
        source: None,
        split: &split,
        said: &intent.as_object().map(charge::said).unwrap_or_default(),
    };
    let mut made = charge::blank(ctx, &base);
    let details = json!({"payment_method_details": {"type": kind, kind: method[kind]}});
    if let (Value::Object(charge), Value::Object(details)) = (&mut made, details) {
        charge.insert("payment_method_details".into(), json!({"type": kind}));
        ctx.apply("charge", charge, &details)?;
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_and_failing_numbers_are_told_apart() {
        let debits = METHODS
            .iter()
            .filter(|method| method.flow != Flow::Redirect);
        let redirects = METHODS
            .iter()
            .filter(|method| method.flow == Flow::Redirect);
        assert!(debits.map(|method| method.kind).is_sorted());
        assert!(redirects.map(|method| method.kind).is_sorted());
        for (name, number) in NAMED {
            let fails = FAILURES.iter().any(|(end, ..)| number.ends_with(end));
            assert_eq!(fails, *name != "pm_usBankAccount_success", "{name}");
        }
        assert!(
            !FAILURES
                .iter()
                .any(|(end, ..)| "DE89370400440532013000".ends_with(end))
        );
    }

    #[test]
    fn account_numbers_are_not_shown() {
        let given = json!({"iban": "DE89370400440532013000"});
        let shown = shown("sepa_debit", &given, Some("DE89370400440532013000"));
        assert_eq!(shown["last4"], "3000");
        assert_eq!(shown["country"], "DE");
        assert!(!shown.to_string().contains("DE89370400440532013000"));
    }
}
