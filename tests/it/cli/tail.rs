//! `annals tail`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli_program::{Home, McpClient, wait};

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

/// Records so many events of an instance of its own over servers that are killed on the way, some of
/// them between an event and its answer, which is then sent again.
fn write_over_restarts(home: &Home, writer: usize, events: usize) {
    let mut client = McpClient::start(home);
    let instance = client.answer("register_instance", &json!({"project": "odin"}));
    for number in 0..events {
        let event = json!({
            "instance_id": instance["instance_id"],
            "event_type": "turn_completed",
            "event_data": {"number": number},
            "event_id": format!("0191e7a4-0000-7000-{writer:04x}-{number:012x}"),
        });
        if (number + writer).is_multiple_of(5) {
            let call = json!({"name": "mcp_meta_emit_event", "arguments": event});
            let message =
                json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": call});
            client.send(message.to_string().as_bytes());
            client = McpClient::start(home); // the one before is killed
        }
        client.answer("emit_event", &event);
    }
    client.end();
}

/// Reads at most so many lines after `cursor`, then kills the follower.
fn follow(home: &Home, cursor: &str, lines: usize) -> Vec<Value> {
    let arguments = ["tail", "--follow", "--json", "--after", cursor];
    let mut child = home.command(&arguments).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, printed) = mpsc::sync_channel(1);
    thread::spawn(move || {
        output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let mut read = Vec::new();
    while read.len() < lines {
        let line = printed.recv_timeout(Duration::from_secs(30)).expect("an event was missed");
        read.push(serde_json::from_str(&line).unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    read
}

#[test]
fn a_follower_with_its_cursor_misses_and_repeats_nothing_while_both_sides_are_killed() {
    const WRITERS: usize = 8;
    const EVENTS: usize = 25;
    let home = Home::new();
    let all = WRITERS * (EVENTS + 1);
    let mut seen: Vec<Value> = Vec::new();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let home = &home;
            scope.spawn(move || write_over_restarts(home, writer, EVENTS));
        }
        while seen.len() < all {
            let cursor = seen.last().map_or("f0.0", |event| event["cursor"].as_str().unwrap());
            let read = follow(&home, cursor, (3 + seen.len() % 11).min(all - seen.len()));
            seen.extend(read);
        }
    });
    let mut of_each: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for event in &seen {
        let number = event["sequence_num"].as_u64().unwrap();
        of_each.entry(event["instance_id"].as_str().unwrap()).or_default().push(number);
    }
    let whole: Vec<u64> = (1..=EVENTS as u64 + 1).collect();
    assert_eq!(of_each.len(), WRITERS);
    assert!(of_each.values().all(|numbers| *numbers == whole), "{of_each:?}");
    let cursor = seen.last().unwrap()["cursor"].as_str().unwrap();
    let more = home.run(&["tail", "--json", "--after", cursor]);
    assert_eq!((more.code, more.stdout.as_str()), (0, ""), "nothing is left over");
}
