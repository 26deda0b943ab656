//! The events of a branch, in order.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::event::GitEvent;
use super::read::{Job, Reader, Scope};
use super::walk::Walk;
use crate::domain::error::Result;
use crate::domain::ids::{EventId, InstanceId};

/// Commits that a thread takes at once: neighbours share most of their objects.
const RUN: usize = 8;
/// Runs for each thread in a batch. The events of one batch are what is held in memory.
const RUNS_PER_BATCH: usize = 8;
/// Each thread has a cache of its own, of up to 32 MiB.
const MAX_THREADS: usize = 4;

/// The history of a branch: how long it is, and its events.
pub struct History {
    objects: gix::ThreadSafeRepository,
    scope: Arc<Scope>,
    walk: Arc<Walk>,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("scope", &self.scope).field("total", &self.total()).finish()
    }
}

impl History {
    pub(super) fn new(
        objects: gix::ThreadSafeRepository,
        instance_id: InstanceId,
        branch: String,
        walk: Arc<Walk>,
    ) -> Self {
        Self { objects, scope: Arc::new(Scope { instance_id, branch }), walk }
    }

    /// The branch whose commits these are.
    pub fn branch(&self) -> &str {
        &self.scope.branch
    }

    /// How many commits the branch has, those already known included.
    pub fn total(&self) -> usize {
        self.walk.commits.len()
    }

    /// The events that are not `known`, oldest first: of a commit after those of all its parents,
    /// and otherwise by commit time. What is known costs next to nothing.
    ///
    /// Reads ahead on several threads, by some hundred commits. After an error the iterator ends.
    ///
    /// # Errors
    ///
    /// Each item may be `invalid_input`, naming an object that is missing or damaged.
    pub fn events<'a>(&'a self, known: impl Fn(&EventId) -> bool + 'a) -> Events<'a> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
        let reader = || Reader::new(self.objects.to_thread_local(), Arc::clone(&self.scope));
        Events {
            history: self,
            known: Box::new(known),
            readers: (0..threads).map(|_| reader()).collect(),
            next: 0,
            done: 0,
            ready: VecDeque::new(),
        }
    }
}

/// An iterator over the events of a [`History`].
pub struct Events<'a> {
    history: &'a History,
    known: Box<dyn Fn(&EventId) -> bool + 'a>,
    readers: Vec<Reader>,
    /// Commits that are in a batch already, or known.
    next: usize,
    done: usize,
    /// Events that are read, each with the number of its commit.
    ready: VecDeque<(usize, Result<GitEvent>)>,
}

impl fmt::Debug for Events<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("history", self.history).field("done", &self.done).finish()
    }
}

impl Events<'_> {
    /// How many commits have been passed, known ones included; at the end, [`History::total`].
    pub fn commits_done(&self) -> usize {
        self.done
    }

    /// The next jobs, as many as make a batch.
    fn batch(&mut self) -> Vec<Job> {
        let commits = &self.history.walk.commits;
        let size = RUN * RUNS_PER_BATCH * self.readers.len();
        let mut jobs = Vec::with_capacity(size);
        while jobs.len() < size
            && let Some(commit) = commits.get(self.next)
        {
            self.next += 1;
            jobs.extend(Job::new(*commit, self.next, &self.history.scope, &self.known));
        }
        jobs
    }

    /// Reads batches until there are events.
    fn read_ahead(&mut self) {
        while self.ready.is_empty() {
            let jobs = self.batch();
            if jobs.is_empty() {
                self.done = self.next;
                return;
            }
            for (position, events) in read_all(&mut self.readers, &jobs) {
                match events {
                    Ok(events) => {
                        self.ready.extend(events.into_iter().map(|event| (position, Ok(event))));
                    }
                    Err(error) => {
                        self.ready.push_back((position, Err(error)));
                        self.next = self.history.total();
                        break;
                    }
                }
            }
        }
    }
}

impl Iterator for Events<'_> {
    type Item = Result<GitEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_ahead();
        let (position, event) = self.ready.pop_front()?;
        self.done = position;
        Some(event)
    }
}

/// Reads all jobs on the threads of the readers; the answers have the order of the jobs.
fn read_all(readers: &mut [Reader], jobs: &[Job]) -> Vec<(usize, Result<Vec<GitEvent>>)> {
    let runs: Vec<&[Job]> = jobs.chunks(RUN).collect();
    let taken = AtomicUsize::new(0);
    let work = |reader: &mut Reader| {
        let mut answers = Vec::new();
        while let Some(run) = runs.get(taken.fetch_add(1, Ordering::Relaxed)) {
            answers.extend(run.iter().map(|job| (job.position, reader.read(job))));
        }
        answers
    };
    let mut answers = thread::scope(|scope| {
        let busy = readers.iter_mut().take(runs.len());
        let threads: Vec<_> = busy.map(|reader| scope.spawn(|| work(reader))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Vec<_>>| match thread.join() {
            Ok(answers) => answers,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().flat_map(join).collect::<Vec<_>>()
    });
    answers.sort_by_key(|(position, _)| *position);
    answers
}
