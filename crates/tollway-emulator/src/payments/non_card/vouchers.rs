//! Vouchers: the payer receives a number and pays it in a shop or at a bank before it expires.
//!
//! As in Stripe's test mode the payer's email decides the outcome (<https://docs.stripe.com/payments/oxxo/accept-a-payment>): `succeed_immediately@…`,
//! `expire_immediately@…`, `expire_with_delay@…` and `fill_never@…`; with any other
//! email the voucher is paid after three minutes. For `konbini` the `confirmation_number` takes precedence over the email. On the
//! voucher's page you decide sooner.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::durations::DAY_SECONDS;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::fees::midnight;
use crate::objects::status::PaymentIntentStatus;
use crate::params::Params;
use crate::payment_methods::instrument::integer_param;
use crate::payments::intents::{PAYMENT_INTENT, action_page_url};
use crate::payments::non_card::non_card_charge::charge_intent;
use crate::payments::payment_attempt::{fail_later, require_action};
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

/// Seconds until a voucher is paid, or expires, with a delay.
const DELAY_SECONDS: i64 = 180;

/// How a voucher ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VoucherOutcome {
    /// Paid after so many seconds.
    Paid(i64),
    /// Expired after so many seconds.
    Expired(i64),
    /// Never paid.
    Never,
}

impl VoucherOutcome {
    fn from_test_values(email: &str, confirmation_number: Option<&str>) -> Self {
        match confirmation_number {
            Some("11111111110") => return Self::Paid(DELAY_SECONDS),
            Some("22222222220") => return Self::Paid(0),
            Some("33333333330") => return Self::Expired(0),
            Some("44444444440") => return Self::Expired(DELAY_SECONDS),
            Some("55555555550") => return Self::Never,
            _ => {}
        }
        let name = email.split('@').next().unwrap_or_default();
        match name {
            _ if name.ends_with("succeed_immediately") => Self::Paid(0),
            _ if name.ends_with("expire_immediately") => Self::Expired(0),
            _ if name.ends_with("expire_with_delay") => Self::Expired(DELAY_SECONDS),
            _ if name.ends_with("fill_never") => Self::Never,
            _ => Self::Paid(DELAY_SECONDS),
        }
    }
}

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<EndVoucher>();
}

/// Whether this type of `next_action` is a voucher.
pub(crate) fn is_voucher(action: &str) -> bool {
    matches!(
        action,
        "boleto_display_details"
            | "konbini_display_details"
            | "multibanco_display_details"
            | "oxxo_display_details"
    )
}

/// Creates a voucher that expires after `days`, or when `payment_method_options` say.
pub(super) fn create_voucher(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
    days: i64,
    params: &Params,
) -> Result<Value, ApiError> {
    let kind = method["type"].as_str().unwrap_or_default();
    check_billing_details(kind, method)?;
    if params.bool("error_on_requires_action") == Some(true) {
        return require_action(ctx, intent, params);
    }
    let options = &intent["payment_method_options"][kind];
    let confirmation_number = options["confirmation_number"].as_str().map(str::to_owned);
    let fixed = integer_param(&options["expires_at"]);
    let days = integer_param(&options["expires_after_days"]).unwrap_or(days);
    // The last second of the day.
    let expires = fixed.unwrap_or(midnight(ctx.now() + 1) + days * DAY_SECONDS - 1);
    if expires <= ctx.now() {
        let message = "The voucher would expire before it is printed: choose a later moment.";
        let param = format!("payment_method_options[{kind}][expires_at]");
        return Err(ApiError::invalid_param(&param, message));
    }
    let number = ctx.world.random.digits(14);
    intent["next_action"] = display_action(ctx, &intent, kind, &number, expires);
    PaymentIntentStatus::RequiresAction.set(&mut intent)?;
    intent["last_payment_error"] = Value::Null;
    ctx.update(PAYMENT_INTENT, &intent);
    ctx.emit("payment_intent.requires_action", &intent, None);
    let email = method["billing_details"]["email"].as_str();
    let outcome =
        VoucherOutcome::from_test_values(email.unwrap_or_default(), confirmation_number.as_deref());
    let (after, paid) = match outcome {
        VoucherOutcome::Paid(seconds) => (ctx.now() + seconds, true),
        VoucherOutcome::Expired(seconds) => (ctx.now() + seconds, false),
        VoucherOutcome::Never => (expires + 1, false),
    };
    let id = intent["id"].as_str().unwrap_or_default().to_owned();
    let voucher = reference_of(&intent["next_action"]);
    let task = EndVoucher {
        intent: id,
        voucher,
        paid,
    };
    schedule(ctx, None, after, &task)?;
    Ok(intent)
}

/// Ends a voucher: it is paid, or it expires.
#[derive(Debug, Serialize, Deserialize)]
struct EndVoucher {
    intent: String,
    /// Identifies the voucher: a payment intent can have several over time.
    voucher: String,
    paid: bool,
}

