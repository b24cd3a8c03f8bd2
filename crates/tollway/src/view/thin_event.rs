//! The types of thin events.

use super::typed::View;

/// A type of thin event: its name, the type of its related object, and the type of its data. There is one for each type
/// in Stripe's description, for example [`V2CoreAccountUpdatedEvent`](crate::api::V2CoreAccountUpdatedEvent).
pub trait ThinEvent: 'static {
    /// The related object; [`Json`](crate::Json) when there is none.
    type Related: View;

    /// The `data` of the whole event; [`Json`](crate::Json) when it has none.
    type Data: View;

    /// The name of the event type, for example `v2.core.account.updated`.
    const TYPE: &'static str;
}
