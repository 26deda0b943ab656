//! Events in the form that was asked for: a table, JSON Lines, or CSV, with all fields or chosen ones.

use anstyle::Style;
use clap::ValueEnum;
use serde_json::{Map, Value};

use super::table::{Column, Table};
use super::{events, output};
use crate::domain::error::{Code, Error, Result};
use crate::domain::path::Path;
use crate::service::EventView;

/// The form of a page of events. A variant with documentation of its own would lengthen the help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Full,
    Jsonl,
    Csv,
}

/// What CSV shows where no fields are named.
const CSV_FIELDS: [&str; 6] =
    ["sequence_num", "timestamp", "event_type", "event_id", "event_data", "metadata"];

/// A chosen field: its name as given, and where it is.
pub struct Field {
    name: String,
    path: Path,
}

impl Field {
    /// Reads the names of fields.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for a name that is no path.
    pub fn parse_all(names: &[String]) -> Result<Vec<Self>> {
        let parse = |name: &String| {
            let path = Path::parse(name).map_err(|error| error.at("fields"))?;
            Ok(Self { name: name.clone(), path })
        };
        names.iter().map(parse).collect()
    }

    fn of<'a>(&self, event: &'a Value) -> Option<&'a Value> {
        self.path.find(event.get(self.path.field())?)
    }
}

/// Prints events; without `fields` those that the format shows by itself.
///
/// # Errors
///
/// `internal` when an event cannot be written.
pub fn print(format: Format, shown: &[EventView], mut fields: Vec<Field>) -> Result<()> {
    if fields.is_empty() && format == Format::Csv {
        fields = Field::parse_all(&CSV_FIELDS.map(str::to_owned))?;
    }
    if fields.is_empty() {
        match format {
            Format::Table | Format::Csv => events::list(shown),
            Format::Full => events::in_full(shown),
            Format::Jsonl => return shown.iter().try_for_each(output::json),
        }
        return Ok(());
    }
    let values = shown.iter().map(serde_json::to_value).collect::<serde_json::Result<Vec<_>>>();
    let values = values.map_err(|error| unwritten(&error))?;
    match format {
        Format::Jsonl => values.iter().try_for_each(|event| output::json(&chosen(&fields, event))),
        Format::Csv => csv(&fields, &values),
        Format::Table | Format::Full => {
            table(&fields, &values);
            Ok(())
        }
    }
}

fn chosen(fields: &[Field], event: &Value) -> Map<String, Value> {
    let found = |field: &Field| Some((field.name.clone(), field.of(event)?.clone()));
    fields.iter().filter_map(found).collect()
}

fn table(fields: &[Field], events: &[Value]) {
    let columns: Vec<_> = fields.iter().map(|field| Column::Prose(&field.name)).collect();
    let mut table = Table::new(&columns);
    for event in events {
        table.row(fields.iter().map(|field| (text(field.of(event)), Style::new())));
    }
    if !events.is_empty() {
        table.print();
    }
}

fn csv(fields: &[Field], events: &[Value]) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = fields.iter().map(|field| field.name.clone());
    let rows =
        events.iter().map(|event| fields.iter().map(|field| text(field.of(event))).collect());
    for row in std::iter::once(names.collect::<Vec<_>>()).chain(rows) {
        writer.write_record(&row).map_err(|error| unwritten(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| unwritten(&error))?;
    output::data(&String::from_utf8_lossy(&bytes));
    Ok(())
}

/// A value as text: a string as it is, anything else as JSON, nothing where there is none.
fn text(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn unwritten(error: &impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, format!("events cannot be written: {error}"), "report this fault")
}
