//! The platform as its users see it: its router, its library and its store.

mod access;
mod app;
mod callback;
mod cancellation;
mod crash;
mod disconnect;
mod emulated;
mod foreign_store;
mod hooks;
mod inbox;
mod keys;
mod links;
mod operator;
mod pairs;
mod reconnect;
mod safety;
mod secrets;
mod serving;
mod start;
mod stripe;
