//! Honest errors: every refusal has its code, names the field and the limit, says what to do, and
//! stores nothing.

use annals::domain::error::{Class, Code, Error};
use annals::domain::limits;
use serde_json::{Value, json};

use super::samples::{in_batch, nested};
use super::{Annals, Trial, refused, request, task};

/// A field of an event, a value that it cannot have, and what the refusal says.
type Fault = (&'static str, Value, Code, &'static str);

fn long(chars: usize) -> String {
    "x".repeat(chars)
}

/// Faults of the parts of an event that every type has.
fn faults_of_events() -> Vec<Fault> {
    vec![
        ("event_type", json!("epic_begun"), Code::UnknownEventType, "event_type"),
        ("event_type", json!(""), Code::UnknownEventType, "event_type"),
        ("event_type", json!("archived"), Code::ReservedEventType, "event_type"),
        ("event_data", json!([]), Code::InvalidEventData, "event_data"),
        ("event_data", json!("{}"), Code::InvalidEventData, "event_data"),
        ("event_data", json!(null), Code::InvalidEventData, "event_data"),
        ("event_data", json!({}), Code::MissingRequiredField, "event_data.epic_id"),
        ("event_data", json!({"epic_id": 3}), Code::InvalidFieldType, "event_data.epic_id"),
        ("event_data", json!({"epic_id": null}), Code::InvalidFieldType, "event_data.epic_id"),
        ("event_data", json!({"epic_id": ""}), Code::FieldOutOfRange, "event_data.epic_id"),
        ("event_data", json!({"epic_id": long(129)}), Code::FieldOutOfRange, "event_data.epic_id"),
        (
            "event_data",
            json!({"epic_id": "e", "estimated_hours": -1}),
            Code::FieldOutOfRange,
            "event_data.estimated_hours",
        ),
        (
            "event_data",
            json!({"epic_id": "e", "x": nested(64)}),
            Code::PayloadTooDeep,
            "event_data",
        ),
        (
            "event_data",
            json!({"epic_id": "e", "x": long(limits::EVENT_DATA_BYTES)}),
            Code::PayloadTooLarge,
            "event_data",
        ),
        ("metadata", json!([]), Code::InvalidMetadata, "metadata"),
        ("metadata", json!("x"), Code::InvalidMetadata, "metadata"),
        ("metadata", json!({"x": nested(64)}), Code::PayloadTooDeep, "metadata"),
        ("metadata", json!({"x": long(limits::METADATA_BYTES)}), Code::PayloadTooLarge, "metadata"),
        ("event_id", json!("42"), Code::InvalidEventId, "event_id"),
        ("event_id", json!(""), Code::InvalidEventId, "event_id"),
        ("occurred_at", json!("yesterday"), Code::InvalidDate, "occurred_at"),
        ("occurred_at", json!("2026-11-23"), Code::InvalidDate, "occurred_at"),
        ("occurred_at", json!("2026-11-23T09:30:00"), Code::InvalidDate, "occurred_at"),
        ("occurred_at", json!("2026-02-30T00:00:00Z"), Code::InvalidDate, "occurred_at"),
        ("caused_by", json!("the other"), Code::InvalidEventId, "caused_by"),
        ("correlation_id", json!(""), Code::FieldOutOfRange, "correlation_id"),
        ("correlation_id", json!(long(129)), Code::FieldOutOfRange, "correlation_id"),
    ]
}

/// Checks that a refusal can be acted on.
#[track_caller]
fn assert_honest(error: &Error, code: Code, field: &str) {
    assert_eq!((error.code, error.field.as_deref()), (code, Some(field)), "{error:?}");
    assert!(!error.hint.is_empty() && error.message.len() < 500, "{error:?}");
    let shown = error.to_json();
    assert_eq!(shown["success"], false);
    assert_eq!(shown["code"], code.as_str());
    assert_eq!(shown["error"], error.message);
    assert_eq!(shown["hint"], error.hint.to_string());
    assert_eq!(shown["field"], field);
    assert_eq!(error.code.class(), Class::Invalid);
}

pub async fn a_bad_event_is_refused_by_field_alone_and_in_a_batch(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let good = json!({"instance_id": instance, "event_type": "epic_started",
        "event_data": {"epic_id": "epic-003"}});
    for (name, value, code, field) in faults_of_events() {
        let mut bad = good.clone();
        bad[name] = value;
        let error = annals.emit(bad.clone()).await.unwrap_err();
        assert_honest(&error, code, field);
        let events = json!([in_batch(good.clone()), in_batch(bad.clone())]);
        let error = annals.emit_batch(json!({"instance_id": instance, "events": events})).await;
        assert_honest(&error.unwrap_err(), code, &format!("events[1].{field}"));
        let alone = json!([in_batch(bad)]);
        let error = annals.emit_batch(json!({"instance_id": instance, "events": alone})).await;
        assert_honest(&error.unwrap_err(), code, &format!("events[0].{field}"));
        assert_eq!(annals.instance(&instance).await.last_sequence, 1);
    }
    annals.emit(good).await.unwrap();
}

