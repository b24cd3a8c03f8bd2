//! Plain state machines as data: which action takes an object from which states to which, what it sets, and which event it makes.

/// One action on one type of object.
#[derive(Debug, Clone, Copy)]
pub struct Transition {
    /// `invoices.finalize_invoice`.
    pub operation: &'static str,
    /// States the action is allowed in; empty: any.
    pub from: &'static [&'static str],
    /// The state afterwards; empty: it stays.
    pub to: &'static str,
    /// What else changes, dots lead into objects.
    pub set: &'static [(&'static str, Set)],
    /// The event it makes, if the API has one beyond `updated`.
    pub event: &'static str,
}

/// A value that a transition sets.
#[derive(Debug, Clone, Copy)]
pub enum Set {
    /// The present time.
    Now,
    /// A truth value.
    Flag(bool),
    /// A fixed text.
    Text(&'static str),
    /// Null.
    Nothing,
    /// The value of a parameter, if it was sent.
    Param(&'static str),
    /// The value of another field of the object.
    Field(&'static str),
    /// The number zero.
    Zero,
}

use Set::{Field, Flag, Nothing, Now, Param, Text, Zero};

const fn row(
    operation: &'static str,
    from: &'static [&'static str],
    to: &'static str,
    set: &'static [(&'static str, Set)],
    event: &'static str,
) -> Transition {
    Transition {
        operation,
        from,
        to,
        set,
        event,
    }
}

