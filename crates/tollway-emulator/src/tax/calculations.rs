//! `POST /v1/tax/calculations`: the tax on lines and shipping for a customer in a place.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::tax::due::{Due, Place, unknown_place};
use crate::tax::{settings, table};

const CALCULATION: &str = "tax.calculation";
pub(super) const LINE: &str = "tax.calculation_line_item";
/// It is good for so many seconds.
const LIFETIME: i64 = 90 * 86_400;
/// What is sold if nobody says.
const GENERAL: &str = "txcd_99999999";
/// What is not taxed anywhere.
const NONTAXABLE: &str = "txcd_00000000";
const SHIPPING: &str = "txcd_92010001";

pub(super) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let currency = params
        .text("currency")
        .unwrap_or_default()
        .to_ascii_lowercase();
    crate::currency::check(&currency, "currency")?;
    let settings = settings(ctx)?;
    let customer = Customer::of(ctx, params, &settings)?;
    let place = Place::of(&customer.details["address"]).ok_or_else(unknown_place)?;
    let id = ctx.new_id(CALCULATION);
    let terms = Terms {
        place: &place,
        relief: customer.relief,
        behavior: behavior(&settings, &currency),
        tax_code: settings["defaults"]["tax_code"]
            .as_str()
            .unwrap_or(GENERAL)
            .to_owned(),
    };
    let mut sums = Sums::default();
    let mut lines = Vec::new();
    for (index, given) in params.list("line_items").iter().enumerate() {
        let line = line(ctx, &terms, given, index, &mut sums)?;
        let (scope, now) = (ctx.scope.clone(), ctx.now());
        ctx.world
            .store
            .insert_under(&scope, LINE, Some(&id), &line, now);
        lines.push(line);
    }
    if lines.is_empty() {
        return Err(ApiError::missing_parameter("line_items"));
    }
    let shipping = params.map("shipping_cost").cloned();
    let shipping = shipping
        .map(|given| shipping_cost(ctx, &terms, &given, &mut sums))
        .transpose()?;
    let from = params
        .map("ship_from_details")
        .map(|given| json!({"address": address(&given["address"])}));
    let calculation = json!({
        "id": id,
        "object": CALCULATION,
        "amount_total": sums.amount + sums.exclusive,
        "currency": currency,
        "customer": params.text("customer"),
        "customer_details": customer.details,
        "expires_at": ctx.now() + LIFETIME,
        "line_items": {
            "object": "list", "data": lines, "has_more": false, "url": format!("/v1/tax/calculations/{id}/line_items"),
        },
        "livemode": ctx.scope.livemode(),
        "ship_from_details": from,
        "shipping_cost": shipping,
        "tax_amount_exclusive": sums.exclusive,
        "tax_amount_inclusive": sums.inclusive,
        "tax_breakdown": sums.breakdown,
        "tax_date": params.int("tax_date").unwrap_or(ctx.now()),
    });
    ctx.insert(CALCULATION, &calculation);
    Ok(calculation)
}

/// Whether prices contain the tax, if a line does not say.
fn behavior(settings: &Value, currency: &str) -> &'static str {
    match settings["defaults"]["tax_behavior"].as_str() {
        Some("inclusive") => "inclusive",
        Some("inferred_by_currency") if !matches!(currency, "usd" | "cad") => "inclusive",
        _ => "exclusive",
    }
}

/// Who buys.
struct Customer {
    /// `customer_details`.
    details: Value,
    relief: Option<&'static str>,
}

