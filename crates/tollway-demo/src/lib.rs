//! The demo of `tollway`: a marketplace, its sellers and a local Stripe, on one machine.
//!
//! [`run_interactive`] runs emulator and platform in this process and prints the addresses to open. [`run_script`] starts both
//! as processes of their own and plays the sellers' browsers and the marketplace. Both prepare the same files (`setup`): the
//! emulator's data, the platform's database and its configuration.
//!
//! Both return boxed futures: their code is compiled in this crate, not again in the program.

mod browser;
mod error;
mod folder;
mod interactive;
mod output;
mod page;
mod script;
mod setup;

pub use self::error::DemoError;
pub use self::folder::DataFolder;
pub use self::interactive::run as run_interactive;
pub use self::script::run as run_script;
