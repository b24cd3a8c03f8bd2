//! The SDK without `async`: for command line tools, scripts and programs with threads. Feature `blocking`.
//!
//! [`ClientBuilder::build_blocking`] builds a client with a background thread of its own for connections and waits;
//! [`Pending::wait`] and [`AutoPaging::blocking`] replace `.await`. Everything else is the same.
//!
//! ```no_run
//! let client = tollway::Client::builder("sk_test_123").build_blocking()?;
//! let customer = client.customers().create().email("jenny@example.com").send().wait()?;
//! println!("{}", customer.id());
//! for customer in client.customers().list().limit(100).auto_paging().blocking() {
//!     println!("{}", customer?.id());
//! }
//! # Ok::<(), tollway::Error>(())
//! ```
//!
//! Do not wait inside of async code: it blocks the thread of other tasks.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::{Client, ClientBuilder, Surroundings};
use crate::error::Error;
use crate::page::{AutoPaging, Pages};
use crate::request::Pending;
use crate::response::FromResponse;
use crate::runtime::{BoxFuture, Clock};
use crate::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use crate::view::View;

/// Runs any of this crate's futures to its end on the current thread, for example an OAuth exchange.
///
/// The client must come from [`ClientBuilder::build_blocking`]: other clients need a Tokio runtime and panic without
/// one.
pub fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

impl<T: FromResponse> Pending<T> {
    /// Sends the request and waits for the response, without `async`. See [`blocking`](crate::blocking).
    ///
    /// # Errors
    /// As awaiting it.
    pub fn wait(self) -> Result<T, Error> {
        wait(self)
    }
}

impl<T: View> AutoPaging<T> {
    /// The items as a plain iterator. See [`blocking`](crate::blocking).
    pub fn blocking(self) -> Items<T> {
        Items(self)
    }
}

impl<P: View> Pages<P> {
    /// The pages as a plain iterator. See [`blocking`](crate::blocking).
    pub fn blocking(mut self) -> impl Iterator<Item = Result<P, Error>> {
        std::iter::from_fn(move || wait(self.next()))
    }
}

/// All items of a list, page after page, without `async`.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct Items<T>(AutoPaging<T>);

impl<T: View> Iterator for Items<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        wait(self.0.next())
    }
}

impl ClientBuilder {
    /// Builds a client that needs no async runtime around it. See [`blocking`](crate::blocking).
    ///
    /// # Errors
    /// As [`ClientBuilder::build`]; also [`ErrorKind::Setup`](crate::ErrorKind::Setup) when no thread can be started.
    pub fn build_blocking(self) -> Result<Client, Error> {
        self.build_blocking_on(std::thread::Builder::new())
    }

    fn build_blocking_on(self, thread: std::thread::Builder) -> Result<Client, Error> {
        self.build_with(|Surroundings { transport, clock }| {
            let background = Background::start(thread).map_err(|cause| {
                let message = format!("the background thread cannot be started: {cause}");
                Error::setup(message, cause)
            })?;
            let background = Arc::new(background);
            Ok(Surroundings {
                transport: Arc::new(OnThread {
                    background: Arc::clone(&background),
                    inner: transport,
                }),
                clock: Arc::new(OnThread {
                    background,
                    inner: clock,
                }),
            })
        })
    }
}

/// A runtime on a thread of its own. It ends when the last client that uses it is dropped.
struct Background {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
}

impl Background {
    fn start(thread: std::thread::Builder) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread.name("tollway".to_owned()).spawn(move || {
            // A dropped sender ends it as well.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Self {
            handle,
            stop: Some(stop),
        })
    }

    fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Task<T> {
        Task(self.handle.spawn(future))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// A future that runs on the background thread until it is dropped.
struct Task<T>(JoinHandle<T>);

impl<T> Future for Task<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.0).poll(cx).map(Result::ok)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A transport or a clock whose futures run on the background thread.
struct OnThread<T: ?Sized> {
    background: Arc<Background>,
    inner: Arc<T>,
}

impl Transport for OnThread<dyn Transport> {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let inner = Arc::clone(&self.inner);
        let task = self
            .background
            .run(async move { inner.send(request).await });
        let background = Arc::clone(&self.background);
        Box::pin(async move {
            let answer = task.await.unwrap_or_else(|| {
                Err(TransportError::new(
                    TransportErrorKind::Other,
                    "the background thread has ended",
                ))
            });
            drop(background); // lives as long as a request is on its way
            answer
        })
    }
}

impl Clock for OnThread<dyn Clock> {
    fn now(&self) -> SystemTime {
        self.inner.now()
    }

    fn monotonic(&self) -> Duration {
        self.inner.monotonic()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let inner = Arc::clone(&self.inner);
        let task = self
            .background
            .run(async move { inner.sleep(duration).await });
        Box::pin(async move {
            task.await;
        })
    }

    fn limit(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let inner = Arc::clone(&self.inner);
        let task = self
            .background
            .run(async move { inner.limit(duration).await });
        Box::pin(async move {
            task.await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_thread_that_cannot_start_is_a_setup_error_with_its_cause() {
        // More memory for its stack than any machine has.
        let thread = std::thread::Builder::new().stack_size(1 << 60);
        let builder = Client::builder("sk_test_123");
        let error = builder.build_blocking_on(thread).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Setup, "{error}");
        let cause = std::error::Error::source(&error).unwrap();
        assert!(cause.is::<std::io::Error>(), "{error:?}");
    }
}
