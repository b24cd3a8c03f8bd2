//! The billing portal: a page on which customers manage their subscriptions, card and invoices.
//!
//! [`page`] is the page, [`sessions`] creates its sessions. See <https://docs.stripe.com/customer-management>.

pub(crate) mod page;
pub(crate) mod page_context;
mod sessions;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add(
        "billing_portal.sessions.create",
        sessions::create_portal_session,
    );
}
