//! Services, request builders and parameter objects.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use tollway_spec::{Encoding, Field, Host, Mode, Operation, Shape, Verb};

use super::docs;
use super::exercise::{Sample, Setter};
use super::names::{ident, pascal, singular, variant, words};
use super::plan::{Part, Plan, service_noun};
use super::{same, views};

/// Methods that every request has: a parameter of the same name gets an underscore.
const RESERVED: &[&str] = &[
    "api_key",
    "auto_paging",
    "expand",
    "header",
    "idempotency_key",
    "into_future",
    "max_retries",
    "new",
    "no_stripe_account",
    "no_stripe_context",
    "param",
    "send",
    "stripe_account",
    "stripe_context",
    "stripe_version",
    "timeout",
];

pub(super) fn emit_all(plan: &mut Plan<'_>) {
    let services = plan.operations_by_service();
    let mut groups: BTreeMap<String, String> = BTreeMap::new();
    let mut nouns: BTreeMap<&str, String> = BTreeMap::new();
    for (service, operations) in &services {
        if *service == "oauth" {
            continue;
        }
        let group = plan.group_of_service(service, operations);
        let noun = service_noun(service);
        nouns.insert(service, noun);
        groups.insert((*service).to_owned(), group);
    }
    emit_services(plan, &services, &groups, &nouns);
}

/// The structs that lead to a method: one for each step of every service path.
fn emit_services<'a>(
    plan: &mut Plan<'a>,
    services: &BTreeMap<&'a str, Vec<&'a Operation>>,
    groups: &BTreeMap<String, String>,
    nouns: &BTreeMap<&str, String>,
) {
    let mut steps: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    steps.insert(String::new(), BTreeSet::new());
    for service in groups.keys() {
        let mut path = String::new();
        for word in service.split('.') {
            steps
                .entry(path.clone())
                .or_default()
                .insert(word.to_owned());
            path = if path.is_empty() {
                word.to_owned()
            } else {
                format!("{path}.{word}")
            };
        }
        steps.entry(path).or_default();
    }
    let types: BTreeMap<&String, String> = steps
        .keys()
        .filter(|path| !path.is_empty())
        .map(|path| {
            (
                path,
                plan.taken
                    .claim(&[service_type(path), format!("{}Service", service_type(path))]),
            )
        })
        .collect();
    let mut aliases = Vec::new();
    for (path, children) in &steps {
        let mut methods = String::new();
        for child in children {
            let full = if path.is_empty() {
                child.clone()
            } else {
                format!("{path}.{child}")
            };
            let Some(ty) = types.get(&full) else { continue };
            let about = if services.contains_key(full.as_str()) {
                "Operations on"
            } else {
                "Services of"
            };
            let client = if path.is_empty() { "self" } else { "self.0" };
            let (this, life) = if path.is_empty() {
                ("&self", "'_")
            } else {
                ("&self", "'a")
            };
            let _ = write!(
                methods,
                "\n    /// {about} {}.\n    #[inline]\n    pub fn {}({this}) -> api::{ty}<{life}> {{\n        api::{ty}({client})\n    }}\n",
                words(child).to_lowercase(),
                ident(child, &[]),
            );
        }
        let operations = services
            .get(path.as_str())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let group = groups
            .get(path)
            .cloned()
            .unwrap_or_else(|| "services".to_owned());
        for operation in operations {
            let noun = nouns.get(path.as_str()).cloned().unwrap_or_default();
            let method = emit_operation(plan, operation, &group, &noun);
            methods.push_str(&method);
            for alias in &operation.aliases {
                aliases.push((alias, renamed(&method, &operation.method, &alias.method)));
            }
        }
        if path.is_empty() {
            plan.push(
                "services",
                Part::Service,
                format!("impl Client {{\n{}}}\n\n", methods.trim_start_matches('\n')),
            );
            continue;
        }
        let ty = &types[path];
        let about = format!("`client.{}()`.", path.replace('.', "()."));
        let link = format!("https://docs.stripe.com/api/{}", path.replace('.', "/"));
        plan.push(
            &group,
            Part::Service,
            format!(
                "/// {about}\n///\n/// <{link}>\n#[derive(Clone, Copy, Debug)]\npub struct {ty}<'a>(pub(crate) &'a Client);\n\n\
                 impl<'a> {ty}<'a> {{\n{}}}\n\n",
                methods.trim_start_matches('\n')
            )
            .replace(&if children.is_empty() { format!("impl<'a> {ty}<'a>") } else { "\u{0}".to_owned() }, &format!("impl {ty}<'_>")),
        );
    }
    // The second name of a request stands in a service of its own, which may have been written before or after.
    for (alias, method) in aliases {
        if let (Some(ty), Some(group)) = (types.get(&alias.service), groups.get(&alias.service)) {
            let method = method.trim_start_matches('\n');
            let code = format!("impl {ty}<'_> {{\n{method}}}\n\n");
            plan.push(group, Part::Service, code);
        }
    }
}

