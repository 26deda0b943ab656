//! Evident: `verify` finds what was changed behind the store's back, and names the first event that
//! is wrong. Each rule changes the data past every guard, as an owner of the machine could.

use std::sync::atomic::{AtomicU64, Ordering};

use annals::domain::error::Code;
use annals::domain::event::Hash;
use annals::domain::ids::EventId;
use annals::integrity::{FaultKind, event_hash};
use annals::service::{FaultView, VerifyAnswer, VerifyRequest};
use proptest::prelude::*;
use serde_json::json;

use super::property::property;
use super::samples::full_event;
use super::{Annals, EVENT_COLUMNS, HEAD_COLUMNS, Tampering, Trial, id, refused, request, task};

/// The events of the instance that is tampered with.
const EVENTS: u64 = 6;

/// Two instances with [`EVENTS`] events each; the first is the one to tamper with.
async fn record(annals: &Annals) -> [String; 2] {
    let instances = [annals.register().await, annals.register().await];
    for instance in &instances {
        for n in 2..=EVENTS {
            let event = if n % 2 == 0 { full_event(instance) } else { task(instance, "plain") };
            annals.emit(event).await.unwrap();
        }
    }
    instances
}

/// The only fault of an answer.
#[track_caller]
fn fault(answer: &VerifyAnswer) -> &FaultView {
    assert!(!answer.valid, "the change is found");
    let [fault] = &answer.faults[..] else { panic!("one fault: {:?}", answer.faults) };
    assert!(fault.message.contains(&fault.sequence_num.to_string()), "{}", fault.message);
    fault
}

async fn assert_found(annals: &Annals, instance: &str, kind: FaultKind, number: u64) {
    let answer = annals.verify().await;
    let found = fault(&answer);
    assert_eq!((&found.instance_id[..], found.sequence_num, found.kind), (instance, number, kind));
    let one = request::<VerifyRequest>(json!({"instance_id": instance}));
    let one = annals.service.verify(one, |_| {}).await.unwrap();
    assert_eq!(&one.faults, &answer.faults);
}

pub async fn a_whole_record_is_valid(trial: Trial) {
    let annals = trial.open().await;
    let answer = annals.verify().await;
    assert!(answer.valid && answer.faults.is_empty());
    assert_eq!((answer.instances_checked, answer.events_checked), (0, 0));
    let [instance, _] = record(&annals).await;
    let answer = annals.verify().await;
    assert!(answer.valid && answer.faults.is_empty() && !answer.not_proven.is_empty());
    assert_eq!((answer.instances_checked, answer.events_checked), (2, 2 * EVENTS));
    let seen = AtomicU64::new(0);
    let progress = |events| {
        seen.fetch_add(events, Ordering::Relaxed);
    };
    annals.service.verify(VerifyRequest::default(), progress).await.unwrap();
    assert_eq!(seen.into_inner(), 2 * EVENTS);
    let unknown = request(json!({"instance_id": EventId::generate().to_string()}));
    refused(annals.service.verify(unknown, |_| {}).await, Code::InstanceNotFound);
    let handle = annals.instance(&instance).await.registration.handle;
    let by_handle = request(json!({"instance_id": handle}));
    assert_eq!(annals.service.verify(by_handle, |_| {}).await.unwrap().events_checked, EVENTS);
}

pub async fn the_hash_of_an_event_is_the_one_that_emit_gave(trial: Trial) {
    let annals = trial.open().await;
    let [instance, _] = record(&annals).await;
    let told = annals.emit(full_event(&instance)).await.unwrap().receipt;
    let origin = annals.instance(&instance).await.origin_store_id;
    assert_eq!(origin, annals.store.facts().store_id);
    let mut previous = Hash::ZERO;
    for event in annals.events(&instance).await {
        assert_eq!(event_hash(origin, &previous, &event), event.hash);
        previous = event.hash;
    }
    assert_eq!(previous.to_string(), told.hash);
}

pub async fn salts_are_never_the_same(trial: Trial) {
    let annals = trial.open().await;
    let [instance, other] = record(&annals).await;
    let mut salts = Vec::new();
    for event in annals.events(&instance).await.into_iter().chain(annals.events(&other).await) {
        salts.push(event.event_data.salt);
        salts.extend(event.metadata.map(|metadata| metadata.salt));
    }
    let all = salts.len();
    salts.sort_unstable();
    salts.dedup();
    assert_eq!(salts.len(), all);
    assert!(!salts.contains(&[0; 16]));
}

