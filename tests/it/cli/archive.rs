//! `annals export` and `annals import jsonl`.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli_program::Home;

/// Registers an instance and records `count` events in it, hard ones among them.
pub fn recorded(home: &Home, count: usize) -> String {
    let handle = home.json(&["register", "-p", "odin"])["handle"].as_str().unwrap().to_owned();
    let lines: Vec<String> = (0..count)
        .map(|n| {
            let data = json!({"task_id": format!("t-{n}"), "é\u{0}": [1e21, -0.0, u64::MAX, "\u{2028}😀"]});
            json!({"kind": "task_spawned", "data": data, "n": n}).to_string()
        })
        .collect();
    home.file("events.jsonl", lines.join("\n"));
    let added = home.json(&[
        "import",
        "jsonl",
        "events.jsonl",
        "-p",
        "odin",
        "--type-field",
        "kind",
        "--data-field",
        "data",
        "--id-field",
        "n",
    ]);
    assert_eq!(added["events_added"], json!(count), "{added}");
    handle
}

pub fn exported(home: &Home, name: &str) -> String {
    let ran = home.run(&["export", "--all", "-o", name]);
    assert_eq!(ran.code, 0, "{ran:?}");
    std::fs::read_to_string(home.work().join(name)).unwrap()
}

/// An export without what differs from one export of the same events to the next.
pub fn timeless(export: &str) -> Vec<Value> {
    let values = export.lines().map(|line| serde_json::from_str(line).unwrap());
    values.filter(|line: &Value| line["record"] != "header").collect()
}

pub fn copied(from: &Home, to: &Home, name: &str) -> PathBuf {
    let target = to.work().join(name);
    std::fs::copy(from.work().join(name), &target).unwrap();
    target
}

#[test]
fn a_restored_store_exports_the_same_and_restoring_again_adds_nothing() {
    let (home, other) = (Home::new(), Home::new());
    recorded(&home, 300);
    let export = exported(&home, "a.jsonl");
    copied(&home, &other, "a.jsonl");
    let events = export.lines().filter(|line| line.starts_with("{\"record\":\"event\"")).count();
    let first = other.json(&["import", "jsonl", "a.jsonl"]);
    assert_eq!((&first["success"], &first["events_added"]), (&json!(true), &json!(events)));
    let again = other.json(&["import", "jsonl", "a.jsonl"]);
    assert_eq!((&again["events_added"], &again["events_known"]), (&json!(0), &json!(events)));
    assert_eq!(other.json(&["verify"])["valid"], true);
    assert_eq!(timeless(&exported(&other, "b.jsonl")), timeless(&export));
    let instances = |home: &Home| {
        let mut instances = home.json(&["instances"])["instances"].clone();
        for instance in instances.as_array_mut().unwrap() {
            instance.as_object_mut().unwrap().remove("age_seconds");
        }
        instances
    };
    assert_eq!(instances(&other), instances(&home));
}

