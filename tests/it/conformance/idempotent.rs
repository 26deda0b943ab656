//! Idempotent: the same event under the same id is stored once, and answered the same each time.

use annals::domain::error::Code;
use annals::domain::ids::EventId;
use annals::domain::time::DAY;
use annals::service::ReceiptView;
use serde_json::{Value, json};

use super::samples::{full_event, in_batch};
use super::{Annals, Trial, id, refused, request, task};

/// The answer of a repetition: the original one, marked.
fn as_duplicate(original: &ReceiptView) -> ReceiptView {
    ReceiptView { duplicate: true, ..original.clone() }
}

fn with_id(instance: &str, name: &str) -> Value {
    let mut event = task(instance, name);
    event["event_id"] = EventId::generate().to_string().into();
    event
}

pub async fn the_same_event_again_gets_its_original_answer(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let event = full_event(&instance);
    let original = annals.emit(event.clone()).await.unwrap().receipt;
    assert!(!original.duplicate);
    annals.emit_tasks(&instance, 3).await;

    // Written otherwise, but the same.
    let mut same = event.clone();
    same["event_id"] = event["event_id"].as_str().unwrap().to_uppercase().into();
    same["instance_id"] = annals.instance(&instance).await.registration.handle.into();
    same["occurred_at"] = "2026-11-22T09:00:00.500000+01:00".into();
    for again in [event.clone(), same] {
        let answer = annals.emit(again).await.unwrap();
        assert_eq!(answer.receipt, as_duplicate(&original));
        assert_eq!(answer.head_sequence_num, 5);
    }
    trial.clock.turn(DAY);
    annals.close().await;
    let annals = trial.open().await;
    assert_eq!(annals.emit(event.clone()).await.unwrap().receipt, as_duplicate(&original));
    assert_eq!(annals.events(&instance).await.len(), 5, "a repetition notes not even a lapse");

    let named = json!({"instance_id": instance});
    annals.service.close_instance(request(named)).await.unwrap();
    assert_eq!(annals.emit(event.clone()).await.unwrap().receipt, as_duplicate(&original));
    assert_eq!(annals.events(&instance).await.len(), 7, "5, the lapse and the close");
}

pub async fn the_same_event_again_passes_a_condition_that_is_now_old(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let mut event = with_id(&instance, "a");
    event["expected_sequence_num"] = 1.into();
    let original = annals.emit(event.clone()).await.unwrap().receipt;
    annals.emit_tasks(&instance, 3).await;
    assert_eq!(annals.emit(event).await.unwrap().receipt, as_duplicate(&original));
}

pub async fn the_same_event_twice_in_a_batch_is_stored_once(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let [a, b] = ["a", "b"].map(|name| in_batch(with_id(&instance, name)));
    let batch = json!({"instance_id": instance, "events": [a, b, a, b, b]});
    let answer = annals.emit_batch(batch.clone()).await.unwrap();
    let told = |receipts: &[ReceiptView]| -> Vec<(u64, bool)> {
        receipts.iter().map(|receipt| (receipt.sequence_num, receipt.duplicate)).collect()
    };
    assert_eq!(told(&answer.events), [(2, false), (3, false), (2, true), (3, true), (3, true)]);
    assert_eq!(answer.head_sequence_num, 3);
    assert_eq!(answer.events[0].hash, answer.events[2].hash);

    // The whole batch again, and mixed with what is new.
    let again = annals.emit_batch(batch).await.unwrap();
    assert_eq!(told(&again.events), [(2, true), (3, true), (2, true), (3, true), (3, true)]);
    let c = in_batch(with_id(&instance, "c"));
    let mixed = json!({"instance_id": instance, "events": [a, c, b, c]});
    let answer = annals.emit_batch(mixed).await.unwrap();
    assert_eq!(told(&answer.events), [(2, true), (4, false), (3, true), (4, true)]);
    assert_eq!(annals.events(&instance).await.len(), 4);
    assert!(annals.verify().await.valid);
}

pub async fn the_same_id_with_any_other_content_is_refused(trial: Trial) {
    let annals = trial.open().await;
    let (instance, other) = (annals.register().await, annals.register().await);
    let event = full_event(&instance);
    annals.emit(event.clone()).await.unwrap();
    let changes = [
        ("instance_id", json!(other)),
        ("event_type", json!("task_completed")),
        ("event_data", json!({"task_id": "task-17", "note": "as it is "})),
        ("event_data", json!({"task_id": "task-17", "note": "as it is", "more": null})),
        ("metadata", json!({"tags": ["CI"]})),
        ("metadata", json!({})),
        ("metadata", Value::Null),
        ("occurred_at", json!("2026-11-22T08:00:00.500001Z")),
        ("occurred_at", Value::Null),
        ("caused_by", json!(EventId::generate().to_string())),
        ("caused_by", Value::Null),
        ("correlation_id", json!("Ticket-7")),
        ("correlation_id", Value::Null),
    ];
    for (field, value) in changes {
        let mut changed = event.clone();
        changed[field] = value;
        let error = refused(annals.emit(changed.clone()).await, Code::EventIdConflict);
        assert_eq!(error.field.as_deref(), Some("event_id"), "{field}");
        assert_eq!(error.details.unwrap()["stored_sequence_num"], 2);
        let good = in_batch(with_id(&instance, "good"));
        let batch = json!({"instance_id": changed["instance_id"],
            "events": [good, in_batch(changed.clone())]});
        let error = refused(annals.emit_batch(batch).await, Code::EventIdConflict);
        assert_eq!(error.field.as_deref(), Some("events[1].event_id"), "{field}");
    }
    assert_eq!(annals.events(&instance).await.len(), 2);
    assert_eq!(annals.events(&other).await.len(), 1);
    let [a, mut b] = [(); 2].map(|()| in_batch(with_id(&instance, "a")));
    b["event_id"] = a["event_id"].clone();
    b["event_data"] = json!({"task_id": "b"});
    let batch = json!({"instance_id": instance, "events": [a, b]});
    let error = refused(annals.emit_batch(batch).await, Code::EventIdConflict);
    assert_eq!(error.field.as_deref(), Some("events[1].event_id"));
    assert_eq!(annals.events(&instance).await.len(), 2);
}

