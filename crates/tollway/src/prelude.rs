//! What generated files import. Items that only API v2 needs are imported from their own modules instead, so that an
//! older description leaves no unused import here.

pub(crate) use bytes::Bytes;

pub(crate) use crate::client::Client;
pub(crate) use crate::json::Json;
pub(crate) use crate::params::{ParamValue, Params};
pub(crate) use crate::request::macros::request;
pub(crate) use crate::view::macros::{open_enum, param_enum, params, params_required, union, view};
pub(crate) use crate::view::write::{decimal, entries, list, pairs, texts};
pub(crate) use crate::view::{
    Decimal, Expandable, List, MapView, RangeQuery, SearchResult, Timestamp,
};
