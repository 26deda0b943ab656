//! JSON that is hard to keep as it is, and events that use every column.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use annals::domain::ids::EventId;

/// Values that some JSON library or database is known to change.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn hard_values() -> Vec<Value> {
    let numbers = json!([
        i64::MIN,
        i64::MIN + 1,
        i64::MAX,
        u64::MAX,
        u64::MAX - 1,
        0,
        -1,
        9_007_199_254_740_991_u64,
        9_007_199_254_740_992_u64,
        9_007_199_254_740_993_u64,
        -9_007_199_254_740_993_i64,
        5e-324,
        2.2250738585072014e-308,
        1.7976931348623157e308,
        -1.7976931348623157e308,
        0.0,
        -0.0,
        1.0,
        100.0,
        0.1,
        0.1 + 0.2,
        1e21,
        1e20,
        1e16,
        123456789012345680000.0,
        1e-7,
        1e-5,
        9007199254740993.0,
        4.35,
        1.0e23,
        f64::EPSILON,
    ]);
    let texts = json!([
        "",
        " ",
        "\u{0}",
        "a\u{0}b",
        "\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}\u{80}\u{85}\u{9f}",
        "\"\\/",
        "\\u0000",
        "\u{2028}\u{2029}\u{feff}\u{fffd}\u{fffe}\u{ffff}",
        "😀👩‍👩‍👧‍👦🇦🇹",
        "e\u{301}",
        "é",
        "ﬁ ß İ ı ſ K Å",
        "\u{202e}right to left\u{202c}",
        "\u{d7ff}\u{e000}\u{10ffff}",
        "null",
        "0123",
        "2026-11-23T09:30:00Z",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "$.a[0]",
        "%_*?",
    ]);
    let objects = json!([
        {},
        [],
        [[]],
        [{}],
        {"": {}},
        {"": {"": {"": null}}},
        [null, true, false],
        {"a": 1, "A": 2},
        {"é": 1, "e\u{301}": 2},
        {"\u{0}": 0, "\u{0}\u{0}": 1, "\u{1}": 2},
        {"a.b": 1, "a": {"b": 2}, "a[0]": 3},
        {"__proto__": 1, "constructor": 2, "$oid": "3", "@type": 4},
        {"😀": 1, "\u{ffff}": 2, "\u{10000}": 3},
        {"10": 1, "9": 2, "1": 3},
    ]);
    let mut values = Vec::new();
    for group in [numbers, texts, objects] {
        let Value::Array(group) = group else { unreachable!("each group is written as an array") };
        values.extend(group.iter().cloned());
        values.push(Value::Array(group));
    }
    values.push(nested(63));
    values.push(json!("ü\u{0}😀".repeat(10_000)));
    values.push(Value::Array((0..10_000).map(Value::from).collect()));
    values
}

/// A value of so many levels, objects and arrays in turn.
pub fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, level| match level % 2 {
        0 => json!({"a": inner}),
        _ => json!([inner]),
    })
}

/// Any JSON value, numbers of every kind included.
pub fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::from),
        prop::num::f64::SUBNORMAL.prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        4 => number,
        4 => any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            any_object_of(inner).prop_map(Value::from),
        ]
    })
}

/// Any JSON object.
pub fn any_object() -> impl Strategy<Value = Map<String, Value>> {
    any_object_of(any_json())
}

fn any_object_of(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(any_text(), inner, 0..8)
        .prop_map(|fields| fields.into_iter().collect())
}

/// Any text, with the characters that JSON escapes more often than chance gives them.
pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\u{0}-\u{1f}\"\\\\/a-c\u{7f}é😀]{0,12}"]
}

/// An event of `instance` that has a value in every column.
pub fn full_event(instance: &str) -> Value {
    json!({
        "instance_id": instance,
        "event_type": "task_spawned",
        "event_data": {"task_id": "task-17", "note": "as it is"},
        "metadata": {"tags": ["ci"]},
        "event_id": EventId::generate().to_string(),
        "occurred_at": "2026-11-22T08:00:00.5Z",
        "caused_by": EventId::generate().to_string(),
        "correlation_id": "ticket-7",
    })
}

/// The same as an event of a batch.
pub fn in_batch(mut event: Value) -> Value {
    event.as_object_mut().unwrap().remove("instance_id");
    event
}
