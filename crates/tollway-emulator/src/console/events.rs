//! The page of one event: its body, its deliveries and their attempts.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::contexts::{AttemptRow, DeliveryCard, EventPage};
use super::{format_time, not_found, redirect_to};
use crate::events::newest_deliveries;
use crate::pages;
use crate::scope::Scope;
use crate::webhooks;
use crate::world::WorldState;
use crate::{Engine, Mode};

/// The number of deliveries on the page.
const SHOWN_DELIVERIES: usize = 100;

/// `GET /_tollway/console/events/{event}`.
pub(super) async fn show(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    for world in engine.worlds().all() {
        let state = world.lock();
        let event = find_event(&state, &id);
        let deliveries = newest_deliveries(&state, SHOWN_DELIVERIES, |it| it.event == id);
        if event.is_none() && deliveries.is_empty() {
            continue;
        }
        let event = event.unwrap_or_default();
        let page = EventPage {
            world: state.name.to_string(),
            r#type: deliveries
                .first()
                .map(|it| it.event_type.clone())
                .or(event["type"].as_str().map(str::to_owned))
                .unwrap_or_default(),
            body: if event.is_null() {
                String::new()
            } else {
                format!("{event:#}")
            },
            deliveries: deliveries
                .iter()
                .map(|it| DeliveryCard {
                    endpoint: it.endpoint.clone(),
                    status: it.in_words(),
                    attempts: it
                        .attempts
                        .iter()
                        .map(|attempt| AttemptRow {
                            at: format_time(attempt.at.saturating_mul(1000)),
                            status: attempt
                                .status
                                .map_or_else(|| "none".to_owned(), |status| status.to_string()),
                            answer: attempt.answer.clone(),
                        })
                        .collect(),
                })
                .collect(),
            id,
        };
        drop(state);
        return pages::respond(StatusCode::OK, &page, None);
    }
    not_found("event", &id)
}

/// The stored event, from any scope of the world.
fn find_event(world: &WorldState, id: &str) -> Option<Value> {
    Mode::ALL.into_iter().find_map(|mode| {
        let mut accounts = world.store.accounts(mode);
        accounts.find_map(|account| {
            let scope = Scope::new(mode, Arc::clone(account));
            world.store.object(&scope, "event", id)
        })
    })
}

/// `POST /_tollway/console/events/{event}/resend`.
pub(super) async fn resend(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    match webhooks::resend(&engine, &id) {
        Ok(sent) if sent > 0 => redirect_to(&format!("/_tollway/console/events/{id}")),
        _ => not_found("delivery of the event", &id),
    }
}
