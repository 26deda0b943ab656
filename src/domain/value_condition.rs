//! Conditions on values inside payloads: the one rule, on every backend, of when an event fits.

use serde_json::Value;

use super::error::{Code, Error, Result};

/// The most characters of a path.
const PATH_CHARS: usize = 256;

/// The value at a path of an event equals this value.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueCondition {
    in_metadata: bool,
    steps: Vec<Step>,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Into the field of an object, or, where it is a number, an item of an array.
    Into(String),
    /// Into an item of an array.
    Item(usize),
}

impl ValueCondition {
    /// The condition that the value at `path` equals `value`. A path is `epic_id`, `event_data.epic_id`,
    /// `metadata.tags[0]`, or a JSON Pointer into the event such as `/event_data/a.b`. Without
    /// `event_data` or `metadata` in front it leads into `event_data`. Numbers are equal when their
    /// values are, so that 60 equals 60.0.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when the path cannot be read.
    pub fn new(path: &str, value: Value) -> Result<Self> {
        let steps = if path.chars().count() > PATH_CHARS { None } else { steps(path) };
        let mut steps = steps.ok_or_else(|| unreadable(path))?;
        let root = match steps.first() {
            Some(Step::Into(name)) => name.clone(),
            _ => return Err(unreadable(path)),
        };
        let in_metadata = root == "metadata";
        if steps.len() > 1 && (in_metadata || root == "event_data") {
            steps.remove(0);
        }
        Ok(Self { in_metadata, steps, value })
    }

    /// Whether an event with this data and metadata (normal texts) fits. Text that is no JSON does
    /// not.
    pub fn fits(&self, event_data: &str, metadata: Option<&str>) -> bool {
        let text = if self.in_metadata { metadata } else { Some(event_data) };
        let root: Option<Value> = text.and_then(|text| serde_json::from_str(text).ok());
        let found = root.as_ref().and_then(|root| self.steps.iter().try_fold(root, follow));
        found.is_some_and(|found| equal(found, &self.value))
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

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left_number), Value::Number(right_number)) => {
            // Whole numbers compare exactly; a float only where one of them is one.
            left == right
                || (left_number.is_f64() || right_number.is_f64())
                    && left_number.as_f64() == right_number.as_f64()
        }
        _ => left == right,
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
    let shown: String = path.chars().take(80).collect();
    Error::new(
        Code::InvalidArgument,
        format!("{shown:?} is no path into an event"),
        "write epic_id, event_data.issues[0], metadata.tags[0], or a JSON Pointer such as /event_data/a.b",
    )
    .at("filters.where")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(path: &str, value: Value) -> bool {
        let data = r#"{"epic_id":"epic-003","n":60.0,"big":9007199254740993,"a.b":1,"list":[[1,2],{"x":null}],"event_data":{"y":3}}"#;
        ValueCondition::new(path, value)
            .unwrap()
            .fits(data, Some(r#"{"tags":["ci"],"event_data":4}"#))
    }

    #[test]
    fn values_are_found_by_their_path() {
        assert!(fits("epic_id", json!("epic-003")));
        assert!(fits("event_data.epic_id", json!("epic-003")));
        assert!(fits("list[0][1]", json!(2)));
        assert!(fits("list[0]", json!([1, 2])));
        assert!(fits("list[1].x", json!(null)));
        assert!(fits("/event_data/a.b", json!(1)));
        assert!(fits("/list/0/1", json!(2)));
        assert!(fits("metadata.tags[0]", json!("ci")));
        assert!(fits("event_data.event_data.y", json!(3)));
        assert!(!fits("epic_id", json!("epic-00")));
        assert!(!fits("list[2]", json!(null)));
        assert!(!fits("absent", json!(null)));
        assert!(!fits("list.x", json!(1)));
    }

    #[test]
    fn numbers_are_equal_by_value() {
        assert!(fits("n", json!(60)));
        assert!(fits("n", json!(6e1)));
        assert!(fits("big", json!(9_007_199_254_740_993_u64)));
        assert!(!fits("big", json!(9_007_199_254_740_992_u64)));
        assert!(!fits("n", json!("60.0")));
    }

    #[test]
    fn a_path_that_cannot_be_read_is_refused() {
        for path in ["", ".", "a..b", "a[", "a[x]", "a[0", "[0]", "a]", "a[0]b", &"a".repeat(300)] {
            assert!(ValueCondition::new(path, json!(1)).is_err(), "{path}");
        }
    }
}
