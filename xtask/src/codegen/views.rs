//! Views: one type an object, one accessor a field.

use std::fmt::Write as _;

use tollway_spec::{Field, Object, ObjectBody, Shape};

use super::docs;
use super::names::{ident, pascal, singular, words};
use super::plan::{Part, Plan, members};

/// Methods that every view has.
const RESERVED: &[&str] = &[
    "check",
    "deref",
    "from_json",
    "get",
    "json",
    "last_response",
    "to",
];

/// The object whose accessors are being written.
struct Owner {
    /// Its Rust type.
    name: String,
    /// What warnings and checks call it: the component, or owner and field.
    label: String,
    group: String,
    /// Its page in Stripe's reference.
    url: String,
}

/// How a field is read.
struct Reading {
    /// The type of a value that is there.
    ty: String,
    /// The function of `Json` that reads it; `opt_` before it reads one that may be absent.
    call: String,
}

pub(super) fn emit_all(plan: &mut Plan<'_>) {
    let spec = plan.spec;
    for object in &spec.objects {
        let Some(name) = plan.type_of(&object.name).map(str::to_owned) else {
            continue;
        };
        let (service, resource, path) = plan.place_of(&object.name);
        let owner = Owner {
            name,
            label: object.name.clone(),
            group: plan.group(&object.name),
            url: docs::object_url(&service, &resource, &path),
        };
        if object.resource {
            plan.coverage_tests.resource(&object.name, &owner.name);
        }
        match &object.body {
            ObjectBody::Fields(fields) => {
                let about = about(plan, object, &owner, &resource, &path);
                emit_view(plan, &owner, &about, fields);
            }
            ObjectBody::Alias(Shape::Union { variants, .. }) => {
                let names: Vec<&str> = variants.iter().filter_map(reference).collect();
                let about = format!(
                    "What Stripe calls `{}`: one of several objects.",
                    object.name
                );
                emit_union(plan, &owner, &about, &names);
            }
            ObjectBody::Alias(_) => {
                let about = format!("The `{}` value, without a fixed form.", object.name);
                emit_view(plan, &owner, &about, &[]);
            }
        }
    }
}

fn about(
    plan: &Plan<'_>,
    object: &Object,
    owner: &Owner,
    resource: &str,
    path: &[String],
) -> String {
    if object.deleted {
        let living = object.name.strip_prefix("deleted_").unwrap_or(&object.name);
        return format!("What is left of a deleted `{living}`.");
    }
    if object.resource || path.is_empty() {
        let kind = object.object_type().unwrap_or(&object.name);
        return format!("The `{kind}` object.");
    }
    let parent = plan
        .type_of(resource)
        .filter(|parent| *parent != owner.name);
    match parent {
        Some(parent) => format!(
            "{} of [`{parent}`](crate::api::{parent}): its `{}`.",
            words(path.last().map_or("", |p| p)),
            path.join(".")
        ),
        None => format!("The `{}` of the `{resource}` object.", path.join(".")),
    }
}

fn emit_view(plan: &mut Plan<'_>, owner: &Owner, about: &str, fields: &[Field]) {
    let Owner {
        name,
        label,
        url,
        group,
    } = owner;
    let mut accessors = String::new();
    let mut methods = Vec::new();
    for field in fields {
        accessors.push_str(&accessor(plan, owner, field, fields));
        methods.push((ident(&field.name, RESERVED), field.name.clone()));
    }
    plan.coverage_tests.view(name, label, &methods);
    let has = plan.taken.claim(&[format!("{name}Fields")]);
    let mut code = format!(
        "view! {{\n    /// {about} It has what [`{has}`](crate::api::{has}) has.\n    ///\n    /// <{url}>\n    {name} =\n    \
         /// The accessors of [`{name}`](crate::api::{name}).\n    {has}, \"{label}\"\n}}\n\n"
    );
    if !accessors.is_empty() {
        let _ = write!(
            code,
            "impl {has} {{\n{}}}\n\n",
            accessors.trim_start_matches('\n')
        );
    }
    plan.push(group, Part::Model, code);
}

