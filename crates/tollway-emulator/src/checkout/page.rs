//! The page of a session, `/_tollway/checkout/{session}`, and the URL of a payment link, `/_tollway/pay/{link}`.
//!
//! `POST` with `decision=pay` pays (the button `#pay`), `decision=promote` applies `promotion_code` (`#promote`),
//! `decision=update` recalculates the total (`#update`). The page shows why a card was declined in `#error`, and accepts another one.
//! By curl: `curl -i http://127.0.0.1:12111/_tollway/checkout/cs_test_… -d email=jenny@example.com -d number=4242424242424242`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde_json::Value;
use url::Url;

use crate::Engine;
use crate::billing::cart;
use crate::checkout::form::{self, FormErrors};
use crate::checkout::form_spec::FormSpec;
use crate::checkout::page_context::{CheckoutItem, CheckoutPage, Sum};
use crate::checkout::session_record::SESSION;
use crate::checkout::state::{CheckoutState, load_state};
use crate::checkout::{inputs, links, outcome, pay, session, submission, totals};
use crate::ctx::Ctx;
use crate::currency::format;
use crate::error::ApiError;
use crate::json::{number, text};
use crate::located_object;
use crate::merchant_name::merchant_name;
use crate::pages::{self, Address, Link};
use crate::payments::notifications::ReturnUrlQuery;
use crate::scope::Scope;
use crate::world::World;

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/_tollway/checkout/{session}", get(show).post(submit))
        .route("/_tollway/pay/{link}", get(links::visit))
        .route("/_tollway/recover/{session}", get(recover))
}

