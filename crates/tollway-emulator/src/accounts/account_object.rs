//! `account` objects: of sellers who connected by OAuth, of the platform itself, and blank ones for new accounts.

use serde_json::{Map, Value, json};

use crate::accounts::countries::currency_of_country;
use crate::accounts::sellers::Seller;
use crate::ctx::Ctx;
use crate::generic::GenericCtx as _;

/// The account of a seller who connected by OAuth: complete, with charges and payouts enabled.
pub(super) fn account_of_seller(ctx: &mut Ctx<'_>, seller: &Seller) -> Value {
    let mut account = blank_account(ctx, &seller.account, &seller.country);
    account.insert("type".into(), seller.kind.as_str().into());
    account.insert("email".into(), seller.email.as_str().into());
    account.insert("created".into(), seller.created.into());
    if let Some(currency) = seller.profile.get("currency") {
        account.insert("default_currency".into(), currency.as_str().into());
    }
    account.insert(
        "business_type".into(),
        business_type(seller.profile.get("business_type").map(String::as_str)),
    );
    account["business_profile"]["name"] = seller.business_name.as_deref().into();
    account["business_profile"]["url"] = seller.profile.get("url").map(String::as_str).into();
    account["business_profile"]["product_description"] = seller
        .profile
        .get("product_description")
        .map(String::as_str)
        .into();
    account["settings"]["dashboard"]["display_name"] = seller.label().into();
    let capabilities = seller.first_capabilities();
    let capabilities = capabilities
        .into_iter()
        .map(|name| (name.to_owned(), "active".into()));
    account.insert("capabilities".into(), Value::Object(capabilities.collect()));
    account.insert("controller".into(), json!({"type": "account"}));
    if seller.kind == "express" {
        account.insert("individual".into(), individual_of_seller(ctx, seller));
    } else {
        let phone = seller.profile.get("phone_number");
        account["business_profile"]["support_phone"] = phone.map(String::as_str).into();
    }
    enable(&mut account);
    Value::Object(account)
}

/// The `individual` of an Express account. Platforms do not see that of a Standard account.
fn individual_of_seller(ctx: &mut Ctx<'_>, seller: &Seller) -> Value {
    let mut person = Value::Object(ctx.blank("person"));
    person["account"] = seller.account.as_str().into();
    person["created"] = seller.created.into();
    person["email"] = seller.email.as_str().into();
    for (name, member) in [
        ("first_name", "first_name"),
        ("first_name_kana", "first_name_kana"),
        ("first_name_kanji", "first_name_kanji"),
        ("gender", "gender"),
        ("last_name", "last_name"),
        ("last_name_kana", "last_name_kana"),
        ("last_name_kanji", "last_name_kanji"),
        ("phone", "phone_number"),
    ] {
        if let Some(value) = seller.profile.get(member) {
            person[name] = value.as_str().into();
        }
    }
    let dob = |name: &str| {
        seller
            .profile
            .get(name)
            .and_then(|text| text.parse::<i64>().ok())
    };
    if let (Some(day), Some(month), Some(year)) =
        (dob("dob_day"), dob("dob_month"), dob("dob_year"))
    {
        person["dob"] = json!({"day": day, "month": month, "year": year});
    }
    person
}

/// The API's `business_type` for the value that OAuth has for it, such as `sole_prop`.
fn business_type(word: Option<&str>) -> Value {
    match word {
        Some("sole_prop" | "individual") => "individual".into(),
        Some("corporation" | "partnership" | "llc" | "company") => "company".into(),
        Some("non_profit") => "non_profit".into(),
        _ => Value::Null,
    }
}

/// The platform's own account.
pub(super) fn account_of_platform(ctx: &mut Ctx<'_>) -> Value {
    let platform = ctx.world.platform.clone();
    let mut account = blank_account(ctx, &platform.account, &platform.country);
    account.insert("type".into(), "standard".into());
    account.insert("email".into(), platform.email.into());
    account.insert("default_currency".into(), platform.default_currency.into());
    account.insert("created".into(), 0.into());
    account["business_profile"]["name"] = platform.business_name.as_str().into();
    account["settings"]["dashboard"]["display_name"] = platform.business_name.into();
    account.insert(
        "capabilities".into(),
        json!({"card_payments": "active", "transfers": "active"}),
    );
    account.remove("controller");
    enable(&mut account);
    Value::Object(account)
}

