//! The load: events as agents record them, made of the catalogue's own examples and filled up to
//! about 430 bytes of data and 75 of metadata.

use annals::domain::catalogue::Catalogue;
use annals::domain::event::{NewEvent, Payload, TypeCheck};
use annals::domain::ids::EventId;
use annals::domain::json::normal_text;
use annals::service::EmitRequest;
use serde_json::{Map, Value, json};

use super::random::Random;

/// Event types and how many of a hundred events have them.
const MIX: &[(&str, u64)] = &[
    ("command_logged", 45),
    ("turn_completed", 12),
    ("prompt_submitted", 8),
    ("test_passed", 8),
    ("commit_created", 7),
    ("task_completed", 5),
    ("test_failed", 4),
    ("task_spawned", 4),
    ("validation_passed", 2),
    ("epic_started", 1),
    ("epic_completed", 1),
    ("deployment_completed", 1),
    ("checkpoint_created", 1),
    ("pr_merged", 1),
];

const WORDS: &[&str] = &[
    "refresh",
    "token",
    "rotates",
    "after",
    "every",
    "use",
    "migration",
    "adds",
    "an",
    "index",
    "for",
    "the",
    "session",
    "table",
    "retry",
    "with",
    "backoff",
    "when",
    "server",
    "answers",
    "slowly",
    "test",
    "covers",
    "logout",
    "on",
    "all",
    "devices",
    "review",
    "found",
    "a",
    "race",
    "between",
    "reader",
    "and",
    "writer",
    "deploy",
    "to",
    "staging",
    "passed",
    "health",
    "check",
];

const AGENTS: &[&str] = &["claude-code", "codex", "gemini-cli", "opencode", "cursor"];
const TAGS: &[&str] = &["ci", "auth", "api", "docs", "storage", "release"];

/// What an event says.
#[derive(Clone)]
pub struct Fact {
    pub event_type: &'static str,
    pub event_data: Value,
    pub metadata: Value,
}

/// An endless supply of facts.
pub struct Traffic {
    random: Random,
    /// An example of each type of [`MIX`], the fullest that the catalogue has.
    examples: Vec<Map<String, Value>>,
}

impl Traffic {
    pub fn new(seed: u64) -> Self {
        let examples = MIX.iter().map(|(name, _)| {
            let event_type = Catalogue::builtin().get(name).expect("a type of the catalogue");
            event_type.example_values().last().expect("every type has an example")
        });
        Self { random: Random::new(seed), examples: examples.collect() }
    }

    pub fn fact(&mut self) -> Fact {
        let drawn = self.random.below(MIX.iter().map(|(_, weight)| weight).sum());
        let mut passed = 0;
        let at = MIX.iter().position(|(_, weight)| {
            passed += weight;
            drawn < passed
        });
        let at = at.expect("a number below the sum of the weights");
        let mut data = self.examples[at].clone();
        if let Some(epic) = data.get_mut("epic_id") {
            *epic = format!("epic-{:03}", self.random.below(1_000)).into();
        }
        self.fill(&mut data);
        Fact {
            event_type: MIX[at].0,
            event_data: Value::Object(data),
            metadata: json!({
                "agent": self.random.pick(AGENTS),
                "session": format!("s-{:016x}", self.random.next()),
                "tags": [self.random.pick(TAGS)],
            }),
        }
    }

    /// Fills up to between 330 and 530 bytes; catalogues accept further fields.
    fn fill(&mut self, data: &mut Map<String, Value>) {
        let size = usize::try_from(330 + self.random.below(200)).expect("a small number");
        let room = size.saturating_sub(normal_text(&Value::Object(data.clone())).len() + 11);
        let mut notes = String::new();
        while notes.len() < room {
            notes.push_str(self.random.pick(WORDS));
            notes.push(' ');
        }
        data.insert("notes".into(), notes.trim_end().into());
    }

    /// A call to record a fact for one of `instances`, each as likely as the next.
    pub fn request(&mut self, instances: &[String]) -> EmitRequest {
        let instance_id = instances[self.random.index(instances.len())].clone();
        self.request_for(instance_id)
    }

    pub fn request_for(&mut self, instance_id: String) -> EmitRequest {
        let fact = self.fact();
        EmitRequest {
            instance_id,
            event_type: fact.event_type.into(),
            event_data: fact.event_data,
            metadata: Some(fact.metadata),
            event_id: None,
            expected_sequence_num: None,
            occurred_at: None,
            caused_by: None,
            correlation_id: None,
        }
    }

    pub fn requests(&mut self, count: usize, instances: &[String]) -> Vec<EmitRequest> {
        (0..count).map(|_| self.request(instances)).collect()
    }

    /// A fact as the store takes it.
    pub fn new_event(&mut self, event_id: EventId) -> NewEvent {
        let fact = self.fact();
        NewEvent {
            event_id,
            id_given: false,
            event_type: fact.event_type.into(),
            event_data: self.payload(&fact.event_data),
            metadata: Some(self.payload(&fact.metadata)),
            occurred_at: None,
            caused_by: None,
            correlation_id: None,
            type_check: TypeCheck::Fits,
        }
    }

    fn payload(&mut self, value: &Value) -> Payload {
        Payload { text: normal_text(value), salt: self.random.bytes() }
    }
}
