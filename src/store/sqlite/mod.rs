//! The embedded store: one SQLite file.
//!
//! One thread writes ([`writer`]), on a connection of its own, and commits whatever waits together.
//! Reads run on other connections and never block it. Several processes may use one file at once:
//! every decision is made inside a transaction that holds the file's write lock.

mod append;
mod checkpoint;
mod condition;
mod corrections;
mod error;
mod feed;
pub(super) mod inspect;
mod instances;
mod job;
mod lock;
mod migrate;
mod open;
mod owner;
mod place;
mod query;
mod readers;
mod restore;
mod row;
mod scan;
mod types;
mod writer;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::{
    AppendRequest, Appended, Clock, Correction, EventPage, EventQuery, EventStore, EventStream,
    FeedCursor, InstanceFilter, InstanceHint, InstancePage, RestoreRequest, Restored, StoreFacts,
    StoredType, TypeChange, TypeScan, TypesAsked,
};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::ids::{EventId, InstanceId};
use crate::domain::instance::Instance;
use error::While;
use place::Place;
use readers::Readers;
use writer::Writer;

/// How safely a commit reaches the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is flushed before it is acknowledged.
    Full,
    /// Nothing is flushed. Loses acknowledged events in a power cut; exists so that the tests of
    /// durability can show that they would notice.
    None,
}

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// The clock that gives events their time.
    pub clock: Arc<dyn Clock>,
    /// How safely a commit reaches the disk.
    pub durability: Durability,
    /// How long to wait for another process that holds the file's lock.
    pub lock_timeout: Duration,
}

impl Options {
    /// Durable, waiting ten seconds for a lock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, durability: Durability::Full, lock_timeout: Duration::from_secs(10) }
    }
}

/// What the store is built on: SQLite's version and the newest schema.
pub fn engine() -> String {
    format!("SQLite {}, schema {}", rusqlite::version(), migrate::newest())
}

/// The embedded store.
pub struct SqliteStore {
    facts: StoreFacts,
    writer: Writer,
    readers: Arc<Readers>,
    appends: Arc<feed::Appends>,
}

impl SqliteStore {
    /// Opens the store in the file at `path`, creating the file and its folder when absent.
    ///
    /// # Errors
    ///
    /// `store_foreign` when the file is something else, `store_newer`, `store_corrupt`,
    /// `store_read_only`, `store_full`, `store_locked`, `store_unavailable`.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        let path = open::absolute(path)?;
        let opened = open::writer(&path, &options)?;
        let facts = opened.facts.clone();
        let place = Arc::new(Place::of(&path));
        let readers =
            Arc::new(Readers::new(path.clone(), Arc::clone(&place), options.lock_timeout));
        let appends =
            Arc::new(feed::Appends::new(path.clone(), Arc::clone(&place), options.lock_timeout));
        let writer = Writer::start(opened, path, place, options, Arc::clone(&readers))?;
        Ok(Self { facts, writer, readers, appends })
    }
}

#[async_trait]
impl EventStore for SqliteStore {
    fn facts(&self) -> &StoreFacts {
        &self.facts
    }

    async fn append(&self, request: AppendRequest) -> Result<Appended> {
        self.writer.write(request).await
    }

    async fn restore(&self, request: RestoreRequest) -> Result<Restored> {
        self.writer.write(request).await
    }

    async fn find_instances(&self, hint: &InstanceHint, limit: u32) -> Result<Vec<Instance>> {
        let hint = hint.clone();
        self.readers.read(move |connection| instances::find(connection, &hint, limit)).await
    }

    async fn list_instances(&self, filter: &InstanceFilter) -> Result<InstancePage> {
        let filter = filter.clone();
        self.readers.read(move |connection| instances::list(connection, &filter)).await
    }

    async fn query(&self, query: &EventQuery) -> Result<EventPage> {
        let query = query.clone();
        self.readers.read(move |connection| query::page(connection, &query)).await
    }

    async fn events_by_id(&self, ids: Vec<EventId>) -> Result<HashMap<EventId, Event>> {
        let read = move |connection: &mut rusqlite::Connection| {
            append::by_event_id(connection, ids).while_doing("reading events by their ids")
        };
        self.readers.read(read).await
    }

    async fn scan(
        &self,
        instance_id: InstanceId,
        to: Option<u64>,
    ) -> Result<Option<(Instance, EventStream)>> {
        scan::start(Arc::clone(&self.readers), instance_id, to).await
    }

    async fn feed(
        &self,
        instance_id: Option<InstanceId>,
        cursor: FeedCursor,
        limit: u32,
    ) -> Result<Vec<(FeedCursor, Event)>> {
        self.readers
            .read(move |connection| feed::after(connection, instance_id, cursor, limit))
            .await
    }

    async fn feed_cursor(&self, instance_id: Option<InstanceId>, count: u32) -> Result<FeedCursor> {
        self.readers.read(move |connection| feed::cursor(connection, instance_id, count)).await
    }

    fn appended(&self) -> watch::Receiver<u64> {
        self.appends.subscribe()
    }

    async fn event_types(&self, asked: &TypesAsked) -> Result<Vec<StoredType>> {
        let asked = asked.clone();
        self.readers.read(move |connection| types::read(connection, &asked)).await
    }

    async fn change_event_type(&self, change: TypeChange) -> Result<StoredType> {
        self.writer.write(change).await
    }

    async fn scan_event_type(&self, event_type: &str) -> Result<TypeScan> {
        types::scan(Arc::clone(&self.readers), event_type.to_owned()).await
    }

    async fn unregistered(&self) -> Result<Vec<InstanceId>> {
        self.readers.read(|connection| corrections::unregistered(connection)).await
    }

    async fn scan_unregistered(&self, instance_id: InstanceId) -> Result<EventStream> {
        scan::start_unregistered(Arc::clone(&self.readers), instance_id).await
    }

    async fn correct_registry(&self, corrections: Vec<Correction>) -> Result<bool> {
        self.writer.write(corrections).await
    }

    async fn close(&self) {
        // The writer is the last to let go of the files: it alone moves the log and removes it.
        self.readers.close();
        let appends = Arc::clone(&self.appends);
        // A panic was reported where it happened.
        let _ = tokio::task::spawn_blocking(move || appends.close()).await;
        self.writer.close().await;
    }
}
