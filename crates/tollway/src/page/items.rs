//! [`AutoPaging`]: all items of a list.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::cursor::Cursor;
use super::one::{self, Direction, Page};
use super::state::State;
use crate::client::Draft;
use crate::error::Error;
use crate::json::Json;
use crate::view::View;

/// All items of a list, page after page.
///
/// Read it as a [`Stream`], by [`AutoPaging::next`] in a loop, or by [`AutoPaging::collect_up_to`]. An error is an item
/// too; the stream ends after it, and [`AutoPaging::cursor`] is the position from which you can continue.
#[must_use = "a stream does nothing until it is polled"]
pub struct AutoPaging<T> {
    pages: ListReader,
    item: PhantomData<fn() -> T>,
}

/// A list that is being read: the part that does not depend on the type of the items.
pub(super) struct ListReader {
    state: State,
    page: Page,
    direction: Direction,
    /// The number of items to skip at the start of the first page.
    skip: usize,
    /// Whether any item was returned.
    started: bool,
    /// The position of the last item that was returned from the pages before the current one.
    place: Option<Cursor>,
}

impl<T> AutoPaging<T> {
    pub(super) fn new(request: Box<Draft>) -> Self {
        Self::of(ListReader::starting(State::Next(request)))
    }

    pub(super) fn of(pages: ListReader) -> Self {
        Self {
            pages,
            item: PhantomData,
        }
    }

    /// The position after the last item that was returned. Store its text and [`resume`](Self::resume) later. `None`
    /// before the first item, for v1 items without ids, and on a v2 page that this stream did not request.
    ///
    /// ```
    /// # tollway::testing::doc_test(r#"{"object": "list", "has_more": false, "data": [{"id": "cus_1"}, {"id": "cus_2"}]}"#, |client| async move {
    /// let mut customers = client.customers().list().auto_paging();
    /// customers.next().await.unwrap()?;
    /// let stored = customers.cursor().unwrap().to_string(); // into a file or a database
    ///
    /// let cursor: tollway::page::Cursor = stored.parse().unwrap();
    /// let rest = client.customers().list().auto_paging().resume(&cursor);
    /// # drop(rest);
    /// # Ok::<(), tollway::Error>(())
    /// # });
    /// ```
    pub fn cursor(&self) -> Option<Cursor> {
        self.pages
            .page
            .place()
            .map(Cursor)
            .or_else(|| self.pages.place.clone())
    }

    /// Continues from a cursor instead of the beginning. Call it before you read the first item. A cursor of another v2
    /// list gives an error as the first item.
    pub fn resume(mut self, cursor: &Cursor) -> Self {
        if let State::Next(request) = &mut self.pages.state {
            match one::apply_cursor(request, &cursor.0) {
                Ok(skip) => self.pages.skip = skip,
                Err(error) => self.pages.state = State::Failed(error),
            }
            self.pages.place = Some(cursor.clone());
        }
        self
    }
}

impl<T: View> AutoPaging<T> {
    /// Returns the next item; `None` at the end. Dropping the future loses no item.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        let item = std::future::poll_fn(|cx| self.pages.poll_next(cx)).await;
        item.map(|item| item.map(T::from_json))
    }

    /// Collects the items up to the end of the list, at most `max` of them.
    ///
    /// # Errors
    /// The first error; the items before it are dropped.
    pub async fn collect_up_to(mut self, max: usize) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while all.len() < max {
            match self.next().await {
                Some(item) => all.push(item?),
                None => break,
            }
        }
        Ok(all)
    }
}

impl<T: View> Stream for AutoPaging<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pages
            .poll_next(cx)
            .map(|item| item.map(|item| item.map(T::from_json)))
    }
}

impl ListReader {
    fn starting(state: State) -> Self {
        Self {
            state,
            page: Page::none(),
            direction: Direction::Forward,
            skip: 0,
            started: false,
            place: None,
        }
    }

    /// Begins at a page that has been read already; `request` is for the pages after it.
    pub(super) fn after(request: Box<Draft>, page: &Json, direction: Direction) -> Self {
        let mut pages = Self::starting(State::Done);
        pages.direction = direction;
        pages.take_page(request, page);
        pages.page.clear_url();
        pages
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Json, Error>>> {
        loop {
            if let Some(item) = self.page.next() {
                self.started = true;
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.state.poll_page(cx)) {
                Some(Ok((request, page))) => self.take_page(request, &page),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    /// Makes `json` the current page and derives the request for the next one.
    fn take_page(&mut self, request: Box<Draft>, json: &Json) {
        if let Some(place) = self.page.place() {
            self.place = Some(Cursor(place));
        }
        self.page = Page::new(&request, json, self.direction);
        for _ in 0..std::mem::take(&mut self.skip) {
            self.page.next();
        }
        self.state = State::after(request, json, self.direction, self.started);
    }
}

impl<T> std::fmt::Debug for AutoPaging<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AutoPaging")
    }
}
