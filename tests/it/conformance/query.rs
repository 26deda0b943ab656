//! Queries: filters, order, pages and counts.

use std::collections::HashSet;

use annals::domain::error::Code;
use annals::domain::time::{DAY, SECOND};
use annals::service::{EventView, QueryAnswer};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::property::property;
use super::query_model::{Answer, Question, event, question};
use super::samples::in_batch;
use super::{Annals, Trial, refused, task};

fn numbers(answer: &QueryAnswer) -> Vec<u64> {
    answer.events.iter().map(|event| event.sequence_num).collect()
}

/// The numbers of the events that fit these filters, oldest first.
async fn fitting(annals: &Annals, instance: &str, filters: Value) -> Vec<u64> {
    let asked = json!({"instance_id": instance, "filters": filters, "order": "asc"});
    let answer = annals.query(asked).await.unwrap();
    assert_eq!(answer.total_count, answer.events.len() as u64);
    numbers(&answer)
}

/// An instance with these events, each stored a minute after the one before, among events of another.
async fn record(annals: &Annals, trial: &Trial, events: &[Value]) -> String {
    let (instance, other) = (annals.register().await, annals.register().await);
    for event in events {
        trial.clock.turn(60 * SECOND);
        let mut event = event.clone();
        event["instance_id"] = other.clone().into();
        annals.emit(event.clone()).await.unwrap();
        event["instance_id"] = instance.clone().into();
        annals.emit(event).await.unwrap();
    }
    instance
}

pub async fn any_question_is_answered_as_the_model_answers_it(trial: Trial) {
    let annals = trial.open().await;
    let clock = trial.clock.clone();
    let cases = || {
        let batches = prop::collection::vec(prop::collection::vec(event(), 1..8), 0..6);
        (batches, prop::collection::vec(question(), 1..25))
    };
    property(120, cases, move |(batches, questions): (Vec<Vec<Value>>, Vec<Question>)| {
        let (annals, clock) = (annals.clone(), clock.clone());
        async move {
            let instance = annals.register().await;
            for batch in batches {
                clock.turn(200 * SECOND);
                let batch = json!({"instance_id": instance, "events": batch});
                annals.emit_batch(batch).await.unwrap();
            }
            clock.turn(-1_200 * SECOND);
            let events = annals.events(&instance).await;
            for question in questions {
                let answer = annals.query(question.request(&instance)).await;
                if !question.has_range() {
                    prop_assert_eq!(answer.unwrap_err().code, Code::InvalidDateRange);
                    continue;
                }
                let answer = answer.unwrap();
                let found = Answer {
                    numbers: numbers(&answer),
                    total: answer.total_count,
                    has_more: answer.has_more,
                };
                prop_assert_eq!(found, question.answer(&events), "{:?}", question);
                prop_assert_eq!(answer.next_cursor.is_some(), answer.has_more);
                for shown in answer.events {
                    let stored = &events[usize::try_from(shown.sequence_num).unwrap() - 1];
                    prop_assert_eq!(shown, EventView::try_from(stored.clone()).unwrap());
                }
            }
            Ok(())
        }
    })
    .await;
}

pub async fn the_newest_hundred_come_first(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 149).await;
    let answer = annals.query(json!({"instance_id": instance})).await.unwrap();
    assert_eq!(numbers(&answer), (51..=150).rev().collect::<Vec<_>>());
    assert_eq!((answer.total_count, answer.has_more), (150, true));
    let rest = json!({"instance_id": instance, "offset": 100});
    let answer = annals.query(rest).await.unwrap();
    assert_eq!(numbers(&answer), (1..=50).rev().collect::<Vec<_>>());
    assert!(!answer.has_more);
    for offset in [150, 151, i64::MAX] {
        for order in ["asc", "desc"] {
            let far = json!({"instance_id": instance, "offset": offset, "order": order});
            let answer = annals.query(far).await.unwrap();
            assert_eq!((answer.events.len(), answer.total_count, answer.has_more), (0, 150, false));
        }
    }
    let filters = json!({"after_sequence": i64::MAX});
    assert_eq!(fitting(&annals, &instance, filters).await, [] as [u64; 0]);
}

