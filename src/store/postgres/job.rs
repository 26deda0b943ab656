//! What waits to be written.

use std::collections::HashSet;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::domain::error::{Error, Result};
use crate::domain::ids::{EventId, InstanceId};
use crate::store::{AppendRequest, Appended, RestoreRequest, Restored};

type Reply<T> = oneshot::Sender<Result<T>>;

/// A call, and where its answer goes.
pub enum Job {
    /// Events to append.
    Append(AppendRequest, Reply<Appended>),
    /// Events of another store.
    Restore(RestoreRequest, Reply<Restored>),
}

impl Job {
    /// How many events it has.
    pub fn events(&self) -> usize {
        match self {
            Job::Append(request, _) => request.events.len(),
            Job::Restore(request, _) => request.events.len(),
        }
    }

    /// The ids of its events.
    pub fn event_ids(&self) -> Vec<EventId> {
        match self {
            Job::Append(request, _) => request.events.iter().map(|event| event.event_id).collect(),
            Job::Restore(request, _) => {
                request.events.iter().map(|asked| asked.event.event_id).collect()
            }
        }
    }

    /// The instances that it is about.
    pub fn instances(&self) -> HashSet<InstanceId> {
        match self {
            Job::Append(request, _) => HashSet::from([request.instance_id]),
            Job::Restore(request, _) => {
                request.events.iter().map(|asked| asked.event.instance_id).collect()
            }
        }
    }
}

/// What a job would be answered once its events are durable.
pub enum Answer {
    /// To an append.
    Appended(Box<Result<Appended>>),
    /// To a restoring.
    Restored(Result<Restored>),
}

/// A job on its way.
pub struct Pending {
    /// The job.
    pub job: Job,
    /// When its caller is told that it cannot be done.
    pub deadline: Instant,
    /// The events that may have been stored by an earlier attempt, so that finding them is no sign
    /// that the caller sent them before.
    pub attempted: HashSet<EventId>,
    /// Whether it is not known what became of an earlier attempt.
    pub is_unknown: bool,
}

impl Pending {
    /// Takes note that the last attempt stored nothing of it.
    pub fn not_stored(&mut self) {
        if !self.is_unknown {
            self.attempted.clear();
        }
    }

    /// Gives the answer. A caller that no longer waits has given up its answer, not its events.
    pub fn answer(self, answer: Answer) {
        match (self.job, answer) {
            (Job::Append(_, reply), Answer::Appended(answer)) => drop(reply.send(*answer)),
            (Job::Restore(_, reply), Answer::Restored(answer)) => drop(reply.send(answer)),
            // The caller sees its channel close; answers are made by matching on the job.
            _ => debug_assert!(false, "an answer is of the kind of its job"),
        }
    }

    /// Gives an error as the answer.
    pub fn fail(self, error: Error) {
        match self.job {
            Job::Append(_, reply) => drop(reply.send(Err(error))),
            Job::Restore(_, reply) => drop(reply.send(Err(error))),
        }
    }
}
