//! What queries should answer, said a second time as simply as possible: every event is looked at,
//! and nothing is indexed.

use annals::domain::catalogue::Catalogue;
use annals::domain::event::Event;
use annals::domain::time::{DAY, SECOND, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The day on which the events happen; some happen the day before or after.
const DAY_OF_EVENTS: &str = "2026-11-23";

/// Words for payloads and keywords, alike but for case, accents, and signs that mean something to a
/// database.
const WORDS: &[&str] = &[
    "oauth", "OAuth", "É", "é", "e\u{301}", "ß", "SS", "İ", "i", "ı", "K", "k", "%", "_", "a%c",
    "abc", "\"", "\\", "\n", "\u{0}", "0", "42", "4.2", "1e21", "-0.0", "true", "null", "😀", "{",
    "\":\"", "n",
];

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(WORDS).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::from),
        1 => prop::sample::select(vec![json!(42), json!(4.2), json!(1e21), json!(true), json!(null), json!(-0.0)]),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(word(), inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(word(), value(), 0..3).prop_map(|map| map.into_iter().collect())
}

/// Some microsecond near the ends of a day, or any around it.
fn time() -> impl Strategy<Value = Timestamp> {
    let midnight: Timestamp = format!("{DAY_OF_EVENTS}T00:00:00Z").parse().unwrap();
    let offset = prop_oneof![
        prop::sample::select(vec![-1, 0, 1, DAY - 1, DAY, DAY + 1, 12 * 3_600 * SECOND]),
        -DAY..2 * DAY,
    ];
    offset.prop_map(move |offset| midnight.plus(offset))
}

/// An event as the entries of a batch.
pub fn event() -> impl Strategy<Value = Value> {
    let kinds = vec![
        ("epic_started", json!({"epic_id": "epic-1"})),
        ("epic_completed", json!({"epic_id": "epic-2"})),
        ("test_passed", json!({"test_count": 42, "epic_id": "epic-1"})),
        ("commit_created", json!({"sha": "abc"})),
        ("turn_completed", json!({})),
        ("task_spawned", json!({"task_id": "é"})),
    ];
    let kind = prop::sample::select(kinds);
    (kind, object(), prop::option::of(object()), prop::option::of(time())).prop_map(
        |((event_type, mut data), further, metadata, occurred_at)| {
            let fields = data.as_object_mut().unwrap();
            for (name, value) in further {
                fields.entry(name).or_insert(value);
            }
            let mut event = json!({"event_type": event_type, "event_data": data});
            if let Some(metadata) = metadata {
                event["metadata"] = metadata.into();
            }
            if let Some(time) = occurred_at {
                event["occurred_at"] = time.to_string().into();
            }
            event
        },
    )
}

/// A question about one instance.
#[derive(Clone, Debug)]
pub struct Question {
    types: Option<Vec<String>>,
    category: Option<String>,
    start: Option<(String, Timestamp)>,
    end: Option<(String, Timestamp)>,
    keyword: Option<String>,
    place: Option<(String, Value)>,
    after: Option<u64>,
    ascending: bool,
    limit: usize,
    offset: usize,
}

/// A bound as text, and what it means: a time, or a whole day.
fn bound(end: bool) -> impl Strategy<Value = (String, Timestamp)> {
    (time(), any::<bool>()).prop_map(move |(time, whole_day)| {
        if !whole_day {
            return (time.to_string(), time);
        }
        let day = time.to_string()[..10].to_owned();
        let start: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
        (day, if end { start.plus(DAY - 1) } else { start })
    })
}

/// Any question.
pub fn question() -> impl Strategy<Value = Question> {
    let types =
        vec!["epic_started", "epic_completed", "test_passed", "commit_created", "instance_stale"];
    let types = prop::collection::vec(prop::sample::select(types), 1..4);
    let types = types.prop_map(|names| names.into_iter().map(str::to_owned).collect());
    let categories = vec!["epic", "testing", "git", "work_state", "instance", "deployment"];
    let category = prop::sample::select(categories).prop_map(str::to_owned);
    // Values of the samples above, and some that are not there.
    let places = vec![
        ("epic_id", json!("epic-1")),
        ("test_count", json!(42.0)),
        ("event_data.sha", json!("abc")),
        ("metadata.oauth", json!("abc")),
        ("/42", json!(null)),
        ("abc", json!([])),
    ];
    let place = prop::sample::select(places).prop_map(|(path, value)| (path.to_owned(), value));
    let filters = (
        prop::option::weighted(0.3, types),
        prop::option::weighted(0.2, category),
        prop::option::weighted(0.3, bound(false)),
        prop::option::weighted(0.3, bound(true)),
        prop::option::weighted(0.4, word()),
        prop::option::weighted(0.15, place),
        prop::option::weighted(0.2, 0..40_u64),
    );
    let page = (any::<bool>(), 1..50_usize, prop_oneof![2 => Just(0), 1 => 0..40_usize]);
    (filters, page).prop_map(|(filters, (ascending, limit, offset))| {
        let (types, category, start, end, keyword, place, after) = filters;
        Question { types, category, start, end, keyword, place, after, ascending, limit, offset }
    })
}