impl Customer {
    fn of(ctx: &Ctx<'_>, params: &Params, settings: &Value) -> Result<Self, ApiError> {
        let known = match params.text("customer") {
            Some(id) => ctx.referenced("customer", id, "customer")?,
            None if params.has("customer_details") => Value::Null,
            None => return Err(ApiError::missing_parameter("customer_details")),
        };
        let shipped = &known["shipping"]["address"];
        let (own, source) = if shipped.is_object() {
            (shipped, "shipping")
        } else {
            (&known["address"], "billing")
        };
        let given = params.at("customer_details.address");
        let source = match params.text("customer_details.address_source") {
            Some(said) => said,
            None if given.is_some() => {
                return Err(ApiError::missing_parameter(
                    "customer_details[address_source]",
                ));
            }
            None => source,
        };
        let exempt = match known["tax_exempt"].as_str() {
            Some("exempt") => "customer_exempt",
            Some("reverse") => "reverse_charge",
            _ => "none",
        };
        let exempt = params
            .text("customer_details.taxability_override")
            .unwrap_or(exempt);
        let tax_ids = params.list("customer_details.tax_ids");
        let address = address(given.unwrap_or(own));
        let relief = match exempt {
            "customer_exempt" => Some("customer_exempt"),
            "reverse_charge" => Some("reverse_charge"),
            _ if is_foreign_business(&address, tax_ids, settings) => Some("reverse_charge"),
            _ => None,
        };
        let details = json!({
            "address": address,
            "address_source": source,
            "ip_address": params.text("customer_details.ip_address"),
            "tax_ids": tax_ids,
            "taxability_override": exempt,
        });
        Ok(Self { details, relief })
    }
}

/// A business of another country of the European Union pays the tax itself.
fn is_foreign_business(address: &Value, tax_ids: &[Value], settings: &Value) -> bool {
    let own = settings["head_office"]["address"]["country"].as_str();
    let there = address["country"].as_str().unwrap_or_default();
    let in_union =
        table::in_union(there) && own.is_some_and(|own| own != there && table::in_union(own));
    in_union && tax_ids.iter().any(|id| id["type"] == "eu_vat")
}

/// An address with all its members.
fn address(given: &Value) -> Value {
    let member = |name: &str| given[name].as_str().filter(|text| !text.is_empty());
    let country = member("country").map(str::to_ascii_uppercase);
    json!({
        "city": member("city"), "country": country, "line1": member("line1"), "line2": member("line2"),
        "postal_code": member("postal_code"), "state": member("state"),
    })
}

/// What counts for all lines.
struct Terms<'a> {
    place: &'a Place,
    relief: Option<&'static str>,
    behavior: &'static str,
    tax_code: String,
}

/// What the lines come to.
#[derive(Default)]
struct Sums {
    amount: i64,
    exclusive: i64,
    inclusive: i64,
    /// `tax_breakdown`.
    breakdown: Vec<Value>,
}

/// The tax on one thing.
struct Taxed {
    amount: i64,
    inclusive: bool,
    breakdown: Value,
}

impl Sums {
    /// Works out the tax on `amount` and adds it.
    fn tax(
        &mut self,
        ctx: &Ctx<'_>,
        terms: &Terms<'_>,
        amount: i64,
        behavior: &str,
        code: &str,
    ) -> Taxed {
        let exempt = (code == NONTAXABLE).then_some("product_exempt");
        let due = Due::in_place(ctx, terms.place, terms.relief.or(exempt));
        let inclusive = behavior == "inclusive";
        let tax = due.on(amount, inclusive);
        let net = if inclusive { amount - tax } else { amount };
        let taxable = if due.collected().is_some() { net } else { 0 };
        let place = terms.place;
        let state = due
            .rate
            .and_then(|rate| rate.state)
            .or(place.state.as_deref());
        let kind = due.rate.map_or("vat", |rate| rate.kind);
        let percentage = due
            .collected()
            .map_or_else(|| "0".to_owned(), table::Rate::percentage);
        self.amount += amount;
        if inclusive {
            self.inclusive += tax;
        } else {
            self.exclusive += tax;
        }
        let details = json!({
            "country": place.country, "flat_amount": null, "percentage_decimal": percentage, "rate_type": "percentage",
            "state": state, "tax_type": kind,
        });
        let same = |row: &&mut Value| {
            row["inclusive"] == inclusive
                && row["taxability_reason"] == due.reason
                && row["tax_rate_details"] == details
        };
        if let Some(row) = self.breakdown.iter_mut().find(same) {
            row["amount"] = (row["amount"].as_i64().unwrap_or(0) + tax).into();
            row["taxable_amount"] = (row["taxable_amount"].as_i64().unwrap_or(0) + taxable).into();
        } else {
            self.breakdown.push(json!({
                "amount": tax, "inclusive": inclusive, "tax_rate_details": details, "taxability_reason": due.reason,
                "taxable_amount": taxable,
            }));
        }
        let rate = due.collected().map(|rate| {
            json!({"display_name": rate.name(), "percentage_decimal": rate.percentage(), "tax_type": rate.kind})
        });
        let state_level = place.country == "US";
        let breakdown = json!([{
            "amount": tax,
            "jurisdiction": {
                "country": place.country,
                "display_name": state.filter(|_| state_level).unwrap_or(&place.country),
                "level": if state_level { "state" } else { "country" },
                "state": state.filter(|_| state_level),
            },
            "sourcing": "destination",
            "tax_rate_details": rate,
            "taxability_reason": due.reason,
            "taxable_amount": taxable,
        }]);
        Taxed {
            amount: tax,
            inclusive,
            breakdown,
        }
    }
}

