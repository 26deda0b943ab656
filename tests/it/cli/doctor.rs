//! `annals doctor`.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::cli_program::{Home, Ran, wait};

/// The finding of a check, which must be there once.
fn finding<'a>(diagnosis: &'a Value, check: &str) -> &'a Value {
    let findings = diagnosis["findings"].as_array().unwrap();
    let mut of_check = findings.iter().filter(|finding| finding["check"] == check);
    let found = of_check.next().unwrap_or_else(|| panic!("no {check}: {diagnosis}"));
    assert!(of_check.next().is_none(), "{check} stands twice: {diagnosis}");
    found
}

fn diagnosed(home: &Home, arguments: &[&str]) -> (i32, Value) {
    let ran = home.run(&[&["doctor", "--json"], arguments].concat());
    assert_eq!(ran.stderr, "", "{ran:?}");
    (ran.code, ran.json())
}

/// Every file below a folder, with its length.
fn files(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.display().to_string(), entry.metadata().unwrap().len())),
        }
    }
    found.sort();
    found
}

fn change(home: &Home, statement: &str) {
    let store = rusqlite::Connection::open(home.default_store()).unwrap();
    assert_eq!(store.execute(statement, []).unwrap(), 1);
}

#[test]
fn where_no_store_is_none_is_made() {
    let home = Home::new();
    for arguments in [&[][..], &["--rebuild"]] {
        let (code, diagnosis) = diagnosed(&home, arguments);
        assert_eq!(code, i32::from(!arguments.is_empty()), "{diagnosis}");
        let store = finding(&diagnosis, "store");
        assert_eq!(store["level"], "ok");
        assert!(store["message"].as_str().unwrap().contains("not there yet"), "{store}");
    }
    assert_eq!(files(&home.home()), [], "nothing was made");
}

