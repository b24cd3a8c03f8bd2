//! The `tollway` binary as a person or a script meets it: exit codes, sentences, the whole story.

mod bad_input;
mod program;
mod services;
mod story;
