//! `annals export` and `annals import jsonl`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli_program::{Home, Ran};

/// Registers an instance and records `count` events in it, hard ones among them.
fn recorded(home: &Home, count: usize) -> String {
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

fn exported(home: &Home, name: &str) -> String {
    let ran = home.run(&["export", "--all", "-o", name]);
    assert_eq!(ran.code, 0, "{ran:?}");
    std::fs::read_to_string(home.work().join(name)).unwrap()
}

/// An export without what differs from one export of the same events to the next.
fn timeless(export: &str) -> Vec<Value> {
    let values = export.lines().map(|line| serde_json::from_str(line).unwrap());
    values.filter(|line: &Value| line["record"] != "header").collect()
}

fn copied(from: &Home, to: &Home, name: &str) -> PathBuf {
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
fn bad_lines_from_elsewhere_are_told_by_number_and_the_rest_stops_or_goes_on() {
    let home = Home::new();
    home.file(
        "in.jsonl",
        "{\"kind\":\"task_spawned\",\"task_id\":\"a\"}\nnonsense\n{\"kind\":\"nothing_known\"}\n\
         {\"kind\":\"task_spawned\"}\n{\"kind\":\"task_spawned\",\"task_id\":\"a\",\"task_id\":\"b\"}\n\
         {\"kind\":\"task_spawned\",\"task_id\":\"b\"}\n",
    );
    let import = |on_error: &str| -> (i32, Value) {
        let arguments =
            ["import", "jsonl", "in.jsonl", "-p", "odin", "--type-field", "kind", "--json"];
        let ran = home.run(&[&arguments[..], &["--on-error", on_error]].concat());
        assert!(ran.stderr.contains("line 2: "), "{ran:?}");
        (ran.code, serde_json::from_str(&ran.stdout).unwrap())
    };
    let (code, stopped) = import("stop");
    assert_eq!((code, &stopped["stopped"], &stopped["events_added"]), (5, &json!(true), &json!(1)));
    let (code, skipped) = import("skip");
    assert_eq!(
        (code, &skipped["events_added"], &skipped["events_known"]),
        (5, &json!(1), &json!(1))
    );
    let codes: Vec<_> =
        skipped["refused"].as_array().unwrap().iter().map(|f| (&f["line"], &f["code"])).collect();
    assert_eq!(
        json!(codes),
        json!([
            [2, "invalid_json"],
            [3, "unknown_event_type"],
            [4, "missing_required_field"],
            [5, "duplicate_key"]
        ])
    );
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

/// Starts the program and kills it after a moment, unless it ends before.
fn killed(mut command: Command, after: u64) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(after));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn killed_at_any_moment_and_resumed_the_result_is_the_same() {
    let (home, other) = (Home::new(), Home::new());
    recorded(&home, 6_000);
    let whole = timeless(&exported(&home, "whole.jsonl"));
    for round in 0..12 {
        killed(home.command(&["export", "--all", "-o", "parts.jsonl", "--resume"]), 10 + 9 * round);
    }
    let path = home.work().join("parts.jsonl");
    let ran = home.run(&["export", "--all", "-o", "parts.jsonl", "--resume"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(timeless(&std::fs::read_to_string(&path).unwrap()), whole);
    cut_and_resume(&home, &path, &whole);
    copied(&home, &other, "parts.jsonl");
    for round in 0..12 {
        killed(other.command(&["import", "jsonl", "parts.jsonl"]), 20 + 23 * round);
    }
    assert_eq!(other.json(&["import", "jsonl", "parts.jsonl"])["success"], true);
    assert_eq!(other.json(&["verify"])["valid"], true);
    assert_eq!(timeless(&exported(&other, "again.jsonl")), whole);
}

/// A file that ends anywhere is finished to the same as one that was never interrupted.
fn cut_and_resume(home: &Home, path: &Path, whole: &[Value]) {
    let text = std::fs::read(path).unwrap();
    for length in [0, 10, 150, 400, text.len() / 3, text.len() - 130, text.len() - 1] {
        std::fs::write(path, &text[..length]).unwrap();
        let ran: Ran = home.run(&["export", "--all", "-o", "parts.jsonl", "--resume"]);
        assert_eq!(ran.code, 0, "{length}: {ran:?}");
        assert_eq!(timeless(&std::fs::read_to_string(path).unwrap()), whole, "{length}");
    }
}
