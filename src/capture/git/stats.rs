//! How much a commit changed: files, and lines added and removed.

use std::ops::ControlFlow;

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::diff::blob::{Algorithm, Diff, InternedInput};
use gix::diff::tree::{State, Visit, visit};
use gix::objs::tree::{EntryKind, EntryMode};
use gix::objs::{Find, FindExt, FindHeader, TreeRefIter};

use super::refusal;
use crate::domain::error::Result;

/// Blobs of more bytes are binary to git, which does not read them.
const BIG_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// A blob with a NUL in its first bytes, so many, is binary to git.
const BINARY_PROBE_BYTES: usize = 8000;

/// What `git diff --shortstat --no-renames` says between two trees.
///
/// The lines are those of git's default algorithm. Attributes and configuration are left out of
/// account: a file is binary by its content alone, and a renamed file is one removed and one added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stats {
    /// Files added, removed, or changed in content or mode.
    pub files_changed: u64,
    /// Lines added, those of binary files aside.
    pub lines_added: u64,
    /// Lines removed, those of binary files aside.
    pub lines_removed: u64,
}

/// Computes [`Stats`], keeping its memory from one commit to the next.
#[derive(Default)]
pub(super) struct StatsReader {
    state: State,
    old_tree: Vec<u8>,
    new_tree: Vec<u8>,
    changes: Changes,
    old_blob: Vec<u8>,
    new_blob: Vec<u8>,
}

impl StatsReader {
    /// The difference from the tree `old`, or from an empty tree, to the tree `new`.
    ///
    /// # Errors
    ///
    /// `invalid_input` naming a tree or blob that is missing or damaged.
    pub fn read(
        &mut self,
        objects: &gix::OdbHandle,
        old: Option<ObjectId>,
        new: ObjectId,
    ) -> Result<Stats> {
        self.changes.0.clear();
        if old != Some(new) {
            self.collect_changes(objects, old, new)?;
        }
        let mut stats = Stats::default();
        for change in &self.changes.0 {
            stats.files_changed += 1;
            if change.old.map(|file| file.id) == change.new.map(|file| file.id) {
                continue;
            }
            let Some(old) = text(objects, change.old, &mut self.old_blob)? else { continue };
            let Some(new) = text(objects, change.new, &mut self.new_blob)? else { continue };
            let (added, removed) = changed_lines(old, new);
            stats.lines_added += added;
            stats.lines_removed += removed;
        }
        Ok(stats)
    }

    fn collect_changes(
        &mut self,
        objects: &gix::OdbHandle,
        old: Option<ObjectId>,
        new: ObjectId,
    ) -> Result<()> {
        let hash = new.kind();
        let old_tree = match old {
            Some(id) => tree(objects, id, &mut self.old_tree)?,
            None => TreeRefIter::from_bytes(&[], hash),
        };
        let new_tree = tree(objects, new, &mut self.new_tree)?;
        gix::diff::tree(old_tree, new_tree, &mut self.state, objects, &mut self.changes)
            .map_err(|error| match error {
                gix::diff::tree::Error::Failure(error) => refusal::causes(&error),
                cancelled => cancelled.to_string(),
            })
            .map_err(|cause| refusal::object(new, "a part of tree", cause))
    }
}

fn tree<'a>(
    objects: &gix::OdbHandle,
    id: ObjectId,
    buffer: &'a mut Vec<u8>,
) -> Result<TreeRefIter<'a>> {
    objects
        .find_tree_iter(&id, buffer)
        .map_err(|error| refusal::object(id, "tree", refusal::causes(&error)))
}

/// A file of a tree.
#[derive(Clone, Copy)]
struct File {
    kind: EntryKind,
    id: ObjectId,
}

/// A file before and after.
struct Change {
    old: Option<File>,
    new: Option<File>,
}

/// Collects the files that differ between two trees; their paths do not matter.
#[derive(Default)]
struct Changes(Vec<Change>);