#[test]
fn a_healthy_store_has_no_problem_and_is_left_as_it_is() {
    let home = Home::new();
    let id = home.register("odin");
    home.emit(&id, "epic_started", r#"{"epic_id": "epic-003"}"#);
    let before = files(&home.home());
    let (code, diagnosis) = diagnosed(&home, &[]);
    assert_eq!((code, &diagnosis["ok"]), (0, &json!(true)), "{diagnosis}");
    for check in
        ["configuration", "store", "permissions", "schema", "integrity", "log", "clock", "registry"]
    {
        assert_eq!(finding(&diagnosis, check)["level"], "ok", "{diagnosis}");
    }
    assert!(finding(&diagnosis, "flush")["message"].as_str().unwrap().contains(" ms to "));
    assert_eq!(diagnosis["registry"]["events_checked"], 2);
    assert_eq!(files(&home.home()), before);
    let ran = home.run(&["doctor"]);
    assert!(ran.stdout.starts_with("CHECK "), "{ran:?}");
    assert!(ran.stdout.contains("\nschema         ok      version "), "{ran:?}");
    assert_eq!(home.json(&["query", &id])["total_count"], 2);
}

#[test]
fn a_row_that_differs_is_told_and_rebuilding_mends_it() {
    let home = Home::new();
    let id = home.register("odin");
    home.emit(&id, "epic_started", r#"{"epic_id": "epic-003"}"#);
    change(&home, "UPDATE supervisor_sessions SET current_epic = 'epic-009', status = 'closed'");
    let (code, diagnosis) = diagnosed(&home, &[]);
    assert_eq!((code, &finding(&diagnosis, "registry")["level"]), (1, &json!("problem")));
    let row = |column: &str, found: &str, correct: &str| {
        json!({
            "instance_id": diagnosis["registry"]["differences"][0]["instance_id"],
            "handle": id, "column": column, "found": found, "correct": correct
        })
    };
    let expected =
        json!([row("status", "closed", "active"), row("current_epic", "epic-009", "epic-003")]);
    assert_eq!(diagnosis["registry"]["differences"], expected);
    let ran = home.run(&["doctor"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("fix      annals doctor --rebuild"), "{ran:?}");
    assert_eq!(home.json(&["show", &id])["status"], "closed", "only told");

    let ran = home.run(&["doctor", "--rebuild"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = |column: &str| {
        let row = ran.stdout.lines().find(|line| line.contains(column)).unwrap();
        row.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told("current_epic"), [&id, "current_epic", "epic-009", "epic-003"]);
    assert_eq!(told(" status "), [&id, "status", "closed", "active"]);
    let shown = home.json(&["show", &id]);
    assert_eq!((&shown["status"], &shown["current_epic"]), (&json!("active"), &json!("epic-003")));
    assert_eq!(diagnosed(&home, &["--rebuild"]).1["registry"]["mended"], false);
}

#[test]
fn what_shows_that_events_are_missing_is_told_and_kept() {
    let home = Home::new();
    let id = home.register("odin");
    home.emit(&id, "turn_completed", "{}");
    change(&home, "UPDATE supervisor_sessions SET last_sequence = 9");
    for arguments in [&[][..], &["--rebuild"]] {
        let (code, diagnosis) = diagnosed(&home, arguments);
        assert_eq!((code, &finding(&diagnosis, "events")["level"]), (1, &json!("problem")));
    }
    assert_eq!(home.json(&["show", &id])["last_sequence"], 9);
}

#[test]
fn what_is_no_store_is_told_and_not_touched() {
    let home = Home::new();
    home.file("notes.txt", "not a store\n");
    home.file("one.txt", "x");
    std::fs::create_dir(home.work().join("folder")).unwrap();
    let other = rusqlite::Connection::open(home.work().join("other.db")).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (b)").unwrap();
    drop(other);
    let before = files(&home.work());
    for (name, code) in [
        ("notes.txt", "store_foreign"),
        ("one.txt", "store_foreign"),
        ("other.db", "store_foreign"),
        ("folder", "invalid_store"),
    ] {
        let (exit, diagnosis) = diagnosed(&home, &["--store", &format!("sqlite:{name}")]);
        let store = finding(&diagnosis, "store");
        assert_eq!((exit, &store["level"]), (1, &json!("problem")), "{diagnosis}");
        assert!(store["meaning"].as_str().unwrap().contains(code), "{diagnosis}");
    }
    assert_eq!(files(&home.work()), before);
}

#[test]
fn a_damaged_file_and_a_newer_schema_are_told() {
    let home = Home::new();
    let id = home.register("odin");
    for _ in 0..50 {
        home.emit(&id, "turn_completed", &json!({"note": "x".repeat(2_000)}).to_string());
    }
    let whole = std::fs::read(home.default_store()).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2 / 4_096 * 4_096;
    damaged[middle..middle + 4_096].fill(0xa5);
    std::fs::write(home.default_store(), &damaged).unwrap();
    let (code, diagnosis) = diagnosed(&home, &["--rebuild"]);
    assert_eq!((code, &finding(&diagnosis, "integrity")["level"]), (1, &json!("problem")));
    assert_eq!(std::fs::read(home.default_store()).unwrap(), damaged);

    std::fs::write(home.default_store(), &whole).unwrap();
    let store = rusqlite::Connection::open(home.default_store()).unwrap();
    store.pragma_update(None, "user_version", 999).unwrap();
    drop(store);
    let (code, diagnosis) = diagnosed(&home, &[]);
    let schema = finding(&diagnosis, "schema");
    assert_eq!((code, &schema["level"]), (1, &json!("problem")), "{diagnosis}");
    assert!(schema["fix"].as_str().unwrap().contains("update Annals"), "{schema}");
}

#[test]
fn a_bad_configuration_is_a_finding_and_the_store_that_it_may_name_is_left_alone() {
    let home = Home::new();
    home.register("odin");
    let file = home.file("annals.toml", "store = \"sqlite:elsewhere.db\"\nlissen = 1\n");
    let file = file.to_str().unwrap();
    let (code, diagnosis) = diagnosed(&home, &["--config", file]);
    assert_eq!(code, 1);
    let found = finding(&diagnosis, "configuration");
    assert!(found["message"].as_str().unwrap().contains("annals.toml, line 2: "), "{found}");
    assert_eq!(diagnosis["findings"].as_array().unwrap().len(), 1, "{diagnosis}");

    let mut command = home.command(&["doctor"]);
    command.env("ANNALS_STROE", "sqlite:a.db").env("ANNALS_INSTANCE", "odin");
    let ran = Ran::of(command);
    assert_eq!(ran.code, 0, "a warning is no problem: {ran:?}");
    assert!(ran.stdout.contains("fix      did you mean ANNALS_STORE?"), "{ran:?}");
    assert!(!ran.stdout.contains("ANNALS_INSTANCE"), "{ran:?}");
}

#[test]
fn a_lock_that_is_held_for_long_is_told() {
    let home = Home::new();
    home.register("odin");
    let holder = rusqlite::Connection::open(home.default_store()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (code, diagnosis) = diagnosed(&home, &[]);
    assert_eq!((code, &finding(&diagnosis, "lock")["level"]), (0, &json!("warning")));
    drop(holder);
    let (_, diagnosis) = diagnosed(&home, &[]);
    assert_eq!(diagnosis["warnings"], 0, "{diagnosis}");
}

#[cfg(target_os = "linux")]
#[test]
fn other_programs_that_use_the_store_are_named() {
    let home = Home::new();
    home.register("odin");
    let mut server = home.command(&["mcp"]).stdin(Stdio::piped()).spawn().unwrap();
    // It has the store open once it answers.
    let mut input = server.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n")
        .unwrap();
    let mut line = String::new();
    let mut output = std::io::BufReader::new(server.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    let (code, diagnosis) = diagnosed(&home, &[]);
    assert_eq!(code, 0, "{diagnosis}");
    let told = finding(&diagnosis, "programs")["message"].as_str().unwrap();
    assert_eq!(told, format!("also open in annals mcp ({})", server.id()));
    drop(input);
    assert_eq!(wait(&mut server), Some(0));
}

#[test]
fn a_type_that_cannot_be_read_is_named_and_hides_no_other() {
    let home = Home::new();
    let id = home.register("odin");
    let definition = |name: &str| {
        format!("name = \"{name}\"\ncategory = \"testing\"\ndescription = \"A review ended.\"\n")
    };
    home.file("review.toml", definition("review"));
    home.file("broken.toml", definition("broken"));
    assert_eq!(home.run(&["types", "add", "review.toml"]).code, 0);
    assert_eq!(finding(&diagnosed(&home, &[]).1, "types")["level"], "ok");
    // As another program may leave them: JSON that is no definition, and text that is no UTF-8.
    change(&home, "INSERT INTO event_types VALUES (2, 'broken', 1, 0, '{\"no\": 1}', 5)");
    let bytes = "(3, CAST(x'62ff' AS TEXT), 1, 0, CAST(x'ff' AS TEXT), 5)";
    change(&home, &format!("INSERT INTO event_types VALUES {bytes}"));

    let ran = home.run(&["types"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("  review ") && ran.stdout.contains("  epic_started "), "{ran:?}");
    assert!(ran.stderr.contains("event type broken cannot be read"), "{ran:?}");
    let listed = home.json(&["types"]);
    let names: Vec<&Value> =
        listed["unreadable"].as_array().unwrap().iter().map(|t| &t["event_type"]).collect();
    assert_eq!(names, ["broken", "b\u{fffd}"]);

    home.emit(&id, "review", "{}");
    let ran = home.run(&["emit", &id, "broken", "{}"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(ran.stderr.contains("[store_corrupt]"), "{ran:?}");
    let ran = home.run(&["emit", &id, "brken", "{}"]);
    assert!(ran.stderr.contains("[unknown_event_type]"), "{ran:?}");
    assert_eq!(home.json(&["query", &id, "--type", "broken"])["total_count"], 0);
    assert_eq!(home.run(&["types", "broken"]).code, 6);

    let (code, diagnosis) = diagnosed(&home, &[]);
    let found = finding(&diagnosis, "types");
    assert_eq!((code, &found["level"]), (1, &json!("problem")), "{diagnosis}");
    assert!(found["message"].as_str().unwrap().contains("broken"), "{found}");

    // Defining it anew mends it.
    let ran = home.run(&["types", "add", "broken.toml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    home.emit(&id, "broken", "{}");
    assert_eq!(home.json(&["types", "broken"])["unreadable_versions"], json!([1]));
}
