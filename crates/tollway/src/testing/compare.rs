//! Comparison of an expected or recorded request with one that was sent.

use std::fmt;

use super::exchange::StubRequest;

/// What identifies a request: method, path, and the parameters of query and body together, as flat `a[b][0]` pairs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RequestOutline {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) params: Vec<(String, String)>,
}

impl RequestOutline {
    pub(super) fn of(request: &StubRequest) -> Self {
        Self {
            method: request.method().to_owned(),
            path: request.path().to_owned(),
            params: request.params(),
        }
    }

    fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What is in this request and differs in the other, one sentence each. Parameters of the other that this one does
    /// not name count only when `whole`.
    pub(super) fn differences(&self, sent: &Self, whole: bool) -> Vec<String> {
        let mut out = Vec::new();
        if self.method != sent.method {
            out.push(format!(
                "the method is {} instead of {}",
                sent.method, self.method
            ));
        }
        if !path_fits(&self.path, &sent.path) {
            out.push(format!(
                "the path is {} instead of {}",
                sent.path, self.path
            ));
        }
        for (name, expected) in &self.params {
            match sent.param(name) {
                Some(value) if value == expected => {}
                Some(value) => out.push(format!("{name} is `{value}` instead of `{expected}`")),
                None => out.push(format!("{name} is missing instead of `{expected}`")),
            }
        }
        for (name, value) in sent.params.iter().filter(|_| whole) {
            if self.param(name).is_none() {
                out.push(format!("{name} is `{value}` and should be absent"));
            }
        }
        out
    }
}

impl fmt::Display for RequestOutline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (at, (name, value)) in self.params.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { " with " } else { ", " })?;
        }
        Ok(())
    }
}

/// Whether a path is the expected one, where `{name}` stands for any one segment.
fn path_fits(expected: &str, path: &str) -> bool {
    let (mut expected, mut path) = (expected.split('/'), path.split('/'));
    loop {
        match (expected.next(), path.next()) {
            (None, None) => return true,
            (Some(hole), Some(segment)) if hole.starts_with('{') && !segment.is_empty() => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(method: &str, path: &str, params: &[(&str, &str)]) -> RequestOutline {
        RequestOutline {
            method: method.to_owned(),
            path: path.to_owned(),
            params: params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn every_difference_is_named() {
        let expected = outline("POST", "/v1/charges/{charge}", &[("a", "1"), ("b", "2")]);
        let same = outline("POST", "/v1/charges/ch_1", &[("b", "2"), ("a", "1")]);
        assert_eq!(expected.differences(&same, true), [""; 0]);
        let other = outline("GET", "/v1/charges/", &[("a", "3"), ("c", "4")]);
        assert_eq!(
            expected.differences(&other, true),
            [
                "the method is GET instead of POST",
                "the path is /v1/charges/ instead of /v1/charges/{charge}",
                "a is `3` instead of `1`",
                "b is missing instead of `2`",
                "c is `4` and should be absent",
            ]
        );
        assert_eq!(expected.differences(&other, false).len(), 4);
    }
}
