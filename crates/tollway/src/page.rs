//! Pages of lists, one item at a time.

use std::marker::PhantomData;

use crate::request::RequestBuilder;

/// All items of a list, page after page.
#[must_use = "a stream does nothing until it is polled"]
#[derive(Debug)]
pub struct AutoPaging<T> {
    request: RequestBuilder,
    item: PhantomData<fn() -> T>,
}

impl<T> AutoPaging<T> {
    pub(crate) fn new(request: RequestBuilder) -> Self {
        Self {
            request,
            item: PhantomData,
        }
    }
}