impl Visit for Changes {
    fn pop_front_tracked_path_and_set_current(&mut self) {}
    fn push_back_tracked_path_component(&mut self, _component: &BStr) {}
    fn push_path_component(&mut self, _component: &BStr) {}
    fn pop_path_component(&mut self) {}

    fn visit(&mut self, change: visit::Change) -> visit::Action {
        let file = |mode: EntryMode, id| (!mode.is_tree()).then(|| File { kind: mode.kind(), id });
        let (old, new) = match change {
            visit::Change::Addition { entry_mode, oid, .. } => (None, file(entry_mode, oid)),
            visit::Change::Deletion { entry_mode, oid, .. } => (file(entry_mode, oid), None),
            visit::Change::Modification { previous_entry_mode, previous_oid, entry_mode, oid } => {
                (file(previous_entry_mode, previous_oid), file(entry_mode, oid))
            }
        };
        // Old trees hold modes such as 100664, which git takes for 100644.
        let same = |old: File, new: File| old.kind == new.kind && old.id == new.id;
        let unchanged = old.zip(new).is_some_and(|(old, new)| same(old, new));
        if !unchanged && (old.is_some() || new.is_some()) {
            self.0.push(Change { old, new });
        }
        ControlFlow::Continue(())
    }
}

/// The text of `file`, empty for none; `None` if the file is binary.
fn text<'a>(
    objects: &gix::OdbHandle,
    file: Option<File>,
    buffer: &'a mut Vec<u8>,
) -> Result<Option<&'a [u8]>> {
    let Some(File { kind, id }) = file else { return Ok(Some(&[])) };
    if kind == EntryKind::Commit {
        // What git shows in place of a submodule.
        *buffer = format!("Subproject commit {id}\n").into_bytes();
        return Ok(Some(buffer));
    }
    let missing = || refusal::object(id, "blob", "it is not in the repository");
    let unreadable = |error: gix::Error| refusal::object(id, "blob", refusal::causes(&error));
    let header = objects.try_header(&id).map_err(unreadable)?.ok_or_else(missing)?;
    if header.size > BIG_FILE_BYTES {
        return Ok(None);
    }
    let blob = objects.try_find(&id, buffer).map_err(unreadable)?.ok_or_else(missing)?.data;
    let is_binary = blob[..blob.len().min(BINARY_PROBE_BYTES)].contains(&0);
    Ok((!is_binary).then_some(blob))
}

/// Lines added and removed between two texts.
fn changed_lines(old: &[u8], new: &[u8]) -> (u64, u64) {
    if old.is_empty() || new.is_empty() {
        return (lines(new), lines(old));
    }
    let diff = Diff::compute(Algorithm::Myers, &InternedInput::new(old, new));
    (diff.count_additions().into(), diff.count_removals().into())
}

/// Lines of a text; a last line without a line feed is one too.
fn lines(text: &[u8]) -> u64 {
    let line_feeds = text.find_iter(b"\n").count() as u64;
    line_feeds + u64::from(text.last().is_some_and(|byte| *byte != b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_git_counts_them() {
        for (text, count) in [("", 0), ("a", 1), ("a\n", 1), ("\n\n", 2), ("a\r\nb", 2)] {
            assert_eq!(lines(text.as_bytes()), count, "{text:?}");
        }
    }

    #[test]
    fn a_line_feed_at_the_end_makes_another_line() {
        assert_eq!(changed_lines(b"a\nb", b"a\nb\n"), (1, 1));
        assert_eq!(changed_lines(b"a\nb\n", b"a\r\nb\n"), (1, 1));
        assert_eq!(changed_lines(b"a\nb\nc\n", b"a\nc\nd\n"), (1, 1));
        assert_eq!(changed_lines(b"", b"a\nb"), (2, 0));
        assert_eq!(changed_lines(b"a\n", b""), (0, 1));
    }
}
