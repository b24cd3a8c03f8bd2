//! The functions that answer operations.
//!
//! An operation is named as in the official clients: `charges.create`, `billing_portal.sessions.create`,
//! `v2.core.accounts.create`. An operation without a handler is answered by the transition table or by the generic state.

use std::collections::HashMap;

use serde_json::Value;

use super::Reply;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

/// Answers an operation with an object. Parameters are checked, the world is locked, and the returned object is expanded and
/// sent. On an error everything written is undone, unless the error [keeps it](ApiError::keeping_changes).
pub type Handler = fn(&mut Ctx<'_>, &Params) -> Result<Value, ApiError>;

/// Answers an operation with any reply, as a document. Otherwise as [`Handler`].
pub type ReplyHandler = fn(&mut Ctx<'_>, &Params) -> Result<Reply, ApiError>;

/// Which requests a handler is for.
pub type AppliesTo = fn(&Params) -> bool;

/// A handler of either kind.
#[derive(Debug, Clone, Copy)]
pub enum AnyHandler {
    /// Answers with an object.
    Object(Handler),
    /// Answers with any reply.
    Reply(ReplyHandler),
}

impl AnyHandler {
    /// Answers a request.
    ///
    /// # Errors
    /// What the handler refuses with.
    pub fn run(self, ctx: &mut Ctx<'_>, params: &Params) -> Result<Reply, ApiError> {
        match self {
            Self::Object(handler) => handler(ctx, params).map(Reply::Object),
            Self::Reply(handler) => handler(ctx, params),
        }
    }
}

/// The handlers by operation.
#[derive(Debug, Default)]
pub struct Handlers(HashMap<&'static str, (AnyHandler, AppliesTo)>);

impl Handlers {
    /// Adds the handler of an operation for some requests.
    ///
    /// # Panics
    /// If the operation has one already: two modules would both claim to know how it works.
    pub fn add(&mut self, operation: &'static str, applies_to: AppliesTo, handler: AnyHandler) {
        let previous = self.0.insert(operation, (handler, applies_to));
        assert!(previous.is_none(), "two handlers for {operation}");
    }

    /// The handler of an operation, and which requests it is for.
    #[must_use]
    pub fn get(&self, operation: &str) -> Option<(AnyHandler, AppliesTo)> {
        self.0.get(operation).copied()
    }

    /// The names of all operations with a handler, in no order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
