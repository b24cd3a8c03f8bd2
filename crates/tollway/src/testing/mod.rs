//! Help for tests: a transport that answers from a script, recordings of real answers, sample objects, a clock that
//! never waits, seeded randomness. Nothing is global: what a test makes is seen by its own clients alone, so tests run
//! side by side.
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

mod clock;
mod compare;
mod expect;
mod record;
mod redact;
mod sample;
mod stub;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::clock::{ManualClock, SeededRandom};
pub use self::expect::Expectation;
pub use self::record::{Recorder, RecordingError, Replay};
pub use self::sample::{sample, sample_with};
pub use self::stub::{StubAnswer, StubRequest, StubTransport};

/// Runs a documentation example with a client that always gets one JSON answer.
#[doc(hidden)]
pub fn doc_test<F, E>(body: &'static str, example: impl FnOnce(crate::Client) -> F)
where
    F: Future<Output = Result<(), E>>,
    E: fmt::Debug,
{
    let stub = StubTransport::answering(move |_| StubAnswer::json(200, body));
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
