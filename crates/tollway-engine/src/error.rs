//! Errors as Stripe words them, and the bodies they are sent in.
//!
//! A handler returns an [`ApiError`]; the HTTP front writes it in the shape of the API it was asked through: `{"error": {…}}` for
//! `/v1` and `/v2` (<https://docs.stripe.com/api/errors>), `{"error": "…", "error_description": "…"}` for OAuth
//! (<https://docs.stripe.com/connect/oauth-reference>). Wording, `type`, `code` and `param` are what clients match on,
//! so they follow Stripe's.

use serde_json::{Map, Value, json};

use crate::scope::Mode;

/// An answer that is not a success.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// What the body says.
    pub body: ErrorBody,
    /// Keep what was written before the error, as a declined charge is kept. Otherwise everything is undone.
    pub keep_changes: bool,
    /// `Stripe-Should-Retry`, when Stripe has an opinion.
    pub should_retry: Option<bool>,
    /// Type and id of the object that is missing, if that is the fault.
    missing: Option<Box<(String, String)>>,
}

/// The two shapes of an error body.
#[derive(Debug, Clone, PartialEq)]
pub enum ErrorBody {
    /// Members of `error` in `/v1` and `/v2`: `type`, `code`, `message`, `param`, `decline_code`, ….
    Api(Map<String, Value>),
    /// OAuth's two texts.
    OAuth {
        /// The code, `invalid_grant`.
        error: String,
        /// What went wrong.
        description: String,
    },
}

impl ApiError {
    /// An error of any `type` and wording.
    pub fn new(status: u16, type_: &str, message: impl Into<String>) -> Self {
        let mut body = Map::new();
        body.insert("message".into(), message.into().into());
        body.insert("type".into(), type_.into());
        Self {
            status,
            body: ErrorBody::Api(body),
            keep_changes: false,
            should_retry: None,
            missing: None,
        }
    }

    /// An OAuth error, on `/oauth/*` only.
    pub fn oauth(status: u16, error: &str, description: impl Into<String>) -> Self {
        let body = ErrorBody::OAuth {
            error: error.into(),
            description: description.into(),
        };
        Self {
            status,
            body,
            keep_changes: false,
            should_retry: None,
            missing: None,
        }
    }

    /// 400 `invalid_request_error` about the request as a whole.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// 400 `invalid_request_error` about one parameter, `transfer_data[destination]`.
    pub fn invalid_param(param: &str, message: impl Into<String>) -> Self {
        Self::invalid_request(message).param(param)
    }

    /// Parameters the operation does not know. `meant` is what a single one was probably meant to be.
    #[must_use]
    pub fn unknown_parameters(names: &[String], meant: Option<&str>) -> Self {
        let message = match (names, meant) {
            ([one], Some(meant)) => {
                format!("Received unknown parameter: {one}. Did you mean {meant}?")
            }
            ([one], None) => format!("Received unknown parameter: {one}"),
            _ => format!("Received unknown parameters: {}", names.join(", ")),
        };
        let error = Self::invalid_request(message).code("parameter_unknown");
        names
            .first()
            .map_or(error.clone(), |first| error.param(first))
    }

    /// A required parameter is not there.
    #[must_use]
    pub fn missing_parameter(param: &str) -> Self {
        Self::invalid_param(param, format!("Missing required param: {param}."))
            .code("parameter_missing")
    }

    /// Not a whole number, or one beyond 64 bits.
    #[must_use]
    pub fn invalid_integer(param: &str, given: &str) -> Self {
        Self::invalid_param(param, format!("Invalid integer: {given}"))
            .code("parameter_invalid_integer")
    }

    /// An empty text where the parameter cannot be unset.
    #[must_use]
    pub fn empty_parameter(param: &str) -> Self {
        let message = format!(
            "You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; however \
             '{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty value."
        );
        Self::invalid_param(param, message).code("parameter_invalid_empty")
    }