/// A method under another name.
fn renamed(method: &str, name: &str, other: &str) -> String {
    let fun = |name| format!("pub fn {}(", ident(name, &[]));
    method.replace(&fun(name), &fun(other))
}

/// `billing_portal.sessions` → `BillingPortalSessions`.
fn service_type(path: &str) -> String {
    pascal(path)
}

/// One operation: its builder goes into the file, its method is handed back.
fn emit_operation(plan: &mut Plan<'_>, operation: &Operation, group: &str, noun: &str) -> String {
    let url = docs::method_url(&operation.service, &operation.method);
    let name = plan.taken.claim(&[
        format!("{noun}{}", pascal(&operation.method)),
        format!("{noun}{}Request", pascal(&operation.method)),
    ]);
    let mut context = Context {
        group: group.to_owned(),
        url: url.clone(),
        part: Part::Params,
    };
    let answer = answer(plan, operation, group, &name, &url);

    let mut setters = String::new();
    let mut arguments = Vec::new();
    let mut sets = String::new();
    let mut samples = Vec::new();
    let mut optional = Vec::new();
    for param in &operation.path_params {
        let arg = ident(param, &["self"]);
        samples.push(Sample::of(format!("\"nobody_{param}\"")));
        arguments.push(format!("{arg}: &str"));
        let _ = write!(sets, ".path_arg({arg})");
    }
    for field in &operation.params {
        if field.name == "expand" {
            continue;
        }
        let argument = argument(plan, &mut context, &name, &field.name, &field.shape);
        if field.required {
            let arg = ident(&field.name, &["self"]);
            let arg = if operation.path_params.contains(&field.name) {
                format!("{arg}_param")
            } else {
                arg
            };
            arguments.push(format!("{arg}: {}", argument.ty));
            samples.push(argument.sample.clone());
            let _ = write!(
                sets,
                ".set{}(\"{}\", {})",
                argument.plain(),
                field.name,
                argument.value.replace("{}", &arg)
            );
        } else {
            optional.push(Setter {
                field: field.name.clone(),
                method: ident(&field.name, RESERVED),
                sample: argument.sample.clone(),
            });
            setters.push_str(&setter(
                field,
                &operation.params,
                &argument,
                RESERVED,
                &REQUEST,
            ));
        }
    }

    let verb = operation.verb;
    let about = format!(
        "The request of `client.{}().{}(…)`: `{verb} {}`.",
        operation.service.replace('.', "()."),
        operation.method,
        operation.path
    );
    let mut code = format!(
        "request! {{\n    /// {about}\n    ///\n    /// <{url}>\n    {name}, {name}Endpoint => {answer}; {}\n}}\n\n",
        facts(operation)
    );
    if !setters.is_empty() {
        let _ = write!(
            code,
            "impl {name} {{\n{}}}\n\n",
            setters.trim_start_matches('\n')
        );
    }
    plan.push(group, Part::Requests, code);

    let method = ident(&operation.method, &[]);
    let steps: Vec<String> = operation
        .service
        .split('.')
        .map(|step| ident(step, &[]))
        .collect();
    let way = steps.join("().");
    plan.exercise.call(
        &format!("{}.{}", operation.service, operation.method),
        &format!("client.{way}().{method}"),
        &samples,
        &optional,
        operation.response == Shape::Binary,
    );
    let about = method_doc(operation);
    format!(
        "\n    /// {about}\n    ///\n    /// <{url}>\n    #[inline]\n    pub fn {method}(&self{}) -> api::{name} {{\n        \
         api::{name}::new(self.0){sets}\n    }}\n",
        arguments
            .iter()
            .fold(String::new(), |list, argument| format!(
                "{list}, {argument}"
            )),
    )
}

fn method_doc(operation: &Operation) -> String {
    let mut text = format!("`{} {}`", operation.verb, operation.path);
    if operation.deprecated {
        text.push_str(". Stripe advises against it");
    }
    if !operation.errors.is_empty() {
        let errors: Vec<String> = operation
            .errors
            .iter()
            .map(|error| format!("`{error}`"))
            .collect();
        let _ = write!(text, ". Known v2 errors: {}", errors.join(", "));
    }
    text.push('.');
    text
}

/// What `request!` says of an operation: `"charges.create", Post "/v1/charges", Api V1 Form`.
pub(crate) fn facts(operation: &Operation) -> String {
    let verb = match operation.verb {
        Verb::Get => "Get",
        Verb::Post => "Post",
        Verb::Delete => "Delete",
    };
    let host = match operation.host {
        Host::Api => "Api",
        Host::Files => "Files",
        Host::MeterEvents => "MeterEvents",
        Host::Connect => "Connect",
    };
    let mode = match operation.mode {
        Mode::V1 => "V1",
        Mode::V2 => "V2",
    };
    let encoding = match (operation.encoding, operation.mode) {
        (Encoding::Multipart, _) => "Multipart",
        (Encoding::Json, _) | (Encoding::Query, Mode::V2) => "Json",
        _ => "Form",
    };
    format!(
        "\"{}.{}\", {verb} \"{}\", {host} {mode} {encoding}",
        operation.service, operation.method, operation.path
    )
}

