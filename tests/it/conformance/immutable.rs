//! Immutable: the data refuses every change of an event, whoever asks.

use super::samples::full_event;
use super::{Trial, task};

pub async fn every_statement_that_changes_an_event_is_refused(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit(full_event(&instance)).await.unwrap();
    annals.emit_tasks(&instance, 3).await;
    let (before, head) = (annals.events(&instance).await, annals.instance(&instance).await);
    for event in [&before[0], &before[1], &before[4]] {
        let statements = trial.backend.forbidden(event);
        assert!(statements.len() > 10);
        for statement in statements {
            let answer = trial.backend.run(&statement);
            let refusal = answer.expect_err(&statement);
            let reasons = ["append-only", "never", "duplicate key"];
            assert!(reasons.iter().any(|reason| refusal.contains(reason)), "{refusal}");
            assert_eq!(annals.events(&instance).await, before, "{statement}");
        }
    }
    assert_eq!(annals.instance(&instance).await, head);
    assert!(annals.verify().await.valid);
    annals.emit(task(&instance, "on it goes")).await.unwrap();
}

pub async fn an_event_reads_the_same_for_ever(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit(full_event(&instance)).await.unwrap();
    let before = annals.events(&instance).await;
    trial.clock.turn(400 * annals::domain::time::DAY);
    annals.emit_tasks(&instance, 3).await;
    annals.service.sweep().await.unwrap();
    annals
        .service
        .close_instance(super::request(serde_json::json!({"instance_id": instance})))
        .await
        .unwrap();
    assert_eq!(annals.events(&instance).await[..2], before[..]);
    annals.close().await;
    assert_eq!(trial.open().await.events(&instance).await[..2], before[..]);
}