pub async fn a_refusal_for_size_states_the_limit(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let stated = |error: Error, limit: &str| {
        assert!(error.message.contains(limit), "{} names {limit}", error.message);
    };
    let with = |name: &str, value: Value| {
        let mut event = task(&instance, "t");
        event[name] = value;
        event
    };
    let data = json!({"task_id": "t", "x": long(limits::EVENT_DATA_BYTES)});
    stated(annals.emit(with("event_data", data)).await.unwrap_err(), "262144");
    let metadata = json!({"x": long(limits::METADATA_BYTES)});
    stated(annals.emit(with("metadata", metadata)).await.unwrap_err(), "16384");
    stated(annals.emit(with("metadata", json!({"x": nested(64)}))).await.unwrap_err(), "64");
    stated(annals.emit(with("correlation_id", json!(long(129)))).await.unwrap_err(), "128");
    let many = vec![in_batch(task(&instance, "t")); 1_001];
    let batch = json!({"instance_id": instance, "events": many});
    stated(refused(annals.emit_batch(batch).await, Code::BatchTooLarge), "1000");
    let none = json!({"instance_id": instance, "events": []});
    assert_honest(&annals.emit_batch(none).await.unwrap_err(), Code::EmptyBatch, "events");
    let keyword = json!({"instance_id": instance, "filters": {"keyword": long(257)}});
    stated(annals.query(keyword).await.unwrap_err(), "256");
    let limit = json!({"instance_id": instance, "limit": 1_001});
    stated(annals.query(limit).await.unwrap_err(), "1000");
    assert_eq!(annals.instance(&instance).await.last_sequence, 1);
}

/// The limits themselves are allowed, counted as they are documented.
pub async fn what_just_fits_is_taken(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let rest = json!({"task_id": "t", "x": ""}).to_string().len();
    for text in
        [long(limits::EVENT_DATA_BYTES - rest), "é".repeat((limits::EVENT_DATA_BYTES - rest) / 2)]
    {
        let mut event = task(&instance, "t");
        event["event_data"]["x"] = text.clone().into();
        annals.emit(event.clone()).await.unwrap();
        event["event_data"]["x"] = format!("{text}é").into();
        refused(annals.emit(event).await, Code::PayloadTooLarge);
    }
    let mut event = task(&instance, "t");
    event["metadata"] =
        json!({"x": long(limits::METADATA_BYTES - json!({"x": ""}).to_string().len())});
    event["correlation_id"] = "é".repeat(128).into();
    annals.emit(event.clone()).await.unwrap();
    event["event_data"]["task_id"] = "é".repeat(128).into();
    annals.emit(event).await.unwrap();
    let keyword =
        json!({"instance_id": instance, "limit": 1_000, "filters": {"keyword": "ü".repeat(256)}});
    assert_eq!(annals.query(keyword).await.unwrap().total_count, 0);
    let project = json!({"project": "p".repeat(64), "instance_type": "t".repeat(32)});
    annals.service.register(request(project)).await.unwrap();
}

async fn refused_query(annals: &Annals, asked: Value) -> Error {
    annals.query(asked).await.unwrap_err()
}

