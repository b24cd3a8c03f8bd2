//! What generated files use. What only descriptions with API v2 need is imported from the crate's root instead, so that an
//! older description leaves nothing unused here.

pub(crate) use bytes::Bytes;

pub(crate) use super::macros::{one_of, params, params_required, request, union, view, words};
pub(crate) use super::write::{decimal, entries, list, pairs, texts};
pub(crate) use super::{Decimal, Expandable, List, Map, RangeQuery, SearchResult, Timestamp};
pub(crate) use crate::client::Client;
pub(crate) use crate::params::{Params, Value};
pub(crate) use crate::wire::json::Json;
