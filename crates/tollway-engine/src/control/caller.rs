//! Whose world a control route acts on: the form field `key`, or the key that any request to the API carries.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Request};
use http::Method;

use super::ControlError;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::http::key_text;
use crate::key::{ApiKey, KeyKind};
use crate::scope::Scope;
use crate::world::World;

/// A request to the control API by a platform, with its form or, of a `GET`, its query.
pub struct ControlRequest {
    /// The platform's secret key.
    pub key: ApiKey,
    /// The world of the key.
    pub world: Arc<World>,
    /// The platform in the key's mode.
    pub scope: Scope,
    form: BTreeMap<String, String>,
}

impl ControlRequest {
    /// A field that says something.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.form
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// A field there must be.
    ///
    /// # Errors
    /// Stripe's 400 for a parameter that is missing.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)
            .ok_or_else(|| ApiError::missing_parameter(name))
    }

    /// All fields by name.
    pub fn form(&self) -> &BTreeMap<String, String> {
        &self.form
    }
}

impl FromRequest<Arc<Engine>> for ControlRequest {
    type Rejection = ControlError;

    async fn from_request(request: Request, engine: &Arc<Engine>) -> Result<Self, ControlError> {
        let in_header = key_text(request.headers());
        let form: BTreeMap<String, String> = if *request.method() == Method::GET {
            let query = request.uri().query().unwrap_or_default();
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect()
        } else {
            let unreadable = |error: FormRejection| {
                ApiError::invalid_request(format!("The form cannot be read: {error}."))
            };
            let form = Form::from_request(request, engine).await;
            form.map_err(unreadable)?.0
        };
        let key = form
            .get("key")
            .cloned()
            .or(in_header)
            .and_then(|text| ApiKey::parse(&text))
            .filter(|key| key.kind != KeyKind::Publishable)
            .ok_or_else(|| {
                let message = "Pass the platform's secret key (sk_test_… or sk_live_…) as key.";
                ApiError::invalid_param("key", message)
            })?;
        let world = engine.worlds().for_key(&key);
        let scope = world.lock().platform_scope(key.mode);
        Ok(Self {
            key,
            world,
            scope,
            form,
        })
    }
}
