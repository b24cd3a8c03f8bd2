//! The webhook inbox: receive (verify, keep, answer), then work (in the background, with retries), then tell the host.

mod deauthorized;
mod event_order;
pub(crate) mod receive;
pub(crate) mod worker;

pub(crate) use self::event_order::ACCOUNT_UPDATED;
