//! Tests of deciding and verifying, over histories made by `decide` itself.

use std::collections::HashMap;
use std::slice::from_ref;

use proptest::prelude::*;
use uuid::Uuid;

use super::{Chain, Decided, Facts, FaultKind, Outcome, decide};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::{Event, NewEvent, Payload, TypeCheck};
use crate::domain::ids::{EventId, InstanceId, StoreId};
use crate::domain::instance::{Instance, Registration, Status};
use crate::domain::time::{SECOND, Timestamp};

const START: i64 = 1_800_000_000 * SECOND;

/// One instance in a store that is nothing but memory.
struct World {
    head: Option<Instance>,
    events: Vec<Event>,
    /// The last change of each custom event type.
    types: HashMap<String, u64>,
    now: Timestamp,
    random: u8,
}

impl World {
    fn registered() -> Self {
        let mut world = Self {
            head: None,
            events: Vec::new(),
            types: HashMap::new(),
            now: Timestamp::from_micros(START),
            random: 0,
        };
        let registration = Registration {
            handle: "odin-PS-000001".into(),
            project: "odin".into(),
            instance_type: "PS".into(),
            host: None,
            pid: None,
        };
        let first = new("instance_registered", r#"{"project":"odin"}"#);
        world.append(Some(registration), None, &[first]).unwrap();
        world
    }

    fn append(
        &mut self,
        register: Option<Registration>,
        expected: Option<u64>,
        events: &[NewEvent],
    ) -> Result<Decided> {
        let stored: HashMap<_, _> =
            self.events.iter().map(|event| (event.event_id, event.clone())).collect();
        let random = &mut self.random;
        let facts = Facts {
            head: self.head.as_ref(),
            stored: &stored,
            types: &self.types,
            now: self.now,
            store_id: StoreId(Uuid::from_u128(5)),
            entropy: &mut || {
                *random += 1;
                [*random; 16]
            },
        };
        let id = InstanceId(Uuid::from_u128(1));
        let decided = decide(id, register.as_ref(), expected, events, facts)?;
        self.events.extend(decided.events.iter().cloned());
        self.head = Some(decided.instance.clone());
        Ok(decided)
    }

    fn emit(&mut self, events: &[NewEvent]) -> Result<Decided> {
        self.append(None, None, events)
    }

    fn head(&self) -> &Instance {
        self.head.as_ref().unwrap()
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now.plus(seconds * SECOND);
    }

    fn types(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.event_type.as_str()).collect()
    }
}

fn new(event_type: &str, data: &str) -> NewEvent {
    NewEvent {
        event_id: EventId::generate(),
        id_given: false,
        event_type: event_type.into(),
        event_data: Payload { text: data.into(), salt: [9; 16] },
        metadata: None,
        occurred_at: None,
        caused_by: None,
        correlation_id: None,
        type_check: TypeCheck::Fits,
    }
}

