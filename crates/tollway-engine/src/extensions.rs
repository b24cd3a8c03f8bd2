//! Values by type: what higher modules give to handlers without the lower ones naming it.

use std::any::{Any, TypeId, type_name};
use std::fmt;

use foldhash::HashMap;

/// At most one value of each type, and lists of values by the type of their items. Filled once, before the first request.
#[derive(Default)]
pub struct Extensions(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl Extensions {
    /// Adds a value, in place of an earlier one of the same type.
    pub fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// The value of this type.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// The value of this type, to change; its default if there was none.
    pub fn get_or_default<T: Any + Send + Sync + Default>(&mut self) -> &mut T {
        let value = self.0.entry(TypeId::of::<T>());
        let value = value.or_insert_with(|| Box::<T>::default());
        match value.downcast_mut() {
            Some(value) => value,
            None => unreachable!("a {} is stored under its own type", type_name::<T>()),
        }
    }

    /// Adds an item to the list of its type.
    pub fn push<T: Any + Send + Sync>(&mut self, item: T) {
        self.get_or_default::<Vec<T>>().push(item);
    }

    /// The items of this type, in the order they were added.
    #[must_use]
    pub fn list<T: Any + Send + Sync>(&self) -> &[T] {
        self.get::<Vec<T>>().map_or(&[], Vec::as_slice)
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extensions")
            .field("types", &self.0.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_lists_are_found_by_their_type() {
        let mut extensions = Extensions::default();
        assert_eq!(extensions.get::<u8>(), None);
        extensions.insert(1_u8);
        extensions.insert(2_u8);
        assert_eq!(extensions.get::<u8>(), Some(&2));
        assert!(extensions.list::<&str>().is_empty());
        extensions.push("a");
        extensions.push("b");
        assert_eq!(extensions.list::<&str>(), ["a", "b"]);
        *extensions.get_or_default::<i64>() += 5;
        assert_eq!(extensions.get::<i64>(), Some(&5));
    }
}
