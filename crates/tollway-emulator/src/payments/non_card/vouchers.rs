//! Vouchers: the payer gets a number, takes it to a shop or a bank, and pays there or does not.
//!
//! As in Stripe's test mode the payer's email decides (<https://docs.stripe.com/payments/oxxo/accept-a-payment>): `succeed_immediately@…`,
//! `expire_immediately@…`, `expire_with_delay@…` and `fill_never@…`; anybody else pays after three minutes. For `konbini` the
//! `confirmation_number` decides before the email. On the voucher's page a person decides sooner.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::fees::{DAY, midnight};
use crate::params::Params;
use crate::payments::payment_intents::{self, INTENT};
use crate::scheduler::{ScheduledTask, schedule};
use crate::{billing, checkout};

/// Seconds until a voucher is paid, or expires, with a delay.
const DELAY: i64 = 180;

/// What becomes of a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Paid after so many seconds.
    Paid(i64),
    /// Expired after so many seconds.
    Expired(i64),
    /// Never paid.
    Never,
}

impl Fate {
    fn of(email: &str, confirmation_number: Option<&str>) -> Self {
        match confirmation_number {
            Some("11111111110") => return Self::Paid(DELAY),
            Some("22222222220") => return Self::Paid(0),
            Some("33333333330") => return Self::Expired(0),
            Some("44444444440") => return Self::Expired(DELAY),
            Some("55555555550") => return Self::Never,
            _ => {}
        }
        let name = email.split('@').next().unwrap_or_default();
        match name {
            _ if name.ends_with("succeed_immediately") => Self::Paid(0),
            _ if name.ends_with("expire_immediately") => Self::Expired(0),
            _ if name.ends_with("expire_with_delay") => Self::Expired(DELAY),
            _ if name.ends_with("fill_never") => Self::Never,
            _ => Self::Paid(DELAY),
        }
    }
}

/// Whether this type of `next_action` is a voucher.
pub(crate) fn is_one(action: &str) -> bool {
    matches!(
        action,
        "boleto_display_details"
            | "konbini_display_details"
            | "multibanco_display_details"
            | "oxxo_display_details"
    )
}

/// Gives the payer a voucher that is good for `days`, or for as long as the intent's options say.
pub(super) fn print(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
    days: i64,
    params: &Params,
) -> Result<Value, ApiError> {
    let kind = method["type"].as_str().unwrap_or_default();
    check(kind, method)?;
    if params.bool("error_on_requires_action") == Some(true) {
        return payment_intents::ask_for_action(ctx, intent, params);
    }
    let options = &intent["payment_method_options"][kind];
    let confirmation_number = options["confirmation_number"].as_str().map(str::to_owned);
    let fixed = whole(&options["expires_at"]);
    let days = whole(&options["expires_after_days"]).unwrap_or(days);
    // The last second of the day.
    let expires = fixed.unwrap_or(midnight(ctx.now() + 1) + days * DAY - 1);
    if expires <= ctx.now() {
        let message = "The voucher would expire before it is printed: choose a later moment.";
        let param = format!("payment_method_options[{kind}][expires_at]");
        return Err(ApiError::invalid_param(&param, message));
    }
    let number = ctx.world.random.digits(14);
    intent["next_action"] = next_action(ctx, &intent, kind, &number, expires);
    intent["status"] = "requires_action".into();
    intent["last_payment_error"] = Value::Null;
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.requires_action", &intent, None);
    let email = method["billing_details"]["email"].as_str();
    let fate = Fate::of(email.unwrap_or_default(), confirmation_number.as_deref());
    let (after, paid) = match fate {
        Fate::Paid(seconds) => (ctx.now() + seconds, true),
        Fate::Expired(seconds) => (ctx.now() + seconds, false),
        Fate::Never => (expires + 1, false),
    };
    let id = intent["id"].as_str().unwrap_or_default().to_owned();
    let voucher = reference(&intent["next_action"]);
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
pub(crate) struct EndVoucher {
    pub(crate) intent: String,
    /// Identifies the voucher: a payment intent can have several over time.
    pub(crate) voucher: String,
    pub(crate) paid: bool,
}

impl ScheduledTask for EndVoucher {
    const KIND: &'static str = "voucher";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        decide(ctx, &self.intent, &self.voucher, self.paid)
    }
}

