//! The callback: settles a browser's return from Stripe exactly once.
//!
//! One conditional update claims the attempt, and it is committed before Stripe is called. The claiming callback exchanges the
//! code in a task of its own, so that a browser that disconnects does not stop it. Every other callback with the same
//! response waits for that task and shows its outcome. A refused callback changes nothing, with two exceptions: the seller's
//! own denial and an expired attempt end the attempt.

use std::time::Duration;

use secrecy::SecretString;

use super::ConnectFlow;
use super::browser_attempts::BrowserAttempts;
use super::callback_query::{AuthorizationResponse, CallbackQuery};
use crate::id::{constant_time_eq, hash};
use crate::outcome::Outcome;
use crate::store::{Attempt, AttemptEnd, AttemptStatus, StoreError};
use crate::stripe::is_controlled_by_other_platform;

/// How often a waiting callback reads the attempt: an exchange of another instance cannot wake it.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What to show the browser after a callback.
#[derive(Debug)]
pub(crate) enum CallbackResult {
    /// The attempt's own page: it ended, or asks for confirmation.
    Show(Box<Attempt>),
    /// A page that belongs to no attempt of this browser.
    Refuse(Outcome),
    /// The first callback is still exchanging.
    StillWorking(Box<Attempt>),
}

impl ConnectFlow {
    /// Settles a callback to the platform called `platform_name`.
    pub(crate) async fn handle_callback(
        &self,
        platform_name: &str,
        query: CallbackQuery,
        browser: &BrowserAttempts,
    ) -> Result<CallbackResult, StoreError> {
        self.metrics
            .count_returned(platform_name, query.response.label());
        let result = self.settle_callback(platform_name, query, browser).await?;
        if let CallbackResult::Refuse(outcome) = result {
            self.metrics.count_outcome(platform_name, outcome);
            tracing::info!(connect.outcome = %outcome, platform.name = platform_name, "callback refused");
        }
        Ok(result)
    }

    async fn settle_callback(
        &self,
        platform_name: &str,
        query: CallbackQuery,
        browser: &BrowserAttempts,
    ) -> Result<CallbackResult, StoreError> {
        let CallbackQuery { state, response } = query;
        let Some(state) = state else {
            let denied = matches!(response, AuthorizationResponse::Error { .. });
            return Ok(CallbackResult::Refuse(if denied {
                Outcome::DeniedWithoutState
            } else {
                Outcome::Malformed
            }));
        };
        let state_hash = hash(&state);
        let Some(attempt) = self.store.attempt_by_state(state_hash).await? else {
            return Ok(CallbackResult::Refuse(Outcome::UnknownState));
        };
        if attempt.realm.platform != platform_name {
            return Ok(CallbackResult::Refuse(Outcome::WrongPlatform));
        }
        if !browser.contains(&attempt) {
            return Ok(CallbackResult::Refuse(Outcome::WrongBrowser));
        }
        let response_hash = response.hash();
        match response {
            AuthorizationResponse::Missing => Ok(CallbackResult::Refuse(Outcome::Malformed)),
            AuthorizationResponse::Error { error, description } => {
                self.settle_error(attempt, &error, &description, response_hash)
                    .await
            }
            AuthorizationResponse::Code(code) => {
                self.settle_code(attempt, code, response_hash).await
            }
        }
    }

    /// Ends the attempt after an error response, which most often is the seller's denial.
    async fn settle_error(
        &self,
        attempt: Attempt,
        error: &str,
        description: &str,
        response_hash: [u8; 32],
    ) -> Result<CallbackResult, StoreError> {
        let outcome = match error {
            _ if is_controlled_by_other_platform(description) => Outcome::AccountControlled,
            "access_denied" => Outcome::Denied,
            _ => Outcome::StripeRefused,
        };
        let now = self.now();
        let expired = attempt.expires_at <= now;
        let end = AttemptEnd {
            detail: (outcome != Outcome::Denied).then(|| format!("error {}", printable(error))),
            response_hash: Some(response_hash),
            ..AttemptEnd::new(if expired { Outcome::Expired } else { outcome }, now)
        };
        match self.finish(&attempt, AttemptStatus::Pending, end).await? {
            Some(finished) => Ok(CallbackResult::Show(Box::new(finished))),
            None => self.show_first_result(&attempt.id, response_hash).await,
        }
    }

