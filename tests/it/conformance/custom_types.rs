//! Event types that users define: known everywhere at once, in versions, never at odds with what is
//! stored.

use annals::domain::error::{Code, Result};
use annals::service::{
    AddEventTypeAnswer, EventTypeAnswer, ListEventTypesRequest, RemoveEventTypeAnswer, TypeOutcome,
};
use serde_json::{Value, json};

use super::{Annals, Trial, refused, request};

/// A definition of `name` with these lines between its head and its examples.
fn definition(name: &str, middle: &str, example: &str) -> String {
    format!(
        "name = \"{name}\"\ncategory = \"testing\"\ndescription = \"A review ended.\"\n{middle}\n\
         [[examples]]\n{example}"
    )
}

/// `review` with a field `findings` of this kind.
fn review(kind: &str) -> String {
    definition("review", &format!("[fields]\nfindings = \"{kind}\""), "")
}

impl Annals {
    async fn add(&self, definition: &str) -> Result<AddEventTypeAnswer> {
        self.service.add_event_type(request(json!({"definition": definition}))).await
    }

    async fn add_version(&self, definition: &str) -> Result<AddEventTypeAnswer> {
        let asked = json!({"definition": definition, "new_version": true});
        self.service.add_event_type(request(asked)).await
    }

    async fn remove(&self, name: &str) -> Result<RemoveEventTypeAnswer> {
        self.service.remove_event_type(request(json!({"event_type": name}))).await
    }

    async fn emit_review(&self, instance: &str, findings: Value) -> Result<u64> {
        let data = json!({"findings": findings});
        let event = json!({"instance_id": instance, "event_type": "review", "event_data": data});
        Ok(self.emit(event).await?.receipt.sequence_num)
    }

    async fn event_type(&self, name: &str) -> EventTypeAnswer {
        self.service.event_type(name).await.unwrap()
    }

    async fn custom_types(&self) -> Vec<String> {
        let list = self.service.list_event_types(&ListEventTypesRequest::default()).await.unwrap();
        let custom = list.event_types.into_iter().filter(|entry| entry.custom);
        custom.map(|entry| entry.event_type).collect()
    }
}

fn told(answer: Result<AddEventTypeAnswer>) -> (u32, TypeOutcome) {
    let answer = answer.unwrap();
    (answer.version, answer.outcome)
}

pub async fn a_type_is_known_at_once_wherever_the_data_is_open(trial: Trial) {
    let (one, other) = (trial.open().await, trial.open().await);
    let instance = one.register().await;
    let error = refused(other.emit_review(&instance, json!(1)).await, Code::UnknownEventType);
    assert_eq!(error.field.as_deref(), Some("event_type"));
    for version in 1..4 {
        let added = told(one.add(&review("integer")).await);
        let outcome = if version == 1 { TypeOutcome::Added } else { TypeOutcome::Revived };
        assert_eq!(added, (version, outcome));
        other.emit_review(&instance, json!(version)).await.unwrap();
        refused(other.emit_review(&instance, json!("x")).await, Code::InvalidFieldType);
        assert_eq!(other.custom_types().await, ["review"]);
        other.remove("review").await.unwrap();
        let error = refused(one.emit_review(&instance, json!(1)).await, Code::UnknownEventType);
        assert!(error.message.contains("retired"), "{}", error.message);
        assert!(one.custom_types().await.is_empty());
    }
    assert_eq!(one.events(&instance).await.len(), 4);
}

pub async fn the_same_definition_again_changes_nothing(trial: Trial) {
    let annals = trial.open().await;
    assert_eq!(told(annals.add(&review("integer")).await), (1, TypeOutcome::Added));
    for again in [review("integer"), format!("# A remark.\n\n{}", review("integer"))] {
        assert_eq!(told(annals.add(&again).await), (1, TypeOutcome::Unchanged));
        assert_eq!(told(annals.add_version(&again).await), (1, TypeOutcome::Unchanged));
    }
    assert_eq!(annals.event_type("review").await.versions.len(), 1);
    assert!(!annals.remove("review").await.unwrap().unchanged);
    assert!(annals.remove("review").await.unwrap().unchanged);
}

