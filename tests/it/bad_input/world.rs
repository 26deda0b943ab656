//! The store that bad inputs meet.

use std::cell::{Cell, RefCell};

use serde_json::{Value, json};

use crate::cli_program::{Home, McpClient};

/// The event id that an event has already.
pub const USED_EVENT: &str = "0191e7a4-7c1e-7d20-9a3b-5f2b8c4d6e10";

/// A store with an open instance (three events), a closed one, and two whose handles share a part.
pub struct World {
    pub home: Home,
    pub open: String,
    pub closed: String,
    observer: RefCell<McpClient>,
    files: Cell<u32>,
}

impl World {
    pub fn new() -> Self {
        let home = Home::new();
        let open = home.register("odin");
        home.emit(&open, "epic_started", r#"{"epic_id": "epic-003"}"#);
        let data = r#"{"passed_count": 45}"#;
        let ran = home.run(&["emit", &open, "test_passed", data, "--event-id", USED_EVENT]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let closed = home.register("saga");
        assert_eq!(home.run(&["close", &closed]).code, 0);
        home.register("twin");
        home.register("twin");
        let observer = RefCell::new(McpClient::start(&home));
        Self { home, open, closed, observer, files: Cell::new(0) }
    }

    /// Everything that is stored, but for the lapses that a slow machine may bring.
    pub fn state(&self) -> Value {
        let mut observer = self.observer.borrow_mut();
        let instances = observer.answer("list_instances", &json!({}));
        let heads = instances["instances"].as_array().unwrap().iter().map(|instance| {
            let id = instance["instance_id"].as_str().unwrap();
            let all = json!({"instance_id": id, "limit": 1000});
            let events = observer.answer("query_events", &all)["events"].take();
            let told = events.as_array().unwrap().iter().cloned();
            let told = told.filter(|event| event["event_type"] != "instance_stale");
            json!([id, instance["handle"], told.collect::<Vec<_>>()])
        });
        let mut heads: Vec<Value> = heads.collect();
        heads.sort_by_key(Value::to_string);
        Value::Array(heads)
    }

    /// The text with the names of this store's instances, and with the sizes that are asked for, in
    /// place of what stands for them.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = text.replace("$open", &self.open).replace("$closed", &self.closed);
        let deep = ("\"$deep ", deep as fn(usize) -> String);
        for (mark, grow) in [deep, ("\"$long ", long), ("\"$batch ", batch)] {
            while let Some(at) = filled.find(mark) {
                let end = at + 1 + filled[at + 1..].find('"').unwrap();
                let size = filled[at + mark.len()..end].parse().unwrap();
                filled.replace_range(at..=end, &grow(size));
            }
        }
        filled
    }

    /// A file that holds `content`, as an argument.
    pub fn file(&self, content: &[u8]) -> String {
        let number = self.files.replace(self.files.get() + 1);
        let name = format!("{number}.json");
        self.home.file(&name, content);
        format!("@{name}")
    }
}

/// An object of so many levels.
fn deep(levels: usize) -> String {
    format!("{}{{}}{}", r#"{"a":"#.repeat(levels - 1), "}".repeat(levels - 1))
}

/// So many events without fault.
fn batch(events: usize) -> String {
    json!(vec![json!({"event_type": "turn_completed", "event_data": {}}); events]).to_string()
}

/// A string of so many bytes.
fn long(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes))
}
