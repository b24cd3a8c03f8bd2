//! Comparing the value of an accessor with the JSON of the response.

use tollway::view::MapValue;
use tollway::{
    Decimal, Expandable, Json, List, MapView, Rfc3339, SearchResult, Timestamp, V2List, View,
};

use super::call::Verdict;

/// The value of an accessor.
pub(super) trait CompareWithJson {
    /// Compares the value with the JSON it was read from; `json` is null if the member is absent.
    fn compare_with(&self, json: &Json, comparison: &mut Comparison);

    /// Whether the value may belong to an absent member. A required member that is absent reads as zero; `check` reports that.
    fn may_be_absent(&self) -> bool {
        true
    }
}

/// Walks through a response and collects the differences.
#[derive(Default)]
pub(super) struct Comparison {
    path: Vec<String>,
    verdict: Verdict,
}

/// An object whose fields are compared.
pub(super) struct Members<'s> {
    comparison: &'s mut Comparison,
    json: &'s Json,
    component: &'static str,
}

impl Comparison {
    pub(super) fn object<'s>(&'s mut self, json: &'s Json, component: &'static str) -> Members<'s> {
        Members {
            comparison: self,
            json,
            component,
        }
    }

    /// Reports a union that has no variant for the object.
    pub(super) fn unknown(&mut self, json: &Json) {
        self.fault(&format!("an object the union does not know: {json:?}"));
    }

    pub(super) fn fault(&mut self, what: &str) {
        let fault = format!("{}: {what}", self.path.join("."));
        self.verdict.faults.push(fault);
    }

    pub(super) fn verdict(self) -> Verdict {
        self.verdict
    }

    fn step(&mut self, name: &str, value: &impl CompareWithJson, json: &Json) {
        self.path.push(name.to_owned());
        value.compare_with(json, self);
        self.path.pop();
    }

    fn check(&mut self, same: bool, value: &dyn std::fmt::Debug, json: &Json) {
        if !same {
            self.fault(&format!("{value:?} was read from {json:?}"));
        }
    }
}

impl Members<'_> {
    pub(super) fn field(&mut self, name: &'static str, value: &impl CompareWithJson) {
        let there = self.json.get(name).filter(|value| !value.is_null());
        match there {
            Some(json) => {
                self.comparison.verdict.fields.push((self.component, name));
                self.comparison.step(name, value, &json);
            }
            None if value.may_be_absent() => {}
            None => self.comparison.fault(&format!(
                "{name} has a value, but the JSON has no such member"
            )),
        }
    }
}

fn null() -> Json {
    Json::parse("null").unwrap()
}

impl CompareWithJson for &str {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        comparison.check(json.as_str() == Some(self), self, json);
    }
}

impl CompareWithJson for bool {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        comparison.check(json.as_bool() == Some(*self), self, json);
    }
}

impl CompareWithJson for i64 {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        // API v2 sends whole numbers as text.
        let digits = json.as_str().or_else(|| json.number_text());
        comparison.check(digits == Some(self.to_string().as_str()), self, json);
    }
}

impl CompareWithJson for f64 {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        let same = json
            .as_f64()
            .is_some_and(|number| number.to_bits() == self.to_bits());
        comparison.check(same, self, json);
    }
}

impl CompareWithJson for Timestamp {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        self.unix_seconds().compare_with(json, comparison);
    }
}

impl CompareWithJson for Decimal<'_> {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        let digits = json.as_str().or_else(|| json.number_text());
        comparison.check(digits == Some(self.as_str()), self, json);
    }
}

impl CompareWithJson for Rfc3339<'_> {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        let good = json.as_str() == Some(self.as_str()) && self.timestamp().is_some();
        comparison.check(good, self, json);
    }
}

impl CompareWithJson for Json {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        comparison.check(self.text() == json.text(), self, json);
    }
}

impl<T: CompareWithJson> CompareWithJson for Option<T> {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        match self {
            Some(value) => value.compare_with(json, comparison),
            None => comparison.check(json.is_null(), &"nothing", json),
        }
    }

    fn may_be_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: CompareWithJson> CompareWithJson for Vec<T> {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        comparison.check(self.len() == json.len(), &self.len(), json);
        for (value, json) in self.iter().zip(json.items()) {
            comparison.step("[]", value, &json);
        }
    }
}

impl<'a, V: MapValue<'a> + CompareWithJson> CompareWithJson for MapView<'a, V> {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        comparison.check(self.iter().count() == json.len(), &self.len(), json);
        for (key, value) in self.iter() {
            comparison.step(key, &value, &json.get(key).unwrap_or_else(null));
        }
    }
}

impl<T: View + CompareWithJson> CompareWithJson for Expandable<T> {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        match self.object() {
            Some(object) => object.compare_with(json, comparison),
            None => self.id().compare_with(json, comparison),
        }
    }
}

impl<T: View + CompareWithJson> CompareWithJson for List<T> {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        let data = json.get("data").unwrap_or_else(null);
        comparison.step("data", &self.data(), &data);
        let mut page = comparison.object(json, "list");
        page.field("has_more", &self.has_more());
        page.field("url", &self.url());
        page.field("total_count", &self.total_count());
    }
}

impl<T: View + CompareWithJson> CompareWithJson for SearchResult<T> {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        let data = json.get("data").unwrap_or_else(null);
        comparison.step("data", &self.data(), &data);
        let mut page = comparison.object(json, "search_result");
        page.field("has_more", &self.has_more());
        page.field("url", &self.url());
        page.field("next_page", &self.next_page());
        page.field("total_count", &self.total_count());
    }
}

impl<T: View + CompareWithJson> CompareWithJson for V2List<T> {
    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {
        let data = json.get("data").unwrap_or_else(null);
        comparison.step("data", &self.data(), &data);
        let mut page = comparison.object(json, "v2 list");
        page.field("next_page_url", &self.next_page_url());
        page.field("previous_page_url", &self.previous_page_url());
    }
}
