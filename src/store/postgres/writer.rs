//! The writers: each a task with a connection of its own, where whatever waits while one transaction
//! is being made durable goes into the next one. No timer delays a lone caller. An instance has one
//! writer, so that its events go one behind the other and its head is known.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::attempt::{Attempt, Left};
use super::error::{Failure, Outcome, closed};
use super::feed::Appends;
use super::job::{Job, Pending};
use super::pool::{Lease, Pool};
use super::write::Statements;
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::{InstanceId, StoreId};
use crate::domain::instance::Instance;
use crate::store::{AppendRequest, Appended, Clock, RestoreRequest, Restored};

/// How many writers there are. More would make smaller transactions, each with its own flush.
const WRITERS: usize = 2;

/// The most calls that wait for a writer; beyond it a caller is refused at once.
const QUEUE: usize = 2_048;

/// The most events in one transaction, which bounds how long a caller waits for its neighbours.
const TRANSACTION_EVENTS: usize = 2_000;

/// The most heads that a writer remembers.
const HEADS: usize = 20_000;

/// How long before the next try after a failure, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// The handles of the writers.
pub struct Writers {
    queues: std::sync::Mutex<Vec<mpsc::Sender<Pending>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    patience: Duration,
}

/// What writers work with.
#[derive(Clone)]
pub struct Tools {
    /// The connections.
    pub pool: Pool,
    /// The store.
    pub store_id: StoreId,
    /// The clock that gives events their time.
    pub clock: Arc<dyn Clock>,
    /// Who is told of events.
    pub appends: Arc<Appends>,
}

impl Writers {
    /// Starts the tasks. A call is tried again until `patience` is over.
    pub fn start(tools: &Tools, patience: Duration) -> Self {
        let mut queues = Vec::new();
        let mut tasks = Vec::new();
        for _ in 0..WRITERS {
            let (queue, jobs) = mpsc::channel(QUEUE);
            let writer = Writer { tools: tools.clone(), connection: None, heads: HashMap::new() };
            queues.push(queue);
            tasks.push(tokio::spawn(writer.run(jobs)));
        }
        Self { queues: std::sync::Mutex::new(queues), tasks: Mutex::new(tasks), patience }
    }

    /// Hands a request to a writer and waits until it is durable or refused.
    pub async fn append(&self, request: AppendRequest) -> Result<Appended> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(request.instance_id, Job::Append(request, reply))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Hands events of another store to a writer and waits until they are durable or refused.
    pub async fn restore(&self, request: RestoreRequest) -> Result<Restored> {
        let Some(first) = request.events.first() else { return Ok(Vec::new()) };
        let (reply, answer) = oneshot::channel();
        self.enqueue(first.event.instance_id, Job::Restore(request, reply))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    fn enqueue(&self, instance: InstanceId, job: Job) -> Result<()> {
        let deadline = Instant::now() + self.patience;
        let pending = Pending { job, deadline, attempted: HashSet::new(), is_unknown: false };
        let queues = self.queues.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if queues.is_empty() {
            return Err(closed());
        }
        // The tail of an instance id is random.
        let place = usize::from(instance.0.as_bytes()[15]) % queues.len();
        queues[place].try_send(pending).map_err(|error| match error {
            TrySendError::Closed(_) => closed(),
            TrySendError::Full(_) => Error::new(
                Code::StoreBusy,
                format!("{QUEUE} calls are waiting for the store already"),
                "send the call again in a moment, with the same event ids",
            ),
        })
    }

    /// Writes what is queued, then ends the tasks.
    pub async fn close(&self) {
        self.queues.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
        for task in self.tasks.lock().await.drain(..) {
            // A panic of the task was reported where it happened.
            let _ = task.await;
        }
    }
}

/// A connection and what was prepared on it.
struct Connection {
    lease: Lease,
    statements: Statements,
}

struct Writer {
    tools: Tools,
    connection: Option<Connection>,
    /// The heads as this writer left them. Another server may have moved them since: they are hints.
    heads: HashMap<InstanceId, Instance>,
}

impl Writer {
    async fn run(mut self, mut jobs: mpsc::Receiver<Pending>) {
        while let Some(first) = jobs.recv().await {
            let mut events = first.job.events();
            let mut batch = vec![first];
            while events < TRANSACTION_EVENTS {
                let Ok(pending) = jobs.try_recv() else { break };
                events += pending.job.events();
                batch.push(pending);
            }
            self.serve(batch).await;
            self.tools.appends.tell();
        }
    }

    /// Tries until every job is answered.
    async fn serve(&mut self, batch: Vec<Pending>) {
        let mut left = Left::whole(batch);
        let mut pause = BACK_OFF.0;
        while let Some(next) = left.take() {
            let alone = next.jobs.len() == 1;
            let Err((tried, error)) = self.attempt(next, &mut left).await else { continue };
            if error.is_passing() {
                let error = error.translate("appending events");
                tracing::warn!(%error, "the database failed; trying again");
                left.retry_unknown(tried, &error);
                if !left.is_empty() {
                    tokio::time::sleep(pause).await;
                    pause = BACK_OFF.1.min(pause * 2);
                }
            } else if !alone && error.is_constraint() {
                // A row that the schema refuses, or an id that another server stored meanwhile, must
                // not take its neighbours with it.
                left.one_by_one(tried);
            } else if error.is_constraint() && left.again(&tried) {
                left.retry(tried, &error.translate("appending events"));
            } else {
                left.fail(tried, &error.translate("appending events"));
            }
        }
    }

    async fn attempt(
        &mut self,
        mut attempt: Attempt,
        left: &mut Left,
    ) -> std::result::Result<(), (Attempt, Failure)> {
        if attempt.is_late() {
            attempt.fail_late();
            return Ok(());
        }
        let written = match self.try_attempt(&mut attempt).await {
            Ok(written) => written,
            Err(failure) => {
                // What was begun is over with its connection.
                self.connection = None;
                for id in attempt.instances() {
                    self.heads.remove(&id);
                }
                return Err((attempt, failure));
            }
        };
        if self.heads.len() > HEADS {
            self.heads.clear();
        }
        for (id, moved) in written.moved {
            match moved {
                Some(head) => self.heads.insert(id, head),
                None => self.heads.remove(&id),
            };
        }
        left.done(attempt, written.answers, &written.lost);
        Ok(())
    }

    async fn try_attempt(&mut self, attempt: &mut Attempt) -> Outcome<super::attempt::Written> {
        if self.connection.is_none() {
            let lease = self.tools.pool.lease().await?;
            let statements = Statements::prepare(&lease).await?;
            self.connection = Some(Connection { lease, statements });
        }
        let Connection { lease, statements } =
            self.connection.as_ref().expect("the connection was made above");
        attempt
            .run(lease, statements, &self.heads, self.tools.store_id, self.tools.clock.now())
            .await
    }
}
