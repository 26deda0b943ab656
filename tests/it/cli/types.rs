//! `annals types add`, `remove` and `list`, and what other processes make of it.

use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::cli_program::{Home, McpClient, Ran, Served};

const REVIEW: &str = "name = \"review_completed\"\ncategory = \"planning\"\n\
    description = \"A code review ended.\"\nrequired = [\"review_id\"]\n\
    [fields]\nreview_id = \"string\"\nfindings = \"integer\"\n\
    [[examples]]\nreview_id = \"r-1\"\n";

/// Runs a command that must be refused; gives its exit code and the refusal.
fn refused(home: &Home, arguments: &[&str]) -> (i32, Value) {
    let ran = home.run(&[arguments, &["--json"]].concat());
    assert_ne!(ran.code, 0, "{ran:?}");
    let refusal = ran.json();
    assert_eq!(refusal["success"], false);
    (ran.code, refusal)
}

fn emit(home: &Home, instance: &str, data: &str) -> Ran {
    home.run(&["emit", instance, "review_completed", data])
}

#[test]
fn a_type_of_ones_own_lives_from_its_definition_to_its_retirement() {
    let home = Home::new();
    home.file("review.toml", REVIEW);
    let added = home.json(&["types", "add", "review.toml"]);
    assert_eq!(
        added,
        json!({"success": true, "event_type": "review_completed", "version": 1, "outcome": "added"})
    );
    assert_eq!(home.json(&["types", "add", "review.toml"])["outcome"], "unchanged");

    let instance = home.register("odin");
    assert_eq!(emit(&home, &instance, r#"{"review_id": "r-1", "findings": 2}"#).code, 0);
    let bad = emit(&home, &instance, r#"{"findings": 2}"#);
    assert_eq!(bad.code, 5, "{bad:?}");
    let (code, refusal) = refused(&home, &["emit", &instance, "review_complete", "{}"]);
    assert_eq!((code, &refusal["nearest"]), (5, &json!(["review_completed"])));

    home.file("review.toml", REVIEW.replace("\"integer\"", "\"number\""));
    assert_eq!(home.json(&["types", "add", "review.toml"])["version"], 2);
    home.file("review.toml", REVIEW.replace("\"integer\"", "\"string\""));
    let (code, refusal) = refused(&home, &["types", "add", "review.toml"]);
    assert_eq!((code, &refusal["code"]), (4, &json!("incompatible_event_type")));
    assert_eq!(refusal["first_misfit"]["sequence_num"], 2);
    let added = home.json(&["types", "add", "review.toml", "--new-version"]);
    assert_eq!((&added["version"], &added["outcome"]), (&json!(3), &json!("changed")));

    let shown = home.json(&["types", "review_completed"]);
    assert_eq!((&shown["custom"], &shown["version"]), (&json!(true), &json!(3)));
    assert_eq!(shown["versions"].as_array().unwrap().len(), 3);
    let removed = home.json(&["types", "remove", "review_completed"]);
    assert_eq!(removed["unchanged"], false);
    let (code, refusal) = refused(&home, &["emit", &instance, "review_completed", "{}"]);
    assert_eq!((code, &refusal["code"]), (5, &json!("unknown_event_type")));
    let page = home.json(&["query", &instance, "--type", "review_completed"]);
    assert_eq!(page["total_count"], 1);
    assert_eq!(home.json(&["types", "add", "review.toml"])["outcome"], "revived");
    assert_eq!(emit(&home, &instance, r#"{"review_id": "r-2"}"#).code, 0);
    assert_eq!(home.json(&["verify"])["valid"], true);
}

#[test]
fn the_list_shows_types_of_ones_own_with_their_version() {
    let home = Home::new();
    let before = home.json(&["types", "list"]);
    assert_eq!(before, home.json(&["types"]));
    let definition = home.run_with_input(&["types", "add", "-"], REVIEW.as_bytes());
    assert_eq!((definition.code, &*definition.stdout), (0, "review_completed added, version 1\n"));
    let listed = home.json(&["types", "list", "--category", "planning"]);
    let entries = listed["event_types"].as_array().unwrap();
    let ours: Vec<_> = entries.iter().filter(|entry| entry["custom"] == true).collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0]["version"], 1);
    assert_eq!(ours[0]["required_fields"], json!(["review_id"]));
    let text = home.run(&["types", "-c", "planning"]).stdout;
    let line = text.lines().find(|line| line.contains("review_completed")).unwrap();
    assert!(line.ends_with("A code review ended. (custom, version 1)"), "{line}");
    let text = home.run(&["types", "review_completed"]).stdout;
    assert!(text.contains("annals emit ID review_completed '{\"review_id\":\"r-1\"}'"), "{text}");
    home.json(&["types", "remove", "review_completed"]);
    assert_eq!(home.json(&["types"]), before);
    assert!(home.run(&["types", "review_completed"]).stdout.contains("Retired"));
}

#[test]
fn the_forms_of_the_command_stand_beside_each_other() {
    let home = Home::new();
    home.file("review.toml", REVIEW);
    for arguments in [
        &["--json", "types", "add", "review.toml"][..],
        &["types", "--json", "add", "review.toml"],
        &["types", "add", "--json", "review.toml"],
        &["types", "--json", "review_completed"],
        &["types", "--json", "list", "-c", "git"],
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.json().is_object());
    }
    for arguments in [
        &["types", "--category", "git", "list"][..],
        &["types", "--category", "git", "add", "review.toml"],
        &["types", "review_completed", "add", "review.toml"],
        &["types", "add"],
        &["types", "remove"],
        &["types", "add", "review.toml", "--version"],
    ] {
        let ran = home.run(arguments);
        assert!([2, 5].contains(&ran.code), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn definitions_that_cannot_be_are_refused_with_their_place() {
    let home = Home::new();
    home.file("text.toml", "name = \"a\"\nthis is no TOML");
    home.file("latin.toml", b"name = \"\xe9\"");
    home.file("built_in.toml", REVIEW.replace("review_completed", "epic_started"));
    home.file("large.toml", vec![b'#'; 1 << 20]);
    home.file(
        "remote.toml",
        "name = \"a\"\ncategory = \"git\"\ndescription = \"A.\"\n\
         schema = '{\"type\": \"object\", \"$ref\": \"https://example.org/schema\"}'",
    );
    for (file, code, field) in [
        ("text.toml", "invalid_event_type", "definition"),
        ("latin.toml", "invalid_utf8", "definition"),
        ("built_in.toml", "invalid_event_type", "name"),
        ("large.toml", "invalid_event_type", "definition"),
        ("remote.toml", "invalid_event_type", "schema.$ref"),
        ("absent.toml", "invalid_input", "definition"),
        (".", "invalid_input", "definition"),
    ] {
        let (exit, refusal) = refused(&home, &["types", "add", file]);
        assert_eq!((exit, &refusal["code"]), (5, &json!(code)), "{file}: {refusal}");
        assert_eq!(refusal["field"], field, "{file}");
    }
    let (_, refusal) = refused(&home, &["types", "add", "text.toml"]);
    assert!(refusal["error"].as_str().unwrap().contains("line 2"), "{refusal}");
    for name in ["epic_started", "nothing"] {
        assert_eq!(refused(&home, &["types", "remove", name]).0, 5);
    }
    assert_eq!(home.json(&["types"]), home.json(&["types", "list"]));
}

#[test]
fn servers_that_run_already_go_by_a_new_type_at_once() {
    let home = Home::new();
    let instance = home.register("odin");
    let (mut mcp, served) = (McpClient::start(&home), Served::start(&home, &[]));
    let event = json!({"instance_id": instance, "event_type": "review_completed",
                       "event_data": {"review_id": "r-1"}});
    home.file("review.toml", REVIEW);
    for version in 1..4 {
        for (answer, is_refusal) in
            [mcp.call("emit_event", &event), served.call("emit_event", &event)]
        {
            assert_eq!((is_refusal, &answer["code"]), (true, &json!("unknown_event_type")));
        }
        assert_eq!(home.json(&["types", "add", "review.toml"])["version"], version);
        for (answer, is_refusal) in
            [mcp.call("emit_event", &event), served.call("emit_event", &event)]
        {
            assert!(!is_refusal, "{answer}");
        }
        let listed = mcp.answer("list_event_types", &json!({"category": "planning"}));
        let entries = listed["event_types"].as_array().unwrap();
        let ours = entries.iter().find(|entry| entry["type"] == "review_completed").unwrap();
        assert_eq!((&ours["custom"], &ours["version"]), (&json!(true), &json!(version)));
        home.json(&["types", "remove", "review_completed"]);
    }
    mcp.end();
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn processes_that_add_at_once_leave_no_gap_in_the_versions() {
    let home = Home::new();
    let calls: Vec<_> = (0..8)
        .map(|n| {
            let name = format!("review-{n}.toml");
            home.file(&name, REVIEW.replace("findings", &format!("findings_{n}")));
            let command = home.command(&["types", "add", &name, "--json"]);
            thread::spawn(move || Ran::of(command))
        })
        .collect();
    let mut versions: Vec<u64> = calls
        .into_iter()
        .map(|call| {
            let ran = call.join().unwrap();
            assert_eq!(ran.code, 0, "{ran:?}");
            ran.json()["version"].as_u64().unwrap()
        })
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=8).collect::<Vec<_>>());
}

/// The blocks of the guide: each with its language and its lines.
fn blocks(guide: &str) -> Vec<(&str, Vec<&str>)> {
    let parts = guide.split("\n```");
    // Text and blocks take turns.
    let blocks = parts.skip(1).step_by(2);
    blocks
        .map(|block| {
            let mut lines = block.lines();
            (lines.next().unwrap(), lines.collect())
        })
        .collect()
}

#[test]
fn the_guide_works_as_it_is_written() {
    let guide = include_str!("../../../docs/custom-types.md");
    let home = Home::new();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_annals")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let blocks = blocks(guide);
    let files: Vec<String> = blocks
        .iter()
        .filter(|(language, _)| *language == "toml")
        .map(|(_, lines)| lines.join("\n"))
        .collect();
    assert_eq!(files.len(), 2);
    home.file("review.toml", &files[0]);
    home.file("build.toml", &files[1]);

    let (mut script, mut expected) = (String::new(), Vec::new());
    for line in blocks.iter().filter(|(language, _)| *language == "console").flat_map(|(_, l)| l) {
        match line.strip_prefix("$ ") {
            Some(command) => {
                // What registering tells people is not in the guide.
                let quiet = if command.starts_with("ID=") { " 2>/dev/null" } else { "" };
                script += &format!("{}\n", command.replace(')', &format!("{quiet})")));
            }
            None => expected.push(*line),
        }
    }
    assert!(expected.len() > 12);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec 2>&1\n{script}")).current_dir(home.work());
    shell.env_clear().env("PATH", path).env("HOME", home.home()).env("TZ", "UTC");
    let ran = Ran::of(shell);
    let notes = ["try: ", "1 event", "made a new store: "];
    let told: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| !notes.iter().any(|note| line.starts_with(note)))
        .collect();
    assert_eq!(told.len(), expected.len(), "{ran:?}");
    for (told, expected) in told.iter().zip(expected) {
        match expected.strip_suffix('…') {
            Some(start) => assert!(told.starts_with(start), "{told}\n{expected}"),
            None => assert_eq!(*told, expected),
        }
    }
    assert_eq!(home.json(&["types", "add", "build.toml"])["version"], 1);
    let instance = home.register("odin");
    let data = r#"{"commit": "a1b2c3d", "sizes": {"annals": -1}}"#;
    let (_, refusal) = refused(&home, &["emit", &instance, "build_measured", data]);
    assert_eq!(refusal["field"], "event_data.sizes.annals");
}