fn accessor(plan: &mut Plan<'_>, owner: &Owner, field: &Field, siblings: &[Field]) -> String {
    let optional = !field.required || field.nullable;
    let reading = reading(plan, owner, &field.name, &field.shape);
    let (ty, call) = if optional {
        (
            format!("Option<{}>", reading.ty),
            format!("opt_{}", reading.call),
        )
    } else {
        (reading.ty, reading.call)
    };
    let (call, or_none) = match call.as_str() {
        // Lists of numbers are too rare for a reader of their own when they are always there.
        "ints" => ("opt_ints", ".unwrap_or_default()"),
        call => (call, ""),
    };
    format!(
        "\n    /// {}\n    #[inline]\n    pub fn {}(&self) -> {ty} {{\n        self.0.{call}(\"{}\", \"{}\"){or_none}\n    }}\n",
        docs::read(field, siblings),
        ident(&field.name, RESERVED),
        owner.label,
        field.name,
    )
}

fn reading(plan: &mut Plan<'_>, owner: &Owner, name: &str, shape: &Shape) -> Reading {
    let simple = |ty: &str, call: &str| Reading {
        ty: ty.to_owned(),
        call: call.to_owned(),
    };
    match shape {
        Shape::String | Shape::Currency | Shape::Const(_) => simple("&str", "string"),
        Shape::Integer => simple("i64", "int"),
        Shape::Int64 => simple("i64", "int_text"),
        Shape::Number => simple("f64", "float"),
        Shape::Boolean | Shape::ConstBool(_) => simple("bool", "flag"),
        Shape::UnixTime => simple("Timestamp", "time"),
        Shape::Decimal => simple("Decimal<'_>", "decimal"),
        Shape::DateTime => simple("Rfc3339<'_>", "rfc3339"),
        Shape::Binary | Shape::Any => simple("Json", "value"),
        Shape::Enum { values, .. } => {
            let ty = super::enums::named(plan, &owner.group, &owner.name, name, &owner.url, values);
            let meant = plan.same.meaning(&ty).to_owned();
            plan.coverage_tests.word(&meant);
            Reading {
                ty: format!("api::{ty}"),
                call: "open_enum".to_owned(),
            }
        }
        Shape::Nullable(inner) => reading(plan, owner, name, inner),
        Shape::Array(item) => {
            let item = reading(plan, owner, &singular(name), item);
            let call = match item.call.as_str() {
                "string" => "strings",
                "int" => "ints",
                "open_enum" => "open_enums",
                "view" => "views",
                // Lists of anything rarer are read as JSON.
                _ => return simple("Vec<Json>", "views"),
            };
            Reading {
                ty: format!("Vec<{}>", item.ty),
                call: call.to_owned(),
            }
        }
        Shape::Map(value) => {
            let value = match reading(plan, owner, &singular(name), value) {
                Reading { ty, call } if call == "string" => ty,
                Reading { ty, call }
                    if matches!(call.as_str(), "int" | "float" | "flag" | "view") =>
                {
                    ty
                }
                _ => "Json".to_owned(),
            };
            Reading {
                ty: format!("MapView<'_, {value}>"),
                call: "map".to_owned(),
            }
        }
        Shape::Object { fields, .. } => {
            let inline = inline(plan, owner, name);
            emit_view(
                plan,
                &inline,
                &format!("The `{name}` of [`{0}`](crate::api::{0}).", owner.name),
                fields,
            );
            view(&inline.name)
        }
        Shape::Ref(target) => match plan.type_of(target) {
            Some(ty) => view(ty),
            None => simple("Json", "value"),
        },
        Shape::Union { variants, .. } => {
            let names: Vec<&str> = variants.iter().filter_map(reference).collect();
            if names.len() < variants.len() {
                simple("Json", "value")
            } else {
                one_of(plan, owner, name, &names)
            }
        }
        Shape::Expandable { targets } => {
            let names: Vec<&str> = targets.iter().map(String::as_str).collect();
            let target = one_of(plan, owner, name, &names);
            view_type(&format!("Expandable<{}>", target.ty))
        }
        Shape::List(item) | Shape::SearchResult(item) | Shape::V2Page(item) => {
            let item = reading(plan, owner, &singular(name), item);
            let item = if item.call == "view" {
                item.ty
            } else {
                "Json".to_owned()
            };
            view_type(&format!("{}<{item}>", page_type(shape)))
        }
    }
}

