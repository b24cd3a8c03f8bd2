//! Test bank accounts: what happens to a payout that is sent to one. See <https://docs.stripe.com/connect/testing#account-numbers>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::operations;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::payment_methods::iban;
use crate::payment_methods::instrument;
use crate::payouts::payout_settings;
use crate::random::derived_text;

const HIDDEN: &str = "_bank";

/// Account numbers that do not take money, with the `failure_code` of the payout and a sentence about it.
#[rustfmt::skip]
const FAILING: &[(&str, &str, &str)] = &[
    ("000111111113", "account_closed", "The bank account has been closed."),
    ("000111111116", "no_account", "The bank account could not be located."),
    ("000222222227", "insufficient_funds", "The bank account has insufficient funds to take back the money."),
    ("000333333335", "debit_not_authorized", "Debit transactions are not approved on the bank account."),
    ("000444444440", "invalid_currency", "The bank was unable to process the payout because of its currency."),
    ("000888888883", "could_not_process", "The bank could not process the payout."),
];

/// What the API does not show of a bank account.
#[derive(Debug, Serialize, Deserialize)]
struct Hidden {
    number: String,
}

/// The `bank_account` object of an account number, for the account that gave it as `param`. It is not kept, its number is.
pub(crate) fn bank_account(
    ctx: &mut Ctx<'_>,
    given: &Value,
    currency: &str,
    param: &str,
) -> Result<Value, ApiError> {
    let number = given["account_number"]
        .as_str()
        .or_else(|| number_of_token(given.as_str()?))
        .unwrap_or("000123456789");
    let has_iban = iban::is_meant(number);
    if has_iban {
        let param = format!("{param}[account_number]");
        iban::check(number, "account_number_invalid", &param)?;
    }
    let number = iban::plain(number);
    let routing = given["routing_number"].as_str();
    let routing = routing.or((!has_iban).then_some("110000000"));
    let country = given["country"]
        .as_str()
        .unwrap_or(&ctx.world.platform.country);
    let bank = json!({
        "object": "bank_account",
        "account_holder_name": given["account_holder_name"],
        "account_holder_type": given["account_holder_type"],
        "account_type": given["account_type"],
        "bank_name": "STRIPE TEST BANK",
        "country": country.to_ascii_uppercase(),
        "currency": given["currency"].as_str().unwrap_or(currency).to_ascii_lowercase(),
        "fingerprint": derived_text(&number, 16),
        "last4": number.get(number.len().saturating_sub(4)..),
        "routing_number": routing,
        "status": "new",
    });
    let mut bank = bank;
    let id = ctx.new_id("bank_account");
    bank["id"] = id.as_str().into();
    remember(ctx, &id, &number);
    Ok(bank)
}

/// Does this token stand for a bank account?
pub(crate) fn is_bank(ctx: &Ctx<'_>, token: &str) -> bool {
    recall(ctx, token).is_some()
}

/// A debit card that money is paid out to.
pub(crate) fn payout_card(
    ctx: &mut Ctx<'_>,
    given: &Value,
    currency: &str,
) -> Result<Value, ApiError> {
    let param = "external_account";
    let mut card = if let Some(token) = given.as_str().or(given["token"].as_str()) {
        let instrument = instrument::resolve(ctx, token, param)?;
        let no_card = || ApiError::no_such_reference("token", token, param);
        instrument.source.ok_or_else(no_card)?
    } else {
        let number = given["number"].as_str().unwrap_or_default();
        let card = instrument::of_number(number, param)?;
        instrument::card_object(ctx, card, given)
    };
    if card["funding"] != "debit" {
        let message = "Payouts go to debit cards only: this is not one.";
        return Err(ApiError::card("invalid_card_type", message).param(param));
    }
    card["currency"] = currency.into();
    Ok(card)
}

/// The account number behind Stripe's named test tokens.
fn number_of_token(token: &str) -> Option<&'static str> {
    Some(match token {
        "btok_us" | "btok_us_verified" => "000123456789",
        "btok_us_noAccount" | "btok_us_verified_noAccount" => "000111111116",
        "btok_us_accountClosed" | "btok_us_verified_accountClosed" => "000111111113",
        "btok_us_insufficientFunds" | "btok_us_verified_insufficientFunds" => "000222222227",
        "btok_us_debitNotAuthorized" | "btok_us_verified_debitNotAuthorized" => "000333333335",
        "btok_us_invalidCurrency" | "btok_us_verified_invalidCurrency" => "000444444440",
        _ => return None,
    })
}