pub async fn a_bad_question_is_refused_by_field(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let questions = [
        (json!({"limit": 0}), Code::InvalidLimit, "limit"),
        (json!({"limit": -1}), Code::InvalidLimit, "limit"),
        (json!({"limit": 1_001}), Code::InvalidLimit, "limit"),
        (json!({"limit": i64::MAX}), Code::InvalidLimit, "limit"),
        (json!({"offset": -1}), Code::InvalidOffset, "offset"),
        (
            json!({"filters": {"event_type": "epic_begun"}}),
            Code::UnknownEventType,
            "filters.event_type",
        ),
        (
            json!({"filters": {"event_type": ["epic_started", "x"]}}),
            Code::UnknownEventType,
            "filters.event_type",
        ),
        (json!({"filters": {"category": "epics"}}), Code::UnknownCategory, "filters.category"),
        (json!({"filters": {"start_date": "yesterday"}}), Code::InvalidDate, "filters.start_date"),
        (json!({"filters": {"end_date": "2026-13-01"}}), Code::InvalidDate, "filters.end_date"),
        (json!({"filters": {"end_date": ""}}), Code::InvalidDate, "filters.end_date"),
        (
            json!({"filters": {"start_date": "2026-11-24", "end_date": "2026-11-23"}}),
            Code::InvalidDateRange,
            "filters.start_date",
        ),
        (json!({"filters": {"keyword": ""}}), Code::InvalidKeyword, "filters.keyword"),
        (
            json!({"filters": {"after_sequence": -1}}),
            Code::InvalidSequence,
            "filters.after_sequence",
        ),
        (json!({"filters": {"where": {"a..b": 1}}}), Code::InvalidArgument, "filters.where"),
        (json!({"cursor": "x"}), Code::InvalidArgument, "cursor"),
    ];
    for (mut asked, code, field) in questions {
        asked["instance_id"] = instance.clone().into();
        assert_honest(&refused_query(&annals, asked).await, code, field);
    }
    let expected = json!({"instance_id": instance, "event_type": "turn_completed", "event_data": {},
        "expected_sequence_num": -1});
    let error = annals.emit(expected).await.unwrap_err();
    assert_honest(&error, Code::InvalidSequence, "expected_sequence_num");
    for limit in [0, 1_001] {
        let listing = annals.service.list_instances(request(json!({"limit": limit}))).await;
        assert_honest(&listing.unwrap_err(), Code::InvalidLimit, "limit");
    }
    let contradiction = request(json!({"stale_only": true, "status": "closed"}));
    let error = annals.service.list_instances(contradiction).await.unwrap_err();
    assert_honest(&error, Code::InvalidArgument, "stale_only");
    let category = request(json!({"category": "epics"}));
    let error = annals.service.list_event_types(&category).await.unwrap_err();
    assert_honest(&error, Code::UnknownCategory, "category");
}

pub async fn an_unknown_type_names_the_nearest(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let mut event = task(&instance, "t");
    event["event_type"] = "epic_strated".into();
    let error = refused(annals.emit(event).await, Code::UnknownEventType);
    assert!(error.hint.contains("epic_started"), "{}", error.hint);
    assert_eq!(error.details.unwrap()["nearest"][0], "epic_started");
}

pub async fn a_bad_registration_is_refused_by_field_and_registers_nothing(trial: Trial) {
    let annals = trial.open().await;
    let too_long = "p".repeat(65);
    let registrations = [
        (json!({"project": ""}), Code::InvalidProject, "project"),
        (json!({"project": " odin"}), Code::InvalidProject, "project"),
        (json!({"project": "o din"}), Code::InvalidProject, "project"),
        (json!({"project": "-odin"}), Code::InvalidProject, "project"),
        (json!({"project": "a/b"}), Code::InvalidProject, "project"),
        (json!({"project": "a\u{0}"}), Code::InvalidProject, "project"),
        (json!({"project": too_long}), Code::InvalidProject, "project"),
        (
            json!({"project": "odin", "instance_type": ""}),
            Code::InvalidInstanceType,
            "instance_type",
        ),
        (
            json!({"project": "odin", "instance_type": "t".repeat(33)}),
            Code::InvalidInstanceType,
            "instance_type",
        ),
        (json!({"project": "odin", "pid": -1}), Code::InvalidArgument, "pid"),
        (json!({"project": "odin", "pid": 1_i64 << 32}), Code::InvalidArgument, "pid"),
        (json!({"project": "odin", "context": []}), Code::InvalidArgument, "context"),
        (json!({"project": "odin", "host": "h".repeat(257)}), Code::FieldOutOfRange, "host"),
    ];
    for (asked, code, field) in registrations {
        let error = annals.service.register(request(asked)).await.unwrap_err();
        assert_honest(&error, code, field);
    }
    let deep = request(json!({"project": "odin", "context": {"x": nested(63)}}));
    let error = annals.service.register(deep).await.unwrap_err();
    assert_honest(&error, Code::PayloadTooDeep, "context");
    let listed = annals.service.list_instances(request(json!({}))).await.unwrap();
    assert_eq!(listed.total_count, 0);
    let instance = annals.register().await;
    for percent in [-0.5, 100.5, 1e300] {
        let asked = json!({"instance_id": instance, "context_percent": percent});
        let error = annals.service.heartbeat(request(asked)).await.unwrap_err();
        assert_honest(&error, Code::FieldOutOfRange, "context_percent");
    }
    assert_eq!(annals.instance(&instance).await.last_sequence, 1);
}
