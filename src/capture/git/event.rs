//! The events that commits give.

use serde_json::Value;

use super::commit::{RawCommit, timestamp};
use super::pull_request::recognise;
use super::stats::Stats;
use super::text::{bounded_bytes, bounded_chars, decode};
use super::walk::Commit;
use crate::domain::catalogue::field::{LABEL_CHARS, LARGEST};
use crate::domain::ids::EventId;
use crate::domain::time::Timestamp;

/// The type of the event that a commit was made.
pub(super) const COMMIT_CREATED: &str = "commit_created";
/// The type of the event that a pull request was merged.
pub(super) const PR_MERGED: &str = "pr_merged";

/// The most bytes of a message that an event holds.
const MESSAGE_BYTES: usize = 16 * 1024;

/// Something that happened in a repository, ready to be emitted.
#[derive(Clone, Debug, PartialEq)]
pub struct GitEvent {
    /// The same for the same commit and type, so that importing again adds only what is new.
    pub event_id: EventId,
    /// `commit_created` or `pr_merged`.
    pub event_type: &'static str,
    /// What happened: a JSON object that fits the catalogue, without the fields that the commit
    /// leaves empty.
    pub event_data: Value,
    /// The commit time, held within the years 0001 to 9999.
    pub occurred_at: Timestamp,
}

/// The payload of `commit_created`; without `stats`, it does not say how much was changed.
pub(super) fn commit_created(
    commit: &Commit,
    raw: &RawCommit<'_>,
    branch: &str,
    stats: Option<Stats>,
) -> Value {
    let authored = raw.author.seconds.filter(|seconds| *seconds != raw.seconds()).map(timestamp);
    object([
        ("commit_hash", Some(commit.id.to_string().into())),
        ("branch", label(branch.to_owned())),
        ("message", message(decode(raw.message, raw.encoding))),
        ("author", label(decode(raw.author.name, raw.encoding))),
        ("author_email", label(decode(raw.author.email, raw.encoding))),
        ("authored_at", authored.map(|time| time.to_string().into())),
        ("files_changed", stats.and_then(|stats| count(stats.files_changed))),
        ("lines_added", stats.and_then(|stats| count(stats.lines_added))),
        ("lines_removed", stats.and_then(|stats| count(stats.lines_removed))),
        ("parent_count", count(raw.parents.len() as u64)),
    ])
}

/// The payload of `pr_merged`, if the message of this merge commit names a pull request.
pub(super) fn pr_merged(commit: &Commit, raw: &RawCommit<'_>) -> Option<Value> {
    let pull_request = recognise(&decode(raw.message, raw.encoding))?;
    Some(object([
        ("pr_number", Some(pull_request.number.into())),
        ("title", pull_request.title.and_then(label)),
        ("branch", pull_request.branch.and_then(label)),
        ("merge_commit", Some(commit.id.to_string().into())),
        ("merged_by", label(decode(raw.author.name, raw.encoding))),
    ]))
}

fn label(text: String) -> Option<Value> {
    (!text.is_empty()).then(|| bounded_chars(text, LABEL_CHARS as usize).into())
}

fn message(text: String) -> Option<Value> {
    (!text.is_empty()).then(|| bounded_bytes(text, MESSAGE_BYTES).into())
}

/// A number, unless it is larger than any that an event holds.
fn count(number: u64) -> Option<Value> {
    (number <= LARGEST.unsigned_abs()).then(|| number.into())
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::catalogue::Catalogue;

    fn events(object: &str) -> (Value, Option<Value>) {
        let id = gix::ObjectId::null(gix::hash::Kind::Sha1);
        let raw = RawCommit::parse(object.as_bytes()).unwrap();
        let commit = Commit { id, is_merge: raw.parents.len() > 1, is_boundary: false };
        let stats = Stats { files_changed: 1, lines_added: 2, lines_removed: 3 };
        (commit_created(&commit, &raw, "main", Some(stats)), pr_merged(&commit, &raw))
    }

    const HASH: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn a_merge_of_a_pull_request_gives_both_events() {
        let (created, merged) = events(&format!(
            "tree {HASH}\nparent {HASH}\nparent {HASH}\nauthor A <a@x> 60 +0100\n\
             committer C <c@x> 120 +0000\n\nMerge pull request #5 from o/b\n\nTitle\n"
        ));
        assert_eq!(
            created,
            json!({
                "commit_hash": HASH, "branch": "main", "author": "A", "author_email": "a@x",
                "message": "Merge pull request #5 from o/b\n\nTitle\n",
                "authored_at": "1970-01-01T00:01:00.000000Z",
                "files_changed": 1, "lines_added": 2, "lines_removed": 3, "parent_count": 2,
            })
        );
        assert_eq!(
            merged,
            Some(json!({
                "pr_number": 5, "title": "Title", "branch": "b", "merge_commit": HASH,
                "merged_by": "A",
            }))
        );
    }

    #[test]
    fn empty_fields_are_left_out_and_long_ones_cut() {
        let (name, message) = ("n".repeat(2_000), "m".repeat(20_000));
        let (created, merged) = events(&format!(
            "tree {HASH}\nauthor {name} <> 60 +0000\ncommitter C <c> 60 -0500\n\n{message}"
        ));
        assert_eq!(merged, None);
        let fields: Vec<&String> = created.as_object().unwrap().keys().collect();
        assert_eq!(
            fields,
            [
                "author",
                "branch",
                "commit_hash",
                "files_changed",
                "lines_added",
                "lines_removed",
                "message",
                "parent_count",
            ]
        );
        let (name, message) =
            (created["author"].as_str().unwrap(), created["message"].as_str().unwrap());
        assert_eq!((name.chars().count(), message.len()), (256, 16 * 1024));
        assert!(name.ends_with("n… [cut: 2000 characters in all]"), "{name}");
        assert!(message.ends_with("m… [cut: 20000 bytes in all]"), "{message}");
    }

    #[test]
    fn every_event_fits_the_catalogue() {
        let long = "é".repeat(10_000);
        let header = format!("tree {HASH}\nparent {HASH}\nparent {HASH}");
        for (person, message) in [
            ("A <a@x> 1 +0000".to_owned(), "Merge pull request #5 from o/b\n\nTitle".to_owned()),
            (format!("{long} <{long}> -9 +0000"), format!("Merged PR 1000000000: {long}")),
            ("\0\u{1} <\0> 9999999999999 +0000".to_owned(), format!("Merged PR 1: \0{long}")),
            (String::new(), "Merged PR 1:".to_owned()),
        ] {
            let object = format!("{header}\nauthor {person}\ncommitter {person}1\n\n{message}");
            let (created, merged) = events(&object);
            for (event_type, data) in [(COMMIT_CREATED, created), (PR_MERGED, merged.unwrap())] {
                let known = Catalogue::builtin().validate(event_type, &data).unwrap();
                for name in data.as_object().unwrap().keys() {
                    assert!(known.field_named(name).is_some(), "{event_type}: {name}");
                }
            }
        }
    }
}
