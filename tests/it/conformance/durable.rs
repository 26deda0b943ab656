//! Durable: what was acknowledged is there after the store was closed, or lost its process.

use super::Trial;

pub async fn acknowledged_events_are_there_after_reopening(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 20).await;
    let before = annals.events(&instance).await;
    annals.close().await;
    let annals = trial.open().await;
    assert_eq!(annals.events(&instance).await, before);
    assert!(annals.verify().await.valid);
}
