//! The routes of the router, each with the authorisation that it requires.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{get, post};
use http::Method;

use super::state::WebState;

/// A route of [`Platform::router`](crate::Platform::router).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path with its parameters in braces, such as `/connect/{platform}/callback`.
    pub path: &'static str,
    /// What a request has to bring.
    pub access: RouteAccess,
}

/// The authorisation that a route requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RouteAccess {
    /// Nothing.
    Public,
    /// The `state` of an attempt, in the browser that started the attempt.
    Callback,
    /// The query of a signed start link.
    SignedLink,
    /// The cookie of the browser that started the attempt in the path.
    StartingBrowser,
    /// As [`RouteAccess::StartingBrowser`], with the token of a form of that browser.
    StartingBrowserForm,
    /// The token of a form that this browser was shown.
    BrowserForm,
    /// A signature by one of the endpoint's webhook secrets.
    WebhookSignature,
    /// The session of an operator.
    OperatorSession,
    /// As [`RouteAccess::OperatorSession`], with the token of a form of that session.
    OperatorForm,
}

impl RouteAccess {
    /// All kinds of access.
    pub const ALL: &'static [Self] = &[
        Self::Public,
        Self::Callback,
        Self::SignedLink,
        Self::StartingBrowser,
        Self::StartingBrowserForm,
        Self::BrowserForm,
        Self::WebhookSignature,
        Self::OperatorSession,
        Self::OperatorForm,
    ];
}

/// A router together with the list of its routes.
#[derive(Default)]
pub(super) struct RouteTable {
    router: Router<WebState>,
    routes: Vec<Route>,
}

impl RouteTable {
    /// Adds a GET route.
    pub(super) fn get<H, T>(self, path: &'static str, access: RouteAccess, handler: H) -> Self
    where
        H: Handler<T, WebState>,
        T: 'static,
    {
        self.add(Method::GET, path, access, |router| {
            router.route(path, get(handler))
        })
    }

    /// Adds a POST route.
    pub(super) fn post<H, T>(self, path: &'static str, access: RouteAccess, handler: H) -> Self
    where
        H: Handler<T, WebState>,
        T: 'static,
    {
        self.add(Method::POST, path, access, |router| {
            router.route(path, post(handler))
        })
    }

    fn add(
        mut self,
        method: Method,
        path: &'static str,
        access: RouteAccess,
        register: impl FnOnce(Router<WebState>) -> Router<WebState>,
    ) -> Self {
        self.routes.push(Route {
            method,
            path,
            access,
        });
        self.map(register)
    }

    /// Changes the router, such as by a layer over the routes so far.
    pub(super) fn map(self, change: impl FnOnce(Router<WebState>) -> Router<WebState>) -> Self {
        Self {
            router: change(self.router),
            routes: self.routes,
        }
    }

    /// Adds the routes of another table, with its layers.
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.routes.extend(other.routes);
        Self {
            router: self.router.merge(other.router),
            routes: self.routes,
        }
    }

    pub(super) fn into_router(self) -> Router<WebState> {
        self.router
    }

    pub(super) fn into_routes(self) -> Vec<Route> {
        self.routes
    }
}
