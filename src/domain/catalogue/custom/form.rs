//! The form in which users write a definition: TOML.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value, json};

use super::schema_rules::DIALECT;
use super::{Definition, invalid};
use crate::domain::catalogue::field::TIME_CHARS;
use crate::domain::catalogue::{Category, refusal};
use crate::domain::error::{Code, Error, Result};
use crate::domain::json;

/// What stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    category: String,
    description: String,
    required: Option<Vec<String>>,
    fields: Option<BTreeMap<String, FieldForm>>,
    schema: Option<ObjectForm>,
    #[serde(default)]
    examples: Vec<ObjectForm>,
}

/// A JSON object: as the text of it, or as a TOML table.
#[derive(Deserialize)]
#[serde(untagged)]
enum ObjectForm {
    Text(String),
    Table(toml::Table),
}

/// A field: the name of its type alone, or a table with its type and bounds.
struct FieldForm(Box<FieldKind>);

/// What values a field takes. Bounds are inclusive.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum FieldKind {
    String {
        description: Option<String>,
        min_length: Option<u64>,
        max_length: Option<u64>,
        pattern: Option<String>,
        choices: Option<Vec<String>>,
    },
    Integer {
        description: Option<String>,
        minimum: Option<i64>,
        maximum: Option<i64>,
    },
    Number {
        description: Option<String>,
        minimum: Option<Number>,
        maximum: Option<Number>,
    },
    Boolean {
        description: Option<String>,
    },
    /// An RFC 3339 time with an offset.
    Time {
        description: Option<String>,
    },
    Array {
        description: Option<String>,
        items: Option<FieldForm>,
        min_items: Option<u64>,
        max_items: Option<u64>,
    },
    Object {
        description: Option<String>,
        required: Option<Vec<String>>,
        fields: Option<BTreeMap<String, FieldForm>>,
    },
}

/// Reads a definition. Its parts are not checked yet, but for those that would have no meaning.
///
/// # Errors
///
/// `invalid_event_type`, `unknown_category`.
pub fn read(text: &str) -> Result<Definition> {
    let form: Form = toml::from_str(text).map_err(|error| not_read(text, &error))?;
    let category = Category::parse(&form.category)
        .ok_or_else(|| Category::unknown(&form.category).at("category"))?;
    let schema = match (form.schema, form.fields) {
        (None, fields) => {
            let fields = fields.unwrap_or_default();
            let required = form.required.unwrap_or_default();
            let mut schema = Map::new();
            schema.insert("$schema".into(), DIALECT.into());
            schema.insert("description".into(), form.description.as_str().into());
            schema.extend(object(fields, required, "")?);
            schema
        }
        (Some(schema), None) if form.required.is_none() => schema.object("schema")?,
        (Some(_), fields) => {
            let other = if fields.is_some() { "fields" } else { "required" };
            let message = format!("the definition has both schema and {other}");
            return Err(invalid(other, message, "say it in the schema, or leave the schema out"));
        }
    };
    let examples = form.examples.into_iter().enumerate();
    Ok(Definition {
        name: form.name,
        category,
        description: form.description,
        schema,
        examples: examples
            .map(|(index, example)| example.object(&format!("examples[{index}]")))
            .collect::<Result<_>>()?,
    })
}

fn not_read(text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().and_then(|span| text.get(..span.start));
    let place = line.map(|before| format!("line {}: ", before.matches('\n').count() + 1));
    let message = format!(
        "the definition cannot be read: {}{}",
        place.unwrap_or_default(),
        crate::domain::shown::shown(error.message(), 300)
    );
    let hint = "a definition is TOML with name, category, description, required, fields (or schema) \
                and examples";
    invalid("definition", message, hint)
}

