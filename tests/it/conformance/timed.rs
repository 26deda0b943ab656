//! Timed: the store gives every event its time, which never decreases, whatever clocks do.

use annals::domain::time::{DAY, SECOND, Timestamp};
use annals::store::Clock;
use proptest::prelude::*;
use serde_json::json;

use super::property::property;
use super::{Trial, TurnableClock, request, task};

pub async fn a_clock_that_steps_back_a_day_does_not_turn_the_record_back(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.emit_tasks(&instance, 3).await;
    let before = trial.clock.now();
    trial.clock.turn(-DAY);
    annals.emit_tasks(&instance, 3).await;
    annals.service.heartbeat(request(json!({"instance_id": instance}))).await.unwrap();
    let events = annals.events(&instance).await;
    assert!(events.is_sorted_by_key(|event| event.timestamp));
    assert_eq!(events.last().unwrap().timestamp, before);
    assert_eq!(events.last().unwrap().sequence_num, 8);

    let details = annals.service.details(request(json!({"instance_id": instance}))).await.unwrap();
    assert_eq!(details.instance.age_seconds, 0.0);
    assert_eq!(annals.service.sweep().await.unwrap(), 0);
    trial.clock.turn(DAY + SECOND);
    annals.emit_tasks(&instance, 1).await;
    assert_eq!(annals.events(&instance).await[8].timestamp, before.plus(SECOND));
    assert!(annals.verify().await.valid);
}

pub async fn a_clock_that_steps_forward_a_day_is_followed(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    trial.clock.turn(DAY);
    annals.emit_tasks(&instance, 2).await;
    let types: Vec<String> =
        annals.events(&instance).await.into_iter().map(|event| event.event_type).collect();
    assert_eq!(types, ["instance_registered", "instance_stale", "task_spawned", "task_spawned"]);
    let events = annals.events(&instance).await;
    assert!(events[1..].iter().all(|event| event.timestamp == trial.clock.now()));
}

pub async fn two_writers_whose_clocks_differ_by_a_day_share_one_order(trial: Trial) {
    let behind = trial.open().await;
    let clock = TurnableClock::at("2026-11-24T09:30:00Z");
    let ahead = trial.open_with(clock.clone()).await;
    let instance = behind.register().await;
    for round in 0..10 {
        for annals in [&behind, &ahead] {
            annals.emit(task(&instance, &format!("t{round}"))).await.unwrap();
        }
        trial.clock.turn(SECOND);
        clock.turn(SECOND);
    }
    let events = behind.events(&instance).await;
    assert!(events.is_sorted_by_key(|event| event.timestamp));
    assert!(events.iter().enumerate().all(|(at, event)| event.sequence_num == at as u64 + 1));
    assert_eq!(events.last().unwrap().timestamp, clock.now().plus(-SECOND));
    assert!(ahead.verify().await.valid);
}

pub async fn a_timestamp_is_now_or_that_of_the_event_before(trial: Trial) {
    let annals = trial.open().await;
    let clock = trial.clock.clone();
    property(
        20,
        || prop::collection::vec(-2 * DAY..2 * DAY, 1..20),
        move |steps| {
            let (annals, clock) = (annals.clone(), clock.clone());
            async move {
                let instance = annals.register().await;
                let mut last = annals.events(&instance).await[0].timestamp;
                prop_assert_eq!(last, clock.now());
                for step in steps {
                    clock.turn(step);
                    let told = annals.emit(task(&instance, "t")).await.unwrap().receipt.timestamp;
                    prop_assert_eq!(told, last.max(clock.now()));
                    last = told;
                }
                let events = annals.events(&instance).await;
                prop_assert!(events.is_sorted_by_key(|event| event.timestamp));
                Ok(())
            }
        },
    )
    .await;
}

pub async fn a_callers_own_time_is_kept_beside_the_stores(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let times = [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ("2026-11-23T10:30:00.123456789+01:00", "2026-11-23T09:30:00.123456Z"),
        ("2999-12-31T23:59:59Z", "2999-12-31T23:59:59.000000Z"),
    ];
    for (said, kept) in times {
        let mut event = task(&instance, "t");
        event["occurred_at"] = said.into();
        let answer = annals.emit(event).await.unwrap();
        assert_eq!(answer.receipt.timestamp, trial.clock.now());
        let page = annals.query(json!({"instance_id": instance, "limit": 1})).await.unwrap();
        assert_eq!(page.events[0].occurred_at, Some(kept.parse().unwrap()));
        assert_eq!(page.events[0].timestamp, trial.clock.now());
        let stored: Timestamp = kept.parse().unwrap();
        assert_eq!(annals.events(&instance).await.last().unwrap().effective_at(), stored);
    }
}
