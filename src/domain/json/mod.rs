//! The normal text of a payload: the one form in which JSON is stored and hashed.
//!
//! UTF-8, keys sorted by their bytes, no white space, integers as digits, other numbers in the
//! shortest form that reads back the same, control characters escaped. Equal values have equal
//! normal texts, and the text reads back as an equal value.

mod excerpt;
pub mod raw_text;
mod selection;

use serde_json::Value;

use super::error::{Code, Error, Result};
use super::limits::{self, PayloadLimits};

pub use excerpt::excerpt;
pub use selection::selection;

/// The normal text of `value`.
///
/// Relies on two properties of `serde_json` as built here, which the tests below hold: maps are
/// ordered by key (the feature `preserve_order` is off) and numbers are written in shortest form.
pub fn normal_text(value: &Value) -> String {
    value.to_string()
}

/// How many levels of objects and arrays `value` has: a scalar has none, `{}` has one.
pub fn depth(value: &Value) -> usize {
    let mut deepest = 0;
    let mut open = vec![(value, 0)];
    while let Some((value, above)) = open.pop() {
        match value {
            Value::Array(items) => {
                deepest = deepest.max(above + 1);
                open.extend(items.iter().map(|item| (item, above + 1)));
            }
            Value::Object(fields) => {
                deepest = deepest.max(above + 1);
                open.extend(fields.values().map(|item| (item, above + 1)));
            }
            _ => {}
        }
    }
    deepest
}

/// The normal text of a payload within its limits of size and depth.
///
/// # Errors
///
/// `payload_too_deep`, `payload_too_large`; both name `field`, the value's measure and the limit.
pub fn bounded_text(value: &Value, field: &str, limits: PayloadLimits) -> Result<String> {
    check_depth(value, field, limits.levels)?;
    let text = normal_text(value);
    check_size(&text, field, limits.bytes)?;
    Ok(text)
}

/// Refuses a value that is nested deeper than `most` levels.
///
/// # Errors
///
/// `payload_too_deep`.
pub fn check_depth(value: &Value, field: &str, most: usize) -> Result<()> {
    match depth(value) {
        levels if levels > most => Err(too_deep(field, &levels.to_string(), most)),
        _ => Ok(()),
    }
}

/// Refuses a normal text of more than `most` bytes.
///
/// # Errors
///
/// `payload_too_large`.
pub fn check_size(text: &str, field: &str, most: usize) -> Result<()> {
    if text.len() <= most {
        return Ok(());
    }
    Err(Error::new(
        Code::PayloadTooLarge,
        format!("{field} has {} bytes, the limit is {most}", text.len()),
        "store large content elsewhere and record a path, a URL or a hash of it",
    )
    .at(field)
    .with("bytes", text.len())
    .with("limit", most))
}

fn too_deep(field: &str, levels: &str, most: usize) -> Error {
    Error::new(
        Code::PayloadTooDeep,
        format!("{field} is nested {levels} levels deep, the limit is {most}"),
        "flatten the payload, or put the inner part into a text field",
    )
    .at(field)
    .with("limit", most)
}

/// Bytes that a person or a program handed over, as text.
///
/// # Errors
///
/// `invalid_utf8`, with the place of the fault.
pub fn utf8<'b>(bytes: &'b [u8], field: &str) -> Result<&'b str> {
    std::str::from_utf8(bytes).map_err(|error| {
        Error::new(
            Code::InvalidUtf8,
            format!(
                "{field} is not UTF-8: the byte at offset {} fits no character",
                error.valid_up_to()
            ),
            "send the text as UTF-8",
        )
        .at(field)
    })
}

/// Parses JSON text that a person or a program handed over.
///
/// # Errors
///
/// `invalid_utf8`, `invalid_json` with the place of the fault, `payload_too_deep` where the text is
/// nested deeper than any parser here follows (127 levels), and what [`raw_text::check`] finds.
pub fn parse(bytes: &[u8], field: &str) -> Result<Value> {
    let text = utf8(bytes, field)?;
    raw_text::check(text, field)?;
    serde_json::from_str(text).map_err(|error| {
        if error.to_string().starts_with("recursion limit exceeded") {
            return too_deep(field, "more than 127", limits::NESTING);
        }
        Error::new(
            Code::InvalidJson,
            format!("{field} is not JSON: {error}"),
            "check quotes, commas and brackets at the place named, and that the text is whole",
        )
        .at(field)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn normal_text_has_the_documented_form() {
        let value = json!({"b": 1, "a": [1.0, 1e21, 0.1, -0.0, u64::MAX, i64::MIN], "é": "\u{0}\n\"\\€😀", "": {}});
        assert_eq!(
            normal_text(&value),
            r#"{"":{},"a":[1.0,1e+21,0.1,-0.0,18446744073709551615,-9223372036854775808],"b":1,"é":"\u0000\n\"\\€😀"}"#
        );
    }

    #[test]
    fn depth_counts_levels() {
        assert_eq!(depth(&json!(1)), 0);
        assert_eq!(depth(&json!({})), 1);
        assert_eq!(depth(&json!({"a": [{}], "b": 1})), 3);
    }

    #[test]
    fn text_nested_beyond_every_parser_is_too_deep_and_not_a_syntax_error() {
        let text = "[".repeat(100_000);
        let refusal = parse(text.as_bytes(), "event_data").unwrap_err();
        assert_eq!(refusal.code, Code::PayloadTooDeep);
        assert!(refusal.message.contains("more than 127 levels"), "{}", refusal.message);
        assert_eq!(parse(b"{\"a\":", "event_data").unwrap_err().code, Code::InvalidJson);
        assert_eq!(parse(b"{\"a\":\"\xff\"}", "event_data").unwrap_err().code, Code::InvalidUtf8);
    }

    /// Any JSON value, numbers of every kind included.
    pub fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_reads_back_equal_from_its_normal_text(value in any_json()) {
            let text = normal_text(&value);
            let back: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(normal_text(&back), text);
        }
    }
}
