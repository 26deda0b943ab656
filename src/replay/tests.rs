//! Tests of the fold.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{State, fold};
use crate::domain::event::{Event, Hash, Payload};
use crate::domain::ids::{EventId, InstanceId};
use crate::domain::time::{SECOND, Timestamp};

fn event(sequence_num: u64, event_type: &str, data: &Value, occurred_at: Option<i64>) -> Event {
    Event {
        event_id: EventId::generate(),
        instance_id: InstanceId::generate(),
        event_type: event_type.into(),
        sequence_num,
        timestamp: Timestamp::from_micros(sequence_num as i64 * SECOND),
        occurred_at: occurred_at.map(|seconds| Timestamp::from_micros(seconds * SECOND)),
        event_data: Payload { text: data.to_string(), salt: [0; 16] },
        metadata: None,
        caused_by: None,
        correlation_id: None,
        hash: Hash::ZERO,
    }
}

fn folded(events: &[Event]) -> State {
    let mut state = State::default();
    events.iter().for_each(|event| fold(&mut state, event));
    state
}

#[test]
fn replaying_the_example_of_the_specification_gives_its_final_state() {
    let state = folded(&[
        event(1, "instance_registered", &json!({"project": "odin"}), None),
        event(2, "epic_started", &json!({"epic_id": "epic-003"}), None),
        event(3, "test_passed", &json!({"epic_id": "epic-003", "test_count": 5}), None),
        event(4, "checkpoint_created", &json!({"checkpoint_id": "cp-1", "branch": "main"}), None),
        event(5, "epic_completed", &json!({"epic_id": "epic-003"}), None),
        event(6, "epic_planned", &json!({"epic_id": "epic-004"}), None),
    ]);
    assert_eq!(
        serde_json::to_value(&state).unwrap(),
        json!({
            "last_epic": "epic-003",
            "last_event_type": "epic_planned",
            "latest_timestamp": "1970-01-01T00:00:06.000000Z",
            "total_events_replayed": 6,
            "checkpoint_state": {"checkpoint_id": "cp-1", "branch": "main"},
        })
    );
}

#[test]
fn what_arrives_late_does_not_overwrite_what_is_newer() {
    let state = folded(&[
        event(1, "epic_started", &json!({"epic_id": "new"}), None),
        event(2, "epic_started", &json!({"epic_id": "late"}), Some(0)),
    ]);
    assert_eq!(state.last_epic.unwrap().value, "new");
    assert_eq!(state.last_event_type.as_deref(), Some("epic_started"));
    assert_eq!(state.latest_timestamp, Some(Timestamp::from_micros(2 * SECOND)));
}

#[test]
fn odd_payloads_and_unknown_types_change_nothing_but_the_counts() {
    let odd = folded(&[
        event(1, "epic_started", &json!({"epic_id": 7}), None),
        event(2, "epic_started", &json!([]), None),
        event(3, "of_a_later_release", &json!({"epic_id": "x"}), None),
    ]);
    assert_eq!((odd.total_events_replayed, odd.last_epic), (3, None));
    assert_eq!(odd.last_event_type.as_deref(), Some("of_a_later_release"));
}

proptest! {
    #[test]
    fn folding_a_split_equals_folding_the_whole(
        kinds in prop::collection::vec((0_usize..5, 0_u8..3, prop::option::of(-50_i64..50)), 0..40),
        split in any::<prop::sample::Index>(),
    ) {
        const TYPES: [&str; 5] =
            ["epic_started", "test_failed", "checkpoint_created", "epic_planned", "instance_heartbeat"];
        let events: Vec<_> = kinds
            .iter()
            .enumerate()
            .map(|(index, (kind, epic, occurred_at))| {
                let data = json!({"epic_id": format!("epic-{epic}"), "checkpoint_id": index.to_string()});
                event(index as u64 + 1, TYPES[*kind], &data, *occurred_at)
            })
            .collect();
        let (first, rest) = events.split_at(split.index(events.len() + 1));
        let mut state = folded(first);
        rest.iter().for_each(|event| fold(&mut state, event));
        prop_assert_eq!(state, folded(&events));
    }
}

/// The fold reads these fields by their full names alone.
#[test]
fn what_the_fold_reads_has_no_aliases() {
    for event_type in crate::domain::catalogue::Catalogue::builtin().types() {
        for field in super::fold::FIELDS {
            assert!(event_type.field_named(field).is_none_or(|field| field.aliases.is_empty()));
        }
    }
}
