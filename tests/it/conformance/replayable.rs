//! Replayable: the work state at any event is the fold of the events up to it.

use annals::domain::error::Code;
use annals::domain::event::Event;
use annals::domain::time::{DAY, SECOND, Timestamp};
use annals::replay::{State, fold};
use annals::service::{DetailsAnswer, ReplayAnswer};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::property::property;
use super::samples::in_batch;
use super::{Annals, Trial, refused, request};

/// Some event of an agent's work, and how many seconds before or after now it happened.
fn any_work() -> impl Strategy<Value = (Value, Option<i64>)> {
    let epic = (0..4_u8).prop_map(|n| format!("epic-{n}"));
    let event = epic.prop_flat_map(|epic| {
        let kinds = vec![
            ("epic_planned", json!({"epic_id": epic})),
            ("epic_started", json!({"epic_id": epic})),
            ("epic_completed", json!({"epic_id": epic, "duration_hours": 1.5})),
            ("epic_failed", json!({"epic_id": epic})),
            ("test_passed", json!({"epic_id": epic, "test_count": 5})),
            ("test_failed", json!({"failed_count": 1})),
            ("commit_created", json!({"sha": "a1b2c3d", "epic_id": epic})),
            ("deployment_done", json!({"service": "api"})),
            ("checkpoint_created", json!({"checkpoint_id": format!("cp {epic}")})),
            ("instance_heartbeat", json!({"current_epic": epic, "context_percent": 42})),
            ("context_window_updated", json!({"context_percent": 82, "current_epic": epic})),
            ("feature_requested", json!({"feature_name": "x", "epic_id": epic})),
            ("task_spawned", json!({"task_id": "t", "epic_id": epic})),
            ("turn_completed", json!({})),
        ];
        prop::sample::select(kinds)
            .prop_map(|(kind, data)| json!({"event_type": kind, "event_data": data}))
    });
    (event, prop::option::of(-100..100_i64))
}

/// An instance with this work, a second between the events.
async fn record(annals: &Annals, work: Vec<(Value, Option<i64>)>, start: Timestamp) -> String {
    let instance = annals.register().await;
    let events: Vec<Value> = work
        .into_iter()
        .map(|(mut event, seconds)| {
            if let Some(seconds) = seconds {
                event["occurred_at"] = start.plus(seconds * SECOND).to_string().into();
            }
            event
        })
        .collect();
    for batch in events.chunks(7) {
        let batch = json!({"instance_id": instance, "events": batch});
        annals.emit_batch(batch).await.unwrap();
    }
    instance
}

fn folded(events: &[Event]) -> State {
    events.iter().fold(State::default(), |mut state, event| {
        fold(&mut state, event);
        state
    })
}

async fn replay_to(annals: &Annals, instance: &str, to: u64) -> ReplayAnswer {
    annals.replay(json!({"instance_id": instance, "to_sequence_num": to})).await.unwrap()
}

pub async fn every_prefix_is_the_fold_of_its_events(trial: Trial) {
    let annals = trial.open().await;
    let clock = trial.clock.clone();
    property(
        12,
        || prop::collection::vec(any_work(), 0..40),
        move |work| {
            let (annals, clock) = (annals.clone(), clock.clone());
            async move {
                let instance = record(&annals, work, super::Clock::now(&*clock)).await;
                let events = annals.events(&instance).await;
                for to in 1..=events.len() {
                    let answer = replay_to(&annals, &instance, to as u64).await;
                    prop_assert_eq!(&answer.final_state, &folded(&events[..to]));
                    prop_assert_eq!(answer.events_replayed, to as u64);
                    prop_assert_eq!(answer.final_state.total_events_replayed, to as u64);
                }
                let whole = annals.replay(json!({"instance_id": instance})).await.unwrap();
                prop_assert_eq!(&whole.final_state, &folded(&events));
                let named = request(json!({"instance_id": instance}));
                let details: DetailsAnswer = annals.service.details(named).await.unwrap();
                prop_assert_eq!(&details.state, &whole.final_state);
                Ok(())
            }
        },
    )
    .await;
}

