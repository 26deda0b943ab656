//! Gap-safe: who reads the feed by its cursor misses nothing and sees nothing twice, whoever writes.

use std::collections::HashSet;
use std::sync::Arc;

use annals::domain::error::Code;
use annals::service::{FeedEvent, FeedRequest};
use annals::store::SystemClock;
use serde_json::{Value, json};

use super::processes::finish;
use super::{Annals, Trial, in_time, refused, request};
use crate::checker::Acknowledged;
use crate::writer::Orders;

/// Reads on from `cursor` to the present end, in pages of `limit`; gives where it ended.
async fn read(annals: &Annals, asked: Value, seen: &mut Vec<FeedEvent>) -> Option<String> {
    let mut asked: FeedRequest = request(asked);
    loop {
        let page = annals.service.feed(asked.clone()).await.unwrap();
        let Some(last) = page.events.last() else { return asked.cursor };
        asked.cursor = Some(last.cursor.clone());
        seen.extend(page.events);
    }
}

pub async fn a_reader_of_the_feed_misses_nothing_that_two_processes_write(trial: Trial) {
    // The writers go by the clock of the machine.
    let annals = trial.open_with(Arc::new(SystemClock)).await;
    let mut instances = Vec::new();
    for _ in 0..4 {
        instances.push(annals.register().await);
    }
    let orders = Orders {
        instances: instances.join(","),
        tasks: 8,
        calls: Some(60),
        batch: 3,
        ..Orders::new(&trial.backend.address())
    };
    let writing = tokio::spawn(finish(vec![orders.start(), orders.start()]));
    let (mut all, mut of_one) = (Vec::new(), Vec::new());
    let (mut cursor, mut cursor_of_one) = (None, None);
    loop {
        let finished = writing.is_finished();
        cursor = read(&annals, json!({"cursor": cursor, "limit": 50}), &mut all).await;
        let asked = json!({"cursor": cursor_of_one, "limit": 7, "instance_id": instances[2]});
        cursor_of_one = read(&annals, asked, &mut of_one).await;
        if finished {
            break;
        }
    }
    let told = writing.await.unwrap();
    assert_complete(&told, &all, instances.len());
    let of_instance = |event: &&FeedEvent| event.event.instance_id.as_ref() == Some(&instances[2]);
    assert_eq!(
        all.iter().filter(of_instance).collect::<Vec<_>>(),
        of_one.iter().collect::<Vec<_>>()
    );

    // From the start, by another store, the same.
    let mut again = Vec::new();
    read(&trial.open().await, json!({"limit": 1_000}), &mut again).await;
    assert_eq!(again, all);
}

/// Everything acknowledged is there once, and each instance in its order.
fn assert_complete(told: &[Acknowledged], seen: &[FeedEvent], registrations: usize) {
    assert_eq!(seen.len(), told.len() + registrations);
    let ids: HashSet<&str> = seen.iter().map(|event| &event.event.event_id[..]).collect();
    assert_eq!(ids.len(), seen.len());
    assert!(told.iter().all(|told| ids.contains(&told.event_id.to_string()[..])));
    let mut last = std::collections::HashMap::new();
    for event in seen {
        let instance = event.event.instance_id.clone().expect("the feed names the instance");
        let number = event.event.sequence_num;
        assert_eq!(last.insert(instance, number).unwrap_or(0) + 1, number);
    }
}

pub async fn a_cursor_before_the_last_events_gives_just_these(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let other = annals.register().await;
    annals.emit_tasks(&instance, 5).await;
    annals.emit_tasks(&other, 5).await;
    for (scope, all) in [(None, 12), (Some(&instance[..]), 6), (Some(&other[..]), 6)] {
        for count in [0, 1, 3, 6, 12, 13, 100] {
            let cursor = annals.service.feed_cursor(scope, count).await.unwrap();
            let mut seen = Vec::new();
            read(&annals, json!({"cursor": cursor, "instance_id": scope}), &mut seen).await;
            assert_eq!(seen.len(), all.min(count as usize));
        }
    }
    for cursor in ["", "f", "f1", "x1.2", "f1.2.3", "f-1.2", "id5"] {
        let asked = request(json!({"cursor": cursor}));
        let error = refused(annals.service.feed(asked).await, Code::InvalidArgument);
        assert_eq!(error.field.as_deref(), Some("cursor"));
    }
}

pub async fn who_waits_is_woken_by_any_writer(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let other = trial.open().await;
    let mut woken = annals.service.appended();
    for writer in [&annals, &other, &annals] {
        let mut seen = Vec::new();
        let cursor = annals.service.feed_cursor(None, 0).await.unwrap();
        woken.mark_unchanged();
        writer.emit_tasks(&instance, 1).await;
        while seen.is_empty() {
            in_time("waking up", woken.changed()).await.unwrap();
            read(&annals, json!({"cursor": cursor}), &mut seen).await;
        }
        assert_eq!(seen.len(), 1);
    }
}
