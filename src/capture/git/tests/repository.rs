//! Opening repositories, what they are called, and their branches.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::super::Repository;
use super::fixture::{Commit, Fixture, Script, events, git, text};
use crate::domain::error::{Code, Error};

fn two_commits() -> Script {
    let mut script = Script::default();
    let root = script.commit_at(1_000, &[]);
    script.commit_at(2_000, &[root]);
    script
}

fn open(path: &Path) -> Repository {
    Repository::open(path).unwrap()
}

fn refused(error: &Error, message: &str, hint: &str) {
    assert_eq!(error.code, Code::InvalidInput);
    assert!(error.message.contains(message), "{}", error.message);
    assert!(error.hint.contains(hint), "{}", error.hint);
}

#[test]
fn what_is_no_repository_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = Repository::open(&missing).unwrap_err();
    refused(&error, &format!("path {} does not exist", missing.display()), "name the folder");
    assert_eq!(error.field.as_deref(), Some("path"));
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    refused(&Repository::open(&file).unwrap_err(), "is not a folder", "name the folder");
    let error = Repository::open(folder.path()).unwrap_err();
    refused(&error, "is no git repository", "git init");
}

#[test]
fn a_repository_without_commits_is_refused() {
    for init in [&[][..], &["--bare"]] {
        let fixture = Fixture::new(init);
        let error = Repository::open(&fixture.path).unwrap_err();
        refused(&error, "is a git repository without commits", "make a first commit");
    }
}

#[test]
fn a_damaged_repository_is_refused() {
    let fixture = Fixture::of(&two_commits());
    fs::write(fixture.path.join(".git/refs/heads/main"), "no hash\n").unwrap();
    let error = Repository::open(&fixture.path).unwrap_err();
    refused(&error, "cannot be read", "git fsck");
    let fixture = Fixture::of(&two_commits());
    fs::write(fixture.path.join(".git/config"), "[core\nno configuration").unwrap();
    let error = Repository::open(&fixture.path).unwrap_err();
    refused(&error, "the configuration of the repository cannot be read", "git status");
}

#[test]
fn references_in_tables_are_refused() {
    let fixture = Fixture::of(&two_commits());
    // As `git init --ref-format=reftable` leaves it, which git can do from 2.45 on.
    let folder = fixture.path.join(".git");
    let config = fs::read_to_string(folder.join("config")).unwrap();
    let config = config.replace("repositoryformatversion = 0", "repositoryformatversion = 1");
    fs::write(folder.join("config"), config + "[extensions]\n\trefstorage = reftable\n").unwrap();
    fs::write(folder.join("HEAD"), "ref: refs/heads/.invalid\n").unwrap();
    let error = Repository::open(&fixture.path).unwrap_err();
    refused(&error, "keeps its references in the reftable format", "git clone --ref-format=files");
}

#[test]
fn the_folders_of_a_repository_all_open_it() {
    let fixture = Fixture::of(&two_commits());
    let inside = fixture.path.join("deep/inside");
    fs::create_dir_all(&inside).unwrap();
    fixture.git(&["worktree", "add", "-q", "-b", "side", "../linked", "main~1"]);
    let linked = fixture.outside().join("linked");
    let bare = fixture.clone("bare-name.git", &["--bare"]);
    git(&bare, &["worktree", "add", "-q", "../of-bare", "main"]);
    let of_bare = fixture.outside().join("of-bare");
    let instance = open(&fixture.path).instance_id().unwrap();
    for (path, project, branch, total) in [
        (fixture.path.clone(), "project", "main", 2),
        (inside, "project", "main", 2),
        (fixture.path.join(".git"), "project", "main", 2),
        (fixture.path.join("deep/.."), "project", "main", 2),
        (linked, "project", "side", 1),
        (bare, "bare-name", "main", 2),
        (of_bare, "bare-name", "main", 2),
    ] {
        let repository = open(&path);
        let found = (repository.project(), repository.branch());
        assert_eq!(found, (project, branch), "{}", path.display());
        assert_eq!(repository.history(None).unwrap().total(), total, "{}", path.display());
        assert_eq!(repository.instance_id().unwrap(), instance, "{}", path.display());
    }
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let fixture = Fixture::of(&two_commits());
    let mut script = Script::default();
    script.commit_at(9_000, &[]);
    let part = Fixture::of(&script);
    let url = part.path.display().to_string();
    fixture.git(&["checkout", "-q", "-f", "main"]);
    fixture.git(&["submodule", "add", "-q", &url, "vendor/part"]);
    let submodule = open(&fixture.path.join("vendor/part"));
    assert_eq!(submodule.project(), "part");
    assert_eq!(submodule.instance_id().unwrap(), open(&part.path).instance_id().unwrap());
}

