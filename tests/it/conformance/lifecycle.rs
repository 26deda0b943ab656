//! The life of an instance: signs of life, staleness that is computed by reads and recorded once,
//! closing and resuming.

use annals::domain::error::Code;
use annals::domain::event::Event;
use annals::domain::instance::{Instance, Status};
use annals::domain::time::SECOND;
use annals::store::Clock;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::property::property;
use super::{Annals, Trial, id, in_time, refused, request, task};

/// Seconds without life after which an instance is stale.
const STALE_AFTER: i64 = 120;

fn event(instance: &str, event_type: &str, data: Value) -> Value {
    json!({"instance_id": instance, "event_type": event_type, "event_data": data})
}

async fn types(annals: &Annals, instance: &str) -> Vec<String> {
    annals.events(instance).await.into_iter().map(|event| event.event_type).collect()
}

/// The statuses that a listing and a look at the instance show, and whether the listing by status
/// agrees.
async fn status(annals: &Annals, instance: &str) -> Status {
    let named = json!({"instance_id": instance});
    let details = annals.service.details(request(named)).await.unwrap().instance;
    let all = annals.service.list_instances(request(json!({"limit": 1_000}))).await.unwrap();
    let listed = all.instances.into_iter().find(|listed| listed.instance_id == instance).unwrap();
    assert_eq!(listed, details);
    for status in Status::ALL {
        let asked = json!({"status": status, "limit": 1_000});
        let page = annals.service.list_instances(request(asked)).await.unwrap();
        let is_there = page.instances.iter().any(|listed| listed.instance_id == instance);
        assert_eq!(is_there, status == details.status, "{status:?}");
    }
    details.status
}

async fn heartbeat(annals: &Annals, instance: &str) {
    annals.service.heartbeat(request(json!({"instance_id": instance}))).await.unwrap();
}

pub async fn reads_compute_staleness_and_write_nothing(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    for (step, expected) in [
        (0, Status::Active),
        (STALE_AFTER * SECOND, Status::Active),
        (1, Status::Stale),
        (-1, Status::Active),
        (1_000_000 * SECOND, Status::Stale),
    ] {
        trial.clock.turn(step);
        assert_eq!(status(&annals, &instance).await, expected, "after {step}");
        let named = json!({"instance_id": instance});
        annals.query(named.clone()).await.unwrap();
        annals.replay(named).await.unwrap();
        annals.verify().await;
    }
    let details = annals.service.details(request(json!({"instance_id": instance}))).await.unwrap();
    assert_eq!(details.instance.age_seconds, (1_000_000 + STALE_AFTER) as f64);
    let stale = annals.service.list_instances(request(json!({"stale_only": true}))).await.unwrap();
    assert_eq!(stale.total_count, 1);
    assert_eq!(types(&annals, &instance).await, ["instance_registered"]);
    assert_eq!(annals.instance(&instance).await.status, Status::Active, "as recorded");
}

pub async fn the_sweep_records_a_lapse_once(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let life = trial.clock.now();
    trial.clock.turn(STALE_AFTER * SECOND);
    assert_eq!(annals.service.sweep().await.unwrap(), 0, "not yet");
    trial.clock.turn(7 * SECOND);
    assert_eq!(annals.service.sweep().await.unwrap(), 1);
    assert_eq!(annals.service.sweep().await.unwrap(), 0);
    trial.clock.turn(100_000 * SECOND);
    assert_eq!(annals.service.sweep().await.unwrap(), 0);
    let events = annals.events(&instance).await;
    assert_eq!(events.len(), 2);
    let lapse = &events[1];
    assert_eq!(lapse.event_type, "instance_stale");
    assert_eq!(lapse.occurred_at, Some(life.plus(STALE_AFTER * SECOND)));
    assert_eq!(lapse.timestamp, life.plus((STALE_AFTER + 7) * SECOND));
    let data = lapse.event_data.value().unwrap();
    assert_eq!(data, json!({"last_heartbeat": life.to_string(), "threshold_seconds": STALE_AFTER}));
    assert_eq!(status(&annals, &instance).await, Status::Stale);
    assert_eq!(annals.instance(&instance).await.last_heartbeat, life, "a lapse is no life");
}

pub async fn the_next_writer_records_a_lapse_before_its_own_event(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    for lapses in 1..=3_u64 {
        let life = annals.instance(&instance).await.last_heartbeat;
        trial.clock.turn(500 * SECOND);
        let answer = annals.emit(task(&instance, "t")).await.unwrap();
        assert_eq!(answer.receipt.sequence_num, 1 + 2 * lapses);
        let lapse = &annals.events(&instance).await[usize::try_from(2 * lapses).unwrap() - 1];
        assert_eq!(lapse.event_type, "instance_stale");
        assert_eq!(lapse.occurred_at, Some(life.plus(STALE_AFTER * SECOND)));
        assert_eq!(status(&annals, &instance).await, Status::Active);
        assert_eq!(annals.service.sweep().await.unwrap(), 0);
    }
}