/// Imports a changed export into a fresh store; gives the refusals as line and code.
fn refused(name: &str, text: &str) -> (i32, Vec<(u64, String)>) {
    let home = Home::new();
    home.file(name, text);
    let ran = home.run(&["import", "jsonl", name, "--json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let refused = answer["refused"].as_array().unwrap().iter();
    let refused =
        refused.map(|f| (f["line"].as_u64().unwrap(), f["code"].as_str().unwrap().into()));
    assert_eq!(home.json(&["verify"])["valid"], true);
    (ran.code, refused.collect())
}

#[test]
fn a_line_that_was_tampered_with_is_refused_by_its_number() {
    let home = Home::new();
    recorded(&home, 5);
    let export = exported(&home, "a.jsonl");
    let lines: Vec<&str> = export.lines().collect();
    let at = lines.iter().position(|line| line.contains("t-2")).unwrap();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.iter().map(|line| (*line).to_owned()).collect();
        change(&mut lines);
        refused("b.jsonl", &(lines.join("\n") + "\n"))
    };
    let one = |line: usize, code: &str| (5, vec![(line as u64 + 1, code.to_owned())]);
    let data = with(&|lines| lines[at] = lines[at].replace("t-2", "t-9"));
    assert_eq!(data, one(at, "hash_mismatch"));
    let hash = with(&|lines| {
        let mut value: Value = serde_json::from_str(&lines[at]).unwrap();
        value["hash"] = "0".repeat(64).into();
        lines[at] = value.to_string();
    });
    assert_eq!(hash, one(at, "hash_mismatch"));
    assert_eq!(with(&|lines| lines.swap(at, at + 1)), one(at, "missing_event"));
    assert_eq!(with(&|lines| drop(lines.remove(at))), one(at, "missing_event"));
    let end = lines.len() - 1;
    assert_eq!(with(&|lines| drop(lines.pop())), one(end, "incomplete_export"));
    assert_eq!(with(&|lines| lines[at].truncate(50)), one(at, "invalid_json"));
    assert_eq!(with(&|lines| drop(lines.remove(end - 1))), one(end - 1, "incomplete_export"));
}

#[test]
fn an_instance_that_went_on_elsewhere_is_a_conflict_and_stays_as_it_is() {
    let (home, other) = (Home::new(), Home::new());
    let handle = recorded(&home, 5);
    exported(&home, "a.jsonl");
    copied(&home, &other, "a.jsonl");
    assert_eq!(other.json(&["import", "jsonl", "a.jsonl"])["success"], true);
    for home in [&home, &other] {
        home.json(&["heartbeat", &handle]);
    }
    exported(&home, "b.jsonl");
    copied(&home, &other, "b.jsonl");
    let before = other.json(&["query", &handle]);
    let ran = other.run(&["import", "jsonl", "b.jsonl", "--json", "--on-error", "skip"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stdout.contains("instance_diverged"), "{ran:?}");
    assert_eq!(other.json(&["query", &handle]), before);
    assert_eq!(other.json(&["verify"])["valid"], true);
}

#[test]
fn a_selection_is_imported_as_plain_events_only() {
    let (home, other) = (Home::new(), Home::new());
    recorded(&home, 3);
    let ran = home.run(&["export", "--type", "task_spawned", "-o", "a.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    copied(&home, &other, "a.jsonl");
    let ran = other.run(&["import", "jsonl", "a.jsonl"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    let added = other.json(&[
        "import",
        "jsonl",
        "a.jsonl",
        "--plain",
        "-p",
        "odin",
        "--type-field",
        "event_type",
        "--data-field",
        "event_data",
        "--time-field",
        "timestamp",
        "--id-field",
        "event_id",
    ]);
    assert_eq!((&added["success"], &added["events_added"]), (&json!(true), &json!(3)));
}

/// The event lines of an export, as they are.
fn events(export: &str) -> Vec<&str> {
    export.lines().filter(|line| line.starts_with("{\"record\":\"event\"")).collect()
}

/// Imports into `home`, ending at the first bad line; gives the refused lines and how many events were
/// added.
fn stopped(home: &Home, name: &str) -> (Vec<(u64, String)>, u64) {
    let ran = home.run(&["import", "jsonl", name, "--json"]);
    let answer = ran.json();
    assert_eq!(answer["stopped"], true, "{ran:?}");
    let refused = answer["refused"].as_array().unwrap().iter();
    let refused =
        refused.map(|f| (f["line"].as_u64().unwrap(), f["code"].as_str().unwrap().into()));
    (refused.collect(), answer["events_added"].as_u64().unwrap())
}

#[test]
fn nothing_beyond_a_line_that_the_store_refuses_is_stored_when_it_stops_there() {
    let (home, other) = (Home::new(), Home::new());
    let first = recorded(&home, 2);
    exported(&home, "a.jsonl");
    copied(&home, &other, "a.jsonl");
    assert_eq!(other.json(&["import", "jsonl", "a.jsonl"])["success"], true);
    other.json(&["heartbeat", &first]);
    let before = home.register("saga");
    home.json(&["heartbeat", &first]);
    let after = home.register("saga");
    let export = exported(&home, "b.jsonl");
    copied(&home, &other, "b.jsonl");
    let diverging = events(&export)
        .into_iter()
        .position(|line| line.contains("instance_heartbeat"))
        .map(|at| events(&export)[at])
        .unwrap();
    let line = export.lines().position(|line| line == diverging).unwrap() as u64 + 1;
    let (refused, added) = stopped(&other, "b.jsonl");
    assert_eq!((refused, added), (vec![(line, "instance_diverged".to_owned())], 1));
    assert_eq!(other.run(&["show", &before]).code, 0);
    assert_eq!(other.run(&["show", &after]).code, 3);
    assert_eq!(other.json(&["verify"])["valid"], true);
}

#[test]
fn nothing_beyond_a_line_that_cannot_be_read_is_stored_when_it_stops_there() {
    let (home, other) = (Home::new(), Home::new());
    let before = home.register("odin");
    home.register("odin");
    let after = home.register("odin");
    let export = exported(&home, "a.jsonl");
    let bad = events(&export)[1];
    other.file("b.jsonl", export.replace(bad, &bad.replace("instance_registered", "epic_failed")));
    let line = export.lines().position(|line| line == bad).unwrap() as u64 + 1;
    let (refused, added) = stopped(&other, "b.jsonl");
    assert_eq!((refused, added), (vec![(line, "hash_mismatch".to_owned())], 1));
    assert_eq!((other.run(&["show", &before]).code, other.run(&["show", &after]).code), (0, 3));
}

const REVIEW: &str = "name = \"review_completed\"\ncategory = \"planning\"\n\
    description = \"A code review ended.\"\nrequired = [\"review_id\"]\n\
    [fields]\nreview_id = \"string\"\n[[examples]]\nreview_id = \"r-1\"\n";

/// The lines of custom types.
fn types(export: &str) -> Vec<&str> {
    export.lines().filter(|line| line.starts_with("{\"record\":\"event_type\"")).collect()
}

#[test]
fn custom_types_come_back_with_their_times() {
    let (home, other) = (Home::new(), Home::new());
    home.file("review.toml", REVIEW);
    for _ in 0..2 {
        home.json(&["types", "add", "review.toml"]);
        home.json(&["types", "remove", "review_completed"]);
    }
    home.json(&["types", "add", "review.toml"]);
    let export = exported(&home, "a.jsonl");
    assert_eq!(types(&export).len(), 3);
    other.file("other.toml", REVIEW.replace("review_", "other_"));
    other.json(&["types", "add", "other.toml"]);
    copied(&home, &other, "a.jsonl");
    for _ in 0..2 {
        assert_eq!(other.json(&["import", "jsonl", "a.jsonl"])["success"], true);
        let again = other.run(&["export", "--all"]).stdout;
        assert_eq!(types(&again)[1..], types(&export));
    }
}

#[test]
fn what_was_defined_since_an_interruption_is_in_the_resumed_export() {
    let (home, other) = (Home::new(), Home::new());
    home.file("old.toml", REVIEW.replace("review_", "old_"));
    home.json(&["types", "add", "old.toml"]);
    let instance = home.register("odin");
    home.json(&["heartbeat", &instance]);
    let whole = exported(&home, "a.jsonl");
    // Ends after the first event.
    let first = events(&whole)[0];
    let end = whole.find(first).unwrap() + first.len() + 1;
    home.file("a.jsonl", &whole[..end]);
    home.json(&["types", "remove", "old_completed"]);
    home.file("review.toml", REVIEW);
    home.json(&["types", "add", "review.toml"]);
    home.emit(&instance, "review_completed", r#"{"review_id": "r-1"}"#);
    let resumed = || home.run(&["export", "--all", "-o", "a.jsonl", "--resume"]);
    assert_eq!(resumed().code, 0);
    copied(&home, &other, "a.jsonl");
    assert_eq!(other.json(&["import", "jsonl", "a.jsonl"])["success"], true);
    let listed = |home: &Home| home.json(&["types", "review_completed"])["versions"].clone();
    assert_eq!(listed(&other), listed(&home));
    let again = other.run(&["export", "--all"]).stdout;
    assert_eq!(types(&again), types(&home.run(&["export", "--all"]).stdout));
    // What was written before the interruption is not written twice.
    let export = std::fs::read_to_string(home.work().join("a.jsonl")).unwrap();
    assert_eq!(types(&export).len(), 3);
    let last = events(&export)[1];
    home.file("a.jsonl", &export[..export.find(last).unwrap() + last.len() + 1]);
    assert_eq!(resumed().code, 0);
    assert_eq!(std::fs::read_to_string(home.work().join("a.jsonl")).unwrap(), export);
}

#[test]
fn the_largest_event_is_exported_and_restored() {
    let (home, other) = (Home::new(), Home::new());
    let instance = home.register("odin");
    // Every character takes as many bytes in a line as any can.
    let of_bytes = |bytes: usize, name: &str| -> String {
        let frame = format!("{{\"{name}\":\"\"}}").len();
        let text = "\\u0001".repeat((bytes - frame) / 6) + &"x".repeat((bytes - frame) % 6);
        format!("{{\"{name}\":\"{text}\"}}")
    };
    home.file("data.json", of_bytes(1024 * 1024, "task_id"));
    let metadata = of_bytes(100_000, "note");
    let mut command =
        home.command(&["emit", &instance, "my_note", "@data.json", "--metadata", &metadata]);
    command
        .env("ANNALS_LIMITS_EVENT_DATA_BYTES", "1048576")
        .env("ANNALS_LIMITS_METADATA_BYTES", "262144");
    home.file(
        "note.toml",
        REVIEW.replace("review_completed", "my_note").replace("review_id", "task_id"),
    );
    home.json(&["types", "add", "note.toml"]);
    let ran = crate::cli_program::Ran::of(command);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let export = exported(&home, "a.jsonl");
    copied(&home, &other, "a.jsonl");
    assert_eq!(other.json(&["import", "jsonl", "a.jsonl"])["success"], true);
    assert_eq!(timeless(&exported(&other, "b.jsonl")), timeless(&export));
}

#[test]
fn a_payload_beyond_what_any_store_takes_is_refused() {
    let home = Home::new();
    recorded(&home, 1);
    let export = exported(&home, "a.jsonl");
    let long = "1e9,".repeat(200_000);
    let at = export.lines().position(|line| line.contains("t-0")).unwrap() as u64 + 1;
    let text =
        export.replace("\"task_id\":\"t-0\"", &format!("\"l\":[{long}1],\"task_id\":\"t-0\""));
    let (code, lines) = refused("b.jsonl", &text);
    assert_eq!((code, lines), (5, vec![(at, "payload_too_large".to_owned())]));
}
