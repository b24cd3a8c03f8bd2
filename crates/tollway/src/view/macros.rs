//! Macros for generated types. One call makes one type; none of them recurses.
//!
//! There are thousands of these types, so every function adds to the compile time: what a generic type can provide
//! ([`Object`](super::Object), [`Request`](crate::request::Request)) is not repeated, and parameters turn into a
//! [`ParamValue`](crate::params::ParamValue) by `Into`, because a thousand impls of `From` for one type would be
//! compared with each other, and tried at every setter.

/// A view and the struct that has its accessors: `Charge = ChargeFields, "charge"`.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident = $(#[$about:meta])* $fields:ident, $component:literal) => {
        $(#[$doc])*
        pub type $name = $crate::view::Object<$fields>;

        $(#[$about])*
        pub struct $fields(pub(crate) $crate::Json);

        impl $crate::view::Fields for $fields {
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
    };
}

/// One of several objects, distinguished by `object`.
macro_rules! union {
    ($(#[$doc:meta])* $name:ident, $component:literal { $($(#[$about:meta])* $variant:ident($ty:ty) = $object:literal,)* }) => {
        $(#[$doc])*
        #[non_exhaustive]
        pub enum $name {
            $($(#[$about])* $variant($ty),)*
            /// An object of a type that this version of the crate does not know; readable as JSON.
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
                    $(Self::$variant(object) => object.json(),)*
                    Self::Unknown(json) => json,
                }
            }
        }

        impl $name {
            /// The object's id. Empty when it has none.
            pub fn id(&self) -> &str {
                self.opt_string($component, "id").unwrap_or_default()
            }
        }

        impl Clone for $name {
            fn clone(&self) -> Self {
                <Self as $crate::View>::from_json(<$crate::Json as Clone>::clone(self))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                <$crate::Json as std::fmt::Debug>::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$crate::Json as serde::Serialize>::serialize(self, serializer)
            }
        }
    };
}

/// An enum whose values may grow: `2 Succeeded = "succeeded"`. The numbers count from 0: a match on a number compiles in a
/// fraction of the time that a match on texts takes, and there are seven thousand values. Order and hash are those of the
/// text.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $at:literal $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[non_exhaustive]
        pub enum $name {
            $($(#[$about])* $variant,)*
            /// A value that this version of the crate does not know.
            Unknown(Box<str>),
        }

        impl From<&str> for $name {
            #[inline]
            fn from(text: &str) -> Self {
                match $crate::view::variant_index(text, &[$($text),*]) {
                    $($at => Self::$variant,)*
                    _ => Self::Unknown(text.into()),
                }
            }
        }

        impl $name {
            /// The value as Stripe writes it.
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

        impl PartialOrd for $name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl std::hash::Hash for $name {
            #[inline]
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            #[inline]
            fn from_str(text: &str) -> Result<Self, std::convert::Infallible> {
                Ok(Self::from(text))
            }
        }

        impl std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            #[inline]
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl Into<$crate::params::ParamValue> for $name {
            #[inline]
            fn into(self) -> $crate::params::ParamValue {
                $crate::params::ParamValue::from(self.as_str())
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

        impl Into<$crate::params::ParamValue> for $name {
            #[inline]
            fn into(self) -> $crate::params::ParamValue {
                $crate::params::ParamValue::Map(self.0)
            }
        }
    };
}

/// A parameter object in which nothing is required.
macro_rules! params {
    ($(#[$doc:meta])* $name:ident) => {
        $crate::view::macros::params_required! { $(#[$doc])* $name }

        impl $name {
            /// Creates an object without members.
            #[inline]
            pub fn new() -> Self {
                Self($crate::params::Params::new())
            }
        }
    };
}

/// A parameter that takes one of several forms: fixed texts, then types.
macro_rules! param_enum {
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

        impl Into<$crate::params::ParamValue> for $name {
            fn into(self) -> $crate::params::ParamValue {
                match self {
                    $(Self::$word => $text.into(),)*
                    $(Self::$form(form) => form.into(),)*
                }
            }
        }
    };
}

pub(crate) use {open_enum, param_enum, params, params_required, union, view};
