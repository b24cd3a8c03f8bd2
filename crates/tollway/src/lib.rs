//! A complete typed SDK for the Stripe API, made for Stripe Connect.
