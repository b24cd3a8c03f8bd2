//! Terminal: a reader starts an action, a card is presented to it, and the payment is made.
//!
//! ```text
//! process_payment_intent, process_setup_intent, ┐               present_payment_method ┌▶ succeeded
//! refund_payment, collect_payment_method,       ├▶ in_progress ─ succeed_…, timeout_… ─┤
//! collect_inputs                                ┘      │ cancel_action: no action      └▶ failed
//! confirm_payment_intent, set_reader_display ──▶ in_progress ─(at once)─▶ succeeded or failed
//! ```
//!
//! Readers are simulated: the test helpers do what a person does at a reader. The card number determines the outcome, as
//! everywhere. See <https://docs.stripe.com/terminal/references/testing>.
//!
//! [`operations`] start actions; [`present`] and [`inputs`] continue them; [`action`] is the state of a reader.

mod action;
mod inputs;
mod operations;
mod present;

pub(crate) use self::operations::register;