#[test]
fn a_detached_head_is_called_head() {
    let fixture = Fixture::of(&two_commits());
    fixture.git(&["checkout", "-q", "-f", "--detach", "main~1"]);
    assert_eq!(open(&fixture.path).branch(), "HEAD");
    let events = fixture.events();
    assert_eq!(events.len(), 1);
    assert_eq!(text(&events[0], "branch"), "HEAD");
}

#[test]
fn a_branch_is_found_by_each_of_its_names() {
    let mut script = two_commits();
    script.branch("feature/x", 1);
    let fixture = Fixture::of(&script);
    let clone = fixture.clone("clone", &[]);
    for (path, name, branch, total) in [
        (&fixture.path, "main", "main", 2),
        (&fixture.path, "HEAD", "main", 2),
        (&fixture.path, "feature/x", "feature/x", 1),
        (&fixture.path, "refs/heads/feature/x", "feature/x", 1),
        (&clone, "origin/feature/x", "origin/feature/x", 1),
        (&clone, "refs/remotes/origin/feature/x", "origin/feature/x", 1),
        (&clone, "feature/x", "feature/x", 1),
    ] {
        let repository = open(path);
        let history = repository.history(Some(name)).unwrap();
        assert_eq!((history.branch(), history.total()), (branch, total), "{name}");
        let event = history.events(|_| false).next().unwrap().unwrap();
        assert_eq!(text(&event, "branch"), branch);
    }
}

#[test]
fn an_unknown_branch_is_refused_with_those_that_there_are() {
    let mut script = two_commits();
    script.branch("feature/login", 1);
    let fixture = Fixture::of(&script);
    for name in ["feature/logout", "", "..", "refs/heads/none", "a b"] {
        let error = open(&fixture.path).history(Some(name)).unwrap_err();
        refused(&error, &format!("branch {name:?} is not in"), "feature/login");
        assert_eq!(error.field.as_deref(), Some("branch"));
    }
    let error = open(&fixture.path).history(Some("feature/logout")).unwrap_err();
    refused(&error, "", "name one of its branches: feature/login, main");
}

#[test]
fn a_head_without_commits_is_refused_where_no_branch_is_named() {
    let fixture = Fixture::of(&two_commits());
    fixture.git(&["symbolic-ref", "HEAD", "refs/heads/master"]);
    let repository = open(&fixture.path);
    let error = repository.history(None).unwrap_err();
    refused(&error, "HEAD names the branch \"master\", which has no commits", "main");
    assert_eq!(repository.history(Some("main")).unwrap().total(), 2);
}

#[test]
fn the_instance_does_not_depend_on_what_is_checked_out() {
    let mut script = Script::default();
    // An older root than that of main, as of pages that were written elsewhere before.
    let pages = script.commit_at(10, &[]);
    let root = script.commit_at(1_000, &[]);
    script.commit_at(2_000, &[root]);
    script.branch("pages", pages);
    let fixture = Fixture::of(&script);
    let instance = open(&fixture.path).instance_id().unwrap();
    // 1,000 seconds are 0xf4240 milliseconds.
    assert!(instance.to_string().starts_with("0000000f-4240-7"), "{instance}");
    let clone = fixture.clone("clone", &["--branch", "pages"]);
    let repository = open(&clone);
    assert_eq!(repository.branch(), "pages");
    assert_eq!(repository.instance_id().unwrap(), instance);
    assert_eq!(repository.history(None).unwrap().total(), 1);
    assert_eq!(repository.history(Some("main")).unwrap().total(), 2);
}

#[test]
fn of_several_roots_the_oldest_counts() {
    let mut script = Script::default();
    let young = script.commit_at(5_000, &[]);
    let old = script.commit_at(3_000, &[]);
    script.commit_at(6_000, &[young, old]);
    let fixture = Fixture::of(&script);
    let instance = open(&fixture.path).instance_id().unwrap();
    // 3,000 seconds are 0x2dc6c0 milliseconds.
    assert!(instance.to_string().starts_with("0000002d-c6c0-7"), "{instance}");
}

#[test]
fn a_repository_of_sha256_hashes_is_read() {
    let fixture = Fixture::new(&["--object-format=sha256"]);
    let mut script = two_commits();
    script.commit_at(3_000, &[2, 1]);
    fixture.import(&script);
    let events = fixture.events();
    assert_eq!(text(&events[2], "commit_hash"), fixture.git(&["rev-parse", "main"]));
    assert_eq!(text(&events[2], "commit_hash").len(), 64);
    let lines: Vec<&Value> = events.iter().map(|event| &event.event_data["lines_added"]).collect();
    assert_eq!(lines, [1, 1, 1]);
}

#[test]
fn folders_are_opened_whatever_their_names() {
    let fixture = Fixture::of(&{
        let mut script = Script::default();
        script.commit(&Commit::default());
        script
    });
    let path = fixture.clone("ein Projekt (ä)", &[]);
    assert_eq!(open(&path).project(), "ein-Projekt");
    assert_eq!(events(&path).len(), 1);
}
