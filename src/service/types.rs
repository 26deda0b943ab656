//! The catalogue of event types, for callers.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Service;
use crate::domain::catalogue::{Category, Definition, EventTypeDetails, EventTypeEntry};
use crate::domain::error::Result;
use crate::domain::time::Timestamp;
use crate::store::{StoredType, TypesAsked};

/// Asks for the event types.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListEventTypesRequest {
    /// Only event types of this category: instance, epic, testing, git, deployment, work_state or
    /// planning.
    #[serde(default)]
    pub category: Option<String>,
}

/// The event types.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListEventTypesAnswer {
    /// All of them, by category.
    pub event_types: Vec<EventTypeEntry>,
    /// Custom types whose stored definition cannot be read; nothing of these types can be recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<UnreadableType>,
}

/// A custom type whose stored definition cannot be read.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UnreadableType {
    /// The event type.
    pub event_type: String,
    /// Why it cannot be read.
    pub error: String,
    /// What to do.
    pub hint: String,
}

/// An event type in full.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EventTypeAnswer {
    /// The event type.
    #[serde(flatten)]
    pub details: EventTypeDetails,
    /// Of a custom type, every version that it has had, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<TypeVersionView>,
    /// The versions whose stored definition cannot be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable_versions: Vec<u32>,
}

/// A version of a custom event type.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TypeVersionView {
    /// 1, 2, 3 …
    pub version: u32,
    /// From when on events were checked against it (RFC 3339, UTC).
    #[schemars(with = "String")]
    pub valid_from: Timestamp,
    /// When it was retired, where it was (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub retired_at: Option<Timestamp>,
    /// Its category.
    pub category: Category,
    /// Its description.
    pub description: String,
    /// Its JSON Schema.
    pub schema: Map<String, Value>,
}

impl Service {
    /// The event types that can be recorded, with their fields.
    ///
    /// # Errors
    ///
    /// `unknown_category`, and `store_*` errors.
    pub async fn list_event_types(
        &self,
        request: &ListEventTypesRequest,
    ) -> Result<ListEventTypesAnswer> {
        let parse = |name: &str| {
            Category::parse(name).ok_or_else(|| Category::unknown(name).at("category"))
        };
        let category = request.category.as_deref().map(parse).transpose()?;
        let known = self.all_types().await?;
        let entries = known.entries().into_iter();
        let asked = entries.filter(|entry| category.is_none_or(|asked| entry.category == asked));
        // Of which category they are is not known.
        let unreadable = known.unreadable().iter().map(|(name, error)| UnreadableType {
            event_type: name.clone(),
            error: error.message.clone(),
            hint: error.hint.clone().into_owned(),
        });
        Ok(ListEventTypesAnswer { event_types: asked.collect(), unreadable: unreadable.collect() })
    }

    /// One event type in full, with its JSON Schema.
    ///
    /// # Errors
    ///
    /// `unknown_event_type`, with the nearest known names, and `store_*` errors.
    pub async fn event_type(&self, name: &str) -> Result<EventTypeAnswer> {
        let types = self.types_named(std::iter::once(name)).await?;
        let details = types.details(name)?;
        let versions = match types.custom(name) {
            Some(_) => self.store.event_types(&TypesAsked::Versions(name.to_owned())).await?,
            None => Vec::new(),
        };
        let read = versions.iter().map(|stored| version(stored).map_err(|_| stored.version));
        let (mut versions, mut unreadable_versions) = (Vec::new(), Vec::new());
        for version in read {
            match version {
                Ok(view) => versions.push(view),
                Err(number) => unreadable_versions.push(number),
            }
        }
        Ok(EventTypeAnswer { details, versions, unreadable_versions })
    }
}

fn version(stored: &StoredType) -> Result<TypeVersionView> {
    let definition = Definition::from_stored(&stored.name, &stored.definition)?;
    Ok(TypeVersionView {
        version: stored.version,
        valid_from: stored.defined_at,
        retired_at: stored.retired_at,
        category: definition.category,
        description: definition.description,
        schema: definition.schema,
    })
}

/// The schema of a free JSON object. A schema derived from a JSON value is `true`, which makes some
/// clients drop every tool of the server.
pub(super) fn object_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}
