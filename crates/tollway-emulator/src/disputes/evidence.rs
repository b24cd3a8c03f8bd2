//! Evidence: submits it, decides the dispute by it, and ends the time for it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::disputes::funds::{DISPUTE, close_dispute, move_disputed_funds, withdraw_funds};
use crate::durations::DAY_SECONDS;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::objects::status::DisputeStatus;
use crate::objects::views::Dispute;
use crate::params::Params;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

/// How long evidence can be submitted.
pub(super) const EVIDENCE_WINDOW_SECONDS: i64 = 7 * DAY_SECONDS;

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

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<JudgeDispute>();
    registry.add_task::<EndEvidenceWindow>();
    registry.add("disputes.update", update);
    registry.add("disputes.close", close);
}

/// Schedules the end of the evidence window of a dispute that is created now.
pub(super) fn schedule_end_of_window(ctx: &mut Ctx<'_>, dispute: &Value) -> Result<(), ApiError> {
    let task = EndEvidenceWindow {
        dispute: Dispute::new(dispute).id()?.to_owned(),
    };
    let due_by = ctx.now() + EVIDENCE_WINDOW_SECONDS;
    schedule(ctx, None, due_by, &task)
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
        let (dispute, now) = (Dispute::new(&dispute).id()?.to_owned(), ctx.now());
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
    let evidence = dispute["evidence"]["uncategorized_text"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
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
    let id = Dispute::new(&dispute).id()?.to_owned();
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
