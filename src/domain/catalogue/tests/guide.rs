//! What `docs/emitting-events.md` shows is what the catalogue accepts.

use serde_json::Value;

use super::super::field::Grouped;
use super::super::*;
use super::accepted;
use crate::domain::limits;

const GUIDE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/emitting-events.md"));

/// The content of the fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    GUIDE
        .split(opening.as_str())
        .skip(1)
        .map(|rest| rest.split_once("```").expect("a fenced block is closed").0)
        .collect()
}

/// The first column of the table rows below a heading, without backticks, with the second column.
fn rows(heading: &str) -> Vec<(&'static str, &'static str)> {
    let (_, section) = GUIDE.split_once(&format!("\n## {heading}\n")).expect("the heading exists");
    let section = section.split("\n## ").next().unwrap_or(section);
    let cells = |line: &'static str| {
        let mut cells = line.trim_matches('|').split(" | ").map(|cell| cell.trim());
        Some((cells.next()?.trim_matches('`'), cells.next()?))
    };
    section.lines().filter(|line| line.starts_with('|')).skip(2).filter_map(cells).collect()
}

/// The events that a JSON value of the guide shows: itself, or those of its batch.
fn events(block: &Value) -> Vec<&Value> {
    match &block["events"] {
        Value::Array(events) => events.iter().collect(),
        _ if block.get("event_type").is_some() => vec![block],
        _ => Vec::new(),
    }
}

#[test]
fn every_event_shown_as_json_is_valid() {
    let mut types = Vec::new();
    for text in blocks("json") {
        let block: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"));
        for event in events(&block) {
            let event_type = event["event_type"].as_str().expect("event_type is a string");
            accepted(event_type, &event["event_data"]);
            types.push(event_type.to_owned());
        }
    }
    for event_type in ["epic_started", "epic_completed", "test_passed", "deployment_done"] {
        assert_eq!(types.iter().filter(|name| *name == event_type).count(), 2, "{event_type}");
    }
    assert!(types.len() >= 11, "{types:?}");
}

#[test]
fn every_event_shown_as_a_command_is_valid() {
    let commands: Vec<&str> = blocks("sh").into_iter().flat_map(str::lines).collect();
    let mut types = Vec::new();
    for command in commands.iter().filter(|line| !line.contains('@')) {
        let mut words = command.strip_prefix("annals emit ").expect("an emit").splitn(3, ' ');
        let (_, event_type) = (words.next(), words.next().expect("a type"));
        let quoted = words.next().and_then(|rest| rest.split('\'').nth(1)).expect("quoted JSON");
        accepted(event_type, &serde_json::from_str(quoted).expect("JSON in quotes"));
        types.push(event_type);
    }
    for event_type in ["epic_started", "epic_completed", "test_passed", "deployment_done"] {
        assert!(types.contains(&event_type), "{event_type}");
    }
}

#[test]
fn the_refusal_shown_is_the_one_that_is_given() {
    let shown = blocks("json")
        .into_iter()
        .map(|text| serde_json::from_str::<Value>(text).expect("JSON"))
        .find(|block| block["success"] == false)
        .expect("a refusal is shown");
    let data = serde_json::json!({"passed_count": 45, "coverage_percent": 140});
    assert_eq!(super::refused("test_passed", &data).to_json(), shown);
}

#[test]
fn every_event_type_and_field_in_the_table_of_occasions_exists() {
    let rows = rows("What to record, and when");
    assert!(rows.len() > 10);
    for (occasion, types) in rows {
        for name in types.split('`').skip(1).step_by(2) {
            assert!(Catalogue::builtin().get(name).is_some(), "{occasion}: {name}");
        }
    }
}

#[test]
fn the_error_code_table_lists_every_code_in_order() {
    let listed: Vec<&str> = rows("Error codes").into_iter().map(|(code, _)| code).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, codes);
}

#[test]
fn the_limits_shown_are_the_limits_kept() {
    let grouped = |limit: usize| Grouped(u32::try_from(limit).expect("a small limit")).to_string();
    assert_eq!(
        rows("Limits"),
        [
            ("event_data", format!("{} bytes", grouped(limits::EVENT_DATA_BYTES)).as_str()),
            ("metadata", format!("{} bytes", grouped(limits::METADATA_BYTES)).as_str()),
            ("nesting of objects and arrays", format!("{} levels", limits::NESTING).as_str()),
            ("events in a batch", grouped(limits::BATCH_EVENTS).as_str()),
        ]
    );
}
