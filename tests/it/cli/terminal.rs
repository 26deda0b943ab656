//! Terminals: wide and narrow, with colours and without, and text that is out to trick them.

use std::io::Read;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::cli_program::{Home, Ran, wait};

const ESCAPE: char = '\u{1b}';

/// Text that a terminal would obey: colours, a title, a screen wiped, a cursor moved, right to left,
/// lines that look like output, nothing at all.
const HOSTILE: &str = "x\u{1b}[31m\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}1A\u{7f}\0\r\n\
                       SEQ  TIME\t\u{202e}dlrow\u{2066}\u{200f}\u{feff}\u{e0041}\u{2028}y";

/// Whether nothing but the lines of the program itself would move the cursor.
fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| {
        let invisible = matches!(c,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}');
        c == '\n' || !(c.is_control() || invisible)
    })
}

/// A store that is full of such text; gives the handle.
fn tricked(home: &Home) -> String {
    let long = "long ".repeat(2_000);
    let context = json!({HOSTILE: HOSTILE}).to_string();
    let register = ["register", "-p", "odin", "--host"];
    let host = HOSTILE.replace('\0', "");
    let further = [host.as_str(), "--context", &context];
    let ran = home.run(&[&register[..], &further].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let id = ran.stdout.trim_end().to_owned();
    for (event_type, data) in [
        ("epic_started", json!({"epic_id": HOSTILE, "feature_name": HOSTILE, HOSTILE: [HOSTILE]})),
        (
            "commit_created",
            json!({"sha": HOSTILE, "message": HOSTILE, "author": HOSTILE, "branch": HOSTILE}),
        ),
        ("pr_merged", json!({"pr_number": 1, "title": HOSTILE})),
        (
            "checkpoint_created",
            json!({"checkpoint_id": HOSTILE, "summary": HOSTILE, "state": {HOSTILE: HOSTILE}}),
        ),
        ("test_failed", json!({"failed_count": 1, "error": long, HOSTILE: long})),
    ] {
        let metadata = json!({HOSTILE: HOSTILE}).to_string();
        let correlation = HOSTILE.replace('\0', "");
        let arguments = [
            "emit",
            &id,
            event_type,
            &data.to_string(),
            "--metadata",
            &metadata,
            "--correlation-id",
            &correlation,
        ];
        let ran = home.run(&arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    assert_eq!(home.run(&["heartbeat", &id, "--epic", &HOSTILE.replace('\0', "")]).code, 0);
    id
}

#[test]
fn text_from_events_does_nothing_to_the_terminal() {
    let home = Home::new();
    let id = tricked(&home);
    for arguments in [
        vec!["query", &id],
        vec!["query", &id, "--full"],
        vec!["query", &id, "--json"],
        vec!["show", &id],
        vec!["show", &id, "--json"],
        vec!["query", "-p", "odin"],
        vec!["query", &id, "--fields", "epic_id,feature_name,metadata,correlation_id"],
        vec!["query", &id, "--format", "jsonl", "--fields", "epic_id"],
        vec!["tail", &id],
        vec!["tail", "--json"],
        vec!["replay", &id],
        vec!["replay", &id, "--json"],
        vec!["instances"],
        vec!["instances", "--json"],
    ] {
        for columns in ["", "40"] {
            let mut command = home.command(&arguments);
            command.env("COLUMNS", columns);
            let ran = Ran::of(command);
            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(is_harmless(&ran.stdout), "{arguments:?}: {:?}", ran.stdout);
            assert!(is_harmless(&ran.stderr), "{arguments:?}: {:?}", ran.stderr);
        }
    }
    // Faint, but whole: JSON says the same.
    let answer = home.json(&["query", &id, "-t", "epic_started"]);
    assert_eq!(answer["events"][0]["event_data"]["epic_id"], HOSTILE);
    // No line of a table is longer than an event may be.
    let shown = home.run(&["query", &id]).stdout;
    assert!(shown.lines().all(|line| line.chars().count() < 400), "{shown}");
}

#[test]
fn text_from_arguments_does_nothing_to_the_terminal() {
    let home = Home::new();
    let id = home.register("odin");
    let hostile = HOSTILE.replace('\0', "");
    let key = json!({HOSTILE: 1, "failed_count": HOSTILE}).to_string();
    let file = format!("@{hostile}");
    let store = format!("--store=sqlite:{hostile}/x");
    for arguments in [
        vec!["query", &hostile],
        vec!["emit", &id, &hostile, "{}"],
        vec!["emit", &id, "test_failed", &key],
        vec!["emit", &id, "test_failed", &file],
        vec!["emit", &id, "test_failed", &hostile],
        vec!["emit", &id, "test_failed", "{}", "--event-id", &hostile],
        vec!["query", &id, "--since", &hostile],
        vec!["query", &id, "-c", &hostile],
        vec!["query", &id, "--order", &hostile],
        vec!["register", "-p", &hostile],
        vec!["import", "git", &hostile],
        vec!["serve", "--listen", &hostile],
        vec![&hostile],
        vec![&store, "--bad"],
        vec!["instances", "--store", "/dev/null\u{1b}[31m"],
    ] {
        for json in [&[][..], &["--json"]] {
            let ran = home.run(&[&arguments[..], json].concat());
            assert_ne!(ran.code, 0, "{arguments:?}: {ran:?}");
            assert!(is_harmless(&ran.stderr), "{arguments:?}: {:?}", ran.stderr);
            assert!(is_harmless(&ran.stdout), "{arguments:?}: {:?}", ran.stdout);
        }
    }
}

#[test]
fn what_is_piped_has_no_colours() {
    let home = Home::new();
    let id = home.register("odin");
    home.emit(&id, "test_failed", r#"{"failed_count": 1}"#);
    for arguments in [
        vec!["query", &id],
        vec!["show", &id],
        vec!["instances"],
        vec!["types"],
        vec!["verify"],
        vec!["query", "nobody"],
        vec!["--help"],
        vec!["query"],
    ] {
        let ran = home.run(&arguments);
        assert!(!ran.stdout.contains(ESCAPE) && !ran.stderr.contains(ESCAPE), "{ran:?}");
    }
    let mut command = home.command(&["query", &id]);
    command.env("CLICOLOR_FORCE", "1");
    let ran = Ran::of(command);
    assert!(ran.stdout.contains(ESCAPE), "colours can be asked for: {ran:?}");
}

/// Runs a command of the shell on a terminal of 40 columns.
#[cfg(target_os = "linux")]
fn on_terminal(home: &Home, variables: &[(&str, &str)], arguments: &str) -> String {
    let program = env!("CARGO_BIN_EXE_annals");
    let line = format!("stty cols 40 rows 50 && '{program}' {arguments}");
    let mut command = Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.home())
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh")
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    let ran: Ran = command.output().expect("these tests need script(1)").into();
    ran.stdout.replace("\r\n", "\n")
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colours_unless_told_otherwise() {
    let home = Home::new();
    let id = home.register("odin");
    home.emit(&id, "test_failed", r#"{"failed_count": 1}"#);
    let query = format!("query {id}");
    assert!(on_terminal(&home, &[], &query).contains("\u{1b}[1m"), "headings are bold");
    for variables in [[("NO_COLOR", "1")], [("TERM", "dumb")]] {
        for arguments in [query.as_str(), "query nobody", "instances", "verify", "--help"] {
            let shown = on_terminal(&home, &variables, arguments);
            assert!(!shown.contains(ESCAPE), "{variables:?} {arguments}: {shown:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_narrow_terminal_gets_lines_that_fit() {
    let home = Home::new();
    let id = home.register("odin");
    let data = r#"{"epic_id": "epic-003", "feature_name": "authentication with several words"}"#;
    home.emit(&id, "epic_started", data);
    assert_eq!(home.run(&["heartbeat", &id, "--context", "42"]).code, 0);
    let query = format!("query {id}");
    let show = format!("show {id}");
    for arguments in [
        &query,
        &show,
        "instances",
        "types",
        "types test_passed",
        "verify",
        "query nobody",
        "help query",
    ] {
        let shown = on_terminal(&home, &[("NO_COLOR", "1")], arguments);
        for line in shown.lines().filter(|line| !line.trim_start().starts_with("annals ")) {
            assert!(line.chars().count() <= 40, "{arguments}: {line:?}\n{shown}");
        }
    }
    let shown = on_terminal(&home, &[("NO_COLOR", "1")], &query);
    for word in ["epic_started", "feature_name=\"authentication", "words\"", "2 "] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    // COLUMNS says it where there is no terminal.
    let mut command = home.command(&["query", &id]);
    command.env("COLUMNS", "40");
    assert_eq!(Ran::of(command).stdout, shown.replace("3 events\n", ""));
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let home = Home::new();
    let id = home.register("odin");
    let note = "x".repeat(200);
    let event = json!({"event_type": "turn_completed", "event_data": {"note": note}});
    home.file("events.jsonl", format!("{event}\n").repeat(1_000));
    assert_eq!(home.run(&["emit", &id, "--batch", "@events.jsonl"]).code, 0);
    for arguments in [
        vec!["query", &id, "-n", "1000"],
        vec!["query", &id, "-n", "1000", "--json"],
        vec!["types"],
        vec!["verify"],
    ] {
        let mut child = home.command(&arguments).spawn().unwrap();
        let mut some = [0; 10];
        child.stdout.as_mut().unwrap().read_exact(&mut some).unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!said.contains("error") && !said.contains("panicked"), "{arguments:?}: {said}");
        assert_eq!(wait(&mut child), Some(0), "{arguments:?}");
    }
    // Nor is one of what goes to standard error.
    for arguments in [vec!["query", "nobody"], vec!["qurey"], vec!["query", &id, "-n", "1"]] {
        let code = home.run(&arguments).code;
        let mut child = home.command(&arguments).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(wait(&mut child), Some(code), "{arguments:?}");
    }
}
