//! What the list of event types shows.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::category::Category;
use super::event_type::EventType;
use super::{Catalogue, custom};

/// An event type in the list of event types.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EventTypeEntry {
    /// The name of the type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What an event of the type says.
    pub description: String,
    /// The category.
    pub category: Category,
    /// The fields that every event of the type must have, each under its name or an alias.
    pub required_fields: Vec<String>,
    /// The fields that an event of the type may have besides; others are accepted too.
    pub optional_fields: Vec<String>,
    /// Groups of optional fields; of each group at least one must be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_one_of: Vec<Vec<String>>,
    /// Other names of fields: the alias, then the field that it means.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, String>,
    /// A payload as an example.
    pub example: Map<String, Value>,
    /// True for a type that the store alone records; a caller's event of it is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub store_only: bool,
    /// True for a type that users of this store have defined.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub custom: bool,
    /// Of a custom type, the version of its definition: 1, 2, 3 …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// True for a custom type that takes no new events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// An event type with the JSON Schema of its payload.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EventTypeDetails {
    /// What the list shows.
    #[serde(flatten)]
    pub entry: EventTypeEntry,
    /// The JSON Schema (draft 2020-12) of `event_data`.
    pub schema: Map<String, Value>,
    /// Further payloads as examples.
    pub examples: Vec<Map<String, Value>>,
}

impl EventTypeDetails {
    /// What a field means and which values it takes, in words; `None` where the type does not say.
    pub fn meaning(&self, field: &str) -> Option<String> {
        if self.entry.custom {
            let schema = self.schema.get("properties")?.get(field)?;
            return match (custom::meaning(schema), custom::takes(schema)) {
                (Some(meaning), Some(takes)) => Some(format!("{meaning} ({takes})")),
                (Some(meaning), None) => Some(meaning),
                (None, takes) => takes,
            };
        }
        let field = Catalogue::builtin().get(&self.entry.event_type)?.field_named(field)?;
        Some(format!("{} ({})", field.meaning(), field.kind))
    }
}

impl EventType {
    /// The type in the list of event types.
    pub fn entry(&self) -> EventTypeEntry {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let singles: Vec<&str> = self
            .required
            .iter()
            .filter_map(|group| if let [name] = group { Some(*name) } else { None })
            .collect();
        let optional: Vec<&str> = self
            .fields
            .iter()
            .map(|field| field.name)
            .filter(|name| !singles.contains(name))
            .collect();
        let aliases = self.fields.iter().flat_map(|field| {
            field.aliases.iter().map(|alias| ((*alias).to_owned(), field.name.to_owned()))
        });
        EventTypeEntry {
            event_type: self.name.to_owned(),
            description: self.description.to_owned(),
            category: self.category,
            required_fields: owned(&singles),
            optional_fields: owned(&optional),
            required_one_of: self
                .required
                .iter()
                .filter(|group| group.len() > 1)
                .map(|group| owned(group))
                .collect(),
            aliases: aliases.collect(),
            example: self.example_values().next().unwrap_or_default(),
            store_only: self.store_only,
            custom: false,
            version: None,
            retired: false,
        }
    }

    /// The type with its JSON Schema.
    pub fn details(&self) -> EventTypeDetails {
        EventTypeDetails {
            entry: self.entry(),
            schema: self.schema(),
            examples: self.example_values().skip(1).collect(),
        }
    }

    /// The examples as JSON objects.
    pub fn example_values(&self) -> impl Iterator<Item = Map<String, Value>> {
        self.examples.iter().map(|text| {
            serde_json::from_str(text).expect("an example is a JSON object, as tests show")
        })
    }
}
