//! Disputes: a card holder wants the money back, the account answers with evidence, and somebody wins.
//!
//! ```text
//! needs_response ─ evidence ─▶ under_review ─ winning_evidence ─▶ won     (an inquiry has warning_… states, and no money moves)
//!       │ close, deadline                   └ losing_evidence ──▶ lost
//!       └────────────────────────────────────────────────────────▶ lost
//! ```
//!
//! A debit that the customer has back is lost as soon as it is disputed. A charge on one of the dispute cards is disputed at once. What `evidence[uncategorized_text]` says decides, as in Stripe's
//! test mode: `winning_evidence`, `losing_evidence`, and for an inquiry `escalate_inquiry_evidence`. Anything else stays under
//! review. See <https://docs.stripe.com/testing#disputes>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::ledger::entries::{Holder, Journal};
use crate::ledger::exchange;
use crate::ledger::posting::{Fee, Movement, balance_transaction, post};
use crate::params::Params;
use crate::payment_methods::cards::{Card, DisputeKind, Outcome, of_charge};
use crate::payments::non_card;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

const DISPUTE: &str = "dispute";
/// What Stripe takes for a dispute, in the currency's smallest unit.
const FEE: i64 = 1500;
/// Seconds until evidence must be there.
const PATIENCE: i64 = 7 * 86_400;

/// Opens a dispute: the card holder complains about a charge.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OpenDispute {
    pub(crate) charge: String,
}

impl ScheduledTask for OpenDispute {
    const KIND: &'static str = "dispute";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        open(ctx, &self.charge)
    }
}

/// Decides a dispute whose evidence was submitted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JudgeDispute {
    pub(crate) dispute: String,
}

impl ScheduledTask for JudgeDispute {
    const KIND: &'static str = "verdict";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        judge(ctx, &self.dispute)
    }
}

/// Ends the time for evidence.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndEvidenceWindow {
    pub(crate) dispute: String,
}

impl ScheduledTask for EndEvidenceWindow {
    const KIND: &'static str = "evidence_deadline";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        deadline(ctx, &self.dispute)
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<OpenDispute>();
    registry.add_task::<JudgeDispute>();
    registry.add_task::<EndEvidenceWindow>();
    registry.add("disputes.update", update);
    registry.add("disputes.close", close);
}

/// Has a charge on a dispute card disputed as soon as the request is over.
pub(crate) fn expect(ctx: &mut Ctx<'_>, charge: &Value, card: &Card) -> Result<(), ApiError> {
    if let (Outcome::IsDisputed(_), true) = (card.outcome, charge["captured"] == true) {
        let (charge, now) = (text(charge, "id"), ctx.now());
        schedule(ctx, None, now, &OpenDispute { charge })?;
    }
    Ok(())
}

/// The card holder, or the issuer, complains about a charge.
pub(crate) fn open(ctx: &mut Ctx<'_>, charge: &str) -> Result<(), ApiError> {
    let charge = ctx.required("charge", charge)?;
    let left = number(&charge, "amount_captured") - number(&charge, "amount_refunded");
    if left > 0 && charge["disputed"] == false && non_card::is_disputed(ctx, &charge) {
        return return_debit(ctx, charge, left);
    }
    let kind = match of_charge(&charge).map(|card| card.outcome) {
        Some(Outcome::IsDisputed(kind)) if left > 0 && charge["disputed"] == false => kind,
        _ => return Ok(()),
    };
    match kind {
        DisputeKind::Fraudulent => dispute(ctx, charge, left, &FRAUD),
        DisputeKind::ProductNotReceived => dispute(ctx, charge, left, &NOT_RECEIVED),
        DisputeKind::Inquiry => dispute(ctx, charge, left, &INQUIRY),
        DisputeKind::KnownShopper => dispute(ctx, charge, left, &KNOWN_SHOPPER),
        DisputeKind::Compliance => dispute(ctx, charge, left, &COMPLIANCE),
        DisputeKind::Twice => {
            let half = left / 2;
            dispute(ctx, charge.clone(), half, &FRAUD)?;
            dispute(ctx, charge, left - half, &FRAUD)
        }
        DisputeKind::FraudWarning => {
            warn(ctx, &charge);
            Ok(())
        }
    }
}

