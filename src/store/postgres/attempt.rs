//! One transaction of appends, and what is left to do after it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

use super::deciding::Deciding;
use super::error::Outcome;
use super::job::{Answer, Pending};
use super::pool::Lease;
use super::view::{Questions, View};
use super::write::Statements;
use crate::domain::error::{Code, Error};
use crate::domain::ids::{EventId, InstanceId, StoreId};
use crate::domain::instance::Instance;
use crate::domain::time::Timestamp;

/// How often a job alone is tried again after a constraint refused its row: another server may have
/// stored the same id at the same moment, and is found the next time.
const CONSTRAINT_TRIES: u32 = 3;

/// Jobs that go into one transaction.
pub struct Attempt {
    /// The jobs, in their order.
    pub jobs: Vec<Pending>,
    /// Whether the head is locked before the jobs are decided; they are about one instance then.
    lock: bool,
    /// Whether the jobs were tried before.
    again: bool,
    tries: u32,
}

/// What a transaction did.
pub struct Written {
    /// The answers, for each job.
    pub answers: Vec<Answer>,
    /// The instances whose guard did not hold, or whose head was a hint that no guard has shown to be
    /// right: nothing of them was stored.
    pub lost: HashSet<InstanceId>,
    /// The heads as they are now; `None` for one that somebody else moves.
    pub moved: HashMap<InstanceId, Option<Instance>>,
}

impl Attempt {
    /// The instances that the jobs are about.
    pub fn instances(&self) -> HashSet<InstanceId> {
        self.jobs.iter().flat_map(|pending| pending.job.instances()).collect()
    }

    /// Whether no caller waits any longer.
    pub fn is_late(&self) -> bool {
        let now = Instant::now();
        self.jobs.iter().all(|pending| pending.deadline < now)
    }

    /// Tells that.
    pub fn fail_late(self) {
        self.jobs.into_iter().for_each(|pending| pending.fail(late()));
    }

    /// Reads, decides and writes. `heads` are hints.
    pub async fn run(
        &mut self,
        lease: &Lease,
        statements: &Statements,
        heads: &HashMap<InstanceId, Instance>,
        store_id: StoreId,
        now: Timestamp,
    ) -> Outcome<Written> {
        let mut questions = Questions::default();
        for pending in &self.jobs {
            questions.of(&pending.job, self.again);
        }
        let mut known = HashMap::new();
        if !self.again {
            for id in questions.heads.clone() {
                if let Some(head) = heads.get(&id) {
                    questions.heads.remove(&id);
                    known.insert(id, head.clone());
                }
            }
        }
        let asks = !questions.is_empty();
        let mut view = View::default();
        if asks {
            lease.batch_execute("BEGIN").await?;
            view = View::read(lease, &questions, self.lock).await?;
        }
        let hinted: HashSet<InstanceId> = known.keys().copied().collect();
        view.heads.extend(known);
        let mut deciding = Deciding::start(view, store_id, now);
        let answers: Vec<Answer> = self.jobs.iter().map(|pending| deciding.job(pending)).collect();
        if deciding.events.is_empty() {
            if asks {
                lease.batch_execute("COMMIT").await?;
            }
            return Ok(Written { answers, lost: hinted, moved: HashMap::new() });
        }
        self.note(&deciding);
        let held = statements.write(lease, &deciding, !asks).await?;
        // No guard has shown that a hint is right where nothing was written on it.
        let unsure = deciding.heads.keys().chain(&hinted);
        let lost = unsure.filter(|id| !held.contains(id)).copied().collect();
        let moved = deciding.heads.into_iter().map(|(id, head)| {
            let head = held.contains(&id).then_some(head.after);
            (id, head)
        });
        Ok(Written { answers, lost, moved: moved.collect() })
    }

    /// Notes which events are about to be stored.
    fn note(&mut self, deciding: &Deciding) {
        let ids: HashSet<EventId> = deciding.events.iter().map(|event| event.event_id).collect();
        for pending in &mut self.jobs {
            let own = pending.job.event_ids();
            pending.attempted.extend(own.into_iter().filter(|id| ids.contains(id)));
        }
    }
}

/// What is left to do of a batch.
pub struct Left {
    attempts: VecDeque<Attempt>,
}

impl Left {
    /// All of it, in one transaction.
    pub fn whole(jobs: Vec<Pending>) -> Self {
        let whole = Attempt { jobs, lock: false, again: false, tries: 0 };
        Self { attempts: VecDeque::from([whole]) }
    }

    /// What to try next.
    pub fn take(&mut self) -> Option<Attempt> {
        self.attempts.pop_front()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    /// Whether a constraint may have refused the row because of another server at the same moment.
    pub fn again(&self, tried: &Attempt) -> bool {
        tried.tries < CONSTRAINT_TRIES
    }

    /// Answers the jobs whose events are durable, or that wrote none. The others are decided again on
    /// fresh heads, those of an instance in a transaction of their own that locks the head first.
    pub fn done(&mut self, attempt: Attempt, answers: Vec<Answer>, lost: &HashSet<InstanceId>) {
        let tries = attempt.tries + 1;
        let mut again: Vec<(Option<InstanceId>, Vec<Pending>)> = Vec::new();
        for (mut pending, answer) in attempt.jobs.into_iter().zip(answers) {
            let instances = pending.job.instances();
            if instances.is_disjoint(lost) {
                pending.answer(answer);
                continue;
            }
            let only = if instances.len() == 1 { instances.into_iter().next() } else { None };
            if only.is_some() {
                pending.not_stored();
            }
            match again.iter_mut().find(|(id, _)| only.is_some() && *id == only) {
                Some((_, jobs)) => jobs.push(pending),
                None => again.push((only, vec![pending])),
            }
        }
        for (only, jobs) in again {
            let lock = only.is_some();
            self.attempts.push_back(Attempt { jobs, lock, again: true, tries });
        }
    }

    /// Tries again after a failure that may hide a success.
    pub fn retry_unknown(&mut self, mut tried: Attempt, error: &Error) {
        tried.jobs.iter_mut().for_each(|pending| pending.is_unknown = true);
        self.retry(tried, error);
    }

    /// Tries again, unless it is too late for a caller.
    pub fn retry(&mut self, mut tried: Attempt, error: &Error) {
        let now = Instant::now();
        let (late, jobs): (Vec<_>, Vec<_>) =
            tried.jobs.into_iter().partition(|pending| pending.deadline < now);
        late.into_iter().for_each(|pending| pending.fail(error.clone()));
        if !jobs.is_empty() {
            tried.jobs = jobs;
            tried.jobs.iter_mut().for_each(Pending::not_stored);
            tried.again = true;
            tried.tries += 1;
            self.attempts.push_front(tried);
        }
    }

    /// Tries each job on its own.
    pub fn one_by_one(&mut self, tried: Attempt) {
        for mut pending in tried.jobs.into_iter().rev() {
            pending.not_stored();
            let alone = Attempt { jobs: vec![pending], lock: false, again: true, tries: 0 };
            self.attempts.push_front(alone);
        }
    }

    /// Answers with an error.
    pub fn fail(&mut self, tried: Attempt, error: &Error) {
        tried.jobs.into_iter().for_each(|pending| pending.fail(error.clone()));
    }
}

fn late() -> Error {
    Error::new(
        Code::StoreUnavailable,
        "the database did not answer in time",
        "send the call again with the same event ids; look whether the server runs",
    )
}
