//! Checks a tree of parameters against the description, in Stripe's words, and gives typed values.
//!
//! Unknown parameters are collected and reported together, before anything else; then the first other fault. Texts of
//! forms become what the description says they are; JSON values (`/v2`) must be it already.

use serde_json::{Map, Value};
use tollway_spec::{Catalog, Field, Object, ObjectBody, Shape};

use super::tree::{Tree, Upload};
use crate::error::ApiError;

/// Stripe's limits on `metadata`.
const METADATA_KEYS: usize = 50;
const METADATA_KEY_LENGTH: usize = 40;
const METADATA_VALUE_LENGTH: usize = 500;

/// A checked request: typed values, and the files that came with it.
#[derive(Debug, Default)]
pub struct Checked {
    /// The parameters, typed.
    pub values: Map<String, Value>,
    /// The uploaded files.
    pub files: Vec<Upload>,
}

/// Checks the parameters of an operation.
///
/// # Errors
/// Stripe's 400 for the first fault.
pub fn check(
    catalog: &Catalog,
    fields: &[Field],
    given: &[(String, Tree)],
) -> Result<Checked, ApiError> {
    let mut checker = Checker {
        catalog,
        unknown: Vec::new(),
        meant: None,
        files: Vec::new(),
    };
    let values = checker.object(fields, given, &Path::Root);
    if !checker.unknown.is_empty() {
        let meant = checker.meant.as_deref();
        return Err(ApiError::unknown_parameters(&checker.unknown, meant));
    }
    Ok(Checked {
        values: values?,
        files: checker.files,
    })
}

struct Checker<'a> {
    catalog: &'a Catalog,
    unknown: Vec<String>,
    /// What the first unknown one was probably meant to be.
    meant: Option<String>,
    files: Vec<Upload>,
}

/// Where in the tree we are; written out only for errors.
enum Path<'a> {
    Root,
    In(&'a Path<'a>, &'a str),
}

impl Path<'_> {
    fn write(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::In(Self::Root, name) => (*name).to_owned(),
            Self::In(parent, name) => format!("{}[{name}]", parent.write()),
        }
    }
}

type Result1 = Result<Value, ApiError>;

