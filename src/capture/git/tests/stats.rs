//! How much commits changed, against what the git program says.

use std::collections::BTreeMap;

use super::fixture::{Change, Commit, Fixture, Script};
use super::generated;

type Numbers = (u64, u64, u64);

/// Files, lines added and lines removed by commit, from the git program.
fn of_git(fixture: &Fixture) -> BTreeMap<String, Numbers> {
    let log = fixture.git(&[
        "log",
        "--no-renames",
        "--shortstat",
        "--diff-merges=first-parent",
        "--format=commit %H",
        "--no-ext-diff",
        "--root",
        "main",
    ]);
    let mut commits = BTreeMap::new();
    let mut current = String::new();
    for line in log.lines() {
        if let Some(hash) = line.strip_prefix("commit ") {
            current = hash.to_owned();
            commits.insert(current.clone(), (0, 0, 0));
        } else if !line.is_empty() {
            let number = |word: &str| {
                let part = line.split(',').find(|part| part.contains(word));
                part.map_or(0, |part| part.trim().split(' ').next().unwrap().parse().unwrap())
            };
            let numbers = (number("changed"), number("insertion"), number("deletion"));
            commits.insert(current.clone(), numbers);
        }
    }
    commits
}

fn of_events(fixture: &Fixture) -> BTreeMap<String, Numbers> {
    let events = fixture.events();
    let numbers = events.iter().map(|event| {
        let data = &event.event_data;
        let number = |field: &str| data[field].as_u64().unwrap();
        let numbers = (number("files_changed"), number("lines_added"), number("lines_removed"));
        (data["commit_hash"].as_str().unwrap().to_owned(), numbers)
    });
    numbers.collect()
}

#[test]
fn generated_histories_have_the_numbers_of_git() {
    for seed in 1..=3 {
        let fixture = Fixture::of(&generated::script(seed, 200));
        let (ours, git) = (of_events(&fixture), of_git(&fixture));
        assert_eq!(git.len(), 200);
        let lines: u64 = git.values().map(|numbers| numbers.1).sum();
        assert!(lines > 5_000, "seed {seed}: {lines} lines are no test");
        assert_eq!(ours, git, "seed {seed}");
    }
}

#[test]
fn a_packed_repository_reads_as_a_loose_one() {
    let fixture = Fixture::of(&generated::script(4, 20));
    let loose = fixture.events();
    fixture.git(&["gc", "-q", "--prune=now"]);
    fixture.git(&["commit-graph", "write", "--reachable"]);
    assert_eq!(fixture.events(), loose);
    assert_eq!(of_events(&fixture), of_git(&fixture));
}

/// The numbers of a change from one tree to another.
fn numbers(before: &[Change<'_>], after: &[Change<'_>]) -> Numbers {
    let mut script = Script::default();
    let old = script.commit(&Commit { changes: before, ..Commit::default() });
    script.commit(&Commit { parents: &[old], changes: after, ..Commit::default() });
    let fixture = Fixture::of(&script);
    let ours = of_events(&fixture);
    assert_eq!(ours, of_git(&fixture));
    ours[&fixture.git(&["rev-parse", "main"])]
}

const COMMIT: &str = "0123456789012345678901234567890123456789";
const OTHER: &str = "1123456789012345678901234567890123456789";

