//! Reading one commit into its events.

use std::sync::Arc;

use super::commit::{RawCommit, timestamp};
use super::event::{COMMIT_CREATED, GitEvent, PR_MERGED, commit_created, pr_merged};
use super::identity::event_id;
use super::stats::{Stats, StatsReader};
use super::walk::{self, Commit};
use crate::domain::error::Result;
use crate::domain::ids::{EventId, InstanceId};

/// What the events of a reading have in common.
#[derive(Debug)]
pub(super) struct Scope {
    /// The instance that the events are about.
    pub instance_id: InstanceId,
    /// The branch that is read.
    pub branch: String,
}

/// What is wanted of a commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    /// The commit.
    pub commit: Commit,
    /// Its number in the walk, from 1.
    pub position: usize,
    created: bool,
    merged: bool,
}

impl Job {
    /// The events of `commit` that are not `known`; `None` if there can be none.
    pub fn new(
        commit: Commit,
        position: usize,
        scope: &Scope,
        known: impl Fn(&EventId) -> bool,
    ) -> Option<Self> {
        let wanted = |event_type| !known(&event_id(scope.instance_id, &commit.id, event_type));
        let created = wanted(COMMIT_CREATED);
        let merged = commit.is_merge && wanted(PR_MERGED);
        (created || merged).then_some(Self { commit, position, created, merged })
    }
}

/// Reads commits; one for each thread.
pub(super) struct Reader {
    repository: gix::Repository,
    scope: Arc<Scope>,
    stats: StatsReader,
    buffer: Vec<u8>,
    parent_buffer: Vec<u8>,
}

impl Reader {
    /// A reader of commits of `repository`.
    pub fn new(repository: gix::Repository, scope: Arc<Scope>) -> Self {
        let (buffer, parent_buffer) = (Vec::new(), Vec::new());
        Self { repository, scope, stats: StatsReader::default(), buffer, parent_buffer }
    }

    /// The events that are wanted of a commit, in their order.
    ///
    /// # Errors
    ///
    /// `invalid_input` naming an object that is missing or damaged.
    pub fn read(&mut self, job: &Job) -> Result<Vec<GitEvent>> {
        let Self { repository, scope, stats, buffer, parent_buffer } = self;
        let commit = &job.commit;
        let raw = walk::commit(&repository.objects, commit.id, buffer)?;
        let event = |event_type, event_data| GitEvent {
            event_id: event_id(scope.instance_id, &commit.id, event_type),
            event_type,
            event_data,
            occurred_at: timestamp(raw.seconds()),
        };
        let mut events = Vec::with_capacity(2);
        if job.created {
            // Behind the end of a shallow clone there is nothing to compare with.
            let stats = match commit.is_boundary {
                true => None,
                false => Some(change(&repository.objects, &raw, stats, parent_buffer)?),
            };
            let data = commit_created(commit, &raw, &scope.branch, stats);
            events.push(event(COMMIT_CREATED, data));
        }
        if job.merged {
            events.extend(pr_merged(commit, &raw).map(|data| event(PR_MERGED, data)));
        }
        Ok(events)
    }
}

/// How much a commit changed against its first parent.
fn change(
    objects: &gix::OdbHandle,
    raw: &RawCommit<'_>,
    stats: &mut StatsReader,
    buffer: &mut Vec<u8>,
) -> Result<Stats> {
    let parent = raw.parents.first().map(|id| walk::commit(objects, *id, buffer)).transpose()?;
    stats.read(objects, parent.map(|parent| parent.tree), raw.tree)
}