impl Checker<'_> {
    fn object(
        &mut self,
        fields: &[Field],
        given: &[(String, Tree)],
        path: &Path<'_>,
    ) -> Result<Map<String, Value>, ApiError> {
        let mut values = Map::new();
        let mut fault = None;
        for (name, tree) in given {
            let here = Path::In(path, name);
            let Some(field) = fields.iter().find(|field| field.name == *name) else {
                if self.unknown.is_empty() {
                    self.meant = nearest(fields, name).map(|near| Path::In(path, near).write());
                }
                self.unknown.push(here.write());
                continue;
            };
            match self.field(field, tree, &here) {
                Ok(value) => drop(values.insert(name.clone(), value)),
                Err(error) => drop(fault.get_or_insert(error)),
            }
        }
        let missing = fields
            .iter()
            .find(|field| field.required && !given.iter().any(|(name, _)| *name == field.name));
        match (fault, missing) {
            (Some(fault), _) => Err(fault),
            (None, Some(field)) => Err(ApiError::missing_parameter(
                &Path::In(path, &field.name).write(),
            )),
            (None, None) => Ok(values),
        }
    }

    fn field(&mut self, field: &Field, tree: &Tree, path: &Path<'_>) -> Result1 {
        match tree {
            Tree::Text(text) if text.is_empty() => {
                if field.clearable || (!field.required && can_be_emptied(&field.shape)) {
                    Ok(Value::Null)
                } else {
                    Err(ApiError::empty_parameter(&path.write()))
                }
            }
            Tree::Null if field.clearable || field.nullable => Ok(Value::Null),
            _ if field.name == "metadata" && matches!(field.shape, Shape::Map(_)) => {
                self.metadata(tree, path)
            }
            _ => self.shape(&field.shape, tree, path),
        }
    }

    fn shape(&mut self, shape: &Shape, tree: &Tree, path: &Path<'_>) -> Result1 {
        match shape {
            Shape::Nullable(inner) => match tree {
                Tree::Null => Ok(Value::Null),
                _ => self.shape(inner, tree, path),
            },
            Shape::Object { fields, .. } => self.members(fields, tree, path),
            Shape::Ref(name) => match self.catalog.object(name) {
                Some(Object {
                    body: ObjectBody::Fields(fields),
                    ..
                }) => self.members(fields, tree, path),
                Some(Object {
                    body: ObjectBody::Alias(alias),
                    ..
                }) => self.shape(alias, tree, path),
                None => Ok(free(tree)),
            },
            Shape::Array(item)
            | Shape::List(item)
            | Shape::SearchResult(item)
            | Shape::V2Page(item) => self.array(item, tree, path),
            Shape::Map(value) => self.map(value, tree, path),
            Shape::Union { variants, .. } => self.union(variants, tree, path),
            Shape::Binary => self.file(tree, path),
            Shape::Any => Ok(free(tree)),
            scalar => scalar_value(scalar, tree, path),
        }
    }

    fn members(&mut self, fields: &[Field], tree: &Tree, path: &Path<'_>) -> Result1 {
        match tree {
            Tree::Map(given) => self.object(fields, given, path).map(Value::Object),
            _ => Err(ApiError::invalid_param(&path.write(), "Invalid object")),
        }
    }

    fn array(&mut self, item: &Shape, tree: &Tree, path: &Path<'_>) -> Result1 {
        let items: Vec<&Tree> = match tree {
            Tree::List(items) => items.iter().collect(),
            Tree::Map(members) => indexed(members)
                .ok_or_else(|| ApiError::invalid_param(&path.write(), "Invalid array"))?,
            _ => return Err(ApiError::invalid_param(&path.write(), "Invalid array")),
        };
        let checked = items
            .into_iter()
            .enumerate()
            .map(|(index, tree)| self.shape(item, tree, &Path::In(path, &index.to_string())));
        checked.collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    fn map(&mut self, item: &Shape, tree: &Tree, path: &Path<'_>) -> Result1 {
        let Tree::Map(members) = tree else {
            return Err(ApiError::invalid_param(&path.write(), "Invalid object"));
        };
        let mut values = Map::new();
        for (name, tree) in members {
            let value = match tree {
                Tree::Null => Value::Null,
                Tree::Text(text) if text.is_empty() => Value::Null,
                _ => self.shape(item, tree, &Path::In(path, name))?,
            };
            values.insert(name.clone(), value);
        }
        Ok(Value::Object(values))
    }

    fn metadata(&mut self, tree: &Tree, path: &Path<'_>) -> Result1 {
        let value = self.map(&Shape::String, tree, path)?;
        let members = value.as_object().into_iter().flatten();
        for (count, (key, value)) in members.enumerate() {
            let here = Path::In(path, key).write();
            if count == METADATA_KEYS {
                let message =
                    format!("You can only have {METADATA_KEYS} metadata keys on an object.");
                return Err(ApiError::invalid_param(&path.write(), message));
            }
            if key.chars().count() > METADATA_KEY_LENGTH {
                let message = format!(
                    "Metadata keys can be at most {METADATA_KEY_LENGTH} characters long: '{key}' is longer."
                );
                return Err(ApiError::invalid_param(&here, message));
            }
            if key.contains(['[', ']']) {
                let message = "Metadata keys can't contain square brackets.";
                return Err(ApiError::invalid_param(&here, message));
            }
            if value
                .as_str()
                .is_some_and(|text| text.chars().count() > METADATA_VALUE_LENGTH)
            {
                let message = format!(
                    "Metadata values can have up to {METADATA_VALUE_LENGTH} characters, but you passed in a value that is longer."
                );
                return Err(ApiError::invalid_param(&here, message));
            }
        }
        Ok(value)
    }

    /// The first variant that fits. If none does, the fault of the one that is nearest in kind.
    fn union(&mut self, variants: &[Shape], tree: &Tree, path: &Path<'_>) -> Result1 {
        let mut nearest = None;
        for variant in variants {
            let (unknown, files) = (self.unknown.len(), self.files.len());
            let result = self.shape(variant, tree, path);
            if result.is_ok() && self.unknown.len() == unknown {
                return result;
            }
            let strangers = self.unknown.split_off(unknown);
            self.files.truncate(files);
            if nearest.is_none() && same_kind(variant, tree) {
                nearest = Some((result, strangers));
            }
        }
        match nearest {
            Some((result, strangers)) => {
                self.unknown.extend(strangers);
                result
            }
            None => match variants.first() {
                Some(first) => self.shape(first, tree, path),
                None => Ok(free(tree)),
            },
        }
    }

    /// A file is kept aside; its value is its number.
    fn file(&mut self, tree: &Tree, path: &Path<'_>) -> Result1 {
        let Tree::File(file) = tree else {
            return Err(ApiError::invalid_param(
                &path.write(),
                "Invalid file: send it as a part of a multipart/form-data body, with a file name.",
            ));
        };
        self.files.push(file.clone());
        Ok(Value::from(self.files.len() - 1))
    }
}

/// The parameter whose name is a slip of the pen away.
fn nearest<'f>(fields: &'f [Field], name: &str) -> Option<&'f str> {
    let near = |field: &'f Field| {
        let slips = strsim::osa_distance(&field.name, name);
        (slips <= 2 && slips * 3 <= name.len()).then_some((slips, field.name.as_str()))
    };
    fields.iter().filter_map(near).min().map(|(_, name)| name)
}

/// Texts, lists and maps may be emptied by `""` even where the description does not say so.
fn can_be_emptied(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::String | Shape::Array(_) | Shape::Map(_) | Shape::List(_)
    )
}

/// Values of `a[0]=…&a[1]=…` in the order of their numbers; none if a key is no number.
fn indexed(members: &[(String, Tree)]) -> Option<Vec<&Tree>> {
    let numbered = members
        .iter()
        .map(|(name, tree)| Some((name.parse::<u32>().ok()?, tree)));
    let mut numbered = numbered.collect::<Option<Vec<_>>>()?;
    numbered.sort_by_key(|(number, _)| *number);
    Some(numbered.into_iter().map(|(_, tree)| tree).collect())
}