#[test]
fn every_kind_of_change_has_the_numbers_of_git() {
    use Change::{Remove, RemoveAll, Submodule, Write};
    let file = |content| Write("100644", b"f", content);
    let kept = Write("100644", b"kept", b"x\n");
    assert_eq!(numbers(&[file(b"a\nb\n")], &[file(b"a\nc\nd\n")]), (1, 2, 1));
    assert_eq!(numbers(&[file(b"a\n")], &[]), (0, 0, 0));
    assert_eq!(numbers(&[file(b"a\nb")], &[file(b"a\nb\n")]), (1, 1, 1));
    // A file that is empty, and a folder in place of a file.
    assert_eq!(numbers(&[kept], &[file(b"")]), (1, 0, 0));
    assert_eq!(numbers(&[file(b"")], &[file(b"a")]), (1, 1, 0));
    let folder = [Remove(b"f"), Write("100644", b"f/g", b"a\nb\n"), Write("100644", b"f/h", b"")];
    assert_eq!(numbers(&[file(b"a\nb\n")], &folder), (3, 2, 2));
    assert_eq!(numbers(&[kept, file(b"a\n")], &[RemoveAll]), (2, 0, 2));
    // A rename is one file removed and one added.
    let renamed = [Remove(b"f"), Write("100644", b"g", b"a\nb\n")];
    assert_eq!(numbers(&[file(b"a\nb\n")], &renamed), (2, 2, 2));
    // Binary files count, their lines do not.
    assert_eq!(numbers(&[file(b"a\nb\n")], &[file(b"a\0\nb\n")]), (1, 0, 0));
    assert_eq!(numbers(&[file(b"a\0\nb\n")], &[file(b"a\nb\n")]), (1, 0, 0));
    assert_eq!(numbers(&[file(b"\0\n")], &[Remove(b"f"), kept]), (2, 1, 0));
    let late_nul = [b"x\n".repeat(4_000), b"\0\n".to_vec()].concat();
    assert_eq!(numbers(&[kept], &[file(&late_nul)]), (1, 4_001, 0));
    assert_eq!(numbers(&[kept], &[file(&late_nul[2..])]), (1, 0, 0));
    // Modes, symbolic links and submodules.
    let link = Write("120000", b"f", b"target");
    assert_eq!(numbers(&[file(b"a\n")], &[Write("100755", b"f", b"a\n")]), (1, 0, 0));
    assert_eq!(numbers(&[file(b"a\n")], &[Write("100755", b"f", b"a\nb\n")]), (1, 1, 0));
    assert_eq!(numbers(&[file(b"a\n")], &[link]), (1, 1, 1));
    assert_eq!(numbers(&[file(b"target")], &[link]), (1, 0, 0));
    assert_eq!(numbers(&[kept], &[Submodule(b"f", COMMIT)]), (1, 1, 0));
    assert_eq!(numbers(&[Submodule(b"f", COMMIT)], &[Submodule(b"f", OTHER)]), (1, 1, 1));
    assert_eq!(numbers(&[Submodule(b"f", COMMIT)], &[file(b"a\nb\n")]), (1, 2, 1));
    let same = format!("Subproject commit {COMMIT}\n");
    assert_eq!(numbers(&[Submodule(b"f", COMMIT)], &[file(same.as_bytes())]), (1, 0, 0));
    let folder = [Remove(b"f"), Write("100644", b"f/g", b"a\n")];
    assert_eq!(numbers(&[Submodule(b"f", COMMIT), kept], &folder), (2, 1, 1));
}

#[test]
fn short_cuts_through_long_files_are_those_of_git() {
    for seed in 12..15 {
        let (before, after) = generated::long_texts(seed);
        let change = [Change::Write("100644", b"f", &after)];
        let (files, added, removed) = numbers(&[Change::Write("100644", b"f", &before)], &change);
        assert_eq!(files, 1);
        assert!(added > 500 && removed > 500, "{added} and {removed} lines are no test");
    }
}

#[test]
fn attributes_and_configuration_have_no_say() {
    let attributes: &[u8] = b"*.lock -diff\n*.txt binary\n";
    let before = [
        Change::Write("100644", b".gitattributes", attributes),
        Change::Write("100644", b"a.lock", b"a\n"),
        Change::Write("100644", b"a.txt", b"a\n"),
    ];
    let mut script = Script::default();
    let old = script.commit(&Commit { changes: &before, ..Commit::default() });
    let after =
        [Change::Write("100644", b"a.lock", b"b\n"), Change::Write("100644", b"a.txt", b"b\n")];
    script.commit(&Commit { parents: &[old], changes: &after, ..Commit::default() });
    let fixture = Fixture::of(&script);
    fixture.git(&["checkout", "-q", "-f", "main"]);
    fixture.git(&["config", "diff.algorithm", "patience"]);
    fixture.git(&["config", "core.bigFileThreshold", "1"]);
    let head = fixture.git(&["rev-parse", "main"]);
    assert_eq!(of_git(&fixture)[&head], (2, 0, 0), "git heeds the attributes");
    assert_eq!(of_events(&fixture)[&head], (2, 2, 2));
}

#[test]
fn modes_of_old_trees_are_those_of_new_ones() {
    let mut script = Script::default();
    script
        .commit(&Commit { changes: &[Change::Write("100644", b"f", b"a\n")], ..Commit::default() });
    let fixture = Fixture::of(&script);
    let blob = fixture.git(&["rev-parse", "main:f"]);
    let blob = gix::ObjectId::from_hex(blob.as_bytes()).unwrap();
    let tree = fixture.write_object("tree", &[b"100664 f\0", blob.as_bytes()].concat());
    let parent = fixture.git(&["rev-parse", "main"]);
    let who = "A <a@example.com> 1000000000 +0000";
    fixture.write_commit(
        format!("tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nm\n").as_bytes(),
    );
    let ours = of_events(&fixture);
    assert_eq!(ours, of_git(&fixture));
    assert_eq!(ours[&fixture.git(&["rev-parse", "main"])], (0, 0, 0));
}
