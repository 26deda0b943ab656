//! The registry: instances are found by id, by handle and by any part of a handle that only one has,
//! and listed page by page.

use std::collections::HashSet;

use annals::domain::error::Code;
use annals::domain::ids::{EventId, InstanceId};
use annals::domain::time::SECOND;
use annals::service::{ListInstancesAnswer, RegisterAnswer};
use serde_json::{Value, json};

use super::{Annals, Trial, refused, request, task};

/// Registers an instance whose id ends in these digits.
async fn register_as(annals: &Annals, project: &str, digits: &str) -> RegisterAnswer {
    let start = EventId::generate().0.simple().to_string();
    let id = format!("{}{digits}", &start[..32 - digits.len()]);
    let id = InstanceId(uuid::Uuid::parse_str(&id).unwrap());
    annals.service.register_as(id, request(json!({"project": project}))).await.unwrap()
}

/// The instance that a query with this hint finds.
async fn found(annals: &Annals, hint: &str) -> String {
    let details = annals.service.details(request(json!({"instance_id": hint}))).await;
    let details = details.unwrap_or_else(|error| panic!("{hint}: {error}"));
    details.instance.instance_id
}

pub async fn an_instance_is_found_by_id_handle_and_part(trial: Trial) {
    let annals = trial.open().await;
    let odin = register_as(&annals, "odin", "8f4a2b").await;
    let thor = register_as(&annals, "thor", "8f4a2c").await;
    assert_eq!(odin.handle, "odin-PS-8f4a2b");
    let id = &odin.instance_id;
    let hints = [
        id.clone(),
        id.to_uppercase(),
        id.replace('-', ""),
        format!("  {id} "),
        odin.handle.clone(),
        odin.handle.to_uppercase(),
        " odin-PS-8f4a2b\n".into(),
        "odin".into(),
        "8F4A2B".into(),
        "n-ps-8".into(),
    ];
    for hint in hints {
        assert_eq!(found(&annals, &hint).await, odin.instance_id, "{hint:?}");
    }
    assert_eq!(found(&annals, "8f4a2c").await, thor.instance_id);
    for hint in ["loki", "%", "_", "odin%", "odin-PS-8f4a2bb", "odin PS", "*", "\u{0}", "'"] {
        let asked = json!({"instance_id": hint});
        let error = refused(annals.service.details(request(asked)).await, Code::InstanceNotFound);
        assert_eq!(error.field.as_deref(), Some("instance_id"));
    }
    for hint in ["", "  "] {
        refused(annals.query(json!({"instance_id": hint})).await, Code::InvalidArgument);
        refused(annals.emit(task(hint, "t")).await, Code::InvalidArgument);
    }
}

pub async fn a_hint_that_fits_several_names_them(trial: Trial) {
    let annals = trial.open().await;
    let one = register_as(&annals, "odin", "8f4a2b").await;
    let other = register_as(&annals, "odin", "8f4a2c").await;
    let before = annals.events(&one.instance_id).await;
    let named = json!({"instance_id": "8f4a2"});
    for error in [
        refused(annals.emit(task("8f4a2", "t")).await, Code::AmbiguousInstance),
        refused(annals.query(named.clone()).await, Code::AmbiguousInstance),
        refused(annals.replay(named.clone()).await, Code::AmbiguousInstance),
        refused(annals.service.details(request(named.clone())).await, Code::AmbiguousInstance),
        refused(annals.service.close_instance(request(named)).await, Code::AmbiguousInstance),
    ] {
        assert_eq!(error.field.as_deref(), Some("instance_id"));
        assert!(error.message.contains(&one.handle) && error.message.contains(&other.handle));
        let matches = error.details.unwrap()["matches"].clone();
        let ids: HashSet<&str> = matches
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|found| found["instance_id"].as_str())
            .collect();
        assert_eq!(ids, HashSet::from([&one.instance_id[..], &other.instance_id[..]]));
    }
    assert_eq!(annals.events(&one.instance_id).await, before);
}

pub async fn a_whole_handle_is_itself_though_others_contain_it(trial: Trial) {
    let annals = trial.open().await;
    let long = register_as(&annals, "plugin", "8f4a2b").await;
    let short = register_as(&annals, "in", "8f4a2b").await;
    assert!(long.handle.contains(&short.handle));
    for hint in [short.handle.clone(), short.handle.to_lowercase(), short.handle.to_uppercase()] {
        assert_eq!(found(&annals, &hint).await, short.instance_id, "{hint}");
    }
    assert_eq!(found(&annals, "plugin").await, long.instance_id);
}

pub async fn handles_that_would_be_equal_are_lengthened(trial: Trial) {
    let annals = trial.open().await;
    let mut handles = HashSet::new();
    for digits in ["8f4a2b", "18f4a2b", "118f4a2b", "1118f4a2b", "218f4a2b", "0018f4a2b"] {
        let registered = register_as(&annals, "odin", digits).await;
        assert!(registered.handle.starts_with("odin-PS-"));
        assert!(registered.handle.ends_with("8f4a2b"), "{}", registered.handle);
        assert!(handles.insert(registered.handle.clone()), "{} twice", registered.handle);
        assert_eq!(found(&annals, &registered.handle).await, registered.instance_id);
        assert_eq!(
            annals.instance(&registered.instance_id).await.registration.handle,
            registered.handle
        );
    }
    let other = register_as(&annals, "thor", "8f4a2b").await;
    assert_eq!(other.handle, "thor-PS-8f4a2b", "other projects are not in the way");
}