fn same_kind(shape: &Shape, tree: &Tree) -> bool {
    match shape {
        Shape::Object { .. } | Shape::Ref(_) | Shape::Map(_) => matches!(tree, Tree::Map(_)),
        Shape::Array(_) => matches!(tree, Tree::List(_) | Tree::Map(_)),
        Shape::Nullable(inner) => same_kind(inner, tree),
        _ => !matches!(tree, Tree::List(_) | Tree::Map(_)),
    }
}

fn scalar_value(shape: &Shape, tree: &Tree, path: &Path<'_>) -> Result1 {
    let fault = |message: String| Err(ApiError::invalid_param(&path.write(), message));
    let text = match (shape, tree) {
        (_, Tree::Text(text)) => text,
        (Shape::Integer | Shape::UnixTime, Tree::Number(number)) if number.is_i64() => {
            return Ok(number.clone().into());
        }
        (Shape::Number, Tree::Number(number)) => return Ok(number.clone().into()),
        (Shape::Boolean, Tree::Bool(flag)) => return Ok((*flag).into()),
        (Shape::ConstBool(expected), Tree::Bool(flag)) if expected == flag => {
            return Ok((*flag).into());
        }
        (Shape::Integer | Shape::UnixTime, other) => {
            return Err(ApiError::invalid_integer(&path.write(), &shown(other)));
        }
        (Shape::Boolean | Shape::ConstBool(_), other) => {
            return fault(format!("Invalid boolean: {}", shown(other)));
        }
        (Shape::Number, other) => return fault(format!("Invalid number: {}", shown(other))),
        (_, other) => return fault(format!("Invalid string: {}", shown(other))),
    };
    match shape {
        Shape::Integer => match text.parse::<i64>() {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(ApiError::invalid_integer(&path.write(), text)),
        },
        Shape::UnixTime => match text.parse::<i64>() {
            Ok(number) => Ok(number.into()),
            Err(_) => fault(format!(
                "Invalid timestamp: must be an integer Unix time in seconds, but got {text}"
            )),
        },
        Shape::Number => match text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
        {
            Some(number) => Ok(number.into()),
            None => fault(format!("Invalid number: {text}")),
        },
        Shape::Boolean | Shape::ConstBool(_) => match text.as_str() {
            // Python's older clients write a boolean as Python does.
            "true" | "True" => Ok(true.into()),
            "false" | "False" => Ok(false.into()),
            _ => fault(format!("Invalid boolean: {text}")),
        },
        Shape::Decimal => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let valid = digits.bytes().any(|byte| byte.is_ascii_digit())
                && digits
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.')
                && digits.matches('.').count() <= 1;
            if valid {
                Ok(text.as_str().into())
            } else {
                fault(format!("Invalid decimal: {text}"))
            }
        }
        Shape::Int64 => match text.parse::<i64>() {
            Ok(_) => Ok(text.as_str().into()),
            Err(_) => Err(ApiError::invalid_integer(&path.write(), text)),
        },
        Shape::Currency => {
            let valid = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
            if valid {
                Ok(text.to_ascii_lowercase().into())
            } else {
                fault(format!(
                    "Invalid currency: {text}. Give the three letters of a currency, such as usd."
                ))
            }
        }
        Shape::DateTime => match text.parse::<jiff::Timestamp>() {
            Ok(_) => Ok(text.as_str().into()),
            Err(_) => fault(format!(
                "Invalid timestamp: {text}. Give an RFC 3339 time, such as 2026-01-31T12:00:00Z."
            )),
        },
        Shape::Enum { values, .. } if !values.contains(text) => {
            let allowed: Vec<_> = values
                .iter()
                .map(String::as_str)
                .filter(|value| !value.is_empty())
                .collect();
            Err(ApiError::invalid_enum(&path.write(), &allowed))
        }
        Shape::Const(only) if only != text => Err(ApiError::invalid_enum(&path.write(), &[only])),
        _ => Ok(text.as_str().into()),
    }
}

/// A value as messages show it.
fn shown(tree: &Tree) -> String {
    match tree {
        Tree::Text(text) => text.clone(),
        other => free(other).to_string(),
    }
}

/// A value that nothing is known about.
fn free(tree: &Tree) -> Value {
    match tree {
        Tree::Text(text) => text.as_str().into(),
        Tree::Number(number) => number.clone().into(),
        Tree::Bool(flag) => (*flag).into(),
        Tree::Null | Tree::File(_) => Value::Null,
        Tree::List(items) => items.iter().map(free).collect(),
        Tree::Map(members) => match indexed(members) {
            Some(items) if !items.is_empty() => items.into_iter().map(free).collect(),
            _ => Value::Object(
                members
                    .iter()
                    .map(|(name, tree)| (name.clone(), free(tree)))
                    .collect(),
            ),
        },
    }
}

#[cfg(test)]
mod tests;
