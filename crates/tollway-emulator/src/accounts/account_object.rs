//! `account` objects: of sellers that came by OAuth, of the platform itself, and empty ones to be filled in.

use serde_json::{Map, Value, json};

use crate::accounts::country_specs::currency_of;
use crate::accounts::sellers::Seller;
use crate::ctx::Ctx;
use crate::generic::GenericCtx as _;

/// The account of a seller that came by OAuth: complete, and able to be charged and paid out.
pub(crate) fn of_seller(ctx: &mut Ctx<'_>, seller: &Seller) -> Value {
    let mut account = bare(ctx, &seller.account, &seller.country);
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
        account.insert("individual".into(), individual(ctx, seller));
    } else {
        let phone = seller.profile.get("phone_number");
        account["business_profile"]["support_phone"] = phone.map(String::as_str).into();
    }
    ready(&mut account);
    Value::Object(account)
}

/// What an Express platform sees of the person; owners of Standard accounts keep that to themselves.
fn individual(ctx: &mut Ctx<'_>, seller: &Seller) -> Value {
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

/// The API's word for what OAuth calls a sole proprietorship, a corporation and so on.
fn business_type(word: Option<&str>) -> Value {
    match word {
        Some("sole_prop" | "individual") => "individual".into(),
        Some("corporation" | "partnership" | "llc" | "company") => "company".into(),
        Some("non_profit") => "non_profit".into(),
        _ => Value::Null,
    }
}

/// The platform's own account.
pub(super) fn of_platform(ctx: &mut Ctx<'_>) -> Value {
    let platform = ctx.world.platform.clone();
    let mut account = bare(ctx, &platform.account, &platform.country);
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
    ready(&mut account);
    Value::Object(account)
}

/// An account with every member in its place and nothing known but its country.
pub(super) fn bare(ctx: &mut Ctx<'_>, id: &str, country: &str) -> Map<String, Value> {
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
        "default_currency": currency_of(&country),
        "email": null,
        "external_accounts": {
            "object": "list", "data": [], "has_more": false, "total_count": 0,
            "url": format!("/v1/accounts/{id}/external_accounts"),
        },
        "future_requirements": no_requirements(),
        "metadata": {},
        "requirements": no_requirements(),
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

fn no_requirements() -> Value {
    json!({
        "alternatives": [], "current_deadline": null, "currently_due": [], "disabled_reason": null, "errors": [],
        "eventually_due": [], "past_due": [], "pending_verification": [],
    })
}

pub(super) fn ready(account: &mut Map<String, Value>) {
    for name in ["charges_enabled", "payouts_enabled", "details_submitted"] {
        account.insert(name.into(), true.into());
    }
}
