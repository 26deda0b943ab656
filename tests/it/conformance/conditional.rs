//! Conditional: an append that expects another head stores nothing and names the head.

use annals::domain::error::Code;
use annals::domain::time::SECOND;
use serde_json::{Value, json};

use super::{Trial, refused, request, task};

fn expecting(instance: &str, expected: i64) -> Value {
    let mut event = task(instance, "t");
    event["expected_sequence_num"] = expected.into();
    event
}

pub async fn the_expected_head_is_stored_and_any_other_refused(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 4).await;
    for wrong in [0, 1, 4, 6, i64::MAX] {
        let batch = json!({"instance_id": instance, "expected_sequence_num": wrong, "events": [
            {"event_type": "task_spawned", "event_data": {"task_id": "a"}},
            {"event_type": "task_spawned", "event_data": {"task_id": "b"}},
        ]});
        for error in [
            refused(annals.emit(expecting(&instance, wrong)).await, Code::SequenceConflict),
            refused(annals.emit_batch(batch).await, Code::SequenceConflict),
        ] {
            assert_eq!(error.field.as_deref(), Some("expected_sequence_num"));
            assert_eq!(error.details.unwrap()["head_sequence_num"], 5);
        }
        assert_eq!(annals.instance(&instance).await.last_sequence, 5);
    }
    let answer = annals.emit(expecting(&instance, 5)).await.unwrap();
    assert_eq!(answer.receipt.sequence_num, 6);
    refused(annals.emit(expecting(&instance, 5)).await, Code::SequenceConflict);
    assert_eq!(annals.events(&instance).await.len(), 6);
}

pub async fn one_of_32_who_expect_the_same_head_wins_each_round(trial: Trial) {
    let stores = [trial.open().await, trial.open().await];
    let instance = stores[0].register().await;
    for round in 1..=15 {
        let calls: Vec<_> = (0..32)
            .map(|caller| {
                let annals = stores[caller % 2].clone();
                let event = expecting(&instance, round);
                tokio::spawn(async move { annals.emit(event).await })
            })
            .collect();
        let mut winners = Vec::new();
        for call in calls {
            match call.await.unwrap() {
                Ok(answer) => winners.push(answer.receipt.sequence_num),
                Err(error) => {
                    assert_eq!(error.code, Code::SequenceConflict, "{error}");
                    let head = error.details.unwrap()["head_sequence_num"].as_i64().unwrap();
                    assert_eq!(head, round + 1, "the winner's");
                }
            }
        }
        assert_eq!(winners, [round as u64 + 1]);
    }
}

/// The caller expects the last event that it has seen; that the store notes a lapse before what the
/// caller appends is not its doing.
pub async fn a_lapse_is_no_conflict(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    trial.clock.turn(1_000 * SECOND);
    let answer = annals.emit(expecting(&instance, 1)).await.unwrap();
    assert_eq!(answer.receipt.sequence_num, 3);
    let events = annals.events(&instance).await;
    assert_eq!(events[1].event_type, "instance_stale");
}

pub async fn a_refused_condition_does_not_even_note_a_lapse(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    trial.clock.turn(1_000 * SECOND);
    refused(annals.emit(expecting(&instance, 9)).await, Code::SequenceConflict);
    assert_eq!(annals.events(&instance).await.len(), 1);
}

pub async fn what_another_store_did_to_the_head_is_known(trial: Trial) {
    let (one, other) = (trial.open().await, trial.open().await);
    let instance = one.register().await;
    one.emit_tasks(&instance, 1).await;
    other.emit_tasks(&instance, 2).await;
    assert_eq!(one.emit(expecting(&instance, 4)).await.unwrap().receipt.sequence_num, 5);
    let close = json!({"instance_id": instance});
    one.service.close_instance(request(close)).await.unwrap();
    let resume =
        json!({"instance_id": instance, "event_type": "instance_resumed", "event_data": {}});
    other.emit(resume).await.unwrap();
    let receipt = one.emit(task(&instance, "after the other resumed it")).await.unwrap().receipt;
    assert_eq!(receipt.sequence_num, 8);
}
