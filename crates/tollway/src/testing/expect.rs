//! Expectations: which requests a test must send, and their responses.

use super::compare::RequestOutline;
use super::exchange::{StubRequest, StubResponse};

/// A request that a test expects, and its response. A [`StubTransport`](super::StubTransport) with an expectation fails
/// the test when it is dropped, if the request was not sent as often as expected or an unexpected one was sent.
///
/// ```
/// use std::sync::Arc;
/// use tollway::testing::{Expectation, StubTransport};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let stub = Arc::new(StubTransport::new());
/// stub.expect(
///     Expectation::post("/v1/charges/{charge}/refund")
///         .param("amount", "400")
///         .header("stripe-account", "acct_1")
///         .respond_json(200, r#"{"id": "re_1", "object": "refund"}"#),
/// );
/// let client = stub.client().build()?;
///
/// let request = client.request(tollway::request::Verb::Post, "/v1/charges/ch_1/refund");
/// request.param("amount", 400).stripe_account("acct_1").send::<tollway::Json>().await?;
/// # Ok::<(), tollway::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to StubTransport::expect"]
pub struct Expectation {
    outline: RequestOutline,
    headers: Vec<(String, Option<String>)>,
    times: usize,
    answer: StubResponse,
}

impl Expectation {
    fn new(method: &str, path: &str) -> Self {
        Self {
            outline: RequestOutline {
                method: method.to_owned(),
                path: path.to_owned(),
                params: Vec::new(),
            },
            headers: Vec::new(),
            times: 1,
            answer: StubResponse::json(200, "{}"),
        }
    }

    /// A `GET`. `{name}` in the path stands for any one segment.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A `POST`. `{name}` in the path stands for any one segment.
    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// A `DELETE`. `{name}` in the path stands for any one segment.
    pub fn delete(path: &str) -> Self {
        Self::new("DELETE", path)
    }

    /// A parameter of query or body that must be there, by its name on the wire: `metadata[order]`, `items[0][price]`.
    /// Others may be there as well.
    pub fn param(mut self, name: &str, value: &str) -> Self {
        self.outline
            .params
            .push((name.to_owned(), value.to_owned()));
        self
    }

    /// A header that must have this value.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), Some(value.to_owned())));
        self
    }

    /// A header that must be absent, for example `stripe-account`.
    pub fn no_header(mut self, name: &str) -> Self {
        self.headers.push((name.to_owned(), None));
        self
    }

    /// How often the request is sent, retries included. Default: once. 0 forbids it.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Sets the response. Default: 200 with `{}`.
    pub fn respond(mut self, answer: StubResponse) -> Self {
        self.answer = answer;
        self
    }

    /// Sets a JSON response.
    pub fn respond_json(self, status: u16, body: impl Into<bytes::Bytes>) -> Self {
        self.respond(StubResponse::json(status, body))
    }

    fn differences(&self, request: &StubRequest, sent: &RequestOutline) -> Vec<String> {
        let mut out = self.outline.differences(sent, false);
        for (name, expected) in &self.headers {
            match (request.header(name), expected.as_deref()) {
                (found, expected) if found == expected => {}
                (None, Some(expected)) => {
                    out.push(format!(
                        "the header {name} is missing instead of `{expected}`"
                    ));
                }
                (Some(found), Some(expected)) => {
                    out.push(format!(
                        "the header {name} is `{found}` instead of `{expected}`"
                    ));
                }
                (Some(found), None) => {
                    out.push(format!(
                        "the header {name} is `{found}` and should be absent"
                    ));
                }
                (None, None) => {}
            }
        }
        out
    }
}

/// The expectations of one stub, and what did not fit them.
#[derive(Debug, Default)]
pub(super) struct ExpectationQueue {
    all: Vec<(Expectation, usize)>,
    surprises: Vec<String>,
}

impl ExpectationQueue {
    pub(super) fn push(&mut self, expectation: Expectation) {
        self.all.push((expectation, 0));
    }

    /// The response of the first expectation that matches and is not used up.
    pub(super) fn respond(&mut self, request: &StubRequest) -> Option<StubResponse> {
        let sent = RequestOutline::of(request);
        let (expectation, came) = self.all.iter_mut().find(|(expectation, came)| {
            *came < expectation.times && expectation.differences(request, &sent).is_empty()
        })?;
        *came += 1;
        Some(expectation.answer.clone())
    }

    /// Records a request that matches no expectation; `None` when there are no expectations.
    pub(super) fn surprise(&mut self, request: &StubRequest) -> Option<String> {
        let sent = RequestOutline::of(request);
        let nearest = self
            .all
            .iter()
            .map(|(expectation, came)| {
                let mut differences = expectation.differences(request, &sent);
                if differences.is_empty() {
                    differences.push(format!("it was expected {} and came before", times(*came)));
                }
                differences
            })
            .min_by_key(Vec::len)?;
        let text = format!("{sent} was not expected: {}", nearest.join("; "));
        self.surprises.push(text.clone());
        Some(text)
    }

    /// The differences between the expected and the sent requests.
    pub(super) fn failures(&self) -> Vec<String> {
        let missing = self.all.iter().filter(|(one, came)| *came < one.times);
        missing
            .map(|(expectation, came)| {
                format!(
                    "{} was expected {} and came {}",
                    expectation.outline,
                    times(expectation.times),
                    times(*came)
                )
            })
            .chain(self.surprises.iter().cloned())
            .collect()
    }
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        many => format!("{many} times"),
    }
}
