//! What generated types have in common. One macro call makes one type; none of them recurses.
//!
//! There are thousands of these types, so every function counts: what a trait or `Deref` can give is not repeated, and
//! parameters turn into a [`Value`](crate::params::Value) by `Into`, because three thousand impls of `From` for one type
//! would be compared with each other, and tried at every setter.

/// A view: `Charge, "charge"`.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident, $component:literal) => {
        $(#[$doc])*
        pub struct $name(pub(crate) $crate::Json);

        impl $crate::View for $name {
            const NAME: &'static str = $component;

            #[inline]
            fn from_json(json: $crate::Json) -> Self {
                Self(json)
            }

            #[inline]
            fn json(&self) -> &$crate::Json {
                &self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = $crate::Json;

            #[inline]
            fn deref(&self) -> &$crate::Json {
                &self.0
            }
        }

        impl $name {
            /// The strict verdict: see [`View::check`](crate::View::check).
            #[inline]
            pub fn check(&self) -> Result<(), $crate::CheckError> {
                $crate::view::check_object($component, &self.0)
            }
        }

        $crate::view::macros::handle!($name);
    };
}

/// One of several objects, told apart by `object`.
macro_rules! union {
    ($(#[$doc:meta])* $name:ident, $component:literal { $($(#[$about:meta])* $variant:ident($ty:ty) = $object:literal,)* }) => {
        $(#[$doc])*
        #[non_exhaustive]
        pub enum $name {
            $($(#[$about])* $variant($ty),)*
            /// An object that this version does not know; readable as JSON.
            Unknown($crate::Json),
        }

        impl $crate::View for $name {
            const NAME: &'static str = $component;

            fn from_json(json: $crate::Json) -> Self {
                match json.object_type().unwrap_or_default() {
                    $($object => Self::$variant(<$ty as $crate::View>::from_json(json)),)*
                    _ => Self::Unknown(json),
                }
            }

            fn json(&self) -> &$crate::Json {
                self
            }
        }

        impl std::ops::Deref for $name {
            type Target = $crate::Json;

            fn deref(&self) -> &$crate::Json {
                match self {
                    $(Self::$variant(object) => object,)*
                    Self::Unknown(json) => json,
                }
            }
        }

        impl $name {
            /// The object's id, whatever it is. Empty when it has none.
            pub fn id(&self) -> &str {
                self.opt_string($component, "id").unwrap_or_default()
            }

            /// The strict verdict: see [`View::check`](crate::View::check).
            pub fn check(&self) -> Result<(), $crate::CheckError> {
                $crate::View::check(self)
            }
        }

        $crate::view::macros::handle!($name);
    };
}

/// Clone, Debug (without secrets) and Serialize (with everything) of a view.
macro_rules! handle {
    ($name:ident) => {
        impl Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                <Self as $crate::View>::from_json(<$crate::Json as Clone>::clone(self))
            }
        }

        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                <$crate::Json as std::fmt::Debug>::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            #[inline]
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$crate::Json as serde::Serialize>::serialize(self, serializer)
            }
        }
    };
}

/// An enum of words that may grow: `Succeeded = "succeeded"`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[non_exhaustive]
        pub enum $name {
            $($(#[$about])* $variant,)*
            /// A word that this version does not know.
            Unknown(Box<str>),
        }

        impl From<&str> for $name {
            #[inline]
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    _ => Self::Unknown(text.into()),
                }
            }
        }

        impl $name {
            /// The word as Stripe writes it.
            #[inline]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }
        }

        impl Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                Self::from(self.as_str())
            }
        }

        impl PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Into<$crate::params::Value> for $name {
            #[inline]
            fn into(self) -> $crate::params::Value {
                $crate::params::Value::from(self.as_str())
            }
        }
    };
}

/// A parameter object: a struct around [`Params`](crate::params::Params).
macro_rules! params_required {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[must_use = "parameters do nothing until a request takes them"]
        pub struct $name(pub(crate) $crate::params::Params);

        impl Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Into<$crate::params::Value> for $name {
            #[inline]
            fn into(self) -> $crate::params::Value {
                $crate::params::Value::Map(self.0)
            }
        }
    };
}

