//! The body of a response: whole, or a stream of chunks.

use std::fmt;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt as _;

use crate::{TransportError, TransportErrorKind};

type ChunkStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// The body of a response.
pub struct ResponseBody(Inner);

enum Inner {
    Whole(Bytes),
    Stream(ChunkStream),
}

impl ResponseBody {
    /// Creates a body that arrives in chunks.
    pub fn stream(
        chunks: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Inner::Stream(Box::pin(chunks)))
    }

    /// Reads the body to its end.
    ///
    /// # Errors
    /// When the connection breaks first, or the body is longer than `limit` bytes.
    pub async fn collect(self, limit: usize) -> Result<Bytes, TransportError> {
        let mut chunks = match self.0 {
            Inner::Whole(bytes) => return Ok(bytes),
            Inner::Stream(chunks) => chunks,
        };
        let mut first = match chunks.next().await {
            Some(chunk) => chunk?,
            None => return Ok(Bytes::new()),
        };
        let mut all = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&chunk?);
            if all.len() > limit {
                return Err(TransportError::new(
                    TransportErrorKind::Other,
                    format!("the answer is longer than {limit} bytes"),
                ));
            }
        }
        // Most responses are one chunk, which is returned without a copy.
        Ok(if all.is_empty() { first } else { all.freeze() })
    }

    /// Returns the body as a stream of chunks.
    pub fn into_stream(self) -> Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>> {
        match self.0 {
            Inner::Whole(bytes) => Box::pin(futures_util::stream::once(async move { Ok(bytes) })),
            Inner::Stream(chunks) => chunks,
        }
    }
}

impl<T: Into<Bytes>> From<T> for ResponseBody {
    fn from(bytes: T) -> Self {
        Self(Inner::Whole(bytes.into()))
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Whole(bytes) => write!(f, "ResponseBody({} bytes)", bytes.len()),
            Inner::Stream(_) => f.write_str("ResponseBody(stream)"),
        }
    }
}
