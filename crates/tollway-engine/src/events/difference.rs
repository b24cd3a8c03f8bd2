//! `data.previous_attributes` of an update event: the old values of what changed.

use serde_json::{Map, Value};

/// The members of `before` that `after` changed. Objects are compared member by member, everything else as a whole; a
/// member that is new was `null` before.
pub fn previous_attributes(before: &Value, after: &Value) -> Map<String, Value> {
    let mut changed = Map::new();
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return changed;
    };
    for (name, old) in before {
        match after.get(name) {
            Some(new) if new == old => {}
            Some(new) if old.is_object() && new.is_object() => {
                changed.insert(name.clone(), Value::Object(previous_attributes(old, new)));
            }
            _ => {
                changed.insert(name.clone(), old.clone());
            }
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        changed.insert(name.clone(), Value::Null);
    }
    changed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_changed_with_its_old_value() {
        let before = json!({"name": "a", "email": null, "list": [1, 2], "address": {"city": "x", "line1": "y"}, "metadata": {"k": "1"}});
        let after = json!({"name": "b", "email": null, "list": [1], "address": {"city": "z", "line1": "y"}, "metadata": {"k": "1", "n": "2"}});
        let expected =
            json!({"name": "a", "list": [1, 2], "address": {"city": "x"}, "metadata": {"n": null}});
        assert_eq!(
            Value::Object(previous_attributes(&before, &after)),
            expected
        );
        assert!(previous_attributes(&after, &after).is_empty());
    }
}
