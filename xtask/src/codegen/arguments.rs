//! Parameters: how each is taken and handed on, and the objects they are made of.

use std::fmt::Write as _;

use tollway_spec::{Field, Shape};

use super::coverage_tests::{Sample, Setter};
use super::docs;
use super::names::{ident, pascal, singular, variant};
use super::plan::{Part, Plan};
use super::same::{Definition, NAME, Named};

/// Where the types of an operation's parameters go.
pub(super) struct Context {
    pub(super) group: String,
    pub(super) url: String,
    pub(super) part: Part,
}

/// How a parameter is taken and handed on.
pub(super) struct Argument {
    pub(super) ty: String,
    /// The value, with `{}` for the argument.
    pub(super) value: String,
    /// What a test gives.
    pub(super) sample: Sample,
}

impl Argument {
    /// The name of the setter's non-generic form, which compiles in half the time; most parameters have one.
    pub(super) fn plain(&self) -> &'static str {
        match (self.value.as_str(), self.ty.as_str()) {
            ("{}", "&str") => "_str",
            ("{}", "i64") => "_int",
            ("{}", "bool") => "_bool",
            _ => "",
        }
    }
}

/// How a setter hands its value on.
pub(super) struct Receiver {
    pub(super) begin: &'static str,
    pub(super) end: &'static str,
}

pub(super) const REQUEST: Receiver = Receiver {
    begin: "self.set",
    end: ")",
};

pub(super) const PARAMS: Receiver = Receiver {
    begin: "Self(self.0.with",
    end: "))",
};

pub(super) fn setter(
    field: &Field,
    siblings: &[Field],
    argument: &Argument,
    reserved: &[&str],
    receiver: &Receiver,
) -> String {
    let Receiver { begin, end } = receiver;
    let name = ident(&field.name, reserved);
    let arg = ident(&field.name, &["self"]);
    let mut code = format!(
        "\n    /// {}\n    #[inline]\n    pub fn {name}(self, {arg}: {}) -> Self {{\n        {begin}{}(\"{}\", {}{end}\n    }}\n",
        docs::write(field, siblings),
        argument.ty,
        argument.plain(),
        field.name,
        argument.value.replace("{}", &arg),
    );
    if field.clearable {
        let _ = write!(
            code,
            "\n    /// Unsets `{0}`.\n    #[inline]\n    pub fn clear_{1}(self) -> Self {{\n        {begin}(\"{0}\", ParamValue::Clear{end}\n    }}\n",
            field.name,
            ident(&field.name, &[]).trim_end_matches('_'),
        );
    }
    code
}

pub(super) fn argument(
    plan: &mut Plan<'_>,
    context: &mut Context,
    owner: &str,
    name: &str,
    shape: &Shape,
) -> Argument {
    let argument_of = |ty: &str, given: &str, sample: &str| Argument {
        ty: ty.to_owned(),
        value: given.to_owned(),
        sample: Sample::of(sample),
    };
    match shape {
        Shape::String if name == "query" => argument_of("&str", "{}", "\"created>0\""),
        Shape::String if name == "number" => argument_of("&str", "{}", "\"4242424242424242\""),
        Shape::String => argument_of("&str", "{}", "\"text\""),
        Shape::Currency => argument_of("&str", "{}", "\"usd\""),
        Shape::DateTime => argument_of("&str", "{}", "\"2026-01-01T00:00:00Z\""),
        Shape::Const(word) => argument_of("&str", "{}", &format!("{word:?}")),
        Shape::Decimal => argument_of("&str", "decimal({})", "\"1\""),
        Shape::Integer => argument_of("i64", "{}", "1"),
        Shape::Int64 => argument_of("i64", "ParamValue::IntText({})", "1"),
        Shape::Number => argument_of("f64", "{}", "1.0"),
        Shape::Boolean => argument_of("bool", "{}", "true"),
        Shape::ConstBool(flag) => argument_of("bool", "{}", &flag.to_string()),
        Shape::UnixTime => argument_of(
            "impl Into<Timestamp>",
            "Into::<Timestamp>::into({})",
            "Timestamp(1_700_000_100)",
        ),
        Shape::Enum { values, .. } => {
            let ty = super::enums::named(plan, &context.group, owner, name, &context.url, values);
            let word = values.iter().find(|value| !value.is_empty());
            argument_of(
                &format!("api::{ty}"),
                "{}",
                &format!(
                    "api::{ty}::{}",
                    word.map_or_else(String::new, |word| variant(word))
                ),
            )
        }
        Shape::Nullable(inner) => argument(plan, context, owner, name, inner),
        Shape::Array(item) => {
            let item = argument(plan, context, owner, &singular(name), item);
            if item.value == "{}" && item.ty == "&str" {
                return Argument {
                    ty: "impl IntoIterator<Item: Into<String>>".to_owned(),
                    value: "texts({})".to_owned(),
                    sample: item.sample.within("[{}]"),
                };
            }
            let (ty, sample) = if item.ty.starts_with("api::") || item.ty == "i64" {
                (item.ty, item.sample.within("[{}]"))
            } else {
                (
                    "ParamValue".to_owned(),
                    item.sample.within("[Into::<ParamValue>::into({})]"),
                )
            };
            Argument {
                ty: format!("impl IntoIterator<Item = {ty}>"),
                value: "list({})".to_owned(),
                sample,
            }
        }
        Shape::Map(value) if matches!(&**value, Shape::Nullable(text) if **text == Shape::String) => {
            Argument {
                ty: "impl IntoIterator<Item = (impl Into<String>, impl Into<TextOrNull>)>"
                    .to_owned(),
                value: "entries({}.into_iter().map(|(key, text)| (key, Into::<TextOrNull>::into(text))))"
                    .to_owned(),
                sample: Sample::of("[(\"key\", Some(\"text\")), (\"gone\", None)]"),
            }
        }
        Shape::Map(value) => {
            let value = argument(plan, context, owner, &singular(name), value);
            if value.value == "{}" && value.ty == "&str" {
                return Argument {
                    ty: "impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>"
                        .to_owned(),
                    value: "pairs({})".to_owned(),
                    sample: value.sample.within("[(\"key\", {})]"),
                };
            }
            let (ty, sample) = if value.ty.starts_with("api::") {
                (value.ty, value.sample.within("[(\"key\", {})]"))
            } else {
                let sample = value.sample.within("[(\"key\", Into::<ParamValue>::into({}))]");
                ("ParamValue".to_owned(), sample)
            };
            Argument {
                ty: format!("impl IntoIterator<Item = (impl Into<String>, {ty})>"),
                value: "entries({})".to_owned(),
                sample,
            }
        }
        Shape::Object { fields, .. } if is_range(fields) => range_argument(),
        Shape::Object { fields, .. } => {
            let (ty, sample) = emit_params(
                plan,
                context,
                &format!("{owner}{}", pascal(name)),
                name,
                owner,
                fields,
            );
            Argument {
                ty: format!("api::{ty}"),
                value: "{}".to_owned(),
                sample,
            }
        }
        Shape::Union { variants, .. } => union(plan, context, owner, name, variants),
        Shape::Binary => argument_of(
            "impl Into<ParamValue>",
            "{}",
            "Upload::new(\"a.txt\", \"hello\")",
        ),
        Shape::Any
        | Shape::Ref(_)
        | Shape::Expandable { .. }
        | Shape::List(_)
        | Shape::SearchResult(_)
        | Shape::V2Page(_) => argument_of("impl Into<ParamValue>", "{}", "\"text\""),
    }
}

