//! The buyer: the names of a business and a person, and the tax ID of a business.
//!
//! Inputs: `business_name`, `individual_name`, `tax_id`, and `tax_id_type` where the country does not determine it.
//! See <https://docs.stripe.com/tax/checkout/tax-ids> and <https://docs.stripe.com/payments/checkout/name-collection>.

use serde_json::{Map, Value, json};

use crate::checkout::form::{Form, FormErrors, form_value};
use crate::checkout::form_spec::FormSpec;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::{list, text};
use crate::pages::{Choose, Input};
use crate::params::Params;
use crate::tax::table::is_in_european_union;

/// Types of tax ID, each starting with its country. The first type of a country is its default.
const TAX_ID_TYPES: &str = "ad_nrt ae_trn al_tin am_tin ao_tin ar_cuit au_abn au_arn aw_tin az_tin ba_tin bb_tin bd_bin bf_ifu \
    bh_vat bj_ifu bo_tin br_cnpj br_cpf bs_tin by_tin ca_bn ca_gst_hst ca_pst_bc ca_pst_mb ca_pst_sk ca_qst cd_nif ch_vat ch_uid \
    cl_tin cm_niu cn_tin co_nit cr_tin cv_nif do_rcn ec_ruc eg_tin et_tin gb_vat ge_vat gn_nif hk_br id_npwp il_vat in_gst is_vat \
    jp_cn jp_rn jp_trn ke_pin kg_tin kh_tin kr_brn kz_bin la_tin li_vat li_uid ma_vat md_vat me_pib mk_vat mr_nif mx_rfc my_sst \
    my_frp my_itn ng_tin no_vat no_voec np_pan nz_gst om_vat pe_ruc ph_tin rs_pib ru_inn ru_kpp sa_vat sg_gst sg_uen sn_ninea \
    sr_fin sv_nit th_vat tj_tin tr_tin tw_vat tz_vat ua_vat ug_tin us_ein uy_ruc uz_tin uz_vat ve_rif vn_tin za_vat zm_tin zw_tin";

/// The names and the tax ID of the buyer.
#[derive(Debug, Clone, Default)]
pub(super) struct Buyer {
    pub(super) business: Option<String>,
    pub(super) individual: Option<String>,
    /// Type and value.
    pub(super) tax_id: Option<(String, String)>,
}

/// Whether the page has a tax ID input: not for a customer who already has a tax ID.
pub(super) fn collects_tax_id(ctx: &Ctx<'_>, session: &Value) -> bool {
    let customer = text(session, "customer");
    session["tax_id_collection"]["enabled"] == true
        && (customer.is_empty() || customer_tax_ids(ctx, customer).is_empty())
}

/// `tax_ids` of `customer_details`: the tax IDs of a customer.
pub(super) fn customer_tax_ids(ctx: &Ctx<'_>, customer: &str) -> Vec<Value> {
    let all = ctx.all_under("tax_id", customer);
    let of = |it: &Value| json!({"type": it["type"], "value": it["value"]});
    all.iter().map(of).collect()
}

/// Checks the parameters that `tax_id_collection` and `customer_update` require.
pub(super) fn check_buyer_params(params: &Params) -> Result<(), ApiError> {
    if !params.has("customer") {
        if params.has("customer_update") {
            let message =
                "`customer_update` can only be used with `customer` or `customer_account`.";
            return Err(ApiError::invalid_request(message));
        }
        return Ok(());
    }
    if params.bool("tax_id_collection.enabled") == Some(true)
        && params.text("customer_update.name") != Some("auto")
    {
        let message = "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an \
                       existing customer, please set `customer_update[name]` to `auto`.";
        return Err(ApiError::invalid_request(message));
    }
    Ok(())
}

/// Sets the default of `tax_id_collection[required]`: `never`.
pub(super) fn set_tax_id_default(plain: &mut Map<String, Value>) {
    if let Some(Value::Object(collection)) = plain.get_mut("tax_id_collection") {
        collection
            .entry("required")
            .or_insert_with(|| "never".into());
    }
}

