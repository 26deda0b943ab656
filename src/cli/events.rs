//! Events for people: as a table, or one by one in full.

use anstyle::Style;
use serde_json::Value;

use super::output::{self, BAD, FAINT, GOOD, WARN};
use super::summary::{cut, ordered, summary};
use super::table::{Column, Table, facts};
use super::times;
use crate::service::EventView;

/// The most characters of a field's name.
const NAME_CHARS: usize = 40;

/// Prints events as a table.
pub fn list(events: &[EventView]) {
    if events.is_empty() {
        return;
    }
    let across = events.iter().any(|event| event.handle.is_some());
    let mut columns = vec![
        Column::Number("seq"),
        Column::Short("time"),
        Column::Short("type"),
        Column::Prose("data"),
    ];
    if across {
        columns.insert(0, Column::Short("instance"));
    }
    let mut table = Table::new(&columns);
    for event in events {
        let time = times::local(event.occurred_at.unwrap_or(event.timestamp));
        let handle = event.handle.iter().map(|handle| (handle.clone(), Style::new()));
        table.row(handle.chain([
            (event.sequence_num.to_string(), Style::new()),
            (time, FAINT),
            (event.event_type.clone(), type_style(&event.event_type)),
            (summary(&event.event_type, &event.event_data), Style::new()),
        ]));
    }
    table.print();
}

/// Prints events with all that is stored of them.
pub fn in_full(events: &[EventView]) {
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            output::line("");
        }
        one(event);
    }
}

fn one(event: &EventView) {
    let plain = |name: &str, value: String| (name.to_owned(), value, Style::new());
    let occurred = event.occurred_at.map(|time| plain("occurred", times::local(time)));
    let caused_by = event.caused_by.clone().map(|id| plain("caused by", id));
    let correlation = event.correlation_id.clone().map(|id| plain("correlation", id));
    let mut all = vec![
        plain("event", event.sequence_num.to_string()),
        ("type".to_owned(), event.event_type.clone(), type_style(&event.event_type)),
        plain("stored", times::local(event.timestamp)),
    ];
    all.extend([occurred, caused_by, correlation].into_iter().flatten());
    all.push(plain("event id", event.event_id.clone()));
    // The names of fields come from callers: none may pass for one of ours.
    for (part, payload) in
        [("data", Some(&event.event_data)), ("metadata", event.metadata.as_ref())]
    {
        for (name, value) in fields(&event.event_type, payload) {
            all.push(plain(&format!("{part}.{}", cut(name, NAME_CHARS)), whole(value)));
        }
    }
    facts(all);
}

fn fields<'a>(event_type: &str, payload: Option<&'a Value>) -> Vec<(&'a str, &'a Value)> {
    let fields = payload.and_then(Value::as_object);
    fields.map(|fields| ordered(event_type, fields)).unwrap_or_default()
}

fn whole(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// What failed and what went well stand out.
/// The colour of an event type.
pub fn type_style(event_type: &str) -> Style {
    let ends = |words: &[&str]| words.iter().any(|word| event_type.ends_with(word));
    if ends(&["_failed", "_error"]) {
        BAD
    } else if ends(&["_stale", "_gap"]) {
        WARN
    } else if ends(&["_passed", "_completed", "_done", "_merged"]) {
        GOOD
    } else {
        Style::new()
    }
}
