//! [`Registry`]: the one way in which modules add to the engine.
//!
//! A module registers handlers by operation, scheduled tasks by kind, routes, and values and lists that it or others look up
//! by their type: includable fields, objects of mock mode, listeners. Nothing else of a module is known to the engine.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use tollway_spec::CatalogError;

use crate::clock::Clock;
use crate::config::Config;
use crate::ctx::Listener;
use crate::description::Description;
use crate::engine::Engine;
use crate::extensions::Extensions;
use crate::generic::{
    AnyHandler, AppliesTo, Handler, Handlers, IncludableField, MockObject, Operations, ReplyHandler,
};
use crate::scheduler::{ScheduledTask, TaskKinds};
use crate::services::Services;

/// What modules add to an engine before its first request.
#[derive(Debug, Default)]
pub struct Registry {
    handlers: Handlers,
    routes: Routes,
    extensions: Extensions,
}

/// The routes that modules added.
#[derive(Debug, Default, Clone)]
pub struct Routes {
    /// Routes whose requests can be hit by faults and are logged.
    pub logged: Router<Arc<Engine>>,
    /// Routes of control and console.
    pub unlogged: Router<Arc<Engine>>,
}

impl Registry {
    /// Adds the handler of an operation.
    ///
    /// # Panics
    /// If the operation has one already: two modules would both claim to know how it works.
    pub fn add(&mut self, operation: &'static str, handler: Handler) {
        self.add_for(operation, |_| true, handler);
    }

    /// Adds a handler for some requests of an operation; the others are answered as if there were none.
    ///
    /// # Panics
    /// As [`Registry::add`].
    pub fn add_for(&mut self, operation: &'static str, applies_to: AppliesTo, handler: Handler) {
        self.handlers
            .add(operation, applies_to, AnyHandler::Object(handler));
    }

    /// Adds the handler of an operation that answers with something else than an object, as a document.
    ///
    /// # Panics
    /// As [`Registry::add`].
    pub fn add_reply(&mut self, operation: &'static str, handler: ReplyHandler) {
        self.handlers
            .add(operation, |_| true, AnyHandler::Reply(handler));
    }

    /// Adds routes outside of the API. Faults hit their requests, and the log shows them.
    pub fn add_routes(&mut self, routes: Router<Arc<Engine>>) {
        self.routes.logged = std::mem::take(&mut self.routes.logged).merge(routes);
    }

    /// Adds routes for the emulator's operator. No fault hits their requests, and the log does not show them.
    pub fn add_unlogged_routes(&mut self, routes: Router<Arc<Engine>>) {
        self.routes.unlogged = std::mem::take(&mut self.routes.unlogged).merge(routes);
    }

    /// Adds a member of objects that is sent only if `expand` names it.
    pub fn add_includable(&mut self, object_type: &'static str, name: &'static str) {
        self.extensions.push(IncludableField { object_type, name });
    }

    /// Adds how mock mode makes objects of a type.
    pub fn add_mock_object(&mut self, mock: MockObject) {
        self.extensions.push(mock);
    }

    /// Adds a kind of scheduled task, so that stored ones can run.
    ///
    /// # Panics
    /// If another task has the same kind.
    pub fn add_task<T: ScheduledTask>(&mut self) {
        self.extensions.get_or_default::<TaskKinds>().add::<T>();
    }

    /// Calls `listener` with each notification of type `N`, after the listeners that are registered for it already.
    pub fn listen<N: 'static>(&mut self, listener: Listener<N>) {
        self.extensions.push(listener);
    }

    /// Adds a value that handlers get by its type.
    pub fn add_service<T: Any + Send + Sync>(&mut self, service: T) {
        self.extensions.insert(service);
    }

    /// An engine with everything registered.
    ///
    /// # Errors
    /// If the description does not fit this program.
    pub fn build(
        mut self,
        config: Config,
        clock: Clock,
        seed: [u8; 32],
    ) -> Result<Engine, CatalogError> {
        let description = Description::load()?;
        let operations = Operations::new(&description, self.handlers);
        self.extensions.insert(operations);
        self.extensions.insert(self.routes);
        let services = Services::new(config, clock, description, self.extensions);
        Ok(Engine::new(services, seed))
    }
}
