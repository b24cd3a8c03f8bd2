//! Typed reading of an object's members, for generated accessors.
//!
//! `of` is the object's name in Stripe's description; it is only used in the warning about a surprise. The plain methods
//! read what Stripe always sends and give a zero value when it is not there, the `opt_` methods read what may be absent
//! or null.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::{Decimal, Instant, Map, Timestamp, View};
use crate::wire::json::Json;

/// The zero value of a member that should be there.
macro_rules! required {
    ($($(#[$doc:meta])* $name:ident, $optional:ident -> $ty:ty, $zero:expr;)*) => {
        $($(#[$doc])*
        #[inline(never)]
        pub(crate) fn $name(&self, of: &'static str, name: &'static str) -> $ty {
            match self.$optional(of, name) {
                Some(value) => value,
                None => {
                    self.missing(of, name);
                    $zero
                }
            }
        })*
    };
}

impl Json {
    required! {
        /// Text; empty when missing.
        string, opt_string -> &str, "";
        /// A whole number; 0 when missing.
        int, opt_int -> i64, 0;
        /// A whole number that travels as text; 0 when missing.
        int_text, opt_int_text -> i64, 0;
        /// A number; 0 when missing.
        float, opt_float -> f64, 0.0;
        /// A truth value; false when missing.
        flag, opt_flag -> bool, false;
        /// Unix seconds; 0 when missing.
        time, opt_time -> Timestamp, Timestamp(0);
        /// A decimal number; empty when missing.
        decimal, opt_decimal -> Decimal<'_>, Decimal::new("");
        /// An RFC 3339 instant; empty when missing.
        instant, opt_instant -> Instant<'_>, Instant::new("");
        /// Any JSON; null when missing.
        value, opt_value -> Self, Self::null();
        /// Texts; none when missing.
        strings, opt_strings -> Vec<&str>, Vec::new();
    }

    #[inline(never)]
    pub(crate) fn opt_string(&self, of: &'static str, name: &'static str) -> Option<&str> {
        let at = self.present(name)?;
        self.str_at(at).or_else(|| odd(of, name, "a string"))
    }

    #[inline(never)]
    pub(crate) fn opt_int(&self, of: &'static str, name: &'static str) -> Option<i64> {
        let at = self.present(name)?;
        self.digits_at(at)
            .and_then(|digits| digits.parse().ok())
            .or_else(|| odd(of, name, "a whole number"))
    }

    #[inline(never)]
    pub(crate) fn opt_int_text(&self, of: &'static str, name: &'static str) -> Option<i64> {
        let at = self.present(name)?;
        let digits = self.str_at(at).or_else(|| self.digits_at(at));
        digits
            .and_then(|digits| digits.parse().ok())
            .or_else(|| odd(of, name, "a whole number as text"))
    }

    #[inline(never)]
    pub(crate) fn opt_float(&self, of: &'static str, name: &'static str) -> Option<f64> {
        let at = self.present(name)?;
        self.digits_at(at)
            .and_then(|digits| digits.parse().ok())
            .or_else(|| odd(of, name, "a number"))
    }

    #[inline(never)]
    pub(crate) fn opt_flag(&self, of: &'static str, name: &'static str) -> Option<bool> {
        let at = self.present(name)?;
        self.bool_at(at).or_else(|| odd(of, name, "true or false"))
    }

    #[inline(never)]
    pub(crate) fn opt_time(&self, of: &'static str, name: &'static str) -> Option<Timestamp> {
        self.opt_int(of, name).map(Timestamp)
    }

    #[inline(never)]
    pub(crate) fn opt_decimal(&self, of: &'static str, name: &'static str) -> Option<Decimal<'_>> {
        let at = self.present(name)?;
        // Some decimals came as numbers in older API versions; the digits are the same.
        self.str_at(at)
            .or_else(|| self.digits_at(at))
            .map(Decimal::new)
            .or_else(|| odd(of, name, "a decimal number"))
    }

    #[inline(never)]
    pub(crate) fn opt_instant(&self, of: &'static str, name: &'static str) -> Option<Instant<'_>> {
        self.opt_string(of, name).map(Instant::new)
    }

    // The name is only there so that all readers are called alike.
    #[inline(never)]
    pub(crate) fn opt_value(&self, _of: &'static str, name: &'static str) -> Option<Self> {
        self.present(name).map(|at| self.value_at(at))
    }

    #[inline(never)]
    pub(crate) fn opt_strings(&self, of: &'static str, name: &'static str) -> Option<Vec<&str>> {
        let at = self.present_array(of, name)?;
        let texts: Option<Vec<&str>> = self.items_at(at).map(|item| self.str_at(item)).collect();
        texts.or_else(|| odd(of, name, "a list of strings"))
    }

    #[inline(never)]
    pub(crate) fn opt_ints(&self, of: &'static str, name: &'static str) -> Option<Vec<i64>> {
        let at = self.present_array(of, name)?;
        let ints: Option<Vec<i64>> = self
            .items_at(at)
            .map(|item| self.digits_at(item)?.parse().ok())
            .collect();
        ints.or_else(|| odd(of, name, "a list of whole numbers"))
    }

    /// One of an enum's words; the empty unknown word when missing.
    #[inline(never)]
    pub(crate) fn word<W: for<'a> From<&'a str>>(&self, of: &'static str, name: &'static str) -> W {
        W::from(self.string(of, name))
    }

    #[inline(never)]
    pub(crate) fn opt_word<W: for<'a> From<&'a str>>(
        &self,
        of: &'static str,
        name: &'static str,
    ) -> Option<W> {
        self.opt_string(of, name).map(W::from)
    }

    /// A list of an enum's words; none when missing.
    #[inline(never)]
    pub(crate) fn words<W: for<'a> From<&'a str>>(
        &self,
        of: &'static str,
        name: &'static str,
    ) -> Vec<W> {
        self.strings(of, name).into_iter().map(W::from).collect()
    }

    #[inline(never)]
    pub(crate) fn opt_words<W: for<'a> From<&'a str>>(
        &self,
        of: &'static str,
        name: &'static str,
    ) -> Option<Vec<W>> {
        Some(
            self.opt_strings(of, name)?
                .into_iter()
                .map(W::from)
                .collect(),
        )
    }

    /// A part of this object; one without members when missing.
    #[inline(never)]
    pub(crate) fn view<T: View>(&self, of: &'static str, name: &'static str) -> T {
        T::from_json(self.value(of, name))
    }

    #[inline(never)]
    pub(crate) fn opt_view<T: View>(&self, of: &'static str, name: &'static str) -> Option<T> {
        self.opt_value(of, name).map(T::from_json)
    }

    /// A list of parts; none when missing.
    #[inline(never)]
    pub(crate) fn views<T: View>(&self, of: &'static str, name: &'static str) -> Vec<T> {
        self.opt_views(of, name).unwrap_or_else(|| {
            self.missing(of, name);
            Vec::new()
        })
    }

    #[inline(never)]
    pub(crate) fn opt_views<T: View>(
        &self,
        of: &'static str,
        name: &'static str,
    ) -> Option<Vec<T>> {
        let at = self.present_array(of, name)?;
        Some(
            self.items_at(at)
                .map(|item| T::from_json(self.value_at(item)))
                .collect(),
        )
    }

    /// Values by key; none when missing.
    #[inline(never)]
    pub(crate) fn map<'a, V: super::MapValue<'a>>(
        &'a self,
        of: &'static str,
        name: &'static str,
    ) -> Map<'a, V> {
        self.opt_map(of, name).unwrap_or_else(|| {
            self.missing(of, name);
            Map::empty()
        })
    }

    #[inline(never)]
    pub(crate) fn opt_map<'a, V: super::MapValue<'a>>(
        &'a self,
        of: &'static str,
        name: &'static str,
    ) -> Option<Map<'a, V>> {
        let at = self.present(name)?;
        if self.is_object_at(at) {
            Some(Map::new(self, at))
        } else {
            odd(of, name, "an object")
        }
    }

    /// Where a member is that is not null.
    fn present(&self, name: &str) -> Option<usize> {
        self.member_at(name).filter(|at| !self.is_null_at(*at))
    }

    fn present_array(&self, of: &'static str, name: &'static str) -> Option<usize> {
        let at = self.present(name)?;
        if self.is_array_at(at) {
            Some(at)
        } else {
            odd(of, name, "a list")
        }
    }

    /// A member that should be there is not. Objects that were deleted or were not there themselves are no surprise.
    #[cold]
    fn missing(&self, of: &'static str, name: &'static str) {
        let reason = match self.member_at(name) {
            None => "it is missing",
            Some(at) if self.is_null_at(at) => "it is null",
            // Of another type: `odd` has said so.
            Some(_) => return,
        };
        let deleted = self.member_at("deleted").and_then(|at| self.bool_at(at)) == Some(true);
        if !self.is_null() && !deleted && first_time(of, name) {
            tracing::warn!(
                object = of,
                field = name,
                "Stripe always sends this field, but {reason}; it reads as zero"
            );
        }
    }
}

/// What only API v2 has: a description without it leaves these to nobody.
const _: () = {
    let _ = Json::int_text;
    let _ = Json::opt_int_text;
    let _ = Json::instant;
    let _ = Json::opt_instant;
};

/// A member has another type than the description says.
fn odd<T>(of: &'static str, name: &'static str, expected: &'static str) -> Option<T> {
    warn_odd(of, name, expected);
    None
}

#[cold]
fn warn_odd(of: &'static str, name: &'static str, expected: &'static str) {
    if first_time(of, name) {
        tracing::warn!(
            object = of,
            field = name,
            expected,
            "a field has another type than described; it reads as absent"
        );
    }
}

/// Whether this field has not been warned about before.
fn first_time(of: &'static str, name: &'static str) -> bool {
    static WARNED: Mutex<Option<HashSet<(&str, &str)>>> = Mutex::new(None);
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    warned.get_or_insert_with(HashSet::new).insert((of, name))
}