pub async fn a_handle_serves_in_every_call(trial: Trial) {
    let annals = trial.open().await;
    let handle = register_as(&annals, "odin", "8f4a2b").await.handle;
    let named = json!({"instance_id": handle});
    annals.emit(task(&handle, "t")).await.unwrap();
    let events = json!([{"event_type": "turn_completed", "event_data": {}}]);
    annals.emit_batch(json!({"instance_id": handle, "events": events})).await.unwrap();
    annals.service.heartbeat(request(named.clone())).await.unwrap();
    assert_eq!(annals.query(named.clone()).await.unwrap().total_count, 4);
    assert_eq!(annals.replay(named.clone()).await.unwrap().events_replayed, 4);
    let verified = annals.service.verify(request(named.clone()), |_| {}).await.unwrap();
    assert_eq!(verified.events_checked, 4);
    assert_eq!(
        annals.service.details(request(named.clone())).await.unwrap().instance.last_sequence,
        4
    );
    annals.service.close_instance(request(named)).await.unwrap();
}

pub async fn an_unknown_instance_is_not_found_by_any_call(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    for unknown in [EventId::generate().to_string(), "nobody".to_owned()] {
        let named = json!({"instance_id": unknown});
        let events = json!([{"event_type": "turn_completed", "event_data": {}}]);
        let batch = json!({"instance_id": unknown, "events": events});
        for error in [
            refused(annals.emit(task(&unknown, "t")).await, Code::InstanceNotFound),
            refused(annals.emit_batch(batch).await, Code::InstanceNotFound),
            refused(annals.query(named.clone()).await, Code::InstanceNotFound),
            refused(annals.replay(named.clone()).await, Code::InstanceNotFound),
            refused(annals.service.heartbeat(request(named.clone())).await, Code::InstanceNotFound),
            refused(annals.service.details(request(named.clone())).await, Code::InstanceNotFound),
            refused(
                annals.service.verify(request(named.clone()), |_| {}).await,
                Code::InstanceNotFound,
            ),
            refused(annals.service.close_instance(request(named)).await, Code::InstanceNotFound),
        ] {
            assert_eq!(error.field.as_deref(), Some("instance_id"));
            assert!(error.message.contains(&unknown), "{error}");
        }
    }
    let all = annals.service.list_instances(request(json!({}))).await.unwrap();
    assert_eq!((all.total_count, &all.instances[0].instance_id), (1, &instance));
}

async fn list(annals: &Annals, asked: Value) -> ListInstancesAnswer {
    annals.service.list_instances(request(asked)).await.unwrap()
}

pub async fn pages_of_a_listing_show_every_instance_once(trial: Trial) {
    let annals = trial.open().await;
    let mut lives = Vec::new();
    for n in 0..23 {
        let project = if n % 3 == 0 { "odin" } else { "thor" };
        let answer = annals.service.register(request(json!({"project": project}))).await.unwrap();
        lives.push(answer.instance_id);
        // Some have the same life.
        if n % 4 == 0 {
            trial.clock.turn(SECOND);
        }
    }
    for (filter, count) in
        [(json!({}), 23), (json!({"project": "odin"}), 8), (json!({"project": "o"}), 0)]
    {
        for limit in [1, 2, 7, 8, 22, 23, 24, 1_000] {
            let mut asked = filter.clone();
            asked["limit"] = limit.into();
            let mut seen = Vec::new();
            loop {
                let page = list(&annals, asked.clone()).await;
                assert_eq!(page.total_count, count);
                assert!(page.instances.len() <= limit);
                assert_eq!(page.has_more, page.next_cursor.is_some());
                seen.extend(page.instances);
                let Some(cursor) = page.next_cursor else { break };
                asked["cursor"] = cursor.into();
            }
            assert_eq!(seen.len() as u64, count);
            assert!(seen.is_sorted_by_key(|seen| std::cmp::Reverse(seen.last_heartbeat)));
            let ids: HashSet<_> = seen.iter().map(|seen| &seen.instance_id).collect();
            assert_eq!(ids.len() as u64, count);
        }
    }
    trial.clock.turn(SECOND);
    annals.emit(task(&lives[4], "t")).await.unwrap();
    let newest = list(&annals, json!({"limit": 1})).await;
    assert_eq!(newest.instances[0].instance_id, lives[4]);
    let cursors = ["", "x", "1.2", ".", "zz.0191e7a47c1e7d209a3b5f2b8c4d6e10"];
    for cursor in cursors {
        let asked = request(json!({"cursor": cursor}));
        let error = refused(annals.service.list_instances(asked).await, Code::InvalidArgument);
        assert_eq!(error.field.as_deref(), Some("cursor"));
    }
}

pub async fn details_show_the_state_and_the_last_events(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    let details = annals.service.details(request(json!({"instance_id": instance}))).await.unwrap();
    assert_eq!(details.last_events.len(), 1);
    annals.emit_tasks(&instance, 30).await;
    let details = annals.service.details(request(json!({"instance_id": instance}))).await.unwrap();
    let numbers: Vec<u64> = details.last_events.iter().map(|event| event.sequence_num).collect();
    assert_eq!(numbers, (22..=31).rev().collect::<Vec<_>>());
    assert_eq!(details.instance.last_sequence, 31);
    assert_eq!(details.state.total_events_replayed, 31);
}
