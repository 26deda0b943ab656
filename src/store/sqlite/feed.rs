//! The feed: the events of all instances in the order in which they were committed.
//!
//! One writer at a time holds the file's lock, gives positions and commits, so that no event ever
//! appears below a position that a reader has seen.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::watch;

use super::error::While;
use super::open;
use super::place::Place;
use super::row::{self, EVENT_COLUMN_COUNT, EVENT_COLUMNS, integer};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::store::FeedCursor;

const DOING: &str = "reading the feed";

/// How often other processes' commits are looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Events after a cursor; see [`crate::store::EventStore::feed`].
pub fn after(
    connection: &Connection,
    instance_id: Option<InstanceId>,
    cursor: FeedCursor,
    limit: u32,
) -> Result<Vec<(FeedCursor, Event)>> {
    read(connection, instance_id, cursor, limit).while_doing(DOING)
}

fn read(
    connection: &Connection,
    instance_id: Option<InstanceId>,
    cursor: FeedCursor,
    limit: u32,
) -> rusqlite::Result<Vec<(FeedCursor, Event)>> {
    let position = integer(cursor.position);
    let with_cursor = |row: &Row<'_>| {
        let position = row.get::<_, i64>(EVENT_COLUMN_COUNT)?.unsigned_abs();
        Ok((FeedCursor { transaction: 0, position }, row::event(row)?))
    };
    let Some(id) = instance_id else {
        return connection
            .prepare_cached(&format!(
                "SELECT {EVENT_COLUMNS}, global_position FROM event_store
                 WHERE global_position > ?1 ORDER BY global_position LIMIT ?2"
            ))?
            .query_map(params![position, limit], with_cursor)?
            .collect();
    };
    // The last event before the cursor is found from the end, past the new ones only.
    connection
        .prepare_cached(&format!(
            "SELECT {EVENT_COLUMNS}, global_position FROM event_store
             WHERE instance_id = ?3 AND sequence_num > coalesce(
               (SELECT sequence_num FROM event_store
                WHERE instance_id = ?3 AND global_position <= ?1
                ORDER BY sequence_num DESC LIMIT 1), 0)
             ORDER BY sequence_num LIMIT ?2"
        ))?
        .query_map(params![position, limit, id.0.as_bytes()], with_cursor)?
        .collect()
}

/// A place near the end; see [`crate::store::EventStore::feed_cursor`].
pub fn cursor(
    connection: &Connection,
    instance_id: Option<InstanceId>,
    count: u32,
) -> Result<FeedCursor> {
    let newest_first = match instance_id {
        Some(_) => "WHERE instance_id = ?2 ORDER BY sequence_num DESC",
        None => "WHERE ?2 IS NULL ORDER BY global_position DESC",
    };
    let sql = format!("SELECT global_position FROM event_store {newest_first} LIMIT 1 OFFSET ?1");
    let id = instance_id.map(|id| id.0.into_bytes());
    let position: Option<i64> = connection
        .prepare_cached(&sql)
        .and_then(|mut query| query.query_row(params![count, id], |row| row.get(0)).optional())
        .while_doing(DOING)?;
    Ok(FeedCursor { transaction: 0, position: position.unwrap_or(0).unsigned_abs() })
}

/// Tells of commits, this process's and others'.
pub struct Appends {
    path: PathBuf,
    place: Arc<Place>,
    lock_timeout: Duration,
    changes: Arc<watch::Sender<u64>>,
    looking: Mutex<Option<Looking>>,
}

/// The thread that looks, and what ends it.
struct Looking {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Appends {
    /// On the file at `path`; nothing looks at it before somebody asks.
    pub fn new(path: PathBuf, place: Arc<Place>, lock_timeout: Duration) -> Self {
        let changes = Arc::new(watch::Sender::new(0));
        Self { path, place, lock_timeout, changes, looking: Mutex::default() }
    }

    /// Changes its value after every commit that is seen, and when the store cannot be read any more:
    /// who waits learns why by reading.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        let mut looking = self.looking();
        if looking.is_none() {
            match self.start() {
                Ok(started) => *looking = Some(started),
                Err(error) => tracing::error!(%error, "followers will not be woken"),
            }
        }
        self.changes.subscribe()
    }

    fn start(&self) -> std::io::Result<Looking> {
        let ended = Arc::new(AtomicBool::new(false));
        let (path, place) = (self.path.clone(), Arc::clone(&self.place));
        let (timeout, end) = (self.lock_timeout, Arc::clone(&ended));
        let changes = Arc::downgrade(&self.changes);
        let thread = thread::Builder::new()
            .name("annals-feed".into())
            .spawn(move || look(&Watched { path, place, timeout }, &changes, &end))?;
        Ok(Looking { ended, thread })
    }

    /// Ends the looking, and waits until it has let go of the file. May block.
    pub fn close(&self) {
        if let Some(Looking { ended, thread }) = self.looking().take() {
            ended.store(true, Ordering::Release);
            thread.thread().unpark();
            // A panic of the thread was reported where it happened.
            let _ = thread.join();
        }
    }

    fn looking(&self) -> MutexGuard<'_, Option<Looking>> {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is looked at.
struct Watched {
    path: PathBuf,
    place: Arc<Place>,
    timeout: Duration,
}

impl Watched {
    /// SQLite's counter of commits, which costs next to nothing to read. In files that are lost it would
    /// stand still for ever.
    fn version(&self, connection: &mut Option<Connection>) -> Result<i64> {
        self.place.check()?;
        let open = match connection.take() {
            Some(open) => open,
            None => open::reader(&self.path, self.timeout)?,
        };
        let version = open
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .while_doing("looking for new events")?;
        *connection = Some(open);
        Ok(version)
    }
}

/// Looks for commits until it is ended or the store is gone.
fn look(watched: &Watched, changes: &Weak<watch::Sender<u64>>, ended: &AtomicBool) {
    let mut connection = None;
    // `None` while the store cannot be read.
    let mut seen = None;
    let mut is_failing = false;
    loop {
        thread::park_timeout(LOOK);
        if ended.load(Ordering::Acquire) {
            return;
        }
        let Some(changes) = changes.upgrade() else { return };
        let version = watched.version(&mut connection);
        let is_news = match &version {
            Ok(version) => seen != Some(*version),
            Err(error) => {
                connection = None;
                if !is_failing {
                    tracing::warn!(%error, "the store cannot be watched at the moment");
                }
                !is_failing
            }
        };
        is_failing = version.is_err();
        seen = version.ok();
        if is_news {
            changes.send_modify(|count| *count += 1);
        }
    }
}
