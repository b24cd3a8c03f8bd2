//! The onboarding page: a person tells Stripe what an account still lacks, and goes back to the platform.
//!
//! `GET /_tollway/onboarding/{token}` shows one field for each requirement; `POST` with `decision=submit` takes what was filled in,
//! `decision=skip` fills everything with test data, `decision=later` takes nothing (the buttons `#submit`, `#skip`, `#later`). Each
//! leads to the link's `return_url`; a link that was opened before, or is too old, leads to its `refresh_url`.
//! By curl: `curl -i http://127.0.0.1:12111/_tollway/onboarding/… -d decision=skip`.

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
use crate::accounts::account_links::{self, Link};
use crate::accounts::{external_accounts, operations as accounts, persons, requirements};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::pages;
use crate::params::Params;
use crate::scope::{Mode, Scope};
use crate::world::World;

/// After it was opened, a link still takes its answers for this long, in seconds.
const PATIENCE: i64 = 3600;

/// What test data says, by the last part of a requirement's name or by the whole of it.
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
pub(crate) async fn show(State(engine): State<Arc<Engine>>, Path(token): Path<String>) -> Response {
    let Some((world, scope, link)) = find(&engine, &token) else {
        return unknown();
    };
    if link.opened || link.expires_at <= engine.clock().now() {
        return redirect(&link.refresh_url);
    }
    let opened = engine.transact_internal(&world, scope, |ctx| {
        let link = Link {
            opened: true,
            expires_at: ctx.now() + PATIENCE,
            ..link.clone()
        };
        account_links::put(ctx, &token, &link);
        let account = accounts::reachable(ctx, &link.account)?;
        Ok((page(ctx, &account, &link, None), link))
    });
    match opened {
        Ok((page, link)) => pages::respond(StatusCode::OK, &page, target(&link).as_ref()),
        Err(error) => pages::refused(&error),
    }
}