/// Flips the same bits back. The place has moved where the flip moved the event.
fn undone(tampering: &Tampering) -> Tampering {
    let Tampering::EventByte { event: (instance, number), column, byte, bits } = *tampering else {
        unreachable!("only bytes are flipped back")
    };
    let flipped = |mut bytes: Vec<u8>| {
        let at = byte % bytes.len();
        bytes[at] ^= bits;
        bytes
    };
    let event = match column {
        "instance_id" => {
            let bytes = flipped(instance.0.as_bytes().to_vec()).try_into().unwrap();
            (annals::domain::ids::InstanceId(uuid::Uuid::from_bytes(bytes)), number)
        }
        "sequence_num" => {
            let bytes = flipped(number.to_be_bytes().to_vec()).try_into().unwrap();
            (instance, u64::from_be_bytes(bytes))
        }
        _ => (instance, number),
    };
    Tampering::EventByte { event, column, byte, bits }
}

pub async fn any_byte_of_any_column_of_any_event(trial: Trial) {
    let annals = trial.open().await;
    let [instance, _] = record(&annals).await;
    let change = || (1..=EVENTS, prop::sample::select(EVENT_COLUMNS), 0..200_usize, 1..=255_u8);
    let trial = std::sync::Arc::new(trial);
    property(600, change, move |(number, column, byte, bits)| {
        let (annals, trial, instance) = (annals.clone(), trial.clone(), instance.clone());
        async move {
            let event = (id(&instance), number);
            let tampering = Tampering::EventByte { event, column, byte, bits };
            if !trial.backend.tamper(&tampering) {
                // No such value, or none that the data takes: nothing was changed.
                return Ok(());
            }
            let answer = annals.service.verify(VerifyRequest::default(), |_| {}).await;
            prop_assert!(trial.backend.tamper(&undone(&tampering)));
            let answer = answer.unwrap();
            let [found] = &answer.faults[..] else {
                return Err(TestCaseError::fail(format!("faults: {:?}", answer.faults)));
            };
            prop_assert!(!answer.valid);
            prop_assert_eq!((&found.instance_id, found.sequence_num), (&instance, number));
            // The events before it, and all of the other instance.
            prop_assert_eq!(answer.events_checked, number - 1 + EVENTS);
            prop_assert!(annals.verify().await.valid, "the change was undone");
            Ok(())
        }
    })
    .await;
}

pub async fn any_byte_of_the_head(trial: Trial) {
    let annals = trial.open().await;
    let [instance, _] = record(&annals).await;
    let change = || (prop::sample::select(HEAD_COLUMNS), 0..32_usize, 1..=255_u8);
    let trial = std::sync::Arc::new(trial);
    property(100, change, move |(column, byte, bits)| {
        let (annals, trial, instance) = (annals.clone(), trial.clone(), instance.clone());
        async move {
            let tampering = Tampering::InstanceByte { instance: id(&instance), column, byte, bits };
            if !trial.backend.tamper(&tampering) {
                return Ok(());
            }
            let answer = annals.verify().await;
            prop_assert!(trial.backend.tamper(&tampering), "flipped back");
            let [found] = &answer.faults[..] else {
                return Err(TestCaseError::fail(format!("faults: {:?}", answer.faults)));
            };
            prop_assert_eq!(&found.instance_id, &instance);
            prop_assert!(annals.verify().await.valid, "the change was undone");
            Ok(())
        }
    })
    .await;
}

pub async fn a_removed_event(trial: Trial) {
    let annals = trial.open().await;
    for number in [1, 3, EVENTS] {
        let [instance, _] = record(&annals).await;
        let before = annals.verify().await.faults.len();
        assert!(trial.backend.tamper(&Tampering::Remove { event: (id(&instance), number) }));
        let faults = annals.verify().await.faults;
        assert_eq!(faults.len(), before + 1);
        let found = faults.iter().find(|fault| fault.instance_id == instance).unwrap();
        assert_eq!((found.sequence_num, found.kind), (number, FaultKind::Removed));
    }
}

