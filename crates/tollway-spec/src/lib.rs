//! Reads Stripe's dialect of OpenAPI into a small model.
//!
//! [`Spec::read`] takes the text of a document (the one in `openapi/`, or one that Stripe publishes, older or newer) and
//! returns operations, objects, events and error codes, with every schema turned into a [`Shape`]. Vendor keys it does not
//! know are ignored; a schema whose *shape* it does not know is a [`SpecError`] that names the place.
//!
//! [`Catalog`] is the same model with one line for each operation and one for each object: a program that contains it indexes the
//! lines at start and parses a line on its first use.

mod catalog;
mod error;
mod model;
mod naming;
mod read;

pub use catalog::{Catalog, CatalogError, CatalogFiles, OperationEntry};
pub use error::SpecError;
pub use model::{
    Alias, ApiMode, Encoding, Errors, Events, Field, Host, Kind, Object, ObjectBody, Operation,
    Shape, Spec, V1Event, V2ErrorType, V2Event, Verb,
};
