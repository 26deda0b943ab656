//! Moving the write-ahead log into the database file, off the path of commits.
//!
//! It competes with commits for the disk, so it is put off until writing pauses, or the log is large:
//! the longer it waits, the more often a page was written since, and it is moved only once. A thread
//! with a connection of its own moves the bulk while commits go on, pass after pass; the writer then
//! moves the little that is left, so that the log starts over instead of growing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::error::While;
use super::place::Place;
use super::{Options, open, writer};
use crate::domain::error::Result;

/// Pages in the log from which on it is moved although writing goes on: 64 MiB.
const DUE_PAGES: i32 = 16_000;

/// Pages in the log from which on it is moved when writing pauses: 1 MiB.
const WORTHWHILE_PAGES: i32 = 256;

/// How long nothing was committed when writing counts as paused.
const PAUSE: Duration = Duration::from_millis(100);

/// Pages that the writer may be left with: moving them takes about as long as a few commits.
const REST_PAGES: i32 = 200;

/// How many short passes are likely to have one among them that flushed; see [`move_bulk`].
const SHORT_PASSES: usize = 2;

/// The most passes of the thread, where commits keep it from getting there.
const PASSES: usize = 16;

/// The thread's handle; dropped, the thread ends and lets go of the file.
pub struct Checkpointer {
    log: Arc<Log>,
    place: Arc<Place>,
    wake: Option<SyncSender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What the writer and the thread tell each other.
#[derive(Default)]
struct Log {
    /// Pages in the log after the last commit.
    pages: AtomicI32,
    /// Whether the thread looks for a pause by itself.
    watched: AtomicBool,
    /// Whether the bulk has been moved and the rest is the writer's.
    rest_due: AtomicBool,
}

impl Log {
    fn pages(&self) -> i32 {
        self.pages.load(Ordering::Relaxed)
    }
}

impl Checkpointer {
    /// Starts the thread, and counts the pages that `writer` commits.
    pub fn start(
        path: &Path,
        place: &Arc<Place>,
        options: &Options,
        writer: &mut Connection,
    ) -> Result<Self> {
        let connection = open::checkpointer(path, options)?;
        let log = Arc::new(Log::default());
        let (wake, woken) = sync_channel(1);
        let counted = Arc::clone(&log);
        let count = move |_: &mut rusqlite::hooks::Wal, pages| {
            counted.pages.store(pages, Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(count)).while_doing("watching the write-ahead log")?;
        let watched = Arc::clone(&log);
        let mover = Mover { connection, place: Arc::clone(place) };
        let thread = thread::Builder::new()
            .name("annals-checkpoint".into())
            .spawn(move || run(&mover, &woken, &watched))
            .map_err(|error| writer::no_thread(&error))?;
        Ok(Self { log, place: Arc::clone(place), wake: Some(wake), thread: Some(thread) })
    }

    /// To be called by the writer between transactions.
    pub fn after_commit(&self, writer: &Connection) {
        if self.log.rest_due.swap(false, Ordering::Acquire) {
            move_in_place(writer, &self.place);
            return;
        }
        let watched = self.log.watched.load(Ordering::Relaxed);
        if self.log.pages() >= if watched { DUE_PAGES } else { WORTHWHILE_PAGES } {
            // A full channel means that the thread has not looked yet.
            let _ = self.wake.as_ref().map(|wake| wake.try_send(()));
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        // Without its sender the thread ends.
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported where it happened.
            let _ = thread.join();
        }
    }
}

/// What the thread moves with.
struct Mover {
    connection: Connection,
    place: Arc<Place>,
}

impl Mover {
    fn checkpoint(&self) -> Option<i32> {
        move_in_place(&self.connection, &self.place)
    }
}

fn run(mover: &Mover, woken: &Receiver<()>, log: &Log) {
    while woken.recv().is_ok() {
        log.watched.store(true, Ordering::Relaxed);
        loop {
            let before = log.pages();
            if before >= DUE_PAGES {
                move_bulk(mover, log);
                break;
            }
            match woken.recv_timeout(PAUSE) {
                Err(RecvTimeoutError::Timeout) if log.pages() == before => {
                    mover.checkpoint();
                    break;
                }
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        log.watched.store(false, Ordering::Relaxed);
    }
}

/// Moves the log while commits add to it; each pass leaves what came during it.
///
/// SQLite flushes the file only at the end of a pass during which nothing was committed: never of a long
/// one, but mostly of a short one. The passes go on until one has probably flushed, so that not all of
/// it is left to the writer, for whom callers wait.
fn move_bulk(mover: &Mover, log: &Log) {
    let (mut moved, mut short) = (0, 0);
    for _ in 0..PASSES {
        let Some(so_far) = mover.checkpoint() else { break };
        short += usize::from(so_far - moved <= REST_PAGES);
        moved = so_far;
        let left = log.pages() - moved;
        if left == 0 || short >= SHORT_PASSES && left <= REST_PAGES {
            break;
        }
    }
    log.rest_due.store(true, Ordering::Release);
}

/// [`checkpoint`], unless a file of the store is lost. Without the log's index others do not see this
/// connection's locks: they may have moved the log already and begun another one, whose pages would be
/// overwritten with older ones.
fn move_in_place(connection: &Connection, place: &Place) -> Option<i32> {
    place.check().ok().and_then(|()| checkpoint(connection))
}

/// Moves what can be moved without waiting for anyone; gives the number of pages at the start of the
/// log that are in the file now. A failure leaves the log as it is, whole and readable; the next
/// attempt tries again.
pub fn checkpoint(connection: &Connection) -> Option<i32> {
    connection
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))
        .inspect_err(|error| {
            tracing::warn!(%error, "the write-ahead log could not be moved into the store's file");
        })
        .ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail this way")]
mod tests {
    use std::fs;

    use super::*;

    /// A database with a log, and the connection that wrote it.
    fn database(folder: &Path) -> (std::path::PathBuf, Connection) {
        let path = folder.join("a.db");
        let writer = Connection::open(&path).unwrap();
        let setup = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
                     CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(100000))";
        writer.execute_batch(setup).unwrap();
        (path, writer)
    }

    #[test]
    fn the_log_is_moved_only_while_every_file_is_the_one_that_was_opened() {
        for ending in ["", "-wal", "-shm"] {
            let folder = tempfile::tempdir().unwrap();
            let (path, _writer) = database(folder.path());
            let place = Arc::new(Place::of(&path));
            let connection = Connection::open(&path).unwrap();
            // Opens the files.
            connection.query_row("SELECT count(*) FROM t", [], |_| Ok(())).unwrap();
            let mover = Mover { connection, place };
            let file = folder.path().join(format!("a.db{ending}"));
            let away = folder.path().join("away");
            fs::rename(&file, &away).unwrap();
            let size = || fs::metadata(&path).or_else(|_| fs::metadata(&away)).unwrap().len();
            let before = size();
            let log = Log::default();
            log.pages.store(DUE_PAGES, Ordering::Relaxed);
            move_bulk(&mover, &log);
            assert_eq!((mover.checkpoint(), size()), (None, before), "{ending}");
            fs::rename(&away, &file).unwrap();
            assert!(mover.checkpoint().unwrap() > 0, "{ending}");
            assert!(size() > before, "{ending}");
        }
    }
}
