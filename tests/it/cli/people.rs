//! What people read.

use crate::cli_program::Home;

#[test]
fn an_empty_store_says_how_to_begin() {
    let home = Home::new();
    let ran = home.run(&["instances"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    let store = home.default_store();
    assert!(
        ran.stderr.contains(&format!("no instance yet in sqlite:{}", store.display())),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("annals register --project NAME"), "{ran:?}");
    assert!(ran.stderr.contains("annals import git ."), "{ran:?}");
    home.register("odin");
    let ran = home.run(&["instances", "-p", "saga"]);
    assert_eq!(ran.stderr, "no instance fits; all of them: annals instances\n");
}

#[test]
fn whatever_is_asked_of_an_empty_store_the_way_on_is_told() {
    let home = Home::new();
    let said = |arguments: &[&str]| {
        let ran = home.run(arguments);
        assert_eq!(ran.stdout, "", "{ran:?}");
        ran.stderr
    };
    let made = format!("made a new store: sqlite:{}\n", home.default_store().display());
    let refused = said(&["query", "nobody"]);
    assert!(refused.starts_with(&made), "{refused}");
    assert!(refused.contains("the store has no instance yet [instance_not_found]"), "{refused}");
    assert!(refused.ends_with("try: annals instances\n"), "{refused}");
    for arguments in [vec!["query", "-p", "odin"], vec!["tail"], vec!["instances"]] {
        let said = said(&arguments);
        assert!(said.contains("begin with one of:\n  annals register "), "{said}");
        assert!(!said.contains("made a new store"), "it is new only once: {said}");
    }
    home.register("odin");
    assert_eq!(said(&["query", "-p", "saga"]), "no event fits\n");
}

#[test]
fn what_an_argument_may_be_is_told_where_it_is_missing() {
    let home = Home::new();
    for (arguments, told) in [
        (vec!["show"], "`annals instances` lists the instances"),
        (vec!["query"], "name an instance, of which `annals instances` lists all, or"),
        (vec!["export"], "--all exports everything,"),
        (vec!["import", "jsonl"], "name a file, or -"),
        (vec!["emit", "8f4a2b"], "`annals types` lists the event types"),
        (vec!["completions"], "the shells are bash,"),
    ] {
        let ran = home.run(&arguments);
        assert!(ran.code == 2 && ran.stderr.contains(&format!("\nhint: {told}")), "{ran:?}");
        let refusal = home.run(&[&arguments[..], &["--json"]].concat()).json();
        assert!(refusal["hint"].as_str().unwrap().starts_with(told), "{refusal}");
    }
}

#[test]
fn the_help_begins_with_what_to_do() {
    let home = Home::new();
    let help = home.run(&["--help"]).stdout;
    assert!(help.contains("Start with one of:\n  annals demo "), "{help}");
    assert!(help.contains("Exit codes: 0 done"), "{help}");
    assert_eq!(home.run(&["-h"]).stdout, help);
    assert_eq!(home.run::<&str>(&[]).stderr, help, "no command is answered with the help");
    let help = home.run(&["emit", "--help"]).stdout;
    assert!(help.contains("Examples:\n  annals emit 8f4a2b epic_started "), "{help}");
    let (own, common) = help.split_once("Options of every command:").unwrap();
    assert!(own.contains("--correlation-id") && common.contains("--store"), "{help}");
}

#[test]
fn a_handle_comes_back_and_a_part_of_it_names_the_instance() {
    let home = Home::new();
    let ran = home.run(&["register", "--project", "odin"]);
    let handle = ran.stdout.trim_end();
    assert!(handle.starts_with("odin-PS-") && handle.len() == "odin-PS-8f4a2b".len(), "{ran:?}");
    assert!(ran.stderr.contains(&format!("annals emit {handle} epic_started")), "{ran:?}");
    let digits = handle.rsplit('-').next().unwrap();
    let ran = home.run(&["emit", digits, "epic_started", r#"{"epic_id": "epic-003"}"#]);
    let id = ran.stdout.strip_prefix("event 2  ").expect("a receipt").trim_end();
    assert_eq!(id.len(), 36, "{ran:?}");
    let again = ["emit", digits, "epic_started", r#"{"epic_id":"epic-003"}"#, "--event-id"];
    let again = home.run(&[&again[..], &[id]].concat());
    assert_eq!(again.stdout, format!("event 2  {id}  stored before\n"));
}

#[test]
fn a_repeat_is_called_one() {
    let home = Home::new();
    let id = home.register("odin");
    let event = "0191e7a4-7c1e-7d20-9a3b-5f2b8c4d6e10";
    let emit = ["emit", &id, "turn_completed", "{}", "--event-id", event];
    assert_eq!(home.run(&emit).stdout, format!("event 2  {event}\n"));
    assert_eq!(home.run(&emit).stdout, format!("event 2  {event}  stored before\n"));
}

#[test]
fn events_are_a_table_with_what_tells_most_first() {
    let home = Home::new();
    let id = home.register("odin");
    for (event_type, data) in [
        ("test_passed", r#"{"coverage": 87.0, "passed_count": 45, "epic_id": "epic-003"}"#),
        (
            "commit_created",
            r#"{"sha": "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678",
            "message": "auth: rotate tokens\n\nWhy.", "author": "Mira", "files_changed": 2}"#,
        ),
    ] {
        let time = "2026-11-20T09:30:00Z";
        let ran = home.run(&["emit", &id, event_type, data, "--occurred-at", time]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let ran = home.run(&["query", &id, "--after", "1"]);
    assert_eq!(
        ran.stdout,
        "SEQ  TIME                 TYPE            DATA\n\
         \x20 3  2026-11-20 09:30:00  commit_created  a1b2c3d4 auth: rotate tokens (Mira, 2 files)\n\
         \x20 2  2026-11-20 09:30:00  test_passed     passed_count=45 epic_id=epic-003 coverage=87\n"
    );
    assert_eq!(ran.stderr, "2 events\n");
    let ran = home.run(&["query", &id, "-n", "1"]);
    assert_eq!(ran.stderr, "1 of 3 events; more: add --offset 1\n");
    let ran = home.run(&["query", &id, "-n", "1", "--offset", "2"]);
    assert_eq!(ran.stderr, "1 of 3 events\n");
    let ran = home.run(&["query", &id, "--offset", "9"]);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("", "offset 9 is beyond the last of 3 events\n")
    );
    assert_eq!(home.run(&["query", &id, "-k", "zzz"]).stderr, "no event fits\n");
}

#[test]
fn an_event_in_full_has_every_field_and_every_line() {
    let home = Home::new();
    let id = home.register("odin");
    let data = r#"{"failed_count": 3, "error": "left: 3\nright: 4", "event id": "mine"}"#;
    let emit = ["emit", &id, "test_failed", data, "--metadata", r#"{"tags": ["ci"]}"#];
    assert_eq!(home.run(&emit).code, 0);
    let ran = home.run(&["query", &id, "-n", "1", "--full"]);
    for line in [
        "event              2",
        "type               test_failed",
        "data.failed_count  3",
        "data.error         left: 3",
        "                   right: 4",
        "data.event id      mine",
        "metadata.tags      [\"ci\"]",
    ] {
        assert!(ran.stdout.lines().any(|shown| shown == line), "{line}: {}", ran.stdout);
    }
}

#[test]
fn the_other_commands_say_it_shortly() {
    let home = Home::new();
    let id = home.register("odin");
    home.emit(&id, "epic_started", r#"{"epic_id": "epic-003"}"#);
    let said = |arguments: &[&str]| {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.stdout
    };
    assert_eq!(said(&["heartbeat", &id, "--context", "42"]), format!("{id}  active  event 3\n"));
    let shown = said(&["instances"]);
    let row = shown.lines().nth(1).unwrap();
    let words: Vec<&str> = row.split_whitespace().collect();
    let (first, last) = (&words[..2], &words[words.len() - 4..]);
    assert_eq!(
        (first, last),
        (&[&*id, "active"][..], &["3", "42", "%", "epic-003"][..]),
        "{shown}"
    );
    let shown = said(&["show", &id]);
    for fact in ["handle        ", "current epic  epic-003\n", "context       42 %\n"] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    assert!(!shown.contains("host"), "what is not known is not shown: {shown}");
    let shown = said(&["replay", &id, "--to", "2"]);
    assert!(shown.contains("last epic   epic-003\nlast event  epic_started\n"), "{shown}");
    assert!(shown.contains("replayed    2 events in "), "{shown}");
    assert_eq!(said(&["close", &id, "--reason", "done"]), format!("{id}  closed  event 4\n"));
    let ran = home.run(&["verify"]);
    assert_eq!(ran.stdout, "whole: 4 events of 1 instance, every chain unbroken\n");
    assert!(ran.stderr.contains("do not prove"), "{ran:?}");
    let ran = home.run(&["emit", &id, "turn_completed", "{}"]);
    assert!(ran.stderr.contains("try: annals emit ID instance_resumed\n"), "{ran:?}");
    assert_eq!(home.run(&["emit", &id, "instance_resumed"]).code, 0);
    home.emit(&id, "turn_completed", "{}");
}

#[test]
fn types_are_grouped_and_one_type_shows_bounds_and_an_example_that_works() {
    let home = Home::new();
    let shown = home.run(&["types"]).stdout;
    assert!(shown.contains("\ntesting\n  test_started "), "{shown}");
    let answer = home.json(&["types"]);
    for entry in answer["event_types"].as_array().unwrap() {
        let name = entry["type"].as_str().unwrap();
        assert!(shown.contains(&format!("\n  {name} ")), "{name}");
        let shown = home.run(&["types", name]).stdout;
        if entry["store_only"] == true {
            assert!(shown.contains("cannot be emitted"), "{shown}");
            continue;
        }
        let id = home.register("odin");
        let example = shown.lines().last().unwrap().trim();
        let start = format!("annals emit ID {name} '");
        let data = example.strip_prefix(&start).unwrap_or_else(|| panic!("{example}"));
        home.emit(&id, name, data.strip_suffix('\'').unwrap());
    }
    let shown = home.run(&["types", "test_passed"]).stdout;
    assert!(shown.contains("(number, 0 to 100)"), "{shown}");
}

#[test]
fn a_mistake_gets_the_way_out() {
    let home = Home::new();
    let id = home.register("odin");
    home.register("odin");
    let said = |arguments: &[&str]| home.run(arguments).stderr;
    assert_eq!(
        said(&["query", "nobody"]),
        "error: no instance has the id or handle \"nobody\" [instance_not_found]\n\
         hint: register the instance first, or list the instances to find its id or handle\n\
         try: annals instances\n"
    );
    let ambiguous = said(&["query", "odin"]);
    assert!(ambiguous.contains(&id) && ambiguous.contains("[ambiguous_instance]"), "{ambiguous}");
    let unquoted = said(&["emit", &id, "epic_started", "{epic_id:epic-003}"]);
    assert!(unquoted.contains("single quotes") && unquoted.contains("@PATH"), "{unquoted}");
    let misspelt = said(&["emit", &id, "epic_strated", "{}"]);
    assert!(misspelt.contains("did you mean epic_started"), "{misspelt}");
    assert!(said(&["qurey"]).contains("query"));
}