/// `POST /_tollway/onboarding/{token}`.
pub(crate) async fn submit(
    State(engine): State<Arc<Engine>>,
    Path(token): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let Some((world, scope, link)) = find(&engine, &token) else {
        return unknown();
    };
    if link.done || link.expires_at <= engine.clock().now() {
        return redirect(&link.refresh_url);
    }
    let skips = match form.get("decision").map(String::as_str) {
        Some("later") => {
            let told = engine.transact_internal(&world, scope, |ctx| {
                account_links::returned(ctx, &link);
                Ok(())
            });
            return told.map_or_else(
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
    let answered = engine.transact_internal(&world, scope, |ctx| {
        // Some answers raise new questions: after the kind of business, its people.
        for _ in 0..4 {
            let account = accounts::reachable(ctx, &link.account)?;
            let due = asked(ctx, &account, &link);
            let answers = answers(&due, &form, skips);
            if answers.is_empty() {
                break;
            }
            take(ctx, &account, &answers)?;
        }
        let account = accounts::reachable(ctx, &link.account)?;
        if !skips && !asked(ctx, &account, &link).is_empty() {
            let error = "Something is still missing.";
            return Ok(Some(page(ctx, &account, &link, Some(error))));
        }
        let link = Link {
            done: true,
            ..link.clone()
        };
        account_links::put(ctx, &token, &link);
        account_links::returned(ctx, &link);
        Ok(None)
    });
    match answered {
        Ok(None) => redirect(&link.return_url),
        Ok(Some(page)) => pages::respond(StatusCode::OK, &page, target(&link).as_ref()),
        Err(error) => pages::refused(&error),
    }
}

/// What the page of a link asks for.
fn asked(ctx: &Ctx<'_>, account: &Value, link: &Link) -> Vec<String> {
    if link.eventually {
        requirements::eventually_due(ctx, account)
    } else {
        requirements::due(ctx, account)
    }
}

/// What the form says about each requirement, or test data says.
fn answers(due: &[String], form: &BTreeMap<String, String>, skips: bool) -> Vec<(String, String)> {
    let answer = |path: &String| {
        let typed = form
            .get(path)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty());
        let given = typed.or_else(|| test_data(path).filter(|_| skips))?;
        Some((path.clone(), given.to_owned()))
    };
    due.iter().filter_map(answer).collect()
}

fn test_data(path: &str) -> Option<&'static str> {
    TEST_DATA
        .iter()
        .find(|(name, _)| path == *name || path.ends_with(&format!(".{name}")))
        .map(|(_, value)| *value)
}

/// Writes answers where they belong: into the account, or to the person who speaks for it.
fn take(ctx: &mut Ctx<'_>, account: &Value, answers: &[(String, String)]) -> Result<(), ApiError> {
    let id = account["id"].as_str().unwrap_or_default().to_owned();
    let mut changes = Map::new();
    let mut person = Map::new();
    for (path, text) in answers {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        if first == "representative" || first.starts_with("person_") {
            put(&mut person, rest, text);
        } else if path == "tos_acceptance.date" {
            put(&mut changes, path, &ctx.now().to_string());
            put(&mut changes, "tos_acceptance.ip", "127.0.0.1");
        } else if path != "external_account" {
            put(&mut changes, path, text);
        }
    }
    let mut after = account.as_object().cloned().unwrap_or_default();
    accounts::write(ctx, &mut after, &changes)?;
    let bank = answers.iter().find(|(path, _)| path == "external_account");
    if let Some((_, number)) = bank {
        let given = json!({"object": "bank_account", "account_number": number});
        let made = external_accounts::make(ctx, &after, &given)?;
        external_accounts::replace_default(&mut after, made);
    }
    accounts::keep(ctx, account, Value::Object(after))?;
    if person.is_empty() {
        return Ok(());
    }
    if let Some(before) = persons::representative(ctx, &id) {
        persons::change(ctx, &id, &before, &Params::new(Vec::new(), person))?;
    } else {
        person.insert("relationship".into(), json!({"representative": true}));
        persons::make(ctx, &id, &Params::new(Vec::new(), person))?;
    }
    Ok(())
}

/// Sets the value at a dotted path; numbers where the API has numbers.
fn put(target: &mut Map<String, Value>, path: &str, text: &str) {
    if let Some((first, rest)) = path.split_once('.') {
        let inner = target.entry(first).or_insert_with(|| json!({}));
        if let Value::Object(inner) = inner {
            put(inner, rest, text);
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

fn page(ctx: &Ctx<'_>, account: &Value, link: &Link, error: Option<&str>) -> OnboardingPage {
    let due = asked(ctx, account, link);
    let field = |path: &String| OnboardingField {
        id: path.replace('.', "-"),
        label: label(path),
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

/// A requirement in words: `individual.dob.day` is "Individual: dob day".
fn label(path: &str) -> String {
    match path {
        "tos_acceptance.date" => return "I accept the terms of service".to_owned(),
        "business_type" => return "Kind of business: individual, company or non_profit".to_owned(),
        "external_account" => return "Bank account number".to_owned(),
        _ => {}
    }
    let (who, what) = path.split_once('.').unwrap_or(("", path));
    let who = if who.starts_with("person_") {
        "representative"
    } else {
        who
    };
    format!("{who}: {what}").replace(['.', '_'], " ")
}

/// The link of a token, and whose it is.
fn find(engine: &Engine, token: &str) -> Option<(Arc<World>, Scope, Link)> {
    engine.worlds().all().into_iter().find_map(|world| {
        Mode::ALL.into_iter().find_map(|mode| {
            let scope = world.lock().platform_scope(mode);
            let link = engine
                .transact_internal(&world, scope.clone(), |ctx| {
                    Ok(account_links::get(ctx, token))
                })
                .ok()??;
            Some((Arc::clone(&world), scope, link))
        })
    })
}

fn target(link: &Link) -> Option<url::Url> {
    url::Url::parse(&link.return_url).ok()
}

fn redirect(url: &str) -> Response {
    let target = url::Url::parse(url).ok();
    pages::with_page_headers(Redirect::to(url).into_response(), target.as_ref())
}

fn unknown() -> Response {
    let text = "There is no such account link.";
    pages::message(StatusCode::NOT_FOUND, "Nothing was changed", text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_test_data_for_everything_that_is_asked() {
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
    fn answers_become_parameters() {
        let mut params = Map::new();
        put(&mut params, "dob.day", "1");
        put(&mut params, "dob.year", "1901");
        put(&mut params, "phone", "0000");
        assert_eq!(
            Value::Object(params),
            json!({"dob": {"day": 1, "year": 1901}, "phone": "0000"})
        );
    }
}
