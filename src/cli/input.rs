//! JSON from the command line: given as it is, as `@file`, or as `-` for standard input.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{IsTerminal, Read};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::output;
use crate::domain::error::{Code, Error, Result};
use crate::domain::json;
use crate::mcp::MESSAGE_BYTES;

/// Parses the JSON that `argument` gives or points to; `field` names it in errors.
///
/// # Errors
///
/// `invalid_input` when a file cannot be read, `payload_too_large` beyond what one MCP message may
/// have, `invalid_utf8`, `invalid_json`, `payload_too_deep`.
pub fn value(argument: &OsStr, field: &str) -> Result<Value> {
    let (source, bytes) = bytes(argument, field)?;
    json::parse(&bytes, field).map_err(|mut error| {
        if source == Source::Argument && error.code == Code::InvalidJson {
            error.hint =
                "put the JSON in single quotes, or name a file that holds it as @PATH".into();
        }
        error
    })
}

/// The text that `argument` gives or points to; `field` names it in errors.
///
/// # Errors
///
/// `invalid_input` when a file cannot be read, `payload_too_large` beyond what one MCP message may
/// have, `invalid_utf8`.
pub fn text(argument: &OsStr, field: &str) -> Result<String> {
    let (_, bytes) = bytes(argument, field)?;
    json::utf8(&bytes, field).map(str::to_owned)
}

/// Parses a list of objects: a JSON array, one object a line, or a single object.
///
/// # Errors
///
/// As [`value`], a line at fault named by its number; `invalid_argument` where an item does not fit.
pub fn list<T: DeserializeOwned>(argument: &OsStr, field: &str) -> Result<Vec<T>> {
    let (_, bytes) = bytes(argument, field)?;
    let items = if bytes.trim_ascii_start().starts_with(b"[") {
        match json::parse(&bytes, field)? {
            Value::Array(items) => items,
            other => vec![other],
        }
    } else if let Ok(single) = json::parse(&bytes, field) {
        vec![single]
    } else {
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        let full = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        let parsed = full.enumerate().map(|(index, (number, line))| {
            json::parse(line, &format!("{field}[{index}]")).map_err(|mut error| {
                error.message = format!("line {}: {}", number + 1, error.message);
                error.with("index", index)
            })
        });
        parsed.collect::<Result<_>>()?
    };
    let fit = |(index, value)| item(value).map_err(|error: Error| error.in_batch(index));
    items.into_iter().enumerate().map(fit).collect()
}

fn item<T: DeserializeOwned>(value: Value) -> Result<T> {
    // Serde would read an array as the fields in their order.
    if !value.is_object() {
        return Err(unfit("is no JSON object".to_owned()));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let message = error.inner().to_string();
        let path = error.path().to_string();
        let missing =
            message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        match missing.map(str::to_owned).or_else(|| (path != ".").then_some(path)) {
            Some(field) => unfit(message).at(field),
            None => unfit(message),
        }
    })
}

fn unfit(message: String) -> Error {
    let hint = "an event is an object with event_type and event_data, and optionally metadata, \
                event_id, occurred_at, caused_by, correlation_id";
    Error::new(Code::InvalidArgument, message, hint)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Argument,
    File,
    StandardInput,
}

fn bytes(argument: &OsStr, field: &str) -> Result<(Source, Vec<u8>)> {
    let unreadable = |what: &str, error: std::io::Error| {
        let message = format!("cannot read {what}: {error}");
        Error::new(Code::InvalidInput, message, "check the path").at(field)
    };
    match argument.to_str() {
        Some("-") => {
            let stdin = std::io::stdin();
            if stdin.is_terminal() {
                output::note("type it, then Ctrl-D");
            }
            let bytes = bounded(stdin.lock(), field, |error| unreadable("standard input", error))?;
            Ok((Source::StandardInput, bytes))
        }
        Some(text) if text.starts_with('@') => {
            let path = &text[1..];
            let file = File::open(path).map_err(|error| unreadable(path, error))?;
            Ok((Source::File, bounded(file, field, |error| unreadable(path, error))?))
        }
        // Bytes that are no UTF-8 are refused where they are parsed.
        _ => Ok((Source::Argument, argument.as_encoded_bytes().to_vec())),
    }
}

fn bounded(
    input: impl Read,
    field: &str,
    unreadable: impl Fn(std::io::Error) -> Error,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(MESSAGE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() <= MESSAGE_BYTES {
        return Ok(bytes);
    }
    Err(Error::new(
        Code::PayloadTooLarge,
        format!("{field} has more bytes than the limit, {MESSAGE_BYTES}"),
        "split the batch; store large content elsewhere and record a path, a URL or a hash of it",
    )
    .at(field)
    .with("limit", MESSAGE_BYTES))
}
