//! Tests in a real browser live in `tests/`.
