//! The callback: whatever comes back from Stripe is settled exactly once.
//!
//! The claim is one conditional update, committed before Stripe is called; whoever wins it exchanges the code, in a task
//! of its own, so that a browser that goes away does not stop it halfway. Everybody else who brings the same answer waits
//! for that one and sees its outcome. A refusal touches no row, except that a seller's own «no», and a code that came too
//! late, end their attempt.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::web::browser_cookie::BrowserCookie;
use crate::id::{hash, constant_time_eq};
use crate::outcome::Outcome;
use crate::platform::Platform;
use crate::store::{Attempt, AttemptStatus, AttemptEnd, Millis, StoreError};
use crate::stripe::is_controlled;

/// Other instances cannot wake a waiting callback, so it looks again this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What the browser is shown.
#[derive(Debug)]
pub(crate) enum CallbackResult {
    /// The attempt's own page: it ended, or asks for confirmation.
    Show(Box<Attempt>),
    /// A page that belongs to no attempt of this browser.
    Refuse(Outcome),
    /// The first callback is still at work.
    StillWorking(Box<Attempt>),
}

/// What came back in the query.
pub(crate) struct CallbackQuery {
    state: Option<String>,
    response: AuthorizationResponse,
}

enum AuthorizationResponse {
    Code(SecretString),
    Error { error: String, description: String },
    Nothing,
}

impl CallbackQuery {
    /// Reads the query of a callback. A parameter that stands there twice, or is absurdly long, is none.
    pub(crate) fn parse(query: &str) -> Self {
        let (mut code, mut state, mut error, mut description) = (None, None, None, None);
        let mut odd = query.len() > 8 * 1024;
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let slot = match key.as_ref() {
                "code" => &mut code,
                "state" => &mut state,
                "error" => &mut error,
                "error_description" => &mut description,
                _ => continue,
            };
            odd |= slot.is_some() || value.len() > 2048 || value.is_empty();
            *slot = Some(value.into_owned());
        }
        let response = match (code, error) {
            _ if odd => AuthorizationResponse::Nothing,
            (Some(code), None) => AuthorizationResponse::Code(SecretString::from(code)),
            (None, Some(error)) => AuthorizationResponse::Error {
                error,
                description: description.unwrap_or_default(),
            },
            _ => AuthorizationResponse::Nothing,
        };
        Self {
            state: if odd { None } else { state },
            response,
        }
    }
}

impl AuthorizationResponse {
    fn label(&self) -> &'static str {
        match self {
            Self::Code(_) => "code",
            Self::Error { .. } => "error",
            Self::Nothing => "nothing",
        }
    }

    /// Tells the same answer from another one.
    fn hash(&self) -> [u8; 32] {
        match self {
            Self::Code(code) => hash(code.expose_secret()),
            Self::Error { error, .. } => hash(&format!("error={error}")),
            Self::Nothing => hash(""),
        }
    }
}

impl Platform {
    /// Settles a callback that came to the platform called `name`.
    pub(crate) async fn callback(
        &self,
        name: &str,
        returned: CallbackQuery,
        browser: &BrowserCookie,
    ) -> Result<CallbackResult, StoreError> {
        let inner = self.inner();
        inner.metrics.returned(name, returned.response.label());
        let answer = self.settle_callback(name, returned, browser).await?;
        if let CallbackResult::Refuse(outcome) = answer {
            inner.metrics.outcome(name, outcome);
            tracing::info!(connect.outcome = %outcome, platform.name = name, "callback refused");
        }
        Ok(answer)
    }

