//! Texts and payloads in the forms that PostgreSQL can hold.
//!
//! No column of PostgreSQL holds U+0000, and JSONB changes how some numbers are written. A text is
//! stored with an escape, so that equal texts stay equal and different ones different. A payload is
//! stored as JSONB, and as text besides where reading the JSONB back would not give the same payload.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::domain::json::normal_text;

/// Begins an escape: doubled it stands for itself, followed by `0` for U+0000.
const ESCAPE: char = '\u{1a}';

/// A text as a column holds it.
pub fn stored(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut stored = String::with_capacity(text.len() + 2);
    for character in text.chars() {
        match character {
            '\0' => stored.extend([ESCAPE, '0']),
            ESCAPE => stored.extend([ESCAPE, ESCAPE]),
            other => stored.push(other),
        }
    }
    Cow::Owned(stored)
}

/// The text that a column holds; the inverse of [`stored`].
pub fn original(stored: String) -> String {
    if !stored.contains(ESCAPE) {
        return stored;
    }
    let mut text = String::with_capacity(stored.len());
    let mut characters = stored.chars();
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => match characters.next() {
                Some('0') => text.push('\0'),
                other => text.extend(other),
            },
            other => text.push(other),
        }
    }
    text
}

/// A payload as two columns hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns<'a> {
    /// What the JSONB column is given, as text.
    pub json: Cow<'a, str>,
    /// The normal text, where the JSONB does not give it back.
    pub text: Option<&'a str>,
}

/// The columns of a payload with this normal text.
pub fn columns(normal: &str) -> Columns<'_> {
    if is_kept_by_jsonb(normal) {
        return Columns { json: Cow::Borrowed(normal), text: None };
    }
    match serde_json::from_str(normal) {
        Ok(value) => {
            Columns { json: Cow::Owned(normal_text(&stand_in(value))), text: Some(normal) }
        }
        // No JSON; the database refuses it.
        Err(_) => Columns { json: Cow::Borrowed(normal), text: Some(normal) },
    }
}

/// The normal text of a payload that was stored; `None` where its two columns contradict each other.
pub fn payload(json: String, text: Option<String>) -> Option<String> {
    let Ok(value) = serde_json::from_str::<Value>(&json) else { return None };
    let kept = normal_text(&value);
    match text {
        None => Some(kept),
        Some(text) => (columns(&text).json == kept).then_some(text),
    }
}

/// Whether a payload that was stored as JSONB reads back with the same normal text. JSONB refuses
/// U+0000, writes every number without an exponent, and has no negative zero.
fn is_kept_by_jsonb(normal: &str) -> bool {
    let mut bytes = normal.bytes().enumerate();
    let mut in_string = false;
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' => {
                let escape = &normal[at..];
                if escape.starts_with("\\u0000") || escape.starts_with("\\u001a") {
                    return false;
                }
                bytes.next();
            }
            b'+' | b'E' if !in_string => return false,
            b'e' if !in_string && is_exponent(normal, at) => return false,
            b'-' if !in_string
                && normal[at..].starts_with("-0.0")
                && is_zero(&normal[at + 4..]) =>
            {
                return false;
            }
            _ => {}
        }
    }
    true
}

/// Whether the `e` at this place belongs to a number, and not to `true` or `false`.
fn is_exponent(normal: &str, at: usize) -> bool {
    at > 0 && normal.as_bytes()[at - 1].is_ascii_digit()
}

fn is_zero(rest: &str) -> bool {
    !rest.starts_with(|next: char| next.is_ascii_digit())
}

/// The value with its texts escaped, and without negative zeros.
fn stand_in(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(stored(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(stand_in).collect(),
        Value::Object(fields) => {
            let escaped =
                |(key, value): (String, Value)| (stored(&key).into_owned(), stand_in(value));
            Value::Object(fields.into_iter().map(escaped).collect::<Map<_, _>>())
        }
        Value::Number(number) if number.as_f64() == Some(0.0) && number.is_f64() => {
            Value::from(0.0)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json::tests::any_json;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_plain_payload_is_json_alone() {
        let value =
            json!({"a": [1, -2.5, true, null, 100.0, u64::MAX, "e+1 -0.0", "x\"1e9"], "é": {}});
        let normal = normal_text(&value);
        assert_eq!(columns(&normal), Columns { json: Cow::Borrowed(&normal), text: None });
    }

    #[test]
    fn what_jsonb_changes_is_kept_as_text() {
        for value in
            [json!(1e21), json!(1e-7), json!(-0.0), json!("\0"), json!("\u{1a}"), json!({"\0": 1})]
        {
            let normal = normal_text(&json!({ "a": value }));
            let columns = columns(&normal);
            assert_eq!(columns.text, Some(normal.as_str()));
            assert!(!columns.json.contains("\\u0000"), "{}", columns.json);
            let back = payload(columns.json.to_string(), Some(normal.clone()));
            assert_eq!(back.as_deref(), Some(normal.as_str()));
            assert_eq!(payload(r#"{"a":"other"}"#.into(), Some(normal)), None);
        }
    }

    proptest! {
        #[test]
        fn a_text_comes_back_equal_and_without_a_zero(text in any::<String>()) {
            prop_assert!(!stored(&text).contains('\0'));
            prop_assert_eq!(original(stored(&text).into_owned()), text);
        }

        #[test]
        fn escapes_come_back_equal(text in "[\0\u{1a}0a]{0,12}") {
            prop_assert_eq!(original(stored(&text).into_owned()), text);
        }

        #[test]
        fn a_payload_comes_back_equal(value in any_json()) {
            let normal = normal_text(&value);
            let columns = columns(&normal);
            let text = columns.text.map(str::to_owned);
            let back = payload(columns.json.clone().into_owned(), text);
            prop_assert_eq!(back, Some(normal));
        }
    }
}
