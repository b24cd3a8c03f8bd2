//! Typed access to an object's members, for generated accessors.
//!
//! `of` is the object's name in Stripe's description, for log messages. The plain methods read members that Stripe
//! always sends, and return a zero value when one is missing. The `opt_` methods read members that may be absent or
//! null.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::map::{MapValue, MapView};
use super::scalar::{Decimal, Rfc3339, Timestamp};
use super::typed::View;
use crate::json::Json;

/// Readers of required members, with their zero values.
macro_rules! required {
    ($($(#[$doc:meta])* $name:ident, $optional:ident -> $ty:ty, $zero:expr;)*) => {
        $($(#[$doc])*
        #[inline(never)]
        pub(crate) fn $name(&self, of: &'static str, name: &'static str) -> $ty {
            match self.$optional(of, name) {
                Some(value) => value,
                None => {
                    self.log_missing(of, name);
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
        rfc3339, opt_rfc3339 -> Rfc3339<'_>, Rfc3339::new("");
        /// Any JSON; null when missing.
        value, opt_value -> Self, Self::null();
        /// Texts; none when missing.
        strings, opt_strings -> Vec<&str>, Vec::new();
    }

    #[inline(never)]
    pub(crate) fn opt_string(&self, of: &'static str, name: &'static str) -> Option<&str> {
        let at = self.present(name)?;
        self.str_at(at).or_else(|| wrong_type(of, name, "a string"))
    }

    #[inline(never)]
    pub(crate) fn opt_int(&self, of: &'static str, name: &'static str) -> Option<i64> {
        let at = self.present(name)?;
        self.digits_at(at)
            .and_then(|digits| digits.parse().ok())
            .or_else(|| wrong_type(of, name, "a whole number"))
    }

    #[inline(never)]
    pub(crate) fn opt_int_text(&self, of: &'static str, name: &'static str) -> Option<i64> {
        let at = self.present(name)?;
        let digits = self.str_at(at).or_else(|| self.digits_at(at));
        digits
            .and_then(|digits| digits.parse().ok())
            .or_else(|| wrong_type(of, name, "a whole number as text"))
    }

    #[inline(never)]
    pub(crate) fn opt_float(&self, of: &'static str, name: &'static str) -> Option<f64> {
        let at = self.present(name)?;
        self.digits_at(at)
            .and_then(|digits| digits.parse().ok())
            .or_else(|| wrong_type(of, name, "a number"))
    }

    #[inline(never)]
    pub(crate) fn opt_flag(&self, of: &'static str, name: &'static str) -> Option<bool> {
        let at = self.present(name)?;
        self.bool_at(at)
            .or_else(|| wrong_type(of, name, "true or false"))
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
            .or_else(|| wrong_type(of, name, "a decimal number"))
    }

    #[inline(never)]
    pub(crate) fn opt_rfc3339(&self, of: &'static str, name: &'static str) -> Option<Rfc3339<'_>> {
        self.opt_string(of, name).map(Rfc3339::new)
    }

    // `_of` is unused; all readers have the same signature for generated code.
    #[inline(never)]
    pub(crate) fn opt_value(&self, _of: &'static str, name: &'static str) -> Option<Self> {
        self.present(name).map(|at| self.value_at(at))
    }

    #[inline(never)]
    pub(crate) fn opt_strings(&self, of: &'static str, name: &'static str) -> Option<Vec<&str>> {
        let at = self.present_array(of, name)?;
        let texts: Option<Vec<&str>> = self.items_at(at).map(|item| self.str_at(item)).collect();
        texts.or_else(|| wrong_type(of, name, "a list of strings"))
    }

    #[inline(never)]
    pub(crate) fn opt_ints(&self, of: &'static str, name: &'static str) -> Option<Vec<i64>> {
        let at = self.present_array(of, name)?;
        let ints: Option<Vec<i64>> = self
            .items_at(at)
            .map(|item| self.digits_at(item)?.parse().ok())
            .collect();
        ints.or_else(|| wrong_type(of, name, "a list of whole numbers"))
    }

    /// A value of an open enum; the unknown empty text when missing.
    #[inline(never)]
    pub(crate) fn open_enum<W: for<'a> From<&'a str>>(
        &self,
        of: &'static str,
        name: &'static str,
    ) -> W {
        W::from(self.string(of, name))
    }

    #[inline(never)]
    pub(crate) fn opt_open_enum<W: for<'a> From<&'a str>>(
        &self,
        of: &'static str,
        name: &'static str,
    ) -> Option<W> {
        self.opt_string(of, name).map(W::from)
    }

    /// A list of values of an open enum; empty when missing.
    #[inline(never)]
    pub(crate) fn open_enums<W: for<'a> From<&'a str>>(
        &self,
        of: &'static str,
        name: &'static str,
    ) -> Vec<W> {
        self.strings(of, name).into_iter().map(W::from).collect()
    }

    #[inline(never)]
    pub(crate) fn opt_open_enums<W: for<'a> From<&'a str>>(
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

    /// An object inside this object; one without members when missing.
    #[inline(never)]
    pub(crate) fn view<T: View>(&self, of: &'static str, name: &'static str) -> T {
        T::from_json(self.value(of, name))
    }

    #[inline(never)]
    pub(crate) fn opt_view<T: View>(&self, of: &'static str, name: &'static str) -> Option<T> {
        self.opt_value(of, name).map(T::from_json)
    }

    /// A list of objects; empty when missing.
    #[inline(never)]
    pub(crate) fn views<T: View>(&self, of: &'static str, name: &'static str) -> Vec<T> {
        self.opt_views(of, name).unwrap_or_else(|| {
            self.log_missing(of, name);
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

    /// Values by key; empty when missing.
    #[inline(never)]
    pub(crate) fn map<'a, V: MapValue<'a>>(
        &'a self,
        of: &'static str,
        name: &'static str,
    ) -> MapView<'a, V> {
        self.opt_map(of, name).unwrap_or_else(|| {
            self.log_missing(of, name);
            MapView::empty()
        })
    }

    #[inline(never)]
    pub(crate) fn opt_map<'a, V: MapValue<'a>>(
        &'a self,
        of: &'static str,
        name: &'static str,
    ) -> Option<MapView<'a, V>> {
        let at = self.present(name)?;
        if self.is_object_at(at) {
            Some(MapView::new(self, at))
        } else {
            wrong_type(of, name, "an object")
        }
    }

    /// The place of a member that is present and not null.
    fn present(&self, name: &str) -> Option<usize> {
        self.member_at(name).filter(|at| !self.is_null_at(*at))
    }

    fn present_array(&self, of: &'static str, name: &'static str) -> Option<usize> {
        let at = self.present(name)?;
        if self.is_array_at(at) {
            Some(at)
        } else {
            wrong_type(of, name, "a list")
        }
    }

    /// Logs that a required member is missing, but not for deleted objects and for objects that are missing themselves.
    #[cold]
    fn log_missing(&self, of: &'static str, name: &'static str) {
        let reason = match self.member_at(name) {
            None => "it is missing",
            Some(at) if self.is_null_at(at) => "it is null",
            // The member has another type, which `wrong_type` has logged.
            Some(_) => return,
        };
        let deleted = self.member_at("deleted").and_then(|at| self.bool_at(at)) == Some(true);
        if !self.is_null() && !deleted && is_first_warning(of, name) {
            tracing::warn!(
                object = of,
                field = name,
                "Stripe always sends this field, but {reason}; it reads as zero"
            );
        }
    }
}

/// Only API v2 uses these methods, so a description without it would leave them unused.
const _: () = {
    let _ = Json::int_text;
    let _ = Json::opt_int_text;
    let _ = Json::rfc3339;
    let _ = Json::opt_rfc3339;
};

/// Logs that a member has another type than in the description.
fn wrong_type<T>(of: &'static str, name: &'static str, expected: &'static str) -> Option<T> {
    log_wrong_type(of, name, expected);
    None
}

#[cold]
fn log_wrong_type(of: &'static str, name: &'static str, expected: &'static str) {
    if is_first_warning(of, name) {
        tracing::warn!(
            object = of,
            field = name,
            expected,
            "a field has another type than described; it reads as absent"
        );
    }
}

/// Whether this field has not been warned about before.
fn is_first_warning(of: &'static str, name: &'static str) -> bool {
    static WARNED: Mutex<Option<HashSet<(&str, &str)>>> = Mutex::new(None);
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    warned.get_or_insert_with(HashSet::new).insert((of, name))
}