/// The customer's bank has taken a debit back: there is nothing to answer, the dispute is lost as it is made.
fn return_debit(ctx: &mut Ctx<'_>, charge: Value, amount: i64) -> Result<(), ApiError> {
    let reason = non_card::revoke(ctx, &charge);
    let complaint = complaint(reason, "chargeback");
    let mut dispute = begin(ctx, charge, amount, &complaint);
    if let Some(members) = dispute.as_object_mut() {
        members.remove("payment_method_details");
    }
    dispute["evidence_details"]["due_by"] = Value::Null;
    ctx.update(DISPUTE, &dispute);
    ctx.emit("charge.dispute.created", &dispute, None);
    withdraw(ctx, &mut dispute)?;
    end(ctx, dispute, "lost");
    Ok(())
}

/// What is said in a dispute.
struct Complaint {
    reason: &'static str,
    /// `case_type`: `chargeback`, `compliance` or `inquiry`.
    case: &'static str,
    /// Which ways of answering it has besides evidence.
    eligible: Option<&'static str>,
}

const fn complaint(reason: &'static str, case: &'static str) -> Complaint {
    Complaint {
        reason,
        case,
        eligible: None,
    }
}

const FRAUD: Complaint = complaint("fraudulent", "chargeback");
const NOT_RECEIVED: Complaint = complaint("product_not_received", "chargeback");
const INQUIRY: Complaint = complaint("fraudulent", "inquiry");
const KNOWN_SHOPPER: Complaint = Complaint {
    eligible: Some("visa_compelling_evidence_3"),
    ..FRAUD
};
const COMPLIANCE: Complaint = Complaint {
    eligible: Some("visa_compliance"),
    ..complaint("noncompliant", "compliance")
};

fn dispute(
    ctx: &mut Ctx<'_>,
    charge: Value,
    amount: i64,
    complaint: &Complaint,
) -> Result<(), ApiError> {
    let mut dispute = begin(ctx, charge, amount, complaint);
    ctx.emit("charge.dispute.created", &dispute, None);
    if complaint.case != "inquiry" {
        withdraw(ctx, &mut dispute)?;
    }
    let due_by = number(&dispute["evidence_details"], "due_by");
    let dispute = text(&dispute, "id");
    schedule(ctx, None, due_by, &EndEvidenceWindow { dispute })?;
    Ok(())
}

/// Makes a dispute, and marks its charge.
fn begin(ctx: &mut Ctx<'_>, mut charge: Value, amount: i64, complaint: &Complaint) -> Value {
    let inquiry = complaint.case == "inquiry";
    let mut dispute = Value::Object(ctx.blank(DISPUTE));
    let due_by = ctx.now() + PATIENCE;
    let card = &charge["payment_method_details"]["card"];
    let members = json!({
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": ctx.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": Vec::from_iter(complaint.eligible),
        "is_charge_refundable": inquiry,
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "type": "card",
            "card": {"brand": card["brand"], "case_type": complaint.case, "network_reason_code": "10"},
        },
        "reason": complaint.reason,
        "status": if inquiry { "warning_needs_response" } else { "needs_response" },
    });
    if let (Value::Object(dispute), Value::Object(members)) = (&mut dispute, members) {
        dispute.extend(members);
    }
    dispute["evidence_details"]["due_by"] = due_by.into();
    dispute["evidence_details"]["submission_method"] = "not_submitted".into();
    dispute["evidence"]["customer_email_address"] = charge["billing_details"]["email"].clone();
    dispute["evidence"]["customer_name"] = charge["billing_details"]["name"].clone();
    ctx.insert(DISPUTE, &dispute);
    let before = charge.clone();
    charge["disputed"] = true.into();
    ctx.update("charge", &charge);
    let previous = Value::Object(previous_attributes(&before, &charge));
    ctx.emit("charge.updated", &charge, Some(previous));
    dispute
}

