//! Printing: JSON for programs, tables for people.

use std::io::Write;

use anstream::{eprintln, stdout};
use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde::Serialize;
use serde_json::Value;

use crate::domain::error::{Code, Error, Result};
use crate::domain::instance::Status;

/// The style of headings.
pub const HEADING: Style = Style::new().bold();
/// The style of what matters less.
pub const FAINT: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const WARN: Style = AnsiColor::Yellow.on_default();

/// Prints an answer as one line of JSON.
///
/// # Errors
///
/// `internal` when the answer cannot be written as JSON.
pub fn json(answer: &impl Serialize) -> Result<()> {
    line(&to_json(answer)?);
    Ok(())
}

/// An answer as one line of JSON.
///
/// # Errors
///
/// `internal` when the answer cannot be written as JSON.
pub fn to_json(answer: &impl Serialize) -> Result<String> {
    serde_json::to_string(answer).map_err(|error| {
        Error::new(Code::Internal, format!("no JSON: {error}"), "report this fault")
    })
}

/// Prints a line of data. A reader that has closed the pipe wants no more of it.
pub fn line(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}

/// Prints a note for people, next to the data.
pub fn note(text: &str) {
    eprintln!("{FAINT}{text}{FAINT:#}");
}

/// Prints what a server has to say.
pub fn say(text: &str) {
    eprintln!("{text}");
}

/// Prints why a command was refused.
pub fn refusal(error: &Error, as_json: bool) {
    if as_json {
        line(&error.to_json().to_string());
        return;
    }
    eprintln!("{BAD}error{BAD:#}: {} {FAINT}[{}]{FAINT:#}", error.message, error.code);
    eprintln!("{HEADING}hint{HEADING:#}: {}", error.hint);
    let ids = error.details.as_ref().and_then(|details| details.get("event_ids"));
    if let Some(ids) = ids {
        eprintln!("{HEADING}event ids{HEADING:#}: {ids}");
    }
}

/// A table with these headings, without lines, that wraps its last column to the terminal.
pub fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.iter().map(|heading| heading.to_uppercase()));
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index + 1 < headings.len() {
            column.set_constraint(ColumnConstraint::ContentWidth);
        } else {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(20)));
        }
    }
    table
}

/// Prints a table; its heading is bold.
pub fn print(table: &Table) {
    for (index, row) in table.lines().enumerate() {
        let row = row.trim_end();
        if index == 0 { line(&format!("{HEADING}{row}{HEADING:#}")) } else { line(row) }
    }
}

/// Prints names and values in two columns.
pub fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) {
    let facts: Vec<_> = facts.into_iter().collect();
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in facts {
        line(&format!("{HEADING}{name:width$}{HEADING:#}  {value}"));
    }
}

/// A status in its colour.
pub fn status(status: Status) -> String {
    let style = match status {
        Status::Active => GOOD,
        Status::Stale => WARN,
        Status::Closed => FAINT,
    };
    format!("{style}{}{style:#}", status.as_str())
}

/// A status in its colour, as a cell of a table.
pub fn status_cell(status: Status) -> Cell {
    let cell = Cell::new(status.as_str());
    match status {
        Status::Active => cell.fg(Color::Green),
        Status::Stale => cell.fg(Color::Yellow),
        Status::Closed => cell.fg(Color::DarkGrey),
    }
}

/// What went well.
pub fn good(text: &str) -> String {
    format!("{GOOD}{text}{GOOD:#}")
}

/// What is wrong.
pub fn bad(text: &str) -> String {
    format!("{BAD}{text}{BAD:#}")
}

/// A payload in one line, safe to print: `name=value` for each field.
pub fn summary(data: &Value) -> String {
    let Value::Object(fields) = data else { return printable(&data.to_string()) };
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) if is_plain(text) => format!("{name}={text}"),
        value => format!("{name}={value}"),
    };
    printable(&fields.iter().map(field).collect::<Vec<_>>().join(" "))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=')
}

/// Text from events without what a terminal would obey: control characters and marks that turn the
/// direction of writing.
pub fn printable(text: &str) -> String {
    let shown = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns { '\u{fffd}' } else { c }
    };
    text.chars().map(shown).collect()
}
