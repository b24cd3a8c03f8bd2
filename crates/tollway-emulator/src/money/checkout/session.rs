//! The `checkout.session` object: made, changed, expired.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::due::{Task, plan};
use super::super::fields::text;
use super::super::settlement::{self, Split};
use super::super::{currency, payment_intents};
use super::{SESSION, items};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;
use crate::scope::Scope;
use crate::world::WorldState;

/// What a session knows besides its object.
const HIDDEN: &str = "_checkout";
const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

pub(super) fn register(registry: &mut Registry) {
    registry.add("checkout.sessions.create", create);
    registry.add("checkout.sessions.update", update);
    registry.add("checkout.sessions.expire", expire);
}

/// What is to become of the payment, and how far it came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Hidden {
    /// `payment_intent_data`, `subscription_data` or `setup_intent_data` of the request.
    pub(super) data: Map<String, Value>,
    /// `payment_method_options` of the request.
    pub(super) options: Value,
    /// The PaymentIntent or SetupIntent that was begun.
    pub(super) intent: Option<String>,
    /// The subscription that waits for its first payment.
    pub(super) subscription: Option<String>,
    /// The customer that was made for it.
    pub(super) customer: Option<String>,
    /// What the customer reads afterwards, if there is no page to go back to.
    pub(super) thanks: Option<String>,
}

/// The parameters of a request that say what the payment, subscription or card will be like, by mode.
const DATA: [(&str, &str); 3] = [
    ("payment", "payment_intent_data"),
    ("subscription", "subscription_data"),
    ("setup", "setup_intent_data"),
];

pub(super) fn hidden(ctx: &Ctx<'_>, session: &str) -> Hidden {
    hidden_in(ctx.world, &ctx.scope, session)
}

pub(super) fn hidden_in(world: &WorldState, scope: &Scope, session: &str) -> Hidden {
    world.typed(scope, HIDDEN, session).unwrap_or_default()
}

pub(super) fn put_hidden(ctx: &mut Ctx<'_>, session: &str, hidden: &Hidden) {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world.put_typed(&scope, HIDDEN, session, hidden, now);
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    make(ctx, params, None)
}

/// Makes a session, by request or for a visit of a payment link.
pub(super) fn make(
    ctx: &mut Ctx<'_>,
    params: &Params,
    link: Option<&Value>,
) -> Result<Value, ApiError> {
    let mode = params
        .text("mode")
        .ok_or_else(|| ApiError::missing_parameter("mode"))?
        .to_owned();
    let hosted = params.text("ui_mode").unwrap_or("hosted_page") == "hosted_page";
    check_ways_back(params, hosted, link.is_some())?;
    check_customer(ctx, params)?;
    let data = data_for(params, &mode)?;
    let mut cart = match mode.as_str() {
        "setup" if params.has("line_items") => {
            let message = "You can not pass `line_items` in `setup` mode.";
            return Err(ApiError::invalid_param("line_items", message));
        }
        "setup" => None,
        _ => Some(items::read(ctx, params.list("line_items"), "line_items")?),
    };
    if let Some(cart) = &cart {
        check_mode(&mode, cart)?;
    }
    let trial = data.get("trial_period_days").or(data.get("trial_end"));
    if let (Some(cart), true) = (&mut cart, trial.is_some_and(Value::is_i64)) {
        items::begin_with_trial(cart);
    }
    let mut members = blank(ctx, &mode, hosted);
    write(ctx, &mut members, params)?;
    let mut session = Value::Object(members);
    session["discounts"] = discounts(ctx, params.list("discounts"))?;
    session["expires_at"] = expires_at(ctx, params)?.into();
    session["payment_link"] = link.map_or(Value::Null, |link| link["id"].clone());
    let id = text(&session, "id").to_owned();
    session["url"] = hosted
        .then(|| format!("{}/_tollway/checkout/{id}", ctx.request.base_url))
        .into();
    if let Some(cart) = &mut cart {
        total(ctx, &mut session, cart)?;
        items::keep(ctx, &id, cart);
    } else {
        let given = params.text("currency").map(str::to_ascii_lowercase);
        if let Some(given) = &given {
            currency::check(given, "currency")?;
        }
        session["currency"] = given.into();
        session["payment_status"] = "no_payment_required".into();
    }
    check_split(ctx, &session, &data)?;
    let hidden = Hidden {
        data,
        options: params
            .at("payment_method_options")
            .cloned()
            .unwrap_or_default(),
        thanks: link.map(|link| {
            let message =
                link["after_completion"]["hosted_confirmation"]["custom_message"].as_str();
            message.unwrap_or("Thanks for your payment.").to_owned()
        }),
        ..Hidden::default()
    };
    put_hidden(ctx, &id, &hidden);
    ctx.insert(SESSION, &session);
    let at = session["expires_at"].as_i64().unwrap_or(0);
    plan(ctx, None, at, Task::Checkout { session: id });
    Ok(session)
}

