//! External clients drive the emulator: Stripe's official clients and curl.
//!
//! Each client is a script in `tests/clients` that walks through Connect OAuth over HTTP and prints what it saw. The test
//! serves an emulator on a free loopback port, runs the script, and looks at the same world with our own SDK.

mod curl;
mod every_operation;
mod external_client;
mod node;
mod python;
