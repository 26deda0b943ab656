//! `annals demo`.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli_program::{Home, Ran};

/// Runs the demonstration with its scratch store below the working folder.
fn demo(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(&[&["demo"], arguments].concat());
    command.env("TMPDIR", home.work()).env("COLUMNS", "80");
    let ran = Ran::of(command);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn it_fits_a_screen_and_leaves_nothing_behind() {
    let home = Home::new();
    let ran = demo(&home, &[]);
    let lines: Vec<&str> = ran.stdout.lines().chain(ran.stderr.lines()).collect();
    assert!(lines.len() <= 26, "{}", lines.len());
    for line in lines {
        assert!(line.chars().count() <= 80 && !line.contains('\u{1b}'), "{line:?}");
    }
    assert!(!ran.stdout.contains("hunter2"), "{ran:?}");
    assert!(ran.stderr.contains("gone again") && ran.stderr.contains("annals serve"), "{ran:?}");
    assert_eq!((entries(&home.work()), entries(&home.home())), (0, 0));
}

#[test]
fn what_it_shows_is_what_the_commands_answer() {
    let home = Home::new();
    let ran = demo(&home, &["--keep"]);
    let kept = ran.stderr.lines().find_map(|line| line.split_once("ANNALS_STORE='")).unwrap().1;
    let store = kept.trim_end_matches('\'');
    let in_store =
        |arguments: &[&str]| -> Value { home.json(&[arguments, &["--store", store]].concat()) };
    let command = |name: &str| -> (Vec<String>, String) {
        let start = format!("annals {name} ");
        let line = ran.stdout.lines().find(|line| line.starts_with(&start)).unwrap();
        let (command, answer) = line.split_once("  ").unwrap();
        let words = command.split(' ').skip(1).map(str::to_owned).collect();
        (words, answer.trim().to_owned())
    };
    let run = |words: &[String]| in_store(&words.iter().map(String::as_str).collect::<Vec<_>>());

    let (query, told) = command("query");
    let tests = run(&query);
    assert_eq!(told, "2 of 11 events: 3 failed, then 45 passed");
    assert_eq!(tests["total_count"], 2);
    assert_eq!(tests["events"][1]["event_data"]["failed_count"], 3);
    let (replay, told) = command("replay");
    let state = run(&replay)["final_state"].clone();
    assert_eq!(state["last_event_type"], "test_failed");
    assert!(told.ends_with(state["last_epic"].as_str().unwrap()), "{told}");
    let (verify, told) = command("verify");
    let verified = run(&verify);
    assert_eq!((&verified["valid"], &verified["events_checked"]), (&json!(true), &json!(11)));
    assert!(told.starts_with("11 events"), "{told}");

    let all = in_store(&["query", &query[1], "--order", "asc"]);
    let rows = ran.stdout.lines().skip_while(|line| !line.starts_with("SEQ")).skip(1);
    for (event, row) in all["events"].as_array().unwrap().iter().zip(rows) {
        let mut words = row.split_whitespace();
        assert_eq!(words.next().unwrap(), event["sequence_num"].to_string());
        assert_eq!(words.nth(1), event["event_type"].as_str(), "{row}");
    }
    let types: Vec<&Value> =
        all["events"].as_array().unwrap().iter().map(|event| &event["event_type"]).collect();
    assert!(!types.contains(&&json!("instance_stale")), "nothing but the session: {types:?}");
    assert!(all.to_string().contains("[REDACTED:password]"), "{all}");
}

#[test]
fn programs_get_what_was_done_as_json() {
    let home = Home::new();
    let told = demo(&home, &["--json"]).json();
    for (name, value) in [
        ("success", json!(true)),
        ("kept", json!(false)),
        ("events", json!(11)),
        ("chain_is_whole", json!(true)),
        ("sent_again_and_stored_once", json!(true)),
    ] {
        assert_eq!(told[name], value, "{told}");
    }
    assert_eq!(entries(&home.work()), 0);
}

#[test]
fn a_configuration_at_fault_and_a_store_of_ones_own_do_not_matter() {
    let home = Home::new();
    home.register("odin");
    let file = home.file("bad.toml", "nonsense\n");
    let before = std::fs::read(home.default_store()).unwrap();
    demo(&home, &["--config", file.to_str().unwrap()]);
    assert_eq!(std::fs::read(home.default_store()).unwrap(), before);
}