/// Where the customer goes afterwards must be said, and be a URL.
fn check_ways_back(params: &Params, hosted: bool, link: bool) -> Result<(), ApiError> {
    for name in ["success_url", "cancel_url", "return_url"] {
        if let Some(url) = params.text(name)
            && url::Url::parse(url).is_err()
        {
            let message =
                "Invalid URL: An explicit scheme (such as https) must be provided.".to_owned();
            return Err(ApiError::invalid_param(name, message).code("url_invalid"));
        }
    }
    let never = params.text("redirect_on_completion") == Some("never");
    let needed = match (hosted, link) {
        (_, true) => return Ok(()),
        (true, false) => "success_url",
        (false, false) if never => return Ok(()),
        (false, false) => "return_url",
    };
    if params.text(needed).is_none() {
        return Err(ApiError::missing_parameter(needed));
    }
    Ok(())
}

fn check_customer(ctx: &Ctx<'_>, params: &Params) -> Result<(), ApiError> {
    let customer = params.text("customer");
    if customer.is_some() && params.has("customer_email") {
        let message = "You may only specify one of these parameters: customer, customer_email.";
        return Err(ApiError::invalid_request(message));
    }
    if customer.is_some() && params.has("customer_creation") {
        let message = "You may only specify one of these parameters: customer, customer_creation.";
        return Err(ApiError::invalid_request(message));
    }
    match customer {
        Some(customer) => ctx.referenced("customer", customer, "customer").map(drop),
        None => Ok(()),
    }
}

/// What the payment will be like: only the parameter of this mode may be sent.
fn data_for(params: &Params, mode: &str) -> Result<Map<String, Value>, ApiError> {
    for (other, name) in DATA {
        if other != mode && params.has(name) {
            let message = format!("You can not pass `{name}` in `{mode}` mode.");
            return Err(ApiError::invalid_param(name, message));
        }
    }
    let name = DATA.iter().find(|(its, _)| *its == mode);
    let data = name.and_then(|(_, name)| params.map(name));
    Ok(data.cloned().unwrap_or_default())
}

fn check_mode(mode: &str, cart: &items::Cart) -> Result<(), ApiError> {
    let message = match (mode, cart.recurs()) {
        ("payment", true) => {
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only \
             one-time prices."
        }
        ("subscription", false) => {
            "You specified `subscription` mode but passed only one-time prices. Either switch to `payment` mode or use at \
             least one recurring price."
        }
        _ => return Ok(()),
    };
    Err(ApiError::invalid_param("line_items", message))
}

/// Refuses now what the payment would be refused for.
fn check_split(ctx: &Ctx<'_>, session: &Value, data: &Map<String, Value>) -> Result<(), ApiError> {
    if session["mode"] != "payment" {
        return Ok(());
    }
    let params = Params::new(Vec::new(), data.clone());
    let amount = session["amount_total"].as_i64().unwrap_or(0);
    settlement::check(ctx, &Split::of_params(&params), amount)
        .and_then(|()| settlement::check_on_behalf_of(ctx, params.at("on_behalf_of")))
        .map_err(|error| {
            let param = error.get("param").map(|param| {
                let (first, rest) = param.split_at(param.find('[').unwrap_or(param.len()));
                format!("payment_intent_data[{first}]{rest}")
            });
            match param {
                Some(param) => error.param(&param),
                None => error,
            }
        })
}

fn blank(ctx: &mut Ctx<'_>, mode: &str, hosted: bool) -> Map<String, Value> {
    let mut members = ctx.blank(SESSION);
    let id = members["id"].as_str().unwrap_or_default().to_owned();
    let secret = (!hosted).then(|| format!("{id}_secret_{}", ctx.world.random.alphanumeric(32)));
    let known = json!({
        "amount_subtotal": null,
        "amount_total": null,
        "client_secret": secret,
        "created": ctx.now(),
        "currency": null,
        "customer_creation": if mode == "subscription" { "always" } else { "if_required" },
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "mode": mode,
        "payment_method_collection": if mode == "payment" { "if_required" } else { "always" },
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "total_details": null,
        "ui_mode": "hosted_page",
    });
    if let Value::Object(known) = known {
        members.extend(known);
    }
    members
}