/// Remembers the number of the bank account, token or source `id`.
pub(crate) fn remember(ctx: &mut Ctx<'_>, id: &str, number: &str) {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let (number, now) = (number.to_owned(), ctx.now());
    ctx.world
        .put_typed(&scope, HIDDEN, id, &Hidden { number }, now);
}

/// The number that was remembered for `id`, or that a test token stands for.
pub(crate) fn recall(ctx: &Ctx<'_>, id: &str) -> Option<String> {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let hidden: Option<Hidden> = ctx.world.typed(&scope, HIDDEN, id);
    hidden
        .map(|hidden| hidden.number)
        .or_else(|| number_of_token(id).map(str::to_owned))
}

/// Why money cannot be sent to the bank account: a `failure_code` and a sentence.
pub(crate) fn failure(ctx: &Ctx<'_>, id: &str) -> Option<(&'static str, &'static str)> {
    let number = recall(ctx, id)?;
    let failing = FAILING.iter().find(|(bad, _, _)| *bad == number)?;
    Some((failing.1, failing.2))
}

/// The default bank account or card in `currency`, for a payout that nobody asked for: not one that did not take the last one,
/// and the account's own one by nature only if it was said that it is paid out.
pub(crate) fn automatic(ctx: &Ctx<'_>, currency: &str, told: bool) -> Option<Value> {
    let found = destination(ctx, currency, None)?;
    let listed = found["default_for_currency"] == true;
    ((listed && found["status"] != "errored") || (!listed && told)).then_some(found)
}

/// Whether money can be there within the hour. What an account has by nature is not known better.
pub(crate) fn takes_instantly(destination: &Value) -> bool {
    let methods = destination["available_payout_methods"].as_array();
    methods.is_none_or(|methods| methods.iter().any(|method| method == "instant"))
}

/// The cards and bank accounts in `currency` where money can be within the hour.
pub(crate) fn instant(ctx: &Ctx<'_>, currency: &str) -> Vec<Value> {
    let account = payout_settings::account(ctx);
    let listed = account
        .as_ref()
        .and_then(|account| account["external_accounts"]["data"].as_array());
    let fits = |it: &&Value| {
        it["currency"] == currency
            && it["available_payout_methods"].is_array()
            && takes_instantly(it)
    };
    listed.into_iter().flatten().filter(fits).cloned().collect()
}

/// Marks a bank account that did not take an automatic payout.
pub(crate) fn refuse(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let Some(before) = payout_settings::account(ctx) else {
        return Ok(());
    };
    let mut account = before.clone();
    let listed = account["external_accounts"]["data"].as_array_mut();
    let Some(bank) = listed.into_iter().flatten().find(|bank| bank["id"] == id) else {
        return Ok(());
    };
    bank["status"] = "errored".into();
    let bank = bank.clone();
    ctx.emit("account.external_account.updated", &bank, None);
    operations::keep(ctx, &before, account)?;
    Ok(())
}

/// The bank account or card that money in `currency` is paid out to: the one that `wanted` names, or the default one. Accounts that
/// look after themselves have one by nature.
pub(crate) fn destination(ctx: &Ctx<'_>, currency: &str, wanted: Option<&str>) -> Option<Value> {
    let account = payout_settings::account(ctx);
    let listed = account
        .as_ref()
        .and_then(|account| account["external_accounts"]["data"].as_array())
        .cloned()
        .unwrap_or_default();
    let found = match wanted {
        Some(id) => listed.iter().find(|it| it["id"] == id),
        None => listed
            .iter()
            .find(|it| it["currency"] == currency && it["default_for_currency"] == true),
    };
    if let Some(found) = found {
        return Some(found.clone());
    }
    let by_nature = account.is_none_or(|account| account["controller"]["is_controller"] != true);
    let own = format!("ba_1{}", derived_text(&ctx.scope.account, 23));
    let fits = by_nature && listed.is_empty() && wanted.is_none_or(|id| id == own);
    fits.then(|| json!({"id": own, "object": "bank_account", "currency": currency}))
}
