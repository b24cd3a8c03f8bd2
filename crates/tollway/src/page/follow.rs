//! Going on from a page that is already here: lists inside objects, and pages that were asked for one by one.

use http::HeaderValue;

use super::one::Direction;
use super::{AutoPaging, Walk};
use crate::client::Client;
use crate::options::Setting;
use crate::request::{Draft, Verb};
use crate::response::ResponseMeta;
use crate::view::View;
use crate::wire::json::Json;

/// All items from this page on. The pages after it are asked for at the list's own URL, for whom this one was.
pub(crate) fn from_page<T: View>(page: &Json, client: &Client) -> AutoPaging<T> {
    walk(page, client, Direction::Forward)
}

/// All items of a v2 list from the last of this page back to the first of all.
pub(crate) fn back_from_page<T: View>(page: &Json, client: &Client) -> AutoPaging<T> {
    walk(page, client, Direction::Backward)
}

fn walk<T: View>(page: &Json, client: &Client, direction: Direction) -> AutoPaging<T> {
    let text = |name| {
        page.get(name)
            .and_then(|text| text.as_str().map(str::to_owned))
    };
    let links = ["url", "next_page_url", "previous_page_url"];
    let url = links.into_iter().find_map(text);
    let mut request = client
        .request(Verb::Get, url.as_deref().unwrap_or_default())
        .draft;
    if let Some(meta) = page.last_response() {
        act_alike(&mut request, meta);
        if page.at() == 0 && url.is_some() {
            ask_alike(&mut request, meta, url.as_deref().unwrap_or_default());
        }
    }
    AutoPaging::of(Walk::after(request, page, direction))
}

/// Another account's list would be read without any error, so the account, context and version of the call that got
/// this page beat the client's.
fn act_alike(request: &mut Draft, meta: &ResponseMeta) {
    let set =
        |value: &Option<HeaderValue>| match value.as_ref().and_then(|value| value.to_str().ok()) {
            Some(text) => Setting::Set(text.to_owned()),
            None => Setting::Clear,
        };
    request.options.account = set(&meta.sent.account);
    request.options.context = set(&meta.sent.context);
    if let Setting::Set(version) = set(&meta.sent.version) {
        request.options.version = Some(version);
    }
}

/// A list that was the whole answer keeps its filters and page size.
fn ask_alike(request: &mut Draft, meta: &ResponseMeta, url: &str) {
    if !meta.read_only || !meta.sent.url.path().ends_with(url) {
        return;
    }
    let query = meta.sent.url.query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        // A name that cannot be placed was never written by this crate.
        let _ = request.params.set_path(&name, value.into_owned());
    }
}