/// Writes the plain parameters into the session.
fn write(
    ctx: &mut Ctx<'_>,
    members: &mut Map<String, Value>,
    params: &Params,
) -> Result<(), ApiError> {
    let mut plain = params.values().clone();
    let options = plain.remove("shipping_options");
    for name in [
        "line_items",
        "discounts",
        "expires_at",
        "payment_method_options",
        "currency",
        "mode",
    ] {
        plain.remove(name);
    }
    ctx.apply(SESSION, members, &plain)?;
    if let Some(customer) = params.text("customer") {
        members.insert("customer_creation".into(), Value::Null);
        let customer = ctx.required("customer", customer)?;
        members.insert("customer_details".into(), details_of(&customer));
    } else if let Some(email) = params.text("customer_email") {
        members.insert(
            "customer_details".into(),
            details_of(&json!({"email": email})),
        );
    }
    items::write_shipping(ctx, members, options)
}

/// `customer_details` from what a customer object says.
pub(super) fn details_of(customer: &Value) -> Value {
    json!({
        "address": customer["address"], "business_name": null, "email": customer["email"], "individual_name": null,
        "name": customer["name"], "phone": customer["phone"],
        "tax_exempt": customer["tax_exempt"].as_str().unwrap_or("none"), "tax_ids": [],
    })
}

/// `discounts` of a request: one coupon, or a promotion code for one.
fn discounts(ctx: &Ctx<'_>, wanted: &[Value]) -> Result<Value, ApiError> {
    if wanted.len() > 1 {
        let message = "You can only apply one discount to a Checkout Session.";
        return Err(ApiError::invalid_param("discounts", message));
    }
    let Some(wanted) = wanted.first() else {
        return Ok(json!([]));
    };
    let code = wanted["promotion_code"]
        .as_str()
        .map(|id| ctx.referenced("promotion_code", id, "discounts[0][promotion_code]"))
        .transpose()?;
    let promoted = code
        .as_ref()
        .and_then(|code| code["promotion"]["coupon"].as_str());
    let Some(coupon) = promoted.or(wanted["coupon"].as_str()) else {
        return Err(ApiError::missing_parameter("discounts[0][coupon]"));
    };
    let coupon = ctx.referenced("coupon", coupon, "discounts[0][coupon]")?;
    if coupon["valid"] == false {
        let message = "This coupon is not valid any more.";
        return Err(ApiError::invalid_param("discounts[0][coupon]", message).code("coupon_expired"));
    }
    let code = code.map_or(Value::Null, |code| code["id"].clone());
    Ok(json!([{"coupon": coupon["id"], "promotion_code": code}]))
}

fn expires_at(ctx: &Ctx<'_>, params: &Params) -> Result<i64, ApiError> {
    let Some(at) = params.int("expires_at") else {
        return Ok(ctx.now() + DAY);
    };
    let message = if at < ctx.now() + 30 * MINUTE {
        "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
    } else if at > ctx.now() + DAY {
        "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
    } else {
        return Ok(at);
    };
    Err(ApiError::invalid_param("expires_at", message))
}

/// Works out what the session comes to: items, less the discount, and the shipping that was chosen.
pub(super) fn total(
    ctx: &Ctx<'_>,
    session: &mut Value,
    cart: &mut items::Cart,
) -> Result<(), ApiError> {
    let off = items::take_off(ctx, cart, &session["discounts"])?;
    let shipping = chosen_shipping(session);
    let subtotal = cart.subtotal();
    let total = subtotal - off + shipping.as_ref().map_or(0, |(amount, _)| *amount);
    items::check_total(total, &cart.currency)?;
    session["amount_subtotal"] = subtotal.into();
    session["amount_total"] = total.into();
    session["currency"] = cart.currency.as_str().into();
    session["shipping_cost"] = match &shipping {
        Some((amount, rate)) => json!({
            "amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "shipping_rate": rate,
        }),
        None => Value::Null,
    };
    let amount = shipping.map_or(0, |(amount, _)| amount);
    session["total_details"] =
        json!({"amount_discount": off, "amount_shipping": amount, "amount_tax": 0});
    let free = total == 0 && session["mode"] == "payment";
    session["payment_status"] = if free {
        "no_payment_required"
    } else {
        "unpaid"
    }
    .into();
    Ok(())
}

