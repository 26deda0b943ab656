//! Custom event types: those that users define in the store itself.
//!
//! A definition is read from TOML ([`Definition::from_toml`]), checked once, and stored as JSON. A
//! changed definition is a new version; events are checked against the version in force.

use std::borrow::Cow;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::category::Category;
use super::described::{self, Described};
use super::entry::{EventTypeDetails, EventTypeEntry};
use super::refusal::cut_to;
use super::validate::{self, check_is_object, check_schema};
use crate::domain::error::{Code, Error, Result};

mod definition;
mod field_schema;
mod form;
mod schema_rules;

#[cfg(test)]
mod tests;

pub use definition::Definition;
pub use field_schema::{meaning, takes};

/// The most characters of an example in a refusal.
const EXAMPLE_CHARS: usize = 400;

/// One version of a custom event type, ready to check payloads.
#[derive(Debug)]
pub struct CustomType {
    definition: Definition,
    version: u32,
    validator: OnceLock<Validator>,
}

impl CustomType {
    /// A version of a definition that was checked before it was stored.
    pub fn new(definition: Definition, version: u32) -> Self {
        Self { definition, version, validator: OnceLock::new() }
    }

    /// The definition.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// 1 for the first definition, one more for each that replaced it.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What part of an agent's work the type is about.
    pub fn category(&self) -> Category {
        self.definition.category
    }

    /// Checks that the payload fits the type.
    ///
    /// # Errors
    ///
    /// `invalid_event_data`, `missing_required_field`, `invalid_field_type`, `field_out_of_range`,
    /// `invalid_date`. Of several faults one is named, for the same payload always the same.
    pub fn validate(&self, event_data: &Value) -> Result<()> {
        check_is_object(self, event_data)?;
        check_schema(self, self.validator()?, event_data)
    }

    fn validator(&self) -> Result<&Validator> {
        if let Some(validator) = self.validator.get() {
            return Ok(validator);
        }
        let schema = Value::Object(self.definition.schema.clone());
        let compiled = validate::options().build(&schema).map_err(|error| {
            let name = &self.definition.name;
            Error::new(
                Code::InvalidEventType,
                format!("the stored schema of {name} cannot be used: {}", shown(&error)),
                format!("define {name} anew with a schema that is valid"),
            )
            .at("event_type")
        })?;
        Ok(self.validator.get_or_init(|| compiled))
    }

    /// The type in the list of event types.
    pub fn entry(&self) -> EventTypeEntry {
        let definition = &self.definition;
        let required = self.required();
        let optional = definition.properties().map(|(name, _)| name);
        let optional = optional.filter(|name| !required.contains(name)).map(str::to_owned);
        EventTypeEntry {
            event_type: definition.name.clone(),
            description: definition.description.clone(),
            category: definition.category,
            optional_fields: optional.collect(),
            required_fields: required.iter().map(|name| (*name).to_owned()).collect(),
            required_one_of: Vec::new(),
            aliases: Default::default(),
            example: definition.examples.first().cloned().unwrap_or_default(),
            store_only: false,
            custom: true,
            version: Some(self.version),
            retired: false,
        }
    }

    /// The type with its JSON Schema.
    pub fn details(&self) -> EventTypeDetails {
        EventTypeDetails {
            entry: self.entry(),
            schema: self.definition.schema.clone(),
            examples: self.definition.examples.iter().skip(1).cloned().collect(),
        }
    }

    fn required(&self) -> Vec<&str> {
        let required = self.definition.schema.get("required").and_then(Value::as_array);
        required.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

impl Described for CustomType {
    fn name(&self) -> &str {
        &self.definition.name
    }

    fn usage(&self) -> String {
        let needs: Vec<String> = self.required().into_iter().map(str::to_owned).collect();
        let empty = Map::new();
        let example = self.definition.examples.first().unwrap_or(&empty);
        let example = serde_json::to_string(example).unwrap_or_default();
        described::usage(self.name(), &needs, &cut_to(&example, EXAMPLE_CHARS))
    }

    fn knows(&self, field: &str) -> bool {
        self.definition.properties().any(|(name, _)| name == field)
    }

    fn explained(&self, field: &str) -> Option<String> {
        let (name, schema) = self.definition.properties().find(|(name, _)| *name == field)?;
        Some(match (meaning(schema), takes(schema)) {
            (Some(meaning), Some(takes)) => format!("{name}: {meaning}; {takes}"),
            (Some(told), None) | (None, Some(told)) => format!("{name}: {told}"),
            (None, None) => return None,
        })
    }
}

/// An error of the validator, cut to what a message may hold.
fn shown(error: &jsonschema::ValidationError<'_>) -> Cow<'static, str> {
    super::refusal::shown(&error.to_string()).into_owned().into()
}

/// Why a definition is refused.
fn invalid(field: &str, message: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::InvalidEventType, message, hint).at(field)
}
