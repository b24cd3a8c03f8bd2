//! What an operation of the API is, whatever its parameters: verb, path, host, mode and encoding.

/// The three verbs of the Stripe API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Reads. Parameters go into the query.
    Get,
    /// Creates, changes, acts. Parameters go into the body.
    Post,
    /// Deletes, cancels. Parameters go into the query.
    Delete,
}

impl Verb {
    pub(crate) fn method(self) -> http::Method {
        match self {
            Self::Get => http::Method::GET,
            Self::Post => http::Method::POST,
            Self::Delete => http::Method::DELETE,
        }
    }
}

/// Which of the four base URLs an operation uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// `https://api.stripe.com`
    Api,
    /// `https://connect.stripe.com`
    Connect,
    /// `https://files.stripe.com`
    Files,
    /// `https://meter-events.stripe.com`
    MeterEvents,
}

/// The two dialects of the API. <https://docs.stripe.com/api-v2-overview>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiMode {
    /// `/v1/…` and OAuth.
    V1,
    /// `/v2/…`
    V2,
}

/// How the body of a POST is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
    /// `multipart/form-data`, for uploads.
    Multipart,
}

/// One operation of the API: what is the same in every call of it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Operation {
    /// Its name in logs, for example `charges.create`.
    pub name: &'static str,
    /// Its verb.
    pub verb: Verb,
    /// Its path with places for ids: `/v1/charges/{charge}`.
    pub path: &'static str,
    /// Its host.
    pub host: Host,
    /// Its dialect.
    pub mode: ApiMode,
    /// How its body is written.
    pub encoding: Encoding,
}

impl Operation {
    /// An operation that this crate has no types for, to be sent with [`RequestBuilder`](crate::request::RequestBuilder).
    pub const fn new(
        name: &'static str,
        verb: Verb,
        path: &'static str,
        host: Host,
        mode: ApiMode,
        encoding: Encoding,
    ) -> Self {
        Self {
            name,
            verb,
            path,
            host,
            mode,
            encoding,
        }
    }
}

impl ApiMode {
    /// The mode of a path: `/v2` and below is v2, everything else is v1.
    pub(crate) fn of_path(path: &str) -> Self {
        if path.starts_with("/v2") {
            Self::V2
        } else {
            Self::V1
        }
    }
}
