//! Tools for tests: a transport with scripted responses, recordings of real responses, sample objects, a clock that
//! never waits, and seeded randomness. Nothing is global, so tests can run in parallel. Feature `testing`; turn it on
//! in `[dev-dependencies]`.
//!
//! | you want | take |
//! | --- | --- |
//! | answers from a script, and to look at what was sent | [`StubTransport`] |
//! | a test that fails when a call is missing or differs | [`Expectation`] |
//! | real answers without the network | [`Recorder`], then [`Replay`] |
//! | an object to hand to your own function | [`sample`], [`sample_with`] |
//! | retries without waiting, time limits at will | [`ManualClock`] |
//! | the same keys in every run | [`SeededRandom`] |
//! | a signed webhook | [`webhook::test_header`](crate::webhook::test_header) |
//! | a whole Stripe: state, OAuth pages, webhooks | the crate `tollway-emulator`, in the same process |
//!
//! ```
//! use std::sync::Arc;
//! use tollway::testing::StubTransport;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let stub = Arc::new(StubTransport::new());
//! stub.push_json(200, r#"{"id": "cus_1", "object": "customer"}"#);
//! let client = stub.client().build()?;
//!
//! let customer = client.customers().create().name("Jenny").send().await?;
//!
//! assert_eq!(customer.id(), "cus_1");
//! assert_eq!(stub.requests()[0].form(), [("name".to_owned(), "Jenny".to_owned())]);
//! # Ok::<(), tollway::Error>(())
//! # }).unwrap();
//! ```

mod body;
mod clock;
mod compare;
mod exchange;
mod expect;
mod lock;
mod record;
mod redact;
mod sample;
mod stub;

use std::fmt;
use std::sync::Arc;

pub use self::clock::{ManualClock, SeededRandom};
pub use self::exchange::{StubRequest, StubResponse};
pub use self::expect::Expectation;
pub use self::record::{Recorder, RecordingError, Replay};
pub use self::sample::{sample, sample_with};
pub use self::stub::StubTransport;

/// Runs a documentation example with a client that always gets one JSON response.
#[doc(hidden)]
pub fn doc_test<F, E>(body: &'static str, example: impl FnOnce(crate::Client) -> F)
where
    F: Future<Output = Result<(), E>>,
    E: fmt::Debug,
{
    let stub = StubTransport::responding(move |_| StubResponse::json(200, body));
    let client = crate::Client::builder("sk_test_123")
        .transport(Arc::new(stub))
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let client = client.expect("a stubbed client needs nothing");
    runtime
        .expect("a runtime on this thread")
        .block_on(example(client))
        .expect("the example works");
}
