//! The flow that every marketplace has to get right: start, callback, record, disconnect. Nothing in here knows HTTP
//! servers or pages; the web layer asks and shows.

pub(crate) mod callback;
pub(crate) mod disconnect;
pub(crate) mod in_flight;
pub(crate) mod pair;
pub(crate) mod record;
pub(crate) mod resolve;
pub(crate) mod start;