impl ObjectForm {
    fn object(self, field: &str) -> Result<Map<String, Value>> {
        let value = match self {
            ObjectForm::Text(text) => json::parse(text.as_bytes(), field).map_err(|error| {
                let (message, hint) = (error.message, error.hint);
                Error { code: Code::InvalidEventType, message, hint, ..error }
            })?,
            ObjectForm::Table(table) => value(toml::Value::Table(table), field)?,
        };
        match value {
            Value::Object(object) => Ok(object),
            other => {
                let message = format!(
                    "{field} is no JSON object but {}",
                    refusal::described(jsonschema::types::JsonType::from(&other))
                );
                Err(invalid(field, message, "write an object, such as {\"type\": \"object\"}"))
            }
        }
    }
}

/// A TOML value as JSON: a date or time becomes its text.
fn value(value: toml::Value, field: &str) -> Result<Value> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => {
            Number::from_f64(number).map(Value::from).ok_or_else(|| {
                let message = format!("{field} has {number}, which is no number in JSON");
                invalid(field, message, "use a finite number")
            })?
        }
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => {
            items.into_iter().map(|item| self::value(item, field)).collect::<Result<_>>()?
        }
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(name, item)| Ok((name, self::value(item, field)?)))
                .collect::<Result<_>>()?,
        ),
    })
}

/// The schema of an object with these fields; `place` leads to them in the definition.
fn object(
    fields: BTreeMap<String, FieldForm>,
    required: Vec<String>,
    place: &str,
) -> Result<Map<String, Value>> {
    if let Some(unknown) = required.iter().find(|name| !fields.contains_key(*name)) {
        let field = format!("{place}required");
        let message = format!(
            "{field} names {:?}, which is none of the {place}fields",
            refusal::shown(unknown)
        );
        return Err(invalid(
            &field,
            message,
            "describe the field below fields, or correct its name",
        ));
    }
    let mut properties = Map::new();
    for (name, field) in fields {
        let place = format!("{place}fields.{}", refusal::shown(&name));
        properties.insert(name, property(*field.0, &place)?);
    }
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    if !properties.is_empty() {
        schema.insert("properties".into(), properties.into());
    }
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    Ok(schema)
}

fn property(kind: FieldKind, place: &str) -> Result<Value> {
    let (description, schema) = match kind {
        FieldKind::String { description, min_length, max_length, pattern, choices } => (
            description,
            json!({"type": "string", "minLength": min_length, "maxLength": max_length,
                   "pattern": pattern, "enum": choices}),
        ),
        FieldKind::Integer { description, minimum, maximum } => {
            (description, json!({"type": "integer", "minimum": minimum, "maximum": maximum}))
        }
        FieldKind::Number { description, minimum, maximum } => {
            (description, json!({"type": "number", "minimum": minimum, "maximum": maximum}))
        }
        FieldKind::Boolean { description } => (description, json!({"type": "boolean"})),
        FieldKind::Time { description } => {
            (description, json!({"type": "string", "format": "date-time", "maxLength": TIME_CHARS}))
        }
        FieldKind::Array { description, items, min_items, max_items } => {
            let items =
                items.map(|items| property(*items.0, &format!("{place}.items"))).transpose()?;
            let schema = json!({"type": "array", "items": items, "minItems": min_items,
                                "maxItems": max_items});
            (description, schema)
        }
        FieldKind::Object { description, required, fields } => {
            let (fields, required) = (fields.unwrap_or_default(), required.unwrap_or_default());
            (description, Value::Object(object(fields, required, &format!("{place}."))?))
        }
    };
    let Value::Object(mut schema) = schema else { return Ok(schema) };
    schema.insert("description".into(), description.into());
    schema.retain(|_, value| !value.is_null());
    Ok(Value::Object(schema))
}

impl<'de> Deserialize<'de> for FieldForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = FieldForm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the type of a field, or a table with its type and bounds")
    }

    fn visit_str<E: de::Error>(self, kind: &str) -> std::result::Result<FieldForm, E> {
        let tagged = Map::from_iter([("type".to_owned(), Value::from(kind))]);
        let kind = FieldKind::deserialize(Value::Object(tagged)).map_err(E::custom)?;
        Ok(FieldForm(Box::new(kind)))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> std::result::Result<FieldForm, A::Error> {
        FieldKind::deserialize(MapAccessDeserializer::new(table))
            .map(|kind| FieldForm(Box::new(kind)))
    }
}
