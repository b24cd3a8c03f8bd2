//! Payment methods of cards that are presented to a reader.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::payment_methods::cards::Card;
use crate::payment_methods::instrument::{PRESENT, expiry, store_card};
use crate::world::PrivateRecord;

/// The reader to which a card was presented.
#[derive(Debug, Serialize, Deserialize)]
struct PresentedAt {
    reader: String,
    location: Option<String>,
}

impl PrivateRecord for PresentedAt {
    const TYPE: &'static str = "_presented";
}

/// Creates the payment method of a test card that is presented to `reader`.
pub(crate) fn create_presented_method(
    ctx: &mut Ctx<'_>,
    card: &Card,
    reader: &Value,
) -> Result<Value, ApiError> {
    let mut method = ctx.blank("payment_method");
    let (exp_month, exp_year) = expiry(ctx, card);
    let details = json!({
        "brand": card.brand,
        "brand_product": null,
        "cardholder_name": null,
        "country": card.country,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": card.fingerprint(),
        "funding": card.funding,
        "last4": card.last4(),
        "networks": {"available": card.networks(), "preferred": null},
        "offline": null,
        "preferred_locales": null,
        "read_method": "contactless_emv",
    });
    method.insert("type".into(), PRESENT.into());
    method.insert(PRESENT.into(), details);
    method.insert(
        "billing_details".into(),
        json!({
            "address": {"city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null},
            "email": null, "name": null, "phone": null, "tax_id": null,
        }),
    );
    method.insert("customer".into(), Value::Null);
    method.insert("metadata".into(), Map::new().into());
    let method = Value::Object(method);
    ctx.insert("payment_method", &method);
    let id = method["id"].as_str().unwrap_or_default();
    store_card(ctx, id, card)?;
    let presented_at = PresentedAt {
        reader: reader["id"].as_str().unwrap_or_default().to_owned(),
        location: reader["location"].as_str().map(str::to_owned),
    };
    ctx.save(id, &presented_at);
    Ok(method)
}

/// `payment_method_details[card_present]` of a charge; none if the payment method was not presented to a reader.
pub(super) fn details(ctx: &Ctx<'_>, method: &Value) -> Result<Option<Value>, ApiError> {
    let Some(mut details) = method[PRESENT].as_object().cloned() else {
        return Ok(None);
    };
    let id = method["id"].as_str().unwrap_or_default();
    let Some(presented_at) = ctx.load::<PresentedAt>(id)? else {
        return Ok(None);
    };
    let network = details.remove("networks");
    let more = json!({
        "amount_authorized": null,
        "emv_auth_data": null,
        "generated_card": null,
        "incremental_authorization_supported": false,
        "network": network.and_then(|it| it["available"].get(0).cloned()),
        "network_transaction_id": null,
        "overcapture_supported": false,
        "reader": presented_at.reader,
        "receipt": {
            "account_type": details["funding"].as_str().map_or("unknown", |it| if it == "debit" { "checking" } else { it }),
            "application_cryptogram": "D9C4F8A1E27B6035",
            "application_preferred_name": "Stripe Credit",
            "authorization_code": "123456",
            "authorization_response_code": "3030",
            "cardholder_verification_method": "approval",
            "dedicated_file_name": "A000000003101001",
            "terminal_verification_results": "0000000000",
            "transaction_status_information": "0000",
        },
    });
    details.extend(more.as_object().cloned().unwrap_or_default());
    if let Some(location) = presented_at.location {
        details.insert("location".into(), location.into());
    }
    Ok(Some(details.into()))
}