/// The inputs for the buyer. `located` tells whether another input of the page is a country.
pub(super) fn buyer_inputs(session: &Value, spec: &FormSpec, located: bool) -> Vec<Input> {
    let mut inputs = Vec::new();
    let names = &session["name_collection"];
    for (kind, label, complete) in [
        ("individual", "Full name", "name"),
        ("business", "Business name", "organization"),
    ] {
        let requested = &names[kind];
        if requested["enabled"] == true || (kind == "business" && spec.collects_tax_id) {
            let mut input = Input::new(&format!("{kind}_name"), label, "text", complete);
            input.required = requested["enabled"] == true && requested["optional"] != true;
            inputs.push(input);
        }
    }
    if !spec.collects_tax_id {
        return inputs;
    }
    if !located {
        let label = "Country, two letters";
        inputs.push(Input::new("country", label, "text", "billing country"));
    }
    inputs.push(Input::new("tax_id", "Business tax ID", "text", "off"));
    let mut options = vec![Choose {
        value: String::new(),
        label: "The usual one of the country".to_owned(),
    }];
    options.extend(
        ["eu_vat"]
            .into_iter()
            .chain(TAX_ID_TYPES.split_whitespace())
            .map(Choose::plain),
    );
    inputs.push(Input {
        options,
        ..Input::new("tax_id_type", "Type of the tax ID", "select", "off")
    });
    inputs
}

/// Reads the buyer. `country` is the country of the shipping or billing address.
pub(super) fn read_buyer(
    session: &Value,
    form: &Form,
    spec: &FormSpec,
    country: Option<&str>,
    errors: &mut FormErrors,
) -> Buyer {
    let mut name = |kind: &str, label: &str| {
        let requested = &session["name_collection"][kind];
        let input = format!("{kind}_name");
        let typed = form_value(form, &input).map(str::to_owned);
        if typed.is_none() && requested["enabled"] == true && requested["optional"] != true {
            errors.insert(input, format!("{label} is required."));
        }
        typed.filter(|_| {
            requested["enabled"] == true || (kind == "business" && spec.collects_tax_id)
        })
    };
    let mut buyer = Buyer {
        individual: name("individual", "A full name"),
        business: name("business", "A business name"),
        tax_id: None,
    };
    if !spec.collects_tax_id {
        return buyer;
    }
    let usual = country.and_then(default_tax_id_type);
    let Some(value) = form_value(form, "tax_id") else {
        if session["tax_id_collection"]["required"] == "if_supported" && usual.is_some() {
            errors.insert("tax_id".to_owned(), "A tax ID is required.".to_owned());
        }
        return buyer;
    };
    let value = value.to_ascii_uppercase();
    let kind = form_value(form, "tax_id_type").or(usual).or_else(|| {
        let vat = value.get(..2).is_some_and(is_vat_country);
        vat.then_some("eu_vat")
    });
    match kind {
        None => {
            let message = "Choose the type of this tax ID, or give its country.";
            errors.insert("tax_id_type".to_owned(), message.to_owned());
        }
        Some(kind) if kind != "eu_vat" && !TAX_ID_TYPES.split_whitespace().any(|it| it == kind) => {
            let message = "This type is none of those that can be chosen.";
            errors.insert("tax_id_type".to_owned(), message.to_owned());
        }
        Some("eu_vat") if !is_vat_number(&value) => {
            let message = "This is no VAT number: two letters of the country, then 8 to 12 letters and digits.";
            errors.insert("tax_id".to_owned(), message.to_owned());
        }
        Some(_) if buyer.business.is_none() => {
            let message = "The name of the business is required with its tax ID.";
            errors.insert("business_name".to_owned(), message.to_owned());
        }
        Some(kind) => buyer.tax_id = Some((kind.to_owned(), value)),
    }
    buyer
}

fn is_vat_country(country: &str) -> bool {
    is_in_european_union(country) || country == "EL"
}

fn is_vat_number(value: &str) -> bool {
    let Some((country, rest)) = value.split_at_checked(2) else {
        return false;
    };
    is_vat_country(country)
        && (8..=12).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The default type of a business's tax ID in a country; none if the country has no supported type.
fn default_tax_id_type(country: &str) -> Option<&'static str> {
    let country = country.to_ascii_uppercase();
    if is_vat_country(&country) {
        return Some("eu_vat");
    }
    let of = |it: &&str| it[..2].eq_ignore_ascii_case(&country);
    TAX_ID_TYPES.split_whitespace().find(of)
}

