//! One test for each fault measured in a peer: the opposite is true here.
