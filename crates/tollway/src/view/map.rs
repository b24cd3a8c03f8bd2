//! Objects with free keys: metadata, amounts by currency.

use std::fmt;
use std::marker::PhantomData;

use super::typed::View;
use crate::json::Json;

/// Values by key, in the order Stripe sent them.
#[derive(Clone, Copy)]
pub struct MapView<'a, V> {
    /// The object that has the map as a member, and the map's place in it.
    place: Option<(&'a Json, usize)>,
    value: PhantomData<fn() -> V>,
}

/// What a [`MapView`] can hold.
pub trait MapValue<'a>: Sized {
    #[doc(hidden)]
    fn read(owner: &'a Json, at: usize) -> Option<Self>;
}

impl<'a> MapValue<'a> for &'a str {
    fn read(owner: &'a Json, at: usize) -> Option<Self> {
        owner.str_at(at)
    }
}

impl<'a> MapValue<'a> for i64 {
    fn read(owner: &'a Json, at: usize) -> Option<Self> {
        owner.digits_at(at)?.parse().ok()
    }
}

impl<'a> MapValue<'a> for f64 {
    fn read(owner: &'a Json, at: usize) -> Option<Self> {
        owner.digits_at(at)?.parse().ok()
    }
}

impl<'a> MapValue<'a> for bool {
    fn read(owner: &'a Json, at: usize) -> Option<Self> {
        owner.bool_at(at)
    }
}

impl<'a, T: View> MapValue<'a> for T {
    fn read(owner: &'a Json, at: usize) -> Option<Self> {
        Some(T::from_json(owner.value_at(at)))
    }
}

impl<'a, V: MapValue<'a>> MapView<'a, V> {
    pub(crate) fn new(owner: &'a Json, at: usize) -> Self {
        Self {
            place: Some((owner, at)),
            value: PhantomData,
        }
    }

    pub(crate) fn empty() -> Self {
        Self {
            place: None,
            value: PhantomData,
        }
    }

    /// Returns the value of a key. `None` when it is absent or of another type.
    pub fn get(&self, key: &str) -> Option<V> {
        self.iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// Iterates over all keys and values, without values of another type.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, V)> {
        self.place.into_iter().flat_map(|(owner, at)| {
            owner
                .members_at(at)
                .filter_map(move |(name, value)| Some((name, V::read(owner, value)?)))
        })
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.place
            .map_or(0, |(owner, at)| owner.members_at(at).count())
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, V: MapValue<'a> + fmt::Debug> fmt::Debug for MapView<'a, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            // The `Debug` of the JSON redacts secrets.
            Some((owner, at)) => owner.value_at(at).fmt(f),
            None => f.write_str("{}"),
        }
    }
}
