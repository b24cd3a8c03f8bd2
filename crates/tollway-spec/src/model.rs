//! The parts of an API description that code generation and the emulator need.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A whole API description.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The API version the document describes, e.g. `2026-10-28.endive`.
    pub version: String,
    /// Every operation, ordered by path and verb.
    pub operations: Vec<Operation>,
    /// Every named schema, ordered by name.
    pub objects: Vec<Object>,
    /// The event types.
    pub events: Events,
    /// Error types and codes.
    pub errors: Errors,
}

impl Spec {
    /// The object with this component name.
    pub fn object(&self, name: &str) -> Option<&Object> {
        let at = self
            .objects
            .binary_search_by(|object| object.name.as_str().cmp(name))
            .ok()?;
        self.objects.get(at)
    }
}

/// One operation of Stripe's API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// `operationId`, e.g. `PostCharges`.
    pub id: String,
    /// HTTP method.
    pub verb: Verb,
    /// Path template, e.g. `/v1/charges/{charge}`.
    pub path: String,
    /// The path of the method in the official SDKs, e.g. `billing_portal.sessions` or `v2.core.accounts`.
    pub service: String,
    /// Name of the method in the official SDKs, e.g. `create`.
    pub method: String,
    /// What kind of method it is.
    pub kind: Kind,
    /// The base URL that serves it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host: Host,
    /// v1 or v2 rules.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: ApiMode,
    /// How parameters are encoded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub encoding: Encoding,
    /// Names in the path template, in order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub path_params: Vec<String>,
    /// Query or body parameters, ordered by name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub params: Vec<Field>,
    /// The body of a successful response. [`Shape::Binary`] for files.
    pub response: Shape,
    /// The response is a byte stream rather than JSON.
    #[serde(default, skip_serializing_if = "is_default")]
    pub streaming: bool,
    /// Stripe advises against it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deprecated: bool,
    /// Other names of the same request.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aliases: Vec<Alias>,
    /// The v2 error types that the description lists.
    #[serde(default, skip_serializing_if = "is_default")]
    pub errors: Vec<String>,
}

/// A second accessor of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Service path.
    pub service: String,
    /// Method name.
    pub method: String,
}

/// HTTP method. Stripe uses these three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `DELETE`
    Delete,
}

impl Verb {
    /// The method in upper case, as HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of method an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A page of a collection.
    List,
    /// A page of a search.
    Search,
    /// Creates an object.
    Create,
    /// Reads one object.
    Retrieve,
    /// Changes one object.
    Update,
    /// Removes one object.
    Delete,
    /// Anything else, e.g. `capture`.
    Custom,
}

/// Which of Stripe's hosts serves an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    /// `api.stripe.com`
    #[default]
    Api,
    /// `files.stripe.com`
    Files,
    /// `meter-events.stripe.com`
    MeterEvents,
    /// `connect.stripe.com`
    Connect,
}

/// Which rules a request follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiMode {
    /// `/v1` and `/oauth`: form encoded.
    #[default]
    V1,
    /// `/v2`: JSON.
    V2,
}

/// How the parameters of an operation are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// In the query string (`GET`, `DELETE`).
    #[default]
    Query,
    /// In an `application/x-www-form-urlencoded` body.
    Form,
    /// In a JSON body.
    Json,
    /// In a `multipart/form-data` body.
    Multipart,
}

/// One property of an object, or one parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Name on the wire.
    pub name: String,
    /// The shape of its value.
    pub shape: Shape,
    /// Objects: always present (also when it may be null). Parameters: must be given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    /// Objects: may be null.
    #[serde(default, skip_serializing_if = "is_default")]
    pub nullable: bool,
    /// Parameters: `""` (v1) or null (v2) unsets it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clearable: bool,
    /// Stripe advises against it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deprecated: bool,
}

