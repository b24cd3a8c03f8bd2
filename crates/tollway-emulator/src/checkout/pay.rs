//! The payment of a session: its PaymentIntent, SetupIntent or subscription.

use serde_json::{Map, Value, json};

use crate::billing::cart;
use crate::billing::invoices::payments;
use crate::checkout::form_spec::CartChanges;
use crate::checkout::outcome::{
    apply_payment, complete_without_payment, link_intent, start_free_subscription,
};
use crate::checkout::session_record::{SESSION, customer_details_of, session_not_open};
use crate::checkout::state::{CheckoutState, load_state};
use crate::checkout::submission::Answers;
use crate::checkout::subscription::create_subscription;
use crate::checkout::totals::calculate_session;
use crate::checkout::{buyer, optional_items, payment_options};
use crate::ctx::Ctx;
use crate::customers;
use crate::error::ApiError;
use crate::json::text;
use crate::params::Params;
use crate::payments::non_card::vouchers;
use crate::payments::{payment_intents, setup_intents};

/// Pays an open session with the customer's answers. The session is complete afterwards, or its intent requires
/// action.
/// `page` is the URL of the session's page, to which the authentication page returns.
///
/// # Errors
/// The 402 of a declined card, which keeps the changes.
pub(super) fn pay_session(
    ctx: &mut Ctx<'_>,
    id: &str,
    answers: &Answers,
    page: &str,
) -> Result<(), ApiError> {
    let mut session = ctx.required(SESSION, id)?;
    if session["status"] != "open" {
        return Err(session_not_open(&session, "paid"));
    }
    write_answers(ctx, &mut session, answers)?;
    let mut state = load_state(ctx, id);
    let customer = session_customer(ctx, &session, &state)?;
    state.customer.clone_from(&customer);
    let mut billing = json!({
        "address": answers.address.as_object(), "email": answers.email, "name": answers.name, "phone": answers.phone,
    });
    if let Value::Object(members) = &mut billing {
        members.retain(|_, value| !value.is_null());
    }
    let method = answers.payment.method(ctx, &billing)?;
    if answers.save
        && let Some(mut kept) = method
            .as_deref()
            .and_then(|id| ctx.get("payment_method", id))
    {
        kept["allow_redisplay"] = "always".into();
        ctx.update("payment_method", &kept);
        state
            .data
            .insert("setup_future_usage".into(), "on_session".into());
    }
    ctx.update(SESSION, &session);
    ctx.save(id, &state);
    let mut attempt = PaymentAttempt {
        session,
        state,
        customer,
        method,
        page,
    };
    match text(&attempt.session, "mode") {
        "payment" => attempt.payment(ctx),
        "subscription" => attempt.subscription(ctx),
        _ => attempt.setup(ctx),
    }
}

/// Writes the answers into the session.
fn write_answers(
    ctx: &mut Ctx<'_>,
    session: &mut Value,
    answers: &Answers,
) -> Result<(), ApiError> {
    let mut details = match &session["customer_details"] {
        Value::Null => customer_details_of(&json!({})),
        known => known.clone(),
    };
    for (name, value) in [
        ("email", &answers.email),
        ("name", &answers.name),
        ("phone", &answers.phone),
    ] {
        if let Some(value) = value {
            details[name] = value.as_str().into();
        }
    }
    if answers.address.is_object() {
        details["address"] = answers.address.clone();
    }
    session["customer_details"] = details;
    session["collected_information"] = json!({
        "business_name": null, "individual_name": null,
        "shipping_details": answers.shipping,
    });
    buyer::write_buyer(session, &answers.buyer);
    for field in session["custom_fields"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let kind = text(field, "type").to_owned();
        if let Some(answer) = answers.custom.get(text(field, "key")) {
            field[&kind]["value"] = answer.as_str().into();
        }
    }
    if session["consent_collection"].is_object() {
        let accepted = answers.terms.then_some("accepted");
        let spec = session["consent_collection"]["promotions"] == "auto";
        let wants = if answers.promotions {
            "opt_in"
        } else {
            "opt_out"
        };
        session["consent"] =
            json!({"promotions": spec.then_some(wants), "terms_of_service": accepted});
    }
    if let Some(rate) = &answers.shipping_rate {
        session["shipping_cost"] = json!({"shipping_rate": rate});
    }
    if session["mode"] != "setup" {
        let id = text(session, "id").to_owned();
        apply_cart_changes(ctx, session, &id, &answers.cart_changes)?;
    }
    if session["automatic_tax"]["enabled"] == true {
        session["automatic_tax"]["status"] = "complete".into();
    }
    Ok(())
}

