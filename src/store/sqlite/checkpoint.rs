//! Moving the write-ahead log into the database file, off the path of commits.
//!
//! A thread with a connection of its own moves the bulk while commits go on; the writer then moves
//! the little that came meanwhile, so that the log starts over instead of growing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rusqlite::Connection;

use super::error::While;
use super::{Options, open, writer};
use crate::domain::error::Result;

/// Pages in the log from which on it is moved: 16 MiB.
const DUE_PAGES: i32 = 4_000;

/// The thread's handle; dropped, the thread ends and lets go of the file.
pub struct Checkpointer {
    /// Pages in the log after the last commit.
    pages: Arc<AtomicI32>,
    /// Whether the bulk has been moved and the rest is the writer's.
    rest_due: Arc<AtomicBool>,
    wake: Option<SyncSender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread, and counts the pages that `writer` commits.
    pub fn start(path: &Path, options: &Options, writer: &mut Connection) -> Result<Self> {
        let connection = open::checkpointer(path, options)?;
        let pages = Arc::new(AtomicI32::new(0));
        let rest_due = Arc::new(AtomicBool::new(false));
        let (wake, woken) = sync_channel(1);
        let counter = Arc::clone(&pages);
        let count = move |_: &mut rusqlite::hooks::Wal, pages| {
            counter.store(pages, Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(count)).while_doing("watching the write-ahead log")?;
        let moved = Arc::clone(&rest_due);
        let thread = thread::Builder::new()
            .name("annals-checkpoint".into())
            .spawn(move || run(&connection, &woken, &moved))
            .map_err(|error| writer::no_thread(&error))?;
        Ok(Self { pages, rest_due, wake: Some(wake), thread: Some(thread) })
    }

    /// To be called by the writer between transactions.
    pub fn after_commit(&self, writer: &Connection) {
        if self.rest_due.swap(false, Ordering::Acquire) {
            checkpoint(writer);
        } else if self.pages.load(Ordering::Relaxed) >= DUE_PAGES {
            // A full channel means that the thread is at it already.
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

fn run(connection: &Connection, woken: &Receiver<()>, moved: &AtomicBool) {
    while woken.recv().is_ok() {
        checkpoint(connection);
        moved.store(true, Ordering::Release);
    }
}

/// Moves what can be moved without waiting for anyone. A failure leaves the log as it is, whole and
/// readable; the next attempt tries again.
fn checkpoint(connection: &Connection) {
    let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = moved {
        tracing::warn!(%error, "the write-ahead log could not be moved into the store's file");
    }
}
