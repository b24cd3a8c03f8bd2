//! `/_tollway/portal/{session}`: the subscriptions, the card and the invoices of a customer.
//!
//! `POST` with `decision`: `cancel` and `renew` with `subscription`, or `card` with `number`, `exp` and `cvc` (the buttons
//! `#cancel-sub_…`, `#renew-sub_…`, `#save-card`). The configuration of the session decides what the page offers. By curl:
//! `curl -i http://127.0.0.1:12111/_tollway/portal/bps_… -d decision=cancel -d subscription=sub_…`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde_json::{Map, Value, json};
use url::Url;

use crate::Engine;
use crate::billing::subscriptions::{lifecycle, update};
use crate::checkout::card::{EnteredCard, card_inputs};
use crate::ctx::Ctx;
use crate::currency::format;
use crate::customers::{self, default_method};
use crate::error::ApiError;
use crate::json::text;
use crate::located_object::{self, LocatedObject};
use crate::merchant_name::merchant_name;
use crate::pages::{self, Address};
use crate::params::Params;
use crate::payments::setup_intents;
use crate::portal::page_context::{PortalInvoice, PortalPage, PortalSubscription};
use crate::portal::sessions::{PORTAL_CONFIGURATION, PORTAL_SESSION};
use crate::store::Query as Wanted;

/// Seconds until a portal session expires.
const PORTAL_SESSION_SECONDS: i64 = 3600;

/// The greatest number of subscriptions and of invoices on the page.
const MAX_ROWS: usize = 50;

type PortalForm = BTreeMap<String, String>;

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/_tollway/portal/{session}", get(show).post(submit))
}