/// A number, sent as one or as text.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Does the voucher have on it what the law of its country asks for?
fn check(kind: &str, method: &Value) -> Result<(), ApiError> {
    let missing = |name: &str| {
        method["billing_details"][name]
            .as_str()
            .is_none_or(str::is_empty)
    };
    let needs: &[&str] = match kind {
        "multibanco" => &["email"],
        _ => &["name", "email"],
    };
    if let Some(name) = needs.iter().find(|name| missing(name)) {
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

fn next_action(ctx: &Ctx<'_>, intent: &Value, kind: &str, number: &str, expires: i64) -> Value {
    let id = intent["id"].as_str().unwrap_or_default();
    let url = format!("{}/_tollway/authenticate/{id}", ctx.request.base_url);
    let details = match kind {
        "boleto" => json!({
            "expires_at": expires, "hosted_voucher_url": url, "number": number, "pdf": format!("{url}#pdf"),
        }),
        "konbini" => {
            let said = &intent["payment_method_options"]["konbini"]["confirmation_number"];
            let confirmation = said.as_str().unwrap_or(&number[..11]);
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

/// What tells one voucher from the next of the same intent, and what a person reads off it.
pub(crate) fn reference(next_action: &Value) -> String {
    let details = &next_action[next_action["type"].as_str().unwrap_or_default()];
    let number = details["number"].as_str().or(details["reference"].as_str());
    let code = details["stores"]["familymart"]["payment_code"].as_str();
    number.or(code).unwrap_or_default().to_owned()
}

/// The charge says by which voucher it was paid.
pub(super) fn write_details(intent: &Value, charge: &mut Value) {
    let action = &intent["next_action"];
    let details = &mut charge["payment_method_details"];
    match action["type"].as_str() {
        Some("oxxo_display_details") => {
            details["oxxo"] = json!({"number": action["oxxo_display_details"]["number"]});
        }
        Some("multibanco_display_details") => {
            let shown = &action["multibanco_display_details"];
            details["multibanco"] =
                json!({"entity": shown["entity"], "reference": shown["reference"]});
        }
        Some("konbini_display_details") => {
            details["konbini"] = json!({"store": {"chain": "familymart"}});
        }
        _ => {}
    }
}

/// The time has come at which this voucher is paid, or expires.
pub(crate) fn decide(
    ctx: &mut Ctx<'_>,
    intent: &str,
    voucher: &str,
    paid: bool,
) -> Result<(), ApiError> {
    let intent = ctx.required(INTENT, intent)?;
    let waits =
        intent["status"] == "requires_action" && reference(&intent["next_action"]) == voucher;
    if !waits {
        return Ok(());
    }
    if !paid {
        end(ctx, intent)?;
        return Ok(());
    }
    let method = intent["payment_method"].as_str().unwrap_or_default();
    let method = ctx.required("payment_method", method)?;
    crate::payments::non_card::pay(ctx, intent, &method).map(drop)
}

/// Nobody has paid in time.
pub(super) fn end(ctx: &mut Ctx<'_>, mut intent: Value) -> Result<Value, ApiError> {
    let message = "The payment attempt for this PaymentIntent has expired. You can provide payment_method_data or a new \
                   PaymentMethod to attempt to fulfill this PaymentIntent again.";
    let error = ApiError::invalid_request(message).code("payment_intent_payment_attempt_expired");
    payment_intents::back_to_payment_method(ctx, &mut intent, error);
    billing::invoices::payments::on_payment_failed(ctx, &intent)?;
    checkout::outcome::on_payment_failed(ctx, &intent);
    Ok(intent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_email_decides_unless_a_convenience_store_was_told() {
        assert_eq!(Fate::of("jenny@example.com", None), Fate::Paid(180));
        assert_eq!(
            Fate::of("jenny.succeed_immediately@example.com", None),
            Fate::Paid(0)
        );
        assert_eq!(Fate::of("expire_with_delay@x.y", None), Fate::Expired(180));
        assert_eq!(Fate::of("expire_immediately@x.y", None), Fate::Expired(0));
        assert_eq!(Fate::of("fill_never@x.y", None), Fate::Never);
        assert_eq!(
            Fate::of("fill_never@x.y", Some("22222222220")),
            Fate::Paid(0)
        );
    }
}