pub(super) fn range_argument() -> Argument {
    Argument {
        ty: "impl Into<RangeQuery>".to_owned(),
        value: "Into::<RangeQuery>::into({})".to_owned(),
        sample: Sample::of("RangeQuery::new().gte(Timestamp(1_700_000_100))"),
    }
}

/// `gt`, `gte`, `lt`, `lte`: the range that lists filter by.
pub(super) fn is_range(fields: &[Field]) -> bool {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    names == ["gt", "gte", "lt", "lte"]
}

pub(super) fn emit_params(
    plan: &mut Plan<'_>,
    context: &mut Context,
    name: &str,
    field: &str,
    owner: &str,
    fields: &[Field],
) -> (String, Sample) {
    let ty = plan
        .taken
        .claim(&[name.to_owned(), format!("{name}Params")]);
    let mut arguments = Vec::new();
    let mut sets = String::new();
    let mut setters = String::new();
    let mut required = Vec::new();
    let mut optional = Vec::new();
    for field in fields {
        let argument = argument(plan, context, &ty, &field.name, &field.shape);
        if field.required {
            let arg = ident(&field.name, &["self"]);
            arguments.push(format!("{arg}: {}", argument.ty));
            required.push(argument.sample.clone());
            let _ = write!(
                sets,
                ".with{}(\"{}\", {})",
                argument.plain(),
                field.name,
                argument.value.replace("{}", &arg)
            );
        } else {
            optional.push(Setter {
                field: field.name.clone(),
                method: ident(&field.name, &["new"]),
                sample: argument.sample.clone(),
            });
            setters.push_str(&setter(field, fields, &argument, &["new"], &PARAMS));
        }
    }
    let mut body = String::new();
    if !arguments.is_empty() {
        let _ = write!(
            body,
            "    /// With what Stripe requires.\n    #[inline]\n    pub fn new({}) -> Self {{\n        Self(Params::new(){sets})\n    }}\n",
            arguments.join(", ")
        );
    }
    body.push_str(&setters);
    let about = format!("The `{field}` of [`{owner}`](crate::api::{owner})");
    push_once(plan, context, &ty, about, &body, || {
        let after = if body.is_empty() {
            String::new()
        } else {
            let setters = body.trim_start_matches('\n');
            format!("impl {NAME} {{\n{setters}}}\n\n")
        };
        Definition {
            kind: if arguments.is_empty() {
                "params!"
            } else {
                "params_required!"
            },
            inside: format!("    {NAME}\n"),
            after,
        }
    });
    let sample = plan.coverage_tests.make(&ty, &required, &optional);
    let known = plan.same.meaning(&ty).to_owned();
    let sample = if known == ty {
        sample
    } else {
        plan.coverage_tests.made(&ty, &known, sample)
    };
    (ty, sample)
}

/// Writes a type, or an alias when another type has the same body.
pub(super) fn push_once(
    plan: &mut Plan<'_>,
    context: &Context,
    ty: &str,
    about: String,
    body: &str,
    definition: impl FnOnce() -> Definition,
) {
    plan.same.add(ty, body, definition);
    let named = Named {
        name: ty.to_owned(),
        about,
        url: context.url.clone(),
    };
    plan.push_named(&context.group, context.part, named);
}

/// A parameter that takes one of several forms.
fn union(
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