pub async fn every_lapse_is_recorded_and_every_life_ends_it(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    for round in 0..3 {
        trial.clock.turn(500 * SECOND);
        assert_eq!(annals.service.sweep().await.unwrap(), 1);
        assert_eq!(status(&annals, &instance).await, Status::Stale);
        match round {
            0 => heartbeat(&annals, &instance).await,
            1 => drop(annals.emit(task(&instance, "t")).await.unwrap()),
            _ => drop(annals.emit(event(&instance, "instance_resumed", json!({}))).await.unwrap()),
        }
        assert_eq!(status(&annals, &instance).await, Status::Active);
        assert_eq!(annals.instance(&instance).await.last_heartbeat, trial.clock.now());
    }
    let lapses = types(&annals, &instance).await;
    assert_eq!(lapses.iter().filter(|name| *name == "instance_stale").count(), 3);
}

pub async fn two_services_that_sweep_at_once_record_each_lapse_once(trial: Trial) {
    let stores = [trial.open().await, trial.open().await];
    for _ in 0..5 {
        let mut instances = Vec::new();
        for _ in 0..10 {
            instances.push(stores[0].register().await);
        }
        trial.clock.turn(500 * SECOND);
        let sweeps: Vec<_> = (0..8)
            .map(|sweeper| {
                let service = stores[sweeper % 2].service.clone();
                tokio::spawn(async move { service.sweep().await.unwrap() })
            })
            .collect();
        let mut recorded = 0;
        for sweep in sweeps {
            recorded += in_time("a sweep", sweep).await.unwrap();
        }
        assert_eq!(recorded, instances.len());
        for instance in instances {
            assert_eq!(
                types(&stores[1], &instance).await,
                ["instance_registered", "instance_stale"]
            );
        }
    }
}

pub async fn a_life_and_a_sweep_at_once_record_the_lapse_once(trial: Trial) {
    let stores = [trial.open().await, trial.open().await];
    for _ in 0..20 {
        let instance = stores[0].register().await;
        trial.clock.turn(500 * SECOND);
        let sweeping = tokio::spawn({
            let service = stores[0].service.clone();
            async move { service.sweep().await.unwrap() }
        });
        heartbeat(&stores[1], &instance).await;
        sweeping.await.unwrap();
        let recorded = types(&stores[0], &instance).await;
        assert_eq!(recorded, ["instance_registered", "instance_stale", "instance_heartbeat"]);
        assert_eq!(status(&stores[0], &instance).await, Status::Active);
    }
}

