//! Pages of lists, one item at a time: v1 lists (forward and backward), v1 search results, v2 lists.
//!
//! The request that got the first page gets the others too, so filters, page size, account, key, version and time
//! limits stay the same; only the cursor moves. <https://docs.stripe.com/api/pagination/auto>
//!
//! [`AutoPaging`] is the stream of items, [`Pages`] that of pages; the private module `one` knows what one page says about
//! the next, [`Cursor`] stores where a walk stands, and `follow` goes on from a page that is already here.

mod cursor;
pub(crate) mod follow;
mod one;
mod pages;

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

pub use self::cursor::{Cursor, CursorError};
use self::one::{Direction, Page};
pub use self::pages::Pages;
use crate::error::Error;
use crate::execute;
use crate::request::Draft;
use crate::response::Response;
use crate::runtime::BoxFuture;
use crate::view::View;
use crate::wire::json::Json;

/// All items of a list, page after page.
///
/// A [`Stream`], and usable without one: call [`AutoPaging::next`] in a loop, or [`AutoPaging::collect_up_to`]. An
/// error is an item like others; the stream ends after it, and [`AutoPaging::cursor`] says where to go on.
#[must_use = "a stream does nothing until it is polled"]
pub struct AutoPaging<T> {
    pages: Walk,
    item: PhantomData<fn() -> T>,
}

/// The part that does not depend on the type of the items.
struct Walk {
    state: State,
    page: Page,
    direction: Direction,
    /// Items to leave out at the start of the first page.
    skip: usize,
    /// Whether any item was given out.
    started: bool,
    /// Where the last item given out stands, of the pages before the current one.
    place: Option<Cursor>,
}

enum State {
    /// The request for the next page.
    Next(Box<Draft>),
    /// On its way; the request comes along for the page after.
    Waiting(Box<Draft>, BoxFuture<'static, Result<Response, Error>>),
    /// The next page cannot be had; told after the items of this one.
    Failed(Error),
    Done,
}

/// A page with the request that got it.
type Got = (Box<Draft>, Json);

impl State {
    /// How the page after `page` is got.
    fn after(request: Box<Draft>, page: &Json, direction: Direction, started: bool) -> Self {
        match one::next_request(request, page, direction, started) {
            Ok(Some(request)) => Self::Next(request),
            Ok(None) => Self::Done,
            Err(error) => Self::Failed(error),
        }
    }

    /// The next page; nothing follows it until the state is set anew.
    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Got, Error>>> {
        loop {
            match std::mem::replace(self, Self::Done) {
                Self::Done => return Poll::Ready(None),
                Self::Failed(error) => return Poll::Ready(Some(Err(error))),
                Self::Next(request) => {
                    let answer = execute::start(request.clone());
                    *self = Self::Waiting(request, answer);
                }
                Self::Waiting(request, mut answer) => match answer.as_mut().poll(cx) {
                    Poll::Pending => {
                        *self = Self::Waiting(request, answer);
                        return Poll::Pending;
                    }
                    Poll::Ready(answer) => {
                        let page = answer.and_then(parse);
                        return Poll::Ready(Some(page.map(|page| (request, page))));
                    }
                },
            }
        }
    }
}

impl<T> AutoPaging<T> {
    pub(crate) fn new(request: Box<Draft>) -> Self {
        Self::of(Walk::starting(State::Next(request)))
    }

    fn of(pages: Walk) -> Self {
        Self {
            pages,
            item: PhantomData,
        }
    }

    /// Where this walk stands: after the last item that was given out. Store its text and [`resume`](Self::resume)
    /// later. `None` before the first item, on v1 items without ids, and on a v2 page that did not come
    /// from this walk.
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

    /// Goes on from a cursor instead of the beginning. Call it before the first item is asked for. A cursor of another
    /// v2 list is refused as the first item.
    pub fn resume(mut self, cursor: &Cursor) -> Self {
        if let State::Next(request) = &mut self.pages.state {
            match one::go_on_from(request, &cursor.0) {
                Ok(skip) => self.pages.skip = skip,
                Err(error) => self.pages.state = State::Failed(error),
            }
            self.pages.place = Some(cursor.clone());
        }
        self
    }
}

impl<T: View> AutoPaging<T> {
    /// The next item; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        let item = std::future::poll_fn(|cx| self.pages.poll_next(cx)).await;
        item.map(|item| item.map(T::from_json))
    }

    /// The items up to the end of the list, at most `max` of them.
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

impl Walk {
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

    /// From a page that is already here; `request` says how the others are got.
    fn after(request: Box<Draft>, page: &Json, direction: Direction) -> Self {
        let mut pages = Self::starting(State::Done);
        pages.direction = direction;
        pages.take_page(request, page);
        pages.page.forget_url();
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

    /// Takes a page over and works out how to get the next one.
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

fn parse(answer: Response) -> Result<Json, Error> {
    Json::parse_with(answer.body, Some(answer.meta.clone())).map_err(|(cause, body)| {
        Error::invalid_response(
            &Response {
                meta: answer.meta,
                body,
            },
            Box::new(cause),
        )
    })
}

impl<T> std::fmt::Debug for AutoPaging<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AutoPaging")
    }
}
