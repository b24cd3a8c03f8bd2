//! Objects made from the description alone: every required field is there, of the right shape, at its plainest value.

use serde_json::{Map, Value, json};
use tollway_spec::{Field, ObjectBody, Shape};

pub use crate::clock::rfc3339;
use crate::ctx::Ctx;
use crate::ids;

/// First states and other first values that differ from the plain ones; sorted by type and field.
#[rustfmt::skip]
const FIRST_VALUES: &[(&str, &str, First)] = &[
    ("apps.install", "status", First::Text("installed")),
    ("billing.alert", "status", First::Text("active")),
    ("billing_portal.configuration", "active", First::Flag(true)),
    ("checkout.session", "payment_status", First::Text("unpaid")),
    ("coupon", "duration", First::Text("once")),
    ("coupon", "valid", First::Flag(true)),
    ("credit_note", "status", First::Text("issued")),
    ("customer", "delinquent", First::Flag(false)),
    ("customer", "next_invoice_sequence", First::Number(1)),
    ("customer", "tax_exempt", First::Text("none")),
    ("entitlements.feature", "active", First::Flag(true)),
    ("identity.verification_session", "status", First::Text("requires_input")),
    ("identity.verification_session", "type", First::Text("document")),
    ("invoice", "auto_advance", First::Flag(false)),
    ("invoice", "status", First::Text("draft")),
    ("issuing.card", "status", First::Text("inactive")),
    ("issuing.personalization_design", "status", First::Text("review")),
    ("payment_link", "active", First::Flag(true)),
    ("payout", "status", First::Text("pending")),
    ("plan", "active", First::Flag(true)),
    ("price", "active", First::Flag(true)),
    ("product", "active", First::Flag(true)),
    ("promotion_code", "active", First::Flag(true)),
    ("quote", "status", First::Text("draft")),
    ("review", "open", First::Flag(true)),
    ("shipping_rate", "active", First::Flag(true)),
    ("subscription", "status", First::Text("active")),
    ("subscription_schedule", "status", First::Text("not_started")),
    ("tax_rate", "active", First::Flag(true)),
    ("terminal.reader", "status", First::Text("online")),
    ("three_d_secure.authentication", "status", First::Text("requires_submission")),
    ("treasury.received_credit", "status", First::Text("succeeded")),
    ("treasury.received_debit", "status", First::Text("succeeded")),
    ("v2.commerce.product_catalog_import", "status", First::Text("awaiting_upload")),
    ("v2.money_management.outbound_setup_intent", "status", First::Text("requires_payout_method")),
    ("v2.money_management.recipient_verification", "status", First::Text("awaiting_acknowledgement")),
    ("webhook_endpoint", "status", First::Text("enabled")),
];

#[derive(Debug, Clone, Copy)]
enum First {
    Text(&'static str),
    Flag(bool),
    Number(i64),
}

/// Words that begin a life, in order of preference, where an enum has no first value of its own above.
const BEGINNINGS: &[&str] = &[
    "active",
    "open",
    "draft",
    "pending",
    "requires_payment_method",
    "needs_response",
    "ready",
    "enabled",
    "processing",
    "unsubmitted",
    "available",
    "manual",
    "automatic",
    "none",
    "unspecified",
];

/// Secrets of new objects: the type, the field, and what stands before the random letters. Sorted.
const SECRETS: &[(&str, &str, &str)] = &[
    ("customer_session", "client_secret", "cuss_secret_"),
    ("ephemeral_key", "secret", "ek_{mode}_"),
    (
        "financial_connections.session",
        "client_secret",
        "{id}_client_secret_",
    ),
    (
        "identity.verification_session",
        "client_secret",
        "{id}_secret_",
    ),
    ("payment_intent", "client_secret", "{id}_secret_"),
    ("setup_intent", "client_secret", "{id}_secret_"),
    ("source", "client_secret", "src_client_secret_"),
];

/// Beyond this nesting a required object is left empty: the description's own nesting stays well below.
const MAX_DEPTH: usize = 10;

/// A new object of a type, with a fresh id.
pub fn object(ctx: &mut Ctx<'_>, object_type: &str) -> Map<String, Value> {
    fields_of(ctx, object_type, 0)
}

/// The plainest value of a field that has to be there.
pub fn plain(ctx: &mut Ctx<'_>, shape: &Shape) -> Value {
    value(ctx, shape, "", 1)
}

fn fields_of(ctx: &mut Ctx<'_>, object_type: &str, depth: usize) -> Map<String, Value> {
    let api = ctx.services.description();
    let Some(object) = api.object(object_type) else {
        return Map::new();
    };
    match &object.body {
        ObjectBody::Alias(shape) => match value(ctx, shape, "", depth) {
            Value::Object(members) => members,
            _ => Map::new(),
        },
        ObjectBody::Fields(fields) => {
            let mut made = members(ctx, fields, depth);
            if object.resource || depth == 0 {
                finish_resource(ctx, object_type, fields, &mut made);
            }
            made
        }
    }
}

/// The first values of a type's fields that differ from the plain ones.
pub(super) fn first_values(object_type: &str) -> Vec<(&'static str, Value)> {
    let own = FIRST_VALUES
        .iter()
        .filter(|(name, ..)| *name == object_type);
    own.map(|(_, field, first)| (*field, first.value()))
        .collect()
}

impl First {
    fn value(self) -> Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Flag(flag) => flag.into(),
            Self::Number(number) => number.into(),
        }
    }
}