async fn show(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let (world, scope, session) = match located_object::open(&engine, SESSION, "checkout", &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    match text(&session, "status") {
        "complete" if query.contains_key("redirect_status") => {
            redirect_or_thank(&world, &scope, &session)
        }
        "complete" => completed_page(&world, &scope, &session),
        "expired" => expired_page(&session),
        _ => {
            let failed = query
                .get("redirect_status")
                .is_some_and(|it| it == "failed");
            let shown = engine.transact_internal(&world, scope, |ctx| {
                let error = failed.then(|| last_payment_error(ctx, &id)).flatten();
                Ok(build_page(
                    ctx,
                    &session,
                    &BTreeMap::new(),
                    &FormErrors::new(),
                    error,
                ))
            });
            match shown {
                Ok(page) => respond(StatusCode::OK, &session, &page),
                Err(error) => pages::refused(&error),
            }
        }
    }
}

async fn submit(
    State(engine): State<Arc<Engine>>,
    address: Address,
    Path(id): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let (world, scope, session) = match located_object::open(&engine, SESSION, "checkout", &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    match text(&session, "status") {
        "complete" => return completed_page(&world, &scope, &session),
        "expired" => return expired_page(&session),
        _ => {}
    }
    let decided = match form.get("decision").map_or("pay", String::as_str) {
        "pay" => submit_payment(&engine, &address, &world, &scope, &session, &form),
        "promote" => {
            let code = form.get("promotion_code").map_or("", |code| code.trim());
            engine
                .transact_at(address.base(), &world, scope.clone(), |ctx| {
                    apply_promotion_code(ctx, &id, code)
                })
                .map(|()| Some(FormErrors::new()))
        }
        "update" => engine
            .transact_at(address.base(), &world, scope.clone(), |ctx| {
                update_cart(ctx, &id, &form)
            })
            .map(Some),
        other => {
            let text = format!("The decision '{other}' is none of pay, promote and update.");
            return pages::message(StatusCode::BAD_REQUEST, "No decision", text, None);
        }
    };
    let (status, errors, error) = match decided {
        Ok(None) => return redirect_after_payment(&world, &scope, &id),
        Ok(Some(errors)) if errors.is_empty() => (StatusCode::OK, errors, None),
        Ok(Some(errors)) => {
            let error = "Some answers are missing or not right.".to_owned();
            (StatusCode::UNPROCESSABLE_ENTITY, errors, Some(error))
        }
        Err(error) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
            let (errors, text) = errors_at_inputs(&error);
            (status, errors, Some(text))
        }
    };
    let shown = engine.transact_internal(&world, scope, |ctx| {
        let session = ctx.required(SESSION, &id)?;
        Ok(build_page(ctx, &session, &form, &errors, error))
    });
    match shown {
        Ok(page) => respond(status, &session, &page),
        Err(error) => pages::refused(&error),
    }
}

/// Applies quantities, optional items, amount and shipping, so that the page shows the new total.
fn update_cart(ctx: &mut Ctx<'_>, id: &str, form: &form::Form) -> Result<FormErrors, ApiError> {
    let mut session = ctx.required(SESSION, id)?;
    let spec = FormSpec::of_session(ctx, &session);
    let mut errors = FormErrors::new();
    let chosen = submission::read_cart_changes(form, &spec, &mut errors);
    if let Some(rate) = form::form_value(form, "shipping_rate") {
        session["shipping_cost"] = serde_json::json!({"shipping_rate": rate});
    }
    if !errors.is_empty() {
        return Ok(errors);
    }
    pay::apply_cart_changes(ctx, &mut session, id, &chosen)?;
    ctx.update(SESSION, &session);
    Ok(errors)
}

/// `GET /_tollway/recover/{session}`: creates a new session from an expired one.
async fn recover(
    State(engine): State<Arc<Engine>>,
    address: Address,
    Path(id): Path<String>,
) -> Response {
    let (world, scope, expired_session) =
        match located_object::open(&engine, SESSION, "checkout", &id) {
            Ok(found) => found,
            Err(page) => return *page,
        };
    let recovered = engine.transact_at(address.base(), &world, scope, |ctx| {
        session::recover_session(ctx, &expired_session)
    });
    match recovered {
        Ok(Some(session)) => {
            let to = format!("/_tollway/checkout/{}", text(&session, "id"));
            pages::with_page_headers(Redirect::to(&to).into_response(), None)
        }
        Ok(None) => expired_page(&expired_session),
        Err(error) => pages::refused(&error),
    }
}

/// Reads the answers and pays. Returns the errors of the answers, if there are any.
fn submit_payment(
    engine: &Engine,
    address: &Address,
    world: &Arc<World>,
    scope: &Scope,
    session: &Value,
    form: &form::Form,
) -> Result<Option<FormErrors>, ApiError> {
    let id = text(session, "id");
    let page = format!("{}/_tollway/checkout/{id}", address.base());
    let now = engine.clock().now();
    engine.transact_at(address.base(), world, scope.clone(), |ctx| {
        let spec = FormSpec::of_session(ctx, session);
        match submission::read_answers(session, form, &spec, now) {
            Err(errors) => Ok(Some(errors)),
            Ok(answers) => pay::pay_session(ctx, id, &answers, &page).map(|()| None),
        }
    })
}

/// Redirects after a payment attempt: to the authentication page, or to the return URL.
fn redirect_after_payment(world: &World, scope: &Scope, id: &str) -> Response {
    let (session, state) = {
        let world = world.lock();
        let session = world.store.object(scope, SESSION, id).unwrap_or_default();
        (session, world.load::<CheckoutState>(scope, id))
    };
    let intent = match state {
        Ok(state) => state.and_then(|state| state.intent),
        Err(error) => return pages::refused(&error),
    };
    match intent {
        Some(intent) if session["status"] == "open" => {
            let to = format!("/_tollway/authenticate/{intent}");
            pages::with_page_headers(
                Redirect::to(&to).into_response(),
                return_url(&session).as_ref(),
            )
        }
        _ => redirect_or_thank(world, scope, &session),
    }
}

/// The message of a refused payment, and the input it belongs to.
fn errors_at_inputs(error: &ApiError) -> (FormErrors, String) {
    let message = error.get("message").unwrap_or_default().to_owned();
    let input = match error.get("code") {
        Some("incorrect_number" | "invalid_number") => Some("number"),
        Some("invalid_cvc" | "incorrect_cvc") => Some("cvc"),
        Some("expired_card" | "invalid_expiry_month" | "invalid_expiry_year") => Some("exp"),
        _ if error.get("param") == Some("promotion_code") => Some("promotion_code"),
        _ if error.status == 402 => Some("number"),
        _ => None,
    };
    let errors = input
        .map(|input| (input.to_owned(), message.clone()))
        .into_iter()
        .collect();
    (errors, message)
}

/// The message of the last failed attempt.
fn last_payment_error(ctx: &Ctx<'_>, id: &str) -> Option<String> {
    let intent = load_state(ctx, id).intent?;
    let error = match ctx.get("payment_intent", &intent) {
        Some(intent) => intent["last_payment_error"]["message"].clone(),
        None => ctx.get("setup_intent", &intent)?["last_setup_error"]["message"].clone(),
    };
    error.as_str().map(str::to_owned)
}

/// Applies the promotion code that the customer entered.
fn apply_promotion_code(ctx: &mut Ctx<'_>, id: &str, code: &str) -> Result<(), ApiError> {
    let mut session = ctx.required(SESSION, id)?;
    let invalid = || ApiError::invalid_param("promotion_code", "This code is invalid.");
    if session["allow_promotion_codes"] != true {
        return Err(invalid());
    }
    let found = ctx
        .world
        .store
        .all(&ctx.scope, "promotion_code")
        .into_iter()
        .find(|it| text(it, "code").eq_ignore_ascii_case(code) && it["active"] == true)
        .filter(|it| it["expires_at"].as_i64().is_none_or(|at| at > ctx.now()))
        .ok_or_else(invalid)?;
    let coupon = text(&found["promotion"], "coupon");
    let coupon = ctx.get("coupon", coupon).ok_or_else(invalid)?;
    if coupon["valid"] == false {
        return Err(invalid());
    }
    session["discounts"] =
        serde_json::json!([{"coupon": coupon["id"], "promotion_code": found["id"]}]);
    let mut cart = cart::load_cart(ctx, id);
    totals::calculate_session(ctx, &mut session, &mut cart)?;
    cart::save_cart(ctx, id, &cart);
    ctx.update(SESSION, &session);
    Ok(())
}

fn build_page(
    ctx: &Ctx<'_>,
    session: &Value,
    form: &form::Form,
    errors: &FormErrors,
    error: Option<String>,
) -> CheckoutPage {
    let id = text(session, "id");
    let cart = cart::load_cart(ctx, id);
    let money = |amount: &Value| format(amount.as_i64().unwrap_or(0), &cart.currency);
    let mut sums = Vec::new();
    let totals = &session["total_details"];
    let mut sum = |label: &str, amount: String| {
        sums.push(Sum {
            label: label.to_owned(),
            amount,
        });
    };
    if session["mode"] != "setup" {
        if session["amount_subtotal"] != session["amount_total"] {
            sum("Subtotal", money(&session["amount_subtotal"]));
        }
        if totals["amount_discount"]
            .as_i64()
            .is_some_and(|off| off > 0)
        {
            let off = -totals["amount_discount"].as_i64().unwrap_or(0);
            sum("Discount", format(off, &cart.currency));
        }
        let tax = number(totals, "amount_tax");
        if tax != 0 {
            sum("Tax", format(tax, &cart.currency));
        }
        if session["shipping_cost"].is_object() {
            sum("Shipping", money(&totals["amount_shipping"]));
        }
        let label = if cart.is_recurring() {
            "Total due today"
        } else {
            "Total"
        };
        sum(label, money(&session["amount_total"]));
    }
    let spec = FormSpec::of_session(ctx, session);
    let free_amount = spec
        .custom_amount
        .as_ref()
        .is_some_and(|free| free.preset.is_none());
    let mut described = session.clone();
    label_shipping_options(ctx, &mut described);
    let merchant = merchant_name(ctx.world, &ctx.scope);
    let state = load_state(ctx, id);
    CheckoutPage {
        heading: match text(session, "mode") {
            "setup" => format!("Save a card with {merchant}"),
            "subscription" => format!("Subscribe to {merchant}"),
            _ => format!("Pay {merchant}"),
        },
        caption: "Your order",
        mode: ctx.scope.mode.as_str(),
        items: cart.items.iter().map(page_item).collect(),
        trial: trial_note(&state.data),
        sums,
        inputs: inputs::page_inputs(&described, form, errors, &spec),
        updates: !spec.quantities.is_empty()
            || !spec.offers.is_empty()
            || spec.custom_amount.is_some(),
        promotion: (session["allow_promotion_codes"] == true).then(|| {
            let mut input = pages::Input::new("promotion_code", "Promotion code", "text", "off");
            input.fill(form, errors);
            input
        }),
        button: Some(
            match (text(session, "mode"), text(session, "submit_type")) {
                ("setup", _) => "Save card".to_owned(),
                ("subscription", _) => "Subscribe".to_owned(),
                _ if free_amount && session["amount_total"] == 0 => "Pay".to_owned(),
                (_, "book") => format!("Book for {}", money(&session["amount_total"])),
                (_, "donate") => format!("Donate {}", money(&session["amount_total"])),
                _ => format!("Pay {}", money(&session["amount_total"])),
            },
        ),
        note: session["custom_text"]["submit"]["message"]
            .as_str()
            .map(str::to_owned),
        cancel: session["cancel_url"].as_str().map(str::to_owned),
        error,
    }
}

fn trial_note(data: &serde_json::Map<String, Value>) -> Option<String> {
    let days = data.get("trial_period_days").and_then(Value::as_i64);
    let end = data.get("trial_end").and_then(Value::as_i64);
    match (days, end) {
        (Some(days), _) => Some(format!("Free for {days} days.")),
        (None, Some(end)) => Some(format!("Free until {}.", pages::day(end))),
        (None, None) => None,
    }
}

fn page_item(item: &Value) -> CheckoutItem {
    let price = &item["price"];
    let recurring = &price["recurring"];
    let every = recurring["interval"].as_str().map(|interval| {
        let count = recurring["interval_count"].as_i64().unwrap_or(1);
        let unit = price["unit_amount"].as_i64().unwrap_or(0);
        let unit = format(unit, text(item, "currency"));
        if count == 1 {
            format!("{unit} every {interval}")
        } else {
            format!("{unit} every {count} {interval}s")
        }
    });
    CheckoutItem {
        description: item["description"].as_str().unwrap_or("Item").to_owned(),
        quantity: item["quantity"].as_i64().unwrap_or(1),
        note: every,
        amount: format(
            item["amount_subtotal"].as_i64().unwrap_or(0),
            text(item, "currency"),
        ),
    }
}

/// Gives each shipping option a label with name and price.
fn label_shipping_options(ctx: &Ctx<'_>, session: &mut Value) {
    for option in session["shipping_options"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let rate = ctx.get("shipping_rate", text(option, "shipping_rate"));
        let rate = rate.unwrap_or_default();
        let amount = option["shipping_amount"].as_i64().unwrap_or(0);
        let price = format(amount, text(&rate["fixed_amount"], "currency"));
        option["label"] = format!("{}, {price}", text(&rate, "display_name")).into();
    }
}

fn respond(status: StatusCode, session: &Value, page: &CheckoutPage) -> Response {
    pages::respond(status, page, return_url(session).as_ref())
}

/// The URL that the customer returns to after paying.
fn return_url(session: &Value) -> Option<Url> {
    let id = text(session, "id");
    let url = session["success_url"]
        .as_str()
        .or(session["return_url"].as_str())?;
    // The braces of the placeholder can be percent-encoded.
    let url = url
        .replace("{CHECKOUT_SESSION_ID}", id)
        .replace("%7BCHECKOUT_SESSION_ID%7D", id);
    Url::parse(&url).ok()
}

/// Answers with the return URL of an intent's session, if it has one.
pub(super) fn on_return_url_query(
    ctx: &mut Ctx<'_>,
    query: &ReturnUrlQuery,
) -> Result<(), ApiError> {
    let session = outcome::linked_session_id(ctx.world, &ctx.scope, &query.intent)?;
    let session = session.and_then(|session| ctx.get(SESSION, &session));
    if let Some(url) = session.as_ref().and_then(return_url) {
        query.url.replace(Some(url));
    }
    Ok(())
}

/// Redirects to the return URL; a session without one shows a thank-you page.
fn redirect_or_thank(world: &World, scope: &Scope, session: &Value) -> Response {
    match return_url(session) {
        Some(url) => {
            pages::with_page_headers(Redirect::to(url.as_str()).into_response(), Some(&url))
        }
        None => completed_page(world, scope, session),
    }
}

/// The page of a complete session.
fn completed_page(world: &World, scope: &Scope, session: &Value) -> Response {
    let state: Result<Option<CheckoutState>, _> = world.lock().load(scope, text(session, "id"));
    let thanks = match state {
        Ok(state) => state.and_then(|state| state.thanks),
        Err(error) => return pages::refused(&error),
    };
    let thanks = thanks.unwrap_or_else(|| "This checkout is complete.".to_owned());
    let link = return_url(session).map(|url| Link {
        href: url.into(),
        label: "Back to the shop".to_owned(),
    });
    pages::message(StatusCode::OK, "Thank you", thanks, link)
}

fn expired_page(session: &Value) -> Response {
    let text = "Nothing was paid. Start again in the shop.";
    let link = session["cancel_url"].as_str().map(|url| Link {
        href: url.to_owned(),
        label: "Back to the shop".to_owned(),
    });
    pages::message(StatusCode::GONE, "This checkout has expired", text, link)
}
