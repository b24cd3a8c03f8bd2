//! One page: its items in the order in which they are returned, its position, and the request for the page after it.

use crate::client::{Draft, PathArgs};
use crate::error::Error;
use crate::json::{Items, Json};
use crate::params::Params;
use crate::request::{ApiMode, Verb};

use super::cursor::Position;

/// A page whose items are being returned.
pub(super) struct Page {
    items: ItemOrder,
    origin: PageOrigin,
    /// How many of its items were returned or skipped.
    returned: usize,
    /// The id of the last of these items.
    last: Option<String>,
}

/// A page's items in the order in which they are returned.
enum ItemOrder {
    Forward(Items),
    Backward(Vec<Json>),
}

/// The direction in which a list is read. In v1 lists it follows from the parameters; v2 lists have a URL for each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    /// Over `previous_page_url`.
    Backward,
}

/// How this page was requested, which decides the form of its cursor.
enum PageOrigin {
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
            items: ItemOrder::Backward(Vec::new()),
            origin: PageOrigin::Ids { backward: false },
            returned: 0,
            last: None,
        }
    }

    /// The page that answered this request.
    pub(super) fn new(request: &Draft, page: &Json, direction: Direction) -> Self {
        let items = page.get("data").unwrap_or_else(Json::null).items();
        let origin = if request.operation.mode == ApiMode::V2 {
            PageOrigin::Url(match &request.path {
                PathArgs::Raw(url) if request.params.is_empty() => url.clone(),
                _ => String::new(),
            })
        } else if is_search(page) {
            let token = request.params.get("page");
            PageOrigin::Token(match token {
                Some(crate::params::ParamValue::Str(token)) => token.clone(),
                _ => String::new(),
            })
        } else {
            PageOrigin::Ids {
                backward: is_backward(request),
            }
        };
        let (items, origin) = match (origin, direction) {
            // A cursor counts from the beginning of a page, so there is none in this direction.
            (_, Direction::Backward) => (ItemOrder::Backward(items.collect()), PageOrigin::Unknown),
            (origin @ PageOrigin::Ids { backward: true }, _) => {
                (ItemOrder::Backward(items.collect()), origin)
            }
            (origin, _) => (ItemOrder::Forward(items), origin),
        };
        Self {
            items,
            origin,
            returned: 0,
            last: None,
        }
    }

    pub(super) fn next(&mut self) -> Option<Json> {
        let item = match &mut self.items {
            ItemOrder::Forward(items) => items.next(),
            ItemOrder::Backward(items) => items.pop(),
        }?;
        self.returned += 1;
        if let PageOrigin::Ids { .. } = self.origin {
            self.last = item.get("id").and_then(|id| id.as_str().map(str::to_owned));
        }
        Some(item)
    }

    /// The position after the last item that was returned; `None` when there was none or it has no id.
    pub(super) fn place(&self) -> Option<Position> {
        if self.returned == 0 {
            return None;
        }
        let skip = self.returned;
        Some(match &self.origin {
            PageOrigin::Ids { backward: false } => Position::After(self.last.clone()?),
            PageOrigin::Ids { backward: true } => Position::Before(self.last.clone()?),
            PageOrigin::Token(token) => Position::Page {
                token: token.clone(),
                skip,
            },
            PageOrigin::Url(url) => Position::Url {
                url: url.clone(),
                skip,
            },
            PageOrigin::Unknown => return None,
        })
    }

    /// Removes the URL of a v2 page that this stream did not request: `request` is for the page after it.
    pub(super) fn clear_url(&mut self) {
        if let PageOrigin::Url(_) = self.origin {
            self.origin = PageOrigin::Unknown;
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

/// The request for the page after this one; `None` after the last. `started` is whether any item of the list was
/// returned.
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
        set_page_url(&mut request, url);
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

/// Changes the request to a page of a v2 list by its URL, which holds all parameters. A URL of another host is refused
/// when the request is sent. A search is sent again with its filter, with a new idempotency key.
fn set_page_url(request: &mut Draft, url: String) {
    request.path = PathArgs::Raw(url);
    if request.operation.verb == Verb::Post {
        request.params.remove("limit");
        request.options.idempotency_key = None;
    } else {
        request.params = Params::new();
    }
}

/// Changes a list's first request to continue from a cursor. Returns how many items of that page were returned before.
pub(super) fn apply_cursor(request: &mut Draft, place: &Position) -> Result<usize, Error> {
    match place {
        Position::After(id) => {
            request.params.remove("ending_before");
            request.params.set("starting_after", id.clone());
            Ok(0)
        }
        Position::Before(id) => {
            request.params.remove("starting_after");
            request.params.set("ending_before", id.clone());
            Ok(0)
        }
        Position::Page { token, skip } => {
            if !token.is_empty() {
                request.params.set("page", token.clone());
            }
            Ok(*skip)
        }
        Position::Url { url, skip } => {
            if !url.is_empty() {
                let path = |url: &str| url.split('?').next().map(str::to_owned);
                if path(&request.full_path()?) != path(url) {
                    return Err(Error::invalid_input(format!(
                        "the cursor `{url}` belongs to another list: resume the list that it was taken from"
                    )));
                }
                set_page_url(request, url.clone());
            }
            Ok(*skip)
        }
    }
}
