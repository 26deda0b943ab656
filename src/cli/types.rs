//! `annals types`

mod change;

use anstyle::Style;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::context::Context;
use super::output::{self, HEADING, WARN};
use super::table::{Column, Table};
use super::times;
use super::wrap::Stream;
use crate::domain::catalogue::{Category, EventTypeEntry};
use crate::domain::error::{Code, Error, Result};
use crate::service::{
    EventTypeAnswer, ListEventTypesAnswer, ListEventTypesRequest, TypeVersionView,
};

/// Show the event types, or one of them with its fields; define types of your own
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
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
#[command(after_help = "Example:\n  annals types list --category git")]
struct List {
    /// Only event types of this category
    #[arg(long, short, value_name = "CATEGORY")]
    category: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  annals types                      all of them, with what each requires
  annals types --category testing
  annals types test_passed          its fields, their bounds, and an example
  annals types add review.toml      a type of your own";

impl Types {
    pub async fn run(self, context: &Context) -> Result<()> {
        let Some(command) = self.command else {
            return match self.event_type {
                Some(name) => show(&name, context).await,
                None => self.list.run(context).await,
            };
        };
        if self.event_type.is_some() || self.list.category.is_some() {
            return Err(Error::new(
                Code::InvalidArgument,
                "TYPE and --category stand before a command that does not take them",
                "give what the command takes after its name: annals types list --category testing",
            ));
        }
        match command {
            Command::Add(command) => command.run(context).await,
            Command::Remove(command) => command.run(context).await,
            Command::List(command) => command.run(context).await,
        }
    }
}

async fn show(name: &str, context: &Context) -> Result<()> {
    let service = context.service()?;
    let answer = service.event_type(name).await.map_err(|mut error| {
        if Category::parse(name).is_some() {
            error.hint = format!("{name} is a category: annals types --category {name}").into();
        }
        error
    });
    service.shutdown().await;
    if context.json { output::json(&answer?) } else { one(&answer?) }
}

impl List {
    async fn run(self, context: &Context) -> Result<()> {
        let service = context.service()?;
        let request = ListEventTypesRequest { category: self.category };
        let answer = service.list_event_types(&request).await;
        service.shutdown().await;
        if context.json { output::json(&answer?) } else { list(&answer?) }
    }
}

fn list(answer: &ListEventTypesAnswer) -> Result<()> {
    let columns = [Column::Short("type"), Column::Prose("required"), Column::Prose("what it says")];
    let mut table = Table::new(&columns);
    let mut category = None;
    for entry in &answer.event_types {
        if category.replace(entry.category) != Some(entry.category) {
            let heading = entry.category.as_str().to_owned();
            table.row([(heading, HEADING), Default::default(), Default::default()]);
        }
        let one_of = entry.required_one_of.iter().map(|group| group.join(" or "));
        let required: Vec<_> = entry.required_fields.iter().cloned().chain(one_of).collect();
        let name = format!("  {}", entry.event_type);
        let cells = [name, required.join(", "), described(entry)];
        table.row(cells.map(|text| (text, Style::new())));
    }
    table.print();
    for unreadable in &answer.unreadable {
        output::labelled(Stream::Error, WARN, "unreadable", &unreadable.error);
        output::labelled(Stream::Error, HEADING, "hint", &unreadable.hint);
    }
    output::note("the fields of a type: annals types TYPE");
    Ok(())
}

/// What an event of the type says; of a custom type also its version.
fn described(entry: &EventTypeEntry) -> String {
    match entry.version {
        Some(version) => format!("{} (custom, version {version})", entry.description),
        None => entry.description.clone(),
    }
}

fn one(answer: &EventTypeAnswer) -> Result<()> {
    let entry = &answer.details.entry;
    output::line(&output::styled(HEADING, &entry.event_type));
    output::paragraph(&output::printable(&described(entry)));
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
        let meaning = answer.details.meaning(name).unwrap_or_default();
        let cells = [name.clone(), required.into(), aliases.join(", "), meaning];
        table.row(cells.map(|text| (text, Style::new())));
    }
    table.print();
    output::line("");
    if entry.store_only {
        output::line("Recorded by the store itself; an event of this type cannot be emitted.");
    } else if entry.retired {
        output::line("Retired: an event of this type can no longer be emitted.");
    } else {
        let example = output::printable(&Value::Object(entry.example.clone()).to_string());
        output::line("example:");
        output::line(&format!("  annals emit ID {} '{example}'", entry.event_type));
    }
    if !answer.versions.is_empty() {
        versions(&answer.versions);
    }
    Ok(())
}

fn versions(versions: &[TypeVersionView]) {
    output::line("");
    let columns = [
        Column::Number("version"),
        Column::Short("valid from"),
        Column::Short("retired"),
        Column::Prose("what it says"),
    ];
    let mut table = Table::new(&columns);
    for version in versions {
        let cells = [
            version.version.to_string(),
            times::local(version.valid_from),
            version.retired_at.map(times::local).unwrap_or_default(),
            version.description.clone(),
        ];
        table.row(cells.map(|text| (text, Style::new())));
    }
    table.print();
}