pub async fn dates_are_inclusive_and_a_bare_date_is_its_whole_day(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let times = [
        "2026-10-31T23:59:59.999999Z",
        "2026-11-01T00:00:00Z",
        "2026-11-01T23:59:59.999999Z",
        "2026-11-02T00:00:00Z",
    ];
    for time in times {
        let mut event = task(&instance, "t");
        event["occurred_at"] = time.into();
        annals.emit(event).await.unwrap();
    }
    let day = json!({"start_date": "2026-11-01", "end_date": "2026-11-01"});
    assert_eq!(fitting(&annals, &instance, day).await, [3, 4]);
    let moment = json!({"start_date": times[3], "end_date": times[3]});
    assert_eq!(fitting(&annals, &instance, moment).await, [5]);
    let other_zone = json!({"start_date": "2026-11-01T01:00:00+01:00", "end_date": "2026-11-01"});
    assert_eq!(fitting(&annals, &instance, other_zone).await, [3, 4]);
    let until = json!({"end_date": "2026-10-31"});
    assert_eq!(fitting(&annals, &instance, until).await, [2]);
    let since = json!({"start_date": "2026-11-02"});
    assert_eq!(fitting(&annals, &instance, since).await, [1, 5], "1 is of today");
    let ever = json!({"start_date": "0001-01-01", "end_date": "9999-12-31"});
    assert_eq!(fitting(&annals, &instance, ever).await, [1, 2, 3, 4, 5]);
    let ever = json!({"end_date": "9999-12-31T23:59:59Z"});
    assert_eq!(fitting(&annals, &instance, ever).await, [1, 2, 3, 4, 5]);
}

/// Order and numbers follow the record; dates follow when it happened.
pub async fn what_is_recorded_late_is_found_by_when_it_happened(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 1).await;
    let mut late = task(&instance, "late");
    late["occurred_at"] = "2026-01-01T12:00:00Z".into();
    annals.emit(late).await.unwrap();
    trial.clock.turn(DAY);
    annals.service.sweep().await.unwrap();
    let january = json!({"start_date": "2026-01-01", "end_date": "2026-01-31"});
    assert_eq!(fitting(&annals, &instance, january).await, [3]);
    let today = json!({"start_date": "2026-11-23", "end_date": "2026-11-23"});
    assert_eq!(fitting(&annals, &instance, today).await, [1, 2, 4], "4 is the lapse, of today");
    assert_eq!(fitting(&annals, &instance, json!({})).await, [1, 2, 3, 4]);
}

pub async fn filters_narrow_together(trial: Trial) {
    let annals = trial.open().await;
    let events = [
        json!({"event_type": "epic_started", "event_data": {"epic_id": "epic-1", "feature_name": "OAuth"}}),
        json!({"event_type": "epic_completed", "event_data": {"epic_id": "epic-1"}}),
        json!({"event_type": "epic_started", "event_data": {"epic_id": "epic-2"}, "metadata": {"tag": "oauth"}}),
        json!({"event_type": "test_passed", "event_data": {"test_count": 7}}),
    ];
    let instance = record(&annals, &trial, &events).await;
    let cases = [
        (json!({"event_type": "epic_started"}), vec![2, 4]),
        (json!({"event_type": ["epic_started"]}), vec![2, 4]),
        (json!({"event_type": ["test_passed", "epic_completed", "test_passed"]}), vec![3, 5]),
        (json!({"category": "epic"}), vec![2, 3, 4]),
        (json!({"category": "epic", "event_type": ["epic_started", "test_passed"]}), vec![2, 4]),
        (json!({"category": "git"}), vec![]),
        (json!({"category": "testing", "event_type": "epic_started"}), vec![]),
        (json!({"keyword": "OAUTH"}), vec![2, 4]),
        (json!({"keyword": "feature_name"}), vec![2]),
        (json!({"keyword": "epic_"}), vec![2, 3, 4]),
        (json!({"keyword": "oauth", "after_sequence": 2}), vec![4]),
        (json!({"event_type": "epic_started", "after_sequence": 2}), vec![4]),
        (json!({"after_sequence": 0}), vec![1, 2, 3, 4, 5]),
        (json!({"where": {"epic_id": "epic-1"}}), vec![2, 3]),
        (json!({"where": {"epic_id": "epic-1", "feature_name": "OAuth"}}), vec![2]),
        (json!({"where": {"metadata.tag": "oauth"}}), vec![4]),
        (json!({"where": {}}), vec![1, 2, 3, 4, 5]),
        (json!({"start_date": "2026-11-23T09:32:00Z", "category": "epic"}), vec![3, 4]),
    ];
    for (filters, expected) in cases {
        assert_eq!(fitting(&annals, &instance, filters.clone()).await, expected, "{filters}");
    }
}

