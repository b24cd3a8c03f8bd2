//! Disputes: a card holder disputes a charge, the account submits evidence, and the dispute is won or lost.
//!
//! ```text
//! needs_response ─ evidence ─▶ under_review ─ winning_evidence ─▶ won     (an inquiry has warning_… states, and no money moves)
//!       │ close, deadline                   └ losing_evidence ──▶ lost
//!       └────────────────────────────────────────────────────────▶ lost
//! ```
//!
//! A charge on one of the dispute cards is disputed at once. The dispute of a returned debit is lost at once. The value of
//! `evidence[uncategorized_text]` decides, as in Stripe's test mode: `winning_evidence`, `losing_evidence`, and for an inquiry
//! `escalate_inquiry_evidence`. With any other evidence the dispute stays under review. See <https://docs.stripe.com/testing#disputes>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::durations::DAY_SECONDS;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::ledger::entries::{Holder, JournalEntry};
use crate::ledger::exchange;
use crate::ledger::posting::{Fee, Movement, create_balance_transaction, post};
use crate::money::Money;
use crate::objects::status::DisputeStatus;
use crate::objects::views::{Charge, Dispute};
use crate::params::Params;
use crate::payment_methods::cards::{DisputeKind, Outcome, of_charge};
use crate::payments::non_card::debits::is_returned_by_customer;
use crate::payments::non_card::mandates::deactivate_mandate;
use crate::payments::notifications::{ChargeSuccess, RefundRequest};
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

const DISPUTE: &str = "dispute";
/// Stripe's fee for a dispute, in the currency's smallest unit.
const DISPUTE_FEE: i64 = 1500;
/// How long evidence can be submitted.
const EVIDENCE_WINDOW_SECONDS: i64 = 7 * DAY_SECONDS;

/// Opens the dispute of a charge.
#[derive(Debug, Serialize, Deserialize)]
struct OpenDispute {
    charge: String,
}

impl ScheduledTask for OpenDispute {
    const KIND: &'static str = "dispute";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        open_dispute(ctx, &self.charge)
    }
}

/// Decides a dispute whose evidence was submitted.
#[derive(Debug, Serialize, Deserialize)]
struct JudgeDispute {
    dispute: String,
}

impl ScheduledTask for JudgeDispute {
    const KIND: &'static str = "verdict";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        decide_dispute(ctx, &self.dispute)
    }
}

/// Ends the time for evidence.
#[derive(Debug, Serialize, Deserialize)]
struct EndEvidenceWindow {
    dispute: String,
}

impl ScheduledTask for EndEvidenceWindow {
    const KIND: &'static str = "evidence_deadline";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        end_evidence_window(ctx, &self.dispute)
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<OpenDispute>();
    registry.add_task::<JudgeDispute>();
    registry.add_task::<EndEvidenceWindow>();
    registry.listen(on_charge_success);
    registry.listen(on_refund_request);
    registry.add("disputes.update", update);
    registry.add("disputes.close", close);
}

/// Schedules the dispute of a captured charge if its test card or bank account number asks for one.
fn on_charge_success(ctx: &mut Ctx<'_>, success: &ChargeSuccess) -> Result<(), ApiError> {
    let charge = &success.charge;
    if charge["captured"] != true {
        return Ok(());
    }
    let is_disputed_card =
        of_charge(charge).is_some_and(|card| matches!(card.outcome, Outcome::IsDisputed(_)));
    if is_disputed_card || is_returned_by_customer(ctx, charge)? {
        let (charge, now) = (text(charge, "id"), ctx.now());
        schedule(ctx, None, now, &OpenDispute { charge })?;
    }
    Ok(())
}

