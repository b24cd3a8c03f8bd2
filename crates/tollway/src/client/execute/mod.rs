//! From a request to its response: check and encode once (`prepare`), then attempt, decide, wait and attempt again (`call`).

mod attempt;
mod call;
mod limits;
mod prepare;
mod span;

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument as _;

use self::call::run;
use self::prepare::prepare;
use super::draft::Draft;
use super::handle::Shared;
use crate::error::Error;
use crate::response::{Response, ResponseMeta};
use crate::runtime::BoxFuture;
use crate::transport::ResponseBody;

/// Sends a request, with retries, and reads the whole response.
pub(crate) fn start(request: Box<Draft>) -> BoxFuture<'static, Result<Response, Error>> {
    let span = span::open_span(&request);
    let call = async move {
        let outcome = match prepare(request) {
            Ok(request) => run(&request).await.map(|success| success.response),
            Err(error) => Err(error),
        };
        span::record_outcome(outcome.as_ref().map(|response| response.meta.as_ref()));
        outcome
    };
    Box::pin(call.instrument(span))
}

/// A successful response whose body is still arriving.
pub(crate) struct StreamedResponse {
    pub(crate) meta: Arc<ResponseMeta>,
    pub(crate) body: ResponseBody,
    pub(crate) shared: Arc<Shared>,
    /// The longest wait for the next chunk.
    pub(crate) timeout: Duration,
}

/// As [`start`], with a body that is handed over as it arrives.
pub(crate) fn start_streamed(
    request: Box<Draft>,
) -> BoxFuture<'static, Result<StreamedResponse, Error>> {
    let span = span::open_span(&request);
    let call = async move {
        let outcome = match prepare(request) {
            Ok(mut request) => {
                request.streamed = true;
                run(&request).await.map(|success| StreamedResponse {
                    meta: success.response.meta,
                    body: success
                        .stream
                        .unwrap_or_else(|| success.response.body.into()),
                    shared: Arc::clone(&request.shared),
                    timeout: request.timeout,
                })
            }
            Err(error) => Err(error),
        };
        span::record_outcome(outcome.as_ref().map(|response| response.meta.as_ref()));
        outcome
    };
    Box::pin(call.instrument(span))
}
