//! Bank accounts and debit cards as external accounts and sources, and the test numbers that fail payouts and top-ups.
//!
//! The number of a bank account is a private record of the platform. See
//! <https://docs.stripe.com/connect/testing#account-numbers>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::payment_methods::iban;
use crate::payment_methods::instrument;
use crate::random::derived_text;
use crate::world::PrivateRecord;

/// The number of a bank account that has no failure.
const VALID_NUMBER: &str = "000123456789";

/// Account numbers that fail transfers: number, `failure_code`, `failure_message`.
#[rustfmt::skip]
const FAILING_NUMBERS: &[(&str, &str, &str)] = &[
    ("000111111113", "account_closed", "The bank account has been closed."),
    ("000111111116", "no_account", "The bank account could not be located."),
    ("000222222227", "insufficient_funds", "The bank account has insufficient funds to take back the money."),
    ("000333333335", "debit_not_authorized", "Debit transactions are not approved on the bank account."),
    ("000444444440", "invalid_currency", "The bank was unable to process the payout because of its currency."),
    ("000888888883", "could_not_process", "The bank could not process the payout."),
];

/// The number of a bank account, token or source.
#[derive(Debug, Serialize, Deserialize)]
struct BankAccountSecret {
    number: String,
}

impl PrivateRecord for BankAccountSecret {
    const TYPE: &'static str = "_bank";
}

/// Builds a `bank_account` object from the parameter `param`, and stores its number. The object itself is not stored.
pub(crate) fn bank_account(
    ctx: &mut Ctx<'_>,
    bank_params: &Value,
    currency: &str,
    param: &str,
) -> Result<Value, ApiError> {
    let number = bank_params["account_number"]
        .as_str()
        .or_else(|| account_number_of_test_token(bank_params.as_str()?))
        .unwrap_or(VALID_NUMBER);
    let has_iban = iban::looks_like_iban(number);
    if has_iban {
        let param = format!("{param}[account_number]");
        iban::check(number, "account_number_invalid", &param)?;
    }
    let number = iban::normalize(number);
    let routing = bank_params["routing_number"].as_str();
    let routing = routing.or((!has_iban).then_some("110000000"));
    let country = bank_params["country"]
        .as_str()
        .unwrap_or(&ctx.world.platform.country);
    let mut bank = json!({
        "object": "bank_account",
        "account_holder_name": bank_params["account_holder_name"],
        "account_holder_type": bank_params["account_holder_type"],
        "account_type": bank_params["account_type"],
        "bank_name": "STRIPE TEST BANK",
        "country": country.to_ascii_uppercase(),
        "currency": bank_params["currency"].as_str().unwrap_or(currency).to_ascii_lowercase(),
        "fingerprint": derived_text(&number, 16),
        "last4": number.get(number.len().saturating_sub(4)..),
        "routing_number": routing,
        "status": "new",
    });
    let id = ctx.new_id("bank_account");
    bank["id"] = id.as_str().into();
    store_number(ctx, &id, &number);
    Ok(bank)
}

/// Whether the token stands for a bank account.
pub(crate) fn is_bank_account_token(ctx: &Ctx<'_>, token: &str) -> Result<bool, ApiError> {
    load_number(ctx, token).map(|number| number.is_some())
}

/// Builds the debit card that money is paid out to. It is not stored.
pub(crate) fn payout_card(
    ctx: &mut Ctx<'_>,
    card_params: &Value,
    currency: &str,
) -> Result<Value, ApiError> {
    let param = "external_account";
    let mut card = if let Some(token) = card_params.as_str().or(card_params["token"].as_str()) {
        let instrument = instrument::resolve(ctx, token, param)?;
        let not_a_card = || ApiError::no_such_reference("token", token, param);
        instrument.source.ok_or_else(not_a_card)?
    } else {
        let number = card_params["number"].as_str().unwrap_or_default();
        let card = instrument::of_number(number, param)?;
        instrument::card_object(ctx, card, card_params)
    };
    if card["funding"] != "debit" {
        let message = "Payouts go to debit cards only: this is not one.";
        return Err(ApiError::card("invalid_card_type", message).param(param));
    }
    card["currency"] = currency.into();
    Ok(card)
}

/// The account number behind one of Stripe's test tokens.
fn account_number_of_test_token(token: &str) -> Option<&'static str> {
    Some(match token {
        "btok_us" | "btok_us_verified" => VALID_NUMBER,
        "btok_us_noAccount" | "btok_us_verified_noAccount" => "000111111116",
        "btok_us_accountClosed" | "btok_us_verified_accountClosed" => "000111111113",
        "btok_us_insufficientFunds" | "btok_us_verified_insufficientFunds" => "000222222227",
        "btok_us_debitNotAuthorized" | "btok_us_verified_debitNotAuthorized" => "000333333335",
        "btok_us_invalidCurrency" | "btok_us_verified_invalidCurrency" => "000444444440",
        _ => return None,
    })
}

/// Stores the number of the bank account, token, source or top-up `id`.
pub(crate) fn store_number(ctx: &mut Ctx<'_>, id: &str, number: &str) {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let secret = BankAccountSecret {
        number: number.to_owned(),
    };
    let now = ctx.now();
    ctx.world.save(&scope, id, &secret, now);
}

/// Stores the number of the bank account behind a token; the number without failures if `number` is none.
pub(crate) fn store_token_number(ctx: &mut Ctx<'_>, token: &str, number: Option<&str>) {
    store_number(ctx, token, number.unwrap_or(VALID_NUMBER));
}

/// The stored number of `id`, or the number behind a test token.
pub(crate) fn load_number(ctx: &Ctx<'_>, id: &str) -> Result<Option<String>, ApiError> {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let secret = ctx.world.load::<BankAccountSecret>(&scope, id)?;
    let number = secret.map(|secret| secret.number);
    Ok(number.or_else(|| account_number_of_test_token(id).map(str::to_owned)))
}

/// Why a transfer to or from the bank account fails: `failure_code` and `failure_message`; none if it succeeds.
pub(crate) fn transfer_failure(
    ctx: &Ctx<'_>,
    id: &str,
) -> Result<Option<(&'static str, &'static str)>, ApiError> {
    let Some(number) = load_number(ctx, id)? else {
        return Ok(None);
    };
    let failing = FAILING_NUMBERS
        .iter()
        .find(|(failing, _, _)| *failing == number);
    Ok(failing.map(|(_, code, message)| (*code, *message)))
}
