//! What a customer types at a reader, as the test helpers say.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::terminal::{READER, about, begin, end, said};

const COLLECT: &str = "collect_inputs";

/// `POST /v1/terminal/readers/{reader}/collect_inputs`.
pub(super) fn collect(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let inputs: Vec<Value> = params.list("inputs").iter().map(asked).collect();
    let mut details = said(params, &["metadata"]);
    details.entry("metadata").or_insert_with(|| json!({}));
    details.insert("inputs".into(), inputs.into());
    begin(ctx, params, COLLECT, &details)
}

/// An input as the reader shows it, before anybody has answered.
fn asked(given: &Value) -> Value {
    let text = |name: &str| given["custom_text"][name].clone();
    let kind = given["type"].as_str().unwrap_or("text");
    let toggles = given["toggles"].as_array().map(|toggles| {
        let toggle = |it: &Value| {
            json!({
                "default_value": it["default_value"], "description": it["description"], "title": it["title"], "value": null,
            })
        };
        toggles.iter().map(toggle).collect::<Vec<_>>()
    });
    let answer = if kind == "selection" {
        let choice = |it: &Value| json!({"id": it["id"], "style": it["style"], "text": it["text"]});
        let choices = given["selection"]["choices"].as_array();
        let choices: Vec<Value> = choices.into_iter().flatten().map(choice).collect();
        json!({"choices": choices, "id": null, "text": null})
    } else {
        json!({"value": null})
    };
    json!({
        "custom_text": {
            "description": text("description"), "skip_button": text("skip_button"), "submit_button": text("submit_button"),
            "title": text("title"),
        },
        "required": given["required"],
        "skipped": false,
        "toggles": toggles,
        "type": kind,
        kind: answer,
    })
}

/// `POST /v1/test_helpers/terminal/readers/{reader}/succeed_input_collection`: the customer answers everything, or skips what
/// they may.
pub(super) fn succeed(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut reader = ctx.required(READER, params.path("reader"))?;
    about(&reader, &[COLLECT])?;
    let skips = params.text("skip_non_required_inputs") == Some("all");
    let inputs = reader["action"][COLLECT]["inputs"].as_array_mut();
    for input in inputs.into_iter().flatten() {
        if skips && input["required"] != true {
            input["skipped"] = true.into();
        } else {
            answer(input);
        }
    }
    end(ctx, &mut reader, None);
    Ok(reader)
}

fn answer(input: &mut Value) {
    let kind = input["type"].as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        "selection" => {
            let first = input["selection"]["choices"][0].clone();
            input["selection"]["id"] = first["id"].clone();
            input["selection"]["text"] = first["text"].clone();
        }
        "email" => input["email"]["value"] = "jenny@example.com".into(),
        "numeric" => input["numeric"]["value"] = "12345".into(),
        "phone" => input["phone"]["value"] = "+15551234567".into(),
        "signature" => input["signature"]["value"] = Value::Null,
        _ => input[&kind]["value"] = "A text".into(),
    }
    for toggle in input["toggles"].as_array_mut().into_iter().flatten() {
        toggle["value"] = match toggle["default_value"].as_str() {
            Some(value) => value.into(),
            None => "enabled".into(),
        };
    }
}

/// `POST /v1/test_helpers/terminal/readers/{reader}/timeout_input_collection`: nobody answers.
pub(super) fn time_out(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut reader = ctx.required(READER, params.path("reader"))?;
    about(&reader, &[COLLECT])?;
    let error = ApiError::invalid_request("The reader has waited too long for the customer.")
        .code("terminal_reader_timeout");
    end(ctx, &mut reader, Some(&error));
    Ok(reader)
}
