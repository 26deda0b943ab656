//! The MCP Inspector, on the command line, drives the real program.

use std::process::Command;

use serde_json::{Value, json};

use crate::cli_program::{Home, Served};
use crate::mcp_schemas::NAMES;
use crate::node;

const LAUNCHER: &str = "@modelcontextprotocol/inspector/clients/launcher/build/index.js";

/// The Inspector's exit code when a tool's result has `isError`.
const REFUSED: i32 = 5;

struct Inspector<'a> {
    home: &'a Home,
    /// The address of a server; none where the Inspector is to start one over stdio.
    url: Option<String>,
    era: &'a str,
}

impl Inspector<'_> {
    fn command(&self, method: &[&str]) -> Command {
        let mut command = node::package(self.home, LAUNCHER);
        command.args(["--cli", "--format", "json", "--protocol-era", self.era]);
        match &self.url {
            Some(url) => command.args(["--server-url", url]),
            None => command.args([env!("CARGO_BIN_EXE_annals"), "mcp"]),
        };
        command.arg("--method").args(method);
        command
    }

    /// The result of a method, after which the Inspector must exit with `code`.
    fn result(&self, method: &[&str], code: i32) -> Value {
        let output = self.command(method).output().unwrap();
        let printed = || format!("{} {method:?}: {}", self.era, node::printed(&output));
        assert_eq!(output.status.code(), Some(code), "{}", printed());
        if code == 0 {
            let told = String::from_utf8_lossy(&output.stderr);
            let is_news = |line: &str| !line.is_empty() && !line.starts_with("made a new store: ");
            assert!(!told.lines().any(is_news), "{}", printed());
        }
        let answer: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", printed()));
        answer["result"].clone()
    }

    fn names(&self, method: &[&str], list: &str, name: &str) -> Vec<String> {
        let result = self.result(method, 0);
        let items = result[list].as_array().unwrap_or_else(|| panic!("{result}"));
        items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
    }

    fn call(&self, tool: &str, arguments: &Value, code: i32) -> Value {
        let (tool, arguments) = (format!("mcp_meta_{tool}"), arguments.to_string());
        let method = ["tools/call", "--tool-name", &tool, "--tool-args-json", &arguments];
        let result = self.result(&method, code);
        assert_eq!(result["isError"] == true, code == REFUSED, "{result}");
        result["structuredContent"].clone()
    }

    fn drive(&self) {
        // Strict: no schema that the Inspector knows some client to stumble over.
        assert_eq!(self.names(&["tools/list", "--strict"], "tools", "name"), NAMES);

        let instance = self.call("register_instance", &json!({"project": "odin"}), 0);
        let event = json!({
            "instance_id": instance["handle"], "event_type": "epic_started",
            "event_data": {"epic_id": "epic-003"}, "expected_sequence_num": 1
        });
        assert_eq!(self.call("emit_event", &event, 0)["sequence_num"], 2);
        let refusal = self.call("emit_event", &event, REFUSED);
        assert_eq!(refusal["code"], "sequence_conflict");
        let asked = json!({"instance_id": instance["instance_id"]});
        assert_eq!(self.call("query_events", &asked, 0)["total_count"], 2);

        let uris = self.names(&["resources/list"], "resources", "uri");
        let uri = format!("annals://instances/{}", instance["handle"].as_str().unwrap());
        assert_eq!(uris, ["annals://instances", "annals://types", &uri]);
        let read = self.result(&["resources/read", "--uri", &uri], 0);
        assert_eq!(read["contents"][0]["uri"], uri);
        let templates =
            self.names(&["resources/templates/list"], "resourceTemplates", "uriTemplate");
        assert!(templates.contains(&"annals://types/{type}".to_owned()), "{templates:?}");
        assert_eq!(self.names(&["prompts/list"], "prompts", "name"), ["resume"]);
        let prompt = self.result(&["prompts/get", "--prompt-name", "resume"], 0);
        assert_eq!(prompt["messages"].as_array().map(Vec::len), Some(1));
    }
}

fn over_stdio(era: &str) {
    Inspector { home: &Home::new(), url: None, era }.drive();
}

fn over_http(era: &str) {
    let home = Home::new();
    let served = Served::start(&home, &[]);
    let url = Some(format!("http://{}/mcp", served.address));
    Inspector { home: &home, url, era }.drive();
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn the_inspector_over_stdio_with_protocol_2026_07_28() {
    over_stdio("modern");
}

#[test]
fn the_inspector_over_stdio_with_protocol_2025_11_25() {
    over_stdio("legacy");
}

#[test]
fn the_inspector_over_http_with_protocol_2026_07_28() {
    over_http("modern");
}

#[test]
fn the_inspector_over_http_with_protocol_2025_11_25() {
    over_http("legacy");
}