    async fn settle_callback(
        &self,
        name: &str,
        returned: CallbackQuery,
        browser: &BrowserCookie,
    ) -> Result<CallbackResult, StoreError> {
        let CallbackQuery { state, response } = returned;
        let Some(state) = state else {
            let denied = matches!(response, AuthorizationResponse::Error { .. });
            return Ok(CallbackResult::Refuse(if denied {
                Outcome::DeniedWithoutState
            } else {
                Outcome::Malformed
            }));
        };
        let Some(attempt) = self.store().attempt_by_state(hash(&state)).await? else {
            return Ok(CallbackResult::Refuse(Outcome::UnknownState));
        };
        if attempt.realm.platform != name {
            return Ok(CallbackResult::Refuse(Outcome::WrongPlatform));
        }
        if !browser.owns(&attempt) {
            return Ok(CallbackResult::Refuse(Outcome::WrongBrowser));
        }
        match response {
            AuthorizationResponse::Nothing => Ok(CallbackResult::Refuse(Outcome::Malformed)),
            AuthorizationResponse::Error { .. } => self.settle_refusal(attempt, response).await,
            AuthorizationResponse::Code(ref code) => {
                self.settle_code(attempt, code.clone(), response.hash())
                    .await
            }
        }
    }

    /// Stripe sent an error instead of a code: the seller said no, most likely.
    async fn settle_refusal(
        &self,
        attempt: Attempt,
        response: AuthorizationResponse,
    ) -> Result<CallbackResult, StoreError> {
        let AuthorizationResponse::Error { error, description } = &response else {
            return Ok(CallbackResult::Refuse(Outcome::Malformed));
        };
        let outcome = match error.as_str() {
            "access_denied" if is_controlled(description) => Outcome::AccountControlled,
            "access_denied" => Outcome::Denied,
            _ if is_controlled(description) => Outcome::AccountControlled,
            _ => Outcome::StripeRefused,
        };
        let now = self.now();
        let late = attempt.expires_at <= now;
        let end = AttemptEnd {
            outcome: if late { Outcome::Expired } else { outcome },
            account: None,
            detail: (outcome != Outcome::Denied).then(|| format!("error {}", printable(error))),
            answer_hash: Some(response.hash()),
            at: now,
        };
        match self.finish(&attempt, AttemptStatus::Pending, end).await? {
            Some(ended) => Ok(CallbackResult::Show(Box::new(ended))),
            None => self.show_first(&attempt.id, response.hash()).await,
        }
    }

    /// Stripe sent a code. Of all who bring one for this attempt, one gets to exchange it.
    async fn settle_code(
        &self,
        attempt: Attempt,
        code: SecretString,
        answer_hash: [u8; 32],
    ) -> Result<CallbackResult, StoreError> {
        if let Some(answer) = self.claim_and_exchange(&attempt, code, answer_hash).await? {
            return Ok(answer);
        }
        let now = self.now();
        if attempt.expires_at <= now {
            let end = AttemptEnd {
                outcome: Outcome::Expired,
                account: None,
                detail: None,
                answer_hash: Some(answer_hash),
                at: now,
            };
            if let Some(ended) = self.finish(&attempt, AttemptStatus::Pending, end).await? {
                return Ok(CallbackResult::Show(Box::new(ended)));
            }
        }
        self.show_first(&attempt.id, answer_hash).await
    }

    /// Claims, exchanges and records in a task of its own, so that a browser that hangs up stops none of it. None: the
    /// attempt was not there to be claimed.
    async fn claim_and_exchange(
        &self,
        attempt: &Attempt,
        code: SecretString,
        answer_hash: [u8; 32],
    ) -> Result<Option<CallbackResult>, StoreError> {
        // Announced before it is claimed, so that whoever finds it claimed can wait for its end.
        let guard = self.inner().in_flight.begin(&attempt.id);
        let (platform, id) = (self.clone(), attempt.id.clone());
        let task = tokio::spawn(async move {
            let store = platform.store();
            let claimed = store
                .claim_attempt(&id, answer_hash, platform.now())
                .await?;
            let settled = match claimed {
                Some(claimed) => Some(platform.exchange_and_record(claimed, code).await?),
                None => None,
            };
            drop(guard);
            Ok(settled)
        });
        match task.await {
            Ok(settled) => settled.map(|ended| ended.map(|ended| CallbackResult::Show(Box::new(ended)))),
            Err(error) => {
                tracing::error!(attempt.id = attempt.id, error = %error, "the exchange did not end; it will be resolved later");
                let attempt = self.store().attempt(&attempt.id).await?;
                Ok(Some(
                    attempt.map_or(CallbackResult::Refuse(Outcome::Interrupted), |attempt| {
                        CallbackResult::StillWorking(Box::new(attempt))
                    }),
                ))
            }
        }
    }

