//! The team store: a PostgreSQL database, written by as many servers as there are.
//!
//! An append is decided outside the database on the heads as this server knows them, and stored only
//! where a guard finds the head still there ([`mod@write`]). Who loses that race decides again. A broken
//! connection is made again and the same events are sent again, until it is known what became of them
//! ([`writer`]).

mod attempt;
mod condition;
mod corrections;
mod deciding;
mod error;
mod feed;
mod instances;
mod job;
mod migrate;
mod pool;
mod query;
mod row;
mod scan;
mod server;
mod text;
mod tls;
mod types;
mod url;
mod view;
mod write;
mod writer;

use std::collections::HashMap;
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
use error::{Outcome, While, reading};
use feed::Appends;
use pool::Pool;
pub use url::{Check, Url};
use writer::{Tools, Writers};

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// The clock that gives events their time.
    pub clock: Arc<dyn Clock>,
    /// How long a call is tried again while the database cannot be reached.
    pub patience: Duration,
    /// Whether an older schema is brought up to date. An absent one is made in any case.
    pub may_upgrade: bool,
    /// Whether a server that may lose acknowledged events is used all the same.
    pub may_lose_events: bool,
}

impl Options {
    /// Waiting a minute for the database, and leaving an older schema as it is.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let patience = Duration::from_secs(60);
        Self { clock, patience, may_upgrade: false, may_lose_events: false }
    }
}

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    facts: StoreFacts,
    clock: Arc<dyn Clock>,
    pool: Pool,
    writers: Writers,
    appends: Arc<Appends>,
}

impl PostgresStore {
    /// Opens the store in the database at `url`, making its tables where there are none.
    ///
    /// # Errors
    ///
    /// `store_unavailable` when the server or the database is not there, `store_denied`,
    /// `store_foreign`, `store_newer`, `store_older`, `store_read_only`, `store_unsafe`.
    pub async fn open(url: &Url, options: Options) -> Result<Self> {
        let pool = Pool::new(url)?;
        let prepared = prepare(&pool, url, &options).await;
        let facts = prepared.while_doing("opening the store").inspect_err(|_| pool.close())?;
        let appends = Arc::new(Appends::start(url.clone(), pool.clone()));
        let tools = Tools {
            pool: pool.clone(),
            store_id: facts.store_id,
            clock: Arc::clone(&options.clock),
            appends: Arc::clone(&appends),
        };
        let writers = Writers::start(&tools, options.patience);
        Ok(Self { facts, clock: options.clock, pool, writers, appends })
    }
}

async fn prepare(pool: &Pool, url: &Url, options: &Options) -> Outcome<StoreFacts> {
    let lease = pool.lease().await?;
    server::check(&lease, options.may_lose_events).await?;
    let is_new = migrate::migrate(&lease, migrate::MIGRATIONS, options.may_upgrade).await?;
    let store_id = migrate::store_id(&lease).await?;
    lease.done();
    let address = url.to_string();
    Ok(StoreFacts { store_id, address, schema_version: migrate::newest(), is_new })
}

#[async_trait]
impl EventStore for PostgresStore {
    fn facts(&self) -> &StoreFacts {
        &self.facts
    }

    async fn append(&self, request: AppendRequest) -> Result<Appended> {
        self.writers.append(request).await
    }

    async fn restore(&self, request: RestoreRequest) -> Result<Restored> {
        self.writers.restore(request).await
    }

    async fn find_instances(&self, hint: &InstanceHint, limit: u32) -> Result<Vec<Instance>> {
        instances::find(&self.pool, hint, limit).await
    }

    async fn list_instances(&self, filter: &InstanceFilter) -> Result<InstancePage> {
        instances::list(&self.pool, filter).await
    }

    async fn query(&self, query: &EventQuery) -> Result<EventPage> {
        query::page(&self.pool, query).await
    }

    async fn events_by_id(&self, ids: Vec<EventId>) -> Result<HashMap<EventId, Event>> {
        let ids = ids.into_iter().collect();
        let read = async || -> Outcome<HashMap<EventId, Event>> {
            let lease = self.pool.lease().await?;
            let found = view::events(&lease, &ids).await?;
            lease.done();
            Ok(found)
        };
        reading!("looking for events by their ids", read())
    }

    async fn scan(
        &self,
        instance_id: InstanceId,
        to: Option<u64>,
    ) -> Result<Option<(Instance, EventStream)>> {
        scan::start(&self.pool, instance_id, to).await
    }

    async fn feed(
        &self,
        instance_id: Option<InstanceId>,
        cursor: FeedCursor,
        limit: u32,
    ) -> Result<Vec<(FeedCursor, Event)>> {
        feed::after(&self.pool, instance_id, cursor, limit).await
    }

    async fn feed_cursor(&self, instance_id: Option<InstanceId>, count: u32) -> Result<FeedCursor> {
        feed::cursor(&self.pool, instance_id, count).await
    }

    fn appended(&self) -> watch::Receiver<u64> {
        self.appends.subscribe()
    }

    async fn event_types(&self, asked: &TypesAsked) -> Result<Vec<StoredType>> {
        types::read(&self.pool, asked).await
    }

    async fn change_event_type(&self, change: TypeChange) -> Result<StoredType> {
        types::change(&self.pool, &change, self.clock.now()).await
    }

    async fn scan_event_type(&self, event_type: &str) -> Result<TypeScan> {
        types::scan(&self.pool, event_type).await
    }

    async fn unregistered(&self) -> Result<Vec<InstanceId>> {
        corrections::unregistered(&self.pool).await
    }

    async fn scan_unregistered(&self, instance_id: InstanceId) -> Result<EventStream> {
        scan::start_unregistered(&self.pool, instance_id).await
    }

    async fn correct_registry(&self, corrections: Vec<Correction>) -> Result<bool> {
        corrections::apply(&self.pool, corrections).await
    }

    async fn close(&self) {
        self.writers.close().await;
        self.appends.close();
        self.pool.close();
    }
}
