//! Custom event types: what is accepted, what is refused, and what is shown.

use serde_json::{Value, json};

use super::*;
use crate::domain::catalogue::{Catalogue, KnownTypes, Standing};

mod form;
mod hostile;
mod known;

const REVIEW: &str = r#"
name = "review_completed"
category = "planning"
description = "A code review ended."
required = ["review_id"]

[fields.review_id]
type = "string"
min_length = 1
max_length = 128
description = "The review"

[fields.findings]
type = "integer"
minimum = 0
description = "How many findings it had"

[[examples]]
review_id = "r-1"
findings = 3
"#;

fn custom_type(toml: &str) -> CustomType {
    CustomType::new(Definition::from_toml(toml).unwrap(), 1)
}

/// A definition with this JSON Schema, and an empty payload as its example.
fn with_schema(schema: &str) -> String {
    format!(
        "name = \"probe\"\ncategory = \"testing\"\ndescription = \"A probe.\"\nschema = '''{schema}'''"
    )
}

fn refusal_of(toml: &str) -> Error {
    match Definition::from_toml(toml) {
        Ok(definition) => panic!("accepted: {definition:?}"),
        Err(error) => error,
    }
}

/// The refusal of a JSON Schema; it names the place.
fn refused_schema(schema: &Value) -> Error {
    let error = refusal_of(&with_schema(&schema.to_string()));
    assert_eq!(error.code, Code::InvalidEventType, "{}", error.message);
    error
}
