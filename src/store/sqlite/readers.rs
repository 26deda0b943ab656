//! Reading connections: a small pool, each used by one read at a time on a blocking thread.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::open;
use super::place::Place;
use crate::domain::error::{Code, Error, Result};

/// The most reads under way at once; further ones wait.
const READERS: usize = 8;

/// The pool.
pub struct Readers {
    path: PathBuf,
    place: Arc<Place>,
    lock_timeout: Duration,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    stopped: AtomicBool,
}

impl Readers {
    /// An empty pool on the file at `path`; connections are opened as they are needed.
    pub fn new(path: PathBuf, place: Arc<Place>, lock_timeout: Duration) -> Self {
        Self {
            path,
            place,
            lock_timeout,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(READERS)),
            stopped: AtomicBool::new(false),
        }
    }

    /// Runs `read` on a connection, on a thread where it may block.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut lease = self.lease().await?;
        tokio::task::spawn_blocking(move || read(lease.connection()?)).await.unwrap_or_else(
            |fault| {
                Err(Error::new(
                    Code::Internal,
                    format!("a read failed: {fault}"),
                    "report this fault",
                ))
            },
        )
    }

    /// The right to use one connection, for as long as the lease lives.
    pub async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed())?;
        Ok(Lease { readers: Arc::clone(self), connection: None, _permit: permit })
    }

    /// Refuses reads until [`Readers::resume`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.idle().clear();
    }

    /// Allows reads again.
    pub fn resume(&self) {
        self.stopped.store(false, Ordering::Release);
    }

    /// Ends the pool.
    pub fn close(&self) {
        self.permits.close();
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        !self.stopped.load(Ordering::Acquire) && !self.permits.is_closed()
    }
}

/// One connection in use; it goes back to the pool afterwards.
pub struct Lease {
    readers: Arc<Readers>,
    connection: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// The connection, opened if none was idle. May block.
    pub fn connection(&mut self) -> Result<&mut Connection> {
        if self.readers.stopped.load(Ordering::Acquire) {
            return Err(Error::new(
                Code::StoreUnavailable,
                "the disk failed, and the store has not been opened again yet",
                "look at the disk; the next append opens the store again",
            ));
        }
        self.readers.place.check()?;
        let connection = match self.connection.take().or_else(|| self.readers.idle().pop()) {
            Some(connection) => connection,
            None => open::reader(&self.readers.path, self.readers.lock_timeout)?,
        };
        Ok(self.connection.insert(connection))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| self.readers.is_open()) {
            self.readers.idle().push(connection);
        }
    }
}

fn closed() -> Error {
    Error::new(Code::StoreUnavailable, "the store is closed", "start Annals again")
}
