//! Files: uploads, their content, and links to them.
//!
//! The content is stored beside the file object, under a record type of its own.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use http::header;
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::generic::synth::empty_list;
use crate::http::{ApiResponse, caller_of};
use crate::json::{extend, text};
use crate::located_object::open as open_page;
use crate::pages;
use crate::params::Params;
use crate::registry::Registry;
use crate::request_context::RequestContext;
use crate::{Engine, Upload};

const FILE_CONTENT: &str = "_file_content";
const FILE_LINK: &str = "file_link";

/// Files of some purposes expire after seven days.
const SHORT_LIFETIME_SECONDS: i64 = 7 * 24 * 60 * 60;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("files.create", create);
    registry.add("file_links.create", create_link);
    registry.add("file_links.update", update_link);
}

/// The routes of the content of files and of links.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/v1/files/{file}/contents", get(contents))
        .route("/_tollway/file_links/{link}", get(content_of_link))
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let upload = params
        .file("file")
        .ok_or_else(|| ApiError::missing_parameter("file"))?;
    let purpose = params.text("purpose").unwrap_or_default();
    let file = store_file(ctx, purpose, upload, file_type(upload).as_deref());
    let id = file["id"].as_str().unwrap_or_default().to_owned();
    if let Some(link) = params
        .map("file_link_data")
        .filter(|link| link.get("create") == Some(&Value::Bool(true)))
    {
        new_link(ctx, &id, link)?;
    }
    Ok(file)
}

/// Stores a new file with this content.
pub(crate) fn store_file(
    ctx: &mut Ctx<'_>,
    purpose: &str,
    upload: &Upload,
    file_type: Option<&str>,
) -> Value {
    let mut file = Value::Object(ctx.blank("file"));
    let id = file["id"].as_str().unwrap_or_default().to_owned();
    let expires = matches!(
        purpose,
        "dispute_evidence" | "sigma_scheduled_query" | "finance_report_run"
    )
    .then(|| ctx.now() + SHORT_LIFETIME_SECONDS);
    extend(
        &mut file,
        json!({
            "expires_at": expires,
            "filename": upload.filename,
            "links": empty_list(&format!("/v1/file_links?file={id}")),
            "purpose": purpose,
            "size": upload.bytes.len(),
            "title": null,
            "type": file_type,
            "url": format!("{}/v1/files/{id}/contents", ctx.request.base_url),
        }),
    );
    let now = ctx.now();
    ctx.world
        .store
        .insert_raw(&ctx.scope, FILE_CONTENT, &id, upload.bytes.clone(), now);
    ctx.insert("file", &file);
    file
}

/// `POST /v1/file_links`.
fn create_link(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let file = params.text("file").unwrap_or_default();
    ctx.referenced("file", file, "file")?;
    new_link(ctx, file, params.values())
}

/// Stores a public link to a file.
fn new_link(ctx: &mut Ctx<'_>, file: &str, params: &Map<String, Value>) -> Result<Value, ApiError> {
    let mut link = ctx.blank(FILE_LINK);
    ctx.apply(FILE_LINK, &mut link, params)?;
    let id = link["id"].as_str().unwrap_or_default();
    let url = format!("{}/_tollway/file_links/{id}", ctx.request.base_url);
    link.insert("url".into(), url.into());
    link.insert("file".into(), file.into());
    let link = Value::Object(link);
    ctx.insert(FILE_LINK, &link);
    Ok(link)
}

/// `POST /v1/file_links/{link}`: `expires_at` may be `now`.
fn update_link(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut params = params.clone();
    if params.text("expires_at") == Some("now") {
        let now = ctx.now();
        params.values_mut().insert("expires_at".into(), now.into());
    }
    let mut link = ctx.generic("file_links.update", &params)?;
    link["expired"] = has_expired(&link, ctx.now()).into();
    ctx.update(FILE_LINK, &link);
    Ok(link)
}

fn has_expired(link: &Value, now: i64) -> bool {
    link["expires_at"].as_i64().is_some_and(|end| end <= now)
}

/// `GET /_tollway/file_links/{link}`: the content; no key is needed.
async fn content_of_link(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let (world, scope, link) = match open_page(&engine, FILE_LINK, "file", &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    let content = world
        .lock()
        .store
        .get(&scope, FILE_CONTENT, text(&link, "file"))
        .map(|record| record.body.clone());
    match content {
        Some(content) if !has_expired(&link, engine.clock().now()) => content_response(content),
        _ => pages::not_found("file", &id),
    }
}

fn content_response(content: Bytes) -> Response {
    let plain = [(header::CONTENT_TYPE, "application/octet-stream")];
    (plain, Body::from(content)).into_response()
}

/// The type of a file: by the first bytes of its content, else by the ending of its name.
fn file_type(upload: &Upload) -> Option<String> {
    let signatures: &[(&[u8], &str)] = &[
        (b"\x89PNG", "png"),
        (b"\xff\xd8\xff", "jpg"),
        (b"%PDF", "pdf"),
        (b"GIF8", "gif"),
        (b"PK\x03\x04", "zip"),
    ];
    let by_content = signatures
        .iter()
        .find(|(signature, _)| upload.bytes.starts_with(signature))
        .map(|(_, name)| (*name).to_owned());
    let ending = || {
        upload
            .filename
            .as_deref()?
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_ascii_lowercase())
    };
    by_content.or_else(ending)
}

/// `GET /v1/files/{file}/contents`.
async fn contents(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    Extension(request_context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let read =
        caller_of(&engine, request.headers(), "files.retrieve").and_then(|(world, scope)| {
            let state = world.lock();
            let content = state
                .store
                .get(&scope, FILE_CONTENT, &id)
                .map(|record| record.body.clone());
            content.ok_or_else(|| ApiError::no_such("file", &id, "id"))
        });
    match read {
        Ok(content) => content_response(content),
        Err(error) => ApiResponse::error(&error, Some(&request_context))
            .into_response(&request_context.request_id),
    }
}
