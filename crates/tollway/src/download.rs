//! Downloads that are read as they arrive: contents of uploaded files, quotes as PDF.
//!
//! ```
//! # tollway::testing::doc_test("%PDF-1.7", |client| async move {
//! let mut file = client.file_contents("file_1").download().await?;
//! let mut size = 0;
//! while let Some(chunk) = file.next().await {
//!     size += chunk?.len(); // write it to a disk
//! }
//! assert_eq!(size, 8);
//! # Ok::<(), tollway::Error>(())
//! # });
//! ```

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use crate::client::execute::{self, StreamedResponse};
use crate::client::{Client, Shared};
use crate::error::Error;
use crate::request::{ApiMode, Encoding, Endpoint, Host, Operation, Request, RequestBuilder, Verb};
use crate::response::ResponseMeta;
use crate::runtime::BoxFuture;
use crate::transport::{TransportError, TransportErrorKind};

static FILE_CONTENTS: Operation = Operation {
    name: "files.contents",
    verb: Verb::Get,
    path: "/v1/files/{file}/contents",
    host: Host::Files,
    mode: ApiMode::V1,
    encoding: Encoding::Form,
};

impl Client {
    /// The contents of an uploaded file, from the files host. Send it with
    /// [`download`](RequestBuilder::download), or with `send::<Bytes>()` to have it whole.
    /// <https://docs.stripe.com/file-upload#download-file-contents>
    pub fn file_contents(&self, file: &str) -> RequestBuilder {
        RequestBuilder::new(self, &FILE_CONTENTS).path_arg(file)
    }
}

impl<E: Endpoint<Response = Bytes>> Request<E> {
    /// Sends the request and returns the file as it arrives: `client.quotes().pdf("qt_1").download()`. `send()` returns
    /// it whole. See [`RequestBuilder::download`].
    pub fn download(self) -> BoxFuture<'static, Result<Download, Error>> {
        self.into_builder().download()
    }
}

impl RequestBuilder {
    /// Sends the request and returns the body as it arrives. There are no retries after the first byte. A response with
    /// an error status is an error, as always. The time limit of an attempt applies until the body begins, and then to
    /// the wait for each chunk.
    pub fn download(self) -> BoxFuture<'static, Result<Download, Error>> {
        let response = execute::start_streamed(self.draft);
        Box::pin(async move { response.await.map(Download::new) })
    }
}

/// A body that is still arriving. Read it as a [`Stream`] or by [`Download::next`].
#[must_use = "a stream does nothing until it is polled"]
pub struct Download {
    meta: Arc<ResponseMeta>,
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>,
    shared: Arc<Shared>,
    timeout: Duration,
    /// The time limit of the chunk that is awaited.
    limit: Option<BoxFuture<'static, ()>>,
    broken: bool,
}

impl Download {
    fn new(response: StreamedResponse) -> Self {
        Self {
            meta: response.meta,
            chunks: response.body.into_stream(),
            shared: response.shared,
            timeout: response.timeout,
            limit: None,
            broken: false,
        }
    }

    /// Status, headers and request id.
    pub fn last_response(&self) -> &ResponseMeta {
        &self.meta
    }

    /// Returns the next chunk; `None` at the end and after an error. Dropping the future loses no chunk.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if self.broken {
            return Poll::Ready(None);
        }
        let cause = match self.chunks.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(chunk))) => {
                self.limit = None;
                return Poll::Ready(Some(Ok(chunk)));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(cause))) => cause,
            Poll::Pending => {
                let (shared, timeout) = (&self.shared, self.timeout);
                let limit = self
                    .limit
                    .get_or_insert_with(|| shared.clock.limit(timeout));
                match limit.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => TransportError::new(
                        TransportErrorKind::Timeout,
                        "the rest of the file did not come in time",
                    ),
                }
            }
        };
        self.broken = true;
        Poll::Ready(Some(Err(Error::connection(cause, self.meta.retries()))))
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}