pub async fn a_definition_that_stored_events_fit_is_the_next_version(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.add(&review("integer")).await.unwrap();
    annals.emit_review(&instance, json!(3)).await.unwrap();
    trial.clock.turn(1_000_000);
    assert_eq!(told(annals.add(&review("number")).await), (2, TypeOutcome::Changed));
    annals.emit_review(&instance, json!(3.5)).await.unwrap();

    let details = annals.event_type("review").await;
    assert_eq!(details.details.entry.version, Some(2));
    let kinds: Vec<_> = details
        .versions
        .iter()
        .map(|version| (version.version, version.schema["properties"]["findings"]["type"].clone()))
        .collect();
    assert_eq!(kinds, [(1, json!("integer")), (2, json!("number"))]);
    assert!(details.versions[0].valid_from < details.versions[1].valid_from);
}

pub async fn a_definition_that_stored_events_do_not_fit_needs_to_be_asked_for(trial: Trial) {
    let annals = trial.open().await;
    let (first, second) = (annals.register().await, annals.register().await);
    annals.add(&review("string")).await.unwrap();
    for (instance, findings) in [(&first, "3"), (&second, "none"), (&first, "many")] {
        trial.clock.turn(1_000);
        annals.emit_review(instance, json!(findings)).await.unwrap();
    }
    let choices = "[fields.findings]\ntype = \"string\"\nchoices = [\"3\"]";
    let narrow = definition("review", choices, "");
    let error = refused(annals.add(&narrow).await, Code::IncompatibleEventType);
    let details = error.details.unwrap();
    assert_eq!(details["misfits"], 2);
    assert_eq!(details["first_misfit"]["instance_id"], json!(second));
    assert_eq!(details["first_misfit"]["sequence_num"], 2);
    assert_eq!(details["first_misfit"]["code"], "field_out_of_range");
    assert!(error.message.starts_with("2 of 3 stored events of review"), "{}", error.message);
    annals.emit_review(&first, json!("still as before")).await.unwrap();

    assert_eq!(told(annals.add_version(&narrow).await), (2, TypeOutcome::Changed));
    refused(annals.emit_review(&first, json!("as before")).await, Code::FieldOutOfRange);
    annals.emit_review(&first, json!("3")).await.unwrap();
    let asked = json!({"instance_id": first, "filters": {"event_type": "review"}});
    assert_eq!(annals.query(asked).await.unwrap().total_count, 4);
    assert!(annals.verify().await.valid);
}

pub async fn what_did_not_fit_before_is_no_reason_to_refuse(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.add(&review("string")).await.unwrap();
    annals.emit_review(&instance, json!("many")).await.unwrap();
    refused(annals.add(&review("integer")).await, Code::IncompatibleEventType);
    annals.add_version(&review("integer")).await.unwrap();
    annals.emit_review(&instance, json!(3)).await.unwrap();
    // Fits the events of the second version; the first event was given up with the first.
    assert_eq!(told(annals.add(&review("number")).await), (3, TypeOutcome::Changed));
    let error = refused(annals.add(&review("string")).await, Code::IncompatibleEventType);
    assert_eq!(error.details.unwrap()["misfits"], 1);
    // A retired type is held to its last definition too.
    annals.remove("review").await.unwrap();
    refused(annals.add(&review("string")).await, Code::IncompatibleEventType);
    assert_eq!(told(annals.add(&review("number")).await), (4, TypeOutcome::Revived));
}

pub async fn of_many_stored_events_the_first_misfit_is_named_and_all_are_counted(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.add(&review("integer")).await.unwrap();
    for first in [0, 1_000, 2_000] {
        let event = |n| json!({"event_type": "review", "event_data": {"findings": n}});
        let events: Vec<_> = (first..first + 1_000).map(event).collect();
        annals.emit_batch(json!({"instance_id": instance, "events": events})).await.unwrap();
        trial.clock.turn(1_000);
    }
    let most = "[fields.findings]\ntype = \"integer\"\nmaximum = 1499";
    let error =
        refused(annals.add(&definition("review", most, "")).await, Code::IncompatibleEventType);
    let details = error.details.unwrap();
    assert_eq!(details["misfits"], 1_500);
    let sequence = details["first_misfit"]["sequence_num"].as_u64().unwrap();
    assert!((1_502..=2_001).contains(&sequence), "{sequence}");
    let most = most.replace("1499", "2999");
    assert_eq!(told(annals.add(&definition("review", &most, "")).await).0, 2);
}

