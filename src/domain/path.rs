//! Paths to values inside events.

use serde_json::Value;

use super::error::{Code, Error, Result};

/// The most characters of a path.
const PATH_CHARS: usize = 256;

/// The fields of an event as callers see it. A path that starts with none of them leads into
/// `event_data`.
const FIELDS: [&str; 10] = [
    "event_id",
    "event_type",
    "sequence_num",
    "timestamp",
    "event_data",
    "metadata",
    "occurred_at",
    "caused_by",
    "correlation_id",
    "instance_id",
];

/// A path from an event to a value in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    field: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Into the field of an object, or, where it is a number, an item of an array.
    Into(String),
    /// Into an item of an array.
    Item(usize),
}

impl Path {
    /// Reads `epic_id`, `event_data.issues[0]`, `metadata.tags[0]`, `event_type`, or a JSON Pointer
    /// into the event such as `/event_data/a.b`.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when the path cannot be read.
    pub fn parse(text: &str) -> Result<Self> {
        let steps = if text.chars().count() > PATH_CHARS { None } else { steps(text) };
        let mut steps = steps.ok_or_else(|| unreadable(text))?;
        let first = match steps.first() {
            Some(Step::Into(name)) => name.clone(),
            _ => return Err(unreadable(text)),
        };
        if !FIELDS.contains(&first.as_str()) {
            return Ok(Self { field: "event_data".into(), steps });
        }
        steps.remove(0);
        Ok(Self { field: first, steps })
    }

    /// The field of the event that the path starts with.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The value, from the value of that field on.
    pub fn find<'a>(&self, field: &'a Value) -> Option<&'a Value> {
        self.steps.iter().try_fold(field, follow)
    }
}

fn follow<'a>(value: &'a Value, step: &Step) -> Option<&'a Value> {
    match (step, value) {
        (Step::Into(name), Value::Object(fields)) => fields.get(name),
        (Step::Into(name), Value::Array(items)) => items.get(name.parse::<usize>().ok()?),
        (Step::Item(index), Value::Array(items)) => items.get(*index),
        _ => None,
    }
}

fn steps(path: &str) -> Option<Vec<Step>> {
    if let Some(pointer) = path.strip_prefix('/') {
        let unescape = |part: &str| Step::Into(part.replace("~1", "/").replace("~0", "~"));
        return Some(pointer.split('/').map(unescape).collect());
    }
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, items) = part.split_at(part.find('[').unwrap_or(part.len()));
        if name.is_empty() || name.contains(']') {
            return None;
        }
        steps.push(Step::Into(name.to_owned()));
        if let Some(items) = items.strip_prefix('[') {
            for index in items.strip_suffix(']')?.split("][") {
                steps.push(Step::Item(index.parse().ok()?));
            }
        }
    }
    Some(steps)
}

fn unreadable(path: &str) -> Error {
    let shown = crate::domain::shown::shown(path, 80);
    Error::new(
        Code::InvalidArgument,
        format!("{shown:?} is no path into an event"),
        "write epic_id, event_data.issues[0], metadata.tags[0], or a JSON Pointer such as /event_data/a.b",
    )
    .at("path")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_starts_with_a_field_of_the_event_or_leads_into_its_data() {
        let field = |text: &str| Path::parse(text).map(|path| path.field().to_owned());
        assert_eq!(field("event_type").as_deref(), Ok("event_type"));
        assert_eq!(field("metadata.tags[0]").as_deref(), Ok("metadata"));
        assert_eq!(field("epic_id").as_deref(), Ok("event_data"));
        assert_eq!(field("/event_data/a.b").as_deref(), Ok("event_data"));
    }

    #[test]
    fn a_path_that_cannot_be_read_is_refused() {
        let long = "a".repeat(300);
        for path in ["", ".", "a..b", "a[", "a[x]", "a[0", "[0]", "a]", "a[0]b", &long] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
