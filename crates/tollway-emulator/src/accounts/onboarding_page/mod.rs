//! The onboarding page: the owner of an account fills in what Stripe requires, and returns to the platform.
//!
//! `GET /_tollway/onboarding/{token}` shows one field for each requirement. `POST` with `decision=submit` stores the fields,
//! `decision=skip` fills every field with test data, `decision=later` stores nothing (the buttons `#submit`, `#skip`, `#later`). Each
//! redirects to the link's `return_url`; a link that was opened before or has expired redirects to its `refresh_url`.
//! With curl: `curl -i http://127.0.0.1:12111/_tollway/onboarding/… -d decision=skip`.

mod context;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use self::context::{OnboardingField, OnboardingPage};
use crate::Engine;
use crate::accounts::access::reachable_account;
use crate::accounts::account_changes::{save_account, write_members};
use crate::accounts::account_links::{self, AccountLink};
use crate::accounts::external_account_object::{new_external_account, replace_default};
use crate::accounts::person_record::representative;
use crate::accounts::persons::{change_person, create_person};
use crate::accounts::requirements;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::pages;
use crate::params::Params;
use crate::scope::{Mode, Scope};
use crate::world::World;

/// An opened link accepts its form for one hour.
const OPENED_LINK_LIFETIME_SECONDS: i64 = 3600;

/// Test data by requirement: by its whole name, or by the end of it.
const TEST_DATA: &[(&str, &str)] = &[
    ("address.city", "San Francisco"),
    ("address.line1", "address_full_match"),
    ("address.postal_code", "94103"),
    ("business_profile.mcc", "5734"),
    ("business_profile.url", "https://shop.example"),
    ("business_type", "individual"),
    ("company.name", "Test Company"),
    ("dob.day", "1"),
    ("dob.month", "1"),
    ("dob.year", "1901"),
    ("email", "jenny@shop.example"),
    ("external_account", "000123456789"),
    ("first_name", "Jenny"),
    ("id_number", "000000000"),
    ("last_name", "Rosen"),
    ("phone", "0000000000"),
    ("ssn_last_4", "0000"),
    ("tax_id", "000000000"),
    ("tos_acceptance.date", "yes"),
    ("tos_acceptance.ip", "127.0.0.1"),
];

/// `GET /_tollway/onboarding/{token}`.
pub(super) async fn show(State(engine): State<Arc<Engine>>, Path(token): Path<String>) -> Response {
    let (world, scope, link) = match find_link(&engine, &token) {
        Ok(Some(found)) => found,
        Ok(None) => return unknown_link(),
        Err(error) => return pages::refused(&error),
    };
    if link.opened || link.expires_at <= engine.clock().now() {
        return redirect(&link.refresh_url);
    }
    let opened = engine.transact_internal(&world, scope, |ctx| {
        let link = AccountLink {
            opened: true,
            expires_at: ctx.now() + OPENED_LINK_LIFETIME_SECONDS,
            ..link.clone()
        };
        account_links::save_link(ctx, &token, &link);
        let account = reachable_account(ctx, &link.account)?;
        Ok((onboarding_page(ctx, &account, &link, None), link))
    });
    match opened {
        Ok((page, link)) => pages::respond(StatusCode::OK, &page, target(&link).as_ref()),
        Err(error) => pages::refused(&error),
    }
}

