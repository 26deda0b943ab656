//! What a script learns from the exit code.

use std::process::Stdio;

use crate::cli_program::{Home, Ran};

#[test]
fn done_is_0() {
    let home = Home::new();
    let id = home.register("odin");
    for arguments in [
        vec!["instances"],
        vec!["query", &id],
        vec!["show", &id],
        vec!["replay", &id],
        vec!["types"],
        vec!["verify"],
        vec!["--help"],
        vec!["--version"],
        vec!["help", "emit"],
        vec!["emit", "--help"],
    ] {
        let ran = home.run(&arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        assert_ne!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_broken_chain_is_1_and_named() {
    let home = Home::new();
    let id = home.register("odin");
    home.emit(&id, "epic_started", r#"{"epic_id": "epic-003"}"#);
    let store = rusqlite::Connection::open(home.default_store()).unwrap();
    let triggers: Vec<String> = {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
        let mut statement = store.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert!(!triggers.is_empty());
    for trigger in triggers {
        store.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    let changed = "UPDATE event_store SET event_data = replace(event_data, '003', '004')";
    assert_eq!(store.execute(changed, []).unwrap(), 2);
    drop(store);

    let ran = home.run(&["verify"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.starts_with("broken: 1 of 1 instance\n"), "{ran:?}");
    assert!(ran.stdout.contains("HANDLE") && ran.stdout.contains(&id), "{ran:?}");
    let ran = home.run(&["verify", &id, "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let answer = ran.json();
    assert_eq!(answer["valid"], false);
    assert_eq!(answer["faults"][0]["sequence_num"], 2, "{answer}");
    assert_eq!(answer["faults"][0]["kind"], "changed", "{answer}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_printed_is_1() {
    let home = Home::new();
    home.register("odin");
    for arguments in [vec!["instances"], vec!["instances", "--json"], vec!["verify"]] {
        let mut command = home.command(&arguments);
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran: Ran = command.stdout(Stdio::from(full)).output().unwrap().into();
        assert_eq!(ran.code, 1, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("could not be printed"), "{ran:?}");
    }
}

#[test]
fn wrong_usage_is_2() {
    let home = Home::new();
    for arguments in [
        vec![],
        vec!["qurey"],
        vec!["query"],
        vec!["query", "a", "b"],
        vec!["query", "a", "--limt", "3"],
        vec!["register"],
        vec!["instances", "--status", "asleep"],
        vec!["emit", "a"],
        vec!["emit", "a", "--batch", "[]", "--event-id", "x"],
        vec!["import"],
        vec!["types", "a", "-c", "git"],
    ] {
        let ran = home.run(&arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("Usage: annals") || ran.stderr.contains("--help"), "{ran:?}");
        if arguments.is_empty() {
            continue;
        }
        let ran = home.run(&[&arguments[..], &["--json"]].concat());
        let refusal = ran.json();
        assert_eq!((ran.code, ran.stderr.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert_eq!(refusal["code"], "invalid_argument", "{refusal}");
        assert!(!refusal["error"].as_str().unwrap().starts_with("error"), "{refusal}");
    }
    assert!(!home.default_store().exists(), "nothing was opened");
}

#[test]
fn the_classes_of_refusals_are_3_to_6() {
    let home = Home::new();
    let id = home.register("odin");
    let foreign = home.file("notes.txt", "not a store\n");
    let foreign = format!("sqlite:{}", foreign.display());
    for (code, arguments) in [
        (3, vec!["show", "nobody"]),
        (4, vec!["emit", &id, "turn_completed", "{}", "--expect", "7"]),
        (5, vec!["emit", &id, "turn_completed", "{"]),
        (5, vec!["--store", "nonsense", "instances"]),
        (6, vec!["--store", &foreign, "instances"]),
        (6, vec!["--store", "sqlite:/proc/none/annals.db", "instances"]),
    ] {
        let ran = home.run(&arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains("\nhint: "), "{ran:?}");
    }
    assert_eq!(std::fs::read(home.work().join("notes.txt")).unwrap(), b"not a store\n");
}
