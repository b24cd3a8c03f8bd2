//! A seller in a real browser: the platform's button, Stripe's page as the emulator shows it, the outcome.
//!
//! The emulator's own pages besides: Checkout, the billing portal, the console.
//!
//! Each test has its own emulator, platform and headless Chromium, all on free loopback ports. With
//! `TOLLWAY_SCREENSHOTS=DIR` the pages are also saved as pictures; those of the README come from there.

mod chrome;
mod connect;
mod pages;
mod shop;
mod stage;
mod webdriver_client;