/// Every transition; sorted by operation.
#[rustfmt::skip]
const TABLE: &[Transition] = &[
    row("accounts.unreject", &[], "", &[("requirements.disabled_reason", Nothing)], "account.updated"),
    row("apps.installs.uninstall", &["installed"], "uninstalling", &[], ""),
    row("billing.alerts.activate", &["inactive"], "active", &[], ""),
    row("billing.alerts.archive", &["active", "inactive"], "archived", &[], ""),
    row("billing.alerts.deactivate", &["active"], "inactive", &[], ""),
    row("billing.credit_grants.expire", &[], "", &[("expires_at", Now)], "billing.credit_grant.updated"),
    row("billing.credit_grants.void_grant", &[], "", &[("voided_at", Now)], "billing.credit_grant.updated"),
    row("billing.feedback_options.deactivate", &["active"], "inactive", &[("status_transitions.deactivated_at", Now)], ""),
    row("billing.meters.deactivate", &["active"], "inactive", &[("status_transitions.deactivated_at", Now)], "billing.meter.deactivated"),
    row("billing.meters.reactivate", &["inactive"], "active", &[("status_transitions.deactivated_at", Nothing)], "billing.meter.reactivated"),
    row("checkout.sessions.expire", &["open"], "expired", &[("url", Nothing)], "checkout.session.expired"),
    row("climate.orders.cancel", &["awaiting_funds", "confirmed", "open"], "canceled", &[("canceled_at", Now)], "climate.order.canceled"),
    row("credit_notes.void_credit_note", &["issued"], "void", &[("voided_at", Now)], "credit_note.voided"),
    row("disputes.close", &["needs_response", "warning_needs_response", "under_review"], "lost", &[], "charge.dispute.closed"),
    row("financial_connections.accounts.disconnect", &["active", "inactive"], "disconnected", &[], "financial_connections.account.disconnected"),
    row("financial_connections.accounts.subscribe", &["active"], "", &[("subscriptions", Param("features"))], ""),
    row("financial_connections.accounts.unsubscribe", &[], "", &[("subscriptions", Nothing)], ""),
    row("identity.verification_sessions.cancel", &["requires_input"], "canceled", &[], "identity.verification_session.canceled"),
    row("identity.verification_sessions.redact", &["verified", "requires_input", "canceled"], "", &[("redaction.status", Text("processing"))], "identity.verification_session.redacted"),
    row("invoice_rendering_templates.archive", &["active"], "archived", &[], ""),
    row("invoice_rendering_templates.unarchive", &["archived"], "active", &[], ""),
    row("invoices.finalize_invoice", &["draft"], "open", &[("status_transitions.finalized_at", Now), ("auto_advance", Param("auto_advance"))], "invoice.finalized"),
    row("invoices.mark_uncollectible", &["open"], "uncollectible", &[("status_transitions.marked_uncollectible_at", Now)], "invoice.marked_uncollectible"),
    row("invoices.pay", &["open", "uncollectible", "draft"], "paid", &[("status_transitions.paid_at", Now), ("amount_paid", Field("amount_due")), ("amount_remaining", Zero), ("attempted", Flag(true))], "invoice.paid"),
    row("invoices.send_invoice", &["draft", "open"], "open", &[], "invoice.sent"),
    row("invoices.void_invoice", &["open", "uncollectible"], "void", &[("status_transitions.voided_at", Now)], "invoice.voided"),
    row("issuing.authorizations.approve", &["pending"], "", &[("approved", Flag(true))], "issuing_authorization.updated"),
    row("issuing.authorizations.decline", &["pending"], "closed", &[("approved", Flag(false))], "issuing_authorization.updated"),
    row("issuing.disputes.submit", &["unsubmitted"], "submitted", &[], "issuing_dispute.submitted"),
    row("payment_intents.cancel", &["requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing"], "canceled", &[("canceled_at", Now), ("cancellation_reason", Param("cancellation_reason")), ("amount_capturable", Zero)], "payment_intent.canceled"),
    row("payment_method_domains.validate", &[], "", &[], ""),
    row("payment_methods.attach", &[], "", &[("customer", Param("customer"))], "payment_method.attached"),
    row("payment_methods.detach", &[], "", &[("customer", Nothing)], "payment_method.detached"),
    row("payouts.cancel", &["pending"], "canceled", &[], "payout.canceled"),
    row("payouts.reverse", &["paid"], "canceled", &[], "payout.updated"),
    row("quotes.accept", &["open"], "accepted", &[("status_transitions.accepted_at", Now)], "quote.accepted"),
    row("quotes.cancel", &["draft", "open"], "canceled", &[("status_transitions.canceled_at", Now)], "quote.canceled"),
    row("quotes.finalize_quote", &["draft"], "open", &[("status_transitions.finalized_at", Now), ("expires_at", Param("expires_at"))], "quote.finalized"),
    row("refunds.cancel", &["requires_action", "pending"], "canceled", &[], "charge.refund.updated"),
    row("reviews.approve", &[], "", &[("open", Flag(false)), ("reason", Text("approved")), ("closed_reason", Text("approved"))], "review.closed"),
    row("setup_intents.cancel", &["requires_payment_method", "requires_confirmation", "requires_action"], "canceled", &[("cancellation_reason", Param("cancellation_reason"))], "setup_intent.canceled"),
    row("setup_intents.confirm", &["requires_payment_method", "requires_confirmation", "requires_action"], "succeeded", &[("payment_method", Param("payment_method"))], "setup_intent.succeeded"),
    row("setup_intents.verify_microdeposits", &["requires_action", "requires_confirmation"], "succeeded", &[("next_action", Nothing)], "setup_intent.succeeded"),
    row("sources.verify", &["pending"], "chargeable", &[], "source.chargeable"),
    row("subscription_schedules.cancel", &["not_started", "active"], "canceled", &[("canceled_at", Now)], "subscription_schedule.canceled"),
    row("subscription_schedules.release", &["not_started", "active"], "released", &[("released_at", Now), ("released_subscription", Field("subscription")), ("subscription", Nothing)], "subscription_schedule.released"),
    row("subscriptions.cancel", &["active", "trialing", "past_due", "unpaid", "incomplete", "paused"], "canceled", &[("canceled_at", Now), ("ended_at", Now)], "customer.subscription.deleted"),
    row("subscriptions.resume", &["paused"], "active", &[("pause_collection", Nothing)], "customer.subscription.resumed"),
    row("test_helpers.issuing.authorizations.expire", &["pending"], "expired", &[], "issuing_authorization.updated"),
    row("test_helpers.issuing.authorizations.finalize_amount", &["pending"], "", &[("amount", Param("final_amount"))], "issuing_authorization.updated"),
    row("test_helpers.issuing.cards.deliver_card", &[], "", &[("shipping.status", Text("delivered"))], "issuing_card.updated"),
    row("test_helpers.issuing.cards.fail_card", &[], "", &[("shipping.status", Text("failure"))], "issuing_card.updated"),
    row("test_helpers.issuing.cards.return_card", &[], "", &[("shipping.status", Text("returned"))], "issuing_card.updated"),
    row("test_helpers.issuing.cards.ship_card", &[], "", &[("shipping.status", Text("shipped"))], "issuing_card.updated"),
    row("test_helpers.issuing.cards.submit_card", &[], "", &[("shipping.status", Text("submitted"))], "issuing_card.updated"),
    row("test_helpers.issuing.personalization_designs.activate", &[], "active", &[], "issuing_personalization_design.activated"),
    row("test_helpers.issuing.personalization_designs.deactivate", &[], "inactive", &[], "issuing_personalization_design.deactivated"),
    row("test_helpers.issuing.personalization_designs.reject", &[], "rejected", &[], "issuing_personalization_design.rejected"),
    row("test_helpers.refunds.expire", &["requires_action", "pending"], "failed", &[("failure_reason", Text("expired_or_canceled_card"))], "charge.refund.updated"),
    row("test_helpers.treasury.inbound_transfers.fail", &["processing"], "failed", &[("failure_details.code", Param("failure_details.code"))], "treasury.inbound_transfer.failed"),
    row("test_helpers.treasury.inbound_transfers.return_inbound_transfer", &["succeeded"], "", &[("returned", Flag(true))], ""),
    row("test_helpers.treasury.inbound_transfers.succeed", &["processing"], "succeeded", &[("status_transitions.succeeded_at", Now)], "treasury.inbound_transfer.succeeded"),
    row("test_helpers.treasury.outbound_payments.fail", &["processing"], "failed", &[("status_transitions.failed_at", Now)], "treasury.outbound_payment.failed"),
    row("test_helpers.treasury.outbound_payments.post", &["processing"], "posted", &[("status_transitions.posted_at", Now)], "treasury.outbound_payment.posted"),
    row("test_helpers.treasury.outbound_payments.return_outbound_payment", &["processing", "posted"], "returned", &[("status_transitions.returned_at", Now)], "treasury.outbound_payment.returned"),
    row("test_helpers.treasury.outbound_transfers.fail", &["processing"], "failed", &[("status_transitions.failed_at", Now)], "treasury.outbound_transfer.failed"),
    row("test_helpers.treasury.outbound_transfers.post", &["processing"], "posted", &[("status_transitions.posted_at", Now)], "treasury.outbound_transfer.posted"),
    row("test_helpers.treasury.outbound_transfers.return_outbound_transfer", &["processing", "posted"], "returned", &[("status_transitions.returned_at", Now)], "treasury.outbound_transfer.returned"),
    row("three_d_secure.authentications.cancel", &["requires_challenge", "requires_submission"], "canceled", &[], ""),
    row("three_d_secure.authentications.submit", &["requires_submission"], "succeeded", &[], ""),
    row("topups.cancel", &["pending"], "canceled", &[], "topup.canceled"),
    row("treasury.financial_accounts.close", &["open"], "closed", &[], "treasury.financial_account.closed"),
    row("treasury.inbound_transfers.cancel", &["processing"], "canceled", &[("status_transitions.canceled_at", Now)], "treasury.inbound_transfer.canceled"),
    row("treasury.outbound_payments.cancel", &["processing"], "canceled", &[("status_transitions.canceled_at", Now)], "treasury.outbound_payment.canceled"),
    row("treasury.outbound_transfers.cancel", &["processing"], "canceled", &[("status_transitions.canceled_at", Now)], "treasury.outbound_transfer.canceled"),
    row("v2.core.vault.gb_bank_accounts.archive", &[], "", &[("archived", Flag(true))], ""),
    row("v2.core.vault.gb_bank_accounts.unarchive", &[], "", &[("archived", Flag(false))], ""),
    row("v2.core.vault.us_bank_accounts.archive", &[], "", &[("archived", Flag(true))], ""),
    row("v2.core.vault.us_bank_accounts.confirm_microdeposits", &[], "", &[("verification.status", Text("verified"))], ""),
    row("v2.core.vault.us_bank_accounts.send_microdeposits", &[], "", &[("verification.status", Text("awaiting_verification"))], ""),
    row("v2.core.vault.us_bank_accounts.unarchive", &[], "", &[("archived", Flag(false))], ""),
    row("v2.money_management.outbound_payments.cancel", &["processing"], "canceled", &[("cancelable", Flag(false)), ("status_transitions.canceled_at", Now)], ""),
    row("v2.money_management.outbound_setup_intents.cancel", &["requires_action", "requires_payout_method"], "canceled", &[], ""),
    row("v2.money_management.payout_intents.cancel", &["pending", "requires_action"], "canceled", &[("status_transitions.canceled_at", Now)], ""),
    row("v2.money_management.payout_intents.confirm", &["pending", "requires_action"], "processing", &[("status_transitions.processing_at", Now)], ""),
    row("v2.money_management.payout_methods.archive", &[], "", &[("archived", Flag(true))], ""),
    row("v2.money_management.payout_methods.unarchive", &[], "", &[("archived", Flag(false))], ""),
    row("v2.money_management.recipient_verifications.acknowledge", &["awaiting_acknowledgement"], "acknowledged", &[("status_transitions.acknowledged_at", Now)], ""),
];

