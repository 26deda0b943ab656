//! The feed: the events of all instances, ordered by the transactions that stored them.
//!
//! A transaction that commits late may hold lower positions than what was read before, so the feed
//! goes by the pair of transaction and position, and only up to the oldest transaction that is still
//! open: below that nothing can appear any more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Row};

use super::error::{Outcome, reading};
use super::pool::{Lease, Pool};
use super::row::{self, EVENT_COLUMN_COUNT, EVENT_COLUMNS, Transaction, integer};
use super::tls;
use super::url::Url;
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::store::FeedCursor;

const DOING: &str = "reading the feed";

/// What servers tell each other of new events by.
const CHANNEL: &str = "annals_appended";

/// The least time between two notifications, each of which takes a lock of the whole database.
const NOTIFY_EVERY: Duration = Duration::from_millis(20);

/// How often events are looked for without a notification, which may be lost.
const LOOK: Duration = Duration::from_millis(500);

/// How long a reading waits for transactions that are about to end, so that an event which was
/// acknowledged before the call is in its answer. One that stays open longer delays the feed.
const SETTLE: Duration = Duration::from_millis(500);

/// Events after a cursor; see [`crate::store::EventStore::feed`].
pub async fn after(
    pool: &Pool,
    instance_id: Option<InstanceId>,
    cursor: FeedCursor,
    limit: u32,
) -> Result<Vec<(FeedCursor, Event)>> {
    reading!(DOING, read(pool, instance_id, cursor, limit))
}

async fn read(
    pool: &Pool,
    instance_id: Option<InstanceId>,
    cursor: FeedCursor,
    limit: u32,
) -> Outcome<Vec<(FeedCursor, Event)>> {
    let lease = pool.lease().await?;
    let bound = settled(&lease).await?;
    let (transaction, position) = (Transaction(cursor.transaction), integer(cursor.position));
    let limit = i64::from(limit);
    let select = format!(
        "SELECT {EVENT_COLUMNS}, e.transaction_id, e.global_position FROM event_store e
         WHERE (e.transaction_id, e.global_position) > ($1, $2) AND e.transaction_id < $3"
    );
    let rows = match instance_id {
        None => {
            let sql = format!("{select} ORDER BY e.transaction_id, e.global_position LIMIT $4");
            let statement = lease.prepare_cached(&sql).await?;
            lease.query(&statement, &[&transaction, &position, &bound, &limit]).await?
        }
        Some(id) => {
            // The order of the numbers is that of the feed. The last event before the cursor is found
            // from the end, past the new ones only.
            let sql = format!(
                "{select} AND e.instance_id = $5 AND e.sequence_num > coalesce(
                   (SELECT b.sequence_num FROM event_store b
                    WHERE b.instance_id = $5 AND (b.transaction_id, b.global_position) <= ($1, $2)
                    ORDER BY b.sequence_num DESC LIMIT 1), 0)
                 ORDER BY e.sequence_num LIMIT $4"
            );
            let statement = lease.prepare_cached(&sql).await?;
            lease.query(&statement, &[&transaction, &position, &bound, &limit, &id.0]).await?
        }
    };
    lease.done();
    rows.iter().map(|row| Ok((place(row, EVENT_COLUMN_COUNT)?, row::event(row)?))).collect()
}

fn place(row: &Row, index: usize) -> Outcome<FeedCursor> {
    let Transaction(transaction) = row.try_get(index)?;
    Ok(FeedCursor { transaction, position: row::number(row, index + 1)? })
}

/// A place near the end; see [`crate::store::EventStore::feed_cursor`].
pub async fn cursor(
    pool: &Pool,
    instance_id: Option<InstanceId>,
    count: u32,
) -> Result<FeedCursor> {
    let find = async || -> Outcome<FeedCursor> {
        let lease = pool.lease().await?;
        let bound = settled(&lease).await?;
        let count = i64::from(count);
        let select = "SELECT transaction_id, global_position FROM event_store
                      WHERE transaction_id < $1";
        let rows = match instance_id {
            None => {
                let sql = format!(
                    "{select} ORDER BY transaction_id DESC, global_position DESC LIMIT 1 OFFSET $2"
                );
                let statement = lease.prepare_cached(&sql).await?;
                lease.query(&statement, &[&bound, &count]).await?
            }
            Some(id) => {
                let sql = format!(
                    "{select} AND instance_id = $3 ORDER BY sequence_num DESC LIMIT 1 OFFSET $2"
                );
                let statement = lease.prepare_cached(&sql).await?;
                lease.query(&statement, &[&bound, &count, &id.0]).await?
            }
        };
        lease.done();
        rows.first().map_or(Ok(FeedCursor::default()), |row| place(row, 0))
    };
    reading!(DOING, find())
}

