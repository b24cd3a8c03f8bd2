//! Services: the structs that lead to a method, one for each step of every service path.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use tollway_spec::Operation;

use super::names::{ident, pascal, words};
use super::plan::{Part, Plan, service_noun};
use super::requests::emit_operation;

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
