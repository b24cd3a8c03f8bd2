//! The builder behind every request.

use std::time::Duration;

use secrecy::SecretString;

use super::pending::Pending;
use crate::client::{Client, Draft, Mistake, Override, PathArgs, execute};
use crate::operation::{ApiMode, Encoding, Host, Operation, Verb};
use crate::params::{ParamValue, Params};
use crate::response::FromResponse;

impl Client {
    /// Begins a request to any path, for operations that this crate has no types for. It has what every other request
    /// has: key, account, version, retries, idempotency key and errors.
    ///
    /// ```no_run
    /// # async fn run(client: tollway::Client) -> Result<(), tollway::Error> {
    /// use tollway::request::Verb;
    ///
    /// let thing: serde_json::Value =
    ///     client.request(Verb::Post, "/v1/new_things").param("amount", 1000).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, verb: Verb, path: impl Into<String>) -> RequestBuilder {
        RequestBuilder::raw(self, verb, path.into())
    }
}

/// A request that is being built. A setter's mistake is reported when the request is sent. The builder is one pointer
/// wide, so that passing it from setter to setter costs nothing.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    pub(crate) draft: Box<Draft>,
}

impl RequestBuilder {
    /// Begins a request for an operation.
    pub fn new(client: &Client, operation: &'static Operation) -> Self {
        Self::from_parts(client, *operation, PathArgs::Template(Vec::new()))
    }

    pub(crate) fn raw(client: &Client, verb: Verb, path: String) -> Self {
        let mode = ApiMode::of_path(&path);
        let encoding = match mode {
            ApiMode::V1 => Encoding::Form,
            ApiMode::V2 => Encoding::Json,
        };
        let operation = Operation {
            name: "raw",
            verb,
            path: "",
            host: Host::Api,
            mode,
            encoding,
        };
        Self::from_parts(client, operation, PathArgs::Raw(path))
    }

    fn from_parts(client: &Client, operation: Operation, path: PathArgs) -> Self {
        let draft = Draft::new(client, operation, path);
        Self {
            draft: Box::new(draft),
        }
    }

    /// Sets the next id of the path. The id is escaped; an empty one is refused when the request is sent.
    #[inline]
    pub fn path_arg(mut self, id: &str) -> Self {
        if let PathArgs::Template(args) = &mut self.draft.path {
            args.push(id.to_owned());
        }
        self
    }

    /// Sets a parameter.
    #[inline]
    pub fn set(self, name: &'static str, value: impl Into<ParamValue>) -> Self {
        self.set_value(name, value.into())
    }

    pub(crate) fn set_value(mut self, name: &'static str, value: ParamValue) -> Self {
        self.draft.params.set(name, value);
        self
    }

    /// Sets a parameter that has no setter, by its name on the wire: `new[field]`, `items[0][price]`.
    pub fn param(mut self, name: &str, value: impl Into<ParamValue>) -> Self {
        if let Err(mistake) = self.draft.params.set_path(name, value) {
            self.draft.mistake(Mistake::Param(mistake));
        }
        self
    }

    /// Adds all of these parameters; they replace those of the same name.
    pub fn params(mut self, params: Params) -> Self {
        for (name, value) in params {
            self.draft.params.set(name, value);
        }
        self
    }

    /// Acts for a connected account in this call.
    pub fn stripe_account(mut self, account: impl Into<String>) -> Self {
        self.draft.options.account = Override::Set(account.into());
        self
    }

    /// Acts for the owner of the key in this call, whatever account the client has.
    pub fn no_stripe_account(mut self) -> Self {
        self.draft.options.account = Override::Clear;
        self
    }

    /// Acts in a context in this call, for example `org_1/acct_2`.
    pub fn stripe_context(mut self, context: impl Into<String>) -> Self {
        self.draft.options.context = Override::Set(context.into());
        self
    }

    /// Acts in no context in this call, whatever context the client has.
    pub fn no_stripe_context(mut self) -> Self {
        self.draft.options.context = Override::Clear;
        self
    }

    /// The idempotency key, at most 255 characters. Default for POST: a random one, the same on every attempt.
    /// <https://docs.stripe.com/api/idempotent_requests>
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.draft.options.idempotency_key = Some(key.into());
        self
    }

    /// The API version of this call.
    pub fn stripe_version(mut self, version: impl Into<String>) -> Self {
        self.draft.options.version = Some(version.into());
        self
    }

    /// The key of this call.
    pub fn api_key(mut self, api_key: impl Into<SecretString>) -> Self {
        self.draft.options.api_key = Some(api_key.into());
        self
    }

    /// How long one attempt of this call may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.draft.options.timeout = Some(timeout);
        self
    }

    /// How many times this call may be sent again.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.draft.options.max_retries = Some(retries);
        self
    }

    /// Sets a header; it replaces a header of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Err(mistake) = self.draft.options.add_header(name, value) {
            self.draft
                .mistake(Mistake::Text(mistake.message().to_owned()));
        }
        self
    }

    /// Requests related objects in place of their ids: `customer`, in lists `data.customer`.
    /// <https://docs.stripe.com/api/expanding_objects>
    pub fn expand<I>(mut self, fields: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        for field in fields {
            self.draft.params.push("expand", field.into());
        }
        self
    }

    /// Adds a feature name to the telemetry of this call, when telemetry is on.
    pub fn usage(mut self, word: &'static str) -> Self {
        self.draft.usage.push(word);
        self
    }

    /// Marks a request that must not reach Stripe twice, with or without an idempotency key.
    pub(crate) fn once_only(mut self) -> Self {
        self.draft.once_only = true;
        self
    }

    /// Sends the request and reads the response as `T`.
    pub fn send<T: FromResponse>(self) -> Pending<T> {
        Pending::new(execute::start(self.draft))
    }
}
