//! Lists page by page.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::one::Direction;
use super::state::State;
use crate::client::Draft;
use crate::error::Error;
use crate::json::Json;
use crate::view::View;

/// All pages of a list, each as the response to the list's own request: [`List`](crate::List),
/// [`SearchResult`](crate::SearchResult) or [`V2List`](crate::V2List).
///
/// Read it as a [`Stream`] or by [`Pages::next`] in a loop. An error is an item too; the stream ends after it.
///
/// ```
/// # tollway::testing::doc_test(r#"{"object": "list", "has_more": false, "data": [{"id": "cus_1"}, {"id": "cus_2"}]}"#, |client| async move {
/// let mut pages = client.customers().list().limit(100).pages();
/// while let Some(page) = pages.next().await {
///     let page = page?;
///     println!("{} customers, request {:?}", page.len(), page.last_response().and_then(|meta| meta.request_id()));
/// }
/// # Ok::<(), tollway::Error>(())
/// # });
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<P> {
    state: State,
    started: bool,
    page: PhantomData<fn() -> P>,
}

impl<P> Pages<P> {
    pub(super) fn new(request: Box<Draft>) -> Self {
        Self {
            state: State::Next(request),
            started: false,
            page: PhantomData,
        }
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Json, Error>>> {
        let page = ready!(self.state.poll_page(cx));
        Poll::Ready(page.map(|page| page.map(|(request, page)| self.accept_page(request, page))))
    }

    fn accept_page(&mut self, request: Box<Draft>, page: Json) -> Json {
        self.started |= page.get("data").is_some_and(|data| !data.is_empty());
        self.state = State::after(request, &page, Direction::Forward, self.started);
        page
    }
}

impl<P: View> Pages<P> {
    /// Returns the next page; `None` after the last. Dropping the future loses no page.
    pub async fn next(&mut self) -> Option<Result<P, Error>> {
        let page = std::future::poll_fn(|cx| self.poll_page(cx)).await;
        page.map(|page| page.map(P::from_json))
    }
}

impl<P: View> Stream for Pages<P> {
    type Item = Result<P, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_page(cx)
            .map(|page| page.map(|page| page.map(P::from_json)))
    }
}

impl<P> fmt::Debug for Pages<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}
