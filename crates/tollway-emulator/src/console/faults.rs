//! The page of faults: the active ones, with forms to add one and to clear all.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::contexts::{FaultRow, FaultsPage};
use super::redirect_to;
use crate::pages;
use crate::{Engine, Fault, FaultEffect};

const FAULTS_PATH: &str = "/_tollway/console/faults";

/// `GET /_tollway/console/faults`.
pub(super) async fn show(State(engine): State<Arc<Engine>>) -> Response {
    show_faults(&engine, StatusCode::OK, None)
}

/// The form of a fault; an empty field is not set.
#[derive(Debug, Deserialize)]
pub(super) struct FaultForm {
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    times: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    latency_ms: String,
    #[serde(default)]
    then: String,
}

impl FaultForm {
    fn to_fault(&self) -> Result<Fault, String> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let then = serde_json::from_value::<FaultEffect>(self.then.as_str().into());
        Ok(Fault {
            method: text(&self.method),
            path: text(&self.path),
            key: text(&self.key),
            after: parse_number(&self.after, "Let pass first")?.unwrap_or(0),
            times: parse_number(&self.times, "How many requests")?,
            latency_ms: parse_number(&self.latency_ms, "Wait, in milliseconds")?.unwrap_or(0),
            then: then.map_err(|_| format!("'{}' is nothing that can happen.", self.then))?,
        })
    }
}

/// The number of a field; none if the field is empty.
fn parse_number<T: std::str::FromStr>(text: &str, label: &str) -> Result<Option<T>, String> {
    match text.trim() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| format!("{label}: '{text}' is not a number that fits.")),
    }
}

/// `POST /_tollway/console/faults`.
pub(super) async fn add(
    State(engine): State<Arc<Engine>>,
    Form(form): Form<FaultForm>,
) -> Response {
    match form.to_fault() {
        Ok(fault) => {
            engine.faults().add(fault);
            redirect_to(FAULTS_PATH)
        }
        Err(error) => show_faults(&engine, StatusCode::BAD_REQUEST, Some(error)),
    }
}

/// `POST /_tollway/console/faults/clear`.
pub(super) async fn clear(State(engine): State<Arc<Engine>>) -> Response {
    engine.faults().clear();
    redirect_to(FAULTS_PATH)
}

fn show_faults(engine: &Engine, status: StatusCode, error: Option<String>) -> Response {
    let any = |text: Option<String>| text.unwrap_or_else(|| "any".to_owned());
    let row = |fault: Fault| FaultRow {
        does: fault.describe().replace('_', " "),
        left: fault
            .times
            .map_or_else(|| "until cleared".to_owned(), |times| times.to_string()),
        after: fault.after,
        method: any(fault.method),
        path: any(fault.path),
        key: any(fault.key),
    };
    let page = FaultsPage {
        faults: engine.faults().list().into_iter().map(row).collect(),
        error,
    };
    pages::respond(status, &page, None)
}
