//! The catalogue of event types, for callers.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Service;
use super::query::unknown_category;
use crate::domain::catalogue::{Catalogue, Category, EventTypeEntry};
use crate::domain::error::Result;

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
}

impl Service {
    /// The event types that can be recorded, with their fields.
    ///
    /// # Errors
    ///
    /// `unknown_category`.
    pub fn list_event_types(
        &self,
        request: &ListEventTypesRequest,
    ) -> Result<ListEventTypesAnswer> {
        list_event_types(self.catalogue, request)
    }
}

/// The event types of a catalogue; needs no store.
///
/// # Errors
///
/// `unknown_category`.
pub fn list_event_types(
    catalogue: &Catalogue,
    request: &ListEventTypesRequest,
) -> Result<ListEventTypesAnswer> {
    let parse =
        |name: &str| Category::parse(name).ok_or_else(|| unknown_category(name).at("category"));
    let category = request.category.as_deref().map(parse).transpose()?;
    let types = catalogue.types();
    let asked = types.filter(|known| category.is_none_or(|category| known.category == category));
    Ok(ListEventTypesAnswer { event_types: asked.map(|known| known.entry()).collect() })
}

/// The schema of a free JSON object. A schema derived from a JSON value is `true`, which makes some
/// clients drop every tool of the server.
pub(super) fn object_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}
