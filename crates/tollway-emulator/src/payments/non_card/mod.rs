//! Payment methods that are no cards: bank debits, vouchers, bank transfers, and those that send the payer away to approve.
//!
//! ```text
//! debit          confirm ─▶ processing ─(days)─▶ succeeded, or requires_payment_method if the bank sends it back
//! redirect       confirm ─▶ requires_action ─(the page's answer)─▶ succeeded, requires_capture or requires_payment_method
//! voucher        confirm ─▶ requires_action ─(minutes, or the page's answer)─▶ succeeded, or requires_payment_method
//! bank transfer  confirm ─▶ requires_action ─(money arrives: cash_balance)─▶ succeeded
//! ```
//!
//! A bank account that nobody has verified is asked for the amounts of two small deposits first: [`microdeposits`].
//!
//! How a debit ends follows from its account number, as in Stripe's test mode: [`answers`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub(crate) mod mandates;
mod methods;
pub(crate) mod microdeposits;
mod test_bank_accounts;
pub(crate) mod vouchers;

use self::methods::Flow;
use self::test_bank_accounts::Answer;
use crate::ctx::Ctx;
use crate::disputes::OpenDispute;
use crate::error::ApiError;
use crate::params::Params;
use crate::payment_methods::cards;
use crate::payment_methods::iban;
use crate::payment_methods::operations as payment_methods;
use crate::payments::authentication_context::Question;
use crate::payments::cash_balance;
use crate::payments::charge::{self, Base};
use crate::payments::payment_intents::{self, INTENT};
use crate::payments::settlement::{self, Split};
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};
use crate::{billing, checkout};

const HIDDEN: &str = "_bank_debit";
const DAY: i64 = 86_400;

/// What a payment method does not show of its account.
#[derive(Debug, Serialize, Deserialize)]
struct Hidden {
    number: String,
    /// Whoever keeps it has shown that the account is theirs.
    #[serde(default)]
    verified: bool,
}

/// What is kept of a payment method of the context's scope, and not shown.
fn hidden(ctx: &Ctx<'_>, id: &str) -> Option<Hidden> {
    ctx.world.typed(&ctx.scope, HIDDEN, id)
}

fn hide(ctx: &mut Ctx<'_>, id: &str, hidden: &Hidden) {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world.put_typed(&scope, HIDDEN, id, hidden, now);
}

/// Whether a payer by this method is sent to another page.
pub(crate) fn sends_away(kind: &str) -> bool {
    methods::find(kind).is_some_and(|method| method.flow == Flow::Redirect)
}

/// The stored payment method of this id, if it is no card.
pub(crate) fn named(ctx: &Ctx<'_>, id: &str) -> Option<Value> {
    let method = ctx.get("payment_method", id)?;
    let is_card = method["type"].as_str().is_some_and(cards::is_card);
    (!is_card).then_some(method)
}

/// Whether a name stands for one of these payment methods.
pub(crate) fn is_test_name(name: &str) -> bool {
    methods::number_of(name).is_some()
}

/// A payment method of one of Stripe's test names; none if the name is none of them.
pub(crate) fn by_name(ctx: &mut Ctx<'_>, name: &str) -> Option<Result<Value, ApiError>> {
    let number = methods::number_of(name)?;
    let given = json!({
        "account_holder_type": "individual", "account_number": number, "routing_number": "110000000",
    });
    let billing = json!({"name": "Jenny Rosen"});
    let made = create(ctx, "us_bank_account", &given, &billing, &Map::new());
    if let Ok(method) = &made {
        microdeposits::trust(ctx, method["id"].as_str().unwrap_or_default());
    }
    Some(made)
}

