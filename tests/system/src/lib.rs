//! Whole-system tests live in `tests/`: programs from outside drive the emulator over HTTP.
