//! The order of events, their fields, and reading again.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::super::{GitEvent, History, Repository};
use super::fixture::{Change, Commit, Fixture, Script, events, text};
use super::generated;
use crate::domain::error::Code;
use crate::domain::ids::EventId;

fn history(fixture: &Fixture) -> History {
    Repository::open(&fixture.path).unwrap().history(None).unwrap()
}

fn messages(events: &[GitEvent]) -> Vec<&str> {
    events.iter().map(|event| text(event, "message").trim_end()).collect()
}

#[test]
fn every_commit_comes_once_and_after_its_parents() {
    let fixture = Fixture::of(&generated::script(5, 200));
    let places: HashMap<String, usize> = fixture
        .events()
        .iter()
        .enumerate()
        .map(|(place, event)| (text(event, "commit_hash").to_owned(), place))
        .collect();
    let graph = fixture.git(&["rev-list", "--parents", "main"]);
    let (mut merges, mut roots) = (0, 0);
    for line in graph.lines() {
        let mut hashes = line.split(' ').map(|hash| places[hash]);
        let child = hashes.next().unwrap();
        let parents: Vec<usize> = hashes.collect();
        assert!(parents.iter().all(|parent| *parent < child), "{line}");
        merges += usize::from(parents.len() > 2);
        roots += usize::from(parents.is_empty());
    }
    assert_eq!((places.len(), graph.lines().count()), (200, 200));
    assert!(merges > 2 && roots > 2, "{merges} octopus merges and {roots} roots are no test");
}

#[test]
fn what_may_come_next_goes_by_commit_time_whatever_clocks_do() {
    let mut script = Script::default();
    let root = script.commit_at(1_000, &[]); // 1
    let late = script.commit_at(5_000, &[root]); // 2
    let skewed = script.commit_at(10, &[late]); // 3: older than its parent, even than the root
    let early = script.commit_at(2_000, &[root]); // 4
    let other_root = script.commit_at(3_000, &[]); // 5
    script.commit_at(4_000, &[early, skewed, other_root]); // 6
    let fixture = Fixture::of(&script);
    let order = ["commit 1", "commit 4", "commit 5", "commit 2", "commit 3", "commit 6"];
    let events = fixture.events();
    assert_eq!(messages(&events), order);
    let parents: Vec<u64> =
        events.iter().map(|event| event.event_data["parent_count"].as_u64().unwrap()).collect();
    assert_eq!(parents, [0, 1, 0, 1, 1, 3]);
    assert_eq!(events[4].occurred_at.to_string(), "1970-01-01T00:00:10.000000Z");
}

#[test]
fn a_commit_gives_its_facts() {
    let mut script = Script::default();
    let root = script.commit(&Commit {
        author: "Ödön \u{7f} <o@example.com> 1000000000 -0330".as_bytes(),
        committer: b"C <c@example.com> 1000000060 +1400",
        message: "Grüße\n\n\u{1}\u{1b}[31m\n".as_bytes(),
        changes: &[Change::Write("100644", b"f", b"a\nb\n")],
        ..Commit::default()
    });
    let latin = script.commit(&Commit {
        author: b"J\xfcrgen <j\xfc@example.com> 1000000000 +0000",
        encoding: Some("ISO-8859-1"),
        message: b"Gr\xfc\xdfe",
        parents: &[root],
        ..Commit::default()
    });
    script.commit(&Commit {
        author: b"J\xfcrgen <> 1000000000 +0000",
        message: b"",
        parents: &[latin],
        ..Commit::default()
    });
    let fixture = Fixture::of(&script);
    let hash = |name: &str| fixture.git(&["rev-parse", name]);
    let events = fixture.events();
    assert_eq!(
        events[0].event_data,
        json!({
            "commit_hash": hash("main~2"), "branch": "main", "parent_count": 0,
            "message": "Grüße\n\n\u{1}\u{1b}[31m\n",
            "author": "Ödön \u{7f}", "author_email": "o@example.com",
            "authored_at": "2001-09-09T01:46:40.000000Z",
            "files_changed": 1, "lines_added": 2, "lines_removed": 0,
        })
    );
    assert_eq!(events[0].event_type, "commit_created");
    assert_eq!(events[0].occurred_at.to_string(), "2001-09-09T01:47:40.000000Z");
    assert_eq!(
        events[1].event_data,
        json!({
            "commit_hash": hash("main~"), "branch": "main", "parent_count": 1,
            "message": "Grüße", "author": "Jürgen", "author_email": "jü@example.com",
            "files_changed": 0, "lines_added": 0, "lines_removed": 0,
        })
    );
    assert_eq!(
        events[2].event_data,
        json!({
            "commit_hash": hash("main"), "branch": "main", "parent_count": 1,
            "author": "J\u{fffd}rgen", "files_changed": 0, "lines_added": 0, "lines_removed": 0,
        })
    );
}

