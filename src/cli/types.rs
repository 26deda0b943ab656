//! `annals types`

mod change;

use clap::{Args, Subcommand};

use serde_json::Value;

use super::context::Context;
use super::output;
use crate::domain::catalogue::{EventTypeDetails, EventTypeEntry};
use crate::domain::error::Result;
use crate::service::{EventTypeAnswer, ListEventTypesRequest};

/// Show the event types, or one of them with its fields; define types of your own
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Types {
    #[command(subcommand)]
    command: Option<Command>,
    /// The event type to show
    #[arg(value_name = "TYPE", conflicts_with = "category")]
    event_type: Option<String>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(change::Add),
    Remove(change::Remove),
    List(List),
}

/// Show the event types
#[derive(Debug, Args)]
struct List {
    /// Only event types of this category
    #[arg(long, short, value_name = "CATEGORY")]
    category: Option<String>,
}

impl Types {
    pub async fn run(self, context: &Context) -> Result<()> {
        match (self.command, self.event_type) {
            (Some(Command::Add(command)), _) => command.run(context).await,
            (Some(Command::Remove(command)), _) => command.run(context).await,
            (Some(Command::List(command)), _) => command.run(context).await,
            (None, Some(name)) => show(&name, context).await,
            (None, None) => self.list.run(context).await,
        }
    }
}

async fn show(name: &str, context: &Context) -> Result<()> {
    let service = context.service()?;
    let answer = service.event_type(name).await;
    service.shutdown().await;
    if context.json { output::json(&answer?) } else { one(&answer?) }
}

impl List {
    async fn run(self, context: &Context) -> Result<()> {
        let service = context.service()?;
        let request = ListEventTypesRequest { category: self.category };
        let answer = service.list_event_types(&request).await;
        service.shutdown().await;
        if context.json { output::json(&answer?) } else { list(&answer?.event_types) }
    }
}

fn list(types: &[EventTypeEntry]) -> Result<()> {
    let mut table = output::table(&["category", "type", "version", "required", "description"]);
    for entry in types {
        let one_of = entry.required_one_of.iter().map(|group| group.join(" or "));
        let required: Vec<_> = entry.required_fields.iter().cloned().chain(one_of).collect();
        table.add_row([
            entry.category.as_str(),
            &entry.event_type,
            &standing(entry),
            &output::printable(&required.join(", ")),
            &output::printable(&entry.description),
        ]);
    }
    output::print(&table);
    output::note(
        "all fields of a type: annals types TYPE; a type of your own: annals types add FILE",
    );
    Ok(())
}

/// Where a type comes from.
fn standing(entry: &EventTypeEntry) -> String {
    match entry.version {
        Some(version) if entry.retired => format!("custom {version}, retired"),
        Some(version) => format!("custom {version}"),
        None => String::new(),
    }
}

fn one(answer: &EventTypeAnswer) -> Result<()> {
    let details = &answer.details;
    let entry = &details.entry;
    let title = format!("{}: {}", entry.event_type, entry.description);
    output::line(&output::printable(&title));
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
            output::printable(name),
            required.into(),
            aliases.map(|(alias, _)| alias.as_str()).collect::<Vec<_>>().join(", "),
            output::printable(&meaning(details, name)),
        ]);
    }
    output::print(&table);
    output::line("");
    let example = Value::Object(entry.example.clone()).to_string();
    output::line(&output::printable(&format!("example: {example}")));
    versions(answer);
    Ok(())
}

fn versions(answer: &EventTypeAnswer) {
    if answer.versions.is_empty() {
        return;
    }
    output::line("");
    let mut table = output::table(&["version", "valid from", "retired", "description"]);
    for version in &answer.versions {
        table.add_row([
            version.version.to_string(),
            super::times::local(version.valid_from),
            version.retired_at.map(super::times::local).unwrap_or_default(),
            output::printable(&version.description),
        ]);
    }
    output::print(&table);
}

fn meaning(details: &EventTypeDetails, field: &str) -> String {
    let property = details.schema.get("properties").and_then(|all| all.get(field));
    let text = property.and_then(|property| property.get("description")).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
