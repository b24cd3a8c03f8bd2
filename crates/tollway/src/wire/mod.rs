//! How a request is written: [`form`] for v1 and for every query, `json_body` for v2, `multipart` for uploads, `path` for
//! where it goes, and `number` for numbers and instants.

pub mod form;
pub(crate) mod json_body;
pub(crate) mod multipart;
pub(crate) mod number;
pub(crate) mod path;
