//! Identity: verification sessions, and a page on which a person chooses how the verification ends, as in Stripe's test mode.
//!
//! `GET /_tollway/identity/{session}` shows the page. `POST` with `decision=verify`, `decision=fail` or `decision=decline` (the buttons
//! `#verify`, `#fail` and `#decline`) ends the verification and redirects to the session's `return_url`.
//! See <https://docs.stripe.com/identity/verification-sessions>.

mod context;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::context::IdentityPage;
use crate::Engine;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::generic::includable_fields;
use crate::json::{extend, text};
use crate::located_object::open as open_page;
use crate::merchant_name::merchant_name;
use crate::pages::{self, Address};
use crate::params::Params;
use crate::product_objects::{id_of, insert_and_emit, new_object, update_and_emit};
use crate::registry::Registry;
use crate::world::PrivateRecord;

const VERIFICATION_SESSION: &str = "identity.verification_session";
const VERIFICATION_REPORT: &str = "identity.verification_report";

/// The `return_url` of a session, stored under its id.
#[derive(Debug, Serialize, Deserialize)]
struct VerificationReturn {
    url: String,
}

impl PrivateRecord for VerificationReturn {
    const TYPE: &'static str = "_identity_return";
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_includable("identity.verification_session", "verified_outputs");
    registry.add("identity.verification_sessions.create", create);
}

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/_tollway/identity/{session}", get(show).post(decide))
}

/// `POST /v1/identity/verification_sessions`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut session = new_object(ctx, VERIFICATION_SESSION, params, json!({}))?;
    let id = id_of(&session).to_owned();
    if session["type"] == "document" && session["options"].is_null() {
        session["options"] = json!({"document": {}});
    }
    session["url"] = format!("{}/_tollway/identity/{id}", ctx.request.base_url).into();
    if let Some(url) = params.text("return_url") {
        let valid = url::Url::parse(url).is_ok();
        if !valid {
            return Err(
                ApiError::invalid_param("return_url", "Not a valid URL").code("url_invalid")
            );
        }
        let stored = VerificationReturn {
            url: url.to_owned(),
        };
        ctx.save(&id, &stored);
    }
    insert_and_emit(
        ctx,
        VERIFICATION_SESSION,
        &session,
        "identity.verification_session.created",
    );
    Ok(session)
}

async fn show(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let (world, scope, session) =
        match open_page(&engine, VERIFICATION_SESSION, "verification", &id) {
            Ok(found) => found,
            Err(page) => return *page,
        };
    if session["status"] != "requires_input" {
        return ended_page(&session);
    }
    let state = world.lock();
    let target = match state.load::<VerificationReturn>(&scope, &id) {
        Ok(stored) => stored.and_then(|stored| stored.url()),
        Err(error) => return pages::refused(&error),
    };
    let page = IdentityPage {
        merchant: merchant_name(&state, &scope),
        account: scope.account.to_string(),
        session: id,
        error: session["last_error"]["reason"].as_str().map(str::to_owned),
    };
    drop(state);
    pages::respond(StatusCode::OK, &page, target.as_ref())
}

async fn decide(
    State(engine): State<Arc<Engine>>,
    address: Address,
    Path(id): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let (world, scope, session) =
        match open_page(&engine, VERIFICATION_SESSION, "verification", &id) {
            Ok(found) => found,
            Err(page) => return *page,
        };
    if session["status"] != "requires_input" {
        return ended_page(&session);
    }
    let outcome = match form.get("decision").map(String::as_str) {
        Some("verify") => VerificationOutcome::Verified,
        Some("fail") => VerificationOutcome::Failed(
            "document_unverified_other",
            "The document could not be verified.",
        ),
        Some("decline") => {
            VerificationOutcome::Failed("consent_declined", "The person declined to be verified.")
        }
        _ => {
            let text = "Answer with decision=verify, decision=fail or decision=decline.";
            return pages::message(StatusCode::BAD_REQUEST, "No decision", text, None);
        }
    };
    let ended = engine.transact_at(address.base(), &world, scope, |ctx| {
        end_verification(ctx, &session, outcome);
        let stored = ctx.load::<VerificationReturn>(&id)?;
        Ok(stored.and_then(|stored| stored.url()))
    });
    match ended {
        Ok(Some(url)) => {
            pages::with_page_headers(Redirect::to(url.as_str()).into_response(), Some(&url))
        }
        Ok(None) => {
            let text = format!("The verification {id} is done. You can close this page.");
            pages::message(StatusCode::OK, "Thank you", text, None)
        }
        Err(error) => pages::refused(&error),
    }
}

