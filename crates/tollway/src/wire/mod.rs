//! The languages on the wire: what is read ([`json`]), what is sent ([`form`] for v1 and for every query, [`json_body`] for v2), where it is
//! sent ([`path`]), and how numbers and instants are written ([`number`]).

pub mod form;
pub mod json;
pub mod json_body;
pub mod multipart;
pub mod number;
pub mod path;