    /// Exchanges the code if this callback claims the attempt, or shows the result of the callback that did.
    async fn settle_code(
        &self,
        attempt: Attempt,
        code: SecretString,
        response_hash: [u8; 32],
    ) -> Result<CallbackResult, StoreError> {
        if let Some(result) = self
            .claim_and_exchange(&attempt, code, response_hash)
            .await?
        {
            return Ok(result);
        }
        let now = self.now();
        if attempt.expires_at <= now {
            let end = AttemptEnd {
                response_hash: Some(response_hash),
                ..AttemptEnd::new(Outcome::Expired, now)
            };
            if let Some(finished) = self.finish(&attempt, AttemptStatus::Pending, end).await? {
                return Ok(CallbackResult::Show(Box::new(finished)));
            }
        }
        self.show_first_result(&attempt.id, response_hash).await
    }

    /// Claims, exchanges and records in a task of its own, which goes on if the browser disconnects and this future is
    /// dropped. `None`: the attempt could not be claimed.
    async fn claim_and_exchange(
        &self,
        attempt: &Attempt,
        code: SecretString,
        response_hash: [u8; 32],
    ) -> Result<Option<CallbackResult>, StoreError> {
        // Announced before the claim, so that a callback that finds the attempt claimed can wait for its end.
        let guard = self.in_flight.begin(&attempt.id);
        let (flow, id) = (self.clone(), attempt.id.clone());
        let task = tokio::spawn(async move {
            let claimed = flow
                .store
                .claim_attempt(&id, response_hash, flow.now())
                .await?;
            let exchanged = match claimed {
                Some(claimed) => Some(flow.exchange_and_record(claimed, code).await?),
                None => None,
            };
            drop(guard);
            Ok(exchanged)
        });
        match task.await {
            Ok(exchanged) => exchanged
                .map(|attempt| attempt.map(|attempt| CallbackResult::Show(Box::new(attempt)))),
            Err(error) => {
                tracing::error!(attempt.id = attempt.id, error = %error, "the exchange did not end; it will be resolved later");
                let attempt = self.store.attempt(&attempt.id).await?;
                Ok(Some(attempt.map_or(
                    CallbackResult::Refuse(Outcome::Interrupted),
                    |attempt| CallbackResult::StillWorking(Box::new(attempt)),
                )))
            }
        }
    }

    /// Shows the result of the callback that claimed the attempt, and waits for it if the response is the same.
    async fn show_first_result(
        &self,
        id: &str,
        response_hash: [u8; 32],
    ) -> Result<CallbackResult, StoreError> {
        let wait = Duration::from_secs(self.config.connect.wait_seconds.into());
        let give_up_at = self.clock.monotonic() + wait;
        loop {
            // Subscribes before it reads the attempt, so that an end in between is not missed.
            let end = self.in_flight.end_of(id);
            let Some(attempt) = self.store.attempt(id).await? else {
                return Ok(CallbackResult::Refuse(Outcome::UnknownState));
            };
            let same_response = attempt
                .response_hash
                .is_some_and(|first| constant_time_eq(&first, &response_hash));
            if !same_response && attempt.status != AttemptStatus::Pending {
                return Ok(CallbackResult::Refuse(Outcome::Replayed));
            }
            match attempt.status {
                AttemptStatus::Finished | AttemptStatus::Confirming => {
                    return Ok(CallbackResult::Show(Box::new(attempt)));
                }
                AttemptStatus::Exchanging if self.is_exchange_lost(&attempt) => {
                    let resolved = self.resolve_lost_exchange(attempt).await?;
                    return Ok(CallbackResult::Show(Box::new(resolved)));
                }
                AttemptStatus::Pending | AttemptStatus::Exchanging => {}
            }
            if self.clock.monotonic() >= give_up_at {
                return Ok(CallbackResult::StillWorking(Box::new(attempt)));
            }
            match end {
                Some(end) => tokio::select! { () = end => {} () = self.clock.limit(wait) => {} },
                None => self.clock.limit(POLL_INTERVAL.min(wait)).await,
            }
        }
    }
}

/// The printable part of a text that came over the web, for a page and a log line.
fn printable(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(60)
        .collect()
}
