//! Continuing from a page that has been read already: lists inside objects, and pages that were requested one by one.

use http::HeaderValue;

use super::items::{AutoPaging, ListReader};
use super::one::Direction;
use crate::client::{Client, Draft, Override};
use crate::json::Json;
use crate::request::Verb;
use crate::response::ResponseMeta;
use crate::view::View;

/// Reads all items from this page on. The pages after it are requested at the list's own URL, for the account of this
/// page.
pub(super) fn from_page<T: View>(page: &Json, client: &Client) -> AutoPaging<T> {
    walk(page, client, Direction::Forward)
}

/// Reads all items of a v2 list from the last of this page back to the first of the list.
pub(super) fn back_from_page<T: View>(page: &Json, client: &Client) -> AutoPaging<T> {
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
        copy_account(&mut request, meta);
        if page.at() == 0 && url.is_some() {
            copy_filters(&mut request, meta, url.as_deref().unwrap_or_default());
        }
    }
    AutoPaging::of(ListReader::after(request, page, direction))
}

/// Takes over account, context and version of the call that returned this page. With the client's own, another
/// account's list could be read without any error.
fn copy_account(request: &mut Draft, meta: &ResponseMeta) {
    let set =
        |value: &Option<HeaderValue>| match value.as_ref().and_then(|value| value.to_str().ok()) {
            Some(text) => Override::Set(text.to_owned()),
            None => Override::Clear,
        };
    request.options.account = set(&meta.sent.account);
    request.options.context = set(&meta.sent.context);
    if let Override::Set(version) = set(&meta.sent.version) {
        request.options.version = Some(version);
    }
}

/// Takes over the filters and page size of a list that was the whole response.
fn copy_filters(request: &mut Draft, meta: &ResponseMeta, url: &str) {
    if !meta.read_only || !meta.sent.url.path().ends_with(url) {
        return;
    }
    let query = meta.sent.url.query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        // A name that cannot be placed was never written by this crate.
        let _ = request.params.set_path(&name, value.into_owned());
    }
}