/// A root, a commit on it, and a merge of the two with this message.
fn merge_with(message: &str) -> Fixture {
    let mut script = Script::default();
    let root = script.commit_at(1_000, &[]);
    let side = script.commit_at(2_000, &[root]);
    script.commit(&Commit {
        message: message.as_bytes(),
        parents: &[root, side],
        ..Commit::default()
    });
    Fixture::of(&script)
}

#[test]
fn a_merge_of_a_pull_request_gives_two_events() {
    let fixture = merge_with("Merge pull request #8 from me/fix\n\nFix it\n");
    let events = fixture.events();
    let types: Vec<&str> = events.iter().map(|event| event.event_type).collect();
    assert_eq!(types, ["commit_created", "commit_created", "commit_created", "pr_merged"]);
    assert_eq!(
        events[3].event_data,
        json!({
            "pr_number": 8, "title": "Fix it", "branch": "fix", "merged_by": "A U Thor",
            "merge_commit": fixture.git(&["rev-parse", "main"]),
        })
    );
    assert_eq!(events[3].occurred_at, events[2].occurred_at);
    let ids: HashSet<EventId> = events.iter().map(|event| event.event_id).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn other_merges_and_commits_with_the_words_of_a_merge_give_one() {
    let fixture = merge_with("Merge branch 'fix'\n");
    assert_eq!(fixture.events().len(), 3);
    let mut script = Script::default();
    script.commit(&Commit {
        message: b"Merge pull request #8 from me/fix\n\nFix it\n",
        ..Commit::default()
    });
    assert_eq!(Fixture::of(&script).events().len(), 1);
}

#[test]
fn reading_again_gives_only_what_is_new() {
    let mut script = generated::script(6, 60);
    let fixture = Fixture::of(&script);
    let before = fixture.events();
    let known: HashSet<EventId> = before.iter().map(|event| event.event_id).collect();
    assert_eq!(history(&fixture).events(|id| known.contains(id)).count(), 0);
    script.commit_at(2_000_000_000, &[60]);
    fixture.import(&script);
    let history = history(&fixture);
    let new: Vec<GitEvent> = history.events(|id| known.contains(id)).map(Result::unwrap).collect();
    assert_eq!(messages(&new), ["commit 61"]);
    let all = fixture.events();
    assert_eq!(all[..60], before[..]);
    assert_eq!(all[60..], new[..]);
}

#[test]
fn each_event_of_a_merge_is_known_by_itself() {
    let fixture = merge_with("Merge pull request #8 from me/fix\n");
    let events = fixture.events();
    for missing in &events {
        let new: Vec<GitEvent> =
            history(&fixture).events(|id| *id != missing.event_id).map(Result::unwrap).collect();
        assert_eq!(new, std::slice::from_ref(missing));
    }
}

#[test]
fn what_is_known_is_not_read() {
    let fixture = Fixture::of(&generated::script(7, 20));
    let events = fixture.events();
    // Without its blobs, no commit could be read for its numbers.
    fixture.remove_objects("blob");
    let history = history(&fixture);
    assert_eq!(history.events(|_| true).count(), 0);
    let readable = history.events(|_| false).filter(Result::is_ok).count();
    assert!(readable < events.len());
}

#[test]
fn progress_goes_from_nothing_to_the_total() {
    let fixture = Fixture::of(&generated::script(8, 150));
    let history = history(&fixture);
    assert_eq!((history.total(), history.branch()), (150, "main"));
    let seen = Cell::new(0);
    let mut events = history.events(|_| seen.replace(seen.get() + 1) % 2 == 0);
    assert_eq!(events.commits_done(), 0);
    let mut last = 0;
    while let Some(event) = events.next() {
        assert!(event.is_ok() && events.commits_done() >= last);
        last = events.commits_done();
    }
    assert_eq!(events.commits_done(), 150);
}

#[test]
fn a_missing_object_is_named_and_ends_the_reading() {
    let mut script = Script::default();
    let mut last = script.commit_at(0, &[]);
    // More than are read ahead.
    for seconds in 1..300 {
        last = script.commit_at(seconds, &[last]);
    }
    let fixture = Fixture::of(&script);
    let tree = fixture.git(&["rev-parse", "main~290^{tree}"]);
    fixture.remove_object(&tree);
    let history = history(&fixture);
    let mut events = history.events(|_| false);
    assert_eq!(events.by_ref().take_while(Result::is_ok).count(), 9);
    assert!(events.next().is_none());
    let error = history.events(|_| false).find_map(Result::err).unwrap();
    assert_eq!(error.code, Code::InvalidInput);
    assert!(error.message.contains(&tree), "{}", error.message);
    assert!(error.hint.contains("git fsck"), "{}", error.hint);

    let commit = fixture.git(&["rev-parse", "main~10"]);
    fixture.remove_object(&commit);
    let error = Repository::open(&fixture.path).unwrap().history(None).unwrap_err();
    assert_eq!(error.code, Code::InvalidInput);
    assert!(error.message.contains(&format!("commit {commit}")), "{}", error.message);
}

#[test]
fn commits_that_git_would_not_make_are_read() {
    let fixture = Fixture::of(&{
        let mut script = Script::default();
        script.commit_at(1_000, &[]);
        script
    });
    let tree = fixture.git(&["rev-parse", "main^{tree}"]);
    for (header, seconds) in [
        ("author A <a@x> -5 +0000\ncommitter C <c@x> -5 +0000", -5),
        ("author A <a@x> 1 +0000\ncommitter C <c@x> 999999999999999999999 +0000", 253_402_207_200),
        ("author A a@x 1\ncommitter", 0),
        ("committer C <c@x> 7", 7),
        ("gpgsig x\n y", 0),
    ] {
        let parent = fixture.git(&["rev-parse", "main"]);
        let object = format!("tree {tree}\nparent {parent}\n{header}\n\nodd\n");
        let hash = fixture.write_commit(object.as_bytes());
        let events = fixture.events();
        let event = events.last().unwrap();
        assert_eq!(text(event, "commit_hash"), hash);
        assert_eq!(event.occurred_at.micros(), seconds * 1_000_000, "{header}");
        assert_eq!(event.occurred_at.to_string().parse(), Ok(event.occurred_at));
    }
}

#[test]
fn replacements_and_grafts_of_one_clone_have_no_say() {
    let fixture = Fixture::of(&generated::script(9, 10));
    let events = fixture.events();
    fixture.git(&["replace", "main~1", "main"]);
    assert_eq!(fixture.events(), events);
}

#[test]
fn every_clone_gives_the_same_events() {
    let fixture = Fixture::of(&generated::script(10, 60));
    let events_of_all = fixture.events();
    assert_eq!(events(&fixture.clone("clone", &[])), events_of_all);
    assert_eq!(events(&fixture.clone("bare.git", &["--bare"])), events_of_all);
}

#[test]
fn a_shallow_clone_is_read_as_far_as_it_goes() {
    let mut script = Script::default();
    let one = script.commit_at(1_000, &[]);
    let two = script.commit_at(2_000, &[one]);
    let side = script.commit_at(2_500, &[one]);
    let three = script.commit_at(3_000, &[two, side]);
    script.commit_at(4_000, &[three]);
    let fixture = Fixture::of(&script);
    let whole = Repository::open(&fixture.path).unwrap();
    let path = fixture.clone("shallow", &["--depth", "2"]);
    let shallow = Repository::open(&path).unwrap();
    assert!(shallow.shallow() && !whole.shallow());
    assert_ne!(shallow.instance_id().unwrap(), whole.instance_id().unwrap());
    let (all, some) = (fixture.events(), events(&path));
    assert_eq!(messages(&some), ["commit 4", "commit 5"]);
    // What the end of the clone changed is not known; everything else is as ever.
    let mut end = all[3].event_data.clone();
    for field in ["files_changed", "lines_added", "lines_removed"] {
        end.as_object_mut().unwrap().remove(field).unwrap();
    }
    assert_eq!(some[0].event_data, end);
    assert_eq!(some[1].event_data, all[4].event_data);
    assert_eq!(end["parent_count"], 2);
}

#[test]
fn a_parent_beyond_the_end_of_a_shallow_clone_is_read_if_another_way_leads_to_it() {
    let mut script = Script::default();
    let root = script.commit_at(1_000, &[]);
    let shared = script.commit_at(2_000, &[root]);
    let end = script.commit_at(3_000, &[shared]);
    let other = script.commit_at(4_000, &[shared]);
    script.commit_at(5_000, &[end, other]);
    let fixture = Fixture::of(&script);
    let boundary = fixture.git(&["rev-parse", "main^1"]);
    std::fs::write(fixture.path.join(".git/shallow"), format!("{boundary}\n")).unwrap();
    let order = ["commit 1", "commit 2", "commit 3", "commit 4", "commit 5"];
    assert_eq!(messages(&fixture.events()), order);
    assert_eq!(fixture.git(&["rev-list", "--count", "main"]), "5");
}
