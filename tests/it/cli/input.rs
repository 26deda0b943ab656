//! Data given in place, in a file, or on standard input.

use serde_json::{Value, json};

use crate::cli_program::Home;

fn last_data(home: &Home, id: &str) -> Value {
    home.json(&["query", id, "-n", "1"])["events"][0]["event_data"].clone()
}

#[test]
fn the_same_data_comes_in_three_ways() {
    let home = Home::new();
    let id = home.register("odin");
    let text = "{\n  \"epic_id\": \"epic-003\",\n  \"note\": \"naïve 👩‍💻 \\u0000\"\n}\n";
    let data: Value = serde_json::from_str(text).unwrap();
    home.file("event.json", text);
    home.emit(&id, "epic_started", text);
    assert_eq!(last_data(&home, &id), data);
    home.emit(&id, "epic_started", "@event.json");
    assert_eq!(last_data(&home, &id), data);
    let ran = home.run_with_input(&["emit", &id, "epic_started", "-"], text.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(last_data(&home, &id), data);
    let with_metadata = ["emit", &id, "epic_started", "@event.json", "--metadata", "-"];
    assert_eq!(home.run_with_input(&with_metadata, text.as_bytes()).code, 0);
    assert_eq!(home.json(&["query", &id])["events"][0]["metadata"], data);
    home.file("context.json", "{\"branch\": \"main\"}");
    let saga = home.json(&["register", "-p", "saga", "--context", "@context.json"]);
    let saga = saga["handle"].as_str().unwrap();
    assert_eq!(last_data(&home, saga)["context"], json!({"branch": "main"}));
}

#[test]
fn a_batch_is_an_array_or_one_object_a_line() {
    let home = Home::new();
    let id = home.register("odin");
    let event = |epic: &str| json!({"event_type": "epic_started", "event_data": {"epic_id": epic}});
    let lines = format!("{}\n\n  {}\r\n{}", event("a"), event("b"), event("c"));
    home.file("events.jsonl", &lines);
    let ran = home.run(&["emit", &id, "--batch", "@events.jsonl", "--expect", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let numbers: Vec<&str> = ran.stdout.lines().map(|line| &line[..7]).collect();
    assert_eq!(numbers, ["event 2", "event 3", "event 4"]);
    let array = json!([event("d"), event("e")]).to_string();
    let answer = home.run_with_input(&["emit", &id, "--batch", "-", "--json"], array.as_bytes());
    assert_eq!(answer.json()["head_sequence_num"], 6);
    let single = format!("{:#}", event("f"));
    let answer = home.run_with_input(&["emit", &id, "--batch", "-", "--json"], single.as_bytes());
    assert_eq!(answer.json()["head_sequence_num"], 7, "{answer:?}");
    let answer = home.json(&["query", &id, "--order", "asc", "--after", "1"]);
    let epics = answer["events"].as_array().unwrap().iter();
    let epics: Vec<&Value> = epics.map(|event| &event["event_data"]["epic_id"]).collect();
    assert_eq!(epics, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn a_batch_of_1_000_large_events_fits_one_message() {
    let home = Home::new();
    let id = home.register("odin");
    let note = "x".repeat(15_000);
    let event = json!({"event_type": "turn_completed", "event_data": {"note": note}});
    home.file("events.jsonl", format!("{event}\n").repeat(1_000));
    let answer = home.json(&["emit", &id, "--batch", "@events.jsonl"]);
    assert_eq!(answer["events"].as_array().unwrap().len(), 1_000);
    assert_eq!(answer["head_sequence_num"], 1_001);
}
