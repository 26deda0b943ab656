//! The table of bad inputs, in `cases.json`: a tool call, and the refusal that it must get.
//!
//! In the arguments, `$open` and `$closed` stand for instances, `"$deep N"` for an object of N
//! levels, `"$long N"` for a string of N bytes and `"$batch N"` for an array of N good events.

use annals::domain::error::{Class, Code};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::world::World;

/// A bad input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub tool: String,
    pub arguments: Value,
    pub code: String,
    pub field: String,
    /// What else the refusal says.
    #[serde(default)]
    pub facts: Map<String, Value>,
    /// The one interface that it is for, where it is not for all: `MCP` or `command line`.
    only: Option<String>,
    /// Where the command line refuses it before it is a request: how it names the argument.
    pub usage: Option<String>,
    /// Whether MCP refuses it before it is a call.
    #[serde(default)]
    pub message_fault: bool,
}

impl Case {
    /// Whether the case is for this interface.
    pub fn is_for(&self, interface: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == interface)
    }

    /// What the command line must exit with.
    pub fn exit_code(&self) -> i32 {
        let code = Code::ALL.iter().find(|code| code.as_str() == self.code).expect("a known code");
        match code.class() {
            _ if self.usage.is_some() => 2,
            Class::Failed => 1,
            Class::NotFound => 3,
            Class::Conflict => 4,
            Class::Invalid => 5,
            Class::Unavailable => 6,
        }
    }

    /// The case as a JSON-RPC message.
    pub fn message(&self, world: &World) -> Vec<u8> {
        let (tool, arguments) = (&self.tool, world.fill(&self.arguments.to_string()));
        let params = format!(r#"{{"name":"mcp_meta_{tool}","arguments":{arguments}}}"#);
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{params}}}"#)
            .into_bytes()
    }
}

/// All bad inputs.
pub fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("cases.json")).expect("the table can be read")
}