/// What a resource has and its parts have not: an id of its own and its first state.
fn finish_resource(
    ctx: &mut Ctx<'_>,
    object_type: &str,
    fields: &[Field],
    made: &mut Map<String, Value>,
) {
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    if has("id") {
        let id = ids::new_id(object_type, ctx.scope.livemode(), &mut ctx.world.random);
        made.insert("id".into(), id.into());
    }
    let first = FIRST_VALUES
        .iter()
        .filter(|(name, field, _)| *name == object_type && has(field));
    for (_, field, first) in first {
        made.insert((*field).to_owned(), first.value());
    }
    if let Some((_, field, start)) = secret_of(object_type) {
        let id = made.get("id").and_then(Value::as_str).unwrap_or_default();
        let livemode = if ctx.scope.livemode() { "live" } else { "test" };
        let start = start.replace("{id}", id).replace("{mode}", livemode);
        let secret = format!("{start}{}", ctx.world.random.alphanumeric(25));
        made.insert((*field).to_owned(), secret.into());
    }
}

/// The secret that objects of a type are made with, if they are.
pub(super) fn secret_of(
    object_type: &str,
) -> Option<&'static (&'static str, &'static str, &'static str)> {
    SECRETS.iter().find(|(name, ..)| *name == object_type)
}

fn members(ctx: &mut Ctx<'_>, fields: &[Field], depth: usize) -> Map<String, Value> {
    let mut made = Map::new();
    for field in fields {
        if let Some(value) = member(ctx, field, depth) {
            made.insert(field.name.clone(), value);
        }
    }
    made
}

/// A required field always gets a value; an optional one only where Stripe's answers have it too: null, or empty.
pub(super) fn member(ctx: &mut Ctx<'_>, field: &Field, depth: usize) -> Option<Value> {
    if field.name == "deleted" && !field.required {
        return None;
    }
    if field.nullable {
        let known = field.required && matches!(field.shape, Shape::Const(_));
        return Some(if known {
            value(ctx, &field.shape, &field.name, depth + 1)
        } else {
            Value::Null
        });
    }
    if field.required {
        return Some(value(ctx, &field.shape, &field.name, depth + 1));
    }
    match &field.shape {
        Shape::Map(_) => Some(json!({})),
        Shape::Boolean => Some(false.into()),
        Shape::Integer => Some(0.into()),
        Shape::Array(_) => Some(json!([])),
        _ => None,
    }
}

fn value(ctx: &mut Ctx<'_>, shape: &Shape, name: &str, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    match shape {
        Shape::String | Shape::Binary => "".into(),
        Shape::Integer => 0.into(),
        Shape::Number => json!(0.0),
        Shape::Boolean if name == "livemode" => ctx.scope.livemode().into(),
        Shape::Boolean => false.into(),
        Shape::UnixTime => ctx.now().into(),
        Shape::Currency => ctx.world.platform.default_currency.as_str().into(),
        Shape::Decimal | Shape::Int64 => "0".into(),
        Shape::DateTime => rfc3339(ctx.now()).into(),
        Shape::Enum { values, .. } => {
            let first = BEGINNINGS
                .iter()
                .copied()
                .find(|word| values.iter().any(|value| value == word));
            first
                .or_else(|| {
                    values
                        .iter()
                        .map(String::as_str)
                        .find(|value| !value.is_empty())
                })
                .unwrap_or_default()
                .into()
        }
        Shape::Const(text) => text.as_str().into(),
        Shape::ConstBool(flag) => (*flag).into(),
        Shape::Any | Shape::Nullable(_) => Value::Null,
        Shape::Array(_) => json!([]),
        Shape::Map(_) => json!({}),
        Shape::Object { fields, .. } => Value::Object(members(ctx, fields, depth)),
        Shape::Ref(target) => Value::Object(fields_of(ctx, target, depth)),
        Shape::Union { variants, .. } => variants
            .first()
            .map_or(Value::Null, |first| value(ctx, first, name, depth + 1)),
        Shape::Expandable { targets } => {
            let target = targets.first().map_or("object", String::as_str);
            ids::new_id(target, ctx.scope.livemode(), &mut ctx.world.random).into()
        }
        Shape::List(_) => empty_list(""),
        Shape::SearchResult(_) => {
            json!({"object": "search_result", "data": [], "has_more": false, "next_page": null, "url": ""})
        }
        Shape::V2Page(_) => json!({"data": [], "next_page_url": null, "previous_page_url": null}),
    }
}

/// A v1 list without members.
pub fn empty_list(url: &str) -> Value {
    json!({"object": "list", "data": [], "has_more": false, "url": url})
}