    /// Not one of an enum's values.
    #[must_use]
    pub fn invalid_enum(param: &str, allowed: &[&str]) -> Self {
        let name = param
            .rsplit('[')
            .next()
            .unwrap_or(param)
            .trim_end_matches(']');
        let list = match allowed {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [one, two] => format!("{one} or {two}"),
            [head @ .., last] => format!("{}, or {last}", head.join(", ")),
        };
        Self::invalid_param(param, format!("Invalid {name}: must be one of {list}"))
    }

    /// 404: the object in the URL does not exist. `noun` is Stripe's word for it, `customer`.
    #[must_use]
    pub fn no_such(noun: &str, id: &str, param: &str) -> Self {
        let mut error = Self::no_such_reference(noun, id, param);
        error.status = 404;
        error
    }

    /// 400: an object named by a parameter does not exist.
    #[must_use]
    pub fn no_such_reference(noun: &str, id: &str, param: &str) -> Self {
        Self::invalid_param(param, format!("No such {noun}: '{id}'")).code("resource_missing")
    }

    /// 404: no operation at this URL.
    #[must_use]
    pub fn unknown_url(method: &str, path: &str) -> Self {
        let message = format!(
            "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at \
             https://support.stripe.com/."
        );
        Self::new(404, "invalid_request_error", message)
    }

    /// 401: no key at all.
    #[must_use]
    pub fn no_key() -> Self {
        let message = "You did not provide an API key. You need to provide your API key in the Authorization header, using \
                       Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See \
                       https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.";
        Self::new(401, "invalid_request_error", message)
    }

    /// 401: a key that is none. `redacted` shows only what may be shown of it.
    #[must_use]
    pub fn invalid_key(redacted: &str) -> Self {
        Self::new(
            401,
            "invalid_request_error",
            format!("Invalid API Key provided: {redacted}"),
        )
    }

    /// 401: a key that was one: a rolled key or a revoked access token.
    #[must_use]
    pub fn expired_key(redacted: &str) -> Self {
        let message = format!("Expired API Key provided: {redacted}");
        Self::new(401, "invalid_request_error", message).code("api_key_expired")
    }

    /// 401: a publishable key where a secret one is needed.
    #[must_use]
    pub fn secret_key_required() -> Self {
        let message = "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a \
                       list of your API keys at https://dashboard.stripe.com/account/apikeys.";
        Self::new(401, "invalid_request_error", message).code("secret_key_required")
    }

    /// 403: the account is not connected to the platform, or not any more.
    #[must_use]
    pub fn account_invalid(redacted_key: &str, account: &str) -> Self {
        let message = format!(
            "The provided key '{redacted_key}' does not have access to account '{account}' (or that account does not \
             exist). Application access may have been revoked."
        );
        Self::new(403, "invalid_request_error", message).code("account_invalid")
    }

    /// 403: the key may not do this.
    pub fn permission(message: impl Into<String>) -> Self {
        Self::new(403, "invalid_request_error", message)
    }

    /// 403: a restricted key lacks a permission, `rak_charge_read`.
    #[must_use]
    pub fn missing_permission(redacted_key: &str, account: &str, permission: &str) -> Self {
        Self::permission(format!(
            "The provided key '{redacted_key}' does not have the required permissions for this endpoint on account \
             '{account}'. Having the '{permission}' permission would allow this request to continue."
        ))
    }

    /// 402: the bank said no. The message may be shown to a card holder.
    pub fn card(code: &str, message: impl Into<String>) -> Self {
        Self::new(402, "card_error", message).code(code)
    }

