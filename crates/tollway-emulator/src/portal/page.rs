//! `/_tollway/portal/{session}`: subscriptions, card and invoices of a customer.
//!
//! `POST` with `decision`: `cancel` and `renew` with `subscription`, or `card` with `number`, `exp` and `cvc` (the buttons
//! `#cancel-sub_…`, `#renew-sub_…`, `#save-card`). What is offered is what the session's configuration enables. By curl:
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
use crate::portal::{CONFIGURATION, SESSION};
use crate::store::Query as Wanted;

/// How long a session lasts, in seconds.
const LIFETIME: i64 = 3600;
/// Subscriptions and invoices on the page.
const SHOWN: usize = 50;

type Texts = BTreeMap<String, String>;

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/_tollway/portal/{session}", get(show).post(act))
}

async fn show(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    Query(query): Query<Texts>,
) -> Response {
    let (world, scope, session) = match open(&engine, &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    let shown = engine.transact_internal(&world, scope, |ctx| {
        let mut error = None;
        // Back from the bank, after a card was to be kept.
        if let Some(intent) = query.get("setup_intent") {
            error = settle(ctx, &session, intent)?;
        }
        page(ctx, &session, &Texts::new(), &Texts::new(), error)
    });
    match shown {
        Ok(page) => pages::respond(StatusCode::OK, &page, None),
        Err(error) => pages::refused(&error),
    }
}

async fn act(
    State(engine): State<Arc<Engine>>,
    address: Address,
    Path(id): Path<String>,
    Form(form): Form<Texts>,
) -> Response {
    let (world, scope, session) = match open(&engine, &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    let here = format!("/_tollway/portal/{id}");
    let mut errors = Texts::new();
    let card = EnteredCard::read(&form, engine.clock().now(), &mut errors);
    let done = engine.transact_at(address.base(), &world, scope.clone(), |ctx| {
        let features = features(ctx, &session);
        match form.get("decision").map(String::as_str) {
            Some("cancel") if features["subscription_cancel"]["enabled"] == true => {
                cancel(ctx, &session, &form, &features).map(|()| None)
            }
            Some("renew") if features["subscription_cancel"]["enabled"] == true => {
                let subscription = subscription(ctx, &session, &form)?;
                wish(ctx, &subscription, false).map(|()| None)
            }
            Some("card") if features["payment_method_update"]["enabled"] == true => match &card {
                _ if !errors.is_empty() => Ok(None),
                None => Err(ApiError::invalid_param(
                    "number",
                    "Your card number is incomplete.",
                )),
                Some(card) => {
                    let page = format!("{}{here}", address.base());
                    keep_card(ctx, &session, card, &page)
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
        Ok(None) if errors.is_empty() => return leave(&session, &here, &form),
        Ok(None) => ApiError::invalid_request("Some answers are missing or not right."),
        Err(error) => error,
    };
    let said = error.get("message").unwrap_or_default().to_owned();
    if error.status == 402 || error.get("param") == Some("number") {
        errors.insert("number".to_owned(), said.clone());
    }
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let shown = engine.transact_internal(&world, scope, |ctx| {
        page(ctx, &session, &form, &errors, Some(said))
    });
    match shown {
        Ok(page) => pages::respond(status, &page, None),
        Err(error) => pages::refused(&error),
    }
}

/// After a change: the page again, or where the session's flow leads once it is done.
fn leave(session: &Value, here: &str, form: &Texts) -> Response {
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

/// The session of the page, while it lasts.
fn open(engine: &Engine, id: &str) -> Result<LocatedObject, Box<Response>> {
    let found = located_object::open(engine, SESSION, "portal session", id)?;
    let created = found.2["created"].as_i64();
    if created.is_some_and(|at| engine.clock().now() < at + LIFETIME) {
        return Ok(found);
    }
    let text = "Open the portal again from where you came from.";
    let page = pages::message(StatusCode::GONE, "This page has expired", text, None);
    Err(Box::new(page))
}

fn features(ctx: &Ctx<'_>, session: &Value) -> Value {
    let id = text(session, "configuration");
    ctx.get(CONFIGURATION, id)
        .map(|mut it| it["features"].take())
        .unwrap_or_default()
}

/// The subscription that the form names, if it is the customer's.
fn subscription(ctx: &Ctx<'_>, session: &Value, form: &Texts) -> Result<Value, ApiError> {
    let id = form.get("subscription").map_or("", String::as_str);
    ctx.get("subscription", id)
        .filter(|it| it["customer"] == session["customer"])
        .ok_or_else(|| ApiError::no_such("subscription", id, "subscription"))
}

fn cancel(
    ctx: &mut Ctx<'_>,
    session: &Value,
    form: &Texts,
    features: &Value,
) -> Result<(), ApiError> {
    let subscription = subscription(ctx, session, form)?;
    let how = &features["subscription_cancel"];
    if how["mode"] != "immediately" {
        return wish(ctx, &subscription, true);
    }
    let prorates = how["proration_behavior"] != "none" && how["proration_behavior"].is_string();
    let mut change = Map::new();
    change.insert("prorate".into(), prorates.into());
    let invoice = how["proration_behavior"] == "always_invoice";
    change.insert("invoice_now".into(), invoice.into());
    lifecycle::cancel(ctx, &params_for(&subscription, change)).map(drop)
}

/// Has a subscription end with its period, or go on.
fn wish(ctx: &mut Ctx<'_>, subscription: &Value, ends: bool) -> Result<(), ApiError> {
    let mut change = Map::new();
    change.insert("cancel_at_period_end".into(), ends.into());
    update::update(ctx, &params_for(subscription, change)).map(drop)
}

fn params_for(subscription: &Value, change: Map<String, Value>) -> Params {
    let id = text(subscription, "id").to_owned();
    Params::new(vec![("subscription_exposed_id".to_owned(), id)], change)
}

/// Sets a card up for the customer; the SetupIntent if the bank asks first.
fn keep_card(
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
    settle(ctx, session, &id).map(|_| None)
}

/// The card of a SetupIntent that went through becomes what the customer pays with; or why it did not go through.
fn settle(ctx: &mut Ctx<'_>, session: &Value, intent: &str) -> Result<Option<String>, ApiError> {
    let intent = ctx.get("setup_intent", intent);
    let Some(intent) = intent.filter(|it| it["customer"] == session["customer"]) else {
        return Ok(None);
    };
    if intent["status"] != "succeeded" {
        let said = intent["last_setup_error"]["message"].as_str();
        return Ok(said.map(str::to_owned));
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
    for subscription in subscriptions(ctx, customer) {
        let own = subscription["default_payment_method"].as_str();
        if own.is_some_and(|own| *method != *own) && subscription["ended_at"].is_null() {
            let mut change = Map::new();
            change.insert("default_payment_method".into(), method.clone());
            update::update(ctx, &params_for(&subscription, change))?;
        }
    }
    Ok(None)
}

fn subscriptions(ctx: &Ctx<'_>, customer: &str) -> Vec<Value> {
    of_customer(ctx, "subscription", customer)
}

/// The newest objects of a type that belong to a customer.
fn of_customer(ctx: &Ctx<'_>, object_type: &str, customer: &str) -> Vec<Value> {
    let query = Wanted {
        limit: SHOWN,
        filters: &[("customer", customer)],
        ..Wanted::default()
    };
    let page = ctx.world.store.list(&ctx.scope, object_type, &query);
    let records = page.map(|page| page.records).unwrap_or_default();
    records.iter().map(|record| record.parse()).collect()
}

fn page(
    ctx: &Ctx<'_>,
    session: &Value,
    form: &Texts,
    errors: &Texts,
    error: Option<String>,
) -> Result<PortalPage, ApiError> {
    let customer = text(session, "customer");
    let object = ctx.required("customer", customer)?;
    let features = features(ctx, session);
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
    let shown = subscriptions(ctx, customer).into_iter();
    Ok(PortalPage {
        merchant: merchant_name(ctx.world, &ctx.scope),
        mode: ctx.scope.mode.as_str(),
        email: object["email"].as_str().map(str::to_owned),
        subscriptions: shown
            .filter(|it| it["status"] != "incomplete_expired")
            .map(|it| shown_subscription(ctx, &it, cancels))
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
            let all = of_customer(ctx, "invoice", customer).into_iter();
            all.filter(|it| it["status"] != "draft")
                .map(|it| shown_invoice(&it))
                .collect()
        } else {
            Vec::new()
        },
        return_url: session["return_url"].as_str().map(str::to_owned),
        error,
    })
}

fn shown_subscription(ctx: &Ctx<'_>, subscription: &Value, cancels: bool) -> PortalSubscription {
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

fn shown_invoice(invoice: &Value) -> PortalInvoice {
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
