//! Payment methods that are not cards. The number of a bank account is a private record: the API shows its last digits only.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::payment_methods::cards;
use crate::payment_methods::iban;
use crate::payment_methods::method_types;
use crate::payment_methods::test_bank_accounts::{self, DebitOutcome};
use crate::world::PrivateRecord;

/// The bank account behind a payment method.
#[derive(Debug, Serialize, Deserialize)]
struct DebitedBankAccount {
    number: String,
    /// Its owner verified it by microdeposits.
    #[serde(default)]
    verified: bool,
}

impl PrivateRecord for DebitedBankAccount {
    const TYPE: &'static str = "_bank_debit";
}

/// Whether the payment method has a bank account that its owner has not verified.
pub(crate) fn is_unverified(ctx: &Ctx<'_>, id: &str) -> Result<bool, ApiError> {
    let account = ctx.load::<DebitedBankAccount>(id)?;
    Ok(account.is_some_and(|account| !account.verified))
}

/// Records that the owner of the payment method's bank account verified it.
pub(crate) fn mark_verified(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    if let Some(mut account) = ctx.load::<DebitedBankAccount>(id)? {
        account.verified = true;
        ctx.save(id, &account);
    }
    Ok(())
}

/// The outcome of a debit from the payment method's bank account, which its number decides.
pub(crate) fn debit_outcome(ctx: &Ctx<'_>, id: &str) -> Result<DebitOutcome, ApiError> {
    let account = ctx.load::<DebitedBankAccount>(id)?;
    Ok(account.map_or(DebitOutcome::Succeeds, |account| {
        test_bank_accounts::debit_outcome_of_number(&account.number)
    }))
}

/// The stored payment method with this id, if it is not a card.
pub(crate) fn find_non_card(ctx: &Ctx<'_>, id: &str) -> Option<Value> {
    let method = ctx.get("payment_method", id)?;
    let is_card = method["type"].as_str().is_some_and(cards::is_card);
    (!is_card).then_some(method)
}

/// Creates the payment method that one of Stripe's test names stands for; none if `name` is no such name.
pub(crate) fn create_from_test_name(
    ctx: &mut Ctx<'_>,
    name: &str,
) -> Result<Option<Value>, ApiError> {
    let Some(number) = method_types::account_number_of_test_name(name) else {
        return Ok(None);
    };
    let bank_account = json!({
        "account_holder_type": "individual", "account_number": number, "routing_number": "110000000",
    });
    let billing = json!({"name": "Jenny Rosen"});
    let method = create(ctx, "us_bank_account", &bank_account, &billing, &Map::new())?;
    mark_verified(ctx, method["id"].as_str().unwrap_or_default())?;
    Ok(Some(method))
}

/// Creates a payment method of type `kind` from the parameters of that type.
pub(crate) fn create(
    ctx: &mut Ctx<'_>,
    kind: &str,
    type_params: &Value,
    billing: &Value,
    metadata: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut method = ctx.blank("payment_method");
    if let Some(number) = type_params["iban"].as_str() {
        let param = format!("{kind}[iban]");
        iban::check(number, "invalid_bank_account_iban", &param)?;
    }
    let iban = type_params["iban"].as_str().map(iban::normalize);
    let number = type_params["account_number"].as_str().or(iban.as_deref());
    let mut values = Map::new();
    values.insert("type".into(), kind.into());
    values.insert(kind.to_owned(), public_details(kind, type_params, number));
    values.insert("billing_details".into(), billing.clone());
    values.insert("metadata".into(), metadata.clone().into());
    ctx.apply("payment_method", &mut method, &values)?;
    method.insert("customer".into(), Value::Null);
    let method = Value::Object(method);
    ctx.insert("payment_method", &method);
    if let Some(number) = number {
        let account = DebitedBankAccount {
            number: number.to_owned(),
            verified: false,
        };
        ctx.save(method["id"].as_str().unwrap_or_default(), &account);
    }
    Ok(method)
}

/// The details that the API shows: never a whole account number.
fn public_details(kind: &str, type_params: &Value, number: Option<&str>) -> Value {
    let mut details = type_params.as_object().cloned().unwrap_or_default();
    details.remove("account_number");
    details.remove("iban");
    if let Some(number) = number {
        let last4 = number.len().checked_sub(4).and_then(|at| number.get(at..));
        details.insert("last4".into(), last4.unwrap_or(number).into());
        let digest = Sha256::digest(format!("{kind} {number}"));
        let short = digest
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let fingerprint = format!("{short:016x}");
        details.insert("fingerprint".into(), fingerprint.into());
    }
    match kind {
        "us_bank_account" => {
            details.insert("bank_name".into(), "STRIPE TEST BANK".into());
            details.entry("account_type").or_insert("checking".into());
        }
        "sepa_debit" => {
            let iban = number.unwrap_or_default();
            details.insert("country".into(), iban.get(..2).into());
            details.insert("bank_code".into(), iban.get(4..12).into());
            details.insert("branch_code".into(), "".into());
        }
        _ => {}
    }
    Value::Object(details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_numbers_are_not_shown() {
        let params = json!({"iban": "DE89370400440532013000"});
        let shown = public_details("sepa_debit", &params, Some("DE89370400440532013000"));
        assert_eq!(shown["last4"], "3000");
        assert_eq!(shown["country"], "DE");
        assert!(!shown.to_string().contains("DE89370400440532013000"));
    }
}
