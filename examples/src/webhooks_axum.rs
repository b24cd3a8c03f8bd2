//! A webhook endpoint in axum that hands each event, snapshot or thin, to exactly one handler.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use tollway::Client;
use tollway::api::{EventType, V2CoreAccountUpdatedEvent, V2EventType};
use tollway::webhook::axum::VerifiedDelivery;
use tollway::webhook::{EventRouter, RouterError, Verifier};

use crate::tenants::Tenants;

#[derive(Clone)]
struct App {
    verifier: Verifier,
    events: EventRouter<StatusCode>,
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

/// `POST /webhooks`. What was not signed by Stripe gets 400 before it gets here.
pub fn router(
    client: &Client,
    verifier: Verifier,
    tenants: &Arc<Tenants>,
) -> Result<Router, RouterError> {
    let app = App {
        events: events(client, verifier.clone(), Arc::clone(tenants))?,
        verifier,
    };
    Ok(Router::new()
        .route("/webhooks", post(receive))
        .with_state(app))
}

async fn receive(
    State(app): State<App>,
    VerifiedDelivery(delivery): VerifiedDelivery,
) -> StatusCode {
    // Anything but 2xx makes Stripe deliver again.
    match app.events.dispatch(delivery).await {
        Ok(answer) => answer.unwrap_or(StatusCode::OK),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn events(
    client: &Client,
    verifier: Verifier,
    tenants: Arc<Tenants>,
) -> Result<EventRouter<StatusCode>, RouterError> {
    EventRouter::builder(client, verifier, |delivery, _client| async move {
        println!("nobody waits for {}", delivery.type_());
        StatusCode::OK
    })
    .on(
        EventType::AccountApplicationDeauthorized,
        move |event, _client| {
            let tenants = Arc::clone(&tenants);
            async move {
                // Who left is said by the event; the object in it is the platform's own application.
                tenants.disconnected(event.account().unwrap_or_default());
                StatusCode::OK
            }
        },
    )
    .on_notification(
        V2EventType::V2CoreAccountUpdated,
        // The client acts for whom it happened to.
        |event, client| async move {
            let account = event
                .of_type::<V2CoreAccountUpdatedEvent>()
                .and_then(|event| event.fetch_related(&client));
            match account {
                Some(request) => match request.await {
                    Ok(account) => println!("{} is now {:?}", account.id(), account.display_name()),
                    Err(error) if error.may_have_taken_effect() => {
                        return StatusCode::SERVICE_UNAVAILABLE;
                    }
                    Err(error) => println!("{error}"),
                },
                None => println!("about no account"),
            }
            StatusCode::OK
        },
    )
    .build()
}
