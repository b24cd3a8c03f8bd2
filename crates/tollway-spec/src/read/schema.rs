//! Reads one schema into one [`Shape`].
//!
//! Stripe uses a small part of JSON Schema. Annotations are ignored, the structural keys below are read in the combinations that
//! occur, and every other key is an error that names it.

use serde_json::{Map, Value};

use super::strings;
use crate::{Field, Shape, SpecError};

/// Keys that do not affect the shape of a value.
const ANNOTATIONS: &[&str] = &[
    "default",
    "deprecated",
    "description",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "externalDocs",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "readOnly",
    "title",
    "uniqueItems",
    "writeOnly",
    "xml",
];

/// Keys that affect the shape of a value.
const STRUCTURE: &[&str] = &[
    "$ref",
    "additionalProperties",
    "anyOf",
    "discriminator",
    "enum",
    "format",
    "items",
    "nullable",
    "oneOf",
    "properties",
    "required",
    "type",
];

/// The JSON pointer of the current position in the document.
#[derive(Clone)]
pub(super) struct Pointer(String);

impl Pointer {
    pub(super) fn new(pointer: &str) -> Self {
        Self(pointer.to_owned())
    }

    pub(super) fn child(&self, name: &str) -> Self {
        Self(format!(
            "{}/{}",
            self.0,
            name.replace('~', "~0").replace('/', "~1")
        ))
    }

    pub(super) fn expected(&self, expected: &'static str) -> SpecError {
        SpecError::Expected {
            path: self.0.clone(),
            expected,
        }
    }

    pub(super) fn unknown(&self, reason: impl Into<String>) -> SpecError {
        SpecError::UnknownShape {
            path: self.0.clone(),
            reason: reason.into(),
        }
    }
}

/// A schema's shape with its flags.
pub(super) struct Read {
    pub(super) shape: Shape,
    pub(super) nullable: bool,
    pub(super) clearable: bool,
    pub(super) deprecated: bool,
}

/// Reads the schemas of parameters, or those of objects.
pub(super) struct Reader<'a> {
    pub(super) schemas: &'a Map<String, Value>,
    /// Whether the schemas are of parameters, where `""` and null clear a field.
    pub(super) request: bool,
    pub(super) v2: bool,
}

