//! Request builders: one for each operation, with a setter for each optional parameter.

use std::fmt::Write as _;

use tollway_spec::{ApiMode, Encoding, Host, Operation, Shape, Verb};

use super::arguments::{Context, REQUEST, argument, setter};
use super::coverage_tests::{Sample, Setter};
use super::docs;
use super::names::{ident, pascal};
use super::plan::{Part, Plan};
use super::views;

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

/// One operation: its builder goes into the file, its method is handed back.
pub(super) fn emit_operation(
    plan: &mut Plan<'_>,
    operation: &Operation,
    group: &str,
    noun: &str,
) -> String {
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
    plan.coverage_tests.call(
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
        ApiMode::V1 => "V1",
        ApiMode::V2 => "V2",
    };
    let encoding = match (operation.encoding, operation.mode) {
        (Encoding::Multipart, _) => "Multipart",
        (Encoding::Json, _) | (Encoding::Query, ApiMode::V2) => "Json",
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