fn answer(
    plan: &mut Plan<'_>,
    operation: &Operation,
    group: &str,
    name: &str,
    url: &str,
) -> String {
    match &operation.response {
        Shape::Binary => "Bytes".to_owned(),
        shape => views::answer(plan, group, name, url, shape),
    }
}

/// Where the types of an operation's parameters go.
struct Context {
    group: String,
    url: String,
    part: Part,
}

/// How a parameter is taken and handed on.
struct Argument {
    ty: String,
    /// The value, with `{}` for the argument.
    value: String,
    /// What a test gives.
    sample: Sample,
}

impl Argument {
    /// The name of the setter's non-generic form, which compiles in half the time; most parameters have one.
    fn plain(&self) -> &'static str {
        match (self.value.as_str(), self.ty.as_str()) {
            ("{}", "&str") => "_str",
            ("{}", "i64") => "_int",
            ("{}", "bool") => "_bool",
            _ => "",
        }
    }
}

/// How a setter hands its value on.
struct Receiver {
    begin: &'static str,
    end: &'static str,
}

const REQUEST: Receiver = Receiver {
    begin: "self.set",
    end: ")",
};

const PARAMS: Receiver = Receiver {
    begin: "Self(self.0.with",
    end: "))",
};

fn setter(
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
            "\n    /// Unsets `{0}`.\n    #[inline]\n    pub fn clear_{1}(self) -> Self {{\n        {begin}(\"{0}\", Value::Clear{end}\n    }}\n",
            field.name,
            ident(&field.name, &[]).trim_end_matches('_'),
        );
    }
    code
}

fn argument(
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
        Shape::Int64 => argument_of("i64", "Value::IntText({})", "1"),
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
                    "Value".to_owned(),
                    item.sample.within("[Into::<Value>::into({})]"),
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
                let sample = value.sample.within("[(\"key\", Into::<Value>::into({}))]");
                ("Value".to_owned(), sample)
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
            "impl Into<Value>",
            "{}",
            "Upload::new(\"a.txt\", \"hello\")",
        ),
        Shape::Any
        | Shape::Ref(_)
        | Shape::Expandable { .. }
        | Shape::List(_)
        | Shape::SearchResult(_)
        | Shape::V2Page(_) => argument_of("impl Into<Value>", "{}", "\"text\""),
    }
}

fn range_argument() -> Argument {
    Argument {
        ty: "impl Into<RangeQuery>".to_owned(),
        value: "Into::<RangeQuery>::into({})".to_owned(),
        sample: Sample::of("RangeQuery::new().gte(Timestamp(1_700_000_100))"),
    }
}

/// `gt`, `gte`, `lt`, `lte`: the range that lists filter by.
fn is_range(fields: &[Field]) -> bool {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    names == ["gt", "gte", "lt", "lte"]
}

fn emit_params(
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
    push_once(plan, context, &ty, &about, &body, || {
        let kind = if arguments.is_empty() {
            "params!"
        } else {
            "params_required!"
        };
        let mut code = format!(
            "{kind} {{\n    /// {about}.\n    ///\n    /// <{}>\n    {ty}\n}}\n\n",
            context.url
        );
        if !body.is_empty() {
            let _ = write!(
                code,
                "impl {ty} {{\n{}}}\n\n",
                body.trim_start_matches('\n')
            );
        }
        code
    });
    let sample = plan.exercise.make(&ty, &required, &optional);
    let known = plan.same.meaning(&ty).to_owned();
    let sample = if known == ty {
        sample
    } else {
        plan.exercise.made(&ty, &known, sample)
    };
    (ty, sample)
}

/// Writes a type, or an alias when another type has the same body.
fn push_once(
    plan: &mut Plan<'_>,
    context: &Context,
    ty: &str,
    about: &str,
    body: &str,
    code: impl FnOnce() -> String,
) {
    let code = match plan.same.find(ty, body) {
        Some(known) => {
            let about = format!("{about}: the same as [`{known}`](crate::api::{known}).");
            same::alias(&about, &context.url, ty, &known)
        }
        None => code(),
    };
    plan.push(&context.group, context.part, code);
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
    push_once(
        plan,
        context,
        &ty,
        &about,
        &format!("[{words}]{body}"),
        || {
            format!(
                "one_of! {{\n    /// {about}.\n    ///\n    /// <{}>\n    {ty} {{\n        [\n{words}        ]\n{body}    }}\n}}\n\n{more}",
                context.url
            )
        },
    );
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
        _ => ("Other", "Anything else.", "Value", "Value::from(\"text\")"),
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
