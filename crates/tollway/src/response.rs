//! Successful responses, and how one becomes the result of a call.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Error;
pub use crate::meta::ResponseMeta;

/// A successful response (status 200 to 299) whose body has not been parsed.
#[derive(Clone)]
pub struct Response {
    pub(crate) meta: Arc<ResponseMeta>,
    pub(crate) body: Bytes,
}

impl Response {
    /// Status, headers and request id.
    pub fn meta(&self) -> &Arc<ResponseMeta> {
        &self.meta
    }

    /// The body as Stripe sent it.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, without the rest.
    pub fn into_body(self) -> Bytes {
        self.body
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("meta", &self.meta)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// A type that a successful response can be read as: a view of an object, or the plain bytes.
pub trait FromResponse: Sized + Send + 'static {
    /// Reads the response. Fails only when the body is no JSON at all; an unexpected shape is no error, because the
    /// request may have moved money.
    fn from_response(response: Response) -> Result<Self, Error>;
}

impl FromResponse for Response {
    fn from_response(response: Response) -> Result<Self, Error> {
        Ok(response)
    }
}

impl FromResponse for Bytes {
    fn from_response(response: Response) -> Result<Self, Error> {
        Ok(response.body)
    }
}

impl FromResponse for () {
    fn from_response(_: Response) -> Result<Self, Error> {
        Ok(())
    }
}

impl FromResponse for serde_json::Value {
    fn from_response(response: Response) -> Result<Self, Error> {
        serde_json::from_slice(&response.body)
            .map_err(|cause| Error::invalid_response(&response.meta, response.body, cause))
    }
}