/// The transaction below which nothing can appear any more, beyond all that is visible now unless a
/// transaction stays open.
async fn settled(lease: &Lease) -> Outcome<Transaction> {
    let statement = lease
        .prepare_cached(
            "SELECT pg_snapshot_xmin(pg_current_snapshot()),
               coalesce((SELECT transaction_id FROM event_store
                         ORDER BY transaction_id DESC, global_position DESC LIMIT 1), '0')",
        )
        .await?;
    let began = tokio::time::Instant::now();
    let mut newest = None;
    loop {
        let row = lease.query_one(&statement, &[]).await?;
        let (bound, last): (Transaction, Transaction) = (row.try_get(0)?, row.try_get(1)?);
        // What came while waiting need not be waited for.
        let newest = *newest.get_or_insert(last.0);
        if bound.0 > newest || began.elapsed() > SETTLE {
            return Ok(bound);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Tells of commits, this server's and others'.
pub struct Appends {
    url: Url,
    pool: Pool,
    changes: Arc<watch::Sender<u64>>,
    committed: Arc<Notify>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    is_listening: Mutex<bool>,
}

impl Appends {
    /// Starts telling other servers; nothing is listened for before somebody asks.
    pub fn start(url: Url, pool: Pool) -> Self {
        let committed = Arc::new(Notify::new());
        let telling = tokio::spawn(tell_others(pool.clone(), Arc::clone(&committed)));
        Self {
            url,
            pool,
            changes: Arc::new(watch::Sender::new(0)),
            committed,
            tasks: Mutex::new(vec![telling]),
            is_listening: Mutex::new(false),
        }
    }

    /// Tells that events were stored.
    pub fn tell(&self) {
        self.changes.send_modify(|count| *count += 1);
        self.committed.notify_one();
    }

    /// Changes its value after every commit that is seen.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        let mut is_listening = self.is_listening.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_listening {
            *is_listening = true;
            let changes = Arc::clone(&self.changes);
            let listening = tokio::spawn(listen(self.url.clone(), Arc::clone(&changes)));
            let looking = tokio::spawn(look(self.pool.clone(), changes));
            self.tasks().extend([listening, looking]);
        }
        self.changes.subscribe()
    }

    /// Ends what was started.
    pub fn close(&self) {
        self.tasks().drain(..).for_each(|task| task.abort());
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Appends {
    fn drop(&mut self) {
        self.close();
    }
}

/// Sends a notification for whatever was committed since the last one. It is only a hint, so that it
/// need not be durable, and what fails is made up for by looking.
async fn tell_others(pool: Pool, committed: Arc<Notify>) {
    loop {
        committed.notified().await;
        if let Ok(lease) = pool.lease().await {
            let notify =
                format!("BEGIN; SET LOCAL synchronous_commit = off; NOTIFY {CHANNEL}; COMMIT");
            if lease.batch_execute(&notify).await.is_ok() {
                lease.done();
            }
        }
        tokio::time::sleep(NOTIFY_EVERY).await;
    }
}

/// Listens on a connection of its own, and connects again when that breaks.
async fn listen(url: Url, changes: Arc<watch::Sender<u64>>) {
    loop {
        if let Err(error) = listen_once(&url, &changes).await {
            tracing::debug!(error = %error.translate("listening for events"), "listening again");
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn listen_once(url: &Url, changes: &watch::Sender<u64>) -> Outcome<()> {
    let (client, mut connection) = url.config().connect(tls::connector(url)?).await?;
    let mut messages =
        futures_util::stream::poll_fn(move |context| connection.poll_message(context));
    let listening = async { client.batch_execute(&format!("LISTEN {CHANNEL}")).await };
    let receiving = async {
        use futures_util::StreamExt as _;
        while let Some(message) = messages.next().await {
            if let AsyncMessage::Notification(_) = message? {
                changes.send_modify(|count| *count += 1);
            }
        }
        Ok(())
    };
    tokio::try_join!(listening, receiving).map(drop).map_err(Into::into)
}

/// Looks for events at intervals.
async fn look(pool: Pool, changes: Arc<watch::Sender<u64>>) {
    let mut seen = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let newest = newest(&pool).await;
        if let Ok(newest) = newest
            && seen.replace(newest) != Some(newest)
        {
            changes.send_modify(|count| *count += 1);
        }
    }
}

async fn newest(pool: &Pool) -> Outcome<Option<(u64, u64)>> {
    let lease = pool.lease().await?;
    let statement = lease
        .prepare_cached(
            "SELECT transaction_id, global_position FROM event_store
             ORDER BY transaction_id DESC, global_position DESC LIMIT 1",
        )
        .await?;
    let rows = lease.query(&statement, &[]).await?;
    lease.done();
    let found = rows.first().map(|row| place(row, 0)).transpose()?;
    Ok(found.map(|cursor| (cursor.transaction, cursor.position)))
}
