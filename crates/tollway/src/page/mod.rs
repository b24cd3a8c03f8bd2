//! Pages of lists, one item at a time: v1 lists (forward and backward), v1 search results, v2 lists.
//!
//! The request for the first page is repeated for the later ones with another cursor, so filters, page size, account,
//! key, version and time limits stay the same. <https://docs.stripe.com/api/pagination/auto>
//!
//! [`AutoPaging`] is the stream of items, [`Pages`] that of pages. The private module `one` derives the request for the
//! next page, [`Cursor`] stores a position, and `follow` continues from a page that has been read already.

mod begin;
mod cursor;
mod follow;
mod items;
mod one;
mod pages;
mod state;

pub use self::cursor::{Cursor, CursorError};
pub use self::items::AutoPaging;
pub use self::pages::Pages;
