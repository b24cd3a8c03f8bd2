//! Pages of lists, one item at a time: v1 lists (forward and backward), v1 search results, v2 lists.
//!
//! The request that got the first page gets the others too, so filters, page size, account, key, version and time
//! limits stay the same; only the cursor moves. <https://docs.stripe.com/api/pagination/auto>

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::error::Error;
use crate::execute;
use crate::request::{ApiMode, Draft, PathArgs};
use crate::response::Response;
use crate::runtime::BoxFuture;
use crate::view::View;
use crate::wire::json::{Items, Json};

/// All items of a list, page after page.
///
/// A [`Stream`], and usable without one: call [`AutoPaging::next`] in a loop, or [`AutoPaging::collect_up_to`]. An
/// error is an item like others; the stream ends after it.
#[must_use = "a stream does nothing until it is polled"]
pub struct AutoPaging<T> {
    pages: Pages,
    item: PhantomData<fn() -> T>,
}

/// The part that does not depend on the type of the items.
struct Pages {
    state: State,
    /// Items of the current page that were not given out yet.
    items: Page,
    /// Whether any item was given out.
    started: bool,
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

/// A page's items in the order they are given out.
enum Page {
    Forward(Items),
    Backward(Vec<Json>),
}

impl Page {
    fn next(&mut self) -> Option<Json> {
        match self {
            Self::Forward(items) => items.next(),
            Self::Backward(items) => items.pop(),
        }
    }
}

impl<T> AutoPaging<T> {
    pub(crate) fn new(request: Box<Draft>) -> Self {
        let pages = Pages {
            state: State::Next(request),
            items: Page::Backward(Vec::new()),
            started: false,
        };
        Self {
            pages,
            item: PhantomData,
        }
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

impl Pages {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Json, Error>>> {
        loop {
            if let Some(item) = self.items.next() {
                self.started = true;
                return Poll::Ready(Some(Ok(item)));
            }
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Poll::Ready(None),
                State::Failed(error) => return Poll::Ready(Some(Err(error))),
                State::Next(request) => {
                    let answer = execute::start(request.clone());
                    self.state = State::Waiting(request, answer);
                }
                State::Waiting(request, mut answer) => match answer.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.state = State::Waiting(request, answer);
                        return Poll::Pending;
                    }
                    Poll::Ready(answer) => {
                        if let Err(error) =
                            answer.and_then(|answer| self.take_page(request, answer))
                        {
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                },
            }
        }
    }

    /// Takes a page over and works out how to get the next one.
    fn take_page(&mut self, request: Box<Draft>, answer: Response) -> Result<(), Error> {
        let page = parse(answer)?;
        let backward = request.operation.mode == ApiMode::V1
            && request.params.get("ending_before").is_some()
            && request.params.get("starting_after").is_none();
        let data = page.get("data");
        let items: Vec<Json> = data
            .as_ref()
            .map(|data| data.items().collect())
            .unwrap_or_default();
        let cursor = if backward {
            items.first()
        } else {
            items.last()
        };
        self.state = match next_request(request, &page, cursor, backward, self.started) {
            Ok(Some(request)) => State::Next(request),
            Ok(None) => State::Done,
            Err(error) => State::Failed(error),
        };
        self.items = match data {
            Some(data) if !backward => Page::Forward(data.items()),
            _ => Page::Backward(items),
        };
        Ok(())
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

/// The request for the page after this one; `None` when this was the last.
fn next_request(
    mut request: Box<Draft>,
    page: &Json,
    cursor: Option<&Json>,
    backward: bool,
    started: bool,
) -> Result<Option<Box<Draft>>, Error> {
    if request.operation.mode == ApiMode::V2 {
        // The URL holds everything; the guard refuses one that leads elsewhere when it is sent.
        let Some(url) = page
            .get("next_page_url")
            .and_then(|url| url.as_str().map(str::to_owned))
        else {
            return Ok(None);
        };
        request.path = PathArgs::Raw(url);
        request.params = crate::params::Params::new();
        return Ok(Some(request));
    }
    if page.get("has_more").and_then(|more| more.as_bool()) != Some(true) {
        return Ok(None);
    }
    if page
        .get("object")
        .is_some_and(|object| object.as_str() == Some("search_result"))
    {
        let token = page
            .get("next_page")
            .and_then(|token| token.as_str().map(str::to_owned));
        return Ok(token.map(|token| {
            request.params.set("page", token);
            request
        }));
    }
    let Some(item) = cursor else {
        if started {
            tracing::warn!(
                operation = request.operation.name,
                "an empty page says that there is more; the list ends here"
            );
            return Ok(None);
        }
        return Err(Error::unpageable(
            "the first page is empty but says that there is more: there is no item to go on from, so try again later or \
             widen the filter",
        ));
    };
    let Some(id) = item.get("id").and_then(|id| id.as_str().map(str::to_owned)) else {
        return Err(Error::unpageable(
            "the items of this list have no id, so it cannot be paged: read it page by page",
        ));
    };
    request.params.set(
        if backward {
            "ending_before"
        } else {
            "starting_after"
        },
        id,
    );
    Ok(Some(request))
}

impl<T> std::fmt::Debug for AutoPaging<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AutoPaging")
    }
}
