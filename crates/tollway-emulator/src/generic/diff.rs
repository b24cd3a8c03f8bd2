//! `previous_attributes`: the changed fields of an object with their former values.

use serde_json::{Map, Value};

/// What was before, of what changed; none if nothing did. Objects are compared member by member, lists as wholes.
pub(crate) fn previous_attributes(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return Some(before.clone());
    };
    let mut previous = Map::new();
    for (name, old_value) in old {
        let Some(new_value) = new.get(name) else {
            previous.insert(name.clone(), old_value.clone());
            continue;
        };
        if let Some(value) = previous_attributes(old_value, new_value) {
            previous.insert(name.clone(), value);
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        previous.insert(name.clone(), Value::Null);
    }
    Some(Value::Object(previous))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_changed_with_its_former_value() {
        let before =
            json!({"id": "x", "email": null, "metadata": {"a": "1", "b": "2"}, "list": [1]});
        let after = json!({"id": "x", "email": "e", "metadata": {"a": "1", "b": "3", "c": "4"}, "list": [1, 2]});
        let expected = json!({"email": null, "metadata": {"b": "2", "c": null}, "list": [1]});
        assert_eq!(previous_attributes(&before, &after), Some(expected));
        assert_eq!(previous_attributes(&before, &before), None);
    }
}