/// Applies quantities, amount and optional items, and recalculates the session.
pub(super) fn apply_cart_changes(
    ctx: &mut Ctx<'_>,
    session: &mut Value,
    id: &str,
    chosen: &CartChanges,
) -> Result<(), ApiError> {
    let mut cart = cart::load_cart(ctx, id);
    for (index, quantity) in &chosen.quantities {
        if let Some(item) = cart.items.get_mut(*index) {
            cart::set_quantity(item, *quantity);
        }
    }
    if let Some(amount) = chosen.amount {
        cart::set_custom_amount(&mut cart, amount);
    }
    optional_items::apply_selected_offers(ctx, session, &mut cart, chosen)?;
    if let CheckoutState { data, .. } = load_state(ctx, id)
        && ["trial_period_days", "trial_end"]
            .iter()
            .any(|name| data.get(*name).is_some_and(Value::is_i64))
    {
        cart::start_with_trial(&mut cart);
    }
    calculate_session(ctx, session, &mut cart)?;
    cart::save_cart(ctx, id, &cart);
    Ok(())
}

/// The customer of the session: an existing one, or a new one if the session requires it.
fn session_customer(
    ctx: &mut Ctx<'_>,
    session: &Value,
    state: &CheckoutState,
) -> Result<Option<String>, ApiError> {
    let existing = session["customer"].as_str().or(state.customer.as_deref());
    if let Some(existing) = existing {
        return Ok(Some(existing.to_owned()));
    }
    let keeps_card = state.data.contains_key("setup_future_usage");
    let invoiced = session["invoice_creation"]["enabled"] == true;
    if session["customer_creation"] != "always" && !keeps_card && !invoiced {
        return Ok(None);
    }
    let details = &session["customer_details"];
    let mut form = Map::new();
    for name in [
        "email",
        "name",
        "phone",
        "address",
        "business_name",
        "individual_name",
    ] {
        if !details[name].is_null() {
            form.insert(name.to_owned(), without_nulls(&details[name]));
        }
    }
    let shipping = &session["collected_information"]["shipping_details"];
    if shipping.is_object() {
        form.insert("shipping".into(), without_nulls(shipping));
    }
    let customer = customers::create(ctx, &Params::new(Vec::new(), form))?;
    Ok(customer["id"].as_str().map(str::to_owned))
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let present = members.iter().filter(|(_, value)| !value.is_null());
            present
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        other => other.clone(),
    }
}

/// One payment attempt of a session.
struct PaymentAttempt<'a> {
    session: Value,
    state: CheckoutState,
    customer: Option<String>,
    /// The payment method that the customer selected or entered.
    method: Option<String>,
    page: &'a str,
}