/// An account with every member and no values but its id, country and currency.
pub(super) fn blank_account(ctx: &mut Ctx<'_>, id: &str, country: &str) -> Map<String, Value> {
    let country = country.to_ascii_uppercase();
    let mut account = ctx.blank("account");
    account.remove("livemode");
    let members = json!({
        "id": id,
        "business_profile": {
            "mcc": null, "minority_owned_business_designation": null, "name": null, "product_description": null,
            "specified_commercial_transactions_act_url": null,
            "support_address": null, "support_email": null, "support_phone": null, "support_url": null, "url": null,
        },
        "business_type": null,
        "country": country,
        "created": ctx.now(),
        "default_currency": currency_of_country(&country),
        "email": null,
        "external_accounts": {
            "object": "list", "data": [], "has_more": false, "total_count": 0,
            "url": format!("/v1/accounts/{id}/external_accounts"),
        },
        "future_requirements": empty_requirements(),
        "metadata": {},
        "requirements": empty_requirements(),
        "settings": {
            "bacs_debit_payments": {"display_name": null, "service_user_number": null},
            "branding": {"icon": null, "logo": null, "primary_color": null, "secondary_color": null},
            "card_issuing": {"tos_acceptance": {"date": null, "ip": null}},
            "card_payments": {
                "decline_on": {"avs_failure": false, "cvc_failure": false}, "statement_descriptor_prefix": null,
                "statement_descriptor_prefix_kana": null, "statement_descriptor_prefix_kanji": null,
            },
            "dashboard": {"display_name": null, "timezone": "Etc/UTC"},
            "invoices": {"default_account_tax_ids": null, "hosted_payment_method_save": "offer"},
            "payments": {
                "statement_descriptor": null, "statement_descriptor_kana": null, "statement_descriptor_kanji": null,
                "statement_descriptor_prefix_kana": null, "statement_descriptor_prefix_kanji": null,
            },
            "payouts": {
                "debit_negative_balances": true, "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": null,
            },
            "sepa_debit_payments": {},
        },
        "tos_acceptance": {"date": null, "ip": null, "user_agent": null},
    });
    if let Value::Object(members) = members {
        account.extend(members);
    }
    account
}

fn empty_requirements() -> Value {
    json!({
        "alternatives": [], "current_deadline": null, "currently_due": [], "disabled_reason": null, "errors": [],
        "eventually_due": [], "past_due": [], "pending_verification": [],
    })
}

/// Enables charges and payouts.
fn enable(account: &mut Map<String, Value>) {
    for name in ["charges_enabled", "payouts_enabled", "details_submitted"] {
        account.insert(name.into(), true.into());
    }
}

/// The `controller` of an account of this type; the members that the request sets replace the defaults.
pub(super) fn controller_of(kind: &str, requested: Option<&Map<String, Value>>) -> Value {
    let (fees, losses, collection, dashboard) = match kind {
        "custom" => ("application_custom", "application", "application", "none"),
        "express" => ("application_express", "application", "stripe", "express"),
        _ => ("account", "stripe", "stripe", "full"),
    };
    let mut controller = json!({
        "type": "application",
        "is_controller": true,
        "fees": {"payer": fees},
        "losses": {"payments": losses},
        "requirement_collection": collection,
        "stripe_dashboard": {"type": dashboard},
    });
    for (name, value) in requested.into_iter().flatten() {
        controller[name] = value.clone();
    }
    controller
}

/// A Custom account without any information about its owner.
pub(crate) fn blank_custom_account(ctx: &mut Ctx<'_>, id: &str) -> Value {
    let country = ctx.world.platform.country.clone();
    let mut account = blank_account(ctx, id, &country);
    account.insert("type".into(), "custom".into());
    account.insert("controller".into(), controller_of("custom", None));
    account.insert("capabilities".into(), json!({}));
    Value::Object(account)
}