pub async fn a_closed_instance_refuses_events_until_it_is_resumed(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let named = json!({"instance_id": instance, "reason": "done"});
    let answer = annals.service.close_instance(request(named.clone())).await.unwrap();
    assert_eq!((answer.status, answer.sequence_num), (Status::Closed, 2));
    assert_eq!(annals.events(&instance).await[1].event_data.text, r#"{"reason":"done"}"#);

    let errors = [
        refused(annals.emit(task(&instance, "t")).await, Code::InstanceClosed),
        refused(annals.service.close_instance(request(named)).await, Code::InstanceClosed),
        refused(
            annals.service.heartbeat(request(json!({"instance_id": instance}))).await,
            Code::InstanceClosed,
        ),
    ];
    for error in errors {
        assert_eq!(error.field.as_deref(), Some("instance_id"));
        assert!(error.hint.contains("resume"), "{}", error.hint);
        assert_eq!(error.details.unwrap()["head_sequence_num"], 2);
    }
    trial.clock.turn(1_000 * SECOND);
    assert_eq!(status(&annals, &instance).await, Status::Closed, "closed is not stale");
    assert_eq!(annals.service.sweep().await.unwrap(), 0);

    annals.emit(event(&instance, "instance_resumed", json!({}))).await.unwrap();
    assert_eq!(status(&annals, &instance).await, Status::Active);
    annals.emit(task(&instance, "t")).await.unwrap();
    assert_eq!(
        types(&annals, &instance).await,
        ["instance_registered", "instance_closed", "instance_resumed", "task_spawned"]
    );
}

pub async fn closing_a_lapsed_instance_tells_of_the_lapse_first(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    trial.clock.turn(1_000 * SECOND);
    annals.service.close_instance(request(json!({"instance_id": instance}))).await.unwrap();
    assert_eq!(
        types(&annals, &instance).await,
        ["instance_registered", "instance_stale", "instance_closed"]
    );
    assert_eq!(status(&annals, &instance).await, Status::Closed);
}

pub async fn a_heartbeat_is_a_small_event_and_moves_the_registry(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    trial.clock.turn(30 * SECOND);
    let said =
        json!({"instance_id": instance, "context_percent": 41.5, "current_epic": "epic-003"});
    let answer = annals.service.heartbeat(request(said)).await.unwrap();
    assert_eq!((answer.sequence_num, answer.status, answer.stale), (2, Status::Active, false));
    assert_eq!((answer.last_heartbeat, answer.age_seconds), (trial.clock.now(), 0.0));
    let stored = &annals.events(&instance).await[1];
    assert_eq!(stored.event_type, "instance_heartbeat");
    assert!(stored.event_data.text.len() < 100 && stored.metadata.is_none());
    let row = annals.instance(&instance).await;
    assert_eq!((row.context_percent, row.current_epic.as_deref()), (Some(41.5), Some("epic-003")));
    heartbeat(&annals, &instance).await;
    let row = annals.instance(&instance).await;
    assert_eq!((row.context_percent, row.current_epic.as_deref()), (Some(41.5), Some("epic-003")));
}

fn any_life() -> impl Strategy<Value = (i64, Value)> {
    let epic = |n: u8| format!("epic-{n}");
    let event = (0..3_u8).prop_flat_map(move |n| {
        prop::sample::select(vec![
            ("instance_heartbeat", json!({"context_percent": n, "current_epic": epic(n)})),
            ("instance_heartbeat", json!({})),
            ("context_window_updated", json!({"context_percent": 50.5})),
            ("epic_started", json!({"epic_id": epic(n)})),
            ("epic_completed", json!({"epic_id": epic(n)})),
            ("epic_failed", json!({"epic_id": epic(n)})),
            ("capture_gap", json!({"reason": "spool full"})),
            ("instance_closed", json!({})),
            ("instance_resumed", json!({})),
            ("task_spawned", json!({"task_id": "t"})),
        ])
    });
    let event = event.prop_map(|(kind, data)| json!({"event_type": kind, "event_data": data}));
    (-200..400_i64, event)
}

/// The row of an instance is nothing but what its events say.
pub async fn the_registry_is_a_projection_of_the_events(trial: Trial) {
    let annals = trial.open().await;
    let clock = trial.clock.clone();
    property(
        40,
        || prop::collection::vec(any_life(), 0..25),
        move |life| {
            let (annals, clock) = (annals.clone(), clock.clone());
            async move {
                let instance = annals.register().await;
                for (seconds, mut event) in life {
                    clock.turn(seconds * SECOND);
                    event["instance_id"] = instance.clone().into();
                    if let Err(error) = annals.emit(event).await {
                        prop_assert_eq!(error.code, Code::InstanceClosed);
                    }
                    if seconds % 3 == 0 {
                        annals.service.sweep().await.unwrap();
                    }
                }
                let row = annals.instance(&instance).await;
                let events = annals.events(&instance).await;
                prop_assert_eq!(rebuilt(&row, &events), row);
                Ok(())
            }
        },
    )
    .await;
}

fn rebuilt(row: &Instance, events: &[Event]) -> Instance {
    let first = events[0].timestamp;
    let unborn =
        Instance::unborn(row.instance_id, row.registration.clone(), row.origin_store_id, first);
    events.iter().fold(unborn, |mut instance, event| {
        instance.apply(event);
        instance
    })
}

pub async fn registering_starts_a_life(trial: Trial) {
    let annals = trial.open().await;
    let asked = json!({"project": "odin", "instance_type": "SM", "host": "mira", "pid": 4211,
        "context": {"branch": "main"}});
    let answer = annals.service.register(request(asked)).await.unwrap();
    let now = trial.clock.now();
    assert_eq!((answer.sequence_num, answer.status, answer.created_at), (1, Status::Active, now));
    assert_eq!((&answer.project[..], &answer.instance_type[..]), ("odin", "SM"));
    let row = annals.instance(&answer.instance_id).await;
    assert_eq!(row.instance_id, id(&answer.instance_id));
    assert_eq!((row.created_at, row.last_heartbeat, row.head_timestamp), (now, now, now));
    assert_eq!(
        (row.registration.host.as_deref(), row.registration.pid),
        (Some("mira"), Some(4211))
    );
    let stored = &annals.events(&answer.instance_id).await[0];
    assert_eq!(stored.event_type, "instance_registered");
    assert_eq!(stored.event_id.to_string(), answer.event_id);
    let data = stored.event_data.value().unwrap();
    assert_eq!((&data["project"], &data["context"]["branch"]), (&json!("odin"), &json!("main")));
}
