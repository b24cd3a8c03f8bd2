//! What the products add to the emulator: handlers of operations, scheduled tasks and listeners.
//!
//! An operation is named as the official clients name it: `charges.create`, `billing_portal.sessions.create`,
//! `v2.core.accounts.create`. What is not registered is answered by the transition table or by the generic state.
//!
//! Products do not call those above them: a payment that succeeds knows nothing of invoices. They [notify](Ctx::notify)
//! with a value, and the products that registered a listener for its type act on it, in the order of registration.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::scheduler::{RunTask, ScheduledTask, run_stored};

/// A handler: parameters are checked, the world is locked, and the returned object is expanded and sent.
/// On an error everything written is undone, unless the error [keeps it](ApiError::keeping_changes).
pub type Behaviour = fn(&mut Ctx<'_>, &Params) -> Result<Value, ApiError>;

/// Which requests a behaviour is for.
pub(crate) type Concern = fn(&Params) -> bool;

/// Acts on a notification of type `N`, in the scope of what notified. An error undoes the whole request.
pub(crate) type Listener<N> = fn(&mut Ctx<'_>, &N) -> Result<(), ApiError>;

/// Everything that products registered.
#[derive(Default)]
pub struct Registry {
    behaviours: HashMap<&'static str, (Behaviour, Concern)>,
    tasks: HashMap<&'static str, RunTask>,
    /// A `Vec<Listener<N>>` by the type of `N`.
    listeners: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
}

impl Registry {
    /// Every behaviour there is.
    #[must_use]
    pub fn complete() -> Self {
        let mut registry = Self::default();
        crate::accounts::register(&mut registry);
        crate::app_secrets::register(&mut registry);
        crate::billing::register(&mut registry);
        crate::checkout::register(&mut registry);
        crate::customers::register(&mut registry);
        crate::disputes::register(&mut registry);
        crate::entitlements::register(&mut registry);
        crate::ephemeral_keys::register(&mut registry);
        crate::events::register(&mut registry);
        crate::files::register(&mut registry);
        crate::identity::register(&mut registry);
        crate::issuing::register(&mut registry);
        crate::ledger::register(&mut registry);
        crate::payment_method_configurations::register(&mut registry);
        crate::payment_methods::register(&mut registry);
        crate::payments::register(&mut registry);
        crate::payouts::register(&mut registry);
        crate::portal::register(&mut registry);
        crate::radar::register(&mut registry);
        crate::reporting::register(&mut registry);
        crate::tax::register(&mut registry);
        crate::terminal::register(&mut registry);
        crate::test_clocks::register(&mut registry);
        crate::treasury::register(&mut registry);
        crate::vault::register(&mut registry);
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
        let previous = self.behaviours.insert(operation, (behaviour, concern));
        assert!(previous.is_none(), "two behaviours for {operation}");
    }

    /// Makes a kind of scheduled task known, so that stored ones can run.
    ///
    /// # Panics
    /// If another task has the same kind.
    pub(crate) fn add_task<T: ScheduledTask>(&mut self) {
        let previous = self.tasks.insert(T::KIND, run_stored::<T>);
        assert!(previous.is_none(), "two scheduled tasks {}", T::KIND);
    }

    /// Calls `listener` with each notification of type `N`, after the listeners that are registered for it already.
    pub(crate) fn listen<N: 'static>(&mut self, listener: Listener<N>) {
        let listeners = self
            .listeners
            .entry(TypeId::of::<N>())
            .or_insert_with(|| Box::new(Vec::<Listener<N>>::new()));
        if let Some(listeners) = listeners.downcast_mut::<Vec<Listener<N>>>() {
            listeners.push(listener);
        }
    }

    /// The listeners for notifications of type `N`, in the order of registration.
    pub(crate) fn listeners<N: 'static>(&self) -> &[Listener<N>] {
        self.listeners
            .get(&TypeId::of::<N>())
            .and_then(|listeners| listeners.downcast_ref::<Vec<Listener<N>>>())
            .map_or(&[], Vec::as_slice)
    }

    /// How to run stored tasks of a kind.
    pub(crate) fn task(&self, kind: &str) -> Option<RunTask> {
        self.tasks.get(kind).copied()
    }

    /// The behaviour of an operation.
    #[must_use]
    pub fn get(&self, operation: &str) -> Option<Behaviour> {
        self.entry(operation).map(|(behaviour, _)| behaviour)
    }

    /// The behaviour of an operation, and which requests it is for.
    pub(crate) fn entry(&self, operation: &str) -> Option<(Behaviour, Concern)> {
        self.behaviours.get(operation).copied()
    }

    /// The names of all operations with a behaviour, in no order.
    pub fn operations(&self) -> impl Iterator<Item = &'static str> {
        self.behaviours.keys().copied()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("behaviours", &self.behaviours.len())
            .field("tasks", &self.tasks.len())
            .field("listeners", &self.listeners.len())
            .finish()
    }
}