pub async fn a_retired_type_takes_no_events_and_keeps_its_own(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.add(&review("integer")).await.unwrap();
    annals.emit_review(&instance, json!(3)).await.unwrap();
    annals.remove("review").await.unwrap();

    for filters in [
        json!({"event_type": "review"}),
        json!({"event_type": ["review", "epic_started"]}),
        json!({"category": "testing"}),
        json!({"category": "testing", "event_type": "review"}),
        json!({"keyword": "findings"}),
    ] {
        let asked = json!({"instance_id": instance, "filters": filters});
        let page = annals.query(asked).await.unwrap();
        assert_eq!(page.total_count, 1, "{filters}");
        assert_eq!(page.events[0].event_data, json!({"findings": 3}));
    }
    let asked = json!({"instance_id": instance, "filters": {"category": "git"}});
    assert_eq!(annals.query(asked).await.unwrap().total_count, 0);
    let asked = json!({"instance_id": instance, "filters": {"event_type": "reviewed"}});
    let error = refused(annals.query(asked).await, Code::UnknownEventType);
    assert_eq!(error.field.as_deref(), Some("filters.event_type"));
    let replayed = annals.replay(json!({"instance_id": instance})).await.unwrap();
    assert_eq!(replayed.events_replayed, 2);
    assert_eq!(replayed.final_state.last_event_type.as_deref(), Some("review"));
    assert!(annals.verify().await.valid);

    let details = annals.event_type("review").await;
    assert!(details.details.entry.retired);
    assert!(details.versions[0].retired_at.is_some());
    let error = refused(annals.remove("epic_started").await, Code::InvalidEventType);
    assert!(error.message.contains("built-in"), "{}", error.message);
    refused(annals.remove("nothing").await, Code::UnknownEventType);
}

pub async fn an_event_sent_again_is_answered_whatever_became_of_its_type(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.add(&review("string")).await.unwrap();
    let with_id = |id: u8, findings: &str| {
        json!({"instance_id": instance, "event_type": "review",
               "event_id": format!("0191e7a4-5b1c-7000-8000-0000000000{id:02}"),
               "event_data": {"findings": findings}})
    };
    let first = annals.emit(with_id(1, "many")).await.unwrap();
    for becomes in ["changed", "retired"] {
        match becomes {
            "changed" => drop(annals.add_version(&review("integer")).await.unwrap()),
            _ => drop(annals.remove("review").await.unwrap()),
        }
        let again = annals.emit(with_id(1, "many")).await.unwrap();
        assert!(again.receipt.duplicate, "{becomes}");
        assert_eq!(again.receipt.hash, first.receipt.hash);
        refused(annals.emit(with_id(1, "few")).await, Code::EventIdConflict);
        let code = match becomes {
            "changed" => Code::InvalidFieldType,
            _ => Code::UnknownEventType,
        };
        let error = refused(annals.emit(with_id(2, "many")).await, code);
        assert!(!error.field.unwrap().starts_with("events["));
        let mut only = with_id(3, "many");
        only.as_object_mut().unwrap().remove("instance_id");
        let batch = json!({"instance_id": instance, "events": [only]});
        let error = refused(annals.emit_batch(batch).await, code);
        assert_eq!(error.details.unwrap()["index"], 0);
    }
    assert_eq!(annals.events(&instance).await.len(), 2);
}

