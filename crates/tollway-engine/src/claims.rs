//! Claims of names while requests are under way: a second request with the same idempotency key is a conflict.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The claimed names, one set for the whole emulator.
#[derive(Debug, Default)]
pub struct Claims(Mutex<HashSet<Arc<str>>>);

/// A claimed name; dropping it releases the name.
#[derive(Debug)]
pub struct Claim<'c> {
    claims: &'c Claims,
    name: Arc<str>,
}

impl Claims {
    /// Claims a name; none if it is claimed already.
    pub fn claim(&self, name: String) -> Option<Claim<'_>> {
        let name: Arc<str> = name.into();
        let is_free = self.names().insert(Arc::clone(&name));
        is_free.then_some(Claim { claims: self, name })
    }

    fn names(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.claims.names().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_claimed_once_at_a_time() {
        let claims = Claims::default();
        let first = claims.claim("k".into());
        assert!(first.is_some() && claims.claim("k".into()).is_none());
        drop(first);
        assert!(claims.claim("k".into()).is_some());
    }
}
