//! Reads Stripe's dialect of OpenAPI into a small model.
