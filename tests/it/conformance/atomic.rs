//! Atomic: a batch is stored whole or not at all, and one caller's fault is not its neighbours'.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annals::domain::error::Code;
use annals::domain::event::{NewEvent, Payload, TypeCheck};
use annals::domain::ids::EventId;
use annals::store::AppendRequest;
use serde_json::{Value, json};

use super::samples::{full_event, in_batch};
use super::{Trial, id, refused, task};

pub async fn a_bad_event_at_any_place_stores_nothing(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let stored = full_event(&instance);
    annals.emit(stored.clone()).await.unwrap();
    let mut reused = in_batch(stored);
    reused["event_data"] = json!({"task_id": "another"});
    let bad = [
        (
            json!({"event_type": "epic_begun", "event_data": {}}),
            Code::UnknownEventType,
            "event_type",
        ),
        (
            json!({"event_type": "epic_started", "event_data": {}}),
            Code::MissingRequiredField,
            "event_data.epic_id",
        ),
        (
            json!({"event_type": "turn_completed", "event_data": []}),
            Code::InvalidEventData,
            "event_data",
        ),
        (
            json!({"event_type": "turn_completed", "event_data": {}, "event_id": "1"}),
            Code::InvalidEventId,
            "event_id",
        ),
        (reused, Code::EventIdConflict, "event_id"),
    ];
    for place in 0..5 {
        for (event, code, field) in &bad {
            let mut events: Vec<Value> =
                (0..5).map(|n| in_batch(task(&instance, &format!("t{n}")))).collect();
            events[place] = event.clone();
            let batch = json!({"instance_id": instance, "events": events});
            let error = refused(annals.emit_batch(batch).await, *code);
            assert_eq!(error.field, Some(format!("events[{place}].{field}")));
            assert_eq!(error.details.unwrap()["index"], place);
            assert_eq!(annals.events(&instance).await.len(), 2);
        }
    }
    assert!(annals.verify().await.valid);
}

pub async fn a_close_inside_a_batch_refuses_what_follows_and_so_all(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let close = json!({"event_type": "instance_closed", "event_data": {}});
    let resume = json!({"event_type": "instance_resumed", "event_data": {}});
    let work = in_batch(task(&instance, "t"));
    let batch = |events: Value| json!({"instance_id": instance, "events": events});
    let refused_batch = annals.emit_batch(batch(json!([work, close, work]))).await;
    let error = refused(refused_batch, Code::InstanceClosed);
    assert_eq!(error.details.unwrap()["index"], 2);
    assert_eq!(annals.events(&instance).await.len(), 1);
    annals.emit_batch(batch(json!([work, close, resume, work, close]))).await.unwrap();
    let error =
        refused(annals.emit_batch(batch(json!([work, resume]))).await, Code::InstanceClosed);
    assert_eq!(error.details.unwrap()["index"], 0);
    annals.emit_batch(batch(json!([resume, work]))).await.unwrap();
    assert_eq!(annals.events(&instance).await.len(), 8);
}

pub async fn the_largest_batch_is_stored_whole_and_in_order(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let events: Vec<Value> =
        (0..1_000).map(|n| in_batch(task(&instance, &format!("t{n}")))).collect();
    let answer =
        annals.emit_batch(json!({"instance_id": instance, "events": events})).await.unwrap();
    assert_eq!((answer.events.len(), answer.head_sequence_num), (1_000, 1_001));
    let stored = annals.events(&instance).await;
    for (n, (event, receipt)) in stored[1..].iter().zip(&answer.events).enumerate() {
        assert_eq!(event.event_data.value().unwrap()["task_id"], format!("t{n}"));
        assert_eq!(event.event_id.to_string(), receipt.event_id);
        assert_eq!(event.hash.to_string(), receipt.hash);
    }
}

pub async fn a_reader_sees_whole_batches_only(trial: Trial) {
    let annals = trial.open().await;
    let reading = trial.open().await;
    let instance = annals.register().await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (instance, done) = (instance.clone(), Arc::clone(&done));
        async move {
            let mut seen = 0;
            while !done.load(Ordering::Acquire) {
                let asked = json!({"instance_id": instance, "limit": 1_000});
                let page = reading.query(asked).await.unwrap();
                assert_eq!(page.total_count % 10, 1);
                assert_eq!(page.events.len() as u64, page.total_count.min(1_000));
                assert_eq!(page.events[0].sequence_num, page.total_count);
                let asked = json!({"instance_id": instance});
                let replayed = reading.replay(asked).await.unwrap().events_replayed;
                assert_eq!(replayed % 10, 1);
                assert!(page.total_count >= seen && replayed >= page.total_count);
                seen = replayed;
            }
        }
    });
    for _ in 0..100 {
        let events = vec![in_batch(task(&instance, "t")); 10];
        annals.emit_batch(json!({"instance_id": instance, "events": events})).await.unwrap();
    }
    done.store(true, Ordering::Release);
    reader.await.unwrap();
}

pub async fn a_refused_call_leaves_its_neighbours_alone(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let stored = full_event(&instance);
    annals.emit(stored.clone()).await.unwrap();
    let calls: Vec<_> = (0..90)
        .map(|n| {
            let mut event = task(&instance, &format!("t{n}"));
            match n % 3 {
                0 => event["event_id"] = stored["event_id"].clone(),
                1 => event["expected_sequence_num"] = 1.into(),
                _ => {}
            }
            let annals = annals.clone();
            tokio::spawn(async move { annals.emit(event).await })
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        let answer = call.await.unwrap();
        match n % 3 {
            0 => drop(refused(answer, Code::EventIdConflict)),
            1 => drop(refused(answer, Code::SequenceConflict)),
            _ => drop(answer.unwrap()),
        }
    }
    assert_eq!(annals.events(&instance).await.len(), 32);
    assert!(annals.verify().await.valid);
}

/// An id that the store itself would have to choose twice cannot come from the service; the data
/// refuses it, and only the call that brought it fails.
pub async fn a_row_that_the_data_refuses_leaves_its_neighbours_alone(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let stored = annals.emit(task(&instance, "t")).await.unwrap().receipt.event_id;
    let taken: EventId = stored.parse().unwrap();
    let calls: Vec<_> = (0..60)
        .map(|n| {
            let event = NewEvent {
                event_id: if n % 3 == 0 { taken } else { EventId::generate() },
                id_given: false,
                event_type: "turn_completed".into(),
                event_data: Payload { text: "{}".into(), salt: [7; 16] },
                metadata: None,
                occurred_at: None,
                caused_by: None,
                correlation_id: None,
                type_check: TypeCheck::Fits,
            };
            let request = AppendRequest {
                instance_id: id(&instance),
                register: None,
                expected_sequence_num: None,
                events: vec![event],
            };
            let store = Arc::clone(&annals.store);
            tokio::spawn(async move { store.append(request).await })
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        let answer = call.await.unwrap();
        assert_eq!(answer.is_err(), n % 3 == 0, "{answer:?}");
    }
    assert_eq!(annals.events(&instance).await.len(), 42);
    assert!(annals.verify().await.valid);
}
