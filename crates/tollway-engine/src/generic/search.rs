//! Stripe's search language: `status:'active' AND metadata["k"]:"v" AND -created>1700000000`.
//!
//! Clauses are joined by `AND` or by `OR`, not both; `:` is equality, `~` a part of a text, `>` `<` `>=` `<=` compare
//! numbers, `-` negates. Results are newest first (<https://docs.stripe.com/search>).

use bytes::Bytes;
use memchr::memchr2_iter;
use serde_json::{Value, json};

use super::expand::TOTAL_COUNT;
use super::list;
use super::page_limit::page_limit;
use super::{Plan, resource};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::store::{Collection, Page, to_bytes};

/// Stripe's limit on clauses.
const MAX_CLAUSES: usize = 10;

/// Answers a search.
///
/// # Errors
/// 400 for a query that cannot be read, a bad limit or page.
pub(super) fn page(ctx: &Ctx<'_>, plan: &Plan, params: &Params) -> Result<Bytes, ApiError> {
    let query = Query::parse(params.text("query").unwrap_or_default())?;
    let limit = page_limit(params)?;
    let bad_page = |_| {
        ApiError::invalid_param(
            "page",
            "Invalid page: use the next_page of the previous answer.",
        )
    };
    let skip = params
        .text("page")
        .map_or(Ok(0), |page| page.parse::<usize>().map_err(bad_page))?;
    let collection = ctx.world.store.collection(&ctx.scope, resource(plan));
    let all = || {
        collection
            .into_iter()
            .flat_map(Collection::newest_first)
            .filter(|record| query.may_match(&record.body) && query.matches(&record.parse()))
    };
    let mut records: Vec<_> = all()
        .skip(skip)
        .take(limit.saturating_add(1))
        .cloned()
        .collect();
    let has_more = records.len() > limit;
    records.truncate(limit);
    let mut body = b"{\"object\":\"search_result\",\"data\":[".to_vec();
    list::join(&mut body, &Page { records, has_more });
    let next = has_more.then(|| skip.saturating_add(limit).to_string());
    let mut rest = json!({"has_more": has_more, "next_page": next, "url": ctx.request.path});
    if params.expand().iter().any(|path| path == TOTAL_COUNT) {
        rest[TOTAL_COUNT] = all().count().into();
    }
    let rest = to_bytes(&rest);
    body.extend_from_slice(b"],");
    body.extend_from_slice(rest.get(1..).unwrap_or_default());
    Ok(body.into())
}

#[derive(Debug, PartialEq)]
struct Query {
    clauses: Vec<Clause>,
    any: bool,
}

#[derive(Debug, PartialEq)]
struct Clause {
    negated: bool,
    /// `metadata["k"]` is `["metadata", "k"]`.
    field: Vec<String>,
    operator: Operator,
    value: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Is,
    Contains,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Query {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let mut reader = Reader { rest: text.trim() };
        let mut clauses = Vec::new();
        let mut joiner: Option<bool> = None;
        loop {
            clauses.push(reader.clause().ok_or_else(|| unreadable(text))?);
            if clauses.len() > MAX_CLAUSES {
                return Err(ApiError::invalid_param(
                    "query",
                    format!("A search query can have up to {MAX_CLAUSES} clauses."),
                ));
            }
            if reader.rest.is_empty() {
                return Ok(Self {
                    clauses,
                    any: joiner == Some(true),
                });
            }
            let any = if reader.word("AND") {
                false
            } else if reader.word("OR") {
                true
            } else {
                return Err(unreadable(text));
            };
            if joiner.is_some_and(|known| known != any) {
                return Err(ApiError::invalid_param(
                    "query",
                    "AND and OR cannot be mixed in one search query.",
                ));
            }
            joiner = Some(any);
        }
    }

    /// False only for an object that cannot match: parsing takes ten times as long as looking for the words.
    fn may_match(&self, body: &[u8]) -> bool {
        let mut clauses = self.clauses.iter();
        self.any || clauses.all(|clause| clause.word().is_none_or(|word| has_word(body, word)))
    }

    fn matches(&self, object: &Value) -> bool {
        let mut clauses = self.clauses.iter().map(|clause| clause.matches(object));
        if self.any {
            clauses.any(|hit| hit)
        } else {
            clauses.all(|hit| hit)
        }
    }
}

fn unreadable(text: &str) -> ApiError {
    let message = format!(
        "We were unable to parse your search query: {text}. Write clauses such as status:'active' joined by AND or OR."
    );
    ApiError::invalid_param("query", message)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn clause(&mut self) -> Option<Clause> {
        self.rest = self.rest.trim_start();
        let negated = self.take("-");
        let mut field = vec![self.name()?];
        loop {
            if self.take(".") {
                field.push(self.name()?);
            } else if self.take("[") {
                field.push(self.quoted()?);
                self.take("]").then_some(())?;
            } else {
                break;
            }
        }
        self.rest = self.rest.trim_start();
        let operators = [
            (":", Operator::Is),
            ("~", Operator::Contains),
            (">=", Operator::GreaterOrEqual),
            ("<=", Operator::LessOrEqual),
            (">", Operator::Greater),
            ("<", Operator::Less),
        ];
        let operator = operators.into_iter().find(|(sign, _)| self.take(sign))?.1;
        self.rest = self.rest.trim_start();
        let value = match self.quoted() {
            Some(text) => Some(text),
            None => Some(self.bare()?).filter(|word| word != "null"),
        };
        self.rest = self.rest.trim_start();
        Some(Clause {
            negated,
            field,
            operator,
            value,
        })
    }

    fn take(&mut self, sign: &str) -> bool {
        let rest = self.rest.strip_prefix(sign);
        rest.inspect(|rest| self.rest = rest).is_some()
    }

    fn word(&mut self, word: &str) -> bool {
        let matches = self
            .rest
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word));
        let ends = self
            .rest
            .get(word.len()..)
            .is_some_and(|rest| rest.starts_with(char::is_whitespace));
        if matches && ends {
            self.rest = self.rest[word.len()..].trim_start();
        }
        matches && ends
    }

    fn name(&mut self) -> Option<String> {
        self.span(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    }

    fn bare(&mut self) -> Option<String> {
        self.span(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-'))
    }

    fn span(&mut self, good: impl Fn(char) -> bool) -> Option<String> {
        let end = self
            .rest
            .find(|letter| !good(letter))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// `'…'` or `"…"`; a backslash keeps the next letter as it is.
    fn quoted(&mut self) -> Option<String> {
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|letter| matches!(letter, '\'' | '"'))?;
        let mut text = String::new();
        let mut letters = self.rest.char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            if letter == '\\' {
                text.push(letters.next()?.1);
            } else if letter == quote {
                self.rest = &self.rest[at + letter.len_utf8()..];
                return Some(text);
            } else {
                text.push(letter);
            }
        }
        None
    }
}