impl ScheduledTask for EndVoucher {
    const KIND: &'static str = "voucher";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        end_voucher(ctx, &self.intent, &self.voucher, self.paid)
    }
}

/// Requires the billing details that a voucher of this type must show by law.
fn check_billing_details(kind: &str, method: &Value) -> Result<(), ApiError> {
    let is_missing = |name: &str| {
        method["billing_details"][name]
            .as_str()
            .is_none_or(str::is_empty)
    };
    let required: &[&str] = match kind {
        "multibanco" => &["email"],
        _ => &["name", "email"],
    };
    if let Some(name) = required.iter().find(|name| is_missing(name)) {
        return Err(ApiError::missing_parameter(&format!(
            "payment_method_data[billing_details][{name}]"
        )));
    }
    if kind == "boleto"
        && method["boleto"]["tax_id"]
            .as_str()
            .is_none_or(str::is_empty)
    {
        return Err(ApiError::missing_parameter(
            "payment_method_data[boleto][tax_id]",
        ));
    }
    Ok(())
}

fn display_action(ctx: &Ctx<'_>, intent: &Value, kind: &str, number: &str, expires: i64) -> Value {
    let id = intent["id"].as_str().unwrap_or_default();
    let url = action_page_url(ctx, id);
    let details = match kind {
        "boleto" => json!({
            "expires_at": expires, "hosted_voucher_url": url, "number": number, "pdf": format!("{url}#pdf"),
        }),
        "konbini" => {
            let requested = &intent["payment_method_options"]["konbini"]["confirmation_number"];
            let confirmation = requested.as_str().unwrap_or(&number[..11]);
            let store = json!({"confirmation_number": confirmation, "payment_code": &number[8..]});
            json!({
                "expires_at": expires, "hosted_voucher_url": url,
                "stores": {"familymart": store, "lawson": store, "ministop": store, "seicomart": store},
            })
        }
        "multibanco" => json!({
            "entity": &number[..5], "expires_at": expires, "hosted_voucher_url": url, "reference": &number[5..],
        }),
        _ => json!({"expires_after": expires, "hosted_voucher_url": url, "number": number}),
    };
    let name = format!("{kind}_display_details");
    json!({"type": name, name.as_str(): details})
}

/// The number that identifies a voucher: an intent can have several over time.
pub(in crate::payments) fn reference_of(next_action: &Value) -> String {
    let details = &next_action[next_action["type"].as_str().unwrap_or_default()];
    let number = details["number"].as_str().or(details["reference"].as_str());
    let code = details["stores"]["familymart"]["payment_code"].as_str();
    number.or(code).unwrap_or_default().to_owned()
}

/// Charges or expires the voucher of an intent; does nothing if the intent does not wait for this voucher any more.
fn end_voucher(ctx: &mut Ctx<'_>, intent: &str, voucher: &str, paid: bool) -> Result<(), ApiError> {
    let intent = ctx.required(PAYMENT_INTENT, intent)?;
    let is_waiting = PaymentIntentStatus::of(&intent)? == PaymentIntentStatus::RequiresAction
        && reference_of(&intent["next_action"]) == voucher;
    if !is_waiting {
        return Ok(());
    }
    if !paid {
        return expire_voucher(ctx, intent).map(drop);
    }
    let method = intent["payment_method"].as_str().unwrap_or_default();
    let method = ctx.required("payment_method", method)?;
    charge_intent(ctx, intent, &method).map(drop)
}

/// Fails the intent of a voucher that was not paid in time.
pub(super) fn expire_voucher(ctx: &mut Ctx<'_>, intent: Value) -> Result<Value, ApiError> {
    let message = "The payment attempt for this PaymentIntent has expired. You can provide payment_method_data or a new \
                   PaymentMethod to attempt to fulfill this PaymentIntent again.";
    let error = ApiError::invalid_request(message).code("payment_intent_payment_attempt_expired");
    fail_later(ctx, intent, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_email_decides_the_outcome_unless_a_confirmation_number_does() {
        assert_eq!(
            VoucherOutcome::from_test_values("jenny@example.com", None),
            VoucherOutcome::Paid(180)
        );
        assert_eq!(
            VoucherOutcome::from_test_values("jenny.succeed_immediately@example.com", None),
            VoucherOutcome::Paid(0)
        );
        assert_eq!(
            VoucherOutcome::from_test_values("expire_with_delay@x.y", None),
            VoucherOutcome::Expired(180)
        );
        assert_eq!(
            VoucherOutcome::from_test_values("expire_immediately@x.y", None),
            VoucherOutcome::Expired(0)
        );
        assert_eq!(
            VoucherOutcome::from_test_values("fill_never@x.y", None),
            VoucherOutcome::Never
        );
        assert_eq!(
            VoucherOutcome::from_test_values("fill_never@x.y", Some("22222222220")),
            VoucherOutcome::Paid(0)
        );
    }
}
