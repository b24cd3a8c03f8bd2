//! What a recording must not hold: keys, tokens, card numbers.

use serde_json::Value;

use crate::json::is_secret;

/// The text that replaces a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// Parameters with card and account numbers. Responses do not have them; their `number` is that of an invoice.
const NUMBERS: [&str; 8] = [
    "account_number",
    "cvc",
    "id_number",
    "number",
    "password",
    "personal_id_number",
    "routing_number",
    "ssn_last_4",
];

/// How keys, tokens and codes begin, wherever they are.
const PREFIXES: [&str; 12] = [
    "ac_", "ek_live_", "ek_test_", "pk_live_", "pk_test_", "rk_live_", "rk_test_", "rt_",
    "sk_live_", "sk_test_", "sk_org_", "whsec_",
];

/// Names of the caller's own besides.
#[derive(Debug, Clone, Default)]
pub(super) struct Redaction(pub(super) Vec<String>);

impl Redaction {
    fn hides(&self, name: &str, value: &str) -> bool {
        is_secret(name)
            || self.0.iter().any(|own| own == name)
            || PREFIXES.iter().any(|prefix| value.starts_with(prefix))
            || value.contains("_secret_")
    }

    /// Parameters by their names on the wire; the last part of a name counts.
    pub(super) fn params(&self, params: &mut [(String, String)]) {
        for (name, value) in params {
            let last = name.trim_end_matches(']').rsplit('[').next();
            let last = last.unwrap_or_default();
            if NUMBERS.contains(&last) || self.hides(last, value) {
                REDACTED.clone_into(value);
            }
        }
    }

    /// The members of an answer, at any depth.
    pub(super) fn json(&self, name: &str, json: &mut Value) {
        match json {
            Value::Object(members) => {
                for (name, value) in members {
                    self.json(name, value);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(name, item)),
            Value::String(text) if self.hides(name, text) => REDACTED.clone_into(text),
            Value::Number(_) if self.0.iter().any(|own| own == name) => {
                *json = REDACTED.into();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_go_by_name_and_by_look_at_any_depth() {
        let redaction = Redaction(vec!["email".to_owned()]);
        let mut answer = json!({
            "id": "pi_1", "client_secret": "pi_1_secret_x", "email": "jenny@example.com", "last4": "4242",
            "list": [{"secret": "whsec_1", "note": "sk_test_abc"}], "code": "card_declined",
        });
        redaction.json("", &mut answer);
        assert_eq!(
            answer,
            json!({
                "id": "pi_1", "client_secret": REDACTED, "email": REDACTED, "last4": "4242",
                "list": [{"secret": REDACTED, "note": REDACTED}], "code": "card_declined",
            })
        );
        let mut params = [
            ("card[number]".to_owned(), "4242424242424242".to_owned()),
            ("code".to_owned(), "ac_123".to_owned()),
            ("amount".to_owned(), "1000".to_owned()),
        ];
        redaction.params(&mut params);
        let values = params.map(|(_, value)| value);
        assert_eq!(values, [REDACTED, REDACTED, "1000"]);
    }
}