/// The shape of a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Seconds since 1970 as a number.
    UnixTime,
    /// A currency code in lower case.
    Currency,
    /// A decimal number as text.
    Decimal,
    /// An RFC 3339 instant as text.
    DateTime,
    /// A whole number as text (v2).
    Int64,
    /// Bytes.
    Binary,
    /// Any JSON.
    Any,
    /// One of a set of words.
    Enum {
        /// The words.
        values: Vec<String>,
        /// Other words are possible.
        #[serde(default, skip_serializing_if = "is_default")]
        open: bool,
    },
    /// Always this text.
    Const(String),
    /// Always this boolean.
    ConstBool(bool),
    /// A list of values.
    Array(Box<Shape>),
    /// Free keys with values of one shape.
    Map(Box<Shape>),
    /// An object described in place.
    Object {
        /// Its title in the document, if any.
        #[serde(default, skip_serializing_if = "is_default")]
        title: Option<String>,
        /// Its fields, ordered by name.
        fields: Vec<Field>,
    },
    /// A named object.
    Ref(String),
    /// One of several shapes.
    Union {
        /// The shapes.
        variants: Vec<Shape>,
        /// The property that identifies the variant, if there is one.
        #[serde(default, skip_serializing_if = "is_default")]
        discriminator: Option<String>,
        /// Other shapes are possible.
        #[serde(default, skip_serializing_if = "is_default")]
        open: bool,
    },
    /// An id, or one of these named objects when expanded.
    Expandable {
        /// Component names.
        targets: Vec<String>,
    },
    /// A v1 list: `object`, `data`, `has_more`, `url`.
    List(Box<Shape>),
    /// A v1 search result: `object`, `data`, `has_more`, `next_page`, `url`.
    SearchResult(Box<Shape>),
    /// A v2 page: `data`, `next_page_url`, `previous_page_url`.
    V2Page(Box<Shape>),
    /// Like the shape inside, or null: list items and map values.
    Nullable(Box<Shape>),
}

/// A named schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// Component name, e.g. `charge` or `v2.core.account`.
    pub name: String,
    /// It is an API resource (`x-resourceId`), not a part of one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resource: bool,
    /// It describes a deleted object.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deleted: bool,
    /// The official SDKs' class: `BillingPortal.Session`, or `Charge.BillingDetails` for a part.
    #[serde(default, skip_serializing_if = "is_default")]
    pub class: Option<String>,
    /// Names of the properties that hold objects.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expandable: Vec<String>,
    /// Its fields, or the shape that it names.
    pub body: ObjectBody,
}

impl Object {
    /// The value of the `object` property, if it is fixed.
    pub fn object_type(&self) -> Option<&str> {
        match self.field("object")?.shape {
            Shape::Const(ref text) => Some(text),
            _ => None,
        }
    }

    /// The fields; none for a union.
    pub fn fields(&self) -> &[Field] {
        match &self.body {
            ObjectBody::Fields(fields) => fields,
            ObjectBody::Alias(_) => &[],
        }
    }

    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().iter().find(|field| field.name == name)
    }
}

/// The fields of a named schema, or the shape that it names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectBody {
    /// An object with these fields, ordered by name.
    Fields(Vec<Field>),
    /// A name for another shape: a union, a map.
    Alias(Shape),
}

/// The event types of a description.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Events {
    /// Snapshot events.
    pub v1: Vec<V1Event>,
    /// Thin events.
    pub v2: Vec<V2Event>,
}

/// A snapshot event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct V1Event {
    /// e.g. `charge.succeeded`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Component of `data.object`, where the document says it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub object: Option<String>,
}

/// A thin event type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct V2Event {
    /// e.g. `v2.core.account.updated`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The official SDKs' class name.
    pub class: String,
    /// Component that `related_object` points at.
    #[serde(default, skip_serializing_if = "is_default")]
    pub related_object: Option<String>,
    /// The related object has no id.
    #[serde(default, skip_serializing_if = "is_default")]
    pub related_object_singleton: bool,
    /// What `data` holds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub data: Option<Shape>,
}

/// Error types and codes of a description.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// v1 error types.
    pub types: Vec<String>,
    /// OAuth error codes.
    pub oauth_types: Vec<String>,
    /// v2 error types.
    pub v2_types: Vec<V2ErrorType>,
    /// v1 error codes.
    pub codes: Vec<String>,
    /// v2 error codes.
    pub v2_codes: Vec<String>,
}

/// A v2 error type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct V2ErrorType {
    /// e.g. `already_canceled`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The official SDKs' class name.
    pub class: String,
    /// Members beyond those of every error.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fields: Vec<Field>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