/// The issuer reports fraud; no money moves.
fn warn(ctx: &mut Ctx<'_>, charge: &Value) {
    let mut warning = Value::Object(ctx.blank("radar.early_fraud_warning"));
    warning["actionable"] = true.into();
    warning["charge"] = charge["id"].clone();
    warning["payment_intent"] = charge["payment_intent"].clone();
    warning["fraud_type"] = "misc".into();
    ctx.insert("radar.early_fraud_warning", &warning);
    ctx.emit("radar.early_fraud_warning.created", &warning, None);
}

/// Takes the disputed money, and Stripe's fee, from the account.
fn withdraw(ctx: &mut Ctx<'_>, dispute: &mut Value) -> Result<(), ApiError> {
    let amount = number(dispute, "amount");
    move_money(
        ctx,
        dispute,
        -amount,
        FEE,
        "Chargeback withdrawal for a charge",
    )?;
    ctx.emit("charge.dispute.funds_withdrawn", dispute, None);
    Ok(())
}

fn move_money(
    ctx: &mut Ctx<'_>,
    dispute: &mut Value,
    amount: i64,
    fee: i64,
    description: &str,
) -> Result<(), ApiError> {
    let (currency, now) = (text(dispute, "currency"), ctx.now());
    let account = Holder::Account(ctx.scope.account.to_string());
    let settled = exchange::settle(ctx, amount, &currency);
    let holder = exchange::outside(ctx, Holder::Cards, amount, &currency, &settled, now)?;
    let journal = Journal::new(&settled.currency)
        .line(account, settled.amount - fee, now)
        .line(Holder::Stripe, fee, now)
        .line(holder, -settled.amount, now);
    post(ctx, &journal)?;
    let movement = Movement {
        kind: "adjustment",
        amount: settled.amount,
        currency: &settled.currency,
        fees: vec![Fee::dispute(fee)],
        source: &text(dispute, "id"),
        description: Some(description),
        available_on: now,
        exchange_rate: settled.exchange_rate(),
    };
    let id = balance_transaction(ctx, &movement);
    let mut transaction = ctx.required("balance_transaction", &id)?;
    transaction["reporting_category"] = if amount < 0 {
        "dispute"
    } else {
        "dispute_reversal"
    }
    .into();
    ctx.update("balance_transaction", &transaction);
    if let Some(all) = dispute["balance_transactions"].as_array_mut() {
        all.push(transaction);
    }
    ctx.update(DISPUTE, dispute);
    Ok(())
}

/// `POST /v1/disputes/{dispute}`: evidence is kept, and submitted unless `submit` is false.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(DISPUTE, params.path("dispute"))?;
    let submits = params.has("evidence") && params.bool("submit").unwrap_or(true);
    let open = matches!(status(&before), "needs_response" | "warning_needs_response");
    if params.has("evidence") && !open {
        let message = format!(
            "You cannot submit evidence for this dispute: its status is {}.",
            status(&before)
        );
        return Err(ApiError::invalid_request(message));
    }
    let mut object = before.as_object().cloned().unwrap_or_default();
    ctx.apply(DISPUTE, &mut object, params.values())?;
    let mut dispute = Value::Object(object);
    let given = dispute["evidence"].as_object();
    let has_evidence =
        given.is_some_and(|all| all.values().any(|one| one.is_string() && *one != ""));
    dispute["evidence_details"]["has_evidence"] = has_evidence.into();
    if submits {
        let count = dispute["evidence_details"]["submission_count"]
            .as_i64()
            .unwrap_or(0);
        dispute["evidence_details"]["submission_count"] = (count + 1).into();
        dispute["evidence_details"]["submission_method"] = "manual".into();
        dispute["status"] = if is_inquiry(&before) {
            "warning_under_review"
        } else {
            "under_review"
        }
        .into();
        let (dispute, now) = (text(&dispute, "id"), ctx.now());
        schedule(ctx, None, now, &JudgeDispute { dispute })?;
    }
    changed(ctx, &before, &dispute);
    Ok(dispute)
}