pub async fn a_fold_that_goes_on_is_the_fold_of_the_whole(trial: Trial) {
    let annals = trial.open().await;
    let clock = trial.clock.clone();
    let cases = || (prop::collection::vec(any_work(), 0..40), any::<prop::sample::Index>());
    property(40, cases, move |(work, split)| {
        let (annals, clock) = (annals.clone(), clock.clone());
        async move {
            let instance = record(&annals, work, super::Clock::now(&*clock)).await;
            let events = annals.events(&instance).await;
            let split = split.index(events.len() + 1);
            let mut state = folded(&events[..split]);
            events[split..].iter().for_each(|event| fold(&mut state, event));
            prop_assert_eq!(state, folded(&events));
            Ok(())
        }
    })
    .await;
}

/// What an event with a newer effective time has set stays, whatever is recorded later; only the
/// last type and the latest timestamp follow the order of the record.
pub async fn an_event_that_comes_late_does_not_overwrite_what_is_newer(trial: Trial) {
    let annals = trial.open().await;
    let clock = trial.clock.clone();
    property(
        40,
        || prop::collection::vec(any_work(), 0..30),
        move |work| {
            let (annals, clock) = (annals.clone(), clock.clone());
            async move {
                let instance = record(&annals, work, super::Clock::now(&*clock)).await;
                let events = annals.events(&instance).await;
                let state = folded(&events);
                let not_worked_on = ["epic_planned", "feature_requested"];
                let newest = |value: &dyn Fn(&Event) -> Option<Value>| {
                    let named = events.iter().filter_map(|event| Some((event, value(event)?)));
                    // Of equal times the last one.
                    named.max_by_key(|(event, _)| event.effective_at()).map(|(_, value)| value)
                };
                let epic = newest(&|event| {
                    let data = event.event_data.value().unwrap();
                    let field = match event.event_type.as_str() {
                        "instance_heartbeat" | "context_window_updated" => "current_epic",
                        _ => "epic_id",
                    };
                    let named = !not_worked_on.contains(&event.event_type.as_str());
                    data.get(field).filter(|_| named).cloned()
                });
                let checkpoint = newest(&|event| {
                    let is_one = event.event_type == "checkpoint_created";
                    is_one.then(|| event.event_data.value().unwrap())
                });
                let state_json = serde_json::to_value(&state).unwrap();
                prop_assert_eq!(state_json.get("last_epic"), epic.as_ref());
                prop_assert_eq!(state_json.get("checkpoint_state"), checkpoint.as_ref());
                let last = events.last().unwrap();
                prop_assert_eq!(state.last_event_type.as_ref(), Some(&last.event_type));
                prop_assert_eq!(state.latest_timestamp, Some(last.timestamp));
                Ok(())
            }
        },
    )
    .await;
}

pub async fn replaying_needs_a_number_from_1_to_the_head(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 3).await;
    for to in [i64::MIN, -1, 0, 5, i64::MAX] {
        let asked = json!({"instance_id": instance, "to_sequence_num": to});
        let error = refused(annals.replay(asked).await, Code::InvalidSequence);
        assert_eq!(error.field.as_deref(), Some("to_sequence_num"));
    }
    assert_eq!(replay_to(&annals, &instance, 4).await.events_replayed, 4);
}

/// More events than are read in one piece, before and after reopening, and while others write.
pub async fn a_long_record_is_replayed_whole(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let work = |n: u64| {
        in_batch(json!({"instance_id": "", "event_type": "epic_started",
        "event_data": {"epic_id": format!("epic-{n}")}}))
    };
    for round in 0..3 {
        let events: Vec<Value> = (0..1_000).map(|n| work(round * 1_000 + n)).collect();
        annals.emit_batch(json!({"instance_id": instance, "events": events})).await.unwrap();
    }
    for to in [1, 2, 255, 256, 257, 511, 512, 513, 1_024, 1_025, 3_000, 3_001] {
        let answer = replay_to(&annals, &instance, to).await;
        let epic = serde_json::to_value(&answer.final_state).unwrap()["last_epic"].clone();
        let expected = to.checked_sub(2).map(|n| Value::from(format!("epic-{n}")));
        assert_eq!(epic, expected.unwrap_or_default());
    }
    let before = annals.replay(json!({"instance_id": instance})).await.unwrap().final_state;
    annals.close().await;
    trial.clock.turn(3 * DAY);
    let annals = trial.open().await;
    let after = annals.replay(json!({"instance_id": instance})).await.unwrap().final_state;
    assert_eq!(after, before);
}