/// The page for a session that has ended.
fn ended_page(session: &Value) -> Response {
    let text = format!(
        "The verification {} does not wait for an answer: its status is {}.",
        id_of(session),
        text(session, "status")
    );
    pages::message(StatusCode::CONFLICT, "Nothing to verify", text, None)
}

impl VerificationReturn {
    fn url(&self) -> Option<url::Url> {
        url::Url::parse(&self.url).ok()
    }
}

/// How a verification ends.
#[derive(Debug, Clone, Copy)]
enum VerificationOutcome {
    Verified,
    /// The code and the reason of `last_error`.
    Failed(&'static str, &'static str),
}

/// The person of Stripe's test documents.
fn test_person() -> Value {
    json!({
        "address": {"city": "San Francisco", "country": "US", "line1": "1234 Main St.", "line2": null, "postal_code": "94111", "state": "CA"},
        "dob": {"day": 1, "month": 1, "year": 1901},
        "first_name": "Jenny",
        "last_name": "Rosen",
    })
}

/// Ends a verification: stores a report and changes the session.
fn end_verification(ctx: &mut Ctx<'_>, session: &Value, outcome: VerificationOutcome) {
    let processing = json!({"status": "processing", "last_error": null});
    let session = update_and_emit(
        ctx,
        VERIFICATION_SESSION,
        session,
        processing,
        "identity.verification_session.processing",
    );
    let report = new_report(ctx, &session, outcome);
    ctx.insert(VERIFICATION_REPORT, &report);
    match outcome {
        VerificationOutcome::Verified => {
            let mut outputs = test_person();
            extend(
                &mut outputs,
                json!({"email": null, "phone": null, "id_number_type": null}),
            );
            if session["type"] == "id_number" {
                outputs["id_number_type"] = "us_ssn".into();
            }
            includable_fields::store(ctx, id_of(&session), &json!({"verified_outputs": outputs}));
            let members = json!({"status": "verified", "last_verification_report": report["id"], "url": null, "client_secret": null});
            update_and_emit(
                ctx,
                VERIFICATION_SESSION,
                &session,
                members,
                "identity.verification_session.verified",
            );
        }
        VerificationOutcome::Failed(code, reason) => {
            let members = json!({
                "status": "requires_input", "last_verification_report": report["id"], "last_error": {"code": code, "reason": reason},
            });
            update_and_emit(
                ctx,
                VERIFICATION_SESSION,
                &session,
                members,
                "identity.verification_session.requires_input",
            );
        }
    }
}

fn new_report(ctx: &mut Ctx<'_>, session: &Value, outcome: VerificationOutcome) -> Value {
    let (status, error) = match outcome {
        VerificationOutcome::Verified => ("verified", Value::Null),
        VerificationOutcome::Failed(code, reason) => {
            ("unverified", json!({"code": code, "reason": reason}))
        }
    };
    // The codes of a document, an ID number and a selfie differ.
    let error_of = |code: &str| match &error {
        Value::Null => Value::Null,
        error => json!({"code": code, "reason": error["reason"]}),
    };
    let mut report = Value::Object(ctx.blank(VERIFICATION_REPORT));
    extend(
        &mut report,
        json!({
            "client_reference_id": session["client_reference_id"],
            "options": session["options"],
            "type": session["type"],
            "verification_session": session["id"],
        }),
    );
    if session["type"] == "id_number" {
        let mut checked = json!({"status": status, "error": error_of("id_number_unverified_other"), "id_number_type": "us_ssn"});
        extend(
            &mut checked,
            json!({"dob": test_person()["dob"], "first_name": "Jenny", "last_name": "Rosen"}),
        );
        report["id_number"] = checked;
        return report;
    }
    let mut document = test_person();
    extend(
        &mut document,
        json!({
            "error": error_of("document_unverified_other"), "files": [], "issued_date": {"day": 1, "month": 1, "year": 2020},
            "issuing_country": "US", "status": status, "type": "driving_license",
        }),
    );
    report["document"] = document;
    if session["options"]["document"]["require_matching_selfie"] == true {
        report["selfie"] = json!({"document": null, "error": error_of("selfie_unverified_other"), "selfie": null, "status": status});
    }
    report
}

#[cfg(test)]
mod tests;
