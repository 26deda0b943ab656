//! Conditions on values inside events: the one rule, on every backend, of when an event fits.

use serde_json::Value;

use super::error::{Code, Error, Result};
use super::path::Path;

/// The value at a path of an event equals this value.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueCondition {
    path: Path,
    value: Value,
}

impl ValueCondition {
    /// The condition that the value at `path`, in the data or the metadata of an event, equals
    /// `value`. Numbers are equal when their values are, so that 60 equals 60.0.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when the path cannot be read, or leads elsewhere.
    pub fn new(path: &str, value: Value) -> Result<Self> {
        let at = |error: Error| error.at("filters.where");
        let parsed = Path::parse(path).map_err(at)?;
        if !matches!(parsed.field(), "event_data" | "metadata") {
            return Err(at(Error::new(
                Code::InvalidArgument,
                format!("{:?} is no path into event_data or metadata", parsed.field()),
                "filter by type, dates and sequence with the filters of those names",
            )));
        }
        Ok(Self { path: parsed, value })
    }

    /// Whether an event with this data and metadata (normal texts) fits. Text that is no JSON does
    /// not.
    pub fn fits(&self, event_data: &str, metadata: Option<&str>) -> bool {
        let text = if self.path.field() == "metadata" { metadata } else { Some(event_data) };
        let root: Option<Value> = text.and_then(|text| serde_json::from_str(text).ok());
        root.as_ref()
            .and_then(|root| self.path.find(root))
            .is_some_and(|found| equal(found, &self.value))
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
    fn a_path_elsewhere_is_refused() {
        for path in ["", "timestamp", "event_type", "a[x]"] {
            let error = ValueCondition::new(path, json!(1)).unwrap_err();
            assert_eq!(
                (error.code, error.field.as_deref()),
                (Code::InvalidArgument, Some("filters.where"))
            );
        }
    }
}
