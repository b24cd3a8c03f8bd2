//! What generated files use.

pub(crate) use bytes::Bytes;

pub(crate) use super::macros::{one_of, params, params_required, request, union, view, words};
pub(crate) use super::write::{decimal, entries, list, pairs, texts};
pub(crate) use super::{
    Decimal, Expandable, Instant, List, Map, RangeQuery, SearchResult, Timestamp, V2List,
};
pub(crate) use crate::client::Client;
pub(crate) use crate::params::{Params, Value};
pub(crate) use crate::wire::json::Json;
