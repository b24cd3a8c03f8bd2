use serde_json::json;
use tollway_spec::Verb;

use super::*;
use crate::description::Description;
use crate::params::{pairs, tree};

/// The checked parameters of `POST path` with a form.
fn post(path: &str, form: &str) -> Result<Value, ApiError> {
    let description = Description::load().unwrap();
    let (index, _) = description.find(Verb::Post, path).unwrap();
    let given = tree(pairs(form.as_bytes()).unwrap())?;
    check(
        description.catalog(),
        &description.operation(index).params,
        &given,
    )
    .map(|checked| Value::Object(checked.values))
}

fn fault(path: &str, form: &str) -> (String, String, String) {
    let error = post(path, form).unwrap_err();
    let get = |name| error.get(name).unwrap_or_default().to_owned();
    assert_eq!(error.status, 400);
    (get("message"), get("param"), get("code"))
}

#[test]
fn texts_become_what_they_are() {
    let form = "amount=1000&currency=USD&capture=false&metadata[order]=6735&expand[]=customer&transfer_data[destination]=acct_1";
    let expected = json!({
        "amount": 1000, "currency": "usd", "capture": false, "metadata": {"order": "6735"}, "expand": ["customer"],
        "transfer_data": {"destination": "acct_1"},
    });
    assert_eq!(post("/v1/charges", form).unwrap(), expected);
}

#[test]
fn indexed_lists_are_lists_in_order() {
    let form = "line_items[1][quantity]=2&line_items[0][quantity]=1&line_items[0][price]=price_1";
    let checked = post("/v1/checkout/sessions", form).unwrap();
    assert_eq!(
        checked["line_items"],
        json!([{"quantity": 1, "price": "price_1"}, {"quantity": 2}])
    );
}

#[test]
fn unknown_parameters_are_named_together() {
    let (message, param, code) = fault("/v1/customers", "foo=1&shipping[address][planet]=x");
    assert_eq!(
        message,
        "Received unknown parameters: foo, shipping[address][planet]"
    );
    assert_eq!(
        (param.as_str(), code.as_str()),
        ("foo", "parameter_unknown")
    );
    assert_eq!(
        fault("/v1/customers", "foo=1").0,
        "Received unknown parameter: foo"
    );
}

#[test]
fn missing_parameters() {
    let (message, param, code) = fault("/v1/transfers", "currency=usd");
    assert_eq!(message, "Missing required param: destination.");
    assert_eq!(
        (param.as_str(), code.as_str()),
        ("destination", "parameter_missing")
    );
    let (message, param, _) = fault("/v1/customers", "shipping[name]=Ann");
    assert_eq!(
        (message.as_str(), param.as_str()),
        (
            "Missing required param: shipping[address].",
            "shipping[address]"
        )
    );
}

#[test]
fn wrong_values() {
    let (message, param, code) = fault("/v1/charges", "amount=ten");
    assert_eq!(
        (message.as_str(), param.as_str(), code.as_str()),
        (
            "Invalid integer: ten",
            "amount",
            "parameter_invalid_integer"
        )
    );
    assert_eq!(
        fault("/v1/charges", "amount=99999999999999999999").0,
        "Invalid integer: 99999999999999999999"
    );
    for written in ["true", "True", "false", "False"] {
        let form = format!("amount=1000&currency=usd&source=tok_visa&capture={written}");
        let given = post("/v1/charges", &form).unwrap();
        assert_eq!(given["capture"], written.eq_ignore_ascii_case("true"));
    }
    assert_eq!(
        fault("/v1/charges", "capture=maybe").0,
        "Invalid boolean: maybe"
    );
    let (message, param, _) = fault(
        "/v1/payment_intents",
        "amount=1&currency=usd&capture_method=later",
    );
    assert_eq!(
        message,
        "Invalid capture_method: must be one of automatic, automatic_async, or manual"
    );
    assert_eq!(param, "capture_method");
    assert_eq!(fault("/v1/customers", "shipping=x").0, "Invalid object");
    assert_eq!(
        fault("/v1/customers", "preferred_locales=x").0,
        "Invalid array"
    );
    assert_eq!(fault("/v1/charges", "currency=dollar").1, "currency");
    assert_eq!(fault("/v1/customers", "email[a]=x").1, "email");
}

#[test]
fn empty_texts_clear_what_can_be_cleared() {
    let checked = post(
        "/v1/customers/cus_1",
        "description=&metadata=&shipping=&email=",
    )
    .unwrap();
    assert_eq!(
        checked,
        json!({"description": null, "metadata": null, "shipping": null, "email": null})
    );
    assert_eq!(
        post("/v1/customers", "metadata[a]=").unwrap(),
        json!({"metadata": {"a": null}})
    );
    let (_, param, code) = fault("/v1/charges", "amount=");
    assert_eq!(
        (param.as_str(), code.as_str()),
        ("amount", "parameter_invalid_empty")
    );
}

#[test]
fn unions_take_the_variant_that_fits() {
    assert_eq!(
        post(
            "/v1/tokens",
            "card[number]=4242&card[exp_month]=1&card[exp_year]=2030"
        )
        .unwrap()["card"]["number"],
        "4242"
    );
    let description = Description::load().unwrap();
    let (index, _) = description.find(Verb::Get, "/v1/charges").unwrap();
    let read = |query: &str| {
        let given = tree(pairs(query.as_bytes()).unwrap()).unwrap();
        check(
            description.catalog(),
            &description.operation(index).params,
            &given,
        )
        .map(|checked| Value::Object(checked.values))
    };
    assert_eq!(read("created=5").unwrap(), json!({"created": 5}));
    assert_eq!(
        read("created[gte]=5&created[lt]=9").unwrap(),
        json!({"created": {"gte": 5, "lt": 9}})
    );
    assert_eq!(
        read("created[around]=5").unwrap_err().get("param"),
        Some("created[around]")
    );
}

#[test]
fn metadata_has_limits() {
    assert_eq!(
        fault("/v1/customers", &format!("metadata[{}]=1", "k".repeat(41))).1,
        format!("metadata[{}]", "k".repeat(41))
    );
    assert_eq!(
        fault("/v1/customers", &format!("metadata[k]={}", "v".repeat(501))).1,
        "metadata[k]"
    );
    let many = (0..51)
        .map(|n| format!("metadata[k{n}]=1"))
        .collect::<Vec<_>>()
        .join("&");
    assert_eq!(fault("/v1/customers", &many).1, "metadata");
}

#[test]
fn every_line_of_the_description_can_be_checked_against() {
    let description = Description::load().unwrap();
    for entry in description.catalog().operations() {
        let junk = tree(pairs(b"a=1&b[c]=2&expand[]=x&metadata[a]=b").unwrap()).unwrap();
        let result = check(description.catalog(), &entry.get().params, &junk);
        assert!(result.is_err(), "{} takes junk", entry.path);
    }
}
