//! Integration tests of the SDK: Stripe's behaviour as vectors, and the faults of its peers turned round.

mod peer_faults;
mod support;
mod vectors;
