//! `POST /v1/tax/calculations`: the tax on lines and shipping for a customer in a location.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::tax::due::{TaxDue, TaxLocation, location_error};
use crate::tax::settings::load_settings;
use crate::tax::table;

const TAX_CALCULATION: &str = "tax.calculation";

pub(super) const CALCULATION_LINE: &str = "tax.calculation_line_item";

/// Seconds until a calculation expires.
const CALCULATION_SECONDS: i64 = 90 * 86_400;

/// The tax code of goods in general.
const GENERAL_TAX_CODE: &str = "txcd_99999999";

/// The tax code of goods that are not taxed.
const NONTAXABLE_TAX_CODE: &str = "txcd_00000000";

const SHIPPING_TAX_CODE: &str = "txcd_92010001";

pub(super) fn create_calculation(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let currency = params
        .text("currency")
        .unwrap_or_default()
        .to_ascii_lowercase();
    crate::currency::check(&currency, "currency")?;
    let settings = load_settings(ctx)?;
    let customer = TaxCustomer::of(ctx, params, &settings)?;
    let place = TaxLocation::of(&customer.details["address"]).ok_or_else(location_error)?;
    let id = ctx.new_id(TAX_CALCULATION);
    let terms = CalculationTerms {
        place: &place,
        relief: customer.relief,
        behavior: default_behavior(&settings, &currency),
        tax_code: settings["defaults"]["tax_code"]
            .as_str()
            .unwrap_or(GENERAL_TAX_CODE)
            .to_owned(),
    };
    let mut sums = CalculationTotals::default();
    let mut lines = Vec::new();
    for (index, params_of_part) in params.list("line_items").iter().enumerate() {
        let line = calculate_line(ctx, &terms, params_of_part, index, &mut sums)?;
        let (scope, now) = (ctx.scope.clone(), ctx.now());
        ctx.world
            .store
            .insert_under(&scope, CALCULATION_LINE, Some(&id), &line, now);
        lines.push(line);
    }
    if lines.is_empty() {
        return Err(ApiError::missing_parameter("line_items"));
    }
    let shipping = params.map("shipping_cost").cloned();
    let shipping = shipping
        .map(|params_of_part| shipping_cost(ctx, &terms, &params_of_part, &mut sums))
        .transpose()?;
    let from = params
        .map("ship_from_details")
        .map(|params_of_part| json!({"address": complete_address(&params_of_part["address"])}));
    let calculation = json!({
        "id": id,
        "object": TAX_CALCULATION,
        "amount_total": sums.amount + sums.exclusive,
        "currency": currency,
        "customer": params.text("customer"),
        "customer_details": customer.details,
        "expires_at": ctx.now() + CALCULATION_SECONDS,
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
    ctx.insert(TAX_CALCULATION, &calculation);
    Ok(calculation)
}

/// The default tax behavior of a line.
fn default_behavior(settings: &Value, currency: &str) -> &'static str {
    match settings["defaults"]["tax_behavior"].as_str() {
        Some("inclusive") => "inclusive",
        Some("inferred_by_currency") if !matches!(currency, "usd" | "cad") => "inclusive",
        _ => "exclusive",
    }
}

/// The customer of a calculation.
struct TaxCustomer {
    /// `customer_details`.
    details: Value,
    relief: Option<&'static str>,
}

impl TaxCustomer {
    fn of(ctx: &Ctx<'_>, params: &Params, settings: &Value) -> Result<Self, ApiError> {
        let customer = match params.text("customer") {
            Some(id) => ctx.referenced("customer", id, "customer")?,
            None if params.has("customer_details") => Value::Null,
            None => return Err(ApiError::missing_parameter("customer_details")),
        };
        let shipped = &customer["shipping"]["address"];
        let (own, source) = if shipped.is_object() {
            (shipped, "shipping")
        } else {
            (&customer["address"], "billing")
        };
        let requested_address = params.at("customer_details.address");
        let source = match params.text("customer_details.address_source") {
            Some(requested_source) => requested_source,
            None if requested_address.is_some() => {
                return Err(ApiError::missing_parameter(
                    "customer_details[address_source]",
                ));
            }
            None => source,
        };
        let exempt = match customer["tax_exempt"].as_str() {
            Some("exempt") => "customer_exempt",
            Some("reverse") => "reverse_charge",
            _ => "none",
        };
        let exempt = params
            .text("customer_details.taxability_override")
            .unwrap_or(exempt);
        let tax_ids = params.list("customer_details.tax_ids");
        let address = complete_address(requested_address.unwrap_or(own));
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

/// Whether the customer is a business of another country of the European Union, which pays the tax itself.
fn is_foreign_business(address: &Value, tax_ids: &[Value], settings: &Value) -> bool {
    let own = settings["head_office"]["address"]["country"].as_str();
    let country = address["country"].as_str().unwrap_or_default();
    let in_union = table::is_in_european_union(country)
        && own.is_some_and(|own| own != country && table::is_in_european_union(own));
    in_union && tax_ids.iter().any(|id| id["type"] == "eu_vat")
}

/// An address with all its members.
fn complete_address(address: &Value) -> Value {
    let member = |name: &str| address[name].as_str().filter(|text| !text.is_empty());
    let country = member("country").map(str::to_ascii_uppercase);
    json!({
        "city": member("city"), "country": country, "line1": member("line1"), "line2": member("line2"),
        "postal_code": member("postal_code"), "state": member("state"),
    })
}

/// What all lines have in common.
struct CalculationTerms<'a> {
    place: &'a TaxLocation,
    relief: Option<&'static str>,
    behavior: &'static str,
    tax_code: String,
}

/// The totals of a calculation.
#[derive(Default)]
struct CalculationTotals {
    amount: i64,
    exclusive: i64,
    inclusive: i64,
    /// `tax_breakdown`.
    breakdown: Vec<Value>,
}

/// The tax on a line or on the shipping.
struct LineTax {
    amount: i64,
    inclusive: bool,
    breakdown: Value,
}

impl CalculationTotals {
    /// Calculates the tax on `amount` and adds it to the totals.
    fn tax(
        &mut self,
        ctx: &Ctx<'_>,
        terms: &CalculationTerms<'_>,
        amount: i64,
        behavior: &str,
        code: &str,
    ) -> LineTax {
        let exempt = (code == NONTAXABLE_TAX_CODE).then_some("product_exempt");
        let due = TaxDue::in_place(ctx, terms.place, terms.relief.or(exempt));
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
            .map_or_else(|| "0".to_owned(), table::StandardRate::percentage);
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
        LineTax {
            amount: tax,
            inclusive,
            breakdown,
        }
    }
}

fn calculate_line(
    ctx: &mut Ctx<'_>,
    terms: &CalculationTerms<'_>,
    line_params: &Value,
    index: usize,
    sums: &mut CalculationTotals,
) -> Result<Value, ApiError> {
    let product = line_params["product"].as_str();
    let product = product
        .map(|id| ctx.referenced("product", id, &format!("line_items[{index}][product]")))
        .transpose()?;
    let requested = |name: &str| line_params[name].as_str().map(str::to_owned);
    let of_product = product.as_ref().and_then(|it| it["tax_code"].as_str());
    let code = requested("tax_code").or(of_product.map(str::to_owned));
    let code = code.unwrap_or_else(|| terms.tax_code.clone());
    let behavior = requested("tax_behavior").unwrap_or_else(|| terms.behavior.to_owned());
    let amount = line_params["amount"].as_i64().unwrap_or(0);
    let taxed = sums.tax(ctx, terms, amount, &behavior, &code);
    let reference = requested("reference").unwrap_or_else(|| format!("L{}", index + 1));
    Ok(json!({
        "id": ctx.new_id(CALCULATION_LINE),
        "object": CALCULATION_LINE,
        "amount": amount,
        "amount_tax": taxed.amount,
        "livemode": ctx.scope.livemode(),
        "metadata": line_params["metadata"].as_object().cloned().map_or_else(|| json!({}), Value::Object),
        "performance_location": line_params["performance_location"],
        "product": line_params["product"],
        "quantity": line_params["quantity"].as_i64().unwrap_or(1),
        "reference": reference,
        "tax_behavior": if taxed.inclusive { "inclusive" } else { "exclusive" },
        "tax_breakdown": taxed.breakdown,
        "tax_code": code,
    }))
}

fn shipping_cost(
    ctx: &Ctx<'_>,
    terms: &CalculationTerms<'_>,
    shipping_params: &Map<String, Value>,
    sums: &mut CalculationTotals,
) -> Result<Value, ApiError> {
    let requested = |name: &str| shipping_params.get(name).and_then(Value::as_str);
    let rate = requested("shipping_rate")
        .map(|id| ctx.referenced("shipping_rate", id, "shipping_cost[shipping_rate]"))
        .transpose()?
        .unwrap_or_default();
    let amount = shipping_params.get("amount").and_then(Value::as_i64);
    let amount = amount
        .or(rate["fixed_amount"]["amount"].as_i64())
        .unwrap_or(0);
    let of_rate = rate["tax_behavior"]
        .as_str()
        .filter(|it| *it != "unspecified");
    let behavior = requested("tax_behavior")
        .or(of_rate)
        .unwrap_or(terms.behavior);
    let code = requested("tax_code")
        .or(rate["tax_code"].as_str())
        .unwrap_or(SHIPPING_TAX_CODE);
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
