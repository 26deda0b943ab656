//! Durable: what was acknowledged is there after the store was closed or dropped.

use annals::domain::error::{Class, Code};
use annals::domain::ids::EventId;
use annals::service::ReceiptView;
use serde_json::{Value, json};

use super::samples::full_event;
use super::{Trial, in_time, refused, request, task};

pub async fn acknowledged_events_are_there_after_reopening(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let mut receipts: Vec<ReceiptView> = Vec::new();
    for n in 0..20 {
        let event = if n % 2 == 0 { full_event(&instance) } else { task(&instance, "plain") };
        receipts.push(annals.emit(event).await.unwrap().receipt);
    }
    let (events, head) = (annals.events(&instance).await, annals.instance(&instance).await);
    for receipt in &receipts {
        let event = &events[usize::try_from(receipt.sequence_num).unwrap() - 1];
        assert_eq!(event.event_id.to_string(), receipt.event_id);
        assert_eq!(event.hash.to_string(), receipt.hash);
        assert_eq!(event.timestamp, receipt.timestamp);
    }
    annals.close().await;
    let annals = trial.open().await;
    assert_eq!(annals.events(&instance).await, events);
    assert_eq!(annals.instance(&instance).await, head);
    assert!(annals.verify().await.valid);
}

pub async fn a_store_that_is_dropped_without_closing_loses_nothing(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 5).await;
    drop(annals);
    let annals = trial.open().await;
    annals.emit_tasks(&instance, 5).await;
    assert_eq!(annals.events(&instance).await.len(), 11);
    assert!(annals.verify().await.valid);
}

pub async fn closing_answers_every_call_that_waits(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let calls: Vec<_> = (0..200)
        .map(|n| {
            let (annals, instance) = (annals.clone(), instance.clone());
            tokio::spawn(async move { annals.emit(task(&instance, &format!("t{n}"))).await })
        })
        .collect();
    tokio::task::yield_now().await;
    annals.close().await;
    let mut acknowledged = Vec::new();
    for call in calls {
        match in_time("a call", call).await.unwrap() {
            Ok(answer) => acknowledged.push(answer.receipt),
            Err(error) => assert_eq!(error.code, Code::StoreUnavailable, "{error}"),
        }
    }
    let annals = trial.open().await;
    let events = annals.events(&instance).await;
    assert_eq!(events.len(), acknowledged.len() + 1, "nothing else is stored");
    for receipt in acknowledged {
        let event = &events[usize::try_from(receipt.sequence_num).unwrap() - 1];
        assert_eq!(event.hash.to_string(), receipt.hash);
    }
}

pub async fn after_closing_every_call_is_unavailable(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let closed = annals.clone();
    annals.close().await;
    let named = json!({"instance_id": instance});
    let unavailable = Code::StoreUnavailable;
    refused(closed.emit(task(&instance, "late")).await, unavailable);
    refused(closed.query(named.clone()).await, unavailable);
    refused(closed.replay(named.clone()).await, unavailable);
    refused(closed.service.register(request(json!({"project": "odin"}))).await, unavailable);
    refused(closed.service.heartbeat(request(named.clone())).await, unavailable);
    refused(closed.service.close_instance(request(named.clone())).await, unavailable);
    refused(closed.service.details(request(named)).await, unavailable);
    refused(closed.service.list_instances(request(json!({}))).await, unavailable);
    refused(closed.service.sweep().await, unavailable);
    refused(closed.service.ready().await, unavailable);
    in_time("closing again", closed.store.close()).await;
}

/// The answer may be lost, the events not: whoever sends the same ids again learns what became of
/// them.
pub async fn an_unavailable_store_names_the_ids_to_send_again(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let closed = annals.clone();
    annals.close().await;
    let own = EventId::generate().to_string();
    let events: Vec<Value> = ["a", "b", "c"]
        .iter()
        .map(|name| json!({"event_type": "task_spawned", "event_data": {"task_id": name}}))
        .collect();
    let mut batch = json!({"instance_id": instance, "events": events});
    batch["events"][1]["event_id"] = own.clone().into();
    let mut by_handle = batch.clone();
    by_handle["instance_id"] = "odin".into();
    let error = refused(closed.emit_batch(by_handle).await, Code::StoreUnavailable);
    assert!(error.details.is_some_and(|details| details["event_ids"][1] == own));
    let error = refused(closed.emit_batch(batch.clone()).await, Code::StoreUnavailable);
    assert_eq!(error.code.class(), Class::Unavailable);
    let ids = error.details.expect("the ids")["event_ids"].clone();
    assert_eq!(ids.as_array().unwrap().len(), 3);
    assert_eq!(ids[1], own);
    let annals = trial.open().await;
    for (event, id) in
        batch["events"].as_array_mut().unwrap().iter_mut().zip(ids.as_array().unwrap())
    {
        event["event_id"] = id.clone();
    }
    let again = [annals.emit_batch(batch.clone()).await, annals.emit_batch(batch).await];
    let [first, second] = again.map(Result::unwrap);
    assert!(first.events.iter().all(|receipt| !receipt.duplicate));
    assert!(second.events.iter().all(|receipt| receipt.duplicate));
    assert_eq!(annals.events(&instance).await.len(), 4);
}

pub async fn a_caller_that_gives_up_loses_the_answer_and_not_the_event(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    for n in 0..50 {
        let mut event = task(&instance, &format!("t{n}"));
        event["event_id"] = EventId::generate().to_string().into();
        let call = tokio::spawn({
            let (annals, event) = (annals.clone(), event.clone());
            async move { annals.emit(event).await }
        });
        tokio::task::yield_now().await;
        call.abort();
        let _ = call.await;
        annals.emit(event).await.unwrap();
    }
    assert_eq!(annals.events(&instance).await.len(), 51);
    assert!(annals.verify().await.valid);
}
