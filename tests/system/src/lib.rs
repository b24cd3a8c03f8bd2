//! Whole-system tests: official clients, faults, the story of the demo.
