//! Runnable examples; each is a test against the emulator.
