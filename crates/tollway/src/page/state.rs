//! The requests for pages, one after the other.

use std::task::{Context, Poll};

use super::one::{self, Direction};
use crate::client::{Draft, execute};
use crate::error::Error;
use crate::json::Json;
use crate::response::Response;
use crate::runtime::BoxFuture;

/// What a list that is being read does next.
pub(super) enum State {
    /// The request for the next page.
    Next(Box<Draft>),
    /// The request was sent; it is kept for the page after.
    Waiting(Box<Draft>, BoxFuture<'static, Result<Response, Error>>),
    /// The next page cannot be requested; the error is returned after the items of this one.
    Failed(Error),
    Done,
}

/// A page with its request.
pub(super) type PageWithRequest = (Box<Draft>, Json);

impl State {
    /// The state after `page`: how to get the next one.
    pub(super) fn after(
        request: Box<Draft>,
        page: &Json,
        direction: Direction,
        started: bool,
    ) -> Self {
        match one::next_request(request, page, direction, started) {
            Ok(Some(request)) => Self::Next(request),
            Ok(None) => Self::Done,
            Err(error) => Self::Failed(error),
        }
    }

    /// Polls for the next page. No page follows it until the state is set again.
    pub(super) fn poll_page(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<PageWithRequest, Error>>> {
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

fn parse(answer: Response) -> Result<Json, Error> {
    Json::parse_with(answer.body, Some(answer.meta.clone()))
        .map_err(|(cause, body)| Error::invalid_response(&answer.meta, body, cause))
}
