//! Where paging begins: at a request for the first page, or at a page that has been read already.

use super::follow;
use super::items::AutoPaging;
use super::pages::Pages;
use crate::client::Client;
use crate::request::{Endpoint, Request, RequestBuilder};
use crate::view::{List, Paged, SearchResult, V2List, View};

impl RequestBuilder {
    /// Reads a list item by item, from the first page on.
    pub fn auto_paging<T>(self) -> AutoPaging<T> {
        AutoPaging::new(self.draft)
    }

    /// Reads a list page by page, from the first one on.
    pub fn pages<P>(self) -> Pages<P> {
        Pages::new(self.draft)
    }
}

impl<E: Endpoint<Response: Paged + View>> Request<E> {
    /// Reads the list page by page, as a stream. <https://docs.stripe.com/api/pagination>
    pub fn pages(self) -> Pages<E::Response> {
        self.into_builder().pages()
    }
}

impl<E: Endpoint<Response: Paged>> Request<E> {
    /// Reads all objects of the list, page after page, as a stream. <https://docs.stripe.com/api/pagination/auto>
    pub fn auto_paging(self) -> AutoPaging<<E::Response as Paged>::Item> {
        self.into_builder().auto_paging()
    }
}

macro_rules! auto_paging {
    ($name:ident) => {
        impl<T: View> $name<T> {
            /// Reads all objects from this page on: first its own, then those of the pages after it. The later requests
            /// go to the list's own URL, with the account, context and version of the request for this page. For lists
            /// inside objects: `charge.refunds()`, `customer.subscriptions()`, `checkout_session.line_items()`.
            ///
            /// ```
            /// # tollway::testing::doc_test(r#"{"id": "ch_1", "refunds": {"object": "list", "data": [{"id": "re_1"}],
            /// #     "has_more": false, "url": "/v1/charges/ch_1/refunds"}}"#, |client| async move {
            /// let charge = client.charges().retrieve("ch_1").expand(["refunds"]).send().await?;
            /// if let Some(refunds) = charge.refunds() {
            ///     let all = refunds.auto_paging(&client).collect_up_to(1_000).await?;
            ///     assert_eq!(all[0].id(), "re_1");
            /// }
            /// # Ok::<(), tollway::Error>(())
            /// # });
            /// ```
            pub fn auto_paging(&self, client: &Client) -> AutoPaging<T> {
                follow::from_page(self.json(), client)
            }
        }
    };
}

auto_paging! { List }
auto_paging! { SearchResult }
auto_paging! { V2List }

impl<T: View> V2List<T> {
    /// Reads all objects from the last of this page back to the first of the list: its own, then those of the pages
    /// before it. [`auto_paging`](Self::auto_paging) reads the other way.
    pub fn auto_paging_backward(&self, client: &Client) -> AutoPaging<T> {
        follow::back_from_page(self.json(), client)
    }
}
