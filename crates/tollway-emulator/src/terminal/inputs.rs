//! Inputs that a customer enters at a reader, driven by the test helpers.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::terminal::action::{
    READER, action_in_progress, finish_action, requested_members, start_action,
};

const COLLECT_INPUTS: &str = "collect_inputs";

/// `POST /v1/terminal/readers/{reader}/collect_inputs`.
pub(super) fn collect_inputs(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let inputs: Vec<Value> = params.list("inputs").iter().map(shown_input).collect();
    let mut details = requested_members(params, &["metadata"]);
    details.entry("metadata").or_insert_with(|| json!({}));
    details.insert("inputs".into(), inputs.into());
    start_action(ctx, params, COLLECT_INPUTS, &details)
}

/// An input without an answer, as the reader's action shows it.
fn shown_input(input: &Value) -> Value {
    let text = |name: &str| input["custom_text"][name].clone();
    let kind = input["type"].as_str().unwrap_or("text");
    let toggles = input["toggles"].as_array().map(|toggles| {
        let toggle = |it: &Value| {
            json!({
                "default_value": it["default_value"], "description": it["description"], "title": it["title"], "value": null,
            })
        };
        toggles.iter().map(toggle).collect::<Vec<_>>()
    });
    let answer = if kind == "selection" {
        let choice = |it: &Value| json!({"id": it["id"], "style": it["style"], "text": it["text"]});
        let choices = input["selection"]["choices"].as_array();
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
        "required": input["required"],
        "skipped": false,
        "toggles": toggles,
        "type": kind,
        kind: answer,
    })
}

/// `POST /v1/test_helpers/terminal/readers/{reader}/succeed_input_collection`: answers all inputs, or skips optional
/// ones.
pub(super) fn succeed_input_collection(
    ctx: &mut Ctx<'_>,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut reader = ctx.required(READER, params.path("reader"))?;
    action_in_progress(&reader, &[COLLECT_INPUTS])?;
    let skips = params.text("skip_non_required_inputs") == Some("all");
    let inputs = reader["action"][COLLECT_INPUTS]["inputs"].as_array_mut();
    for input in inputs.into_iter().flatten() {
        if skips && input["required"] != true {
            input["skipped"] = true.into();
        } else {
            answer_input(input);
        }
    }
    finish_action(ctx, &mut reader, None);
    Ok(reader)
}

fn answer_input(input: &mut Value) {
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

/// `POST /v1/test_helpers/terminal/readers/{reader}/timeout_input_collection`: the action fails with a timeout.
pub(super) fn time_out_input_collection(
    ctx: &mut Ctx<'_>,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut reader = ctx.required(READER, params.path("reader"))?;
    action_in_progress(&reader, &[COLLECT_INPUTS])?;
    let error = ApiError::invalid_request("The reader has waited too long for the customer.")
        .code("terminal_reader_timeout");
    finish_action(ctx, &mut reader, Some(&error));
    Ok(reader)
}
