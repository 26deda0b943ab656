//! Texts and payloads in the forms that PostgreSQL can hold.
//!
//! No column of PostgreSQL holds U+0000, and JSONB changes how some numbers are written. A text is
//! stored with an escape, so that equal texts stay equal and different ones different. A payload is
//! stored as JSONB, and as text besides where reading the JSONB back would not give the same payload.

use std::borrow::Cow;

use serde_json::Value;

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
    let Kept { json, is_same } = kept(normal);
    Columns { json, text: (!is_same).then_some(normal) }
}

/// The normal text of a payload that was stored; `None` where its two columns contradict each other.
pub fn payload(json: &str, text: Option<String>) -> Option<String> {
    let read = |json: &str| serde_json::from_str::<Value>(json).ok();
    let stored = read(json)?;
    match text {
        None => Some(normal_text(&stored)),
        Some(text) => (read(&columns(&text).json)? == stored).then_some(text),
    }
}

/// A payload as JSONB can keep it.
struct Kept<'a> {
    json: Cow<'a, str>,
    /// Whether reading it back gives the same payload.
    is_same: bool,
}

/// Writes a payload so that JSONB keeps as much of it as it can. It refuses U+0000, which is escaped;
/// it has no negative zero; and it would take a large number with an exponent for an integer, so that
/// one is written out with a decimal.
fn kept(normal: &str) -> Kept<'_> {
    let bytes = normal.as_bytes();
    let (mut json, mut is_same) = (String::new(), true);
    let (mut at, mut copied, mut in_string) = (0, 0, false);
    while at < bytes.len() {
        let (length, rewritten) = match bytes[at] {
            b'\\' => escape(&normal[at..]),
            b'-' | b'0'..=b'9' if !in_string => number(&normal[at..]),
            byte => {
                in_string ^= byte == b'"';
                (1, None)
            }
        };
        if let Some(Rewritten { with, same }) = rewritten {
            json += &normal[copied..at];
            json += &with;
            copied = at + length;
            is_same &= same;
        }
        at += length;
    }
    if copied == 0 {
        return Kept { json: Cow::Borrowed(normal), is_same };
    }
    json += &normal[copied..];
    Kept { json: Cow::Owned(json), is_same }
}

/// A part of a normal text as JSONB can keep it.
struct Rewritten {
    with: Cow<'static, str>,
    /// Whether it reads back as the same.
    same: bool,
}

/// The length of the escape that a text begins with, and what is written for it.
fn escape(text: &str) -> (usize, Option<Rewritten>) {
    let with = match text.get(..6) {
        Some("\\u0000") => "\\u001a0",
        Some("\\u001a") => "\\u001a\\u001a",
        _ => return (2, None),
    };
    (6, Some(Rewritten { with: with.into(), same: false }))
}

/// The length of the number that a text begins with, and what is written for it.
fn number(text: &str) -> (usize, Option<Rewritten>) {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e');
    let length = text.bytes().take_while(|byte| is_part(byte)).count();
    let number = &text[..length];
    let rewritten = match number.split_once("e+") {
        Some((mantissa, exponent)) => {
            let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
            // Shortest forms have an exponent beyond all their decimals.
            let zeros = exponent.parse::<usize>().unwrap_or(0).saturating_sub(decimals.len());
            let with = format!("{whole}{decimals}{}.0", "0".repeat(zeros));
            Some(Rewritten { with: with.into(), same: true })
        }
        None if number == "-0.0" => Some(Rewritten { with: "0.0".into(), same: false }),
        None => None,
    };
    (length, rewritten)
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
    fn a_large_number_is_written_out() {
        for (number, written) in [
            (1e21, "1000000000000000000000.0"),
            (-1.25e16, "-12500000000000000.0"),
            (1.234_567_890_123_456_7e16, "12345678901234568.0"),
        ] {
            let normal = normal_text(&json!({ "a": number }));
            let columns = columns(&normal);
            assert_eq!((&*columns.json, columns.text), (&*format!("{{\"a\":{written}}}"), None));
            assert_eq!(payload(&columns.json, None), Some(normal));
        }
    }

    #[test]
    fn what_jsonb_changes_is_kept_as_text() {
        for value in
            [json!(-0.0), json!("\0"), json!("\u{1a}"), json!({"\0": 1}), json!([1e21, -0.0])]
        {
            let normal = normal_text(&json!({ "a": value }));
            let columns = columns(&normal);
            assert_eq!(columns.text, Some(normal.as_str()));
            assert!(!columns.json.contains("\\u0000"), "{}", columns.json);
            let back = payload(&columns.json, Some(normal.clone()));
            assert_eq!(back.as_deref(), Some(normal.as_str()));
            assert_eq!(payload(r#"{"a":"other"}"#, Some(normal)), None);
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
            let back = payload(&columns.json, text);
            prop_assert_eq!(back, Some(normal));
        }
    }
}