/// The transition of an operation.
pub fn find(operation: &str) -> Option<&'static Transition> {
    TABLE
        .binary_search_by_key(&operation, |row| row.operation)
        .ok()
        .map(|at| &TABLE[at])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::generic::plan_of;
    use crate::registry::Registry;
    use crate::{Clock, Config, Engine};

    fn engine() -> Engine {
        let registry = Registry::default();
        registry
            .build(Config::default(), Clock::manual(0), [0; 32])
            .unwrap()
    }

    #[test]
    fn the_table_is_sorted_and_names_only_what_the_description_has() {
        assert!(TABLE.is_sorted_by_key(|row| row.operation));
        let engine = engine();
        let description = engine.description();
        let count = description.catalog().operations().len();
        let names: HashSet<&str> = (0..count)
            .map(|index| plan_of(engine.services(), index).unwrap().name.as_str())
            .collect();
        for row in TABLE {
            assert!(
                names.contains(row.operation),
                "no operation {}",
                row.operation
            );
            assert!(
                row.event.is_empty() || description.has_event(row.event),
                "no event {}",
                row.event
            );
        }
    }

    #[test]
    fn states_and_fields_exist_in_the_description() {
        let engine = engine();
        let description = engine.description();
        for index in 0..description.catalog().operations().len() {
            let plan = plan_of(engine.services(), index).unwrap();
            let Some(row) = find(&plan.name) else {
                continue;
            };
            let object = description
                .object(plan.resource.as_deref().unwrap())
                .unwrap();
            for state in row
                .from
                .iter()
                .chain([&row.to])
                .filter(|state| !state.is_empty())
            {
                let tollway_spec::Shape::Enum { values, .. } =
                    &object.field("status").unwrap().shape
                else {
                    continue;
                };
                assert!(
                    values.iter().any(|value| value == state),
                    "{}: no status {state}",
                    row.operation
                );
            }
            for (field, _) in row.set {
                let first = field.split('.').next().unwrap();
                assert!(
                    object.field(first).is_some(),
                    "{}: no field {first}",
                    row.operation
                );
            }
        }
    }
}
