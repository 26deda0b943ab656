//! Several processes on the same data at once.

use std::sync::Arc;

use annals::store::SystemClock;
use serde_json::json;

use super::{Annals, Trial, id, in_time, request, task};
use crate::checker::{Acknowledged, check};
use crate::writer::{Orders, Running};

/// Tasks of each process.
const TASKS: usize = 32;
/// Calls of each task.
const CALLS: u64 = 500;

pub async fn two_processes_of_32_tasks_write_to_one_instance(trial: Trial) {
    race(trial, 1).await;
}

pub async fn two_processes_of_32_tasks_write_to_32_instances(trial: Trial) {
    race(trial, 32).await;
}

async fn race(trial: Trial, instances: usize) {
    // The writers go by the clock of the machine.
    let annals = trial.open_with(Arc::new(SystemClock)).await;
    let mut ids = Vec::new();
    for _ in 0..instances {
        ids.push(annals.register().await);
    }
    let orders = Orders {
        instances: ids.join(","),
        tasks: TASKS,
        calls: Some(CALLS),
        ..Orders::new(&trial.backend.address())
    };
    let told = finish(vec![orders.start(), orders.start()]).await;
    assert_eq!(told.len() as u64, 2 * TASKS as u64 * CALLS);
    let findings = check(&annals.store, &told).await;
    findings.assert_none();
    assert_eq!(findings.stored, told.len() + instances);
}

/// What the writers acknowledged by their end, which must be a good one.
pub async fn finish(writers: Vec<Running>) -> Vec<Acknowledged> {
    let all = || writers.into_iter().flat_map(Running::finish).collect();
    in_time("a writer", tokio::task::spawn_blocking(all)).await.unwrap()
}

/// More events than a stream reads ahead, so that its snapshot stays open.
const MANY: u64 = 4_000;

/// Emits so many events, a batch at a time.
async fn fill(annals: &Annals, instance: &str, events: u64) {
    let batches = (0..events).collect::<Vec<_>>();
    for numbers in batches.chunks(1_000) {
        let event = |n: &u64| json!({"event_type": "task_spawned", "event_data": {"task_id": format!("t{n}")}});
        let batch: Vec<_> = numbers.iter().map(event).collect();
        annals.emit_batch(json!({"instance_id": instance, "events": batch})).await.unwrap();
    }
}

pub async fn a_long_read_stops_no_writer_and_no_opening(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    fill(&annals, &instance, MANY).await;
    let (head, mut reading) = annals.store.scan(id(&instance), None).await.unwrap().unwrap();
    annals.emit_tasks(&instance, 10).await;
    let second = trial.open().await;
    in_time("a second writer", second.emit_tasks(&instance, 10)).await;
    in_time("the first writer", annals.emit_tasks(&instance, 10)).await;
    let mut read = 0;
    while let Some(chunk) = reading.recv().await {
        for event in chunk.unwrap() {
            read += 1;
            assert_eq!(event.sequence_num, read);
        }
    }
    assert_eq!((read, head.last_sequence), (MANY + 1, MANY + 1), "the reader saw one snapshot");
    assert_eq!(annals.events(&instance).await.len() as u64, MANY + 31);
}

pub async fn a_long_write_stops_no_reader_and_no_opening(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 10).await;
    let lock = trial.backend.hold_write_lock();
    let waiting = tokio::spawn({
        let (annals, instance) = (annals.clone(), instance.clone());
        async move { annals.emit(task(&instance, "waits")).await }
    });
    for annals in [annals.clone(), trial.open().await] {
        let asked = json!({"instance_id": instance});
        let page = in_time("a query", annals.query(asked.clone())).await.unwrap();
        assert_eq!(page.total_count, 11);
        let replayed = in_time("a replay", annals.replay(asked)).await.unwrap();
        assert_eq!(replayed.events_replayed, 11);
        let listed = in_time("a listing", annals.service.list_instances(request(json!({})))).await;
        assert_eq!(listed.unwrap().total_count, 1);
        assert!(in_time("verifying", annals.verify()).await.valid);
    }
    assert!(!waiting.is_finished());
    drop(lock);
    let answer = in_time("the writer", waiting).await.unwrap().unwrap();
    assert_eq!(answer.receipt.sequence_num, 12);
}
