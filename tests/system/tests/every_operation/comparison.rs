//! What an accessor gives, beside what the JSON has.

use tollway::view::MapValue;
use tollway::{
    Decimal, Expandable, Json, List, MapView, Rfc3339, SearchResult, Timestamp, V2List, View,
};

use super::call::Verdict;

/// A value that an accessor gives.
pub(super) trait Seen {
    /// Compares it with the JSON it was read from: null when there was none.
    fn seen(&self, json: &Json, see: &mut See);

    /// Whether it may stand for nothing. What is always there reads as zero when it is not: that is for `check` to tell.
    fn fits_nothing(&self) -> bool {
        true
    }
}

/// Goes through an answer and notes what differs.
#[derive(Default)]
pub(super) struct See {
    path: Vec<String>,
    verdict: Verdict,
}

/// An object whose fields are compared.
pub(super) struct Members<'s> {
    see: &'s mut See,
    json: &'s Json,
    component: &'static str,
}

impl See {
    pub(super) fn object<'s>(&'s mut self, json: &'s Json, component: &'static str) -> Members<'s> {
        Members {
            see: self,
            json,
            component,
        }
    }

    /// A union that does not know its object.
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

    fn step(&mut self, name: &str, value: &impl Seen, json: &Json) {
        self.path.push(name.to_owned());
        value.seen(json, self);
        self.path.pop();
    }

    fn check(&mut self, same: bool, value: &dyn std::fmt::Debug, json: &Json) {
        if !same {
            self.fault(&format!("{value:?} was read from {json:?}"));
        }
    }
}

impl Members<'_> {
    pub(super) fn field(&mut self, name: &'static str, value: &impl Seen) {
        let there = self.json.get(name).filter(|value| !value.is_null());
        match there {
            Some(json) => {
                self.see.verdict.fields.push((self.component, name));
                self.see.step(name, value, &json);
            }
            None if value.fits_nothing() => {}
            None => self
                .see
                .fault(&format!("{name} is there, but not in the JSON")),
        }
    }
}

fn null() -> Json {
    Json::parse("null").unwrap()
}

impl Seen for &str {
    fn seen(&self, json: &Json, see: &mut See) {
        see.check(json.as_str() == Some(self), self, json);
    }
}

impl Seen for bool {
    fn seen(&self, json: &Json, see: &mut See) {
        see.check(json.as_bool() == Some(*self), self, json);
    }
}

impl Seen for i64 {
    fn seen(&self, json: &Json, see: &mut See) {
        // API v2 sends whole numbers as text.
        let digits = json.as_str().or_else(|| json.number_text());
        see.check(digits == Some(self.to_string().as_str()), self, json);
    }
}

impl Seen for f64 {
    fn seen(&self, json: &Json, see: &mut See) {
        let same = json
            .as_f64()
            .is_some_and(|number| number.to_bits() == self.to_bits());
        see.check(same, self, json);
    }
}

impl Seen for Timestamp {
    fn seen(&self, json: &Json, see: &mut See) {
        self.unix_seconds().seen(json, see);
    }
}

impl Seen for Decimal<'_> {
    fn seen(&self, json: &Json, see: &mut See) {
        let digits = json.as_str().or_else(|| json.number_text());
        see.check(digits == Some(self.as_str()), self, json);
    }
}

impl Seen for Rfc3339<'_> {
    fn seen(&self, json: &Json, see: &mut See) {
        let good = json.as_str() == Some(self.as_str()) && self.timestamp().is_some();
        see.check(good, self, json);
    }
}

impl Seen for Json {
    fn seen(&self, json: &Json, see: &mut See) {
        see.check(self.text() == json.text(), self, json);
    }
}

impl<T: Seen> Seen for Option<T> {
    fn seen(&self, json: &Json, see: &mut See) {
        match self {
            Some(value) => value.seen(json, see),
            None => see.check(json.is_null(), &"nothing", json),
        }
    }

    fn fits_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T: Seen> Seen for Vec<T> {
    fn seen(&self, json: &Json, see: &mut See) {
        see.check(self.len() == json.len(), &self.len(), json);
        for (value, json) in self.iter().zip(json.items()) {
            see.step("[]", value, &json);
        }
    }
}

impl<'a, V: MapValue<'a> + Seen> Seen for MapView<'a, V> {
    fn seen(&self, json: &Json, see: &mut See) {
        see.check(self.iter().count() == json.len(), &self.len(), json);
        for (key, value) in self.iter() {
            see.step(key, &value, &json.get(key).unwrap_or_else(null));
        }
    }
}

impl<T: View + Seen> Seen for Expandable<T> {
    fn seen(&self, json: &Json, see: &mut See) {
        match self.object() {
            Some(object) => object.seen(json, see),
            None => self.id().seen(json, see),
        }
    }
}

impl<T: View + Seen> Seen for List<T> {
    fn seen(&self, json: &Json, see: &mut See) {
        let data = json.get("data").unwrap_or_else(null);
        see.step("data", &self.data(), &data);
        let mut page = see.object(json, "list");
        page.field("has_more", &self.has_more());
        page.field("url", &self.url());
        page.field("total_count", &self.total_count());
    }
}

impl<T: View + Seen> Seen for SearchResult<T> {
    fn seen(&self, json: &Json, see: &mut See) {
        let data = json.get("data").unwrap_or_else(null);
        see.step("data", &self.data(), &data);
        let mut page = see.object(json, "search_result");
        page.field("has_more", &self.has_more());
        page.field("url", &self.url());
        page.field("next_page", &self.next_page());
        page.field("total_count", &self.total_count());
    }
}

impl<T: View + Seen> Seen for V2List<T> {
    fn seen(&self, json: &Json, see: &mut See) {
        let data = json.get("data").unwrap_or_else(null);
        see.step("data", &self.data(), &data);
        let mut page = see.object(json, "v2 list");
        page.field("next_page_url", &self.next_page_url());
        page.field("previous_page_url", &self.previous_page_url());
    }
}
