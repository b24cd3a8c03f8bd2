//! What a handler gets: the locked world, the scope it acts on, the caller, and the time.
//!
//! A handler reads and writes objects through the short methods here, or through [`Ctx::world`] for anything unusual. It never
//! awaits, and its context gives no access to another world. [`Ctx::acting_for`] lends a context for another account of the same world:
//! that is how a destination charge reaches the seller's side.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::ids;
use crate::key::KeyKind;
use crate::scope::Scope;
use crate::services::Services;
use crate::store::{Query, Record};
use crate::world::{Connection, PrivateRecord, WorldState};

/// The context of a handler.
#[derive(Debug)]
pub struct Ctx<'a> {
    /// The locked world.
    pub world: &'a mut WorldState,
    /// What all worlds have in common: configuration, clock, description, and what modules registered.
    pub services: &'a Services,
    /// The scope whose data the request reads and writes.
    pub scope: Scope,
    /// The caller.
    pub caller: &'a Caller,
    /// The request itself.
    pub request: &'a RequestInfo,
    now: i64,
}

/// Acts on a notification of type `N`, in the scope of what notified. An error undoes the whole request.
///
/// Products do not call those above them: a payment that succeeds knows nothing of invoices. They [notify](Ctx::notify)
/// with a value, and the products that registered a listener for its type act on it, in the order of registration.
pub type Listener<N> = fn(&mut Ctx<'_>, &N) -> Result<(), ApiError>;

/// Who a request comes from.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the key may do.
    pub key: KeyKind,
    /// The key as it may be shown.
    pub redacted_key: String,
    /// The platform acts for a connected account, by header.
    pub for_connected_account: bool,
    /// The caller is an access token of a connected account, given to this client id.
    pub oauth_client_id: Option<String>,
}

impl Caller {
    /// The emulator itself: pages, console, background work.
    #[must_use]
    pub fn internal() -> Self {
        Self {
            key: KeyKind::Secret,
            redacted_key: String::new(),
            for_connected_account: false,
            oauth_client_id: None,
        }
    }
}

/// Metadata of the current request.
#[derive(Debug, Clone, Default)]
pub struct RequestInfo {
    /// `req_…`; none for what nobody requested, as events of automatic actions.
    pub id: Option<String>,
    /// The caller's idempotency key.
    pub idempotency_key: Option<String>,
    /// The version the request asked for, `2026-10-28.endive`.
    pub api_version: String,
    /// The path of the URL, as lists repeat it.
    pub path: String,
    /// The scheme and authority the request came to, `http://127.0.0.1:12111`: where links to pages point.
    pub base_url: String,
}

impl<'a> Ctx<'a> {
    /// The context of one request in a locked world.
    pub fn new(
        world: &'a mut WorldState,
        services: &'a Services,
        scope: Scope,
        caller: &'a Caller,
        request: &'a RequestInfo,
    ) -> Self {
        Self {
            now: services.clock().now(),
            world,
            services,
            scope,
            caller,
            request,
        }
    }

