//! The writing thread: whatever waits while one transaction is being made durable goes into the next
//! one. No timer delays a lone caller.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, MAIN_DB};
use tokio::sync::Mutex;

use super::append::Appending;
use super::checkpoint::{Checkpointer, checkpoint};
use super::error::{While, is_constraint, is_io_fault, translate};
use super::job::{Job, Request, job};
use super::lock::FileLock;
use super::place::Place;
use super::readers::Readers;
use super::{Options, open};
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::StoreId;
use crate::store::Clock;

/// The most calls that wait for the writer; beyond it a caller is refused at once.
const QUEUE: usize = 4_096;

/// The most rows in one transaction. It bounds how long a caller waits for its neighbours' rows, and
/// how long other processes wait for the lock.
const TRANSACTION_ROWS: usize = 2_000;

/// The handle of the writing thread.
pub struct Writer {
    queue: std::sync::Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread on an opened store.
    pub fn start(
        opened: open::Opened,
        path: PathBuf,
        place: Arc<Place>,
        options: Options,
        readers: Arc<Readers>,
    ) -> Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let mut writing = Writing {
            store_id: opened.facts.store_id,
            disk: Some(Disk::take(opened, &path, &place, &options)?),
            path,
            place,
            options,
            readers,
        };
        let thread = thread::Builder::new()
            .name("annals-writer".into())
            .spawn(move || writing.run(&jobs))
            .map_err(|error| no_thread(&error))?;
        Ok(Self { queue: std::sync::Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Hands a request to the thread and waits until it is durable or refused.
    pub async fn write<R: Request>(&self, request: R) -> Result<R::Answer> {
        let (job, answer) = job(request);
        self.enqueue(job)?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<()> {
        let queue = self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match queue.as_ref().ok_or_else(closed)?.try_send(job) {
            Ok(()) => Ok(()),
            Err(TrySendError::Disconnected(_)) => Err(closed()),
            Err(TrySendError::Full(_)) => Err(Error::new(
                Code::StoreBusy,
                format!("{QUEUE} calls are waiting for the store already"),
                "send the call again in a moment, with the same event ids",
            )),
        }
    }

    /// Writes what is queued, then ends the thread.
    pub async fn close(&self) {
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().await.take() {
            // A panic of the thread was reported where it happened.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// The system gave no thread.
pub fn no_thread(error: &std::io::Error) -> Error {
    let message = format!("no thread could be started: {error}");
    Error::new(Code::Internal, message, "raise the limit of processes for this user")
}

fn closed() -> Error {
    Error::new(Code::StoreUnavailable, "the store is closed", "start Annals again")
}

/// What the thread writes with. Dropped in this order: the connection that writes is the last one, and
/// moves the log into the file and removes it.
struct Disk {
    checkpointer: Checkpointer,
    connection: Connection,
    lock: FileLock,
}

impl Disk {
    fn take(
        opened: open::Opened,
        path: &Path,
        place: &Arc<Place>,
        options: &Options,
    ) -> Result<Self> {
        let mut connection = opened.connection;
        // The lock is waited for in `FileLock`, not in SQLite.
        connection.busy_timeout(Duration::ZERO).while_doing("setting up the writer")?;
        let checkpointer = Checkpointer::start(path, place, options, &mut connection)?;
        Ok(Self { connection, checkpointer, lock: FileLock::new(options.lock_timeout) })
    }

    /// Whether the file was not to be written when it was opened.
    fn is_read_only(&self) -> bool {
        self.connection.is_readonly(MAIN_DB).unwrap_or(false)
    }
}

/// The thread's own state.
struct Writing {
    store_id: StoreId,
    /// `None` after a fault of the disk, until the file could be opened anew.
    disk: Option<Disk>,
    path: PathBuf,
    place: Arc<Place>,
    options: Options,
    readers: Arc<Readers>,
}

impl Writing {
    fn run(&mut self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            let mut rows = first.rows();
            let mut batch = vec![first];
            while rows < TRANSACTION_ROWS {
                let Ok(job) = jobs.try_recv() else { break };
                rows += job.rows();
                batch.push(job);
            }
            self.serve(batch);
        }
        // What a lost log holds is kept; whoever asks next is told.
        let _ = self.look();
        self.release();
    }

    /// Lets go of the files. A connection that is closed takes in and removes the log by its name, which
    /// would be that of other files where the store's are lost: then it is left as it is.
    fn release(&mut self) {
        if let Some(disk) = self.disk.take()
            && self.place.check().is_err()
            && open::leave_log(&disk.connection).is_err()
        {
            // Open to the end of the process, it harms nobody.
            std::mem::forget(disk);
        }
    }

    /// Whether the files are those that were opened. A log that was removed still holds what was
    /// acknowledged: that is moved into the database file while it can be.
    fn look(&self) -> Result<()> {
        self.place.check().inspect_err(|_| {
            if let Some(disk) = self.disk.as_ref().filter(|_| self.place.only_log_is_lost()) {
                checkpoint(&disk.connection);
            }
        })
    }

    fn serve(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let failure = match self.commit(&mut batch) {
            Ok(()) => None,
            // A row that the schema refuses must not take its neighbours with it.
            Err(Failure { row: true, .. }) if batch.len() > 1 => {
                batch.into_iter().for_each(|job| self.serve(vec![job]));
                return;
            }
            Err(failure) => Some(failure.error),
        };
        for job in batch {
            job.answer(failure.clone());
        }
        if let Some(disk) = &mut self.disk {
            disk.checkpointer.after_commit(&disk.connection);
            disk.lock.give_way();
        }
    }

    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> std::result::Result<(), Failure> {
        let (store_id, clock) = (self.store_id, Arc::clone(&self.options.clock));
        let not_a_row = |error| Failure { row: false, error };
        if self.disk.as_ref().is_some_and(Disk::is_read_only) {
            // The file may be writable by now; this connection never writes.
            self.readers.stop();
            self.release();
        }
        let disk = self.disk().map_err(not_a_row)?;
        write(disk, store_id, &*clock, batch).map_err(|error| {
            if is_io_fault(&error) {
                self.stop();
            }
            Failure { row: is_constraint(&error), error: translate(&error, "appending events") }
        })?;
        // What was committed to files that are gone is not acknowledged.
        self.look().map_err(not_a_row)
    }

    /// Nothing more is written or read after a fault of the disk: what the operating system holds
    /// may differ from what the disk does. The next call opens the file anew.
    fn stop(&mut self) {
        let path = self.path.display();
        tracing::error!(%path, "the disk failed; the store stops until it can be opened again");
        self.readers.stop();
        self.release();
    }

    fn disk(&mut self) -> Result<&mut Disk> {
        if self.disk.is_some() {
            self.look()?;
        } else {
            // Opening would make a file where there is none.
            self.place.check_database()?;
            let opened = open::writer(&self.path, &self.options)?;
            self.disk = Some(Disk::take(opened, &self.path, &self.place, &self.options)?);
            self.place.opened_again();
            self.readers.resume();
        }
        self.disk.as_mut().ok_or_else(closed)
    }
}

/// Why a transaction did not commit.
struct Failure {
    /// Whether it was a row that the schema refused.
    row: bool,
    error: Error,
}

fn write(
    disk: &mut Disk,
    store_id: StoreId,
    clock: &dyn Clock,
    batch: &mut [Box<dyn Job>],
) -> rusqlite::Result<()> {
    let transaction = disk.lock.begin(&disk.connection)?;
    let mut appending = Appending::start(transaction, store_id, clock.now())?;
    batch.iter_mut().try_for_each(|job| job.write(&mut appending))?;
    appending.finish()
}