/// The page type of a list shape.
pub(super) fn page_type(shape: &Shape) -> &'static str {
    match shape {
        Shape::SearchResult(_) => "SearchResult",
        Shape::V2Page(_) => "V2List",
        _ => "List",
    }
}

fn view(name: &str) -> Reading {
    view_type(&format!("api::{name}"))
}

fn view_type(ty: &str) -> Reading {
    Reading {
        ty: ty.to_owned(),
        call: "view".to_owned(),
    }
}

fn reference(shape: &Shape) -> Option<&str> {
    match shape {
        Shape::Ref(name) => Some(name),
        _ => None,
    }
}

/// The type for one of several named objects: the object itself when it is alone, a union that the description names, or
/// a union named after the field.
fn one_of(plan: &mut Plan<'_>, owner: &Owner, name: &str, names: &[&str]) -> Reading {
    let flat: Vec<String> = members(plan.spec, names)
        .into_iter()
        .map(str::to_owned)
        .collect();
    if let [only] = flat.as_slice() {
        return match plan.type_of(only) {
            Some(ty) => view(ty),
            None => view_type("Json"),
        };
    }
    let mut sorted = flat.clone();
    sorted.sort_unstable();
    if let Some(known) = plan.spec.objects.iter().find(|object| match &object.body {
        ObjectBody::Alias(Shape::Union { .. }) => {
            let mut same: Vec<&str> = members(plan.spec, &[&object.name]);
            same.sort_unstable();
            same == sorted
        }
        _ => false,
    }) && let Some(ty) = plan.type_of(&known.name)
    {
        return view(ty);
    }
    let union = inline(plan, owner, name);
    let flat: Vec<&str> = flat.iter().map(String::as_str).collect();
    emit_union(
        plan,
        &union,
        &format!(
            "What [`{0}`](crate::api::{0}) may have as its `{name}`.",
            owner.name
        ),
        &flat,
    );
    view(&union.name)
}

/// Writes the type of an answer that is one of several objects.
pub(super) fn answer(
    plan: &mut Plan<'_>,
    group: &str,
    name: &str,
    url: &str,
    shape: &Shape,
) -> String {
    let owner = Owner {
        name: name.to_owned(),
        label: name.to_owned(),
        group: group.to_owned(),
        url: url.to_owned(),
    };
    match reading(plan, &owner, "response", shape) {
        Reading { ty, call } if call == "view" => ty,
        _ => "Json".to_owned(),
    }
}

/// Writes the view of an object that is described in place.
pub(super) fn inline_object(
    plan: &mut Plan<'_>,
    group: &str,
    name: &str,
    label: &str,
    url: &str,
    about: &str,
    fields: &[Field],
) -> String {
    let owner = Owner {
        name: plan.taken.claim(&[name.to_owned()]),
        label: label.to_owned(),
        group: group.to_owned(),
        url: url.to_owned(),
    };
    emit_view(plan, &owner, about, fields);
    owner.name
}

fn inline(plan: &mut Plan<'_>, owner: &Owner, name: &str) -> Owner {
    let ty = plan
        .taken
        .claim(&[format!("{}{}", owner.name, pascal(name))]);
    Owner {
        name: ty,
        label: format!("{}.{name}", owner.label),
        group: owner.group.clone(),
        url: owner.url.clone(),
    }
}

fn emit_union(plan: &mut Plan<'_>, owner: &Owner, about: &str, names: &[&str]) {
    let spec = plan.spec;
    let mut variants = String::new();
    let mut seen = Vec::new();
    let mut names_of = Vec::new();
    for name in members(spec, names) {
        let (Some(object), Some(ty)) = (spec.object(name), plan.type_of(name)) else {
            continue;
        };
        let Some(kind) = object.object_type().filter(|kind| !seen.contains(kind)) else {
            continue;
        };
        seen.push(kind);
        names_of.push(pascal(kind));
        let _ = writeln!(
            variants,
            "        /// `object` is `{kind}`.\n        {}(api::{ty}) = \"{kind}\",",
            pascal(kind)
        );
    }
    plan.coverage_tests.union(&owner.name, &names_of);
    let code = format!(
        "union! {{\n    /// {about}\n    ///\n    /// <{}>\n    {}, \"{}\" {{\n{variants}    }}\n}}\n\n",
        owner.url, owner.name, owner.label
    );
    plan.push(&owner.group, Part::Model, code);
}
