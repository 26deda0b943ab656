//! `annals serve` and `annals mcp` as processes.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli_program::{Home, Served, post, tool_call, tool_result, wait};

#[test]
fn the_greeting_says_where_it_listens_where_the_data_is_and_how_to_connect() {
    let home = Home::new();
    let store = format!("data in sqlite:{}", home.default_store().display());
    let first = Served::start(&home, &[]);
    assert_eq!(first.greeting[1], format!("{store} (a new store)"));
    assert_eq!(first.stop(), Some(0));
    let served = Served::start(&home, &[]);
    let address = &served.address;
    assert!(address.starts_with("127.0.0.1:") && !address.ends_with(":0"), "{address}");
    assert_eq!(
        served.greeting,
        [
            format!("listening on http://{address}"),
            store,
            "connect Claude Code:".to_owned(),
            format!("  claude mcp add --transport http annals http://{address}/mcp"),
        ]
    );
    let (answer, is_refusal) = served.call("list_instances", &json!({}));
    assert!(!is_refusal, "{answer}");
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn a_port_in_use_is_refused_before_the_store_is_touched() {
    let home = Home::new();
    let served = Served::start(&home, &["--store", "sqlite:one.db"]);
    let arguments = ["serve", "--listen", &served.address, "--store", "sqlite:two.db"];
    let ran = home.run(&arguments);
    assert_eq!((ran.code, ran.stdout.as_str()), (5, ""), "{ran:?}");
    let port: u16 = served.address.rsplit(':').next().unwrap().parse().unwrap();
    let told =
        format!("error: port {port} is in use: another program listens on {}", served.address);
    assert!(ran.stderr.starts_with(&told), "{ran:?}");
    assert!(ran.stderr.contains("--listen 127.0.0.1:"), "{ran:?}");
    assert!(!home.work().join("two.db").exists());
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn only_this_machine_is_listened_on() {
    let home = Home::new();
    for address in ["0.0.0.0:0", "[::]:0", "nonsense"] {
        let ran = home.run(&["serve", "--listen", address, "--json"]);
        assert_eq!((ran.code, &ran.json()["field"]), (5, &json!("listen")), "{ran:?}");
    }
}

/// Emits events of its own ids on connections of its own until the server takes no more; gives the
/// ids that were acknowledged and how many calls got no answer.
fn emit_until_refused(address: &str, instance: &str) -> (Vec<String>, usize) {
    let (mut acknowledged, mut unanswered) = (Vec::new(), 0);
    loop {
        let event_id = Uuid::now_v7().to_string();
        let arguments = json!({
            "instance_id": instance, "event_type": "turn_completed", "event_data": {},
            "event_id": event_id
        });
        match post(address, &tool_call("emit_event", &arguments)) {
            Ok((_, answer)) => {
                let (content, is_refusal) = tool_result(&answer);
                assert!(!is_refusal, "{content}");
                acknowledged.push(event_id);
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                return (acknowledged, unanswered);
            }
            // The connection waited for the server to take it when the server ended.
            Err(_) => unanswered += 1,
        }
    }
}

fn events_of(home: &Home, instance: &str, event_type: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let offset = all.len().to_string();
        let page = home.json(&[
            "query", instance, "--type", event_type, "--order", "asc", "--limit", "1000",
            "--offset", &offset,
        ]);
        all.extend(page["events"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return all;
        }
    }
}

fn ids(events: &[Value]) -> HashSet<String> {
    events.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_signal_to_stop_leaves_no_call_unanswered_and_no_acknowledged_event_behind() {
    let home = Home::new();
    let instance = home.register("odin");
    let served = Served::start(&home, &[]);
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let (address, instance) = (served.address.clone(), instance.clone());
            thread::spawn(move || emit_until_refused(&address, &instance))
        })
        .collect();
    thread::sleep(Duration::from_millis(700));
    assert_eq!(served.stop(), Some(0));
    let results: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    let acknowledged: HashSet<String> = results.iter().flat_map(|(ids, _)| ids.clone()).collect();
    assert!(results.iter().all(|(ids, _)| !ids.is_empty()), "everyone was served");
    let stored = ids(&events_of(&home, &instance, "turn_completed"));
    // A call without an answer was not carried out either: it never reached the server.
    assert_eq!(stored, acknowledged);
    assert_eq!(home.json(&["verify"])["valid"], true);
}

#[test]
fn mcp_over_stdio_answers_what_it_took_before_a_signal_or_the_end_of_input() {
    for signal in [true, false] {
        let home = Home::new();
        let instance = home.register("odin");
        let mut child = home.command(&["mcp"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let target = instance.clone();
        let writer = thread::spawn(move || {
            for id in 0..400 {
                let arguments = json!({
                    "instance_id": target, "event_type": "turn_completed", "event_data": {"n": id}
                });
                let message = json!({
                    "jsonrpc": "2.0", "id": id, "method": "tools/call",
                    "params": {"name": "mcp_meta_emit_event", "arguments": arguments}
                });
                if writeln!(input, "{message}").is_err() {
                    break; // the server reads no more
                }
            }
        });
        let pid = child.id().to_string();
        let mut answered = HashSet::new();
        for (index, line) in output.lines().enumerate() {
            let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let (content, is_refusal) = tool_result(&answer);
            assert!(!is_refusal, "{content}");
            answered.insert(content["event_id"].as_str().unwrap().to_owned());
            if signal && index == 20 {
                let killed = std::process::Command::new("kill").args(["-TERM", &pid]).status();
                assert!(killed.unwrap().success());
            }
        }
        assert_eq!(wait(&mut child), Some(0));
        writer.join().unwrap();
        if !signal {
            assert_eq!(answered.len(), 400, "all were read");
        }
        assert_eq!(ids(&events_of(&home, &instance, "turn_completed")), answered);
    }
}

#[test]
fn two_servers_on_one_file_number_the_events_of_one_instance_together() {
    const EACH: usize = 60;
    let home = Home::new();
    let instance = Arc::new(home.register("odin"));
    let servers = [Served::start(&home, &[]), Served::start(&home, &[])];
    let clients: Vec<_> = (0..6)
        .map(|client| {
            let address = servers[client % 2].address.clone();
            let instance = Arc::clone(&instance);
            thread::spawn(move || {
                for n in 0..EACH {
                    let data = json!({"client": client, "n": n});
                    let arguments = json!({
                        "instance_id": *instance, "event_type": "turn_completed", "event_data": data
                    });
                    let message = tool_call("emit_event", &arguments);
                    let (content, is_refusal) = tool_result(&post(&address, &message).unwrap().1);
                    assert!(!is_refusal, "{content}");
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    let events = events_of(&home, &instance, "turn_completed");
    assert_eq!(events.len(), 6 * EACH);
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_num"], index + 2);
    }
    for client in 0..6 {
        let own = events.iter().map(|event| &event["event_data"]);
        let order = own.filter(|data| data["client"] == client).map(|data| data["n"].clone());
        assert!(order.eq((0..EACH).map(|n| json!(n))), "every caller's order is kept");
    }
    for server in servers {
        assert_eq!(
            server.call("get_instance_details", &json!({"instance_id": *instance})).0["last_sequence"],
            6 * EACH + 1
        );
        assert_eq!(server.stop(), Some(0));
    }
    assert_eq!(home.json(&["verify"])["valid"], true);
}
