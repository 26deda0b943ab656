//! `annals import jsonl` of lines from elsewhere.

use std::process::Command;

use serde_json::{Value, json};

use crate::cli_program::{Home, Ran};

/// Imports `in.jsonl` with further arguments; gives the exit code and the answer.
fn import(home: &Home, further: &[&str]) -> (i32, Value) {
    let ran = Ran::of(importing(home, further));
    (ran.code, ran.json())
}

fn importing(home: &Home, further: &[&str]) -> Command {
    let arguments = ["import", "jsonl", "in.jsonl", "-p", "odin", "--type-field", "kind", "--json"];
    home.command(&[&arguments[..], further].concat())
}

fn counts(answer: &Value) -> [u64; 3] {
    ["events_added", "events_known", "lines_refused"].map(|name| answer[name].as_u64().unwrap())
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

const TASK: &str = "{\"kind\":\"task_spawned\",\"task_id\":\"a\"}\n";

#[test]
fn equal_lines_are_as_many_events_and_importing_again_adds_none() {
    let home = Home::new();
    let other = TASK.replace("\"a\"", "\"b\"");
    // Equal as values are.
    let turned = "{\"task_id\": \"a\", \"kind\": \"task_spawned\"}\n";
    home.file("in.jsonl", format!("{TASK}{TASK}{other}{turned}"));
    assert_eq!(counts(&import(&home, &[]).1), [4, 0, 0]);
    assert_eq!(counts(&import(&home, &[]).1), [0, 4, 0]);
    home.file("in.jsonl", format!("{TASK}{TASK}{other}{turned}{TASK}"));
    assert_eq!(counts(&import(&home, &[]).1), [1, 4, 0]);
    // The end of the same source, as when a log was cut off.
    home.file("in.jsonl", format!("{TASK}{other}"));
    assert_eq!(counts(&import(&home, &[]).1), [0, 2, 0]);
}

#[test]
fn lines_of_one_id_are_one_event_and_another_content_is_refused() {
    let home = Home::new();
    let line = |id: u64, task: &str| {
        format!("{}\n", json!({"kind": "task_spawned", "task_id": task, "n": id}))
    };
    home.file("in.jsonl", line(1, "a") + &line(1, "a") + &line(1, "b") + &line(2, "a"));
    let (code, answer) = import(&home, &["--id-field", "n", "--on-error", "skip"]);
    assert_eq!((code, counts(&answer)), (4, [2, 1, 1]));
    let refused = &answer["refused"][0];
    assert_eq!((&refused["line"], &refused["code"]), (&json!(3), &json!("event_id_conflict")));
    assert!(refused["error"].as_str().unwrap().contains("same n"), "{refused}");
    assert_eq!(answer["refused_by_code"], json!({"event_id_conflict": 1}));
    home.file("in.jsonl", "{\"kind\":\"task_spawned\",\"task_id\":\"a\",\"n\":null}\n");
    let (_, answer) = import(&home, &["--id-field", "n"]);
    assert_eq!(answer["refused"][0]["code"], "missing_required_field");
}

#[test]
fn another_mapping_of_the_same_lines_is_refused() {
    let home = Home::new();
    home.file("in.jsonl", TASK.replace('}', ",\"at\":\"2026-11-20T09:00:00Z\"}"));
    assert_eq!(counts(&import(&home, &[]).1), [1, 0, 0]);
    let (code, answer) = import(&home, &["--time-field", "at"]);
    assert_eq!((code, counts(&answer)), (4, [0, 0, 1]));
    assert!(answer["refused"][0]["hint"].as_str().unwrap().contains("--source"), "{answer}");
    let other = import(&home, &["--time-field", "at", "--source", "other"]).1;
    assert_eq!(counts(&other), [1, 0, 0]);
}

#[test]
fn a_history_that_closes_its_instance_goes_on() {
    let home = Home::new();
    let close = "{\"kind\":\"instance_closed\",\"reason\":\"done\"}\n";
    home.file("in.jsonl", [TASK, close, TASK, close].concat());
    let (code, answer) = import(&home, &[]);
    assert_eq!((code, counts(&answer)), (0, [4, 0, 0]), "{answer}");
    let handle = answer["handle"].as_str().unwrap();
    assert_eq!(home.json(&["show", handle])["status"], "closed");
    assert_eq!(counts(&import(&home, &[]).1), [0, 4, 0]);
}

/// A custom type, of which events need a number.
fn with_custom_type() -> Home {
    let home = Home::new();
    home.file(
        "measured.toml",
        "name = \"measured\"\ncategory = \"testing\"\ndescription = \"It was measured.\"\n\
         required = [\"value\"]\n[fields]\nvalue = \"integer\"\n[[examples]]\nvalue = 1\n",
    );
    home.json(&["types", "add", "measured.toml"]);
    home
}

/// Lines of the custom type, of which those that `is_bad` says are refused by it.
fn measured(count: usize, is_bad: impl Fn(usize) -> bool) -> String {
    let value = |n| if is_bad(n) { json!(format!("no number: {n}")) } else { json!(n) };
    let line = |n| json!({"kind": "measured", "value": value(n)}).to_string() + "\n";
    (1..=count).map(line).collect()
}

#[test]
fn lines_that_a_custom_type_refuses_are_left_out_one_by_one() {
    let home = with_custom_type();
    home.file("in.jsonl", measured(3_000, |n| n % 3 != 0));
    let (code, answer) = import(&home, &["--on-error", "skip"]);
    assert_eq!((code, counts(&answer)), (5, [1_000, 0, 2_000]));
    let told: Vec<u64> =
        answer["refused"].as_array().unwrap().iter().map(|f| f["line"].as_u64().unwrap()).collect();
    let expected: Vec<u64> = (1..).filter(|n| n % 3 != 0).take(20).collect();
    assert_eq!(told, expected);
    assert_eq!(answer["refused_by_code"], json!({"invalid_field_type": 2_000}));
    // The good ones are known, whatever became of the type.
    home.json(&["types", "remove", "measured"]);
    let (_, again) = import(&home, &["--on-error", "skip"]);
    assert_eq!(counts(&again), [0, 1_000, 2_000]);
}

#[test]
fn nothing_beyond_a_line_that_a_custom_type_refuses_is_stored_when_it_stops_there() {
    let home = with_custom_type();
    home.file("in.jsonl", measured(100, |n| n == 42));
    let (code, answer) = import(&home, &[]);
    assert_eq!((code, counts(&answer)), (5, [41, 0, 1]));
    assert_eq!((&answer["stopped"], &answer["refused"][0]["line"]), (&json!(true), &json!(42)));
}

#[test]
fn lines_are_split_by_the_limit_of_a_batch() {
    let home = with_custom_type();
    home.file("in.jsonl", measured(100, |n| n == 50));
    for batch in ["1", "7"] {
        let mut command = importing(&home, &["--source", batch, "--on-error", "skip"]);
        command.env("ANNALS_LIMITS_BATCH_EVENTS", batch);
        let ran = Ran::of(command);
        assert_eq!(counts(&ran.json()), [99, 0, 1], "{ran:?}");
    }
}

#[test]
fn many_bad_lines_are_counted_by_their_reasons_after_the_first_are_named() {
    let home = Home::new();
    let bad = "nonsense\n{\"kind\":\"nothing_known\"}\n";
    home.file("in.jsonl", bad.repeat(2_000) + TASK);
    let arguments = ["import", "jsonl", "in.jsonl", "-p", "odin", "--type-field", "kind"];
    let ran = home.run(&[&arguments[..], &["--on-error", "skip"]].concat());
    assert_eq!(ran.code, 5);
    assert!(ran.stdout.contains("1 event added"), "{ran:?}");
    let named = ran.stderr.lines().filter(|line| line.starts_with("line ")).count();
    assert_eq!(named, 20, "{ran:?}");
    assert!(ran.stderr.contains("line 1: the line is not JSON: expected ident at column 2 ["));
    let summed = "4000 lines (2000 invalid_json, 2000 unknown_event_type); the first 20 are named";
    assert!(ran.stderr.replace('\n', " ").contains(summed), "{ran:?}");
}