pub async fn a_batch_names_the_event_that_its_custom_type_refuses(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.add(&review("integer")).await.unwrap();
    let good = json!({"event_type": "review", "event_data": {"findings": 1}});
    let built_in = json!({"event_type": "task_spawned", "event_data": {"task_id": "t"}});
    let bad = json!({"event_type": "review", "event_data": {"findings": "1"}});
    let bad_with_id = json!({"event_type": "review", "event_data": {"findings": "1"},
                             "event_id": "0191e7a4-5b1c-7000-8000-000000000009"});
    let unknown = json!({"event_type": "reviev", "event_data": {}});
    for (wrong, code, field) in [
        (bad, Code::InvalidFieldType, "events[2].event_data.findings"),
        (bad_with_id, Code::InvalidFieldType, "events[2].event_data.findings"),
        (unknown, Code::UnknownEventType, "events[2].event_type"),
    ] {
        let batch = json!({"instance_id": instance, "events": [good, built_in, wrong]});
        let error = refused(annals.emit_batch(batch).await, code);
        assert_eq!(error.field.as_deref(), Some(field));
        let details = error.details.unwrap();
        assert_eq!(details["index"], 2);
        assert!(code != Code::UnknownEventType || details["nearest"] == json!(["review"]));
    }
    let batch = json!({"instance_id": instance, "events": [good, built_in, good]});
    assert_eq!(annals.emit_batch(batch).await.unwrap().head_sequence_num, 4);
}

pub async fn definitions_in_a_race_are_numbered_without_a_gap(trial: Trial) {
    let stores = [trial.open().await, trial.open().await];
    let calls: Vec<_> = (0..24)
        .map(|n| {
            let annals = stores[n % 2].clone();
            let field = format!("[fields]\nf{n} = \"integer\"");
            let definition = definition("review", &field, "");
            tokio::spawn(async move {
                loop {
                    match annals.add(&definition).await {
                        Err(error) if error.code == Code::EventTypeChanged => {}
                        answer => return answer.unwrap(),
                    }
                }
            })
        })
        .collect();
    let mut versions = Vec::new();
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!(answer.outcome == TypeOutcome::Added, answer.version == 1, "{answer:?}");
        versions.push(answer.version);
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=24).collect::<Vec<_>>());
    let stored = stores[0].event_type("review").await.versions;
    assert_eq!(stored.iter().map(|version| version.version).collect::<Vec<_>>(), versions);
    assert!(stored.is_sorted_by_key(|version| version.valid_from));
}

/// An event that fits the old definition alone, and the new definition: one of the two is refused.
pub async fn no_event_slips_past_a_definition_that_it_does_not_fit(trial: Trial) {
    let (one, other) = (trial.open().await, trial.open().await);
    let instance = one.register().await;
    let (mut events, mut definitions) = (0, 0);
    for round in 0..40 {
        let name = format!("review_{round}");
        let with = |kind: &str| definition(&name, &format!("[fields]\nfindings = \"{kind}\""), "");
        one.add(&with("string")).await.unwrap();
        let event = json!({"instance_id": instance, "event_type": name,
                           "event_data": {"findings": "many"}});
        let emitting = tokio::spawn({
            let other = other.clone();
            async move { other.emit(event).await }
        });
        let adding = tokio::spawn({
            let (one, definition) = (one.clone(), with("integer"));
            async move {
                if round % 4 == 3 {
                    tokio::time::sleep(std::time::Duration::from_micros(300)).await;
                }
                one.add(&definition).await
            }
        });
        let (emitted, added) = (emitting.await.unwrap(), adding.await.unwrap());
        match (&emitted, &added) {
            (Ok(_), Err(error)) => assert_eq!(error.code, Code::IncompatibleEventType, "{error}"),
            (Err(error), Ok(_)) => assert_eq!(error.code, Code::InvalidFieldType, "{error}"),
            both => panic!("round {round}: {both:?}"),
        }
        events += u32::from(emitted.is_ok());
        definitions += u32::from(added.is_ok());
    }
    assert_eq!(events + definitions, 40);
}

pub async fn built_in_types_are_checked_without_the_store(trial: Trial) {
    let annals = trial.open().await;
    let instance = annals.register().await;
    annals.store.close().await;
    let event = |name: &str| json!({"instance_id": instance, "event_type": name, "event_data": {}});
    refused(annals.emit(event("epic_started")).await, Code::MissingRequiredField);
    refused(annals.emit(event("review")).await, Code::StoreUnavailable);
}
