//! The cash balance of a customer, and its transactions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::objects::views::Charge;
use crate::payments::payer::is_paid_from_cash_balance;
use crate::world::PrivateRecord;

const TRANSACTION: &str = "customer_cash_balance_transaction";

/// The money that a customer sent and that has not paid for anything.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::payments) struct CashBalance {
    /// Amounts by currency.
    pub(in crate::payments) available: BTreeMap<String, i64>,
    /// Whether payments take the money only on request (`reconciliation_mode`); none is the merchant's default.
    pub(in crate::payments) manual: Option<bool>,
}

impl PrivateRecord for CashBalance {
    const TYPE: &'static str = "_cash_balance";
}

impl CashBalance {
    /// The stored balance of a customer, or an empty one.
    pub(in crate::payments) fn load(ctx: &Ctx<'_>, customer: &str) -> Result<Self, ApiError> {
        Ok(ctx.load(customer)?.unwrap_or_default())
    }

    /// The amount in `currency`.
    pub(in crate::payments) fn amount(&self, currency: &str) -> i64 {
        self.available.get(currency).copied().unwrap_or(0)
    }

    /// Whether payments take the money only on request.
    pub(in crate::payments) fn is_reconciled_manually(&self) -> bool {
        self.manual == Some(true)
    }
}

/// The `cash_balance` object of a customer.
pub(in crate::payments) fn cash_balance_object(
    ctx: &Ctx<'_>,
    customer: &str,
) -> Result<Value, ApiError> {
    let balance = CashBalance::load(ctx, customer)?;
    let available: BTreeMap<_, _> = balance
        .available
        .iter()
        .filter(|(_, amount)| **amount != 0)
        .collect();
    Ok(json!({
        "object": "cash_balance",
        "available": (!available.is_empty()).then_some(available),
        "customer": customer,
        "customer_account": null,
        "livemode": ctx.scope.livemode(),
        "settings": {
            "reconciliation_mode": if balance.is_reconciled_manually() { "manual" } else { "automatic" },
            "using_merchant_default": balance.manual.is_none(),
        },
    }))
}

/// Adds `amount` to the balance and creates the cash balance transaction of type `kind`.
pub(in crate::payments) fn change_balance(
    ctx: &mut Ctx<'_>,
    customer: &str,
    amount: i64,
    currency: &str,
    kind: &str,
    details: &Value,
) -> Result<Value, ApiError> {
    let mut balance = CashBalance::load(ctx, customer)?;
    let available = balance.available.entry(currency.to_owned()).or_default();
    *available += amount;
    let ending_balance = *available;
    ctx.save(customer, &balance);
    let mut transaction = json!({
        "id": ctx.new_id(TRANSACTION),
        "object": TRANSACTION,
        "created": ctx.now(),
        "currency": currency,
        "customer": customer,
        "customer_account": null,
        "ending_balance": ending_balance,
        "livemode": ctx.scope.livemode(),
        "net_amount": amount,
        "type": kind,
    });
    if let (Some(members), Some(details)) = (transaction.as_object_mut(), details.as_object()) {
        members.extend(details.clone());
    }
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world
        .store
        .insert_under(&scope, TRANSACTION, Some(customer), &transaction, now);
    ctx.emit(
        "customer_cash_balance_transaction.created",
        &transaction,
        None,
    );
    Ok(transaction)
}

/// Returns a refund of a charge to the cash balance that paid the charge.
pub(in crate::payments) fn refund_to_cash_balance(
    ctx: &mut Ctx<'_>,
    charge: &Value,
    amount: i64,
    refund: &str,
) -> Result<(), ApiError> {
    if !is_paid_from_cash_balance(charge) {
        return Ok(());
    }
    let view = Charge::new(charge);
    let customer = view.customer().unwrap_or_default();
    let currency = view.currency()?;
    let details = json!({"refunded_from_payment": {"refund": refund}});
    change_balance(
        ctx,
        customer,
        amount,
        currency.as_str(),
        "refunded_from_payment",
        &details,
    )
    .map(drop)
}
