//! A local Stripe: stateful, with Connect, OAuth pages and signed webhooks.
