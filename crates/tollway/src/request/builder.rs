//! The builder behind every request, and what it gathers.

use std::time::Duration;

use secrecy::SecretString;

use super::{ApiMode, Encoding, Host, Operation, Pending, Verb};
use crate::client::Client;
use crate::error::Error;
use crate::execute;
use crate::options::{CallOptions, Setting};
use crate::page::{AutoPaging, Pages};
use crate::params::{ParamError, Params, Value};
use crate::response::FromResponse;
use crate::wire::path;

/// A request being put together. Mistakes found on the way are reported when it is sent. One pointer wide, so that
/// passing it from setter to setter costs nothing.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    pub(crate) draft: Box<Draft>,
}

/// What a request says so far.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) client: Client,
    pub(crate) operation: Operation,
    pub(crate) path: PathArgs,
    pub(crate) params: Params,
    pub(crate) options: CallOptions,
    /// The server must not see this request twice, key or no key.
    pub(crate) once_only: bool,
    pub(crate) usage: Vec<&'static str>,
    mistake: Option<Mistake>,
}

/// Why a request cannot be sent, found while it was put together.
#[derive(Debug, Clone)]
pub(crate) enum Mistake {
    Param(ParamError),
    Text(String),
}

impl From<Mistake> for Error {
    fn from(mistake: Mistake) -> Self {
        match mistake {
            Mistake::Param(cause) => cause.into(),
            Mistake::Text(message) => Self::invalid_input(message),
        }
    }
}

/// The path: a template with the ids collected for it, or a path of the caller's.
#[derive(Debug, Clone)]
pub(crate) enum PathArgs {
    Template(Vec<String>),
    Raw(String),
}

impl RequestBuilder {
    /// A request for an operation.
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
        let draft = Draft {
            client: client.clone(),
            operation,
            path,
            params: Params::new(),
            options: CallOptions::default(),
            once_only: false,
            usage: Vec::new(),
            mistake: None,
        };
        Self {
            draft: Box::new(draft),
        }
    }

    /// The next id of the path. Escaped; an empty one is refused when the request is sent.
    #[inline]
    pub fn path_arg(mut self, id: &str) -> Self {
        if let PathArgs::Template(args) = &mut self.draft.path {
            args.push(id.to_owned());
        }
        self
    }

    /// Sets a parameter.
    #[inline]
    pub fn set(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.set_value(name, value.into())
    }

    pub(crate) fn set_value(mut self, name: &'static str, value: Value) -> Self {
        self.draft.params.set(name, value);
        self
    }

    /// Sets a parameter that has no setter, by its name on the wire: `new[field]`, `items[0][price]`.
    pub fn param(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Err(mistake) = self.draft.params.set_path(name, value) {
            self.draft.mistake(Mistake::Param(mistake));
        }
        self
    }

    /// Adds parameters that were put together elsewhere; they replace those of the same name.
    pub fn params(mut self, params: Params) -> Self {
        for (name, value) in params {
            self.draft.params.set(name, value);
        }
        self
    }

    /// Acts for a connected account in this call.
    pub fn stripe_account(mut self, account: impl Into<String>) -> Self {
        self.draft.options.account = Setting::Set(account.into());
        self
    }

    /// Acts for the key's owner in this call, whatever account the client has.
    pub fn no_stripe_account(mut self) -> Self {
        self.draft.options.account = Setting::Clear;
        self
    }

    /// Acts in a context in this call, for example `org_1/acct_2`.
    pub fn stripe_context(mut self, context: impl Into<String>) -> Self {
        self.draft.options.context = Setting::Set(context.into());
        self
    }

    /// Acts in no context in this call, whatever context the client has.
    pub fn no_stripe_context(mut self) -> Self {
        self.draft.options.context = Setting::Clear;
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

    /// A header of your own; it replaces a header of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Err(mistake) = self.draft.options.add_header(name, value) {
            self.draft
                .mistake(Mistake::Text(mistake.message().to_owned()));
        }
        self
    }

    /// Asks for related objects in place of their ids: `customer`, in lists `data.customer`.
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

    /// Adds a word to what telemetry says about this call, when it is on.
    pub fn usage(mut self, word: &'static str) -> Self {
        self.draft.usage.push(word);
        self
    }

    /// Marks a request that must not reach Stripe twice, key or no key.
    pub(crate) fn once_only(mut self) -> Self {
        self.draft.once_only = true;
        self
    }

    /// Sends the request and reads the answer as `T`.
    pub fn send<T: FromResponse>(self) -> Pending<T> {
        Pending::new(execute::start(self.draft))
    }

    /// All pages of a list, one item at a time, from the first page on.
    pub fn auto_paging<T>(self) -> AutoPaging<T> {
        AutoPaging::new(self.draft)
    }

    /// All pages of a list from the first one on.
    pub fn pages<P>(self) -> Pages<P> {
        Pages::new(self.draft)
    }
}

impl Draft {
    /// Remembers the first mistake; sending reports it.
    pub(crate) fn mistake(&mut self, mistake: Mistake) {
        self.mistake.get_or_insert(mistake);
    }

    pub(crate) fn take_mistake(&mut self) -> Result<(), Error> {
        self.mistake
            .take()
            .map_or(Ok(()), |mistake| Err(mistake.into()))
    }

    /// The escaped, guarded path.
    pub(crate) fn full_path(&self) -> Result<String, Error> {
        let path = match &self.path {
            PathArgs::Template(args) => path::expand(self.operation.path, args)?,
            PathArgs::Raw(path) => path.clone(),
        };
        path::guard(&path)?;
        Ok(path)
    }
}
