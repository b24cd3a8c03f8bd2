//! What the tests share: a client on a stub, and a runtime-free way to wait.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tollway::runtime::BoxFuture;
use tollway::testing::{ManualClock, SeededRandom, StubTransport};
use tollway::transport::{Transport, TransportError, TransportRequest, TransportResponse};
use tollway::{Client, ClientBuilder};

/// A client builder on a stub, with a manual clock and seeded randomness.
pub(crate) fn stubbed(stub: &Arc<StubTransport>) -> ClientBuilder {
    Client::builder("sk_test_123")
        .transport(stub.clone())
        .clock(Arc::new(ManualClock::at(1_700_000_000)))
        .random(Arc::new(SeededRandom::new(7)))
}

/// Owned pairs, for comparisons.
pub(crate) fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// A stub that notes each request at once and gives its response only after [`HeldTransport::release`].
pub(crate) struct HeldTransport {
    stub: Arc<StubTransport>,
    released: Arc<Semaphore>,
}

impl HeldTransport {
    pub(crate) fn new(stub: Arc<StubTransport>) -> Self {
        Self {
            stub,
            released: Arc::new(Semaphore::new(0)),
        }
    }

    /// Lets all responses through, from now on.
    pub(crate) fn release(&self) {
        self.released.add_permits(Semaphore::MAX_PERMITS / 2);
    }
}

impl Transport for HeldTransport {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let response = self.stub.send(request);
        let released = Arc::clone(&self.released);
        Box::pin(async move {
            let permit = released.acquire_owned().await;
            drop(permit);
            response.await
        })
    }
}
