//! Typed access to the stored objects that move money: their statuses with the allowed transitions, and their required members.
//!
//! A stored object is JSON. A required member that is absent or has another type is an error that names the object, its id and the
//! member: it is never read as zero or as empty text.

pub(crate) mod status;
mod stored_object;
pub(crate) mod views;
