//! Opens disputes: of charges on test cards that ask for one, and of returned debits.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::disputes::evidence::{EVIDENCE_WINDOW_SECONDS, schedule_end_of_window};
use crate::disputes::funds::{DISPUTE, close_dispute, withdraw_funds};
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::objects::status::DisputeStatus;
use crate::objects::views::Charge;
use crate::payment_methods::cards::{DisputeKind, Outcome, of_charge};
use crate::payments::non_card::debits::is_returned_by_customer;
use crate::payments::non_card::mandates::deactivate_mandate;
use crate::payments::notifications::ChargeSuccess;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

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

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<OpenDispute>();
    registry.listen(on_charge_success);
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
        let (charge, now) = (Charge::new(charge).id()?.to_owned(), ctx.now());
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
    schedule_end_of_window(ctx, &dispute)
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
