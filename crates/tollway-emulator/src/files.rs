//! Files: uploads, their content, and links to them.
//!
//! The content is kept beside the file object under a type of the emulator's own.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::header;
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::http::{Answer, Tag, caller_of};
use crate::params::Params;
use crate::registry::Registry;
use crate::{Engine, Upload};

const CONTENT: &str = "_file_content";

/// How long files of some purposes live, in seconds.
const SHORT_LIFE: i64 = 7 * 24 * 60 * 60;

/// Behaviours of this part.
pub(crate) fn register(registry: &mut Registry) {
    registry.add("files.create", create);
}

/// The content of a file, on the files host.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/v1/files/{file}/contents", get(contents))
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let upload = params
        .file("file")
        .ok_or_else(|| ApiError::missing_parameter("file"))?;
    let mut file = ctx.blank("file");
    let id = file["id"].as_str().unwrap_or_default().to_owned();
    let purpose = params.text("purpose").unwrap_or_default();
    let expires = matches!(
        purpose,
        "dispute_evidence" | "sigma_scheduled_query" | "finance_report_run"
    )
    .then(|| ctx.now() + SHORT_LIFE);
    file.insert("purpose".into(), purpose.into());
    file.insert("filename".into(), upload.filename.clone().into());
    file.insert("size".into(), upload.bytes.len().into());
    file.insert("type".into(), kind(upload).into());
    file.insert("title".into(), Value::Null);
    file.insert("expires_at".into(), expires.into());
    file.insert(
        "url".into(),
        format!("{}/v1/files/{id}/contents", ctx.request.base_url).into(),
    );
    file.insert("links".into(), json!({"object": "list", "data": [], "has_more": false, "url": format!("/v1/file_links?file={id}")}));
    let now = ctx.now();
    ctx.world
        .store
        .insert_raw(&ctx.scope, CONTENT, &id, upload.bytes.clone(), now);
    let file = Value::Object(file);
    ctx.insert("file", &file);
    if let Some(link) = params
        .map("file_link_data")
        .filter(|link| link.get("create") == Some(&Value::Bool(true)))
    {
        let mut made = ctx.blank("file_link");
        ctx.apply("file_link", &mut made, link)?;
        made.insert("file".into(), id.into());
        ctx.insert("file_link", &Value::Object(made));
    }
    Ok(file)
}

/// Stripe's word for a type: what the content begins with, else the name's ending.
fn kind(upload: &Upload) -> Option<String> {
    let starts: &[(&[u8], &str)] = &[
        (b"\x89PNG", "png"),
        (b"\xff\xd8\xff", "jpg"),
        (b"%PDF", "pdf"),
        (b"GIF8", "gif"),
        (b"PK\x03\x04", "zip"),
    ];
    let known = starts
        .iter()
        .find(|(start, _)| upload.bytes.starts_with(start))
        .map(|(_, kind)| (*kind).to_owned());
    let ending = || {
        upload
            .filename
            .as_deref()?
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_ascii_lowercase())
    };
    known.or_else(ending)
}

async fn contents(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    Extension(tag): Extension<Tag>,
    request: Request,
) -> Response {
    let read =
        caller_of(&engine, request.headers(), "files.retrieve").and_then(|(world, scope)| {
            let state = world.lock();
            let content = state
                .store
                .get(&scope, CONTENT, &id)
                .map(|record| record.body.clone());
            content.ok_or_else(|| ApiError::no_such("file", &id, "id"))
        });
    match read {
        Ok(bytes) => (
            [(header::CONTENT_TYPE, "application/octet-stream")],
            Body::from(bytes),
        )
            .into_response(),
        Err(error) => Answer::error(&error, Some(&tag)).into_response(&tag.request_id),
    }
}
