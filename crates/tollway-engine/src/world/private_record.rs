//! Private records: what the emulator stores besides Stripe's objects, as typed values.
//!
//! A private record is JSON with its `id` and the number of its format (`_format`). A record that cannot be read or
//! written fails the transaction with a 500 that names its type and id, so that lost data is never taken for absent data.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::WorldState;
use crate::error::ApiError;
use crate::key::redact;
use crate::scope::Scope;
use crate::store::{Collection, Record};

/// The member that holds the number of a record's format.
const FORMAT_MEMBER: &str = "_format";

/// A type of private record.
pub trait PrivateRecord: Serialize + DeserializeOwned {
    /// The record type. It starts with `_`.
    const TYPE: &'static str;

    /// The number of the format that this version reads and writes. Records without a number have format 1.
    const FORMAT: u32 = 1;

    /// Whether the id is a secret, as a token's is, and must not appear in an error.
    const ID_IS_SECRET: bool = false;
}

/// The number of a stored record's format.
#[derive(serde::Deserialize)]
struct StoredFormat {
    #[serde(rename = "_format", default = "first_format")]
    format: u32,
}

fn first_format() -> u32 {
    1
}

impl WorldState {
    /// The private record with this id.
    ///
    /// # Errors
    /// A 500 if the stored record cannot be read.
    pub fn load<T: PrivateRecord>(&self, scope: &Scope, id: &str) -> Result<Option<T>, ApiError> {
        self.load_as(scope, T::TYPE, id)
    }

    /// [`load`](Self::load) of a record that is stored under another type than [`PrivateRecord::TYPE`].
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_as<T: PrivateRecord>(
        &self,
        scope: &Scope,
        record_type: &str,
        id: &str,
    ) -> Result<Option<T>, ApiError> {
        let record = self.store.get(scope, record_type, id);
        record.map(|record| read(record)).transpose()
    }

    /// All private records of a type, newest first.
    ///
    /// # Errors
    /// A 500 if one of them cannot be read.
    pub fn load_all<T: PrivateRecord>(&self, scope: &Scope) -> Result<Vec<T>, ApiError> {
        let collection = self.store.collection(scope, T::TYPE);
        let records = collection.into_iter().flat_map(Collection::newest_first);
        records.map(|record| read(record)).collect()
    }

    /// [`load`](Self::load) where no error can be returned: an unreadable record fails the transaction.
    #[must_use]
    pub fn load_or_fail<T: PrivateRecord>(&self, scope: &Scope, id: &str) -> Option<T> {
        self.or_fail(self.load(scope, id)).flatten()
    }

    /// Stores a private record. A value that is no JSON object fails the transaction.
    pub fn save<T: PrivateRecord>(&mut self, scope: &Scope, id: &str, value: &T, now: i64) {
        self.save_as(scope, T::TYPE, id, value, now);
    }

    /// [`save`](Self::save) under another type than [`PrivateRecord::TYPE`].
    pub fn save_as<T: PrivateRecord>(
        &mut self,
        scope: &Scope,
        record_type: &str,
        id: &str,
        value: &T,
        now: i64,
    ) {
        match to_stored(value, id) {
            Ok(object) => drop(self.store.update(scope, record_type, &object, now)),
            Err(reason) => self
                .store
                .fail(unusable::<T>("could not be written", id, &reason)),
        }
    }

    /// Removes a private record. True if it existed.
    pub fn remove<T: PrivateRecord>(&mut self, scope: &Scope, id: &str) -> bool {
        self.store.remove(scope, T::TYPE, id)
    }

    /// The value of a result; an error fails the transaction.
    pub fn or_fail<T>(&self, result: Result<T, ApiError>) -> Option<T> {
        result.map_err(|error| self.store.fail(error)).ok()
    }
}

/// The value of a private record.
///
/// # Errors
/// A 500 that names the record.
pub fn read<T: PrivateRecord>(record: &Record) -> Result<T, ApiError> {
    from_stored(&record.body)
        .map_err(|reason| unusable::<T>("could not be read", &record.id, &reason))
}