/// Makes and keeps a payment method that is no card, from what the request says of it.
pub(crate) fn create(
    ctx: &mut Ctx<'_>,
    kind: &str,
    given: &Value,
    billing: &Value,
    metadata: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut method = ctx.blank("payment_method");
    if let Some(number) = given["iban"].as_str() {
        let param = format!("{kind}[iban]");
        iban::check(number, "invalid_bank_account_iban", &param)?;
    }
    let iban = given["iban"].as_str().map(iban::plain);
    let number = given["account_number"].as_str().or(iban.as_deref());
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
        let kept = Hidden {
            number: number.to_owned(),
            verified: false,
        };
        hide(ctx, id, &kept);
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
pub(crate) fn confirm(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
    params: &Params,
) -> Result<Value, ApiError> {
    let kind = method["type"].as_str().unwrap_or_default();
    let Some(known) = methods::find(kind) else {
        let message = format!(
            "The emulator does not know how payments by '{kind}' go. It knows cards, {}.",
            methods::METHODS
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
    check_holds(&intent, kind)?;
    intent["payment_method"] = method["id"].clone();
    let usage = &intent["setup_future_usage"];
    if let Some(mandate) = mandates::give(ctx, method, usage, params)? {
        agree(ctx, &intent, &mandate);
    }
    match known.flow {
        Flow::Redirect => payment_intents::ask_for_action(ctx, intent, params),
        Flow::Voucher(days) => vouchers::print(ctx, intent, method, days, params),
        Flow::BankTransfer => cash_balance::confirm(ctx, intent, method),
        Flow::Debit(_) if microdeposits::are_needed(ctx, &intent, method) => {
            let intent = microdeposits::send(ctx, intent, INTENT);
            ctx.emit("payment_intent.requires_action", &intent, None);
            Ok(intent)
        }
        Flow::Debit(days) => begin(ctx, intent, method, days),
    }
}

/// Which mandate an intent is paid by.
#[derive(Debug, Serialize, Deserialize)]
struct Agreed {
    mandate: String,
}

const AGREED: &str = "_mandate";

fn agree(ctx: &mut Ctx<'_>, intent: &Value, mandate: &str) {
    let id = intent["id"].as_str().unwrap_or_default();
    let mandate = mandate.to_owned();
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world
        .put_typed(&scope, AGREED, id, &Agreed { mandate }, now);
}

/// Is money held only by methods that can hold it?
pub(crate) fn check_holds(intent: &Value, kind: &str) -> Result<(), ApiError> {
    if methods::holds(kind) || !payment_intents::captures_later(intent, kind) {
        return Ok(());
    }
    let message = format!(
        "Payments with {kind} cannot be captured later: use capture_method=automatic_async or automatic, or another payment \
         method."
    );
    Err(ApiError::invalid_param("capture_method", message))
}

/// The bank account of a debit has been verified: the bank is asked for the money.
pub(crate) fn verified(
    ctx: &mut Ctx<'_>,
    intent: Value,
    method: &Value,
) -> Result<Value, ApiError> {
    let known = method["type"].as_str().and_then(methods::find);
    match known.map(|known| known.flow) {
        Some(Flow::Debit(days)) => begin(ctx, intent, method, days),
        _ => Err(ApiError::internal("only debits are verified")),
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
    keep_for_later(ctx, &intent, method)?;
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.processing", &intent, None);
    let id = intent["id"].as_str().unwrap_or_default().to_owned();
    let at = ctx.now() + days * DAY;
    schedule(ctx, None, at, &SettleDebit { intent: id })?;
    Ok(intent)
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<SettleDebit>();
    registry.add_task::<vouchers::EndVoucher>();
    microdeposits::register(registry);
}

/// Settles a bank debit: the bank pays it or returns it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SettleDebit {
    pub(crate) intent: String,
}

impl ScheduledTask for SettleDebit {
    const KIND: &'static str = "debit";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        arrive(ctx, &self.intent)
    }
}

/// The bank has paid, or sends the debit back.
pub(crate) fn arrive(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
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
    let (code, message) = match answer_of(ctx, &method) {
        Answer::Pays => return succeed(ctx, intent, charge).map(drop),
        Answer::IsDisputed => {
            let id = charge["id"].as_str().unwrap_or_default().to_owned();
            let now = ctx.now();
            schedule(ctx, None, now, &OpenDispute { charge: id })?;
            return succeed(ctx, intent, charge).map(drop);
        }
        Answer::Never => return Ok(()),
        Answer::Fails(code, message) => (code, message),
    };
    charge["status"] = "failed".into();
    charge["failure_code"] = code.into();
    charge["failure_message"] = message.into();
    charge["outcome"] = json!({
        "advice_code": null, "network_advice_code": null, "network_decline_code": null,
        "network_status": "declined_by_network", "reason": code, "seller_message": message, "type": "issuer_declined",
    });
    ctx.update("charge", &charge);
    ctx.emit("charge.failed", &charge, None);
    let error = ApiError::invalid_request(message)
        .code(code)
        .with("charge", charge["id"].clone());
    payment_intents::back_to_payment_method(ctx, &mut intent, error);
    billing::invoices::payments::on_payment_failed(ctx, &intent)?;
    checkout::outcome::on_payment_failed(ctx, &intent);
    Ok(())
}

/// What the bank of a payment method answers to a debit.
fn answer_of(ctx: &Ctx<'_>, method: &str) -> Answer {
    hidden(ctx, method).map_or(Answer::Pays, |hidden| {
        test_bank_accounts::of(&hidden.number)
    })
}

/// The customer has the money of a debit back: what they agreed to holds no more. The reason that their bank gives.
pub(crate) fn revoke(ctx: &mut Ctx<'_>, charge: &Value) -> &'static str {
    let kind = charge["payment_method_details"]["type"].as_str();
    let kind = kind.unwrap_or_default();
    let mandate = charge["payment_method_details"][kind]["mandate"].as_str();
    if let Some(mut mandate) = mandate.and_then(|id| ctx.get("mandate", id)) {
        mandate["status"] = "inactive".into();
        ctx.update("mandate", &mandate);
        ctx.emit("mandate.updated", &mandate, None);
    }
    match kind {
        "us_bank_account" | "acss_debit" => "debit_not_authorized",
        _ => "customer_initiated",
    }
}

/// Whether the owner of the bank account that a charge was paid from has the money back.
pub(crate) fn is_disputed(ctx: &Ctx<'_>, charge: &Value) -> bool {
    let method = charge["payment_method"].as_str().unwrap_or_default();
    charge["payment_method_details"]["type"] != "card"
        && answer_of(ctx, method) == Answer::IsDisputed
}

/// What the page of an intent asks.
pub(crate) fn question(intent: &Value) -> Question {
    let of = |heading, approve, fail| Question {
        heading,
        approve,
        fail,
    };
    match intent["next_action"]["type"].as_str() {
        Some("verify_with_microdeposits") => {
            of("Did two small deposits arrive at your bank?", "Yes", "No")
        }
        Some("display_bank_transfer_instructions") => {
            of("Send the money from your bank", "Send it", "Do not pay")
        }
        Some(action) if vouchers::is_one(action) => {
            of("Pay this voucher at a shop", "Pay", "Let it expire")
        }
        _ => of("Your bank asks: is this you?", "Approve", "Fail"),
    }
}

/// The payer has answered on the page.
pub(crate) fn answered(
    ctx: &mut Ctx<'_>,
    intent: Value,
    method: &Value,
    approved: bool,
) -> Result<Value, ApiError> {
    match intent["next_action"]["type"].as_str() {
        Some("verify_with_microdeposits") if approved => microdeposits::verified(ctx, intent),
        Some("verify_with_microdeposits") => Ok(microdeposits::fail(ctx, intent)),
        Some("display_bank_transfer_instructions") if approved => {
            cash_balance::send_what_is_asked(ctx, &intent)
        }
        Some(action) if !approved && vouchers::is_one(action) => vouchers::end(ctx, intent),
        _ if approved => pay(ctx, intent, method),
        _ => Ok(payment_intents::not_authenticated(ctx, intent)),
    }
}

/// The payer has paid.
pub(crate) fn pay(ctx: &mut Ctx<'_>, intent: Value, method: &Value) -> Result<Value, ApiError> {
    let mut charge = new_charge(ctx, &intent, method)?;
    vouchers::write_details(&intent, &mut charge);
    let kind = method["type"].as_str().unwrap_or_default();
    if payment_intents::captures_later(&intent, kind) {
        charge["paid"] = true.into();
        charge["status"] = "succeeded".into();
        ctx.insert("charge", &charge);
        ctx.emit("charge.succeeded", &charge, None);
        keep_for_later(ctx, &intent, method)?;
        return payment_intents::conclude(ctx, intent, &charge, true);
    }
    ctx.insert("charge", &charge);
    keep_for_later(ctx, &intent, method)?;
    succeed(ctx, intent, charge)
}

/// With `setup_future_usage` the customer keeps the payment method.
fn keep_for_later(ctx: &mut Ctx<'_>, intent: &Value, method: &Value) -> Result<(), ApiError> {
    let kind = method["type"].as_str().unwrap_or_default();
    let wanted = intent["setup_future_usage"].is_string()
        || intent["payment_method_options"][kind]["setup_future_usage"]
            .as_str()
            .is_some_and(|usage| usage != "none");
    if !wanted || !methods::is_reusable(kind) || !method["customer"].is_null() {
        return Ok(());
    }
    if let (Some(customer), Some(id)) = (intent["customer"].as_str(), method["id"].as_str()) {
        payment_methods::keep_with(ctx, id, customer)?;
    }
    Ok(())
}

fn succeed(ctx: &mut Ctx<'_>, intent: Value, mut charge: Value) -> Result<Value, ApiError> {
    let amount = intent["amount"].as_i64().unwrap_or(0);
    charge["paid"] = true.into();
    charge["status"] = "succeeded".into();
    settlement::settle(ctx, &mut charge, amount, &Split::of_object(&intent))?;
    ctx.update("charge", &charge);
    ctx.emit("charge.succeeded", &charge, None);
    payment_intents::conclude(ctx, intent, &charge, false)
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
    made["id"] = format!("py_3{}", ctx.world.random.alphanumeric(23)).into();
    let details = json!({"payment_method_details": {"type": kind, kind: method[kind]}});
    if let (Value::Object(charge), Value::Object(details)) = (&mut made, details) {
        charge.insert("payment_method_details".into(), json!({"type": kind}));
        ctx.apply("charge", charge, &details)?;
        let intent = intent["id"].as_str().unwrap_or_default();
        let agreed: Option<Agreed> = ctx.world.typed(&ctx.scope, AGREED, intent);
        if let Some(Agreed { mandate }) = agreed {
            charge["payment_method_details"][kind]["mandate"] = mandate.into();
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_numbers_are_not_shown() {
        let given = json!({"iban": "DE89370400440532013000"});
        let shown = shown("sepa_debit", &given, Some("DE89370400440532013000"));
        assert_eq!(shown["last4"], "3000");
        assert_eq!(shown["country"], "DE");
        assert!(!shown.to_string().contains("DE89370400440532013000"));
    }
}