/// Opens the dispute that the charge's test card or bank account number asks for.
fn open_dispute(ctx: &mut Ctx<'_>, charge: &str) -> Result<(), ApiError> {
    let charge = ctx.required("charge", charge)?;
    let view = Charge::new(&charge);
    let disputable = view.amount_captured()? - view.amount_refunded()?;
    if disputable > 0 && charge["disputed"] == false && is_returned_by_customer(ctx, &charge)? {
        return return_debit(ctx, charge, disputable);
    }
    let kind = match of_charge(&charge).map(|card| card.outcome) {
        Some(Outcome::IsDisputed(kind)) if disputable > 0 && charge["disputed"] == false => kind,
        _ => return Ok(()),
    };
    match kind {
        DisputeKind::Fraudulent => start_dispute(ctx, charge, disputable, &FRAUD),
        DisputeKind::ProductNotReceived => start_dispute(ctx, charge, disputable, &NOT_RECEIVED),
        DisputeKind::Inquiry => start_dispute(ctx, charge, disputable, &INQUIRY),
        DisputeKind::KnownShopper => start_dispute(ctx, charge, disputable, &KNOWN_SHOPPER),
        DisputeKind::Compliance => start_dispute(ctx, charge, disputable, &COMPLIANCE),
        DisputeKind::Twice => {
            let half = disputable / 2;
            start_dispute(ctx, charge.clone(), half, &FRAUD)?;
            start_dispute(ctx, charge, disputable - half, &FRAUD)
        }
        DisputeKind::FraudWarning => {
            create_fraud_warning(ctx, &charge);
            Ok(())
        }
    }
}

/// Opens the dispute of a returned debit. It cannot be contested and is lost at once.
fn return_debit(ctx: &mut Ctx<'_>, charge: Value, amount: i64) -> Result<(), ApiError> {
    let reason = deactivate_mandate(ctx, &charge);
    let spec = spec(reason, "chargeback");
    let mut dispute = create_dispute(ctx, charge, amount, &spec);
    if let Some(members) = dispute.as_object_mut() {
        members.remove("payment_method_details");
    }
    dispute["evidence_details"]["due_by"] = Value::Null;
    ctx.update(DISPUTE, &dispute);
    ctx.emit("charge.dispute.created", &dispute, None);
    withdraw_funds(ctx, &mut dispute)?;
    close_dispute(ctx, dispute, DisputeStatus::Lost)
}

/// What a dispute is about.
struct DisputeSpec {
    reason: &'static str,
    /// `case_type`: `chargeback`, `compliance` or `inquiry`.
    case: &'static str,
    /// `enhanced_eligibility_types`: a network program that the dispute is eligible for.
    eligible: Option<&'static str>,
}

const fn spec(reason: &'static str, case: &'static str) -> DisputeSpec {
    DisputeSpec {
        reason,
        case,
        eligible: None,
    }
}

const FRAUD: DisputeSpec = spec("fraudulent", "chargeback");
const NOT_RECEIVED: DisputeSpec = spec("product_not_received", "chargeback");
const INQUIRY: DisputeSpec = spec("fraudulent", "inquiry");
const KNOWN_SHOPPER: DisputeSpec = DisputeSpec {
    eligible: Some("visa_compelling_evidence_3"),
    ..FRAUD
};
const COMPLIANCE: DisputeSpec = DisputeSpec {
    eligible: Some("visa_compliance"),
    ..spec("noncompliant", "compliance")
};

/// Opens a dispute, withdraws the money unless it is an inquiry, and schedules the end of its evidence window.
fn start_dispute(
    ctx: &mut Ctx<'_>,
    charge: Value,
    amount: i64,
    spec: &DisputeSpec,
) -> Result<(), ApiError> {
    let mut dispute = create_dispute(ctx, charge, amount, spec);
    ctx.emit("charge.dispute.created", &dispute, None);
    if spec.case != "inquiry" {
        withdraw_funds(ctx, &mut dispute)?;
    }
    let due_by = ctx.now() + EVIDENCE_WINDOW_SECONDS;
    let dispute = text(&dispute, "id");
    schedule(ctx, None, due_by, &EndEvidenceWindow { dispute })?;
    Ok(())
}

