//! The catalogue: the known event types.
//!
//! Each built-in type is a row of a table of its category. Validation, the list of types, their
//! JSON Schemas and `docs/event-types.md` all follow from the tables. [`KnownTypes`] adds the custom
//! types of a store, which are checked and refused by the same rules.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use jsonschema::Validator;
use serde_json::Value;

use super::error::{Code, Error, Result};

mod category;
mod custom;
mod deployment;
mod described;
pub mod document;
mod entry;
mod epic;
mod event_type;
pub mod field;
mod git;
mod instance;
mod known;
mod nearest;
mod planning;
mod refusal;
mod schema;
mod shared_fields;
mod testing;
mod validate;
mod work_state;

pub use category::Category;
pub use custom::{CustomType, Definition};
pub use entry::{EventTypeDetails, EventTypeEntry};
pub use event_type::EventType;
pub use field::Field;
pub use known::{KnownTypes, Standing};
pub use nearest::nearest;

/// The built-in tables, in the order of the documentation.
const TABLES: [&[EventType]; 7] = [
    instance::TYPES,
    epic::TYPES,
    testing::TYPES,
    git::TYPES,
    deployment::TYPES,
    work_state::TYPES,
    planning::TYPES,
];

/// The built-in event types.
#[derive(Debug)]
pub struct Catalogue {
    rows: Vec<Row>,
    by_name: HashMap<&'static str, usize>,
}

/// A type with its compiled schema, compiled when the type is first used: a short-lived process
/// pays only for what it records.
#[derive(Debug)]
struct Row {
    event_type: &'static EventType,
    validator: OnceLock<Validator>,
}

impl Row {
    fn validator(&self) -> Result<&Validator> {
        if let Some(validator) = self.validator.get() {
            return Ok(validator);
        }
        let compiled = validate::compile(self.event_type.schema())?;
        Ok(self.validator.get_or_init(|| compiled))
    }
}

impl Catalogue {
    /// The built-in types.
    pub fn builtin() -> &'static Catalogue {
        static BUILTIN: LazyLock<Catalogue> =
            LazyLock::new(|| Catalogue::new(TABLES.into_iter().flatten()));
        &BUILTIN
    }

    fn new(types: impl Iterator<Item = &'static EventType>) -> Self {
        let rows: Vec<Row> =
            types.map(|event_type| Row { event_type, validator: OnceLock::new() }).collect();
        let by_name = rows.iter().enumerate().map(|(at, row)| (row.event_type.name, at)).collect();
        Self { rows, by_name }
    }

    /// Every type, by category, in the order of the documentation.
    pub fn types(&self) -> impl ExactSizeIterator<Item = &'static EventType> + '_ {
        self.rows.iter().map(|row| row.event_type)
    }

    /// The type of this name.
    pub fn get(&self, name: &str) -> Option<&'static EventType> {
        self.row(name).map(|row| row.event_type)
    }

    /// The type of this name, for callers who named it.
    ///
    /// # Errors
    ///
    /// `unknown_event_type`, with the nearest known names.
    pub fn require(&self, name: &str) -> Result<&'static EventType> {
        self.get(name).ok_or_else(|| self.unknown(name))
    }

    fn row(&self, name: &str) -> Option<&Row> {
        self.by_name.get(name).map(|at| &self.rows[*at])
    }

    /// The category of the type of this name.
    pub fn category(&self, name: &str) -> Option<Category> {
        self.get(name).map(|event_type| event_type.category)
    }

    /// Up to three names that this unknown name was probably meant to be, the likeliest first.
    /// Types that the store alone records are not among them.
    pub fn nearest(&self, name: &str) -> Vec<&'static str> {
        let open = self.types().filter(|event_type| !event_type.store_only);
        nearest::nearest(name, open.map(|event_type| event_type.name))
    }

    /// Checks that the type is known and that the payload fits it: required fields, types, bounds,
    /// aliases. Fields that the type does not know are accepted. Does not check the size and the
    /// depth of the payload, nor who may record the type ([`EventType::store_only`]).
    ///
    /// # Errors
    ///
    /// `unknown_event_type`, `invalid_event_data`, `missing_required_field`, `invalid_field_type`,
    /// `field_out_of_range`, `invalid_date`, `alias_conflict`. Of several faults one is named, for
    /// the same payload always the same.
    pub fn validate(&self, event_type: &str, event_data: &Value) -> Result<&'static EventType> {
        let row = self.row(event_type).ok_or_else(|| self.unknown(event_type))?;
        validate::check_is_object(row.event_type, event_data)?;
        validate::check_schema(row.event_type, row.validator()?, event_data)?;
        validate::check_aliases(row.event_type, event_data)?;
        Ok(row.event_type)
    }

    fn unknown(&self, name: &str) -> Error {
        unknown(name, self.nearest(name))
    }
}

fn unknown(name: &str, nearest: Vec<&str>) -> Error {
    let message = format!("\"{}\" is no known event_type", refusal::shown(name));
    let hint = if nearest.is_empty() {
        "list the known types with mcp_meta_list_event_types or `annals types`".to_owned()
    } else {
        format!("did you mean {}?", nearest.join(", "))
    };
    Error::new(Code::UnknownEventType, message, hint).at("event_type").with("nearest", nearest)
}

#[cfg(test)]
mod tests;