    /// Another callback came first. If it brought the same, its outcome is this one's, too; wait for it if need be.
    async fn show_first(&self, id: &str, answer_hash: [u8; 32]) -> Result<CallbackResult, StoreError> {
        let inner = self.inner();
        let wait = Duration::from_secs(inner.config.connect.wait_seconds.into());
        let give_up = inner.clock.monotonic() + wait;
        loop {
            // Subscribe before looking, so that an end in between is not missed.
            let end = inner.in_flight.end_of(id);
            let Some(attempt) = inner.store.attempt(id).await? else {
                return Ok(CallbackResult::Refuse(Outcome::UnknownState));
            };
            let brought_same = attempt
                .answer_hash
                .is_some_and(|first| constant_time_eq(&first, &answer_hash));
            if !brought_same && attempt.status != AttemptStatus::Pending {
                return Ok(CallbackResult::Refuse(Outcome::Replayed));
            }
            match attempt.status {
                AttemptStatus::Finished | AttemptStatus::Confirming => {
                    return Ok(CallbackResult::Show(Box::new(attempt)));
                }
                AttemptStatus::Exchanging if self.is_lost(&attempt) => {
                    let resolved = self.resolve_lost(attempt).await?;
                    return Ok(CallbackResult::Show(Box::new(resolved)));
                }
                AttemptStatus::Pending | AttemptStatus::Exchanging => {}
            }
            if inner.clock.monotonic() >= give_up {
                return Ok(CallbackResult::StillWorking(Box::new(attempt)));
            }
            match end {
                Some(end) => tokio::select! { () = end => {} () = inner.clock.limit(wait) => {} },
                None => inner.clock.limit(LOOK_AGAIN.min(wait)).await,
            }
        }
    }

    /// Ends an attempt and counts it. None: it no longer stood where it was seen.
    pub(crate) async fn finish(
        &self,
        attempt: &Attempt,
        from: AttemptStatus,
        end: AttemptEnd,
    ) -> Result<Option<Attempt>, StoreError> {
        let outcome = end.outcome;
        let ended = self.store().finish_attempt(&attempt.id, from, end).await?;
        if ended.is_some() {
            self.inner()
                .metrics
                .outcome(&attempt.realm.platform, outcome);
            tracing::info!(attempt.id = attempt.id, connect.outcome = %outcome, "connect attempt ended");
        }
        Ok(ended)
    }

    /// Is an exchange under way for so long that the process that ran it must have died?
    pub(crate) fn is_lost(&self, attempt: &Attempt) -> bool {
        let limit = self.config().connect.exchange_is_lost_after();
        let limit = Millis::try_from(limit.as_millis()).unwrap_or(Millis::MAX);
        attempt
            .claimed_at
            .is_some_and(|since| self.now() - since >= limit)
    }
}

/// Words that came over the web, made fit for a page and a log line.
fn printable(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(60)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label(query: &str) -> (&'static str, bool) {
        let returned = CallbackQuery::parse(query);
        (returned.response.label(), returned.state.is_some())
    }

    #[test]
    fn reads_what_stripe_sends() {
        assert_eq!(label("scope=read_write&code=ac_1&state=s"), ("code", true));
        assert_eq!(
            label("error=access_denied&error_description=no&state=s"),
            ("error", true)
        );
        assert_eq!(label("error=access_denied"), ("error", false));
        assert_eq!(label(""), ("nothing", false));
    }

    #[test]
    fn what_is_ambiguous_is_nothing() {
        assert_eq!(label("code=a&code=b&state=s"), ("nothing", false));
        assert_eq!(label("code=a&state=s&state=t"), ("nothing", false));
        assert_eq!(
            label("code=a&error=access_denied&state=s"),
            ("nothing", true)
        );
        assert_eq!(label("code=&state=s"), ("nothing", false));
        assert_eq!(
            label(&format!("code={}&state=s", "x".repeat(3000))),
            ("nothing", false)
        );
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query: String) {
            let _ = CallbackQuery::parse(&query);
        }
    }
}