    /// 400: the key was used with other parameters.
    #[must_use]
    pub fn idempotency_mismatch(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a \
             key other than '{key}' if you meant to execute a different request."
        );
        Self::new(400, "idempotency_error", message)
    }

    /// 409: the first request with this key has not been answered yet.
    #[must_use]
    pub fn idempotency_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Stripe-Idempotency-Key (that probably means you \
             submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        let mut error = Self::new(409, "idempotency_error", message).code("idempotency_key_in_use");
        error.should_retry = Some(true);
        error
    }

    /// 429.
    #[must_use]
    pub fn rate_limited() -> Self {
        let message = "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.";
        Self::new(429, "invalid_request_error", message).code("rate_limit")
    }

    /// 500 `api_error`.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "api_error", message)
    }

    /// Sets `code`, and with it `doc_url`.
    #[must_use]
    pub fn code(self, code: &str) -> Self {
        let url = format!(
            "https://stripe.com/docs/error-codes/{}",
            code.replace('_', "-")
        );
        self.with("code", code).with("doc_url", url)
    }

    /// Sets `param`.
    #[must_use]
    pub fn param(self, param: &str) -> Self {
        self.with("param", param)
    }

    /// Sets `decline_code`.
    #[must_use]
    pub fn decline_code(self, decline_code: &str) -> Self {
        self.with("decline_code", decline_code)
    }

    /// Sets any member of `error`; no effect on OAuth bodies.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let ErrorBody::Api(body) = &mut self.body {
            body.insert(name.into(), value.into());
        }
        self
    }

    /// Says which object is missing.
    #[must_use]
    pub fn about(mut self, object_type: &str, id: &str) -> Self {
        self.missing = Some(Box::new((object_type.to_owned(), id.to_owned())));
        self
    }

    /// Type and id of the object that is missing, if that is the fault.
    pub fn missing(&self) -> Option<(&str, &str)> {
        let (object_type, id) = &**self.missing.as_ref()?;
        Some((object_type, id))
    }

    /// Adds to the message that the object exists in the mode that the key is not of.
    #[must_use]
    pub fn exists_in_other_mode(self, mode: Mode) -> Self {
        let other = if mode.is_live() { "test" } else { "live" };
        let message = format!(
            "{}; a similar object exists in {other} mode, but a {mode} mode key was used to make this request.",
            self.get("message").unwrap_or_default()
        );
        self.with("message", message)
    }

    /// Keeps what was written before the error.
    #[must_use]
    pub fn keeping_changes(mut self) -> Self {
        self.keep_changes = true;
        self
    }

    /// A text member of the body: `message`, `code`, `param`, `type`; for OAuth `error` and `error_description`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        match (&self.body, name) {
            (ErrorBody::Api(body), name) => body.get(name).and_then(Value::as_str),
            (ErrorBody::OAuth { error, .. }, "error") => Some(error),
            (ErrorBody::OAuth { description, .. }, "error_description") => Some(description),
            _ => None,
        }
    }

    /// The body to send.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.body {
            ErrorBody::Api(body) => json!({ "error": body }),
            ErrorBody::OAuth { error, description } => {
                json!({"error": error, "error_description": description})
            }
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self
            .get("message")
            .or_else(|| self.get("error_description"))
            .unwrap_or_default();
        write!(f, "{} {text}", self.status)
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_stripes_shape() {
        let error = ApiError::no_such("customer", "cus_x", "id");
        assert_eq!(error.status, 404);
        assert_eq!(
            error.to_json(),
            json!({"error": {
                "code": "resource_missing",
                "doc_url": "https://stripe.com/docs/error-codes/resource-missing",
                "message": "No such customer: 'cus_x'",
                "param": "id",
                "type": "invalid_request_error",
            }})
        );
        let oauth = ApiError::oauth(400, "invalid_grant", "no such code");
        assert_eq!(
            oauth.to_json(),
            json!({"error": "invalid_grant", "error_description": "no such code"})
        );
    }

    #[test]
    fn enums_are_listed_as_stripe_lists_them() {
        let error = ApiError::invalid_enum("card[capture]", &["a", "b", "c"]);
        assert_eq!(
            error.get("message"),
            Some("Invalid capture: must be one of a, b, or c")
        );
        assert_eq!(error.get("param"), Some("card[capture]"));
        assert_eq!(
            ApiError::invalid_enum("x", &["a", "b"]).get("message"),
            Some("Invalid x: must be one of a or b")
        );
        let unknown = ApiError::unknown_parameters(&["nmae".into()], Some("name"));
        assert_eq!(
            unknown.get("message"),
            Some("Received unknown parameter: nmae. Did you mean name?")
        );
        let unknown = ApiError::unknown_parameters(&["a".into(), "b".into()], None);
        assert_eq!(
            unknown.get("message"),
            Some("Received unknown parameters: a, b")
        );
        assert_eq!(unknown.get("param"), Some("a"));
    }
}
