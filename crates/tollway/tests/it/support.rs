//! What the tests share: a client on a stub, and a runtime-free way to wait.

use std::sync::Arc;

use tollway::testing::{ManualClock, SeededRandom, StubTransport};
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