impl PaymentAttempt<'_> {
    fn id(&self) -> &str {
        text(&self.session, "id")
    }

    fn payment(&mut self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        if self.session["amount_total"] == 0 {
            complete_without_payment(ctx, self.session.clone(), self.customer.as_deref());
            return Ok(());
        }
        let mut form = self.state.data.clone();
        form.insert("amount".into(), self.session["amount_total"].clone());
        form.insert("currency".into(), self.session["currency"].clone());
        form.insert(
            "payment_method_types".into(),
            payment_options::payment_method_types(&self.session).into(),
        );
        if let Some(customer) = &self.customer {
            form.insert("customer".into(), customer.as_str().into());
        }
        let shipping = &self.session["collected_information"]["shipping_details"];
        if shipping.is_object() {
            form.insert("shipping".into(), without_nulls(shipping));
        }
        let options = payment_options::intent_options(
            &self.state.options,
            &payment_options::payment_method_types(&self.session),
        );
        if options
            .as_object()
            .is_some_and(|options| !options.is_empty())
        {
            form.insert("payment_method_options".into(), options);
        }
        let intent = match &self.state.intent {
            Some(intent) => {
                let path = vec![("intent".to_owned(), intent.clone())];
                // An existing PaymentIntent keeps its other parameters.
                form.retain(|name, _| {
                    matches!(
                        name.as_str(),
                        "amount" | "currency" | "customer" | "shipping"
                    )
                });
                payment_intents::update(ctx, &Params::new(path, form))?
            }
            None => payment_intents::create(ctx, &Params::new(Vec::new(), form))?,
        };
        let intent = text(&intent, "id").to_owned();
        self.session["payment_intent"] = intent.as_str().into();
        ctx.update(SESSION, &self.session);
        self.confirm(ctx, &intent)
    }

    fn subscription(&mut self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        if self.session["amount_total"] == 0 {
            if self.method.is_some() {
                return self.setup(ctx);
            }
            start_free_subscription(ctx, &self.session, &self.state, None)?;
            return Ok(());
        }
        let method = self.method.clone();
        let waiting = self
            .state
            .subscription
            .as_ref()
            .and_then(|id| ctx.get("subscription", id))
            .filter(|waiting| waiting["status"] == "incomplete");
        let subscription = match waiting {
            Some(mut waiting) => {
                waiting["default_payment_method"] = method.clone().into();
                ctx.update("subscription", &waiting);
                waiting
            }
            None => create_subscription(ctx, &self.session, &self.state, method.as_deref(), true)?,
        };
        self.state.subscription = Some(text(&subscription, "id").to_owned());
        let invoice = ctx.required("invoice", text(&subscription, "latest_invoice"))?;
        match payments::payment_intent_of(&invoice).map(str::to_owned) {
            Some(intent) if invoice["status"] == "open" => self.confirm(ctx, &intent),
            // The customer's credit paid the invoice.
            _ => {
                let mut session = self.session.clone();
                session["subscription"] = subscription["id"].clone();
                session["invoice"] = invoice["id"].clone();
                complete_without_payment(ctx, session, self.customer.as_deref());
                Ok(())
            }
        }
    }

    fn setup(&mut self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        let intent = if let Some(intent) = &self.state.intent {
            intent.clone()
        } else {
            let mut form = Map::new();
            if self.session["mode"] == "setup" {
                form.clone_from(&self.state.data);
            }
            form.insert("usage".into(), "off_session".into());
            if let Some(customer) = &self.customer {
                form.insert("customer".into(), customer.as_str().into());
            }
            if self.state.options.is_object() {
                form.insert("payment_method_options".into(), self.state.options.clone());
            }
            let intent = setup_intents::create(ctx, &Params::new(Vec::new(), form))?;
            text(&intent, "id").to_owned()
        };
        if self.session["mode"] == "setup" {
            self.session["setup_intent"] = intent.as_str().into();
            ctx.update(SESSION, &self.session);
        }
        self.confirm(ctx, &intent)
    }

    /// Confirms the intent with the payment method. Its success completes the session, now or after authentication.
    fn confirm(&mut self, ctx: &mut Ctx<'_>, intent: &str) -> Result<(), ApiError> {
        self.state.intent = Some(intent.to_owned());
        ctx.save(self.id(), &self.state);
        link_intent(ctx, intent, self.id());
        let mut form = Map::new();
        form.insert("payment_method".into(), self.method.clone().into());
        form.insert("return_url".into(), self.page.into());
        let params = Params::new(vec![("intent".to_owned(), intent.to_owned())], form);
        if intent.starts_with("seti_") {
            setup_intents::confirm(ctx, &params).map(drop)
        } else {
            let confirmed = payment_intents::confirm(ctx, &params)?;
            // With a pending debit or voucher the session is complete, although the payment is not.
            let voucher = vouchers::is_voucher(text(&confirmed["next_action"], "type"));
            if confirmed["status"] == "processing" || voucher {
                apply_payment(ctx, &confirmed);
            }
            Ok(())
        }
    }
}