fn started() -> NewEvent {
    new("epic_started", r#"{"epic_id":"epic-003"}"#)
}

/// The first fault, or the number of events when there is none.
fn verify(instance: &Instance, events: &[Event]) -> std::result::Result<u64, (FaultKind, u64)> {
    let mut chain = Chain::new(instance.clone());
    let pushed = events.iter().try_for_each(|event| chain.push(event));
    pushed.and_then(|()| chain.finish()).map_err(|fault| (fault.kind, fault.sequence_num))
}

#[test]
fn events_are_numbered_without_a_gap_and_chained() {
    let mut world = World::registered();
    world.emit(&[started(), started()]).unwrap();
    let decided = world.emit(&[started()]).unwrap();
    assert_eq!(decided.outcomes, [Outcome::New(0)]);
    let numbers: Vec<_> = world.events.iter().map(|event| event.sequence_num).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(world.head().head_hash, world.events[3].hash);
    assert_eq!(verify(world.head(), &world.events), Ok(4));
}

#[test]
fn time_never_goes_back_within_an_instance() {
    let mut world = World::registered();
    world.wait(-86_400);
    world.emit(&[started()]).unwrap();
    assert_eq!(world.events[1].timestamp, world.events[0].timestamp);
    world.wait(86_401);
    world.emit(&[started()]).unwrap();
    assert_eq!(world.events[2].timestamp.since(world.events[1].timestamp), SECOND);
}

#[test]
fn a_repeated_event_is_recognised_and_a_changed_one_is_refused() {
    let mut world = World::registered();
    let event = started();
    world.emit(std::slice::from_ref(&event)).unwrap();
    let again = world.append(None, Some(1), &[event.clone(), event.clone()]).unwrap();
    assert!(again.events.is_empty());
    assert!(matches!(
        again.outcomes[..],
        [Outcome::Duplicate { sequence_num: 2, .. }, Outcome::Duplicate { sequence_num: 2, .. }]
    ));
    let changed = NewEvent { correlation_id: Some("c".into()), ..event.clone() };
    let error = world.emit(&[started(), changed]).unwrap_err();
    assert_eq!(
        (error.code, error.field.as_deref()),
        (Code::EventIdConflict, Some("events[1].event_id"))
    );
    assert_eq!(world.events.len(), 2);
}

#[test]
fn the_same_event_twice_in_one_batch_is_stored_once() {
    let mut world = World::registered();
    let event = started();
    let decided = world.emit(&[event.clone(), event.clone()]).unwrap();
    assert_eq!(decided.events.len(), 1);
    assert!(matches!(
        decided.outcomes[..],
        [Outcome::New(0), Outcome::Duplicate { sequence_num: 2, .. }]
    ));
    let other =
        NewEvent { event_type: "epic_failed".into(), event_id: EventId::generate(), ..event };
    let conflict = [other.clone(), NewEvent { event_type: "epic_planned".into(), ..other }];
    assert_eq!(world.emit(&conflict).unwrap_err().code, Code::EventIdConflict);
}

#[test]
fn an_expectation_that_does_not_hold_names_the_head() {
    let mut world = World::registered();
    let error = world.append(None, Some(7), &[started()]).unwrap_err();
    assert_eq!(error.code, Code::SequenceConflict);
    assert_eq!(error.to_json()["head_sequence_num"], 1);
    assert!(world.append(None, Some(1), &[started()]).is_ok());
}

#[test]
fn a_closed_instance_takes_nothing_until_it_is_resumed() {
    let mut world = World::registered();
    let error = world.emit(&[new("instance_closed", "{}"), started()]).unwrap_err();
    assert_eq!(
        (error.code, error.field.as_deref()),
        (Code::InstanceClosed, Some("events[1].instance_id"))
    );
    world.emit(&[new("instance_closed", "{}")]).unwrap();
    assert_eq!(world.emit(&[started()]).unwrap_err().code, Code::InstanceClosed);
    world.emit(&[new("instance_resumed", "{}"), started()]).unwrap();
    assert_eq!(world.head().status, Status::Active);
}

#[test]
fn a_lapse_is_recorded_once_before_what_comes_next() {
    let mut world = World::registered();
    world.wait(120);
    assert!(world.emit(&[]).unwrap().events.is_empty(), "120 seconds are no lapse yet");
    world.wait(1);
    world.emit(&[]).unwrap();
    world.emit(&[]).unwrap();
    assert_eq!(world.types(), ["instance_registered", "instance_stale"]);
    let lapse = &world.events[1];
    assert_eq!(lapse.occurred_at, Some(Timestamp::from_micros(START).plus(120 * SECOND)));
    assert_eq!(world.head().status, Status::Stale);
    world.emit(&[started()]).unwrap();
    assert_eq!(world.head().status, Status::Active);
    world.wait(500);
    let decided = world.append(None, Some(3), &[started()]).unwrap();
    assert_eq!(world.types()[3..], ["instance_stale", "epic_started"]);
    assert_eq!(decided.outcomes, [Outcome::New(1)]);
}

#[test]
fn an_unknown_instance_and_a_known_one_registered_again_are_refused() {
    let mut world = World::registered();
    let registration = world.head().registration.clone();
    let error = world.append(Some(registration), None, &[started()]).unwrap_err();
    assert_eq!(error.code, Code::InstanceExists);
    world.head = None;
    assert_eq!(world.emit(&[started()]).unwrap_err().code, Code::InstanceNotFound);
}

#[test]
fn verifying_names_what_was_removed_inserted_or_cut_off() {
    let mut world = World::registered();
    world.emit(&[started(), started(), started()]).unwrap();
    let (head, events) = (world.head(), &world.events);
    let without = |number: usize| {
        let mut events = events.clone();
        events.remove(number - 1);
        verify(head, &events)
    };
    assert_eq!(without(1), Err((FaultKind::Removed, 1)));
    assert_eq!(without(3), Err((FaultKind::Removed, 3)));
    assert_eq!(without(4), Err((FaultKind::Removed, 4)));

    let mut swapped = events.clone();
    swapped.swap(1, 2);
    (swapped[1].sequence_num, swapped[2].sequence_num) = (2, 3);
    assert_eq!(verify(head, &swapped), Err((FaultKind::Changed, 2)));

    let mut extended = events.clone();
    extended.push(Event { sequence_num: 5, ..events[3].clone() });
    assert_eq!(verify(head, &extended), Err((FaultKind::Inserted, 5)));

    let turned_back = Instance { last_sequence: 3, ..head.clone() };
    assert_eq!(verify(&turned_back, events), Err((FaultKind::Inserted, 4)));
    assert_eq!(verify(&turned_back, &events[..3]), Err((FaultKind::Head, 3)));
}

/// Changes one byte of one part of an event; `false` where the part has no such byte.
fn change(event: &mut Event, part: usize, at: usize, by: u8) -> bool {
    let in_text = |text: &mut String| {
        let mut bytes = std::mem::take(text).into_bytes();
        if bytes.is_empty() {
            return false;
        }
        let at = at % bytes.len();
        bytes[at] = (bytes[at] ^ by) & 0x7f;
        *text = String::from_utf8(bytes).unwrap();
        true
    };
    let number = i64::from(by) << (8 * (at % 6));
    match part {
        0 => event.event_id = EventId(Uuid::from_u128(event.event_id.0.as_u128() ^ u128::from(by))),
        1 => event.instance_id = InstanceId(Uuid::from_u128(u128::from(by) + 1)),
        2 => return in_text(&mut event.event_type),
        3 => return in_text(&mut event.event_data.text),
        4 => event.event_data.salt[at % 16] ^= by,
        5 => event.timestamp = event.timestamp.plus(number),
        6 => event.occurred_at = Some(event.effective_at().plus(number)),
        7 => event.metadata = Some(Payload { text: "{}".into(), salt: [by; 16] }),
        8 => event.caused_by = Some(EventId(Uuid::from_u128(by.into()))),
        9 => event.correlation_id = Some("c".into()),
        _ => event.hash.0[at % 32] ^= by,
    }
    true
}

proptest! {
    #[test]
    fn any_change_of_any_event_is_found_at_that_event(
        count in 1_usize..8,
        which in any::<prop::sample::Index>(),
        part in 0_usize..11,
        at in 0_usize..64,
        by in 1_u8..128,
    ) {
        let mut world = World::registered();
        for number in 0..count {
            world.emit(&[new("epic_started", &format!(r#"{{"epic_id":"epic-{number}"}}"#))]).unwrap();
        }
        let mut events = world.events.clone();
        let index = which.index(events.len());
        let before = events[index].clone();
        if change(&mut events[index], part, at, by) && events[index] != before {
            let found = verify(world.head(), &events);
            prop_assert_eq!(found, Err((FaultKind::Changed, index as u64 + 1)));
        }
    }

    #[test]
    fn the_registry_row_is_what_its_events_make_it(
        steps in prop::collection::vec((0_usize..6, 0_i64..200), 0..30)
    ) {
        const TYPES: [(&str, &str); 6] = [
            ("epic_started", r#"{"epic_id":"a"}"#),
            ("epic_completed", r#"{"epic_id":"a"}"#),
            ("instance_heartbeat", r#"{"context_percent":12.5,"current_epic":"b"}"#),
            ("instance_closed", "{}"),
            ("instance_resumed", "{}"),
            ("commit_created", r#"{"commit_hash":"c"}"#),
        ];
        let mut world = World::registered();
        let fresh = {
            let head = world.head();
            Instance::unborn(head.instance_id, head.registration.clone(), head.origin_store_id, head.created_at)
        };
        for (kind, pause) in steps {
            world.wait(pause);
            let (event_type, data) = TYPES[kind];
            let closed = world.head().status == Status::Closed;
            let decided = world.emit(&[new(event_type, data)]);
            prop_assert_eq!(decided.is_err(), closed && event_type != "instance_resumed");
        }
        let mut rebuilt = fresh;
        world.events.iter().for_each(|event| rebuilt.apply(event));
        prop_assert_eq!(&rebuilt, world.head());
        prop_assert_eq!(verify(world.head(), &world.events), Ok(world.events.len() as u64));
    }
}

fn custom(type_check: TypeCheck) -> NewEvent {
    NewEvent { id_given: true, type_check, ..new("review_completed", r#"{"review_id":"r-1"}"#) }
}

#[test]
fn an_event_checked_against_another_definition_than_the_last_is_not_stored() {
    let mut world = World::registered();
    let first = custom(TypeCheck::FitsAsOf(3));
    assert_eq!(world.emit(from_ref(&first)).unwrap_err().code, Code::EventTypeChanged);
    world.types.insert("review_completed".into(), 3);
    world.emit(from_ref(&first)).unwrap();
    world.types.insert("review_completed".into(), 4);
    assert_eq!(
        world.emit(&[custom(TypeCheck::FitsAsOf(3))]).unwrap_err().code,
        Code::EventTypeChanged
    );
    world.emit(&[custom(TypeCheck::FitsAsOf(4))]).unwrap();
    assert_eq!(world.types(), ["instance_registered", "review_completed", "review_completed"]);

    // The repetition of an event that is stored is answered whatever its type has become.
    let again = world.emit(&[first]).unwrap();
    assert!(matches!(again.outcomes[..], [Outcome::Duplicate { sequence_num: 2, .. }]));
}

#[test]
fn an_event_that_no_longer_fits_its_type_is_answered_only_where_it_is_stored() {
    let mut world = World::registered();
    world.types.insert("review_completed".into(), 1);
    let stored = custom(TypeCheck::FitsAsOf(1));
    world.emit(from_ref(&stored)).unwrap();
    let refusal = Error::new(Code::UnknownEventType, "retired", "use another");
    let refused = TypeCheck::Refused(Box::new(refusal.clone()));

    let again = NewEvent { type_check: refused.clone(), ..stored };
    let decided = world.emit(from_ref(&again)).unwrap();
    assert!(matches!(decided.outcomes[..], [Outcome::Duplicate { sequence_num: 2, .. }]));
    assert_eq!(world.emit(&[custom(refused.clone())]).unwrap_err(), refusal);
    let other = NewEvent { event_data: started().event_data, ..again.clone() };
    assert_eq!(world.emit(&[other]).unwrap_err().code, Code::EventIdConflict);
    let batch = [again, started(), custom(refused)];
    assert_eq!(world.emit(&batch).unwrap_err(), refusal.in_batch(2));
    assert_eq!(world.head().last_sequence, 2);
}