    /// Now, in unix seconds; the same for the whole request.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The same request acting on another account of this world, in the same mode.
    pub fn acting_for(&mut self, account: impl Into<Arc<str>>) -> Ctx<'_> {
        let scope = self.scope.for_account(account);
        self.in_scope(scope)
    }

    /// The same request as if it were made at another time: what a test clock shows, or when something became due.
    pub fn at(&mut self, now: i64) -> Ctx<'_> {
        let scope = self.scope.clone();
        Ctx {
            now,
            ..self.in_scope(scope)
        }
    }

    /// The same request acting on another scope of this world.
    pub fn in_scope(&mut self, scope: Scope) -> Ctx<'_> {
        Ctx {
            world: self.world,
            services: self.services,
            scope,
            caller: self.caller,
            request: self.request,
            now: self.now,
        }
    }

    /// Undoes everything this request wrote.
    pub fn undo(&mut self) {
        self.world.undo();
    }

    /// Whether the platform acts on its own data.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        self.scope.account == self.world.platform.account
    }

    /// The platform's connection to an account in this mode, if it holds.
    #[must_use]
    pub fn connection(&self, account: &str) -> Option<Connection> {
        self.world
            .connection(self.scope.mode, account)
            .filter(|connection| connection.active)
    }

    /// Calls the listeners that are registered for notifications of this type, in the order of registration.
    ///
    /// # Errors
    /// The first error of a listener; the listeners after it are not called.
    pub fn notify<N: 'static>(&mut self, notification: &N) -> Result<(), ApiError> {
        let listeners = self.services.list::<Listener<N>>();
        listeners
            .iter()
            .try_for_each(|listener| listener(self, notification))
    }

    /// A new id with the type's prefix.
    pub fn new_id(&mut self, object_type: &str) -> String {
        ids::new_id(object_type, self.scope.livemode(), &mut self.world.random)
    }

    /// An object of this scope; none if it does not exist or was deleted.
    #[must_use]
    pub fn get(&self, object_type: &str, id: &str) -> Option<Value> {
        self.world.store.object(&self.scope, object_type, id)
    }

    /// The object in the URL, or Stripe's 404.
    ///
    /// # Errors
    /// `resource_missing` if it does not exist or was deleted.
    pub fn required(&self, object_type: &str, id: &str) -> Result<Value, ApiError> {
        self.get(object_type, id)
            .ok_or_else(|| self.no_such(object_type, id))
    }

    /// Stripe's 404 for the object in the URL; it tells when the other mode has it.
    #[must_use]
    pub fn no_such(&self, object_type: &str, id: &str) -> ApiError {
        let error = ApiError::no_such(noun(object_type), id, param_of(object_type));
        self.missing(error, object_type, id)
    }

    /// Stripe's 400 for an object that a parameter names; it tells when the other mode has it.
    #[must_use]
    pub fn no_such_reference(&self, object_type: &str, id: &str, param: &str) -> ApiError {
        let error = ApiError::no_such_reference(noun(object_type), id, param);
        self.missing(error, object_type, id)
    }

    fn missing(&self, error: ApiError, object_type: &str, id: &str) -> ApiError {
        let mode = self.scope.mode;
        let other = Scope::new(mode.other(), Arc::clone(&self.scope.account));
        let error = error.about(object_type, id);
        if self.world.store.object(&other, object_type, id).is_some() {
            error.exists_in_other_mode(mode)
        } else {
            error
        }
    }

    /// The object that a parameter names, or Stripe's 400.
    ///
    /// # Errors
    /// `resource_missing` with this `param` if it does not exist or was deleted.
    pub fn referenced(&self, object_type: &str, id: &str, param: &str) -> Result<Value, ApiError> {
        self.get(object_type, id)
            .ok_or_else(|| self.no_such_reference(object_type, id, param))
    }

    /// The live objects of a type in this scope whose field has this value, newest first; an embedded object counts by its id.
    #[must_use]
    pub fn all_with(&self, object_type: &str, field: &str, value: &str) -> Vec<Value> {
        self.every(
            object_type,
            &Query {
                filters: &[(field, value)],
                ..Query::default()
            },
        )
    }

    /// The live objects of a type that are listed under another one, newest first.
    #[must_use]
    pub fn all_under(&self, object_type: &str, parent: &str) -> Vec<Value> {
        self.every(
            object_type,
            &Query {
                parent: Some(parent),
                ..Query::default()
            },
        )
    }

    fn every(&self, object_type: &str, query: &Query<'_>) -> Vec<Value> {
        let query = Query {
            limit: usize::MAX,
            ..*query
        };
        // Without a cursor there is none to be unknown.
        let page = self.world.store.list(&self.scope, object_type, &query);
        let records = page.unwrap_or_default().records;
        records.iter().map(|record| record.parse()).collect()
    }

    /// Keeps a new object. Makes no event.
    pub fn insert(&mut self, object_type: &str, object: &Value) -> Arc<Record> {
        self.world
            .store
            .insert(&self.scope, object_type, object, self.now)
    }

    /// Replaces an object. Makes no event.
    pub fn update(&mut self, object_type: &str, object: &Value) -> Arc<Record> {
        self.world
            .store
            .update(&self.scope, object_type, object, self.now)
    }

    /// The private record of this scope with this id.
    ///
    /// # Errors
    /// A 500 if the stored record cannot be read.
    pub fn load<T: PrivateRecord>(&self, id: &str) -> Result<Option<T>, ApiError> {
        self.world.load(&self.scope, id)
    }

    /// All private records of a type in this scope, newest first.
    ///
    /// # Errors
    /// A 500 if one of them cannot be read.
    pub fn load_all<T: PrivateRecord>(&self) -> Result<Vec<T>, ApiError> {
        self.world.load_all(&self.scope)
    }

    /// Stores a private record in this scope. A value that is no JSON object fails the transaction.
    pub fn save<T: PrivateRecord>(&mut self, id: &str, value: &T) {
        self.world.save(&self.scope, id, value, self.now);
    }

    /// Removes a private record of this scope. True if it existed.
    pub fn remove<T: PrivateRecord>(&mut self, id: &str) -> bool {
        self.world.remove::<T>(&self.scope, id)
    }

    /// Deletes an object and returns Stripe's `{id, object, deleted: true}`. Makes no event.
    pub fn delete(&mut self, object_type: &str, id: &str) -> Value {
        let deleted = json!({"id": id, "object": object_type, "deleted": true});
        self.world
            .store
            .mark_deleted(&self.scope, object_type, &deleted, self.now);
        deleted
    }
}

/// Stripe's word for an object type in messages: what follows the last dot, with exceptions.
#[must_use]
pub fn noun(object_type: &str) -> &str {
    match object_type {
        "payment_intent" | "setup_intent" => object_type,
        "issuing.authorization" => "issuing authorization",
        "payment_method" => "PaymentMethod",
        "financial_connections.account" => "financial connections account",
        other => other.rsplit('.').next().unwrap_or(other),
    }
}

/// The `param` that Stripe names when the object in the URL does not exist.
#[must_use]
pub fn param_of(object_type: &str) -> &str {
    match object_type {
        "payment_intent" | "setup_intent" => "intent",
        "coupon" | "price" | "plan" | "invoice" | "payment_method" => object_type,
        _ => "id",
    }
}