pub async fn pages_by_cursor_show_each_event_once_while_others_arrive(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 40).await;
    let scopes = [json!({"instance_id": instance}), json!({"project": "odin"})];
    let filters = [json!({}), json!({"category": "planning"}), json!({"keyword": "TASK"})];
    for (scope, filters) in scopes.iter().flat_map(|scope| filters.iter().map(move |f| (scope, f)))
    {
        for order in ["asc", "desc"] {
            let mut asked = scope.clone();
            asked["filters"] = filters.clone();
            asked["order"] = order.into();
            let all = asked_for(&annals, &asked, 1_000).await;
            asked["limit"] = 7.into();
            let mut seen: Vec<EventView> = Vec::new();
            loop {
                let page = annals.query(asked.clone()).await.unwrap();
                assert_eq!(page.has_more, page.next_cursor.is_some());
                seen.extend(page.events);
                annals.emit_tasks(&instance, 1).await;
                let Some(cursor) = page.next_cursor else { break };
                asked["cursor"] = cursor.into();
                if seen.len() > 2 * all.len() {
                    break;
                }
            }
            let ids: HashSet<&String> = seen.iter().map(|event| &event.event_id).collect();
            assert_eq!(ids.len(), seen.len(), "none twice");
            assert!(all.iter().all(|event| ids.contains(&event.event_id)), "none missed");
            if order == "desc" {
                assert_eq!(seen, all);
            }
        }
    }
    let mut other_way = json!({"instance_id": instance, "limit": 1});
    let cursor = annals.query(other_way.clone()).await.unwrap().next_cursor.unwrap();
    for (cursor, order) in [(&cursor[..], "asc"), ("", "desc"), ("id", "desc"), ("xd5", "desc")] {
        other_way["cursor"] = cursor.into();
        other_way["order"] = order.into();
        let error = refused(annals.query(other_way.clone()).await, Code::InvalidArgument);
        assert_eq!(error.field.as_deref(), Some("cursor"), "{cursor} {order}");
    }
}

async fn asked_for(annals: &Annals, asked: &Value, limit: u32) -> Vec<EventView> {
    let mut asked = asked.clone();
    asked["limit"] = limit.into();
    annals.query(asked).await.unwrap().events
}

