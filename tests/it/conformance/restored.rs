//! Restored: events of another store come back as they were, or not at all.

use annals::domain::error::Code;
use annals::integrity::Restoring;
use annals::store::{InstanceHint, RestoreEvent, RestoreRequest};

use super::samples::full_event;
use super::{Annals, Trial};

/// What restores an instance elsewhere. The trial has one store, so an instance of other ids is made
/// by changing the last byte of each and hashing anew.
async fn another(annals: &Annals) -> Vec<RestoreEvent> {
    let instance = annals.register().await;
    annals.emit(full_event(&instance)).await.unwrap();
    annals.emit_tasks(&instance, 3).await;
    let head = annals.instance(&instance).await;
    let turned = |id: uuid::Uuid| uuid::Uuid::from_u128(id.as_u128() ^ 1);
    let mut previous = annals::domain::event::Hash::ZERO;
    let mut restored = Vec::new();
    for mut event in annals.events(&instance).await {
        event.event_id.0 = turned(event.event_id.0);
        event.instance_id.0 = turned(event.instance_id.0);
        event.hash = annals::integrity::event_hash(head.origin_store_id, &previous, &event);
        previous = event.hash;
        let register = (event.sequence_num == 1).then(|| head.registration.clone());
        restored.push(RestoreEvent { origin: head.origin_store_id, register, event });
    }
    restored
}

const NEW: Result<Restoring, Code> = Ok(Restoring::New);
const MISSING: Result<Restoring, Code> = Err(Code::MissingEvent);

fn instance_id(events: &[RestoreEvent]) -> String {
    events[0].event.instance_id.to_string()
}

async fn restored(
    annals: &Annals,
    events: &[RestoreEvent],
    ends_at_refusal: bool,
) -> Vec<Result<Restoring, Code>> {
    let request = RestoreRequest { events: events.to_vec(), ends_at_refusal };
    let outcomes = annals.store.restore(request).await.unwrap().into_iter();
    outcomes.map(|outcome| outcome.map_err(|error| error.code)).collect()
}

pub async fn events_of_another_store_come_back_as_they_were(trial: Trial) {
    let annals = trial.open().await;
    let events = another(&annals).await;
    let id = instance_id(&events);
    let restore =
        || annals.store.restore(RestoreRequest { events: events.clone(), ends_at_refusal: false });
    let outcomes = restore().await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(Restoring::New)), "{outcomes:?}");
    let sent: Vec<_> = events.iter().map(|sent| sent.event.clone()).collect();
    assert_eq!(annals.events(&id).await, sent);
    let head = annals.instance(&id).await;
    assert_eq!((head.last_sequence, head.head_hash), (5, sent[4].hash));
    let taken = events[0].register.as_ref().unwrap();
    assert_ne!(head.registration.handle, taken.handle, "another instance has it");
    let outcomes = restore().await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(Restoring::Present)), "{outcomes:?}");
    assert!(annals.verify().await.valid);
    annals.emit_tasks(&id, 1).await;
    assert!(annals.verify().await.valid);
}

pub async fn what_does_not_continue_the_head_is_refused_alone(trial: Trial) {
    let annals = trial.open().await;
    let mut events = another(&annals).await;
    let id = instance_id(&events);
    events[2].event.event_data.text = "{}".into();
    assert_eq!(
        restored(&annals, &events, false).await,
        [NEW, NEW, Err(Code::InstanceDiverged), MISSING, MISSING]
    );
    assert_eq!(annals.instance(&id).await.last_sequence, 2);
    assert!(annals.verify().await.valid);
}

pub async fn nothing_is_stored_beyond_a_refusal_that_ends_the_request(trial: Trial) {
    let annals = trial.open().await;
    let (mut events, others) = (another(&annals).await, another(&annals).await);
    let (id, other) = (instance_id(&events), instance_id(&others));
    events.insert(2, RestoreEvent { event: events[3].event.clone(), ..events[2].clone() });
    events.extend(others);
    assert_eq!(restored(&annals, &events, true).await, [NEW, NEW, MISSING]);
    assert_eq!(annals.instance(&id).await.last_sequence, 2);
    let hint = InstanceHint::Id(super::id(&other));
    assert!(annals.store.find_instances(&hint, 1).await.unwrap().is_empty());
    assert_eq!(restored(&annals, &events, false).await[3..], [NEW; 8]);
    assert!(annals.verify().await.valid);
}
