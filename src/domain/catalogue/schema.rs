//! The JSON Schema (draft 2020-12) of an event type, generated from its table.

use serde_json::{Map, Value, json};

use super::event_type::EventType;
use super::field::{Field, Kind, TIME_CHARS};

impl EventType {
    /// The JSON Schema of the payload. Further properties are allowed.
    pub fn schema(&self) -> Map<String, Value> {
        let mut properties = Map::new();
        for field in self.fields {
            properties.insert(field.name.to_owned(), property(field, field.meaning()));
            for alias in field.aliases {
                let meaning = format!("Another name of {}: {}", field.name, field.meaning());
                properties.insert((*alias).to_owned(), property(field, meaning));
            }
        }
        let mut schema = Map::new();
        schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        schema.insert("title".into(), self.name.into());
        schema.insert("description".into(), self.description.into());
        schema.insert("type".into(), "object".into());
        schema.insert("properties".into(), properties.into());
        self.require(&mut schema);
        schema
    }

    /// A group that one name alone satisfies goes into `required`; the others are an `anyOf` each.
    fn require(&self, schema: &mut Map<String, Value>) {
        let groups: Vec<Vec<&str>> =
            self.required.iter().map(|group| self.accepted_names(group)).collect();
        let (single, several): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|names| names.len() == 1);
        if !single.is_empty() {
            schema.insert("required".into(), single.concat().into());
        }
        let any_of = |names: &Vec<&str>| -> Value {
            names.iter().map(|name| json!({ "required": [name] })).collect()
        };
        match several.as_slice() {
            [] => {}
            [names] => {
                schema.insert("anyOf".into(), any_of(names));
            }
            several => {
                let all: Vec<Value> =
                    several.iter().map(|names| json!({ "anyOf": any_of(names) })).collect();
                schema.insert("allOf".into(), all.into());
            }
        }
    }
}

fn property(field: &Field, description: String) -> Value {
    let mut property = match field.kind {
        Kind::Text { min: 0, max } => json!({"type": "string", "maxLength": max}),
        Kind::Text { min, max } => json!({"type": "string", "minLength": min, "maxLength": max}),
        Kind::Time => json!({"type": "string", "format": "date-time", "maxLength": TIME_CHARS}),
        Kind::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Number { min, max } => json!({"type": "number", "minimum": min, "maximum": max}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::TextList { max_items, max_chars } => json!({
            "type": "array",
            "items": {"type": "string", "maxLength": max_chars},
            "maxItems": max_items,
        }),
        Kind::Object => json!({"type": "object"}),
    };
    property["description"] = description.into();
    property
}

#[cfg(test)]
mod tests {
    use super::super::Catalogue;
    use super::*;

    fn schema(name: &str) -> Value {
        Value::Object(Catalogue::builtin().get(name).unwrap().schema())
    }

    #[test]
    fn a_schema_holds_types_bounds_units_and_aliases() {
        let schema = schema("test_passed");
        let properties = &schema["properties"];
        assert_eq!(
            properties["coverage_percent"],
            json!({
                "type": "number", "minimum": 0, "maximum": 100,
                "description": "How much of the code the tests cover, in percent",
            })
        );
        assert_eq!(
            properties["test_count"],
            json!({
                "type": "integer", "minimum": 0, "maximum": 1_000_000_000,
                "description": "Another name of passed_count: How many tests passed",
            })
        );
        assert_eq!(
            schema["anyOf"],
            json!([{"required": ["passed_count"]}, {"required": ["test_count"]}])
        );
        assert_eq!(schema.get("required"), None);
    }

    #[test]
    fn required_fields_without_aliases_are_required() {
        assert_eq!(schema("archived")["required"], json!(["first_sequence", "last_sequence"]));
        assert_eq!(schema("instance_heartbeat").get("required"), None);
    }

    #[test]
    fn several_groups_of_several_are_all_needed() {
        let event_type = EventType {
            required: &[&["pr_number", "pr_url"], &["title"], &["branch", "base_branch"]],
            ..*Catalogue::builtin().get("pr_created").unwrap()
        };
        let schema = Value::Object(event_type.schema());
        assert_eq!(schema["required"], json!(["title"]));
        assert_eq!(
            schema["allOf"],
            json!([
                {"anyOf": [
                    {"required": ["pr_number"]}, {"required": ["number"]},
                    {"required": ["pr_url"]}, {"required": ["url"]},
                ]},
                {"anyOf": [{"required": ["branch"]}, {"required": ["base_branch"]}]},
            ])
        );
    }

    #[test]
    fn every_schema_is_valid_closed_to_no_field_and_free_of_boolean_schemas() {
        for event_type in Catalogue::builtin().types() {
            let schema = Value::Object(event_type.schema());
            jsonschema::draft202012::meta::validate(&schema).unwrap();
            assert_eq!(schema.get("additionalProperties"), None, "{}", event_type.name);
            for (name, property) in schema["properties"].as_object().unwrap() {
                assert!(property.is_object(), "{}.{name}", event_type.name);
                assert!(property["type"].is_string(), "{}.{name}", event_type.name);
                assert!(property["description"].is_string(), "{}.{name}", event_type.name);
            }
        }
    }
}
