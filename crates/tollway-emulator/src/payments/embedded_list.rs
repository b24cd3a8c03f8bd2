//! The list of sub-objects that an object embeds: the reversals of a transfer, the refunds of an application fee.

use serde_json::Value;

/// The most sub-objects that an object embeds.
const MAX_EMBEDDED: usize = 10;

/// Adds a sub-object at the start of an embedded list, which keeps the newest ones and counts all.
pub(super) fn prepend_to_list(list: &mut Value, item: &Value) {
    if let Some(data) = list["data"].as_array_mut() {
        data.insert(0, item.clone());
        data.truncate(MAX_EMBEDDED);
    }
    let count = list["total_count"].as_u64().unwrap_or(0) + 1;
    list["total_count"] = count.into();
    list["has_more"] = (count > MAX_EMBEDDED as u64).into();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_embedded_list_keeps_the_ten_newest_items_and_counts_all() {
        let mut list = json!({"data": [], "total_count": 0, "has_more": false});
        for number in 1..=10 {
            prepend_to_list(&mut list, &json!({"number": number}));
        }
        assert_eq!(list["has_more"], false);
        prepend_to_list(&mut list, &json!({"number": 11}));
        assert_eq!(list["has_more"], true);
        assert_eq!(list["total_count"], 11);
        assert_eq!(list["data"].as_array().unwrap().len(), 10);
        assert_eq!(list["data"][0]["number"], 11);
        assert_eq!(list["data"][9]["number"], 2);
    }
}
