//! The program under faults of the disk, of its files and of its neighbours: what was acknowledged is
//! there, nothing is half stored, refusals say what to do, and service goes on when the cause is gone.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli_program::{Home, McpClient, Served, wait};

mod full_disk;
mod moved;
#[cfg(target_os = "linux")]
mod permissions;
mod places;
mod servers;

/// A store in use: `annals serve` and `annals mcp` have it open, and one instance is registered.
pub struct Site {
    pub served: Served,
    mcp: RefCell<McpClient>,
    pub instance: String,
    /// The ids of the events that were acknowledged, in order.
    told: RefCell<Vec<String>>,
    pub home: Home,
}

impl Site {
    pub fn new() -> Self {
        Self::on(Home::new())
    }

    pub fn on(home: Home) -> Self {
        let instance = home.register("odin");
        let served = Served::start(&home, &[]);
        let mcp = RefCell::new(McpClient::start(&home));
        let site = Self { served, mcp, instance, told: RefCell::default(), home };
        site.goes_on();
        site
    }

    pub fn store(&self) -> PathBuf {
        self.home.default_store()
    }

    /// A file beside the store's, such as its log, `-wal`.
    pub fn beside(&self, suffix: &str) -> PathBuf {
        beside(&self.store(), suffix)
    }

    /// Emits over HTTP; gives the refusal, if it is one.
    pub fn emit_over_http(&self) -> Result<(), Value> {
        self.note(self.served.call("emit_event", &self.event()))
    }

    /// Emits over stdio; gives the refusal, if it is one.
    pub fn emit_over_stdio(&self) -> Result<(), Value> {
        let answer = self.mcp.borrow_mut().call("emit_event", &self.event());
        self.note(answer)
    }

    pub fn query_over_http(&self) -> Result<Value, Value> {
        split(self.served.call("query_events", &json!({"instance_id": self.instance})))
    }

    /// Emits so many events of so many bytes over HTTP, whole or not at all.
    pub fn emit_batch(&self, count: usize, bytes: usize) -> Result<(), Value> {
        let data = json!({"text": "x".repeat(bytes)});
        let event = json!({"event_type": "turn_completed", "event_data": data});
        let events = vec![event; count];
        let batch = json!({"instance_id": self.instance, "events": events});
        let content = split(self.served.call("emit_events", &batch))?;
        let told = content["events"].as_array().unwrap().iter().map(|event| id(event).to_owned());
        self.told.borrow_mut().extend(told);
        Ok(())
    }

    pub fn emit_on_the_command_line(&self) {
        let answer = self.home.json(&["emit", &self.instance, "turn_completed", "{}"]);
        self.note((answer, false)).unwrap();
    }

    fn event(&self) -> Value {
        json!({"instance_id": self.instance, "event_type": "turn_completed", "event_data": {}})
    }

    fn note(&self, answer: (Value, bool)) -> Result<(), Value> {
        let content = split(answer)?;
        self.told.borrow_mut().push(content["event_id"].as_str().unwrap().to_owned());
        Ok(())
    }

    /// Records what is in the log alone: servers move it into the file later.
    pub fn fills_the_log(&self) {
        for _ in 0..10 {
            self.emit_over_http().unwrap();
            self.emit_over_stdio().unwrap();
        }
        assert!(std::fs::metadata(self.beside("-wal")).unwrap().len() > 0);
    }

    /// Both servers and the command line take events, and what was told is there.
    pub fn goes_on(&self) {
        self.emit_over_http().unwrap();
        self.emit_over_stdio().unwrap();
        self.emit_over_http().unwrap();
        self.emit_on_the_command_line();
        self.query_over_http().unwrap();
        self.keeps_its_word();
    }

    /// Kills both servers.
    pub fn kill(&mut self) {
        self.served.child.kill().unwrap();
        wait(&mut self.served.child);
        self.mcp.borrow_mut().kill();
    }

    /// Stops both servers in good order.
    pub fn stop(&mut self) {
        self.served.terminate();
        assert_eq!(wait(&mut self.served.child), Some(0));
        self.mcp.borrow_mut().end();
    }

    /// Starts both servers again.
    pub fn serve_again(&mut self) {
        self.served = Served::start(&self.home, &[]);
        self.mcp = RefCell::new(McpClient::start(&self.home));
    }

    /// Everything that was acknowledged is there, in order and without anything else, and every chain is
    /// whole; as a further process sees it.
    pub fn keeps_its_word(&self) {
        let query =
            ["query", &self.instance, "-t", "turn_completed", "--order", "asc", "-n", "1000"];
        let page = self.home.json(&query);
        let ids: Vec<&str> = page["events"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(ids, *self.told.borrow());
        assert_eq!(self.home.json(&["verify"])["valid"], true);
    }

    /// Ends the servers; what was told is there after that too.
    pub fn end(mut self) {
        self.keeps_its_word();
        self.stop();
        self.keeps_its_word();
    }
}

fn id(event: &Value) -> &str {
    event["event_id"].as_str().unwrap()
}

fn split((content, is_refusal): (Value, bool)) -> Result<Value, Value> {
    if is_refusal { Err(content) } else { Ok(content) }
}

/// The refusal has this code and says what to do; one of an emit names the ids to send it again with.
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Value>, code: &str) -> Value {
    let refusal = answer.unwrap_err();
    assert_eq!(refusal["code"], code, "{refusal}");
    assert!(!refusal["hint"].as_str().unwrap().is_empty(), "{refusal}");
    refusal
}

pub fn beside(store: &Path, suffix: &str) -> PathBuf {
    let mut path = store.to_owned().into_os_string();
    path.push(suffix);
    path.into()
}
