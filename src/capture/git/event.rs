//! The events that commits give.

use serde_json::Value;

use super::commit::{RawCommit, Signature, timestamp};
use super::pull_request::recognise;
use super::stats::Stats;
use super::text::{bounded, decode};
use super::walk::Commit;
use crate::domain::ids::EventId;
use crate::domain::time::Timestamp;

/// The type of the event that a commit was made.
pub(super) const COMMIT_CREATED: &str = "commit_created";
/// The type of the event that a pull request was merged.
pub(super) const PR_MERGED: &str = "pr_merged";

/// The most bytes of a message that an event holds.
const MESSAGE_BYTES: usize = 16 * 1024;
/// The most bytes of a name, an address, a branch or a title that an event holds.
const NAME_BYTES: usize = 1024;

/// Something that happened in a repository, ready to be emitted.
#[derive(Clone, Debug, PartialEq)]
pub struct GitEvent {
    /// The same for the same commit and type, so that importing again adds only what is new.
    pub event_id: EventId,
    /// `commit_created` or `pr_merged`.
    pub event_type: &'static str,
    /// What happened: a JSON object, without the fields that the commit leaves empty.
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
        ("branch", text(branch.to_owned(), NAME_BYTES)),
        ("message", text(decode(raw.message, raw.encoding), MESSAGE_BYTES)),
        ("author", author(&raw.author, raw.encoding)),
        ("author_email", text(decode(raw.author.email, raw.encoding), NAME_BYTES)),
        ("authored_at", authored.map(|time| time.to_string().into())),
        ("files_changed", stats.map(|stats| stats.files_changed.into())),
        ("lines_added", stats.map(|stats| stats.lines_added.into())),
        ("lines_removed", stats.map(|stats| stats.lines_removed.into())),
        ("parent_count", Some(raw.parents.len().into())),
    ])
}

/// The payload of `pr_merged`, if the message of this merge commit names a pull request.
pub(super) fn pr_merged(commit: &Commit, raw: &RawCommit<'_>) -> Option<Value> {
    let pull_request = recognise(&decode(raw.message, raw.encoding))?;
    Some(object([
        ("pr_number", Some(pull_request.number.into())),
        ("title", pull_request.title.and_then(|title| text(title, NAME_BYTES))),
        ("branch", pull_request.branch.and_then(|branch| text(branch, NAME_BYTES))),
        ("commit_hash", Some(commit.id.to_string().into())),
        ("author", author(&raw.author, raw.encoding)),
    ]))
}

fn author(author: &Signature<'_>, encoding: Option<&[u8]>) -> Option<Value> {
    text(decode(author.name, encoding), NAME_BYTES)
}

fn text(text: String, max: usize) -> Option<Value> {
    (!text.is_empty()).then(|| bounded(text, max).into())
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
                "pr_number": 5, "title": "Title", "branch": "b", "commit_hash": HASH, "author": "A",
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
        assert_eq!((name.len(), message.len()), (1024, 16 * 1024));
        assert!(name.ends_with("n… [cut: 2000 bytes in all]"), "{name}");
        assert!(message.ends_with("m… [cut: 20000 bytes in all]"), "{message}");
    }
}