/// Whether a text has a word, whatever the case of its letters. Other alphabets may fold into plain letters: those texts have any.
fn has_word(text: &[u8], word: &str) -> bool {
    let Some(first) = word.bytes().next() else {
        return true;
    };
    let mut starts = memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
    let here = |at: usize| text.get(at..at + word.len());
    starts.any(|at| here(at).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes())))
        || !text.is_ascii()
}

impl Clause {
    /// What the JSON of every object that matches has in it, as it stands here; none if that cannot be said.
    fn word(&self) -> Option<&str> {
        let compares_text = matches!(self.operator, Operator::Is | Operator::Contains);
        let plain =
            |letter: char| letter.is_ascii() && !matches!(letter, '"' | '\\' | '\0'..' ' | '\x7f');
        let word = self.value.as_deref()?;
        (compares_text && !self.negated && word.chars().all(plain)).then_some(word)
    }

    fn matches(&self, object: &Value) -> bool {
        let field = self
            .field
            .iter()
            .try_fold(object, |value, name| value.get(name))
            .filter(|value| !value.is_null());
        let hit = match (&self.value, field) {
            (None, field) => field.is_none(),
            (Some(_), None) => false,
            (Some(wanted), Some(value)) => self.compares(value, wanted),
        };
        hit != self.negated
    }

    fn compares(&self, value: &Value, wanted: &str) -> bool {
        let text = match value {
            Value::String(text) => text.to_lowercase(),
            Value::Object(members) => members
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            other => other.to_string(),
        };
        let numbers = || Some((text.parse::<f64>().ok()?, wanted.parse::<f64>().ok()?));
        match self.operator {
            Operator::Is => text.eq_ignore_ascii_case(wanted) || text == wanted.to_lowercase(),
            Operator::Contains => text.contains(&wanted.to_lowercase()),
            Operator::Greater => numbers().is_some_and(|(a, b)| a > b),
            Operator::GreaterOrEqual => numbers().is_some_and(|(a, b)| a >= b),
            Operator::Less => numbers().is_some_and(|(a, b)| a < b),
            Operator::LessOrEqual => numbers().is_some_and(|(a, b)| a <= b),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hit(query: &str) -> bool {
        let object = json!({"email": "Ann@Example.com", "amount": 500, "name": null, "metadata": {"o'k": "x y"}, "customer": "cus_1"});
        Query::parse(query).unwrap().matches(&object)
    }

    #[test]
    fn clauses_match_as_documented() {
        assert!(hit("email:'ann@example.com'"));
        assert!(hit("email~\"EXAMPLE\""));
        assert!(hit("amount>499 AND amount<=500"));
        assert!(!hit("amount>500"));
        assert!(hit("-amount>500"));
        assert!(hit("amount:1 OR customer:'cus_1'"));
        assert!(hit(r#"metadata["o'k"]:"x y""#));
        assert!(hit("name:null and -email:null"));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for query in [
            "",
            "email",
            "email:",
            "email:'x",
            "a:1 b:2",
            "a:1 AND b:2 OR c:3",
            "metadata[x]:1",
            ":1",
        ] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
        let many = ["a:1"; 11].join(" AND ");
        assert!(Query::parse(&many).is_err());
    }

    proptest! {
        #[test]
        fn an_object_that_matches_is_never_passed_over(
            name in "[ab'\"\\\\K\u{212a}ß1.]{0,4}",
            key in "[ab]",
            sign in "[:~]",
            wanted in "[abAB\u{212a}k1.]{1,3}",
            negated in any::<bool>(),
        ) {
            let object = json!({"name": name, "amount": 1, "metadata": {"a": name}, "parent": {"id": "aB1"}});
            let body = crate::store::to_bytes(&object);
            let minus = if negated { "-" } else { "" };
            for field in ["name", "amount", "parent", &format!("metadata[\"{key}\"]")] {
                let query = Query::parse(&format!("{minus}{field}{sign}\"{wanted}\"")).unwrap();
                prop_assert!(query.may_match(&body) || !query.matches(&object), "{field}");
            }
        }

        #[test]
        fn any_query_is_read_or_refused(query in "\\PC{0,60}") {
            let _ = Query::parse(&query);
        }

        #[test]
        fn near_queries_are_read_or_refused(query in "[a-c:~<>'\"\\[\\]\\\\ANDOR -]{0,40}") {
            let _ = Query::parse(&query);
        }
    }
}