/// `POST /_tollway/onboarding/{token}`.
pub(super) async fn submit(
    State(engine): State<Arc<Engine>>,
    Path(token): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let (world, scope, link) = match find_link(&engine, &token) {
        Ok(Some(found)) => found,
        Ok(None) => return unknown_link(),
        Err(error) => return pages::refused(&error),
    };
    if link.done || link.expires_at <= engine.clock().now() {
        return redirect(&link.refresh_url);
    }
    let skips = match form.get("decision").map(String::as_str) {
        Some("later") => {
            let left = engine.transact_internal(&world, scope, |ctx| {
                account_links::emit_link_returned(ctx, &link);
                Ok(())
            });
            return left.map_or_else(
                |error| pages::refused(&error),
                |()| redirect(&link.return_url),
            );
        }
        Some("skip") => true,
        Some("submit") | None => false,
        Some(other) => {
            let error = ApiError::invalid_request(format!(
                "The decision '{other}' is none of submit, skip and later."
            ));
            return pages::refused(&error);
        }
    };
    let submitted = engine.transact_internal(&world, scope, |ctx| {
        // Some fields add requirements: the business type adds those of its persons.
        for _ in 0..4 {
            let account = reachable_account(ctx, &link.account)?;
            let due = required_fields(ctx, &account, &link);
            let values = field_values(&due, &form, skips);
            if values.is_empty() {
                break;
            }
            apply_values(ctx, &account, &values)?;
        }
        let account = reachable_account(ctx, &link.account)?;
        if !skips && !required_fields(ctx, &account, &link).is_empty() {
            let error = "Something is still missing.";
            return Ok(Some(onboarding_page(ctx, &account, &link, Some(error))));
        }
        let link = AccountLink {
            done: true,
            ..link.clone()
        };
        account_links::save_link(ctx, &token, &link);
        account_links::emit_link_returned(ctx, &link);
        Ok(None)
    });
    match submitted {
        Ok(None) => redirect(&link.return_url),
        Ok(Some(page)) => pages::respond(StatusCode::OK, &page, target(&link).as_ref()),
        Err(error) => pages::refused(&error),
    }
}

/// The requirements that a link collects.
fn required_fields(ctx: &Ctx<'_>, account: &Value, link: &AccountLink) -> Vec<String> {
    if link.eventually {
        requirements::eventually_due(ctx, account)
    } else {
        requirements::currently_due(ctx, account)
    }
}

/// The value of each requirement: from the form, else test data if the form was skipped.
fn field_values(
    due: &[String],
    form: &BTreeMap<String, String>,
    skips: bool,
) -> Vec<(String, String)> {
    let value_of = |path: &String| {
        let submitted = form
            .get(path)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty());
        let value = submitted.or_else(|| test_data(path).filter(|_| skips))?;
        Some((path.clone(), value.to_owned()))
    };
    due.iter().filter_map(value_of).collect()
}

fn test_data(path: &str) -> Option<&'static str> {
    TEST_DATA
        .iter()
        .find(|(name, _)| path == *name || path.ends_with(&format!(".{name}")))
        .map(|(_, value)| *value)
}

/// Writes the values into the account and its representative.
fn apply_values(
    ctx: &mut Ctx<'_>,
    account: &Value,
    values: &[(String, String)],
) -> Result<(), ApiError> {
    let id = account["id"].as_str().unwrap_or_default().to_owned();
    let mut changes = Map::new();
    let mut person = Map::new();
    for (path, text) in values {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        if first == "representative" || first.starts_with("person_") {
            set_path(&mut person, rest, text);
        } else if path == "tos_acceptance.date" {
            set_path(&mut changes, path, &ctx.now().to_string());
            set_path(&mut changes, "tos_acceptance.ip", "127.0.0.1");
        } else if path != "external_account" {
            set_path(&mut changes, path, text);
        }
    }
    let mut after = account.as_object().cloned().unwrap_or_default();
    write_members(ctx, &mut after, &changes)?;
    let bank = values.iter().find(|(path, _)| path == "external_account");
    if let Some((_, number)) = bank {
        let spec = json!({"object": "bank_account", "account_number": number});
        let external_account = new_external_account(ctx, &after, &spec)?;
        replace_default(&mut after, external_account);
    }
    save_account(ctx, account, Value::Object(after))?;
    if person.is_empty() {
        return Ok(());
    }
    if let Some(before) = representative(ctx, &id) {
        change_person(ctx, &id, &before, &Params::new(Vec::new(), person))?;
    } else {
        person.insert("relationship".into(), json!({"representative": true}));
        create_person(ctx, &id, &Params::new(Vec::new(), person))?;
    }
    Ok(())
}