fn line(
    ctx: &mut Ctx<'_>,
    terms: &Terms<'_>,
    given: &Value,
    index: usize,
    sums: &mut Sums,
) -> Result<Value, ApiError> {
    let product = given["product"].as_str();
    let product = product
        .map(|id| ctx.referenced("product", id, &format!("line_items[{index}][product]")))
        .transpose()?;
    let said = |name: &str| given[name].as_str().map(str::to_owned);
    let of_product = product.as_ref().and_then(|it| it["tax_code"].as_str());
    let code = said("tax_code").or(of_product.map(str::to_owned));
    let code = code.unwrap_or_else(|| terms.tax_code.clone());
    let behavior = said("tax_behavior").unwrap_or_else(|| terms.behavior.to_owned());
    let amount = given["amount"].as_i64().unwrap_or(0);
    let taxed = sums.tax(ctx, terms, amount, &behavior, &code);
    let reference = said("reference").unwrap_or_else(|| format!("L{}", index + 1));
    Ok(json!({
        "id": ctx.new_id(LINE),
        "object": LINE,
        "amount": amount,
        "amount_tax": taxed.amount,
        "livemode": ctx.scope.livemode(),
        "metadata": given["metadata"].as_object().cloned().map_or_else(|| json!({}), Value::Object),
        "performance_location": given["performance_location"],
        "product": given["product"],
        "quantity": given["quantity"].as_i64().unwrap_or(1),
        "reference": reference,
        "tax_behavior": if taxed.inclusive { "inclusive" } else { "exclusive" },
        "tax_breakdown": taxed.breakdown,
        "tax_code": code,
    }))
}

fn shipping_cost(
    ctx: &Ctx<'_>,
    terms: &Terms<'_>,
    given: &Map<String, Value>,
    sums: &mut Sums,
) -> Result<Value, ApiError> {
    let said = |name: &str| given.get(name).and_then(Value::as_str);
    let rate = said("shipping_rate")
        .map(|id| ctx.referenced("shipping_rate", id, "shipping_cost[shipping_rate]"))
        .transpose()?
        .unwrap_or_default();
    let amount = given.get("amount").and_then(Value::as_i64);
    let amount = amount
        .or(rate["fixed_amount"]["amount"].as_i64())
        .unwrap_or(0);
    let of_rate = rate["tax_behavior"]
        .as_str()
        .filter(|it| *it != "unspecified");
    let behavior = said("tax_behavior").or(of_rate).unwrap_or(terms.behavior);
    let code = said("tax_code")
        .or(rate["tax_code"].as_str())
        .unwrap_or(SHIPPING);
    let taxed = sums.tax(ctx, terms, amount, behavior, code);
    let mut cost = json!({
        "amount": amount, "amount_tax": taxed.amount, "tax_behavior": behavior, "tax_breakdown": taxed.breakdown,
        "tax_code": code,
    });
    if rate["id"].is_string() {
        cost["shipping_rate"] = rate["id"].clone();
    }
    Ok(cost)
}
