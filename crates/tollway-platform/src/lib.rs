//! The platform's own side of Stripe Connect.