/// The answer to a question.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// The numbers of the events of the page.
    pub numbers: Vec<u64>,
    /// How many fit in all.
    pub total: u64,
    /// Whether more follow.
    pub has_more: bool,
}

impl Question {
    /// Whether the range makes sense; else the question is refused.
    pub fn has_range(&self) -> bool {
        match (&self.start, &self.end) {
            (Some((_, start)), Some((_, end))) => start <= end,
            _ => true,
        }
    }

    /// The question as a request.
    pub fn request(&self, instance: &str) -> Value {
        let mut filters = json!({});
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                filters[name] = value;
            }
        };
        set(
            "event_type",
            self.types.clone().map(|types| match &types[..] {
                [one] => json!(one),
                several => json!(several),
            }),
        );
        set("category", self.category.clone().map(Value::from));
        set("start_date", self.start.as_ref().map(|(text, _)| json!(text)));
        set("end_date", self.end.as_ref().map(|(text, _)| json!(text)));
        set("keyword", self.keyword.clone().map(Value::from));
        set("where", self.place.as_ref().map(|(path, value)| json!({path: value})));
        set("after_sequence", self.after.map(Value::from));
        json!({
            "instance_id": instance,
            "filters": filters,
            "order": if self.ascending { "asc" } else { "desc" },
            "limit": self.limit,
            "offset": self.offset,
        })
    }

    /// The answer that `events`, all of an instance, give.
    pub fn answer(&self, events: &[Event]) -> Answer {
        let mut fitting: Vec<u64> = events
            .iter()
            .filter(|event| self.fits(event))
            .map(|event| event.sequence_num)
            .collect();
        if !self.ascending {
            fitting.reverse();
        }
        let numbers: Vec<u64> =
            fitting.iter().copied().skip(self.offset).take(self.limit).collect();
        let has_more = self.offset + self.limit < fitting.len();
        Answer { numbers, total: fitting.len() as u64, has_more }
    }

    fn fits(&self, event: &Event) -> bool {
        let time = event.occurred_at.unwrap_or(event.timestamp);
        let data = event.event_data.value().unwrap();
        let metadata = event.metadata.as_ref().map(|metadata| metadata.value().unwrap());
        let category = Catalogue::builtin().category(&event.event_type).unwrap();
        self.types.as_ref().is_none_or(|types| types.contains(&event.event_type))
            && self.category.as_ref().is_none_or(|name| name == category.as_str())
            && self.start.as_ref().is_none_or(|(_, start)| time >= *start)
            && self.end.as_ref().is_none_or(|(_, end)| time <= *end)
            && self.after.is_none_or(|after| event.sequence_num > after)
            && self.keyword.as_ref().is_none_or(|keyword| {
                let keyword = lowercase(keyword);
                lowercase(&event.event_type).contains(&keyword)
                    || has(&data, &keyword)
                    || metadata.as_ref().is_some_and(|metadata| has(metadata, &keyword))
            })
            && self.place.as_ref().is_none_or(|(path, value)| {
                let found = match path.trim_start_matches('/').split_once('.') {
                    Some(("metadata", name)) => metadata.as_ref().and_then(|data| data.get(name)),
                    Some((_, name)) => data.get(name),
                    None => data.get(path.trim_start_matches('/')),
                };
                found.is_some_and(|found| found == value || is_number(found, value))
            })
    }
}

fn is_number(found: &Value, value: &Value) -> bool {
    matches!((found.as_f64(), value.as_f64()), (Some(found), Some(value)) if found == value)
}

fn lowercase(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Whether a key or a scalar anywhere in `value` contains the keyword.
fn has(value: &Value, keyword: &str) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| lowercase(key).contains(keyword) || has(value, keyword)),
        Value::Array(items) => items.iter().any(|item| has(item, keyword)),
        Value::String(text) => lowercase(text).contains(keyword),
        scalar => lowercase(&scalar.to_string()).contains(keyword),
    }
}
