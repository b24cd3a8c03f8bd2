//! Which operations have a behaviour of their own.
//!
//! An operation is named as the official clients name it: `charges.create`, `billing_portal.sessions.create`,
//! `v2.core.accounts.create`. What is not registered is answered by the transition table or by the generic state.

use std::collections::HashMap;

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

/// A handler: parameters are checked, the world is locked, and the returned object is expanded and sent.
/// On an error everything written is undone, unless the error [keeps it](ApiError::keeping_changes).
pub type Behaviour = fn(&mut Ctx<'_>, &Params) -> Result<Value, ApiError>;

/// Which requests a behaviour is for.
pub(crate) type Concern = fn(&Params) -> bool;

/// The behaviours by operation.
#[derive(Debug, Default)]
pub struct Registry(HashMap<&'static str, (Behaviour, Concern)>);

impl Registry {
    /// Every behaviour there is.
    #[must_use]
    pub fn complete() -> Self {
        let mut registry = Self::default();
        crate::connect::register(&mut registry);
        crate::money::register(&mut registry);
        crate::events::register(&mut registry);
        crate::files::register(&mut registry);
        crate::products::register(&mut registry);
        registry
    }

    /// Gives an operation a behaviour.
    ///
    /// # Panics
    /// If it has one already: two modules would both claim to know how it works.
    pub fn add(&mut self, operation: &'static str, behaviour: Behaviour) {
        self.add_for(operation, |_| true, behaviour);
    }

    /// Gives an operation a behaviour for some requests; the others are answered as if there were none.
    ///
    /// # Panics
    /// As [`Registry::add`].
    pub(crate) fn add_for(
        &mut self,
        operation: &'static str,
        concern: Concern,
        behaviour: Behaviour,
    ) {
        let previous = self.0.insert(operation, (behaviour, concern));
        assert!(previous.is_none(), "two behaviours for {operation}");
    }

    /// The behaviour of an operation.
    #[must_use]
    pub fn get(&self, operation: &str) -> Option<Behaviour> {
        self.entry(operation).map(|(behaviour, _)| behaviour)
    }

    /// The behaviour of an operation, and which requests it is for.
    pub(crate) fn entry(&self, operation: &str) -> Option<(Behaviour, Concern)> {
        self.0.get(operation).copied()
    }

    /// The names of all operations with a behaviour, in no order.
    pub fn operations(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
