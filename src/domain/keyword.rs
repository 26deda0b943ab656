//! Keyword search: the one rule, on every backend, of when an event matches.

use serde_json::Value;

/// A keyword ready for matching: a Unicode-lowercase text that is looked for as a substring, without
/// wildcards, in the event's type and in the keys and the scalar values of its data and metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyword {
    lowercase: String,
    /// Whether a match inside a payload must show in the payload's normal text as it stands.
    literal: bool,
}

impl Keyword {
    /// A keyword from what the caller typed.
    pub fn new(text: &str) -> Self {
        let lowercase = lowercase(text);
        let literal = !lowercase.chars().any(|c| c == '"' || c == '\\' || c < ' ');
        Self { lowercase, literal }
    }

    /// The keyword, where it has ASCII characters only and a payload that matches shows it in its
    /// normal text as it stands.
    pub fn ascii_literal(&self) -> Option<&str> {
        (self.literal && self.lowercase.is_ascii()).then_some(self.lowercase.as_str())
    }

    /// Whether an event with this type, data and metadata (normal texts) matches. Text that is no
    /// JSON matches nothing.
    pub fn matches(&self, event_type: &str, event_data: &str, metadata: Option<&str>) -> bool {
        contains(event_type, &self.lowercase)
            || self.in_payload(event_data)
            || metadata.is_some_and(|text| self.in_payload(text))
    }

    fn in_payload(&self, text: &str) -> bool {
        // A cheap look at the whole text first: characters other than quotes, backslashes and
        // controls stand in the normal text as they are, so that a match below must show there.
        if self.literal && !contains(text, &self.lowercase) {
            return false;
        }
        serde_json::from_str::<Value>(text).is_ok_and(|value| self.in_value(&value))
    }

    fn in_value(&self, value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields
                .iter()
                .any(|(key, value)| contains(key, &self.lowercase) || self.in_value(value)),
            Value::Array(items) => items.iter().any(|item| self.in_value(item)),
            Value::String(text) => contains(text, &self.lowercase),
            scalar => contains(&scalar.to_string(), &self.lowercase),
        }
    }
}

fn contains(text: &str, lowercase: &str) -> bool {
    if text.is_ascii() {
        return lowercase.is_ascii() && contains_ascii(text.as_bytes(), lowercase.as_bytes());
    }
    self::lowercase(text).contains(lowercase)
}

/// Character by character, so that no character's form depends on its neighbours and a part of a
/// text lowercases to a part of the lowercased text.
fn lowercase(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn contains_ascii(text: &[u8], lowercase: &[u8]) -> bool {
    let Some(first) = lowercase.first() else { return true };
    let upper = first.to_ascii_uppercase();
    text.len() >= lowercase.len()
        && text[..=text.len() - lowercase.len()].iter().enumerate().any(|(at, byte)| {
            (byte == first || *byte == upper)
                && text[at..at + lowercase.len()].eq_ignore_ascii_case(lowercase)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keyword: &str, data: &str) -> bool {
        Keyword::new(keyword).matches("epic_started", data, None)
    }

    #[test]
    fn a_keyword_matches_type_keys_and_scalars_whatever_the_case() {
        assert!(found("EPIC_", "{}"));
        assert!(found("oauth", r#"{"feature_name":"Login-OAuth"}"#));
        assert!(found("FEATURE_NAME", r#"{"feature_name":"x"}"#));
        assert!(found("42", r#"{"n":[{"deep":1420}]}"#));
        assert!(found("true", r#"{"n":true}"#));
        assert!(found("straße", r#"{"n":"STRASSE straße"}"#));
        assert!(found("école", r#"{"n":"ÉCOLE"}"#));
        assert!(Keyword::new("ci").matches("x", "{}", Some(r#"{"tag":"CI"}"#)));
    }

    #[test]
    fn wildcards_and_json_syntax_are_plain_text() {
        assert!(!found("%", r#"{"n":"abc"}"#));
        assert!(!found("a_c", r#"{"n":"abc"}"#));
        assert!(!found("\":\"", r#"{"n":"abc"}"#));
        assert!(!found("n\":", r#"{"n":"abc"}"#));
        assert!(found("say \"hi\"", r#"{"n":"say \"hi\" twice"}"#));
        assert!(found("a\\b", r#"{"n":"a\\b"}"#));
        assert!(!found("\\n", r#"{"n":"a\nb"}"#));
        assert!(found("a\nb", r#"{"n":"a\nb"}"#));
    }
}
