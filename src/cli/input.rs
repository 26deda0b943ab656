//! JSON from the command line: given as it is, as `@file`, or as `-` for standard input.

use std::io::Read;

use serde_json::Value;

use crate::domain::error::{Code, Error, Result};
use crate::domain::json;

/// Parses the JSON that `argument` gives or points to; `field` names it in errors.
///
/// # Errors
///
/// `invalid_input` when a file cannot be read, `invalid_utf8`, `invalid_json`, `payload_too_deep`.
pub fn value(argument: &str, field: &str) -> Result<Value> {
    json::parse(&bytes(argument, field)?, field)
}

/// Parses events: a JSON array, or one object a line.
///
/// # Errors
///
/// As [`value`]; a line at fault is named by its number.
pub fn events(argument: &str) -> Result<Vec<Value>> {
    let bytes = bytes(argument, "events")?;
    if bytes.trim_ascii_start().starts_with(b"[") {
        return match json::parse(&bytes, "events")? {
            Value::Array(events) => Ok(events),
            _ => Ok(Vec::new()),
        };
    }
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let full = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    full.map(|(number, line)| json::parse(line, &format!("line {}", number + 1))).collect()
}

fn bytes(argument: &str, field: &str) -> Result<Vec<u8>> {
    let unreadable = |what: &str, error: std::io::Error| {
        Error::new(Code::InvalidInput, format!("cannot read {what}: {error}"), "check the path")
            .at(field)
    };
    match argument.strip_prefix('@') {
        Some(path) => std::fs::read(path).map_err(|error| unreadable(path, error)),
        None if argument == "-" => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .read_to_end(&mut bytes)
                .map_err(|error| unreadable("standard input", error))?;
            Ok(bytes)
        }
        None => Ok(argument.as_bytes().to_vec()),
    }
}
