//! Chores: `cargo xtask codegen | test | bench | ci`.
fn main() {}
