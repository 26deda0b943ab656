//! The page of the documentation that lists every event type, generated from the catalogue.

use std::fmt::{self, Write};

use serde_json::{Map, Value};

use super::{Catalogue, Category, EventType, Field};

const INTRODUCTION: &str = "\
# Event types

Every event has a type from this catalogue. The type says which fields its `event_data` must hold,
which others it may hold, and within which bounds. `annals types`, `annals types TYPE` and the tool
`mcp_meta_list_event_types` show the same. How to record events: [Emitting events](emitting-events.md).
When none of these says what happened: [Event types of your own](custom-types.md).

What holds for every type:

- `event_data` is a JSON object. Fields that a type does not list are stored as they are.
- A name after \"or\" is an alias: the same field under another name. Both at once are refused with
  `alias_conflict` when their values differ. What was sent is what is stored.
- All bounds are inclusive, and lengths are in Unicode characters. `60.0` is an integer. `null` is a
  value of the wrong type: leave a field out that has no value.

This page is generated. To write it anew: `UPDATE_DOCS=1 cargo test --lib event_types_page`.
";

/// The whole page as Markdown.
pub fn event_types_page(catalogue: &Catalogue) -> String {
    let mut page = INTRODUCTION.to_owned();
    write_page(&mut page, catalogue).expect("writing to a string does not fail");
    page
}

fn write_page(page: &mut String, catalogue: &Catalogue) -> fmt::Result {
    writeln!(page, "\n| category | types |\n| --- | --- |")?;
    for category in Category::ALL {
        let links: Vec<String> = of_category(catalogue, category)
            .map(|event_type| format!("[`{0}`](#{0})", event_type.name))
            .collect();
        writeln!(page, "| [{category}](#{category}) | {} |", links.join(", "))?;
    }
    for category in Category::ALL {
        writeln!(page, "\n## {category}\n\n{}", category.description())?;
        for event_type in of_category(catalogue, category) {
            write_type(page, event_type)?;
        }
    }
    Ok(())
}

fn of_category(
    catalogue: &Catalogue,
    category: Category,
) -> impl Iterator<Item = &'static EventType> + '_ {
    catalogue.types().filter(move |event_type| event_type.category == category)
}

fn write_type(page: &mut String, event_type: &EventType) -> fmt::Result {
    writeln!(page, "\n### {}\n\n{}", event_type.name, event_type.description)?;
    if event_type.store_only {
        writeln!(page, "\nThe store alone records it; emitting it is refused.")?;
    }
    for group in event_type.required.iter().filter(|group| group.len() > 1) {
        let names: Vec<String> = group.iter().map(|name| format!("`{name}`")).collect();
        writeln!(page, "\nAt least one of {} is required.", names.join(", "))?;
    }
    writeln!(page, "\n| field | value | required | meaning |\n| --- | --- | --- | --- |")?;
    for field in event_type.fields {
        write_field(page, event_type, field)?;
    }
    for example in event_type.example_values() {
        writeln!(page, "\n```json\n{}\n```", in_table_order(event_type, &example))?;
    }
    Ok(())
}

fn write_field(page: &mut String, event_type: &EventType, field: &Field) -> fmt::Result {
    let names: Vec<String> = field.names().map(|name| format!("`{name}`")).collect();
    let unit = field.unit.map(|unit| format!(", in {unit}")).unwrap_or_default();
    let required = match event_type.required.iter().find(|group| group.contains(&field.name)) {
        None => "",
        Some([_]) => "yes",
        Some(_) => "one of these",
    };
    writeln!(page, "| {} | {}{unit} | {required} | {} |", names.join(" or "), field.kind, field.doc)
}

/// The object as JSON text with its fields in the order of the table.
fn in_table_order(event_type: &EventType, object: &Map<String, Value>) -> String {
    let place = |name: &str| {
        event_type.fields.iter().position(|field| field.names().any(|known| known == name))
    };
    let mut fields: Vec<(&String, &Value)> = object.iter().collect();
    fields.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    let lines: Vec<String> =
        fields.iter().map(|(name, value)| format!("  \"{name}\": {}", spaced(value))).collect();
    if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n}}", lines.join(",\n")) }
}

/// JSON text on one line, with a space after each comma and colon.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("\"{name}\": {}", spaced(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_event_types_page_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/event-types.md");
        let generated = event_types_page(Catalogue::builtin());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == generated,
            "docs/event-types.md differs from the catalogue; write it anew with \
             UPDATE_DOCS=1 cargo test --lib event_types_page"
        );
    }

    #[test]
    fn the_page_names_every_type_field_and_alias_once_in_its_place() {
        let page = event_types_page(Catalogue::builtin());
        for event_type in Catalogue::builtin().types() {
            let heading = format!("\n### {}\n", event_type.name);
            let (_, section) = page.split_once(&heading).unwrap();
            let section = section.split("\n##").next().unwrap();
            assert!(section.contains(event_type.description), "{}", event_type.name);
            for name in event_type.fields.iter().flat_map(Field::names) {
                let cells = section.matches(&format!("`{name}` ")).count();
                assert!(cells >= 1, "{}.{name}", event_type.name);
            }
        }
    }

    #[test]
    fn a_table_cell_breaks_no_table() {
        for event_type in Catalogue::builtin().types() {
            for field in event_type.fields {
                assert!(!field.doc.contains(['|', '\n']), "{}.{}", event_type.name, field.name);
            }
        }
    }

    #[test]
    fn examples_are_written_with_their_fields_in_the_order_of_the_table() {
        let event_type = Catalogue::builtin().get("test_passed").unwrap();
        let example = serde_json::json!({"coverage": 87, "epic_id": "e", "more": [1, {"a": null}], "test_count": 45});
        assert_eq!(
            in_table_order(event_type, example.as_object().unwrap()),
            "{\n  \"epic_id\": \"e\",\n  \"test_count\": 45,\n  \"coverage\": 87,\n  \"more\": [1, {\"a\": null}]\n}"
        );
    }
}
