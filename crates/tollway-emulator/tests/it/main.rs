//! The emulator's front, driven through its router.

mod accounts;
mod auth;
mod control;
mod every_operation;
mod idempotency;
mod lists;
mod objects;
mod server;
mod support;