/// A parameter object in which nothing is required.
macro_rules! params {
    ($(#[$doc:meta])* $name:ident) => {
        $crate::view::macros::params_required! { $(#[$doc])* $name }

        impl $name {
            /// Without any member.
            #[inline]
            pub fn new() -> Self {
                Self($crate::params::Params::new())
            }
        }
    };
}

/// A parameter that takes one of several forms: words of its own, then types.
macro_rules! one_of {
    ($(#[$doc:meta])* $name:ident {
        [$($(#[$about:meta])* $word:ident = $text:literal,)*]
        $($(#[$form_about:meta])* $form:ident($ty:ty),)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$about])* $word,)*
            $($(#[$form_about])* $form($ty),)*
        }

        $(impl From<$ty> for $name {
            fn from(form: $ty) -> Self {
                Self::$form(form)
            }
        })*

        impl Into<$crate::params::Value> for $name {
            fn into(self) -> $crate::params::Value {
                match self {
                    $(Self::$word => $text.into(),)*
                    $(Self::$form(form) => form.into(),)*
                }
            }
        }
    };
}

/// A request: `ChargeCreate => Charge; "charges.create", Post "/v1/charges", Api V1 Form`.
macro_rules! request {
    ($(#[$doc:meta])* $name:ident => $answer:ty; $operation:literal, $verb:ident $path:literal, $host:ident $mode:ident $encoding:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "a request does nothing until it is sent"]
        pub struct $name(pub(crate) $crate::request::RequestBuilder);

        impl $name {
            pub(crate) const OPERATION: &'static $crate::request::Operation = &$crate::request::Operation {
                name: $operation,
                verb: $crate::request::Verb::$verb,
                path: $path,
                host: $crate::request::Host::$host,
                mode: $crate::request::ApiMode::$mode,
                encoding: $crate::request::Encoding::$encoding,
            };

            /// Sends the request.
            #[inline]
            pub fn send(self) -> $crate::request::Pending<$answer> {
                self.0.send()
            }

            /// Sets a parameter that has no setter, by its name on the wire: `new[field]`.
            #[inline]
            pub fn param(self, name: &str, value: impl Into<$crate::params::Value>) -> Self {
                Self(self.0.param(name, value))
            }

            /// Asks for related objects in place of their ids: `customer`, in lists `data.customer`.
            #[inline]
            pub fn expand(self, fields: impl IntoIterator<Item: Into<String>>) -> Self {
                Self(self.0.expand(fields))
            }

            /// Acts for a connected account in this call.
            #[inline]
            pub fn stripe_account(self, account: &str) -> Self {
                Self(self.0.stripe_account(account))
            }

            /// Acts for the key's owner in this call, whatever account the client has.
            #[inline]
            pub fn no_stripe_account(self) -> Self {
                Self(self.0.no_stripe_account())
            }

            /// Acts in a context in this call, for example `org_1/acct_2`.
            #[inline]
            pub fn stripe_context(self, context: &str) -> Self {
                Self(self.0.stripe_context(context))
            }

            /// Acts in no context in this call, whatever context the client has.
            #[inline]
            pub fn no_stripe_context(self) -> Self {
                Self(self.0.no_stripe_context())
            }

            /// The idempotency key. Default for POST: a random one, the same on every attempt.
            #[inline]
            pub fn idempotency_key(self, key: &str) -> Self {
                Self(self.0.idempotency_key(key))
            }

            /// The API version of this call.
            #[inline]
            pub fn stripe_version(self, version: &str) -> Self {
                Self(self.0.stripe_version(version))
            }

            /// The key of this call.
            #[inline]
            pub fn api_key(self, key: &str) -> Self {
                Self(self.0.api_key(key))
            }

            /// How long one attempt of this call may take.
            #[inline]
            pub fn timeout(self, timeout: std::time::Duration) -> Self {
                Self(self.0.timeout(timeout))
            }

            /// How many times this call may be sent again.
            #[inline]
            pub fn max_retries(self, retries: u32) -> Self {
                Self(self.0.max_retries(retries))
            }

            /// A header of your own; it replaces a header of the same name.
            #[inline]
            pub fn header(self, name: &str, value: &str) -> Self {
                Self(self.0.header(name, value))
            }
        }

        impl std::future::IntoFuture for $name {
            type Output = Result<$answer, $crate::Error>;
            type IntoFuture = $crate::request::Pending<$answer>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                self.send()
            }
        }
    };
}

/// A request that answers with a page: `ChargeList => List<Charge>, Charge; …`.
macro_rules! request_list {
    ($(#[$doc:meta])* $name:ident => $answer:ty, $item:ty; $($facts:tt)*) => {
        $crate::view::macros::request! { $(#[$doc])* $name => $answer; $($facts)* }

        impl $name {
            /// All objects, page after page, as a stream.
            #[inline]
            pub fn auto_paging(self) -> $crate::page::AutoPaging<$item> {
                self.0.auto_paging()
            }
        }
    };
}

pub(crate) use {
    handle, one_of, params, params_required, request, request_list, union, view, words,
};
