//! The action of a reader: started, and finished with or without an error.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::params::Params;

pub(super) const READER: &str = "terminal.reader";

pub(super) const SETUP_INTENT: &str = "setup_intent";

/// Completes a reader action that needs no customer input.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CompleteReaderAction {
    pub(super) reader: String,
}

/// The members `names` of the request, which the reader's action repeats.
pub(super) fn requested_members(params: &Params, names: &[&str]) -> Map<String, Value> {
    let members = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), params.at(name)?.clone())));
    members.collect()
}

/// Starts an action of the reader, in place of an unfinished one.
pub(super) fn start_action(
    ctx: &mut Ctx<'_>,
    params: &Params,
    kind: &str,
    details: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut reader = ctx.required(READER, params.path("reader"))?;
    if reader["status"] == "offline" {
        let message = "Reader is currently offline, please ensure the reader is powered on and connected to the internet \
                       before retrying your request.";
        return Err(ApiError::invalid_request(message).code("terminal_reader_offline"));
    }
    reader["action"] = json!({
        "api_error": null, "failure_code": null, "failure_message": null, "status": "in_progress", "type": kind, kind: details,
    });
    reader["last_seen_at"] = (ctx.now() * 1000).into();
    ctx.update(READER, &reader);
    ctx.emit("terminal.reader.action_updated", &reader, None);
    Ok(reader)
}

/// The type of the reader's action in progress; fails if it is none of `kinds`.
pub(super) fn action_in_progress(reader: &Value, kinds: &[&str]) -> Result<String, ApiError> {
    let action = &reader["action"];
    let kind = action["type"].as_str().unwrap_or_default();
    if action["status"] == "in_progress" && kinds.contains(&kind) {
        return Ok(kind.to_owned());
    }
    let message = format!(
        "The reader is not waiting for this: have it do one of {} first.",
        kinds.join(", ")
    );
    Err(ApiError::invalid_request(message))
}

/// Finishes the reader's action, with or without an error.
pub(super) fn finish_action(ctx: &mut Ctx<'_>, reader: &mut Value, error: Option<&ApiError>) {
    let action = &mut reader["action"];
    let event = if let Some(error) = error {
        let error_members = error.to_json()["error"].take();
        action["status"] = "failed".into();
        action["failure_code"] = error_members["code"].clone();
        action["failure_message"] = error_members["message"].clone();
        action["api_error"] = error_members;
        "terminal.reader.action_failed"
    } else {
        action["status"] = "succeeded".into();
        "terminal.reader.action_succeeded"
    };
    ctx.update(READER, reader);
    ctx.emit(event, reader, None);
}