/// Sets the value at a dotted path, as a number where the API has a number.
fn set_path(target: &mut Map<String, Value>, path: &str, text: &str) {
    if let Some((first, rest)) = path.split_once('.') {
        let inner = target.entry(first).or_insert_with(|| json!({}));
        if let Value::Object(inner) = inner {
            set_path(inner, rest, text);
        }
        return;
    }
    let number = matches!(path, "day" | "month" | "year" | "date");
    let value = match text.parse::<i64>() {
        Ok(value) if number => value.into(),
        _ => text.into(),
    };
    target.insert(path.to_owned(), value);
}

/// The page with the requirements of an account.
fn onboarding_page(
    ctx: &Ctx<'_>,
    account: &Value,
    link: &AccountLink,
    error: Option<&str>,
) -> OnboardingPage {
    let due = required_fields(ctx, account, link);
    let field = |path: &String| OnboardingField {
        id: path.replace('.', "-"),
        label: field_label(path),
        r#type: if path == "tos_acceptance.date" {
            "checkbox"
        } else {
            "text"
        },
        name: path.clone(),
    };
    OnboardingPage {
        platform: ctx.world.platform.business_name.clone(),
        account: account["id"].as_str().unwrap_or_default().to_owned(),
        mode: ctx.scope.mode.as_str(),
        fields: due
            .iter()
            .filter(|path| *path != "tos_acceptance.ip")
            .map(field)
            .collect(),
        error: error.map(str::to_owned),
    }
}

/// A requirement in words: `individual.dob.day` is `individual: dob day`.
fn field_label(path: &str) -> String {
    match path {
        "tos_acceptance.date" => return "I accept the terms of service".to_owned(),
        "business_type" => return "Kind of business: individual, company or non_profit".to_owned(),
        "external_account" => return "Bank account number".to_owned(),
        _ => {}
    }
    let (owner, field) = path.split_once('.').unwrap_or(("", path));
    let owner = if owner.starts_with("person_") {
        "representative"
    } else {
        owner
    };
    format!("{owner}: {field}").replace(['.', '_'], " ")
}

/// The link of a token, with its world and scope.
fn find_link(
    engine: &Engine,
    token: &str,
) -> Result<Option<(Arc<World>, Scope, AccountLink)>, ApiError> {
    for world in engine.worlds().all() {
        for mode in Mode::ALL {
            let scope = world.lock().platform_scope(mode);
            let link = engine.transact_internal(&world, scope.clone(), |ctx| {
                account_links::load_link(ctx, token)
            })?;
            if let Some(link) = link {
                return Ok(Some((world, scope, link)));
            }
        }
    }
    Ok(None)
}

/// The platform's site, which the form may redirect to.
fn target(link: &AccountLink) -> Option<url::Url> {
    url::Url::parse(&link.return_url).ok()
}

fn redirect(url: &str) -> Response {
    let target = url::Url::parse(url).ok();
    pages::with_page_headers(Redirect::to(url).into_response(), target.as_ref())
}

fn unknown_link() -> Response {
    let text = "There is no such account link.";
    pages::message(StatusCode::NOT_FOUND, "Nothing was changed", text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_has_test_data() {
        for path in [
            "individual.dob.day",
            "company.address.line1",
            "representative.ssn_last_4",
            "company.tax_id",
            "company.name",
            "person_1.first_name",
            "business_profile.mcc",
            "external_account",
        ] {
            assert!(test_data(path).is_some(), "{path}");
        }
        assert_eq!(test_data("unheard_of"), None);
    }

    #[test]
    fn set_path_nests_values_and_parses_numbers() {
        let mut params = Map::new();
        set_path(&mut params, "dob.day", "1");
        set_path(&mut params, "dob.year", "1901");
        set_path(&mut params, "phone", "0000");
        assert_eq!(
            Value::Object(params),
            json!({"dob": {"day": 1, "year": 1901}, "phone": "0000"})
        );
    }
}
