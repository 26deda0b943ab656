//! Redacted: no secret is stored or echoed, whichever call it comes with.

use annals::domain::error::Code;
use annals::domain::ids::EventId;
use serde_json::{Value, json};

use super::{Annals, Trial, refused, request};

/// Split, so that nothing takes it for one that was lost.
fn secret() -> String {
    ["gh", "p_q7Zt9LbX2mVc4NdR8sKe1WfGh5JkP0uYaBcD"].concat()
}

/// An event with secrets wherever it has a text.
fn event(instance: &str) -> Value {
    json!({
        "instance_id": instance,
        "event_type": "task_spawned",
        "event_data": {"task_id": "t", "env": [secret(), {"a": {"b": secret()}}], secret(): 1},
        "metadata": {"note": format!("with {}", secret())},
        "correlation_id": format!("run {}", secret()),
        "event_id": EventId::generate().to_string(),
    })
}

/// Everything that is stored of an instance, as text.
async fn stored(annals: &Annals, instance: &str) -> String {
    let row = annals.instance(instance).await;
    format!("{:?} {row:?}", annals.events(instance).await)
}

pub async fn no_call_stores_a_secret(trial: Trial) {
    let annals = trial.open().await;
    let registration = json!({
        "project": "odin", "host": secret(), "context": {"argv": ["--token", secret()]},
    });
    let service = &annals.service;
    let instance = service.register(request(registration)).await.unwrap().instance_id;
    annals.emit(event(&instance)).await.unwrap();
    let mut batched = event("");
    batched.as_object_mut().unwrap().remove("instance_id");
    annals.emit_batch(json!({"instance_id": instance, "events": [batched]})).await.unwrap();
    let life = json!({"instance_id": instance, "current_epic": secret()});
    service.heartbeat(request(life)).await.unwrap();
    let close = json!({"instance_id": instance, "reason": format!("leaked {}", secret())});
    service.close_instance(request(close)).await.unwrap();

    let stored = stored(&annals, &instance).await;
    assert!(!stored.contains(&secret()), "{stored}");
    // The registration has two, each of two events five, the heartbeat, the close, and two of the row.
    let replaced = stored.matches("[REDACTED:github-token]").count();
    assert_eq!(replaced, 2 + 5 + 5 + 1 + 1 + 2, "{stored}");
    let emitted = &annals.events(&instance).await[1];
    let metadata: Value = serde_json::from_str(&emitted.metadata.as_ref().unwrap().text).unwrap();
    assert_eq!(metadata["redactions"], json!({"github-token": 5}));
}

pub async fn the_same_event_with_a_secret_is_known_again(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let event = event(&instance);
    let original = annals.emit(event.clone()).await.unwrap().receipt;
    let again = annals.emit(event).await.unwrap().receipt;
    assert!(!original.duplicate && again.duplicate);
    assert_eq!((original.event_id, original.hash), (again.event_id, again.hash));
}

pub async fn no_name_is_a_secret_and_no_refusal_echoes_it(trial: Trial) {
    let annals = trial.open().await;
    for (field, code) in
        [("project", Code::InvalidProject), ("instance_type", Code::InvalidInstanceType)]
    {
        let mut registration = json!({"project": "odin"});
        registration[field] = secret().into();
        let error = refused(annals.service.register(request(registration)).await, code);
        assert!(!format!("{error:?}").contains(&secret()), "{error:?}");
    }
    let instance = annals.register().await;
    for (field, value) in [
        ("event_data", json!({"task_id": [secret()], secret(): secret()})),
        ("event_type", secret().into()),
        ("event_id", secret().into()),
        ("caused_by", secret().into()),
        ("occurred_at", secret().into()),
    ] {
        let mut wrong = event(&instance);
        wrong[field] = value;
        let error = annals.emit(wrong).await.unwrap_err();
        assert!(!format!("{error:?}").contains(&secret()), "{error:?}");
    }
}