/// Stores a dispute and marks its charge as disputed.
fn create_dispute(ctx: &mut Ctx<'_>, mut charge: Value, amount: i64, spec: &DisputeSpec) -> Value {
    let inquiry = spec.case == "inquiry";
    let status = if inquiry {
        DisputeStatus::WarningNeedsResponse
    } else {
        DisputeStatus::NeedsResponse
    };
    let mut dispute = Value::Object(ctx.blank(DISPUTE));
    let due_by = ctx.now() + EVIDENCE_WINDOW_SECONDS;
    let card = &charge["payment_method_details"]["card"];
    let members = json!({
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": ctx.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": Vec::from_iter(spec.eligible),
        "is_charge_refundable": inquiry,
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "type": "card",
            "card": {"brand": card["brand"], "case_type": spec.case, "network_reason_code": "10"},
        },
        "reason": spec.reason,
        "status": status.as_str(),
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

/// Creates an early fraud warning. No money moves.
fn create_fraud_warning(ctx: &mut Ctx<'_>, charge: &Value) {
    let mut warning = Value::Object(ctx.blank("radar.early_fraud_warning"));
    warning["actionable"] = true.into();
    warning["charge"] = charge["id"].clone();
    warning["payment_intent"] = charge["payment_intent"].clone();
    warning["fraud_type"] = "misc".into();
    ctx.insert("radar.early_fraud_warning", &warning);
    ctx.emit("radar.early_fraud_warning.created", &warning, None);
}

/// Withdraws the disputed money and Stripe's fee from the account.
fn withdraw_funds(ctx: &mut Ctx<'_>, dispute: &mut Value) -> Result<(), ApiError> {
    let withdrawn = Dispute::new(dispute).money()?.negated()?;
    move_disputed_funds(
        ctx,
        dispute,
        withdrawn,
        DISPUTE_FEE,
        "Chargeback withdrawal for a charge",
    )?;
    ctx.emit("charge.dispute.funds_withdrawn", dispute, None);
    Ok(())
}

/// Moves `amount` to the account, less `fee`, and adds the balance transaction to the dispute.
fn move_disputed_funds(
    ctx: &mut Ctx<'_>,
    dispute: &mut Value,
    money: Money,
    fee: i64,
    description: &str,
) -> Result<(), ApiError> {
    let now = ctx.now();
    let account = Holder::Account(ctx.scope.account.to_string());
    let settled = exchange::settle(ctx, money)?;
    let holder = exchange::counterparty(ctx, Holder::Cards, money, &settled, now)?;
    let entry = JournalEntry::new(settled.currency())
        .line(account, settled.money.less(fee)?.amount, now)
        .line(Holder::Stripe, fee, now)
        .line(holder, -settled.money.amount, now);
    post(ctx, &entry)?;
    let movement = Movement {
        kind: "adjustment",
        money: settled.money,
        fees: vec![Fee::dispute(fee)],
        source: Dispute::new(dispute).id()?,
        description: Some(description),
        available_on: now,
        exchange_rate: settled.exchange_rate(),
    };
    let id = create_balance_transaction(ctx, &movement)?;
    let mut transaction = ctx.required("balance_transaction", &id)?;
    transaction["reporting_category"] = if money.amount < 0 {
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

/// `POST /v1/disputes/{dispute}`: stores evidence and submits it unless `submit` is false.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(DISPUTE, params.path("dispute"))?;
    let submits = params.has("evidence") && params.bool("submit").unwrap_or(true);
    let status = DisputeStatus::of(&before)?;
    let next = match status {
        DisputeStatus::NeedsResponse => Some(DisputeStatus::UnderReview),
        DisputeStatus::WarningNeedsResponse => Some(DisputeStatus::WarningUnderReview),
        _ => None,
    };
    if params.has("evidence") && next.is_none() {
        let message = format!(
            "You cannot submit evidence for this dispute: its status is {}.",
            status.as_str()
        );
        return Err(ApiError::invalid_request(message));
    }
    let mut object = before.as_object().cloned().unwrap_or_default();
    ctx.apply(DISPUTE, &mut object, params.values())?;
    let mut dispute = Value::Object(object);
    let evidence = dispute["evidence"].as_object();
    let has_evidence =
        evidence.is_some_and(|all| all.values().any(|one| one.is_string() && *one != ""));
    dispute["evidence_details"]["has_evidence"] = has_evidence.into();
    if let Some(next) = next.filter(|_| submits) {
        next.set(&mut dispute)?;
        let count = dispute["evidence_details"]["submission_count"]
            .as_i64()
            .unwrap_or(0);
        dispute["evidence_details"]["submission_count"] = (count + 1).into();
        dispute["evidence_details"]["submission_method"] = "manual".into();
        let (dispute, now) = (text(&dispute, "id"), ctx.now());
        schedule(ctx, None, now, &JudgeDispute { dispute })?;
    }
    update_dispute(ctx, &before, &dispute);
    Ok(dispute)
}

/// Decides a dispute under review by its evidence.
fn decide_dispute(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut dispute = ctx.required(DISPUTE, id)?;
    let status = DisputeStatus::of(&dispute)?;
    if !matches!(
        status,
        DisputeStatus::UnderReview | DisputeStatus::WarningUnderReview
    ) {
        return Ok(());
    }
    let before = dispute.clone();
    let evidence = text(&dispute["evidence"], "uncategorized_text");
    match (evidence.as_str(), status.is_inquiry()) {
        ("winning_evidence" | "losing_evidence", true) => {
            close_dispute(ctx, dispute, DisputeStatus::WarningClosed)?;
        }
        ("winning_evidence", false) => {
            let disputed = Dispute::new(&dispute).money()?;
            move_disputed_funds(ctx, &mut dispute, disputed, 0, "Chargeback reversal")?;
            ctx.emit("charge.dispute.funds_reinstated", &dispute, None);
            close_dispute(ctx, dispute, DisputeStatus::Won)?;
        }
        ("losing_evidence", false) => close_dispute(ctx, dispute, DisputeStatus::Lost)?,
        ("escalate_inquiry_evidence", true) => {
            DisputeStatus::NeedsResponse.set(&mut dispute)?;
            dispute["is_charge_refundable"] = false.into();
            dispute["payment_method_details"]["card"]["case_type"] = "chargeback".into();
            update_dispute(ctx, &before, &dispute);
            withdraw_funds(ctx, &mut dispute)?;
        }
        _ => {}
    }
    Ok(())
}

/// `POST /v1/disputes/{dispute}/close`: the account accepts the dispute.
fn close(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let dispute = ctx.required(DISPUTE, params.path("dispute"))?;
    let to = match DisputeStatus::of(&dispute)? {
        DisputeStatus::NeedsResponse | DisputeStatus::UnderReview => DisputeStatus::Lost,
        DisputeStatus::WarningNeedsResponse | DisputeStatus::WarningUnderReview => {
            DisputeStatus::WarningClosed
        }
        closed => {
            let closed = closed.as_str();
            let message = format!("This dispute is already closed: its status is {closed}.");
            return Err(ApiError::invalid_request(message));
        }
    };
    let id = text(&dispute, "id");
    close_dispute(ctx, dispute, to)?;
    ctx.required(DISPUTE, &id)
}

/// Closes a dispute without submitted evidence.
fn end_evidence_window(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut dispute = ctx.required(DISPUTE, id)?;
    let to = match DisputeStatus::of(&dispute)? {
        DisputeStatus::NeedsResponse => DisputeStatus::Lost,
        DisputeStatus::WarningNeedsResponse => DisputeStatus::WarningClosed,
        _ => return Ok(()),
    };
    dispute["evidence_details"]["past_due"] = true.into();
    close_dispute(ctx, dispute, to)
}

/// Closes a dispute with its final status.
fn close_dispute(ctx: &mut Ctx<'_>, mut dispute: Value, to: DisputeStatus) -> Result<(), ApiError> {
    to.set(&mut dispute)?;
    dispute["is_charge_refundable"] = (to == DisputeStatus::WarningClosed).into();
    ctx.update(DISPUTE, &dispute);
    ctx.emit("charge.dispute.closed", &dispute, None);
    Ok(())
}

/// Stores a changed dispute and emits its event.
fn update_dispute(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
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

/// Rejects the refund of a charge with a dispute that took its money.
fn on_refund_request(ctx: &mut Ctx<'_>, request: &RefundRequest) -> Result<(), ApiError> {
    let charge = &request.charge;
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

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}
