//! The `tollway` binary as a person or a script meets it: exit codes, sentences, the whole story.

mod bad_input;
mod bad_requests;
mod damage;
mod program;
mod services;
mod story;
mod webhooks;