/// Writes the buyer into the session.
pub(super) fn write_buyer(session: &mut Value, buyer: &Buyer) {
    let details = &mut session["customer_details"];
    for (member, name) in [
        ("business_name", &buyer.business),
        ("individual_name", &buyer.individual),
    ] {
        details[member] = name.as_deref().into();
    }
    if let Some((kind, value)) = &buyer.tax_id {
        details["tax_ids"] = json!([{"type": kind, "value": value}]);
        // With a tax ID the business is the customer.
        details["name"] = buyer.business.as_deref().into();
    } else if details["name"].is_null() {
        details["name"] = buyer
            .individual
            .as_ref()
            .or(buyer.business.as_ref())
            .map(String::as_str)
            .into();
    }
    let collected = &mut session["collected_information"];
    collected["business_name"] = buyer.business.as_deref().into();
    collected["individual_name"] = buyer.individual.as_deref().into();
}

/// Creates the collected tax ID for the customer.
pub(super) fn save_tax_ids(ctx: &mut Ctx<'_>, session: &Value) -> Result<(), ApiError> {
    let customer = text(session, "customer");
    if customer.is_empty() || session["tax_id_collection"]["enabled"] != true {
        return Ok(());
    }
    let existing = customer_tax_ids(ctx, customer);
    for tax_id in list(&session["customer_details"], "tax_ids") {
        if existing.contains(tax_id) {
            continue;
        }
        let path = vec![("customer".to_owned(), customer.to_owned())];
        let form: Map<String, Value> = tax_id.as_object().cloned().unwrap_or_default();
        ctx.generic("customers.tax_ids.create", &Params::new(path, form))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tax_id_has_the_type_of_its_country() {
        assert_eq!(default_tax_id_type("de"), Some("eu_vat"));
        assert_eq!(default_tax_id_type("CH"), Some("ch_vat"));
        assert_eq!(default_tax_id_type("US"), Some("us_ein"));
        assert_eq!(default_tax_id_type("AQ"), None);
        let spec = FormSpec {
            collects_tax_id: true,
            ..FormSpec::default()
        };
        let session = json!({"tax_id_collection": {"enabled": true, "required": "if_supported"}});
        let result = |country: Option<&str>, typed: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let form: Form = typed.iter().map(owned).collect();
            let mut errors = FormErrors::new();
            let buyer = read_buyer(&session, &form, &spec, country, &mut errors);
            let wrong: Vec<String> = errors.into_keys().collect();
            (buyer.tax_id.map(|(kind, _)| kind), wrong.join(" "))
        };
        let name = ("business_name", "Bread Ltd");
        let kind = |it: &str| (Some(it.to_owned()), String::new());
        assert_eq!(
            result(None, &[name, ("tax_id", "de123456789")]),
            kind("eu_vat")
        );
        assert_eq!(
            result(Some("GB"), &[name, ("tax_id", "GB123456789")]),
            kind("gb_vat")
        );
        assert_eq!(
            result(
                Some("CA"),
                &[name, ("tax_id", "1"), ("tax_id_type", "ca_qst")]
            ),
            kind("ca_qst")
        );
        assert_eq!(result(Some("AQ"), &[]), (None, String::new()));
        assert_eq!(result(Some("FR"), &[]), (None, "tax_id".to_owned()));
        assert_eq!(
            result(Some("FR"), &[name, ("tax_id", "12")]),
            (None, "tax_id".to_owned())
        );
        assert_eq!(
            result(Some("US"), &[("tax_id", "12-3456789")]),
            (None, "business_name".to_owned())
        );
        assert_eq!(
            result(None, &[name, ("tax_id", "12")]),
            (None, "tax_id_type".to_owned())
        );
        assert_eq!(
            result(None, &[name, ("tax_id", "12"), ("tax_id_type", "xx")]),
            (None, "tax_id_type".to_owned())
        );
    }
}