fn from_stored<T: PrivateRecord>(body: &[u8]) -> Result<T, String> {
    // The text of serde's errors repeats what it read, which may be a secret.
    let position = |error: serde_json::Error| format!("unexpected data at byte {}", error.column());
    let StoredFormat { format } = serde_json::from_slice(body).map_err(position)?;
    if format != T::FORMAT {
        return Err(format!(
            "it has format {format}, and this version reads format {}",
            T::FORMAT
        ));
    }
    serde_json::from_slice(body).map_err(position)
}

fn to_stored<T: PrivateRecord>(value: &T, id: &str) -> Result<Value, String> {
    let mut object = serde_json::to_value(value).map_err(|error| error.to_string())?;
    let members = object.as_object_mut().ok_or("it is no JSON object")?;
    members.insert("id".into(), id.into());
    members.insert(FORMAT_MEMBER.into(), T::FORMAT.into());
    Ok(object)
}

fn unusable<T: PrivateRecord>(problem: &str, id: &str, reason: &str) -> ApiError {
    let id = if T::ID_IS_SECRET {
        redact(id)
    } else {
        id.to_owned()
    };
    ApiError::internal(format!(
        "The emulator's record {} {id} {problem} ({reason}); nothing was changed. \
         Use the version that wrote the data file, or start with a new one.",
        T::TYPE
    ))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::scope::Mode;
    use crate::world::World;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        amount: i64,
    }

    impl PrivateRecord for Sample {
        const TYPE: &'static str = "_sample";
        const FORMAT: u32 = 1;
    }

    fn with_body(body: &'static [u8]) -> (World, Scope) {
        let world = World::new("a", [0; 32]);
        let scope = world.lock().platform_scope(Mode::Test);
        let mut state = world.lock();
        state
            .store
            .insert_raw(&scope, "_sample", "s", body.into(), 0);
        drop(state);
        (world, scope)
    }

    #[test]
    fn a_record_is_stored_with_its_format_and_read_back() {
        let (world, scope) = with_body(b"{}");
        let mut state = world.lock();
        state.save(&scope, "t", &Sample { amount: 5 }, 0);
        let stored = state.store.get(&scope, "_sample", "t").unwrap().parse();
        assert_eq!(stored["_format"], 1);
        assert_eq!(state.load(&scope, "t"), Ok(Some(Sample { amount: 5 })));
        assert_eq!(state.load::<Sample>(&scope, "u"), Ok(None));
        assert!(state.remove::<Sample>(&scope, "t"));
        assert_eq!(state.load::<Sample>(&scope, "t"), Ok(None));
    }

    #[test]
    fn a_record_without_a_format_is_of_the_first() {
        let (world, scope) = with_body(br#"{"id": "s", "amount": 7}"#);
        let read = world.lock().load(&scope, "s");
        assert_eq!(read, Ok(Some(Sample { amount: 7 })));
    }

    #[test]
    fn an_unreadable_record_is_a_500_that_names_it_and_repeats_nothing_of_it() {
        for body in [
            &br#"{"id": "s", "_format": 2, "amount": 7}"#[..],
            br#"{"id": "s", "amount": "whsec_hidden"}"#,
            br#"{"id": "s"}"#,
            b"no json",
        ] {
            let (world, scope) = with_body(body);
            let error = world.lock().load::<Sample>(&scope, "s").unwrap_err();
            assert_eq!(error.status, 500);
            let text = error.to_string();
            assert!(text.contains("_sample s"), "{text}");
            assert!(!text.contains("hidden"), "{text}");
            assert!(world.lock().load_all::<Sample>(&scope).is_err());
        }
    }

    #[test]
    fn what_is_no_object_is_not_stored() {
        #[derive(Serialize, Deserialize)]
        struct NoObject(i64);
        impl PrivateRecord for NoObject {
            const TYPE: &'static str = "_no_object";
        }
        let (world, scope) = with_body(b"{}");
        let mut state = world.lock();
        state.save(&scope, "n", &NoObject(1), 0);
        assert!(state.store.get(&scope, "_no_object", "n").is_none());
        let failure = state.store.take_failure().unwrap();
        assert!(failure.to_string().contains("_no_object n"), "{failure}");
    }
}