pub async fn a_project_or_an_epic_is_asked_across_instances(trial: Trial) {
    let annals = trial.open().await;
    let register = |project: &str| {
        let annals = annals.clone();
        let asked = super::request(json!({"project": project}));
        async move { annals.service.register(asked).await.unwrap().instance_id }
    };
    let (odin, second, thor) =
        (register("odin").await, register("odin").await, register("thor").await);
    for (n, instance) in [&odin, &thor, &second, &odin, &thor].into_iter().enumerate() {
        let epic = format!("epic-{}", n % 2);
        let event = json!({"event_type": "epic_started", "event_data": {"epic_id": epic}});
        let mut event = event;
        event["instance_id"] = instance.clone().into();
        annals.emit(event).await.unwrap();
    }
    let places = |events: Vec<EventView>| -> Vec<(String, u64)> {
        events.into_iter().map(|event| (event.instance_id.unwrap(), event.sequence_num)).collect()
    };
    let place = |instance: &String, number| (instance.clone(), number);
    let cases = [
        (
            json!({"project": "odin"}),
            vec![
                place(&odin, 1),
                place(&second, 1),
                place(&odin, 2),
                place(&second, 2),
                place(&odin, 3),
            ],
        ),
        (json!({"epic": "epic-0"}), vec![place(&odin, 2), place(&second, 2), place(&thor, 3)]),
        (json!({"epic": "epic-1"}), vec![place(&thor, 2), place(&odin, 3)]),
        (json!({"project": "odin", "epic": "epic-0"}), vec![place(&odin, 2), place(&second, 2)]),
        (json!({"project": "od"}), vec![]),
        (json!({"epic": "epic-"}), vec![]),
        (json!({"epic": "epic-1", "filters": {"after_sequence": 2}}), vec![place(&odin, 3)]),
    ];
    for (mut asked, expected) in cases {
        for order in ["asc", "desc"] {
            asked["order"] = order.into();
            let mut found = places(asked_for(&annals, &asked, 100).await);
            if order == "desc" {
                found.reverse();
            }
            assert_eq!(found, expected, "{asked}");
        }
    }
    for asked in [
        json!({}),
        json!({"instance_id": odin, "project": "odin"}),
        json!({"instance_id": odin, "epic": "e"}),
    ] {
        let error = refused(annals.query(asked).await, Code::InvalidArgument);
        assert_eq!(error.field.as_deref(), Some("instance_id"));
    }
}

/// The epic is text, and no other value is taken for it.
pub async fn an_epic_is_found_by_exactly_its_text(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let epics = [
        json!("7"),
        json!(7),
        json!(7.0),
        json!(true),
        json!("true"),
        json!(1),
        json!({"a": 1}),
        json!("{\"a\":1}"),
        json!(null),
        json!("e\u{0}x"),
        json!("e"),
        json!("É"),
        json!("É "),
    ];
    for epic in &epics {
        let event = json!({"event_type": "turn_completed", "event_data": {"epic_id": epic}});
        let mut event = event;
        event["instance_id"] = instance.clone().into();
        annals.emit(event).await.unwrap();
    }
    for epic in epics.iter().filter_map(Value::as_str) {
        let found = asked_for(&annals, &json!({"epic": epic}), 100).await;
        let values: Vec<&Value> = found.iter().map(|event| &event.event_data["epic_id"]).collect();
        assert_eq!(values, [&json!(epic)], "{epic:?}");
    }
}

pub async fn a_keyword_is_plain_text(trial: Trial) {
    let annals = trial.open().await;
    let values = [
        "100 %",
        "a_c",
        "abc",
        "say \"hi\"",
        "back\\slash",
        "line\nbreak",
        "nul\u{0}nul",
        "ÉCOLE",
        "*.rs",
    ];
    let events: Vec<Value> = values
        .iter()
        .map(|value| json!({"event_type": "turn_completed", "event_data": {"x": value}}))
        .collect();
    let instance = record(&annals, &trial, &events).await;
    for (keyword, expected) in [
        ("%", vec![2]),
        ("a_c", vec![3]),
        ("A", vec![2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("\"hi\"", vec![5]),
        ("k\\s", vec![6]),
        ("\\", vec![6]),
        ("e\nb", vec![7]),
        ("\\n", vec![]),
        ("l\u{0}n", vec![8]),
        ("école", vec![9]),
        ("ecole", vec![]),
        ("*", vec![10]),
        (".", vec![10]),
        ("\":\"", vec![]),
        ("{", vec![]),
    ] {
        let expected: Vec<u64> = match keyword {
            // The type has an a nowhere, but the registration has.
            "A" => fitting(&annals, &instance, json!({"keyword": "a"})).await,
            _ => expected,
        };
        let found = fitting(&annals, &instance, json!({"keyword": keyword})).await;
        assert_eq!(found, expected, "{keyword:?}");
    }
    let batch = vec![in_batch(task(&instance, "t")); 3];
    annals.emit_batch(json!({"instance_id": instance, "events": batch})).await.unwrap();
    let page = json!({"instance_id": instance, "filters": {"keyword": "t"}, "limit": 2, "offset": 1, "order": "asc"});
    let answer = annals.query(page).await.unwrap();
    assert_eq!(answer.events.len(), 2);
    assert!(answer.has_more);
}