pub async fn of_many_who_send_the_same_event_one_stores_it(trial: Trial) {
    let stores = [trial.open().await, trial.open().await];
    let instance = stores[0].register().await;
    for round in 0..10 {
        let event = with_id(&instance, "race");
        let calls: Vec<_> = (0..16)
            .map(|caller| {
                let (annals, event) = (stores[caller % 2].clone(), event.clone());
                tokio::spawn(async move { annals.emit(event).await.unwrap().receipt })
            })
            .collect();
        let mut receipts = Vec::new();
        for call in calls {
            receipts.push(call.await.unwrap());
        }
        let original = receipts.iter().position(|receipt| !receipt.duplicate);
        let original = receipts.remove(original.expect("one is the first"));
        assert_eq!(original.sequence_num, round + 2);
        assert!(receipts.iter().all(|receipt| *receipt == as_duplicate(&original)));
    }
}

pub async fn of_many_who_use_the_same_id_for_different_events_one_wins(trial: Trial) {
    let stores = [trial.open().await, trial.open().await];
    let instance = stores[0].register().await;
    for round in 0..10 {
        let event = with_id(&instance, "race");
        let calls: Vec<_> = (0..16)
            .map(|caller| {
                let (annals, mut event) = (stores[caller % 2].clone(), event.clone());
                event["event_data"]["task_id"] = format!("of {caller}").into();
                tokio::spawn(async move { annals.emit(event).await })
            })
            .collect();
        let mut winners = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(answer) => {
                    assert_eq!(
                        (answer.receipt.sequence_num, answer.receipt.duplicate),
                        (round + 2, false)
                    );
                    winners += 1;
                }
                Err(error) => assert_eq!(error.code, Code::EventIdConflict, "{error}"),
            }
        }
        assert_eq!(winners, 1);
    }
}

/// What comes behind a close is refused and not stored; what comes before it is stored.
pub async fn a_close_in_a_race_ends_it(trial: Trial) {
    let stores = [trial.open().await, trial.open().await];
    for _ in 0..8 {
        let instance = stores[0].register().await;
        let emit = |caller: usize| {
            let (annals, event) = (stores[caller % 2].clone(), with_id(&instance, "race"));
            tokio::spawn(async move { (event.clone(), annals.emit(event).await) })
        };
        let before: Vec<_> = (0..16).map(emit).collect();
        let closing = tokio::spawn({
            let (annals, instance) = (stores[1].clone(), instance.clone());
            async move { close(&annals, &instance).await }
        });
        let after: Vec<_> = (16..32).map(emit).collect();
        let end = closing.await.unwrap();
        let mut stored = 2;
        for call in before.into_iter().chain(after) {
            let (event, answer) = call.await.unwrap();
            let annals = &stores[0];
            match answer {
                Ok(answer) => {
                    stored += 1;
                    assert!(answer.receipt.sequence_num < end);
                    let again = annals.emit(event).await.unwrap();
                    assert_eq!(again.receipt, as_duplicate(&answer.receipt));
                }
                Err(error) => {
                    assert_eq!(error.code, Code::InstanceClosed, "{error}");
                    refused(annals.emit(event).await, Code::InstanceClosed);
                }
            }
        }
        let events = stores[0].events(&instance).await;
        assert_eq!((events.len() as u64, stored), (end, end));
        assert_eq!(events.last().unwrap().event_type, "instance_closed");
    }
}

async fn close(annals: &Annals, instance: &str) -> u64 {
    let answer = annals.service.close_instance(request(json!({"instance_id": instance}))).await;
    answer.unwrap().sequence_num
}

pub async fn an_instance_is_registered_once_under_its_id(trial: Trial) {
    let stores = [trial.open().await, trial.open().await];
    let instance = id("0191e7a4-7c1e-7d20-9a3b-5f2b8c4d6e10");
    let calls: Vec<_> = (0..16)
        .map(|caller| {
            let annals = stores[caller % 2].clone();
            let project = request(json!({"project": "odin"}));
            tokio::spawn(async move { annals.service.register_as(instance, project).await })
        })
        .collect();
    let mut registered = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => registered += 1,
            Err(error) => assert_eq!(error.code, Code::InstanceExists, "{error}"),
        }
    }
    assert_eq!(registered, 1);
    assert_eq!(stores[0].events(&instance.to_string()).await.len(), 1);
}
