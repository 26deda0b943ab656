//! Limits that are set for a process: they say what it takes and shows, and change nothing that is
//! stored.

use annals::domain::error::Code;
use annals::domain::ids::EventId;
use annals::domain::limits::Limits;
use annals::service::ListInstancesRequest;
use serde_json::{Value, json};

use super::{Annals, Trial, refused, task};

impl Annals {
    /// The same store under other limits.
    fn limited(&self, limits: Limits) -> Self {
        Self { service: self.service.clone().with_limits(limits), store: self.store.clone() }
    }
}

fn noted(instance: &str, bytes: usize) -> Value {
    let empty = json!({"note": ""}).to_string().len();
    json!({
        "instance_id": instance, "event_type": "turn_completed",
        "event_data": {"note": "x".repeat(bytes - empty)}
    })
}

/// Data of so many levels.
fn nested(instance: &str, levels: usize) -> Value {
    let deep = (1..levels).fold(json!({}), |inner, _| json!({"in": inner}));
    json!({"instance_id": instance, "event_type": "turn_completed", "event_data": deep})
}

pub async fn a_limit_that_is_set_is_kept_and_stated(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    for limits in [Limits::LEAST, Limits::MOST] {
        let annals = annals.limited(limits);
        let before = annals.events(&instance).await.len();
        annals.emit(noted(&instance, limits.event_data_bytes)).await.unwrap();
        let error = refused(
            annals.emit(noted(&instance, limits.event_data_bytes + 1)).await,
            Code::PayloadTooLarge,
        );
        assert_eq!(error.details.unwrap()["limit"], limits.event_data_bytes);
        annals.emit(nested(&instance, limits.nesting)).await.unwrap();
        let error =
            refused(annals.emit(nested(&instance, limits.nesting + 1)).await, Code::PayloadTooDeep);
        assert_eq!(error.details.unwrap()["limit"], limits.nesting);
        let mut tagged = task(&instance, "a");
        let room = limits.metadata_bytes - json!({"note": ""}).to_string().len();
        tagged["metadata"] = json!({"note": "x".repeat(room)});
        annals.emit(tagged.clone()).await.unwrap();
        tagged["metadata"] = json!({"note": "x".repeat(room + 1)});
        refused(annals.emit(tagged).await, Code::PayloadTooLarge);
        let stored = annals.events(&instance).await;
        assert_eq!(stored.len(), before + 3, "what was refused is not stored");
        assert_eq!(stored[before].event_data.text.len(), limits.event_data_bytes);
        annals.replay(json!({"instance_id": instance})).await.unwrap();

        let query = |further: Value| {
            let mut asked = json!({"instance_id": instance});
            asked.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
            annals.query(asked)
        };
        let limit = query(json!({"limit": limits.query_limit + 1})).await;
        assert!(
            refused(limit, Code::InvalidLimit).message.contains(&limits.query_limit.to_string())
        );
        query(json!({"limit": limits.query_limit})).await.unwrap();
        let page = limits.query_limit_default.min(before + 3);
        assert_eq!(query(json!({})).await.unwrap().events.len(), page);
        let keyword = |chars: usize| query(json!({"filters": {"keyword": "é".repeat(chars)}}));
        keyword(limits.keyword_chars).await.unwrap();
        refused(keyword(limits.keyword_chars + 1).await, Code::InvalidKeyword);
        let listed = annals.service.list_instances(ListInstancesRequest {
            limit: Some(limits.query_limit as i64 + 1),
            ..Default::default()
        });
        refused(listed.await, Code::InvalidLimit);
    }
    assert!(annals.verify().await.valid);
}

pub async fn a_batch_has_the_size_that_is_set(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let batch = |events: usize| {
        let event = json!({"event_type": "turn_completed", "event_data": {}});
        json!({"instance_id": instance, "events": vec![event; events]})
    };
    let few = annals.limited(Limits { batch_events: 3, ..Limits::default() });
    assert_eq!(few.emit_batch(batch(3)).await.unwrap().head_sequence_num, 4);
    let error = refused(few.emit_batch(batch(4)).await, Code::BatchTooLarge);
    assert_eq!(error.details.unwrap()["limit"], 3);
    let many = annals.limited(Limits { batch_events: 1_200, ..Limits::default() });
    assert_eq!(many.emit_batch(batch(1_200)).await.unwrap().head_sequence_num, 1_204);
}

pub async fn what_was_stored_under_wider_limits_is_recognised_and_nothing_new_is_taken(
    trial: Trial,
) {
    let wide = trial.open().await.limited(Limits::MOST);
    let narrow = wide.limited(Limits { batch_events: 2, ..Limits::LEAST });
    let instance = wide.register().await;
    let mut large = noted(&instance, 200_000);
    let mut deep = nested(&instance, 90);
    let mut tagged = task(&instance, "a");
    tagged["metadata"] = json!({"note": "x".repeat(5_000)});
    for event in [&mut large, &mut deep, &mut tagged] {
        event["event_id"] = EventId::generate().to_string().into();
        let original = wide.emit(event.clone()).await.unwrap().receipt;
        let again = narrow.emit(event.clone()).await.unwrap().receipt;
        assert!(again.duplicate && again.hash == original.hash);
        event["event_id"] = EventId::generate().to_string().into();
        let error = narrow.emit(event.clone()).await.unwrap_err();
        assert!([Code::PayloadTooLarge, Code::PayloadTooDeep].contains(&error.code), "{error:?}");
        let mut item = event.clone();
        item.as_object_mut().unwrap().remove("instance_id");
        let events = [json!({"event_type": "turn_completed", "event_data": {}}), item];
        let batch = json!({"instance_id": instance, "events": events});
        let in_batch = narrow.emit_batch(batch).await.unwrap_err();
        assert_eq!((in_batch.code, &in_batch.details.unwrap()["index"]), (error.code, &json!(1)));
    }
    // Nobody's limits are wider than these, and a given id does not get around them.
    let mut huge = noted(&instance, Limits::MOST.event_data_bytes + 1);
    huge["event_id"] = EventId::generate().to_string().into();
    refused(wide.emit(huge).await, Code::PayloadTooLarge);
    assert_eq!(wide.events(&instance).await.len(), 4);
}