/// What the evidence says decides.
pub(crate) fn judge(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut dispute = ctx.required(DISPUTE, id)?;
    if !status(&dispute).ends_with("under_review") {
        return Ok(());
    }
    let before = dispute.clone();
    let said = text(&dispute["evidence"], "uncategorized_text");
    match (said.as_str(), is_inquiry(&dispute)) {
        ("winning_evidence" | "losing_evidence", true) => end(ctx, dispute, "warning_closed"),
        ("winning_evidence", false) => {
            let amount = number(&dispute, "amount");
            move_money(ctx, &mut dispute, amount, 0, "Chargeback reversal")?;
            ctx.emit("charge.dispute.funds_reinstated", &dispute, None);
            end(ctx, dispute, "won");
        }
        ("losing_evidence", false) => end(ctx, dispute, "lost"),
        ("escalate_inquiry_evidence", true) => {
            dispute["status"] = "needs_response".into();
            dispute["is_charge_refundable"] = false.into();
            dispute["payment_method_details"]["card"]["case_type"] = "chargeback".into();
            changed(ctx, &before, &dispute);
            withdraw(ctx, &mut dispute)?;
        }
        _ => {}
    }
    Ok(())
}

/// `POST /v1/disputes/{dispute}/close`: the account gives in.
fn close(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let dispute = ctx.required(DISPUTE, params.path("dispute"))?;
    let to = match status(&dispute) {
        "needs_response" | "under_review" => "lost",
        "warning_needs_response" | "warning_under_review" => "warning_closed",
        other => {
            let message = format!("This dispute is already closed: its status is {other}.");
            return Err(ApiError::invalid_request(message));
        }
    };
    let id = text(&dispute, "id");
    end(ctx, dispute, to);
    ctx.required(DISPUTE, &id)
}

/// Nobody answered in time.
pub(crate) fn deadline(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut dispute = ctx.required(DISPUTE, id)?;
    let to = match status(&dispute) {
        "needs_response" => "lost",
        "warning_needs_response" => "warning_closed",
        _ => return Ok(()),
    };
    dispute["evidence_details"]["past_due"] = true.into();
    end(ctx, dispute, to);
    Ok(())
}

fn end(ctx: &mut Ctx<'_>, mut dispute: Value, to: &str) {
    dispute["status"] = to.into();
    dispute["is_charge_refundable"] = (to == "warning_closed").into();
    ctx.update(DISPUTE, &dispute);
    ctx.emit("charge.dispute.closed", &dispute, None);
}

/// Keeps a changed dispute and says so.
fn changed(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    ctx.update(DISPUTE, after);
    let previous = previous_attributes(before, after);
    if !previous.is_empty() {
        ctx.emit(
            "charge.dispute.updated",
            after,
            Some(Value::Object(previous)),
        );
    }
}

/// May money of this charge be refunded, as far as disputes go?
pub(crate) fn check_refundable(ctx: &Ctx<'_>, charge: &Value) -> Result<(), ApiError> {
    if charge["disputed"] != true {
        return Ok(());
    }
    let id = text(charge, "id");
    let mut disputes = ctx.all_with(DISPUTE, "charge", &id).into_iter();
    let blocking = disputes
        .any(|dispute| dispute["is_charge_refundable"] == false && dispute["status"] != "won");
    if blocking {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(ApiError::invalid_request(message).code("charge_disputed"));
    }
    Ok(())
}

fn is_inquiry(dispute: &Value) -> bool {
    status(dispute).starts_with("warning_")
}

fn status(dispute: &Value) -> &str {
    dispute["status"].as_str().unwrap_or_default()
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}

fn number(object: &Value, name: &str) -> i64 {
    object[name].as_i64().unwrap_or(0)
}