pub async fn every_event_removed(trial: Trial) {
    let annals = trial.open().await;
    let [instance, _] = record(&annals).await;
    for number in 1..=EVENTS {
        trial.backend.tamper(&Tampering::Remove { event: (id(&instance), number) });
    }
    assert_found(&annals, &instance, FaultKind::Removed, 1).await;
}

pub async fn an_event_inserted_after_the_last(trial: Trial) {
    let annals = trial.open().await;
    let [instance, _] = record(&annals).await;
    // One that even fits the chain; only the head does not know it.
    let mut event = annals.events(&instance).await.pop().unwrap();
    let previous = event.hash;
    event.event_id = EventId::generate();
    event.sequence_num = EVENTS + 1;
    let origin = annals.store.facts().store_id;
    event.occurred_at = None;
    event.metadata = None;
    event.caused_by = None;
    event.correlation_id = None;
    event.hash = event_hash(origin, &previous, &event);
    trial.backend.tamper(&Tampering::Insert { event: Box::new(event), shift: false });
    assert_found(&annals, &instance, FaultKind::Inserted, EVENTS + 1).await;
    // The head may be turned to it; that its hash is another's still shows.
    trial.backend.tamper(&Tampering::Head { instance: id(&instance), by: 1 });
    assert_found(&annals, &instance, FaultKind::Head, EVENTS + 1).await;
}

pub async fn an_event_inserted_between_others(trial: Trial) {
    let annals = trial.open().await;
    for number in [1, 3, EVENTS] {
        let [instance, _] = record(&annals).await;
        let mut event = annals.events(&instance).await.remove(2);
        event.event_id = EventId::generate();
        event.sequence_num = number;
        trial.backend.tamper(&Tampering::Insert { event: Box::new(event), shift: true });
        let faults = annals.verify().await.faults;
        let found = faults.iter().find(|fault| fault.instance_id == instance).unwrap();
        assert_eq!((found.sequence_num, found.kind), (number, FaultKind::Changed));
    }
}

pub async fn two_events_swapped(trial: Trial) {
    let annals = trial.open().await;
    for numbers in [(1, 2), (3, 5), (2, EVENTS), (1, EVENTS)] {
        let [instance, _] = record(&annals).await;
        trial.backend.tamper(&Tampering::Swap { instance: id(&instance), numbers });
        let faults = annals.verify().await.faults;
        let found = faults.iter().find(|fault| fault.instance_id == instance).unwrap();
        assert_eq!((found.sequence_num, found.kind), (numbers.0, FaultKind::Changed));
    }
}

pub async fn a_head_turned_back_or_on(trial: Trial) {
    let annals = trial.open().await;
    let [instance, other] = record(&annals).await;
    trial.backend.tamper(&Tampering::Head { instance: id(&instance), by: -2 });
    assert_found(&annals, &instance, FaultKind::Inserted, EVENTS - 1).await;
    trial.backend.tamper(&Tampering::Head { instance: id(&instance), by: 2 });
    assert!(annals.verify().await.valid);
    trial.backend.tamper(&Tampering::Head { instance: id(&other), by: 3 });
    assert_found(&annals, &other, FaultKind::Removed, EVENTS + 1).await;
}

/// An event that lies in the way of the next number must not make the store renumber.
pub async fn an_instance_that_was_tampered_with_takes_no_event_in_the_wrong_place(trial: Trial) {
    let annals = trial.open().await;
    let [instance, other] = record(&annals).await;
    trial.backend.tamper(&Tampering::Head { instance: id(&instance), by: -1 });
    let before = annals.events(&instance).await;
    annals.emit(task(&instance, "t")).await.unwrap_err();
    assert_eq!(annals.events(&instance).await, before);
    annals.emit(task(&other, "t")).await.unwrap();
    assert_found(&annals, &instance, FaultKind::Inserted, EVENTS).await;
}

pub async fn verifying_while_others_write_finds_no_fault(trial: Trial) {
    let annals = trial.open().await;
    let [instance, other] = record(&annals).await;
    let writer = tokio::spawn({
        let annals = trial.open().await;
        async move {
            for n in 0..150 {
                annals.emit(task(if n % 2 == 0 { &instance } else { &other }, "t")).await.unwrap();
            }
        }
    });
    while !writer.is_finished() {
        let answer = annals.verify().await;
        assert!(answer.valid, "{:?}", answer.faults);
    }
    writer.await.unwrap();
}
