//! The file's write lock, shared with other processes.
//!
//! SQLite has no queue for it: who waits looks again from time to time. So whoever finds the lock
//! contended looks often, and leaves it free for a moment after each of its own transactions.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::error::is_busy;

/// The pause between two looks, at first and at most.
const PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

/// How long the lock is left free for another process: long enough for one of its looks.
const WAY: Duration = Duration::from_micros(300);

/// How long a lock counts as contended after it had to be waited for.
const CONTENDED: Duration = Duration::from_secs(1);

/// How this process takes the lock.
pub struct FileLock {
    timeout: Duration,
    waited: Option<Instant>,
}

impl FileLock {
    /// Waits for the lock at most `timeout`.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, waited: None }
    }

    /// Starts a transaction that holds the lock.
    ///
    /// # Errors
    ///
    /// Busy, where another process has held it for the whole time.
    pub fn begin<'a>(&mut self, connection: &'a Connection) -> rusqlite::Result<Transaction<'a>> {
        let started = Instant::now();
        let mut pause = PAUSE;
        loop {
            match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
                Err(error) if is_busy(&error) && started.elapsed() < self.timeout => {
                    self.waited = Some(Instant::now());
                    sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                result => return result,
            }
        }
    }

    /// Lets other processes have the lock, if they were seen to want it of late.
    pub fn give_way(&self) {
        if self.waited.is_some_and(|waited| waited.elapsed() < CONTENDED) {
            sleep(WAY);
        }
    }
}
