//! Ordered: the numbers of an instance are 1, 2, 3 …, whoever writes. Several processes at once are
//! the topic of `processes.rs`.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Annals, Trial, request, task};

#[track_caller]
fn assert_gapless(numbers: impl IntoIterator<Item = u64>) {
    for (place, number) in numbers.into_iter().enumerate() {
        assert_eq!(number, place as u64 + 1);
    }
}

async fn numbers(annals: &Annals, instance: &str) -> Vec<u64> {
    annals.events(instance).await.iter().map(|event| event.sequence_num).collect()
}

pub async fn many_tasks_on_two_stores_leave_no_gap_and_keep_their_order(trial: Trial) {
    let stores = [trial.open().await, trial.open().await];
    let instance = stores[0].register().await;
    let tasks: Vec<_> = (0..32)
        .map(|caller| {
            let (annals, instance) = (stores[caller % 2].clone(), instance.clone());
            tokio::spawn(async move {
                let mut told = Vec::new();
                for n in 0..40 {
                    let answer = annals.emit(task(&instance, &format!("{caller}-{n}"))).await;
                    told.push(answer.unwrap().receipt.sequence_num);
                }
                told
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        let told = task.await.unwrap();
        assert!(told.is_sorted(), "a caller's own order: {told:?}");
        all.extend(told);
    }
    all.push(1);
    all.sort_unstable();
    assert_gapless(all);
    for annals in stores {
        assert_gapless(numbers(&annals, &instance).await);
        assert!(annals.verify().await.valid);
    }
}

pub async fn a_batch_stands_together_whatever_comes_beside_it(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let batch = |caller: usize, n: usize| -> Value {
        let events: Vec<Value> = (0..7)
            .map(|part| {
                json!({"event_type": "task_spawned",
                    "event_data": {"task_id": format!("{caller}-{n}"), "part": part}})
            })
            .collect();
        json!({"instance_id": instance, "events": events})
    };
    let tasks: Vec<_> = (0..16)
        .map(|caller| {
            let batches: Vec<Value> = (0..10).map(|n| batch(caller, n)).collect();
            let annals = annals.clone();
            tokio::spawn(async move {
                for batch in batches {
                    let answer = annals.emit_batch(batch).await.unwrap();
                    let first = answer.events[0].sequence_num;
                    for (place, receipt) in answer.events.iter().enumerate() {
                        assert_eq!(receipt.sequence_num, first + place as u64);
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let events = annals.events(&instance).await;
    assert_eq!(events.len(), 1 + 16 * 10 * 7);
    for batch in events[1..].chunks(7) {
        let data: Vec<Value> =
            batch.iter().map(|event| event.event_data.value().unwrap()).collect();
        for (part, of) in data.iter().enumerate() {
            assert_eq!(of["task_id"], data[0]["task_id"]);
            assert_eq!(of["part"], part);
        }
    }
}

pub async fn instances_are_numbered_on_their_own(trial: Trial) {
    let annals = trial.open().await;
    let registering: Vec<_> = (0..64)
        .map(|_| {
            let annals = annals.clone();
            tokio::spawn(async move {
                annals.service.register(request(json!({"project": "odin"}))).await.unwrap()
            })
        })
        .collect();
    let mut ids = HashSet::new();
    let mut handles = HashSet::new();
    for registration in registering {
        let answer = registration.await.unwrap();
        assert_eq!(answer.sequence_num, 1);
        assert!(ids.insert(answer.instance_id.clone()));
        assert!(handles.insert(answer.handle));
    }
    for (count, instance) in ids.iter().enumerate() {
        annals.emit_tasks(instance, count as u64 % 5).await;
    }
    for (count, instance) in ids.iter().enumerate() {
        let numbers = numbers(&annals, instance).await;
        assert_eq!(numbers.len(), 1 + count % 5);
        assert_gapless(numbers);
    }
}

pub async fn the_answer_tells_the_number_and_the_head(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    for expected in 2..6 {
        let answer = annals.emit(task(&instance, "t")).await.unwrap();
        assert_eq!((answer.receipt.sequence_num, answer.head_sequence_num), (expected, expected));
        let head = annals.instance(&instance).await;
        assert_eq!(head.last_sequence, expected);
        assert_eq!(head.head_hash.to_string(), answer.receipt.hash);
        assert_eq!(head.head_timestamp, answer.receipt.timestamp);
    }
}