async fn show(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    Query(query): Query<PortalForm>,
) -> Response {
    let (world, scope, session) = match open_session(&engine, &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    let shown = engine.transact_internal(&world, scope, |ctx| {
        let mut error = None;
        // The authentication page returns here with the SetupIntent.
        if let Some(intent) = query.get("setup_intent") {
            error = apply_setup(ctx, &session, intent)?;
        }
        build_portal_page(ctx, &session, &PortalForm::new(), &PortalForm::new(), error)
    });
    match shown {
        Ok(page) => pages::respond(StatusCode::OK, &page, None),
        Err(error) => pages::refused(&error),
    }
}

async fn submit(
    State(engine): State<Arc<Engine>>,
    address: Address,
    Path(id): Path<String>,
    Form(form): Form<PortalForm>,
) -> Response {
    let (world, scope, session) = match open_session(&engine, &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    let here = format!("/_tollway/portal/{id}");
    let mut errors = PortalForm::new();
    let card = EnteredCard::read(&form, engine.clock().now(), &mut errors);
    let done = engine.transact_at(address.base(), &world, scope.clone(), |ctx| {
        let features = portal_features(ctx, &session);
        match form.get("decision").map(String::as_str) {
            Some("cancel") if features["subscription_cancel"]["enabled"] == true => {
                cancel_subscription(ctx, &session, &form, &features).map(|()| None)
            }
            Some("renew") if features["subscription_cancel"]["enabled"] == true => {
                let subscription = subscription_of_form(ctx, &session, &form)?;
                set_cancel_at_period_end(ctx, &subscription, false).map(|()| None)
            }
            Some("card") if features["payment_method_update"]["enabled"] == true => match &card {
                _ if !errors.is_empty() => Ok(None),
                None => Err(ApiError::invalid_param(
                    "number",
                    "Your card number is incomplete.",
                )),
                Some(card) => {
                    let page = format!("{}{here}", address.base());
                    set_up_card(ctx, &session, card, &page)
                }
            },
            other => Err(ApiError::invalid_request(format!(
                "The decision '{}' is none that this page offers.",
                other.unwrap_or_default()
            ))),
        }
    });
    let error = match done {
        Ok(Some(intent)) => {
            let to = format!("/_tollway/authenticate/{intent}");
            return pages::with_page_headers(Redirect::to(&to).into_response(), None);
        }
        Ok(None) if errors.is_empty() => return redirect_after_change(&session, &here, &form),
        Ok(None) => ApiError::invalid_request("Some answers are missing or not right."),
        Err(error) => error,
    };
    let message = error.get("message").unwrap_or_default().to_owned();
    if error.status == 402 || error.get("param") == Some("number") {
        errors.insert("number".to_owned(), message.clone());
    }
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let shown = engine.transact_internal(&world, scope, |ctx| {
        build_portal_page(ctx, &session, &form, &errors, Some(message))
    });
    match shown {
        Ok(page) => pages::respond(status, &page, None),
        Err(error) => pages::refused(&error),
    }
}

/// Redirects after a change: to the page, or to the return URL of the session's completed flow.
fn redirect_after_change(session: &Value, here: &str, form: &PortalForm) -> Response {
    let flow = &session["flow"];
    let about = match flow["type"].as_str() {
        Some("subscription_cancel") => "cancel",
        Some("payment_method_update") => "card",
        _ => "",
    };
    let after = &flow["after_completion"];
    let finished = form.get("decision").is_some_and(|done| done == about);
    let to = after["redirect"]["return_url"]
        .as_str()
        .filter(|_| finished && after["type"] == "redirect");
    let url = to.and_then(|to| Url::parse(to).ok());
    let to = url.as_ref().map_or(here, Url::as_str);
    pages::with_page_headers(Redirect::to(to).into_response(), url.as_ref())
}

/// The session of the page, unless it has expired.
fn open_session(engine: &Engine, id: &str) -> Result<LocatedObject, Box<Response>> {
    let found = located_object::open(engine, PORTAL_SESSION, "portal session", id)?;
    let created = found.2["created"].as_i64();
    if created.is_some_and(|at| engine.clock().now() < at + PORTAL_SESSION_SECONDS) {
        return Ok(found);
    }
    let text = "Open the portal again from where you came from.";
    let page = pages::message(StatusCode::GONE, "This page has expired", text, None);
    Err(Box::new(page))
}

fn portal_features(ctx: &Ctx<'_>, session: &Value) -> Value {
    let id = text(session, "configuration");
    ctx.get(PORTAL_CONFIGURATION, id)
        .map(|mut it| it["features"].take())
        .unwrap_or_default()
}

/// The subscription that the form names; it must be the customer's.
fn subscription_of_form(
    ctx: &Ctx<'_>,
    session: &Value,
    form: &PortalForm,
) -> Result<Value, ApiError> {
    let id = form.get("subscription").map_or("", String::as_str);
    ctx.get("subscription", id)
        .filter(|it| it["customer"] == session["customer"])
        .ok_or_else(|| ApiError::no_such("subscription", id, "subscription"))
}

fn cancel_subscription(
    ctx: &mut Ctx<'_>,
    session: &Value,
    form: &PortalForm,
    features: &Value,
) -> Result<(), ApiError> {
    let subscription = subscription_of_form(ctx, session, form)?;
    let how = &features["subscription_cancel"];
    if how["mode"] != "immediately" {
        return set_cancel_at_period_end(ctx, &subscription, true);
    }
    let prorates = how["proration_behavior"] != "none" && how["proration_behavior"].is_string();
    let mut change = Map::new();
    change.insert("prorate".into(), prorates.into());
    let invoice = how["proration_behavior"] == "always_invoice";
    change.insert("invoice_now".into(), invoice.into());
    lifecycle::cancel(ctx, &subscription_params(&subscription, change)).map(drop)
}

/// Sets `cancel_at_period_end` of a subscription.
fn set_cancel_at_period_end(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    ends: bool,
) -> Result<(), ApiError> {
    let mut change = Map::new();
    change.insert("cancel_at_period_end".into(), ends.into());
    update::update(ctx, &subscription_params(subscription, change)).map(drop)
}

fn subscription_params(subscription: &Value, change: Map<String, Value>) -> Params {
    let id = text(subscription, "id").to_owned();
    Params::new(vec![("subscription_exposed_id".to_owned(), id)], change)
}

/// Sets up a card for the customer. Returns the SetupIntent if it requires action.
fn set_up_card(
    ctx: &mut Ctx<'_>,
    session: &Value,
    card: &EnteredCard,
    page: &str,
) -> Result<Option<String>, ApiError> {
    let method = card.keep(ctx, &json!({}))?;
    let mut form = Map::new();
    form.insert("confirm".into(), true.into());
    form.insert("customer".into(), session["customer"].clone());
    form.insert("payment_method".into(), method.into());
    form.insert("return_url".into(), page.into());
    form.insert("usage".into(), "off_session".into());
    let intent = setup_intents::create(ctx, &Params::new(Vec::new(), form))?;
    let id = text(&intent, "id").to_owned();
    if intent["status"] == "requires_action" {
        return Ok(Some(id));
    }
    apply_setup(ctx, session, &id).map(|_| None)
}

/// Makes the card of a succeeded SetupIntent the default. Returns the error message of a failed one.
fn apply_setup(
    ctx: &mut Ctx<'_>,
    session: &Value,
    intent: &str,
) -> Result<Option<String>, ApiError> {
    let intent = ctx.get("setup_intent", intent);
    let Some(intent) = intent.filter(|it| it["customer"] == session["customer"]) else {
        return Ok(None);
    };
    if intent["status"] != "succeeded" {
        let message = intent["last_setup_error"]["message"].as_str();
        return Ok(message.map(str::to_owned));
    }
    let method = &intent["payment_method"];
    let customer = text(session, "customer");
    let mut change = Map::new();
    change.insert(
        "invoice_settings".into(),
        json!({"default_payment_method": method}),
    );
    let path = vec![("customer".to_owned(), customer.to_owned())];
    customers::update(ctx, &Params::new(path, change))?;
    for subscription in customer_subscriptions(ctx, customer) {
        let own = subscription["default_payment_method"].as_str();
        if own.is_some_and(|own| *method != *own) && subscription["ended_at"].is_null() {
            let mut change = Map::new();
            change.insert("default_payment_method".into(), method.clone());
            update::update(ctx, &subscription_params(&subscription, change))?;
        }
    }
    Ok(None)
}

fn customer_subscriptions(ctx: &Ctx<'_>, customer: &str) -> Vec<Value> {
    objects_of_customer(ctx, "subscription", customer)
}

/// The newest objects of a type that belong to a customer.
fn objects_of_customer(ctx: &Ctx<'_>, object_type: &str, customer: &str) -> Vec<Value> {
    let query = Wanted {
        limit: MAX_ROWS,
        filters: &[("customer", customer)],
        ..Wanted::default()
    };
    let page = ctx.world.store.list(&ctx.scope, object_type, &query);
    let records = page.map(|page| page.records).unwrap_or_default();
    records.iter().map(|record| record.parse()).collect()
}

fn build_portal_page(
    ctx: &Ctx<'_>,
    session: &Value,
    form: &PortalForm,
    errors: &PortalForm,
    error: Option<String>,
) -> Result<PortalPage, ApiError> {
    let customer = text(session, "customer");
    let object = ctx.required("customer", customer)?;
    let features = portal_features(ctx, session);
    let enabled = |name: &str| features[name]["enabled"] == true;
    let method = default_method(&object).and_then(|id| {
        let card = ctx
            .get("payment_method", id)
            .map(|mut it| it["card"].take());
        card.or_else(|| ctx.get("card", id))
    });
    let mut inputs = card_inputs();
    for input in &mut inputs {
        input.fill(form, errors);
    }
    let cancels = enabled("subscription_cancel");
    let now = features["subscription_cancel"]["mode"] == "immediately";
    let shown = customer_subscriptions(ctx, customer).into_iter();
    Ok(PortalPage {
        merchant: merchant_name(ctx.world, &ctx.scope),
        mode: ctx.scope.mode.as_str(),
        email: object["email"].as_str().map(str::to_owned),
        subscriptions: shown
            .filter(|it| it["status"] != "incomplete_expired")
            .map(|it| subscription_row(ctx, &it, cancels))
            .collect(),
        cancel_label: if now {
            "Cancel now"
        } else {
            "Cancel at the end of the period"
        },
        card: method.map(|card| {
            let number = |name: &str| card[name].as_i64().unwrap_or(0);
            format!(
                "{} ending in {}, until {:02}/{}",
                text(&card, "brand"),
                text(&card, "last4"),
                number("exp_month"),
                number("exp_year")
            )
        }),
        inputs: if enabled("payment_method_update") {
            inputs
        } else {
            Vec::new()
        },
        invoices: if enabled("invoice_history") {
            let all = objects_of_customer(ctx, "invoice", customer).into_iter();
            all.filter(|it| it["status"] != "draft")
                .map(|it| invoice_row(&it))
                .collect()
        } else {
            Vec::new()
        },
        return_url: session["return_url"].as_str().map(str::to_owned),
        error,
    })
}

fn subscription_row(ctx: &Ctx<'_>, subscription: &Value, cancels: bool) -> PortalSubscription {
    let items = subscription["items"]["data"].as_array();
    let name = |item: &Value| {
        let price = &item["price"];
        let product = ctx.get("product", text(price, "product"));
        let name = product.and_then(|it| it["name"].as_str().map(str::to_owned));
        let unit = format(
            price["unit_amount"].as_i64().unwrap_or(0),
            text(price, "currency"),
        );
        format!(
            "{} × {}, {unit} every {}",
            item["quantity"].as_i64().unwrap_or(1),
            name.unwrap_or_else(|| "Subscription".to_owned()),
            text(&price["recurring"], "interval")
        )
    };
    let status = text(subscription, "status");
    let lives = matches!(status, "active" | "trialing" | "past_due" | "unpaid");
    let day = |value: &Value| value.as_i64().map(pages::day).unwrap_or_default();
    let end = &subscription["items"]["data"][0]["current_period_end"];
    let leaving = lives && subscription["cancel_at"].is_i64();
    PortalSubscription {
        id: text(subscription, "id").to_owned(),
        items: items.into_iter().flatten().map(name).collect(),
        status: status.replace('_', " "),
        until: match (lives, leaving) {
            (true, true) => format!("Ends on {}.", day(&subscription["cancel_at"])),
            (true, false) if status == "trialing" => {
                format!("The trial ends on {}.", day(&subscription["trial_end"]))
            }
            (true, false) => format!("Renews on {}.", day(end)),
            (false, _) if subscription["ended_at"].is_i64() => {
                format!("Ended on {}.", day(&subscription["ended_at"]))
            }
            (false, _) => String::new(),
        },
        may_cancel: cancels && lives && !leaving,
        may_renew: cancels && leaving,
    }
}

fn invoice_row(invoice: &Value) -> PortalInvoice {
    PortalInvoice {
        day: pages::day(invoice["created"].as_i64().unwrap_or(0)),
        number: invoice["number"].as_str().unwrap_or("draft").to_owned(),
        href: format!("/_tollway/invoices/{}", text(invoice, "id")),
        amount: format(
            invoice["total"].as_i64().unwrap_or(0),
            text(invoice, "currency"),
        ),
        status: text(invoice, "status").to_owned(),
    }
}
