//! A peer: SQLite alone with group commit, on the same schema and rows as the store, triggers and
//! all, with the same queue and the same settings. It validates, decides and hashes nothing: its
//! caller hands it finished rows, and it only counts them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use annals::domain::event::Event;
use annals::domain::ids::InstanceId;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use tokio::sync::oneshot;

struct Job {
    row: Event,
    reply: oneshot::Sender<()>,
}

/// The peer on a file that the store has made.
#[derive(Clone)]
pub struct BareSqlite(Arc<Handle>);

struct Handle {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl BareSqlite {
    pub fn start(path: &Path) -> Self {
        let connection = Connection::open(path).expect("the store's file");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA cache_size = -6144; PRAGMA wal_autocheckpoint = 16000;",
            )
            .expect("the settings");
        let position = connection
            .query_row("SELECT max(global_position) FROM event_store", [], |row| row.get(0))
            .optional()
            .expect("the last position");
        let (jobs, queue) = sync_channel(4_096);
        let mut writing =
            Writing { connection, position: position.unwrap_or(0), last: HashMap::new() };
        let thread = std::thread::spawn(move || writing.run(&queue));
        Self(Arc::new(Handle { jobs: Some(jobs), thread: Some(thread) }))
    }

    pub async fn append(&self, row: Event) {
        let (reply, answer) = oneshot::channel();
        let jobs = self.0.jobs.as_ref().expect("the peer is open");
        jobs.try_send(Job { row, reply }).map_err(drop).expect("room in the queue");
        answer.await.expect("an answer");
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.jobs = None;
        self.thread.take().map(JoinHandle::join);
    }
}

struct Writing {
    connection: Connection,
    position: i64,
    /// The last sequence number of each instance that was written to.
    last: HashMap<InstanceId, i64>,
}

impl Writing {
    fn run(&mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let mut batch = vec![first];
            batch.extend(queue.try_iter());
            self.write(&batch).expect("a commit");
            for job in batch {
                let _ = job.reply.send(());
            }
        }
    }

    fn write(&mut self, batch: &[Job]) -> rusqlite::Result<()> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut heads = HashMap::new();
        for Job { row, .. } in batch {
            let last = match self.last.get_mut(&row.instance_id) {
                Some(last) => last,
                None => {
                    let last = last_sequence(&transaction, row.instance_id)?;
                    self.last.entry(row.instance_id).or_insert(last)
                }
            };
            *last += 1;
            self.position += 1;
            insert(&transaction, row, *last, self.position)?;
            heads.insert(row.instance_id, (row, *last));
        }
        for (instance_id, (row, last)) in heads {
            move_head(&transaction, instance_id, row, last)?;
        }
        transaction.commit()
    }
}

fn last_sequence(connection: &Connection, instance_id: InstanceId) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT last_sequence FROM supervisor_sessions WHERE instance_id = ?1")?
        .query_row([instance_id.0.as_bytes()], |row| row.get(0))
}

fn insert(connection: &Connection, row: &Event, last: i64, position: i64) -> rusqlite::Result<()> {
    let metadata = row.metadata.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO event_store (event_id, instance_id, event_type, sequence_num, timestamp,
               occurred_at, event_data, data_salt, metadata, metadata_salt, caused_by,
               correlation_id, hash, global_position)
             VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, ?7, ?8, ?9, NULL, NULL, ?10, ?11)",
        )?
        .execute(params![
            row.event_id.0.as_bytes(),
            row.instance_id.0.as_bytes(),
            row.event_type,
            last,
            row.timestamp.micros(),
            row.event_data.text,
            row.event_data.salt,
            metadata.map(|metadata| &metadata.text),
            metadata.map(|metadata| metadata.salt),
            row.hash.0,
            position,
        ])
        .map(drop)
}

fn move_head(
    connection: &Connection,
    instance_id: InstanceId,
    row: &Event,
    last: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE supervisor_sessions SET last_heartbeat = ?2, last_sequence = ?3, head_hash = ?4,
               head_timestamp = ?2 WHERE instance_id = ?1",
        )?
        .execute(params![
            instance_id.0.as_bytes(),
            row.timestamp.micros(),
            last,
            row.hash.0
        ])
        .map(drop)
}
