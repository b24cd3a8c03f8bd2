//! Sample objects, made from the table that [`View::check`] reads: every one fits its description.

use serde_json::{Map, Value, json};

use crate::json::Json;
use crate::view::{View, described};

/// Optional members and what they hold are written this deep; below, only what must be there.
const WHOLE_DEPTH: usize = 1;

/// Creates an object for tests, without a request. It has all required members, the optional members of the object
/// itself, and nulls where Stripe allows them. It fits Stripe's description ([`View::check`] succeeds), and is the same
/// in every run.
///
/// ```
/// use tollway::{api, testing::sample};
///
/// let charge = sample::<api::Charge>();
/// assert_eq!((charge.id(), charge.currency(), charge.created().unix_seconds()), ("ch_sample", "usd", 1_700_000_000));
/// assert!(charge.check().is_ok());
/// ```
pub fn sample<T: View>() -> T {
    sample_with(json!({}))
}

/// As [`sample`], with members of your own: objects are merged, other values replace the sample's.
///
/// ```
/// use serde_json::json;
/// use tollway::{api, testing::sample_with};
///
/// let charge = sample_with::<api::Charge>(json!({
///     "amount": 5000, "status": "succeeded", "billing_details": {"email": "jenny@example.com"},
/// }));
/// assert_eq!(charge.amount(), 5000);
/// assert_eq!(charge.billing_details().email(), Some("jenny@example.com"));
/// ```
pub fn sample_with<T: View>(members: Value) -> T {
    let mut object = component(T::NAME, 0);
    merge(&mut object, members);
    // Serialized JSON always parses.
    T::from_json(Json::parse(object.to_string()).unwrap_or_else(|_| Json::null()))
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// An object of this component; an empty one when the description has none of that name.
fn component(name: &str, depth: usize) -> Value {
    let line = described(name).unwrap_or_default();
    if let Some(alias) = line.strip_prefix(':') {
        return value(name, name, alias, depth);
    }
    let mut members = Map::new();
    for field in line.split('\t').filter(|field| !field.is_empty()) {
        let Some((member, shape)) = field.split_once(':') else {
            continue;
        };
        let required = shape.starts_with('!');
        let shape = shape.trim_start_matches('!');
        if required || (depth < WHOLE_DEPTH && !shape.starts_with('?')) {
            members.insert(member.to_owned(), value(name, member, shape, depth));
        }
    }
    Value::Object(members)
}

/// A value of this shape for a member of an object. The letters are explained where the table is written.
fn value(owner: &str, member: &str, shape: &str, depth: usize) -> Value {
    let letter = shape.as_bytes().first().copied().unwrap_or(b'*');
    let inner = shape.get(1..shape.len().saturating_sub(1).max(1));
    let inner = inner.unwrap_or_default();
    let inner = inner.strip_prefix('(').unwrap_or(inner);
    let first = inner.split(',').next().unwrap_or_default();
    let page = |object: &str| json!({ "object": object, "data": [], "has_more": false, "url": "/v1/sample" });
    match letter {
        b'?' | b'*' => Value::Null,
        b's' => text(owner, member).into(),
        b'i' | b'n' => number(member).into(),
        b'b' => (member == "deleted").into(),
        b'I' | b'd' => "1000".into(),
        b'D' => "2023-11-14T22:13:20.000Z".into(),
        b'=' => shape.get(1..).unwrap_or_default().into(),
        b'e' => first.into(),
        b'r' => component(inner, depth + 1),
        b'x' => format!("{}_sample", prefix(first)).into(),
        b'u' => component(first, depth + 1),
        b'{' => json!({}),
        b'l' => page("list"),
        b'q' => page("search_result"),
        b'p' => json!({ "data": [], "next_page_url": null, "previous_page_url": null }),
        _ => json!([]),
    }
}

fn text(owner: &str, member: &str) -> String {
    let fixed = match member {
        "id" => return format!("{}_sample", prefix(owner)),
        "currency" | "default_currency" | "settlement_currency" => "usd",
        "country" => "US",
        "email" => "jenny@example.com",
        _ if member.ends_with("url") => "https://example.com/sample",
        _ => member,
    };
    fixed.to_owned()
}

fn number(member: &str) -> i64 {
    match member {
        _ if member.contains("amount") => 1000,
        "created" | "date" | "start" | "end" => 1_700_000_000,
        _ if member.ends_with("_at") || member.starts_with("period_") => 1_700_000_000,
        _ => 1,
    }
}

/// The prefix of a component's ids, for common components.
fn prefix(component: &str) -> String {
    let component = component.strip_prefix("deleted_").unwrap_or(component);
    let common = match component {
        "account" | "v2.core.account" => "acct",
        "application" => "ca",
        "application_fee" => "fee",
        "balance_transaction" => "txn",
        "bank_account" => "ba",
        "charge" => "ch",
        "checkout.session" => "cs_test",
        "customer" => "cus",
        "dispute" => "du",
        "event" | "v2.core.event" => "evt",
        "invoice" => "in",
        "payment_intent" => "pi",
        "payment_method" => "pm",
        "payout" => "po",
        "product" => "prod",
        "refund" => "re",
        "setup_intent" => "seti",
        "source" => "src",
        "subscription" => "sub",
        "subscription_item" => "si",
        "topup" => "tu",
        "transfer" => "tr",
        "transfer_reversal" => "trr",
        "webhook_endpoint" => "we",
        other => return other.replace('.', "_"),
    };
    common.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{check, described_names};

    #[test]
    fn the_sample_of_every_object_fits_its_description() {
        let mut objects = 0;
        for name in described_names() {
            let json = Json::parse(component(name, 0).to_string()).unwrap();
            assert_eq!(check(name, &json), Some(Ok(())), "{name}: {}", json.text());
            objects += 1;
        }
        assert!(objects > 1_500, "only {objects} objects are described");
    }

    #[test]
    fn own_members_are_merged_into_the_sample() {
        let mut object = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        merge(
            &mut object,
            json!({"a": {"b": {"x": 1}}, "d": [], "e": null}),
        );
        assert_eq!(
            object,
            json!({"a": {"b": {"x": 1}, "c": 2}, "d": [], "e": null})
        );
    }
}
