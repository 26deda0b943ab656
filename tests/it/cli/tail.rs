//! `annals tail`.

use std::io::{BufRead, BufReader};
use std::process::Command;

use serde_json::Value;

use crate::cli_program::{Home, wait};

#[test]
fn the_last_events_are_shown_and_then_it_ends() {
    let home = Home::new();
    let odin = home.register("odin");
    let saga = home.register("saga");
    home.emit(&odin, "epic_started", r#"{"epic_id": "epic-003"}"#);
    let shown = home.run(&["tail"]).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[1].contains(&saga), "{shown}");
    assert!(lines[2].contains(&odin) && lines[2].ends_with("epic_id=epic-003"), "{shown}");
    let shown = home.run(&["tail", &odin, "-n", "1"]).stdout;
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(shown.contains("  epic_started ") && !shown.contains(&odin), "{shown}");
    assert_eq!(home.run(&["tail", "nobody"]).code, 3);
    let mut command = home.command(&["tail"]);
    command.env("COLUMNS", "40");
    let narrow = crate::cli_program::Ran::of(command).stdout;
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
}

#[test]
fn what_is_recorded_meanwhile_follows_and_a_cursor_goes_on_after_it() {
    let home = Home::new();
    let odin = home.register("odin");
    let mut child = home.command(&["tail", "--follow", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["event_type"], "instance_registered");
    let mut cursors = Vec::new();
    for number in 2..5 {
        home.emit(&odin, "turn_completed", "{}");
        let event = next();
        assert_eq!(
            (&event["event_type"], &event["sequence_num"]),
            (&"turn_completed".into(), &number.into())
        );
        cursors.push(event["cursor"].as_str().unwrap().to_owned());
    }
    let ran = home.run(&["tail", "--json", "--after", &cursors[0]]);
    let after: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let after: Vec<&str> = after.iter().map(|event| event["cursor"].as_str().unwrap()).collect();
    assert_eq!(after, cursors[1..]);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(wait(&mut child), Some(0));
}

/// A signal counts also while events come without an end, or nobody takes what is shown.
#[test]
fn a_signal_ends_it_in_the_midst_of_events() {
    for reads_on in [false, true] {
        let home = Home::new();
        let odin = home.register("odin");
        let mut child = home.command(&["tail", "--follow", "--json"]).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        // Once it has waited for events, it has seen to signals.
        home.emit(&odin, "turn_completed", "{}");
        output.read_line(&mut line).unwrap();
        let data = serde_json::json!({"text": "x".repeat(5_000)});
        let event = serde_json::json!({"event_type": "turn_completed", "event_data": data});
        home.file("events.jsonl", format!("{event}\n").repeat(1_000));
        let ran = home.run(&["emit", &odin, "--batch", "@events.jsonl"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        output.read_line(&mut line).unwrap();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        if !reads_on {
            assert_eq!(wait(&mut child), Some(0));
        }
        // A reader that is slow, so that it does not have all before the signal has arrived.
        let slowly = |_| std::thread::sleep(std::time::Duration::from_millis(1));
        let shown = output.split(b'\n').map(slowly).count();
        assert!(shown < 900, "{shown} of 1000 were shown");
        assert_eq!(wait(&mut child), Some(0));
    }
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    let home = Home::new();
    let odin = home.register("odin");
    let mut child = home.command(&["tail", "--follow"]).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains(&odin), "{first}");
    // It notices with the next event that it would print.
    home.emit(&odin, "turn_completed", "{}");
    assert_eq!(wait(&mut child), Some(0));
}
