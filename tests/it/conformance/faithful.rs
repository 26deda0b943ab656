//! Faithful: JSON comes back equal to what went in.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::property::property;
use super::samples::{any_json, any_object, hard_values, nested};
use super::{Annals, Trial, refused, request};
use annals::domain::error::Code;

/// Equal in value and in every digit: the text tells -0.0 from 0.0, and 1.0 from 1.
fn same(one: &Value, other: &Value) -> bool {
    let text = Value::to_string;
    one == other && text(one) == text(other)
}

/// A checkpoint, whose data a replay gives back.
fn checkpoint(instance: &str, value: &Value) -> Value {
    json!({
        "instance_id": instance,
        "event_type": "checkpoint_created",
        "event_data": {"checkpoint_id": "cp-1", "state": {}, "value": value},
        "metadata": {"value": value},
    })
}

/// What a query and a replay give back of the last event.
async fn last(annals: &Annals, instance: &str) -> [Value; 3] {
    let page = annals.query(json!({"instance_id": instance, "limit": 1})).await.unwrap();
    let event = page.events.into_iter().next().unwrap();
    let replayed = annals.replay(json!({"instance_id": instance})).await.unwrap();
    let state = serde_json::to_value(replayed.final_state).unwrap();
    [
        event.event_data["value"].clone(),
        event.metadata.map_or(Value::Null, |metadata| metadata["value"].clone()),
        state["checkpoint_state"]["value"].clone(),
    ]
}

pub async fn the_hard_corpus_comes_back_equal(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    for value in hard_values() {
        let mut event = checkpoint(&instance, &value);
        if value.to_string().len() > 10_000 {
            event["metadata"] = json!({"value": value[0]});
        }
        annals.emit(event.clone()).await.unwrap();
        let [data, metadata, replayed] = last(&annals, &instance).await;
        assert!(same(&data, &value), "{value:.200} came back as {data:.200}");
        assert!(same(&metadata, &event["metadata"]["value"]), "{value:.200} in the metadata");
        assert!(same(&replayed, &value), "{value:.200} was replayed as {replayed:.200}");
    }
    let before = annals.events(&instance).await;
    annals.close().await;
    assert_eq!(trial.open().await.events(&instance).await, before);
}

pub async fn any_json_comes_back_equal(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    property(
        150,
        || (any_json(), any_object()),
        move |(value, metadata)| {
            let (annals, instance) = (annals.clone(), instance.clone());
            async move {
                let mut event = checkpoint(&instance, &value);
                event["metadata"] = json!({"value": metadata});
                annals.emit(event).await.unwrap();
                let [data, found, replayed] = last(&annals, &instance).await;
                prop_assert!(same(&data, &value), "{data}");
                prop_assert!(same(&found, &Value::Object(metadata)), "{found}");
                prop_assert!(same(&replayed, &value), "{replayed}");
                Ok(())
            }
        },
    )
    .await;
}

pub async fn json_text_keeps_its_numbers(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let texts = [
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "9007199254740993",
        "5e-324",
        "1.7976931348623157e308",
        "0.30000000000000004",
        "1e-7",
        "-0.0",
        "1e+21",
    ];
    for text in texts {
        let sent = format!(
            r#"{{"instance_id":"{instance}","event_type":"task_spawned","event_data":{{"task_id":"t","value":{text}}}}}"#
        );
        annals.service.emit(serde_json::from_str(&sent).unwrap()).await.unwrap();
        let page = annals.query(json!({"instance_id": instance, "limit": 1})).await.unwrap();
        let back = serde_json::to_string(&page.events[0].event_data["value"]).unwrap();
        assert_eq!(back.parse::<f64>().unwrap().to_bits(), text.parse::<f64>().unwrap().to_bits());
        if !text.contains(['e', '.']) {
            assert_eq!(back, text);
        }
    }
}

pub async fn sixty_four_levels_are_kept_and_sixty_five_refused(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    for (levels, fits) in [(63, true), (64, false), (100, false)] {
        // The payload itself is a level.
        let event = checkpoint(&instance, &nested(levels));
        let mut data_only = event.clone();
        data_only["metadata"] = json!({});
        let mut metadata_only = event.clone();
        metadata_only["event_data"] = json!({"checkpoint_id": "cp-1"});
        for (event, field) in [(data_only, "event_data"), (metadata_only, "metadata")] {
            let answer = annals.emit(event).await;
            if fits {
                answer.unwrap();
            } else {
                let error = refused(answer, Code::PayloadTooDeep);
                assert_eq!(error.field.as_deref(), Some(field));
                assert!(error.message.contains("64"), "{error}");
            }
        }
    }
    assert_eq!(annals.events(&instance).await.len(), 3);
    assert!(annals.verify().await.valid);
}

pub async fn texts_outside_the_payload_come_back_equal(trial: Trial) {
    let annals = trial.open().await;
    let texts = ["a\u{0}b", "\u{0}", "😀", "e\u{301}", "'\"\\", " ", "\u{202e}x"];
    for text in texts {
        let registered = json!({"project": "odin", "host": text, "context": {"a": text}});
        let instance = annals.service.register(request(registered)).await.unwrap().instance_id;
        let event = json!({"instance_id": instance, "event_type": "epic_started",
            "event_data": {"epic_id": text}, "correlation_id": text});
        annals.emit(event).await.unwrap();
        let details = annals.service.details(request(json!({"instance_id": instance}))).await;
        let details = serde_json::to_value(details.unwrap()).unwrap();
        assert_eq!(details["host"], text);
        assert_eq!(details["current_epic"], text);
        assert_eq!(details["state"]["last_epic"], text);
        assert_eq!(details["last_events"][0]["correlation_id"], text);
        assert_eq!(details["last_events"][1]["event_data"]["context"]["a"], text);
    }
}

pub async fn an_absent_field_stays_absent(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 1).await;
    let page = annals.query(json!({"instance_id": instance, "limit": 1})).await.unwrap();
    let event = serde_json::to_value(&page.events[0]).unwrap();
    let names: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["event_data", "event_id", "event_type", "sequence_num", "timestamp"]);
    annals
        .emit(json!({"instance_id": instance, "event_type": "turn_completed", "event_data": {},
            "metadata": {}}))
        .await
        .unwrap();
    let page = annals.query(json!({"instance_id": instance, "limit": 1})).await.unwrap();
    assert_eq!(page.events[0].metadata, Some(json!({})));
}