impl Reader<'_> {
    /// The schema of a component: never shortened to a list or page.
    pub(super) fn named(&self, schema: &Value, place: &Pointer) -> Result<Shape, SpecError> {
        Ok(self.read_with(schema, place, false)?.shape)
    }

    /// A schema anywhere else.
    pub(super) fn read(&self, schema: &Value, place: &Pointer) -> Result<Read, SpecError> {
        self.read_with(schema, place, true)
    }

    fn read_with(&self, schema: &Value, place: &Pointer, pages: bool) -> Result<Read, SpecError> {
        let schema = schema
            .as_object()
            .ok_or_else(|| place.expected("a schema"))?;
        if let Some(key) = schema.keys().find(|key| {
            !key.starts_with("x-")
                && !ANNOTATIONS.contains(&key.as_str())
                && !STRUCTURE.contains(&key.as_str())
        }) {
            return Err(place.unknown(format!("the key \"{key}\"")));
        }
        let nullable = schema.get("nullable") == Some(&Value::Bool(true));
        let mut clearable = self.request && self.v2 && nullable;
        let shape = if let Some(target) = schema.get("$ref") {
            self.reference(target, place)?
        } else if let Some((key, members)) = ["anyOf", "oneOf"]
            .iter()
            .find_map(|key| Some((*key, schema.get(*key)?)))
        {
            let (shape, clears) = self.any_of(schema, members, &place.child(key))?;
            clearable |= clears;
            shape
        } else {
            let (shape, clears) = self.typed(schema, place, pages)?;
            clearable |= clears;
            shape
        };
        Ok(Read {
            shape,
            nullable: nullable && !self.request,
            clearable,
            deprecated: schema.get("deprecated") == Some(&Value::Bool(true)),
        })
    }

    fn reference(&self, target: &Value, place: &Pointer) -> Result<Shape, SpecError> {
        let target = target
            .as_str()
            .ok_or_else(|| place.expected("a string in $ref"))?;
        let name = target
            .strip_prefix("#/components/schemas/")
            .ok_or_else(|| place.unknown(format!("the reference \"{target}\"")))?;
        if !self.schemas.contains_key(name) {
            return Err(SpecError::UnknownRef {
                path: place.0.clone(),
                name: name.to_owned(),
            });
        }
        Ok(Shape::Ref(name.to_owned()))
    }

    /// A union, an expandable, a nullable reference, or a clearable value.
    fn any_of(
        &self,
        schema: &Map<String, Value>,
        members: &Value,
        place: &Pointer,
    ) -> Result<(Shape, bool), SpecError> {
        let members = members
            .as_array()
            .ok_or_else(|| place.expected("an array"))?;
        if let Some(resources) = schema.get("x-expansionResources") {
            return Ok((self.expandable(resources, place)?, false));
        }
        let mut clearable = false;
        let mut variants = Vec::with_capacity(members.len());
        for (index, member) in members.iter().enumerate() {
            let place = place.child(&index.to_string());
            if self.request && is_empty_string(member) {
                clearable = true;
                continue;
            }
            let read = self.read(member, &place)?;
            clearable |= read.clearable;
            if !variants.contains(&read.shape) {
                variants.push(read.shape);
            }
        }
        if variants.len() < 2 {
            let only = variants
                .pop()
                .ok_or_else(|| place.unknown("a union without members"))?;
            return Ok((only, clearable));
        }
        let open = schema.get("x-stripeBypassValidation") == Some(&Value::Bool(true));
        let discriminator = schema
            .get("discriminator")
            .and_then(|discriminator| discriminator.get("propertyName"))
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| {
                self.told_apart_by_object(&variants)
                    .then(|| "object".to_owned())
            });
        Ok((
            Shape::Union {
                variants,
                discriminator,
                open,
            },
            clearable,
        ))
    }

    fn expandable(&self, resources: &Value, place: &Pointer) -> Result<Shape, SpecError> {
        let members = ["oneOf", "anyOf"]
            .iter()
            .find_map(|key| resources.get(*key)?.as_array());
        let members = members.ok_or_else(|| place.unknown("x-expansionResources without oneOf"))?;
        let mut targets = Vec::with_capacity(members.len());
        for member in members {
            let target = member
                .get("$ref")
                .ok_or_else(|| place.unknown("x-expansionResources without $ref"))?;
            if let Shape::Ref(name) = self.reference(target, place)? {
                targets.push(name);
            }
        }
        Ok(Shape::Expandable { targets })
    }

    fn told_apart_by_object(&self, variants: &[Shape]) -> bool {
        variants.iter().all(|variant| match variant {
            Shape::Ref(name) => self
                .schemas
                .get(name)
                .and_then(|schema| schema.pointer("/properties/object/enum"))
                .and_then(Value::as_array)
                .is_some_and(|values| values.len() == 1),
            _ => false,
        })
    }

    /// A schema with a `type`. The flag says whether `""` clears it.
    fn typed(
        &self,
        schema: &Map<String, Value>,
        place: &Pointer,
        pages: bool,
    ) -> Result<(Shape, bool), SpecError> {
        let Some(kind) = schema.get("type") else {
            // No type at all means any JSON, unless something structural says otherwise.
            return match STRUCTURE
                .iter()
                .find(|key| **key != "nullable" && schema.contains_key(**key))
            {
                Some(key) => Err(place.unknown(format!("\"{key}\" without \"type\""))),
                None => Ok((Shape::Any, false)),
            };
        };
        let kind = kind
            .as_str()
            .ok_or_else(|| place.unknown("a \"type\" that is not one word"))?;
        let format = schema.get("format").and_then(Value::as_str);
        let shape = match kind {
            "string" if schema.contains_key("enum") => return self.word(schema, place),
            "string" => match format {
                Some("currency") => Shape::Currency,
                Some("decimal") => Shape::Decimal,
                Some("date-time") => Shape::DateTime,
                Some("int64") => Shape::Int64,
                Some("binary") => Shape::Binary,
                // A format narrows text, it does not make it anything else (`uri`, `email`, `country`...).
                _ => Shape::String,
            },
            "integer" if format == Some("unix-time") => Shape::UnixTime,
            "integer" => Shape::Integer,
            "number" if format == Some("decimal") => Shape::Decimal,
            "number" => Shape::Number,
            "boolean" => match schema
                .get("enum")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
            {
                None => Shape::Boolean,
                Some([Value::Bool(only)]) => Shape::ConstBool(*only),
                Some(_) => return Err(place.unknown("a boolean with several values")),
            },
            "array" => {
                let items = schema
                    .get("items")
                    .ok_or_else(|| place.expected("\"items\""))?;
                Shape::Array(Box::new(self.inner(items, &place.child("items"))?))
            }
            "object" => self.object(schema, place, pages)?,
            other => return Err(place.unknown(format!("the type \"{other}\""))),
        };
        Ok((shape, false))
    }

    fn word(
        &self,
        schema: &Map<String, Value>,
        place: &Pointer,
    ) -> Result<(Shape, bool), SpecError> {
        let listed = schema
            .get("enum")
            .and_then(Value::as_array)
            .ok_or_else(|| place.expected("an array in \"enum\""))?;
        let mut values = Vec::with_capacity(listed.len());
        for value in listed {
            match value {
                Value::String(text) => values.push(text.clone()),
                Value::Null => {}
                other => return Err(place.unknown(format!("the enum value {other}"))),
            }
        }
        let clearable = self.request && values.iter().any(String::is_empty);
        if clearable {
            values.retain(|value| !value.is_empty());
        }
        let open = schema.get("x-stripeBypassValidation") == Some(&Value::Bool(true));
        let shape = match values.as_slice() {
            [] if clearable => Shape::String,
            [] => return Err(place.unknown("an enum without values")),
            [only] if !open => Shape::Const(only.clone()),
            _ => Shape::Enum { values, open },
        };
        Ok((shape, clearable))
    }

    fn object(
        &self,
        schema: &Map<String, Value>,
        place: &Pointer,
        pages: bool,
    ) -> Result<Shape, SpecError> {
        let properties = match schema.get("properties") {
            None => None,
            Some(value) => Some(
                value
                    .as_object()
                    .ok_or_else(|| place.expected("an object in \"properties\""))?,
            ),
        };
        let free = schema
            .get("additionalProperties")
            .filter(|free| **free != Value::Bool(false));
        match (properties, free) {
            (Some(properties), _) if !properties.is_empty() => {
                if pages
                    && !self.request
                    && let Some(page) = self.page(properties, place)?
                {
                    return Ok(page);
                }
                let title = schema
                    .get("title")
                    .and_then(Value::as_str)
                    .filter(|title| !title.is_empty());
                let fields = self.fields(properties, &strings(schema.get("required")), place)?;
                Ok(Shape::Object {
                    title: title.map(str::to_owned),
                    fields,
                })
            }
            (_, Some(Value::Object(values))) if !values.is_empty() => {
                let values = Value::Object(values.clone());
                Ok(Shape::Map(Box::new(
                    self.inner(&values, &place.child("additionalProperties"))?,
                )))
            }
            (_, Some(_)) => Ok(Shape::Map(Box::new(Shape::Any))),
            // `properties: {}` is an object that only says that it is there; no properties at all is free JSON.
            (Some(_), None) => Ok(Shape::Object {
                title: None,
                fields: Vec::new(),
            }),
            (None, None) => Ok(Shape::Any),
        }
    }

    /// A page of a list, recognised by its members.
    fn page(
        &self,
        properties: &Map<String, Value>,
        place: &Pointer,
    ) -> Result<Option<Shape>, SpecError> {
        let Some(items) = properties.get("data").and_then(|data| data.get("items")) else {
            return Ok(None);
        };
        let item = |reader: &Self| {
            let place = place.child("properties").child("data").child("items");
            Ok::<_, SpecError>(Box::new(reader.inner(items, &place)?))
        };
        if self.v2 && properties.contains_key("next_page_url") {
            return Ok(Some(Shape::V2Page(item(self)?)));
        }
        let object = properties
            .get("object")
            .and_then(|object| object.pointer("/enum/0"))
            .and_then(Value::as_str);
        match object {
            Some("list") => Ok(Some(Shape::List(item(self)?))),
            Some("search_result") => Ok(Some(Shape::SearchResult(item(self)?))),
            _ => Ok(None),
        }
    }

    pub(super) fn fields(
        &self,
        properties: &Map<String, Value>,
        required: &[&str],
        place: &Pointer,
    ) -> Result<Vec<Field>, SpecError> {
        let mut fields = Vec::with_capacity(properties.len());
        for (name, schema) in properties {
            let read = self.read(schema, &place.child("properties").child(name))?;
            fields.push(read.into_field(name, required.contains(&name.as_str())));
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(fields)
    }

    /// A list item or map value: null is part of its shape, because it has no field with a flag.
    fn inner(&self, schema: &Value, place: &Pointer) -> Result<Shape, SpecError> {
        let read = self.read(schema, place)?;
        Ok(if read.nullable || read.clearable {
            Shape::Nullable(Box::new(read.shape))
        } else {
            read.shape
        })
    }
}

impl Read {
    pub(super) fn into_field(self, name: &str, required: bool) -> Field {
        Field {
            name: name.to_owned(),
            shape: self.shape,
            required,
            nullable: self.nullable,
            clearable: self.clearable,
            deprecated: self.deprecated,
        }
    }
}

fn is_empty_string(schema: &Value) -> bool {
    schema
        .get("enum")
        .and_then(Value::as_array)
        .is_some_and(|values| values.as_slice() == [Value::String(String::new())])
}
