//! `annals types`

use anstyle::Style;
use clap::Args;
use serde_json::Value;

use super::context::Context;
use super::output::{self, HEADING};
use super::table::{Column, Table};
use crate::domain::catalogue::{Catalogue, EventTypeDetails, EventTypeEntry};
use crate::domain::error::Result;
use crate::service::{self, ListEventTypesRequest};

/// Show the event types, or one of them with its fields
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Types {
    /// The event type to show
    #[arg(value_name = "TYPE", conflicts_with = "category")]
    event_type: Option<String>,
    /// Only event types of this category
    #[arg(long, short, value_name = "CATEGORY")]
    category: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  annals types                      all of them, with what each requires
  annals types --category testing
  annals types test_passed          its fields, their bounds, and an example";

impl Types {
    /// Opens no store: the catalogue is part of the program.
    pub fn run(self, context: &Context) -> Result<()> {
        let catalogue = Catalogue::builtin();
        match self.event_type {
            Some(name) => {
                let details = catalogue.require(&name)?.details();
                if context.json { output::json(&details) } else { one(&details) }
            }
            None => {
                let request = ListEventTypesRequest { category: self.category };
                let answer = service::list_event_types(catalogue, &request)?;
                if context.json { output::json(&answer) } else { list(&answer.event_types) }
            }
        }
    }
}

fn list(types: &[EventTypeEntry]) -> Result<()> {
    let columns = [Column::Short("type"), Column::Prose("required"), Column::Prose("what it says")];
    let mut table = Table::new(&columns);
    let mut category = None;
    for entry in types {
        if category.replace(entry.category) != Some(entry.category) {
            let heading = entry.category.as_str().to_owned();
            table.row([(heading, HEADING), Default::default(), Default::default()]);
        }
        let one_of = entry.required_one_of.iter().map(|group| group.join(" or "));
        let required: Vec<_> = entry.required_fields.iter().cloned().chain(one_of).collect();
        let name = format!("  {}", entry.event_type);
        let cells = [name, required.join(", "), entry.description.clone()];
        table.row(cells.map(|text| (text, Style::new())));
    }
    table.print();
    output::note("the fields of a type: annals types TYPE");
    Ok(())
}

fn one(details: &EventTypeDetails) -> Result<()> {
    let entry = &details.entry;
    output::line(&output::styled(HEADING, &entry.event_type));
    output::paragraph(&entry.description);
    output::line("");
    let columns = [
        Column::Short("field"),
        Column::Short("required"),
        Column::Short("aliases"),
        Column::Prose("meaning"),
    ];
    let mut table = Table::new(&columns);
    let one_of = |name: &String| entry.required_one_of.iter().any(|group| group.contains(name));
    for name in entry.required_fields.iter().chain(&entry.optional_fields) {
        let aliases = entry.aliases.iter().filter(|(_, field)| *field == name);
        let aliases: Vec<_> = aliases.map(|(alias, _)| alias.as_str()).collect();
        let required = match (entry.required_fields.contains(name), one_of(name)) {
            (true, _) => "yes",
            (false, true) => "one of",
            (false, false) => "",
        };
        let cells = [name.clone(), required.into(), aliases.join(", "), meaning(entry, name)];
        table.row(cells.map(|text| (text, Style::new())));
    }
    table.print();
    output::line("");
    if entry.store_only {
        output::line("Recorded by the store itself; an event of this type cannot be emitted.");
    } else {
        let example = Value::Object(entry.example.clone());
        output::line("example:");
        output::line(&format!("  annals emit ID {} '{example}'", entry.event_type));
    }
    Ok(())
}

fn meaning(entry: &EventTypeEntry, field: &str) -> String {
    let known = Catalogue::builtin().get(&entry.event_type);
    let field = known.and_then(|event_type| event_type.field_named(field));
    field.map(|field| format!("{} ({})", field.meaning(), field.kind)).unwrap_or_default()
}
