//! Where and when the demonstration takes place: a store of its own, and a clock that is turned.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::error::Result;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::store::{self, Address, Clock, Opening};

/// A clock that stands still until it is turned.
pub struct TurnedClock(AtomicI64);

impl TurnedClock {
    /// A clock that stands at `time`.
    pub fn at(time: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(time.micros())))
    }

    /// Turns the clock to `time`.
    pub fn turn_to(&self, time: Timestamp) {
        self.0.store(time.micros(), Ordering::Relaxed);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// A store in a new folder for temporary files, which is removed with this value unless it is kept.
pub struct Scratch {
    folder: PathBuf,
    kept: bool,
}

impl Scratch {
    /// A name for a folder that is not there yet.
    pub fn new(kept: bool) -> Self {
        let unique = uuid::Uuid::now_v7().simple().to_string();
        let folder = std::env::temp_dir().join(format!("annals-demo-{}", &unique[20..]));
        Self { folder, kept }
    }

    /// The address of the store.
    pub fn address(&self) -> Address {
        Address::Sqlite(self.folder.join("annals.db"))
    }

    /// Makes the store.
    ///
    /// # Errors
    ///
    /// `store_*` errors.
    pub async fn service(&self, clock: Arc<dyn Clock>) -> Result<Service> {
        let store = store::open(&self.address(), Opening::new(Arc::clone(&clock))).await?;
        Ok(Service::new(store, clock))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept {
            // It is among temporary files: what is left there is removed by the system.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
