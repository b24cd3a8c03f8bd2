//! Parameters that take one of several forms.

use std::fmt::Write as _;

use tollway_spec::{Field, Shape};

use super::arguments::{
    Argument, Context, argument, emit_params, is_range, push_once, range_argument,
};
use super::coverage_tests::Sample;
use super::names::{pascal, variant};
use super::plan::Plan;
use super::same::{Definition, NAME};

/// A parameter that takes one of several forms.
pub(super) fn union(
    plan: &mut Plan<'_>,
    context: &mut Context,
    owner: &str,
    name: &str,
    variants: &[Shape],
) -> Argument {
    let range = variants
        .iter()
        .any(|variant| matches!(variant, Shape::Object { fields, .. } if is_range(fields)));
    if range && variants.len() == 2 {
        return range_argument();
    }
    let ty = plan.taken.claim(&[
        format!("{owner}{}", pascal(name)),
        format!("{owner}{}Param", pascal(name)),
    ]);
    let mut words = String::new();
    let mut body = String::new();
    let mut more = String::new();
    // A test gives the first form and the last.
    let mut samples: Vec<Sample> = Vec::new();
    for shape in variants {
        let (variant, doc, from, inner) = match shape {
            Shape::Const(word) => {
                let form = variant(word);
                samples.push(Sample::of(format!("api::{ty}::{form}")));
                let _ = write!(
                    words,
                    "            /// `{word}`\n            {form} = \"{word}\",\n"
                );
                continue;
            }
            Shape::Enum { .. } => {
                let shape = argument(plan, context, &ty, "value", shape);
                (
                    "Word".to_owned(),
                    "One of the words.",
                    shape.ty,
                    shape.sample,
                )
            }
            Shape::Object { title, fields } => {
                let word = title
                    .clone()
                    .or_else(|| fixed_object(fields))
                    .unwrap_or_else(|| "object".to_owned());
                let word = pascal(
                    word.rsplit_once("_params_")
                        .map_or(word.as_str(), |(_, word)| word),
                );
                let (inner, sample) =
                    emit_params(plan, context, &format!("{ty}{word}"), name, owner, fields);
                (word, "Its members.", format!("api::{inner}"), sample)
            }
            scalar => {
                let (variant, doc, from, value) = scalar_form(scalar);
                (variant.to_owned(), doc, from.to_owned(), Sample::of(value))
            }
        };
        let mut variant = variant;
        while body.contains(&format!(" {variant}(")) {
            variant.push('_');
        }
        // What a caller has at hand for it.
        let handy = match from.as_str() {
            "String" => Some(("&str", "form.to_owned()")),
            "Timestamp" if !variants.contains(&Shape::Integer) => Some(("i64", "Timestamp(form)")),
            _ => None,
        };
        if let Some((handy, made)) = handy {
            let _ = write!(
                more,
                "impl From<{handy}> for {ty} {{\n    fn from(form: {handy}) -> Self {{\n        Self::{variant}({made})\n    }}\n}}\n\n"
            );
        }
        samples.push(inner.within(&format!("api::{ty}::{variant}({{}})")));
        let _ = write!(body, "        /// {doc}\n        {variant}({from}),\n");
    }
    let about = format!("The `{name}` of [`{owner}`](crate::api::{owner}), in one of its forms");
    let code = format!("[{words}]{body}");
    push_once(plan, context, &ty, about, &code, || Definition {
        kind: "param_enum!",
        inside: format!("    {NAME} {{\n        [\n{words}        ]\n{body}    }}\n"),
        after: more.replace(&format!("for {ty} {{"), &format!("for {NAME} {{")),
    });
    Argument {
        ty: format!("impl Into<api::{ty}>"),
        value: format!("Into::<api::{ty}>::into({{}})"),
        sample: Sample {
            least: samples
                .first()
                .map_or_else(String::new, |form| form.least.clone()),
            most: samples
                .last()
                .map_or_else(String::new, |form| form.most.clone()),
        },
    }
}

/// The form of a plain value in a union: its variant, what is said of it, its type, and a test's value.
fn scalar_form(shape: &Shape) -> (&'static str, &'static str, &'static str, &'static str) {
    match shape {
        Shape::String => ("Text", "A token or an id.", "String", "\"text\".to_owned()"),
        Shape::Integer => ("Int", "A whole number.", "i64", "1"),
        Shape::Number => ("Number", "A number.", "f64", "1.0"),
        Shape::Boolean => ("Bool", "True or false.", "bool", "true"),
        Shape::UnixTime => (
            "Time",
            "An instant.",
            "Timestamp",
            "Timestamp(1_700_000_100)",
        ),
        _ => (
            "Other",
            "Anything else.",
            "ParamValue",
            "ParamValue::from(\"text\")",
        ),
    }
}

fn fixed_object(fields: &[Field]) -> Option<String> {
    fields
        .iter()
        .find(|field| field.name == "object")
        .and_then(|field| match &field.shape {
            Shape::Const(word) => Some(word.clone()),
            _ => None,
        })
}