/// Amount and rate of the shipping: what the customer chose, or else the first way there is.
fn chosen_shipping(session: &Value) -> Option<(i64, Value)> {
    let options = session["shipping_options"].as_array()?;
    let chosen = &session["shipping_cost"]["shipping_rate"];
    let option = options
        .iter()
        .find(|option| option["shipping_rate"] == *chosen)
        .or(options.first())?;
    let amount = option["shipping_amount"].as_i64()?;
    Some((amount, option["shipping_rate"].clone()))
}

/// `POST /v1/checkout/sessions/{session}`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("session").to_owned();
    let session = ctx.required(SESSION, &id)?;
    let only_notes = params.values().keys().all(|name| name == "metadata");
    if session["status"] != "open" && !only_notes {
        return Err(not_open(&session, "updated"));
    }
    let mut members = session.as_object().cloned().unwrap_or_default();
    write(ctx, &mut members, params)?;
    let mut session = Value::Object(members);
    if session["mode"] != "setup" && !only_notes {
        let mut cart = items::cart_of(ctx, &id);
        if params.has("line_items") {
            cart = change_items(ctx, cart, params.list("line_items"))?;
            check_mode(text(&session, "mode"), &cart)?;
        }
        total(ctx, &mut session, &mut cart)?;
        items::keep(ctx, &id, &cart);
    }
    if let Some(given) = params.map("payment_intent_data") {
        let mut hidden = hidden(ctx, &id);
        hidden.data.extend(given.clone());
        put_hidden(ctx, &id, &hidden);
    }
    ctx.update(SESSION, &session);
    Ok(session)
}

/// The list of an update is the whole new list: items with an `id` stay, others are new.
fn change_items(
    ctx: &mut Ctx<'_>,
    cart: items::Cart,
    wanted: &[Value],
) -> Result<items::Cart, ApiError> {
    let mut list = Vec::with_capacity(wanted.len());
    for (index, wanted) in wanted.iter().enumerate() {
        let param = format!("line_items[{index}]");
        let Some(id) = wanted["id"].as_str() else {
            let new = items::read(ctx, std::slice::from_ref(wanted), &param)?;
            list.extend(new.items);
            continue;
        };
        let old = cart.items.iter().find(|item| item["id"] == id);
        let mut item = old
            .ok_or_else(|| ApiError::no_such_reference("line item", id, &format!("{param}[id]")))?
            .clone();
        if let Some(quantity) = wanted["quantity"].as_i64() {
            items::set_quantity(&mut item, quantity);
        }
        list.push(item);
    }
    Ok(items::Cart {
        items: list,
        ..cart
    })
}

/// `POST /v1/checkout/sessions/{session}/expire`.
fn expire(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let session = ctx.required(SESSION, params.path("session"))?;
    if session["status"] != "open" {
        return Err(not_open(&session, "expired"));
    }
    close(ctx, session)
}

/// The time of a session is over.
pub(in super::super) fn expire_by_itself(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    match ctx.get(SESSION, id) {
        Some(session) if session["status"] == "open" => close(ctx, session).map(drop),
        _ => Ok(()),
    }
}

/// Nobody can pay it any more; a payment that was begun is canceled.
fn close(ctx: &mut Ctx<'_>, mut session: Value) -> Result<Value, ApiError> {
    let intent = hidden(ctx, text(&session, "id")).intent;
    let begun = intent.filter(|intent| {
        ctx.get("payment_intent", intent)
            .is_some_and(|intent| text(&intent, "status").starts_with("requires_"))
    });
    if let Some(intent) = begun {
        let path = vec![("intent".to_owned(), intent)];
        payment_intents::cancel(ctx, &Params::new(path, Map::new()))?;
    }
    session["status"] = "expired".into();
    session["url"] = Value::Null;
    ctx.update(SESSION, &session);
    ctx.emit("checkout.session.expired", &session, None);
    Ok(session)
}

pub(super) fn not_open(session: &Value, done: &str) -> ApiError {
    let message = format!(
        "Only Checkout Sessions with a status in [\"open\"] can be {done}. This Checkout Session has a status of {}.",
        text(session, "status")
    );
    ApiError::invalid_request(message)
}
