//! `annals types`

use clap::Args;

use serde_json::Value;

use super::context::Context;
use super::output;
use crate::domain::catalogue::{EventTypeDetails, EventTypeEntry};
use crate::domain::error::Result;
use crate::service::ListEventTypesRequest;

/// Show the event types, or one of them with its fields
#[derive(Debug, Args)]
pub struct Types {
    /// The event type to show
    #[arg(value_name = "TYPE", conflicts_with = "category")]
    event_type: Option<String>,
    /// Only event types of this category
    #[arg(long, short, value_name = "CATEGORY")]
    category: Option<String>,
}

impl Types {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service()?;
        match self.event_type {
            Some(name) => {
                let details = service.event_type(&name);
                service.shutdown().await;
                if context.json { output::json(&details?) } else { one(&details?) }
            }
            None => {
                let request = ListEventTypesRequest { category: self.category };
                let answer = service.list_event_types(&request);
                service.shutdown().await;
                if context.json { output::json(&answer?) } else { list(&answer?.event_types) }
            }
        }
    }
}

fn list(types: &[EventTypeEntry]) -> Result<()> {
    let mut table = output::table(&["category", "type", "required", "description"]);
    for entry in types {
        let one_of = entry.required_one_of.iter().map(|group| group.join(" or "));
        let required: Vec<_> = entry.required_fields.iter().cloned().chain(one_of).collect();
        table.add_row([
            entry.category.as_str(),
            &entry.event_type,
            &required.join(", "),
            &entry.description,
        ]);
    }
    output::print(&table);
    output::note("all fields of a type: annals types TYPE");
    Ok(())
}

fn one(details: &EventTypeDetails) -> Result<()> {
    let entry = &details.entry;
    output::line(&format!("{}: {}", entry.event_type, entry.description));
    output::line("");
    let mut table = output::table(&["field", "required", "aliases", "meaning"]);
    let one_of = |name: &String| entry.required_one_of.iter().any(|group| group.contains(name));
    for name in entry.required_fields.iter().chain(&entry.optional_fields) {
        let aliases = entry.aliases.iter().filter(|(_, field)| *field == name);
        let required = match (entry.required_fields.contains(name), one_of(name)) {
            (true, _) => "yes",
            (false, true) => "one of",
            (false, false) => "",
        };
        table.add_row([
            name.clone(),
            required.into(),
            aliases.map(|(alias, _)| alias.as_str()).collect::<Vec<_>>().join(", "),
            meaning(details, name),
        ]);
    }
    output::print(&table);
    output::line("");
    output::line(&format!("example: {}", Value::Object(entry.example.clone())));
    Ok(())
}

fn meaning(details: &EventTypeDetails, field: &str) -> String {
    let property = details.schema.get("properties").and_then(|all| all.get(field));
    let text = property.and_then(|property| property.get("description")).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
