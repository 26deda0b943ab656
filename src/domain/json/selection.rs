//! Reading a few fields of an object without building the others.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

/// The fields of the object in `text` whose names `wanted` accepts. What is in the others costs no
/// memory, and about a third of the time.
///
/// # Errors
///
/// When the text is no JSON object.
pub fn selection(
    text: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Map<String, Value>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let fields = reader.deserialize_map(Selecting { wanted })?;
    reader.end()?;
    Ok(fields)
}

struct Selecting<W> {
    wanted: W,
}

impl<'de, W: Fn(&str) -> bool> Visitor<'de> for Selecting<W> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some(Name(name)) = object.next_key()? {
            if (self.wanted)(&name) {
                fields.insert(name.into_owned(), object.next_value()?);
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(fields)
    }
}

/// A name, borrowed from the text where it has no escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_object_is_an_error() {
        for text in ["", "1", "[]", "\"a\"", "{", "{\"a\":1} x", "{\"a\":}", "{\"b\":nul}"] {
            assert!(selection(text, |name| name == "a").is_err(), "{text}");
        }
    }

    proptest! {
        /// The same as reading everything and keeping what is wanted.
        #[test]
        fn selecting_is_reading_and_keeping(
            names in prop::collection::btree_set("[ab\u{0}é\"\\\\]{0,3}", 0..6),
            wanted in "[ab\u{0}é\"\\\\]{0,3}",
        ) {
            let fields: Map<String, Value> = names
                .into_iter()
                .enumerate()
                .map(|(at, name)| (name, json!({"at": at, "deep": [null, 1.5, {"x": "é\u{0}"}]})))
                .collect();
            let text = Value::Object(fields.clone()).to_string();
            let kept: Map<String, Value> =
                fields.into_iter().filter(|(name, _)| *name == wanted).collect();
            prop_assert_eq!(selection(&text, |name| name == wanted).unwrap(), kept);
        }
    }
}
