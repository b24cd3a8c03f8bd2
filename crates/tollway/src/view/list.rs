//! One page of objects, in the three forms that Stripe has.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::check::{self, CheckError};
use super::typed::View;
use crate::json::{Items, Json};

/// A response that is one page of a list.
pub trait Paged {
    /// The type of the page's items.
    type Item: View;
}

macro_rules! page {
    ($(#[$doc:meta])* $name:ident, $object:literal) => {
        $(#[$doc])*
        pub struct $name<T> {
            json: Json,
            item: PhantomData<fn() -> T>,
        }

        impl<T: View> $name<T> {
            /// Returns the objects of this page. All of them share one buffer.
            pub fn data(&self) -> Vec<T> {
                self.iter().collect()
            }

            /// Iterates over the objects of this page.
            pub fn iter(&self) -> PageItems<T> {
                PageItems { items: self.json.get("data").unwrap_or_else(Json::null).items(), item: PhantomData }
            }

            /// The number of objects of this page.
            pub fn len(&self) -> usize {
                self.iter().len()
            }

            /// Whether this page has no object.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }
        }

        impl<T: View> View for $name<T> {
            const NAME: &'static str = "";

            fn from_json(json: Json) -> Self {
                Self { json, item: PhantomData }
            }

            fn json(&self) -> &Json {
                &self.json
            }

            fn check(&self) -> Result<(), CheckError> {
                check::page($object, T::NAME, &self.json)
            }
        }

        impl<T: View> Paged for $name<T> {
            type Item = T;
        }

        impl<T> Deref for $name<T> {
            type Target = Json;

            fn deref(&self) -> &Json {
                &self.json
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self { json: self.json.clone(), item: PhantomData }
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.json.fmt(f)
            }
        }

        impl<T> Serialize for $name<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.json.serialize(serializer)
            }
        }

        impl<T: View> IntoIterator for $name<T> {
            type Item = T;
            type IntoIter = PageItems<T>;

            fn into_iter(self) -> PageItems<T> {
                self.iter()
            }
        }

        impl<T: View> IntoIterator for &$name<T> {
            type Item = T;
            type IntoIter = PageItems<T>;

            fn into_iter(self) -> PageItems<T> {
                self.iter()
            }
        }
    };
}

page! {
    /// A page of a v1 list. <https://docs.stripe.com/api/pagination>
    List, "list"
}

page! {
    /// A page of a v1 search. <https://docs.stripe.com/api/pagination/search>
    SearchResult, "search_result"
}

page! {
    /// A page of a v2 list. <https://docs.stripe.com/api-v2-overview>
    V2List, ""
}

impl<T> List<T> {
    /// Whether there are objects after this page.
    pub fn has_more(&self) -> bool {
        self.json.flag("list", "has_more")
    }

    /// The path of the list.
    pub fn url(&self) -> &str {
        self.json.string("list", "url")
    }

    /// The number of objects of the whole list, where Stripe counts them.
    pub fn total_count(&self) -> Option<i64> {
        self.json.opt_int("list", "total_count")
    }
}

impl<T> SearchResult<T> {
    /// Whether there are objects after this page.
    pub fn has_more(&self) -> bool {
        self.json.flag("search_result", "has_more")
    }

    /// The cursor of the next page, for `page`.
    pub fn next_page(&self) -> Option<&str> {
        self.json.opt_string("search_result", "next_page")
    }

    /// The number of objects that match, when `expand` requested `total_count`.
    pub fn total_count(&self) -> Option<i64> {
        self.json.opt_int("search_result", "total_count")
    }

    /// The path of the search.
    pub fn url(&self) -> &str {
        self.json.string("search_result", "url")
    }
}

impl<T> V2List<T> {
    /// The path and query of the next page.
    pub fn next_page_url(&self) -> Option<&str> {
        self.json.opt_string("v2 list", "next_page_url")
    }

    /// The path and query of the page before.
    pub fn previous_page_url(&self) -> Option<&str> {
        self.json.opt_string("v2 list", "previous_page_url")
    }
}

/// The objects of a page.
pub struct PageItems<T> {
    items: Items,
    item: PhantomData<fn() -> T>,
}

impl<T: View> Iterator for PageItems<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.items.next().map(T::from_json)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<T: View> ExactSizeIterator for PageItems<T> {}

impl<T> fmt::Debug for PageItems<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}
