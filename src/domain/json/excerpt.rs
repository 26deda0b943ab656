//! Excerpts: a JSON value cut down to a size, with a mark wherever something was left out.

use serde_json::{Map, Value};

use super::normal_text;

/// What an excerpt keeps: characters of a text, members of a list or an object, levels.
struct Keeps {
    chars: usize,
    members: usize,
    levels: usize,
}

/// From the most to the least.
const STEPS: [Keeps; 5] = [
    Keeps { chars: 2_000, members: 200, levels: 12 },
    Keeps { chars: 500, members: 50, levels: 8 },
    Keeps { chars: 150, members: 20, levels: 6 },
    Keeps { chars: 60, members: 10, levels: 4 },
    Keeps { chars: 30, members: 5, levels: 3 },
];

/// `value` where its normal text has at most `bytes` bytes, else an excerpt of it that does.
///
/// Texts, lists, objects and depths are cut alike, no more than needed; what is left out is counted
/// in its place after an ellipsis. Where even that is too much, the excerpt is a text that says so.
pub fn excerpt(value: Value, bytes: usize) -> Value {
    let whole = normal_text(&value).len();
    if whole <= bytes {
        return value;
    }
    let cut = STEPS.iter().map(|keeps| cut(&value, keeps, keeps.levels));
    let mut fitting = cut.filter(|cut| normal_text(cut).len() <= bytes);
    fitting.next().unwrap_or_else(|| format!("… {whole} bytes of JSON").into())
}

fn cut(value: &Value, keeps: &Keeps, levels: usize) -> Value {
    match value {
        Value::String(text) => cut_text(text, keeps.chars).into(),
        Value::Array(items) if levels == 0 => format!("… {} items", items.len()).into(),
        Value::Object(fields) if levels == 0 => format!("… {} fields", fields.len()).into(),
        Value::Array(items) => {
            let kept = items.iter().take(keeps.members).map(|item| cut(item, keeps, levels - 1));
            let left = items.len().saturating_sub(keeps.members);
            kept.chain((left > 0).then(|| format!("… {left} more items").into())).collect()
        }
        Value::Object(fields) => {
            let kept = fields.iter().take(keeps.members);
            let mut object: Map<String, Value> = kept
                .map(|(key, item)| (cut_text(key, keeps.chars), cut(item, keeps, levels - 1)))
                .collect();
            let left = fields.len().saturating_sub(keeps.members);
            if left > 0 {
                object.insert("…".into(), format!("{left} more fields").into());
            }
            object.into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn cut_text(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}… {} more characters", &text[..at], text[at..].chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_is_left_as_it_is() {
        let value = json!({"a": "x".repeat(90), "b": [1, null]});
        assert_eq!(excerpt(value.clone(), normal_text(&value).len()), value);
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let found = excerpt(json!({"text": "é".repeat(3_000), "short": "s"}), 5_000);
        let text = found["text"].as_str().unwrap();
        assert!(text.starts_with("éé") && text.ends_with("… 1000 more characters"), "{text}");
        assert_eq!(found["short"], "s");

        let list: Vec<u32> = (0..1_000).collect();
        let found = excerpt(json!(list), 1_000);
        assert_eq!(found.as_array().unwrap().len(), 201);
        assert_eq!(found[200], "… 800 more items");

        let object: Map<String, Value> =
            (0..300).map(|at| (format!("k{at:03}"), at.into())).collect();
        let found = excerpt(object.into(), 2_500);
        assert_eq!(found["…"], "100 more fields");
        assert_eq!(found["k199"], 199);
    }

    #[test]
    fn what_cannot_be_cut_down_is_named_by_its_size() {
        let wide: Vec<Value> = vec![json!({"k": "x".repeat(400)}); 50];
        assert_eq!(excerpt(json!(wide), 30), "… 20451 bytes of JSON");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".{0,200}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 200, 30, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..30).prop_map(Value::from),
                prop::collection::btree_map(".{0,40}", inner, 0..30)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_excerpt_has_at_most_its_size(value in any_json(), bytes in 40_usize..4_000) {
            prop_assert!(normal_text(&excerpt(value, bytes)).len() <= bytes);
        }
    }
}
