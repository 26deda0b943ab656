//! The registry is a projection of the events, can be told apart from it, and be mended from it; and
//! what shows that events are missing is never mended away.

use annals::domain::ids::InstanceId;
use annals::domain::instance::Instance;
use annals::domain::time::SECOND;
use annals::service::RegistryCheck;
use serde_json::json;

use super::{Annals, Tampering, Trial, id, request, task};

/// The columns of a row that events say, the head aside.
const COLUMNS: &[&str] = &[
    "handle",
    "project",
    "instance_type",
    "host",
    "pid",
    "status",
    "created_at",
    "last_heartbeat",
    "context_percent",
    "current_epic",
    "head_timestamp",
];

impl Annals {
    async fn check(&self, mend: bool) -> RegistryCheck {
        self.service.check_registry(mend, |_| {}).await.unwrap()
    }
}

/// An instance that has a value in every column.
async fn full_instance(annals: &Annals) -> String {
    let register = json!({
        "project": "odin", "instance_type": "worker", "host": "vidar", "pid": 4711,
        "context": {"branch": "main"}
    });
    let instance = annals.service.register(request(register)).await.unwrap().instance_id;
    annals.emit_tasks(&instance, 3).await;
    let beat =
        json!({"instance_id": instance, "context_percent": 41.5, "current_epic": "epic-003"});
    annals.service.heartbeat(request(beat)).await.unwrap();
    instance
}

/// Instances in every state that there is.
async fn many_instances(trial: &Trial, annals: &Annals) {
    full_instance(annals).await;
    let closed = full_instance(annals).await;
    let resumed = full_instance(annals).await;
    for instance in [&closed, &resumed] {
        annals.service.close_instance(request(json!({"instance_id": instance}))).await.unwrap();
    }
    let resume = |instance: &str| json!({"instance_id": instance, "event_type": "instance_resumed", "event_data": {}});
    annals.emit(resume(&resumed)).await.unwrap();
    annals.register().await;
    let secret = json!({"project": "odin", "host": "ghp_0123456789abcdefABCDEF0123456789abcd"});
    annals.service.register(request(secret)).await.unwrap();
    trial.clock.turn(500 * SECOND);
    annals.service.sweep().await.unwrap();
    let awake = full_instance(annals).await;
    trial.clock.turn(500 * SECOND);
    annals.emit(task(&awake, "after a lapse")).await.unwrap();
    trial.clock.turn(-1_000 * SECOND);
    annals.emit(task(&awake, "by a clock that stepped back")).await.unwrap();
    full_instance(annals).await;
}

pub async fn a_registry_that_nobody_touched_equals_its_events(trial: Trial) {
    let annals = trial.open().await;
    many_instances(&trial, &annals).await;
    let check = annals.check(false).await;
    assert_eq!((check.differences, check.unprojectable), (vec![], vec![]));
    assert!(check.instances_checked == 7 && check.events_checked > 30);
    assert!(!annals.check(true).await.mended, "there is nothing to mend");
}

pub async fn every_column_that_differs_is_told_and_mended(trial: Trial) {
    let annals = trial.open().await;
    many_instances(&trial, &annals).await;
    let instance = full_instance(&annals).await;
    let right = annals.instance(&instance).await;
    let mut told = Vec::new();
    for column in COLUMNS {
        let column = *column;
        let tampering =
            Tampering::InstanceByte { instance: id(&instance), column, byte: 7, bits: 1 };
        if !trial.backend.tamper(&tampering) {
            continue;
        }
        let wrong = annals.instance(&instance).await;
        let check = annals.check(false).await;
        let columns: Vec<&str> = check.differences.iter().map(|row| row.column).collect();
        assert_eq!(columns, [column]);
        assert_eq!(check.differences[0].instance_id, instance);
        assert_ne!(check.differences[0].found, check.differences[0].correct);
        assert!(!check.mended && annals.instance(&instance).await == wrong, "only told");
        let mended = annals.check(true).await;
        assert!(mended.mended && mended.differences == check.differences);
        assert_eq!(annals.instance(&instance).await, right);
        assert!(annals.check(true).await.differences.is_empty());
        told.push(column);
    }
    // The others are of a kind that no single bit makes wrong and valid.
    assert!(told.len() >= 8, "{told:?}");
    assert!(annals.verify().await.valid);
    annals.emit_tasks(&instance, 1).await;
}

/// Turns the row of an instance back to what it was after event `number`.
fn turn_back(trial: &Trial, number: u64) {
    let statement = format!(
        "UPDATE supervisor_sessions SET last_sequence = {number}, current_epic = NULL,
           head_hash = (SELECT hash FROM event_store WHERE sequence_num = {number})"
    );
    assert_eq!(trial.backend.run(&statement), Ok(1));
}

