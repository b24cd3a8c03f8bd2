//! What a page needs to know of its request: the address it came to, and that no other site's page sent it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{Extensions, HeaderMap, Method, StatusCode, Uri};

use super::message;
use crate::Engine;
use crate::ctx::{Caller, Ctx, RequestInfo};
use crate::error::ApiError;
use crate::http::Https;
use crate::scope::Scope;
use crate::world::World;

/// Scheme and authority that a request came to.
#[derive(Debug, Clone)]
pub(crate) struct Address(String);

impl Address {
    /// Reads it from the parts of a request.
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri, extensions: &Extensions) -> Self {
        let host = headers.get("host").and_then(|host| host.to_str().ok());
        let host = host.or(uri.authority().map(http::uri::Authority::as_str));
        let scheme = match extensions.get::<Https>() {
            Some(Https) => "https",
            None => uri.scheme_str().unwrap_or("http"),
        };
        Self(format!("{scheme}://{}", host.unwrap_or("localhost")))
    }

    /// `http://127.0.0.1:12111`.
    pub(crate) fn base(&self) -> &str {
        &self.0
    }

    /// [`Address::base`] for keeps.
    pub(crate) fn into_base(self) -> String {
        self.0
    }

    /// [`Engine::transact_internal`], with links that lead back to this address.
    pub(crate) fn transact<T>(
        &self,
        engine: &Engine,
        world: &Arc<World>,
        scope: Scope,
        work: impl FnOnce(&mut Ctx<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let request = RequestInfo {
            api_version: engine.config().api_version.clone(),
            base_url: self.0.clone(),
            ..RequestInfo::default()
        };
        engine.transact(world, scope, &Caller::internal(), &request, work)
    }
}

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.uri, &parts.extensions))
    }
}

/// Around the pages and the control API: a change that a browser sends from another site's page is refused. Programs that
/// are no browsers say nothing of where they come from, and are let through.
pub(crate) async fn from_here_only(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && comes_from_elsewhere(&request) {
        let text =
            "The request came from a page of another site. Open this page itself and try again.";
        return message(StatusCode::FORBIDDEN, "Nothing was changed", text, None);
    }
    next.run(request).await
}

/// `Sec-Fetch-Site` says it wherever browsers send it, `Origin` elsewhere.
fn comes_from_elsewhere(request: &Request) -> bool {
    let path = request.uri().path();
    let ours = path.starts_with("/_tollway")
        || matches!(path, "/oauth/authorize" | "/express/oauth/authorize");
    if !ours {
        return false;
    }
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    };
    if let Some(site) = header("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let here = Address::of(request.headers(), request.uri(), request.extensions());
    header("origin").is_some_and(|origin| !origin.eq_ignore_ascii_case(here.base()))
}
