//! `annals import git`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::cli_program::{Home, Ran};

/// Runs the git program in `folder`, with nothing of this user's settings.
pub fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Mira Lund")
        .env("GIT_AUTHOR_EMAIL", "mira@example.org")
        .env("GIT_AUTHOR_DATE", "2026-11-20T10:00:00+01:00")
        .env("GIT_COMMITTER_NAME", "Mira Lund")
        .env("GIT_COMMITTER_EMAIL", "mira@example.org")
        .env("GIT_COMMITTER_DATE", "2026-11-20T10:00:00+01:00");
    let ran = Ran::of(command);
    assert_eq!(ran.code, 0, "git {arguments:?}: {ran:?}");
}

pub fn commit(repository: &Path, file: &str, message: &str) {
    std::fs::write(repository.join(file), format!("{message}\n")).unwrap();
    git(repository, &["add", "."]);
    git(repository, &["commit", "-q", "-m", message]);
}

/// A repository called `odin` with three commits on `main`.
fn repository(home: &Home) -> PathBuf {
    let path = home.work().join("odin");
    git(&home.work(), &["init", "-q", "-b", "main", "odin"]);
    commit(&path, "a", "auth: rotate refresh tokens");
    commit(&path, "b", "auth: check the clock\n\nIt may step back.");
    commit(&path, "c", "docs: say so");
    path
}

fn messages(home: &Home, instance: &str) -> Vec<Value> {
    let answer = home.json(&["query", instance, "--type", "commit_created", "--order", "asc"]);
    let events = answer["events"].as_array().unwrap().iter();
    events.map(|event| event["event_data"]["message"].clone()).collect()
}

#[test]
fn a_repository_becomes_events_and_importing_again_adds_only_what_is_new() {
    let home = Home::new();
    let path = repository(&home);
    let first = home.json(&["import", "git", "odin"]);
    assert_eq!(first["success"], true);
    assert_eq!((&first["commits"], &first["events_added"]), (&json!(3), &json!(3)));
    let handle = first["handle"].as_str().unwrap();
    assert!(handle.starts_with("odin-git-"), "{handle}");
    let expected =
        ["auth: rotate refresh tokens\n", "auth: check the clock\n\nIt may step back.\n"];
    assert_eq!(messages(&home, handle)[..2], expected);

    let events = home.json(&["query", handle])["total_count"].clone();
    let again = home.json(&["import", "git", "odin"]);
    assert_eq!(again["events_added"], 0);
    assert_eq!(again["instance_id"], first["instance_id"]);
    assert_eq!(home.json(&["query", handle])["total_count"], events, "nothing is written");

    commit(&path, "d", "auth: revoke");
    let more = home.json(&["import", "git", "odin"]);
    assert_eq!((&more["events_added"], &more["handle"]), (&json!(1), &first["handle"]));
    assert_eq!(messages(&home, handle).last().unwrap(), "auth: revoke\n");
    assert_eq!(home.json(&["import", "git", "odin"])["events_added"], 0);
    assert_eq!(home.json(&["instances"])["instances"][0]["status"], "closed");
    assert_eq!(home.json(&["verify"])["valid"], true);
}

#[test]
fn another_branch_is_read_when_it_is_named() {
    let home = Home::new();
    let path = repository(&home);
    git(&path, &["checkout", "-q", "-b", "develop"]);
    commit(&path, "d", "auth: try something");
    git(&path, &["checkout", "-q", "main"]);
    assert_eq!(home.json(&["import", "git", "odin"])["events_added"], 3);
    let more = home.json(&["import", "git", "odin", "--branch", "develop"]);
    assert_eq!((&more["commits"], &more["events_added"]), (&json!(4), &json!(1)));
    let handle = more["handle"].as_str().unwrap();
    let last = home.json(&["query", handle, "-t", "commit_created", "-n", "1"]);
    let data = &last["events"][0]["event_data"];
    assert_eq!(
        (&data["branch"], &data["message"]),
        (&json!("develop"), &json!("auth: try something\n"))
    );
    let ran = home.run(&["import", "git", "odin", "--branch", "nowhere", "--json"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.json()["error"].as_str().unwrap().contains("nowhere"), "{ran:?}");
}

#[test]
fn people_read_what_was_added_and_where_to_look() {
    let home = Home::new();
    let path = repository(&home);
    let ran = Ran::of({
        let mut command = home.command(&["import", "git"]);
        command.current_dir(path.join(""));
        command
    });
    let (handle, said) = ran.stdout.split_once("  ").unwrap();
    assert_eq!(said, "3 events added from 3 commits\n");
    assert!(ran.stderr.contains(&format!("annals query {handle}")), "{ran:?}");
    let again = home.run(&["import", "git", "odin"]);
    assert_eq!(again.stdout, format!("{handle}  nothing new from 3 commits\n"));
    let shown = home.run(&["query", handle, "-t", "commit_created"]).stdout;
    let row = shown.lines().nth(1).unwrap();
    assert!(row.contains("2026-11-20 09:00:00  commit_created  "), "{shown}");
    assert!(row.ends_with(" docs: say so (Mira Lund on main, 1 file, +1 -0)"), "{shown}");
}

#[test]
fn what_is_no_repository_or_has_no_commit_is_refused_and_writes_nothing() {
    let home = Home::new();
    std::fs::create_dir(home.work().join("plain")).unwrap();
    git(&home.work(), &["init", "-q", "-b", "main", "fresh"]);
    for path in ["plain", "missing", "fresh"] {
        let ran = home.run(&["import", "git", path, "--json"]);
        let refusal = ran.json();
        assert_eq!((ran.code, &refusal["code"]), (5, &json!("invalid_input")), "{path}: {ran:?}");
        let ran = home.run(&["import", "git", path]);
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains("\nhint: "), "{ran:?}");
        assert!(ran.stderr.contains(path), "{ran:?}");
    }
    let ran = home.run(&["import", "git", "fresh", "--project", "a/b", "--json"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert_eq!(home.json(&["instances"])["total_count"], 0);
}
