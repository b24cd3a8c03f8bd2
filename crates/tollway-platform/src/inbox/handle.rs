//! Handles one delivery: the platform's own reaction first, then the host application's hook.

use super::Inbox;
use super::event_order::EventOrder;
use super::result::{WorkError, WorkResult};
use crate::hooks::ReceivedEvent;
use crate::store::{Delivery, DeliveryFailure, DeliveryStatus, StoreError};

impl Inbox {
    /// Handles a claimed delivery and records the result.
    pub(crate) async fn handle_and_record(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let result = self.handle(delivery).await;
        let (store, id, attempt) = (&self.connections.store, &delivery.id, delivery.attempts);
        let (recorded, label) = match result {
            Ok(WorkResult::Done) => {
                let status = DeliveryStatus::Done;
                let finished = store.finish_delivery(id, attempt, status, None, self.now());
                (finished.await?, "done")
            }
            Ok(WorkResult::Ignored(reason)) => {
                let status = DeliveryStatus::Ignored;
                let finished =
                    store.finish_delivery(id, attempt, status, Some(&reason), self.now());
                (finished.await?, "ignored")
            }
            Err(error) => {
                tracing::warn!(
                    delivery.id = id,
                    delivery.attempt = attempt,
                    error = %error,
                    "work on a webhook failed"
                );
                let now = self.now();
                let retry_at = self.retries.retry_at(attempt, now);
                let failure = DeliveryFailure::new(attempt, now, error.to_string());
                let label = if retry_at.is_some() {
                    "retried"
                } else {
                    "dead"
                };
                (store.fail_delivery(id, failure, retry_at).await?, label)
            }
        };
        if recorded {
            self.connections
                .metrics
                .count_worked(&delivery.realm, label);
        } else {
            tracing::warn!(
                delivery.id = id,
                "another worker took this delivery over; webhooks.lease_seconds may be too short"
            );
        }
        Ok(())
    }

    async fn handle(&self, delivery: &Delivery) -> Result<WorkResult, WorkError> {
        let result = match delivery.event_type.as_str() {
            "account.application.deauthorized" | "v1.account.application.deauthorized" => {
                self.handle_deauthorized(delivery).await?
            }
            _ => WorkResult::Done,
        };
        let current = match self.event_order(delivery).await? {
            EventOrder::Newest => None,
            EventOrder::Superseded(reason) => return Ok(WorkResult::Ignored(reason)),
            EventOrder::SameSecond(account) => Some(account),
        };
        let mut tenants = Vec::new();
        if let Some(account) = &delivery.account {
            let active = self
                .connections
                .store
                .active_connections(&delivery.realm, account)
                .await?;
            tenants.extend(active.into_iter().map(|connection| connection.tenant));
        }
        let event = ReceivedEvent {
            realm: delivery.realm.clone(),
            endpoint: delivery.endpoint,
            id: delivery.event_id.clone(),
            event_type: delivery.event_type.clone(),
            account: delivery.account.clone(),
            tenants,
            created_at: delivery.created_at,
            body: delivery.body.clone(),
            current,
            attempt: delivery.attempts,
        };
        self.hooks.on_event(&event).await.map_err(WorkError::Hook)?;
        Ok(result)
    }
}
