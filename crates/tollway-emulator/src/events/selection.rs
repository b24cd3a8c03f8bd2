//! Which webhook endpoints hear of an event.

/// What a webhook endpoint listens to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listener<'a> {
    /// Hears of the connected accounts instead of the platform's own.
    pub(crate) connect: bool,
    /// `enabled` or `disabled`.
    pub(crate) status: &'a str,
    /// Event names, or `*`.
    pub(crate) enabled_events: &'a [String],
}

/// Does `listener` hear of an event of this type, which happened on a connected account or on the endpoint's own?
pub(crate) fn hears(listener: Listener<'_>, event_type: &str, on_connected_account: bool) -> bool {
    listener.status == "enabled"
        && listener.connect == on_connected_account
        && listener
            .enabled_events
            .iter()
            .any(|name| name == "*" || name == event_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_status_and_names_all_count() {
        let names = ["charge.succeeded".to_owned()];
        let all = ["*".to_owned()];
        let listener = |connect, status, enabled_events| Listener {
            connect,
            status,
            enabled_events,
        };
        assert!(hears(
            listener(false, "enabled", &names),
            "charge.succeeded",
            false
        ));
        assert!(!hears(
            listener(false, "enabled", &names),
            "charge.failed",
            false
        ));
        assert!(!hears(
            listener(false, "enabled", &names),
            "charge.succeeded",
            true
        ));
        assert!(!hears(
            listener(true, "enabled", &all),
            "charge.succeeded",
            false
        ));
        assert!(hears(
            listener(true, "enabled", &all),
            "charge.succeeded",
            true
        ));
        assert!(!hears(
            listener(true, "disabled", &all),
            "charge.succeeded",
            true
        ));
        assert!(!hears(
            listener(true, "enabled", &[]),
            "charge.succeeded",
            true
        ));
    }
}
