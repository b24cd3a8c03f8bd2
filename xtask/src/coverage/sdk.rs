//! The SDK against the description: each operation by its service path, with its parameters; each object, with its fields.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use tollway_spec::{Field, Operation, Shape, Spec};

use super::source::{self, Source};
use crate::codegen::{NO_VIEW, facts};

/// What is typed, and what is not.
#[derive(Default)]
pub(super) struct Report {
    operations: Count,
    params: Count,
    objects: Count,
    fields: Count,
    missing: Vec<String>,
}

#[derive(Default)]
struct Count {
    typed: usize,
    total: usize,
}

/// What the SDK reads and asks by hand: the description's name of it, and the files that have its texts.
const BY_HAND: &[(&str, &[&str])] = &[
    ("oauth.token", &["oauth/token.rs", "oauth/mod.rs"]),
    ("oauth.deauthorize", &["oauth/token.rs", "oauth/mod.rs"]),
    ("error", &["error/base.rs", "error/fields.rs"]),
    ("oauth_error", &["error/base.rs", "error/fields.rs"]),
    ("oauth_token", &["oauth/token.rs"]),
    ("v2.error", &["error/base.rs", "error/fields.rs"]),
];

/// Compares the committed description with the committed SDK.
pub(super) fn report(root: &Path) -> Result<Report, String> {
    let path = root.join("openapi/stripe.spec3.json");
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let spec = Spec::read(&text).map_err(|error| error.to_string())?;
    let files = source::files(&root.join("crates/tollway/src/api"))?;
    let source = Source::read(files.iter().map(String::as_str));
    Ok(compare(&spec, &source, |name| by_hand(root, name)))
}

/// The code for what is written by hand; `None` when this is not.
fn by_hand(root: &Path, name: &str) -> Option<String> {
    let (_, files) = BY_HAND.iter().find(|(of, _)| *of == name)?;
    let code = files
        .iter()
        .map(|file| fs::read_to_string(root.join("crates/tollway/src").join(file)));
    code.collect::<Result<String, _>>().ok()
}

fn compare(spec: &Spec, source: &Source, by_hand: impl Fn(&str) -> Option<String>) -> Report {
    let mut report = Report::default();
    for operation in &spec.operations {
        let name = format!("{}.{}", operation.service, operation.method);
        match by_hand(&name) {
            Some(code) => report.operation_by_hand(operation, &name, &code),
            None => report.operation(operation, &name, source),
        }
    }
    for object in &spec.objects {
        let hand = NO_VIEW
            .contains(&object.name.as_str())
            .then(|| by_hand(&object.name).map(|code| texts(&code)));
        report.object(&object.name, object.fields(), source, hand.as_ref());
    }
    report
}

impl Report {
    fn operation(&mut self, operation: &Operation, name: &str, source: &Source) {
        let reached = source.reach(&operation.service, &operation.method);
        let right = reached
            .as_ref()
            .is_some_and(|found| found.facts == facts(operation));
        let aliased = operation.aliases.iter().all(|alias| {
            source
                .reach(&alias.service, &alias.method)
                .is_some_and(|found| found.facts == facts(operation))
        });
        let what = || {
            let path = operation.service.replace('.', "().");
            format!(
                "`client.{path}().{}(…)` is no request for {} {}",
                operation.method, operation.verb, operation.path
            )
        };
        self.operations
            .count(right && aliased, what, &mut self.missing);
        // `expand` is a method of every request.
        for field in operation
            .params
            .iter()
            .filter(|field| field.name != "expand")
        {
            let typed = reached
                .as_ref()
                .is_some_and(|found| found.params.contains(field.name.as_str()));
            let what = || format!("`{name}` cannot be given `{}`", field.name);
            self.params.count(typed, what, &mut self.missing);
        }
    }

    /// An object, and those that are described inside it. `hand`: the texts of code that reads it by hand.
    fn object(
        &mut self,
        name: &str,
        fields: &[Field],
        source: &Source,
        hand: Option<&Option<BTreeSet<String>>>,
    ) {
        let read = match hand {
            Some(texts) => texts.clone(),
            None => source.view(name),
        };
        let what = || format!("the object `{name}` has no view");
        self.objects.count(read.is_some(), what, &mut self.missing);
        for field in fields {
            let typed = read.as_ref().is_some_and(|read| read.contains(&field.name));
            let what = || format!("`{name}.{}` has no accessor", field.name);
            self.fields.count(typed, what, &mut self.missing);
            if let Some(inner) = described_in_place(&field.shape) {
                self.object(&format!("{name}.{}", field.name), inner, source, hand);
            }
        }
    }

