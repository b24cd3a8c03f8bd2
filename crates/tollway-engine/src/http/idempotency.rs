//! `Idempotency-Key`: the first answer is kept for a day and given again.
//!
//! StoredResponse are answers of what was carried out, failures included; not kept are refusals before that (wrong parameters) and
//! conflicts. Keys belong to an account and mode. `/v2` carries out failed requests again.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tollway_spec::Verb;

use super::auth::Authenticated;
use super::is_v2;
use super::respond::ApiResponse;
use crate::claims::Claim;
use crate::ctx::Ctx;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::generic::Matched;
use crate::key::redact;
use crate::request_context::RequestContext;

/// The record type of kept answers: a line with format, status, request id and fingerprint, then the body.
const RECORD_TYPE: &str = "_idempotency";

/// Those of `/v2`, which are kept longer.
const V2_RECORD_TYPE: &str = "_idempotency_v2";

/// How long `/v1` keeps an answer, in seconds; `/v2` keeps it 30 days.
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// The format of both.
const FORMAT: &str = "v1";

/// Stripe's limit.
const MAX_KEY_CHARACTERS: usize = 255;

/// An idempotency key with what it stands for.
pub(super) struct Key {
    pub(super) text: String,
    fingerprint: String,
    v2: bool,
}

/// The key of a request that has one and heeds it: `POST`, and `DELETE` in `/v2`.
///
/// # Errors
/// 400 for a key that is too long.
pub(super) fn key(
    headers: &HeaderMap,
    matched: &Matched<'_>,
    fingerprint: &str,
) -> Result<Option<Key>, ApiError> {
    let v2 = is_v2(matched);
    let heeded =
        matched.operation.verb == Verb::Post || (v2 && matched.operation.verb == Verb::Delete);
    let Some(value) = headers.get("idempotency-key").filter(|_| heeded) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > MAX_KEY_CHARACTERS {
        let message =
            format!("Idempotency keys can be at most {MAX_KEY_CHARACTERS} characters long.");
        return Err(ApiError::new(400, "idempotency_error", message));
    }
    Ok(Some(Key {
        text,
        fingerprint: fingerprint.to_owned(),
        v2,
    }))
}

impl Key {
    /// Claims the key while the request is worked on.
    ///
    /// # Errors
    /// 409 if another request with it has not been answered.
    pub(super) fn enter<'e>(
        &self,
        engine: &'e Engine,
        caller: &Authenticated,
    ) -> Result<Claim<'e>, ApiError> {
        let name = format!(
            "{}\n{}\n{}\n{}",
            caller.world.name(),
            caller.scope.mode,
            caller.scope.account,
            self.text
        );
        let claim = engine.in_flight().claim(name);
        claim.ok_or_else(|| ApiError::idempotency_in_use(&self.text))
    }

    /// Gives the kept answer, or works the answer out and keeps it.
    ///
    /// # Errors
    /// 400 if the key was used with other parameters.
    pub(super) fn once(
        &self,
        ctx: &mut Ctx<'_>,
        work: impl FnOnce(&mut Ctx<'_>) -> Result<ApiResponse, ApiError>,
        context: &RequestContext,
    ) -> Result<ApiResponse, ApiError> {
        let kept = ctx
            .world
            .store
            .get(&ctx.scope, self.record_type(), &self.text)
            .filter(|record| ctx.now() - record.created < self.lifetime_seconds());
        if let Some(record) = kept {
            let kept = StoredResponse::read(&record.body).ok_or_else(|| {
                let key = redact(&self.text);
                let message = format!(
                    "The stored answer of the idempotency key {key} could not be read; nothing was changed."
                );
                ApiError::internal(message)
            })?;
            if kept.fingerprint != self.fingerprint {
                return Err(ApiError::idempotency_mismatch(&self.text));
            }
            return Ok(ApiResponse::replayed(
                kept.status,
                kept.body,
                kept.request_id,
            ));
        }
        let answer = work(ctx).unwrap_or_else(|error| {
            if !error.keep_changes {
                ctx.undo();
            }
            ApiResponse::error(&error, Some(context))
        });
        let fails = !answer.status.is_success();
        if !(self.v2 && fails) && answer.status != StatusCode::CONFLICT && answer.is_json() {
            self.keep(ctx, &answer);
        }
        Ok(answer)
    }

    fn keep(&self, ctx: &mut Ctx<'_>, answer: &ApiResponse) {
        let request_id = ctx.request.id.as_deref().unwrap_or_default();
        let mut body = format!(
            "{FORMAT} {} {request_id} {}\n",
            answer.status.as_u16(),
            self.fingerprint
        )
        .into_bytes();
        body.extend_from_slice(&answer.body);
        let now = ctx.now();
        ctx.world
            .store
            .insert_raw(&ctx.scope, self.record_type(), &self.text, body.into(), now);
        ctx.world.store.expire(
            &ctx.scope,
            self.record_type(),
            now - self.lifetime_seconds(),
        );
    }

    fn record_type(&self) -> &'static str {
        if self.v2 { V2_RECORD_TYPE } else { RECORD_TYPE }
    }

    fn lifetime_seconds(&self) -> i64 {
        if self.v2 {
            30 * DAY_SECONDS
        } else {
            DAY_SECONDS
        }
    }
}

struct StoredResponse {
    status: StatusCode,
    request_id: String,
    fingerprint: String,
    body: Bytes,
}

impl StoredResponse {
    fn read(record: &Bytes) -> Option<Self> {
        let end = record.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&record[..end]).ok()?;
        // Before formats were numbered, the line began with the status.
        let line = line
            .strip_prefix(FORMAT)
            .and_then(|line| line.strip_prefix(' '))
            .unwrap_or(line);
        let mut words = line.split(' ');
        Some(Self {
            status: StatusCode::from_u16(words.next()?.parse().ok()?).ok()?,
            request_id: words.next()?.to_owned(),
            fingerprint: words.next()?.to_owned(),
            body: record.slice(end + 1..),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_responses_are_read_back() {
        let kept =
            StoredResponse::read(&Bytes::from_static(b"402 req_1 abc\n{\"a\":\n1}")).unwrap();
        assert_eq!(
            (
                kept.status.as_u16(),
                kept.request_id.as_str(),
                kept.fingerprint.as_str()
            ),
            (402, "req_1", "abc")
        );
        assert_eq!(&kept.body[..], b"{\"a\":\n1}");
        let numbered = StoredResponse::read(&Bytes::from_static(b"v1 200 req_2 def\n{}")).unwrap();
        assert_eq!(
            (numbered.status.as_u16(), numbered.request_id.as_str()),
            (200, "req_2")
        );
        for unreadable in [&b"nonsense"[..], b"v2 200 req_2 def\n{}"] {
            assert!(StoredResponse::read(&Bytes::from_static(unreadable)).is_none());
        }
    }
}
