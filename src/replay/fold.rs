//! The fold: one event into the state, by one small function for each category of events. It never
//! fails: a payload that does not hold what its type promises changes nothing but the counts.

use serde_json::Value;

use super::state::{State, set};
use crate::domain::catalogue::{Catalogue, Category, EventType};
use crate::domain::event::Event;
use crate::domain::json::selection;

/// The fields that the functions below read. A long replay spends its time reading payloads, of which
/// it needs little.
pub(super) const FIELDS: &[&str] = &["current_epic", "epic_id"];

/// The event type whose payload is kept whole.
const CHECKPOINT: &str = "checkpoint_created";

/// Folds `event`, the next one of the instance, into `state`. An event of a type that is not built in
/// is counted, and no more: the state follows from the events alone, while what a custom type is can
/// change in the store.
pub fn fold(state: &mut State, event: &Event) {
    state.total_events_replayed += 1;
    state.last_event_type = Some(event.event_type.clone());
    state.latest_timestamp = Some(event.timestamp);
    let Some(event_type) = Catalogue::builtin().get(&event.event_type) else { return };
    let whole = event.event_type == CHECKPOINT;
    let wanted = |name: &str| whole || FIELDS.contains(&name);
    let Ok(data) = selection(&event.event_data.text, wanted) else { return };
    let fact = Fact { event, event_type, data: Value::Object(data) };
    match event_type.category {
        Category::Instance => instance(state, &fact),
        Category::Epic => epic(state, &fact),
        Category::Testing => testing(state, &fact),
        Category::Git => git(state, &fact),
        Category::Deployment => deployment(state, &fact),
        Category::WorkState => work_state(state, &fact),
        Category::Planning => planning(state, &fact),
    }
}

/// An event with what its type and payload say.
struct Fact<'a> {
    event: &'a Event,
    event_type: &'a EventType,
    data: Value,
}

impl Fact<'_> {
    /// A text field, read through its aliases.
    fn text(&self, field: &str) -> Option<String> {
        self.event_type.field(&self.data, field)?.as_str().map(str::to_owned)
    }

    /// Notes the epic that `field` names as the one worked on.
    fn works_on(&self, state: &mut State, field: &str) {
        if let Some(epic) = self.text(field) {
            set(&mut state.last_epic, epic, self.event.effective_at());
        }
    }
}

fn instance(state: &mut State, fact: &Fact<'_>) {
    fact.works_on(state, "current_epic");
}

fn epic(state: &mut State, fact: &Fact<'_>) {
    fact.works_on(state, "epic_id");
}

fn testing(state: &mut State, fact: &Fact<'_>) {
    fact.works_on(state, "epic_id");
}

fn git(state: &mut State, fact: &Fact<'_>) {
    fact.works_on(state, "epic_id");
}

fn deployment(state: &mut State, fact: &Fact<'_>) {
    fact.works_on(state, "epic_id");
}

fn work_state(state: &mut State, fact: &Fact<'_>) {
    fact.works_on(state, "epic_id");
    fact.works_on(state, "current_epic");
    if fact.event.event_type == CHECKPOINT
        && let Value::Object(checkpoint) = &fact.data
    {
        set(&mut state.checkpoint_state, checkpoint.clone(), fact.event.effective_at());
    }
}

/// An epic that is planned, or a feature that is requested, is not worked on yet.
fn planning(state: &mut State, fact: &Fact<'_>) {
    if !matches!(
        fact.event.event_type.as_str(),
        "epic_planned" | "feature_requested" | "prd_updated"
    ) {
        fact.works_on(state, "epic_id");
    }
}