    fn operation_by_hand(&mut self, operation: &Operation, name: &str, code: &str) {
        let texts = texts(code);
        let typed = texts.contains(name) && texts.contains(&operation.path);
        let what = || {
            format!(
                "`{name}` is no request for {} {}",
                operation.verb, operation.path
            )
        };
        self.operations.count(typed, what, &mut self.missing);
        for field in &operation.params {
            let what = || format!("`{name}` cannot be given `{}`", field.name);
            self.params
                .count(texts.contains(&field.name), what, &mut self.missing);
        }
    }

    /// Fails unless everything is typed.
    pub(super) fn verdict(&self) -> Result<(), String> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the SDK lacks {} of what is described; run `cargo xtask codegen`, or write what it cannot make:\n  {}",
            self.missing.len(),
            self.missing.join("\n  ")
        ))
    }
}

impl Count {
    fn count(&mut self, typed: bool, what: impl Fn() -> String, missing: &mut Vec<String>) {
        self.total += 1;
        if typed {
            self.typed += 1;
        } else {
            missing.push(what());
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("operations", &self.operations),
            ("parameters", &self.params),
            ("objects", &self.objects),
            ("fields", &self.fields),
        ];
        for (what, count) in lines {
            writeln!(f, "SDK: {} / {} {what} typed", count.typed, count.total)?;
        }
        Ok(())
    }
}

/// The fields of an object that is described where it occurs.
fn described_in_place(shape: &Shape) -> Option<&[Field]> {
    match shape {
        Shape::Object { fields, .. } => Some(fields),
        Shape::Array(inner) | Shape::Map(inner) | Shape::Nullable(inner) => {
            described_in_place(inner)
        }
        _ => None,
    }
}

/// The texts between quotation marks.
fn texts(code: &str) -> BTreeSet<String> {
    code.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    fn spec() -> Spec {
        let path = root().join("openapi/stripe.spec3.json");
        Spec::read(&fs::read_to_string(path).unwrap()).unwrap()
    }

    /// What is missed when one text of the SDK's source is another.
    fn without(spec: &Spec, files: &[String], text: &str, instead: &str) -> Vec<String> {
        let found = files.iter().any(|code| code.contains(text));
        assert!(found, "{text} is not in the generated code");
        let changed: Vec<String> = files
            .iter()
            .map(|code| code.replace(text, instead))
            .collect();
        let source = Source::read(changed.iter().map(String::as_str));
        compare(spec, &source, |name| by_hand(&root(), name)).missing
    }

    #[test]
    fn the_committed_sdk_has_everything() {
        let report = report(&root()).unwrap();
        report.verdict().unwrap();
        assert_eq!(report.operations.total, spec().operations.len());
        assert!(report.fields.total > 8_000 && report.params.total > 2_500);
    }

    #[test]
    fn what_is_removed_is_missed() {
        let spec = spec();
        let files = source::files(&root().join("crates/tollway/src/api")).unwrap();
        let missed = |text, instead| without(&spec, &files, text, instead);

        let capture = missed(
            "pub fn capture(&self, charge: &str)",
            "pub fn seize(&self, charge: &str)",
        );
        assert_eq!(
            capture[0],
            "`client.charges().capture(…)` is no request for POST /v1/charges/{charge}/capture"
        );
        assert!(
            capture[1..]
                .iter()
                .all(|text| text.starts_with("`charges.capture` cannot be given"))
        );
        assert_eq!(
            missed(
                "Delete \"/v1/coupons/{coupon}\"",
                "Post \"/v1/coupons/{coupon}\""
            ),
            ["`client.coupons().delete(…)` is no request for DELETE /v1/coupons/{coupon}"]
        );
        let service = missed("pub fn quotes(&self)", "pub fn offers(&self)");
        assert!(service.iter().any(|text| text.contains("quotes().pdf(…)")));
        let alias = missed(
            "pub fn detach(&self, customer: &str",
            "pub fn other(&self, customer: &str",
        );
        assert_eq!(alias.len(), 1, "{alias:?}");

        let setter = missed("self.set_str(\"transfer_group\"", "self.set_str(\"other\"");
        assert!(setter.contains(&"`transfers.create` cannot be given `transfer_group`".to_owned()));
        let accessor = "opt_string(\"transfer\", \"transfer_group\")";
        assert_eq!(
            missed(accessor, "opt_string(\"transfer\", \"other\")"),
            ["`transfer.transfer_group` has no accessor"]
        );
        let view = missed("TransferFields, \"transfer\"", "TransferFields, \"other\"");
        assert_eq!(view[0], "the object `transfer` has no view");
    }
}