pub async fn a_row_that_fell_behind_is_moved_to_the_head(trial: Trial) {
    let annals = trial.open().await;
    let instance = full_instance(&annals).await;
    let right = annals.instance(&instance).await;
    turn_back(&trial, 2);
    assert!(!annals.verify().await.valid);
    let check = annals.check(true).await;
    let columns: Vec<&str> = check.differences.iter().map(|row| row.column).collect();
    assert_eq!(columns, ["current_epic", "last_sequence", "head_hash"]);
    assert_eq!(
        (&check.differences[1].found, &check.differences[1].correct),
        (&json!(2), &json!(5))
    );
    assert_eq!(annals.instance(&instance).await, right);
    assert!(annals.verify().await.valid);
}

pub async fn a_row_that_is_gone_comes_back(trial: Trial) {
    let annals = trial.open().await;
    many_instances(&trial, &annals).await;
    let instance = full_instance(&annals).await;
    let right = annals.instance(&instance).await;
    assert!(trial.backend.tamper(&Tampering::RemoveInstance { instance: id(&instance) }));
    let check = annals.check(false).await;
    assert_eq!(check.differences.len(), 1);
    let missing = &check.differences[0];
    assert_eq!((&*missing.instance_id, missing.column), (&*instance, "row"));
    assert!(annals.check(true).await.mended);
    assert_eq!(annals.instance(&instance).await, right);
    annals.emit_tasks(&instance, 1).await;
    assert!(annals.verify().await.valid);
}

pub async fn what_shows_that_events_are_missing_is_never_mended(trial: Trial) {
    let annals = trial.open().await;
    let whole = full_instance(&annals).await;
    let tamperings: Vec<fn(InstanceId) -> Tampering> = vec![
        |instance| Tampering::Remove { event: (instance, 5) },
        |instance| Tampering::Remove { event: (instance, 3) },
        |instance| Tampering::Head { instance, by: 1 },
        |instance| Tampering::Head { instance, by: -1 },
        |instance| Tampering::Swap { instance, numbers: (2, 3) },
        |instance| Tampering::InstanceByte { instance, column: "head_hash", byte: 7, bits: 1 },
        |event| Tampering::EventByte { event: (event, 2), column: "event_data", byte: 9, bits: 1 },
        |event| Tampering::EventByte { event: (event, 5), column: "hash", byte: 9, bits: 1 },
    ];
    let mut faults = 0;
    for tampering in tamperings {
        let instance = full_instance(&annals).await;
        assert!(trial.backend.tamper(&tampering(id(&instance))));
        faults += 1;
        let before: Instance = annals.instance(&instance).await;
        let check = annals.check(true).await;
        assert_eq!(check.unprojectable.len(), faults, "{check:?}");
        assert!(check.unprojectable.iter().any(|fault| fault.instance_id == instance));
        assert!(check.differences.is_empty() && !check.mended);
        assert_eq!(annals.instance(&instance).await, before);
        assert_eq!(annals.verify().await.faults.len(), faults);
    }
    // An instance at fault keeps no other from being mended.
    let tampering =
        Tampering::InstanceByte { instance: id(&whole), column: "project", byte: 0, bits: 1 };
    assert!(trial.backend.tamper(&tampering));
    let check = annals.check(true).await;
    assert!(check.mended && check.differences.len() == 1);
    assert_eq!(annals.instance(&whole).await.registration.project, "odin");
}

pub async fn a_row_is_mended_while_others_write_to_it(trial: Trial) {
    let annals = trial.open().await;
    let instance = full_instance(&annals).await;
    let writer = {
        let (annals, instance) = (annals.clone(), instance.clone());
        tokio::spawn(async move { annals.emit_tasks(&instance, 300).await })
    };
    let mut mended = 0;
    while !writer.is_finished() || mended == 0 {
        let tampering = Tampering::InstanceByte {
            instance: id(&instance),
            column: "project",
            byte: 0,
            bits: 1,
        };
        assert!(trial.backend.tamper(&tampering));
        match annals.service.check_registry(true, |_| {}).await {
            Ok(check) => mended += u64::from(check.mended),
            // Written to all the time. Then nothing was changed, and the next round turns the bit
            // back.
            Err(error) => assert_eq!(error.code.as_str(), "store_busy", "{error:?}"),
        }
    }
    writer.await.unwrap();
    annals.check(true).await;
    assert_eq!(annals.instance(&instance).await.registration.project, "odin");
    assert_eq!(annals.events(&instance).await.len(), 305);
    assert!(annals.verify().await.valid);
    assert!(annals.check(false).await.differences.is_empty());
}
