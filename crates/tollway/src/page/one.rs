//! One page: its items in the order they are given out, where it was, and the request for the page after it.

use crate::error::Error;
use crate::params::Params;
use crate::request::{ApiMode, Draft, PathArgs, Verb};
use crate::wire::json::{Items, Json};

use super::cursor::Place;

/// A page whose items are being given out.
pub(super) struct Page {
    items: Order,
    here: Here,
    /// How many of its items were given out or skipped.
    given: usize,
    /// The id of the last of them.
    last: Option<String>,
}

/// A page's items in the order they are given out.
enum Order {
    Forward(Items),
    Backward(Vec<Json>),
}

/// Which way a walk goes. v1 lists say it by their parameters, v2 lists have a URL for either.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    /// Over `previous_page_url`.
    Backward,
}

/// How this page was asked for, which says what a cursor on it looks like.
enum Here {
    Ids {
        backward: bool,
    },
    /// Empty for the first page.
    Token(String),
    Url(String),
    Unknown,
}

impl Page {
    /// Before the first page.
    pub(super) fn none() -> Self {
        Self {
            items: Order::Backward(Vec::new()),
            here: Here::Ids { backward: false },
            given: 0,
            last: None,
        }
    }

    /// The page that answered this request.
    pub(super) fn new(request: &Draft, page: &Json, direction: Direction) -> Self {
        let items = page.get("data").unwrap_or_else(Json::null).items();
        let here = if request.operation.mode == ApiMode::V2 {
            Here::Url(match &request.path {
                PathArgs::Raw(url) if request.params.is_empty() => url.clone(),
                _ => String::new(),
            })
        } else if is_search(page) {
            let token = request.params.get("page");
            Here::Token(match token {
                Some(crate::params::Value::Str(token)) => token.clone(),
                _ => String::new(),
            })
        } else {
            Here::Ids {
                backward: is_backward(request),
            }
        };
        let (items, here) = match (here, direction) {
            // A cursor counts from a page's beginning, so there is none on this way.
            (_, Direction::Backward) => (Order::Backward(items.collect()), Here::Unknown),
            (here @ Here::Ids { backward: true }, _) => (Order::Backward(items.collect()), here),
            (here, _) => (Order::Forward(items), here),
        };
        Self {
            items,
            here,
            given: 0,
            last: None,
        }
    }

    pub(super) fn next(&mut self) -> Option<Json> {
        let item = match &mut self.items {
            Order::Forward(items) => items.next(),
            Order::Backward(items) => items.pop(),
        }?;
        self.given += 1;
        if let Here::Ids { .. } = self.here {
            self.last = item.get("id").and_then(|id| id.as_str().map(str::to_owned));
        }
        Some(item)
    }

    /// The place after the last item given out; `None` when there was none or it has no id.
    pub(super) fn place(&self) -> Option<Place> {
        if self.given == 0 {
            return None;
        }
        let skip = self.given;
        Some(match &self.here {
            Here::Ids { backward: false } => Place::After(self.last.clone()?),
            Here::Ids { backward: true } => Place::Before(self.last.clone()?),
            Here::Token(token) => Place::Page {
                token: token.clone(),
                skip,
            },
            Here::Url(url) => Place::Url {
                url: url.clone(),
                skip,
            },
            Here::Unknown => return None,
        })
    }

    /// For a v2 page that was not asked for here: its request is that of the page after it.
    pub(super) fn forget_url(&mut self) {
        if let Here::Url(_) = self.here {
            self.here = Here::Unknown;
        }
    }
}

fn is_search(page: &Json) -> bool {
    page.object_type() == Some("search_result")
}

fn is_backward(request: &Draft) -> bool {
    request.operation.mode == ApiMode::V1
        && request.params.get("ending_before").is_some()
        && request.params.get("starting_after").is_none()
}

/// The request for the page after this one; `None` when this was the last. `started` says whether any item of the list
/// was given out.
pub(super) fn next_request(
    mut request: Box<Draft>,
    page: &Json,
    direction: Direction,
    started: bool,
) -> Result<Option<Box<Draft>>, Error> {
    if request.operation.mode == ApiMode::V2 {
        let link = match direction {
            Direction::Forward => "next_page_url",
            Direction::Backward => "previous_page_url",
        };
        let Some(url) = page
            .get(link)
            .and_then(|url| url.as_str().map(str::to_owned))
        else {
            return Ok(None);
        };
        go_to_url(&mut request, url);
        return Ok(Some(request));
    }
    if page.get("has_more").and_then(|more| more.as_bool()) != Some(true) {
        return Ok(None);
    }
    if is_search(page) {
        let token = page
            .get("next_page")
            .and_then(|token| token.as_str().map(str::to_owned));
        return Ok(token.map(|token| {
            request.params.set("page", token);
            request
        }));
    }
    let backward = is_backward(&request);
    let mut items = page.get("data").unwrap_or_else(Json::null).items();
    let edge = if backward { items.next() } else { items.last() };
    let Some(item) = edge else {
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
    let cursor = if backward {
        "ending_before"
    } else {
        "starting_after"
    };
    request.params.set(cursor, id);
    Ok(Some(request))
}

/// Asks for a page of a v2 list by its URL, which holds everything; the guard refuses one that leads elsewhere when it is
/// sent. A search is sent again with its filter, but a page is not a new request to remember.
fn go_to_url(request: &mut Draft, url: String) {
    request.path = PathArgs::Raw(url);
    if request.operation.verb == Verb::Post {
        request.params.remove("limit");
        request.options.idempotency_key = None;
    } else {
        request.params = Params::new();
    }
}

/// Makes a list's first request go on from a cursor. Answers how many items of the page it stands on were given out.
pub(super) fn go_on_from(request: &mut Draft, place: &Place) -> Result<usize, Error> {
    match place {
        Place::After(id) => {
            request.params.remove("ending_before");
            request.params.set("starting_after", id.clone());
            Ok(0)
        }
        Place::Before(id) => {
            request.params.remove("starting_after");
            request.params.set("ending_before", id.clone());
            Ok(0)
        }
        Place::Page { token, skip } => {
            if !token.is_empty() {
                request.params.set("page", token.clone());
            }
            Ok(*skip)
        }
        Place::Url { url, skip } => {
            if !url.is_empty() {
                let path = |url: &str| url.split('?').next().map(str::to_owned);
                if path(&request.full_path()?) != path(url) {
                    return Err(Error::invalid_input(format!(
                        "the cursor `{url}` belongs to another list: resume the list that it was taken from"
                    )));
                }
                go_to_url(request, url.clone());
            }
            Ok(*skip)
        }
    }
}
