//! The emulator from outside: requests against its router, no port, no sleeping.

mod oauth;
mod pages;
mod support;
mod webhooks;
