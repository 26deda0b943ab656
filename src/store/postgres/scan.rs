//! Streaming events in order, from one snapshot.

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio::sync::mpsc;
use tokio_postgres::types::ToSql;

use super::error::{Outcome, reading};
use super::instances;
use super::pool::{Lease, Pool};
use super::row::{self, EVENT_COLUMNS, integer};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::store::EventStream;

const DOING: &str = "reading the events of an instance";

/// Begins a snapshot. A stream goes on for as long as its reader takes.
const SNAPSHOT: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";

/// Events in one chunk.
const CHUNK: usize = 256;

/// Chunks read ahead of the reader.
const AHEAD: usize = 4;

/// The instance and its events up to `to`; see [`crate::store::EventStore::scan`].
pub async fn start(
    pool: &Pool,
    instance_id: InstanceId,
    to: Option<u64>,
) -> Result<Option<(Instance, EventStream)>> {
    let begin = async || -> Outcome<_> {
        let lease = snapshot(pool).await?;
        let found = instances::by_id(&lease, instance_id).await?;
        Ok((lease, found))
    };
    let (lease, found) = reading!(DOING, begin())?;
    let Some(instance) = found else {
        end(lease).await;
        return Ok(None);
    };
    Ok(Some((instance, events(lease, instance_id, to))))
}

/// The events of an instance that the registry may know nothing of; see
/// [`crate::store::EventStore::scan_unregistered`].
pub async fn start_unregistered(pool: &Pool, instance_id: InstanceId) -> Result<EventStream> {
    let lease = reading!(DOING, snapshot(pool))?;
    Ok(events(lease, instance_id, None))
}

/// A connection with a snapshot.
pub async fn snapshot(pool: &Pool) -> Outcome<Lease> {
    let lease = pool.lease().await?;
    lease.batch_execute(SNAPSHOT).await?;
    Ok(lease)
}

/// Lets go of a snapshot. All that was asked for has been read: a connection that breaks now is only
/// given up.
pub async fn end(lease: Lease) {
    if lease.batch_execute("COMMIT").await.is_ok() {
        lease.done();
    }
}

fn events(lease: Lease, instance_id: InstanceId, to: Option<u64>) -> EventStream {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM event_store e
         WHERE e.instance_id = $1 AND e.sequence_num <= $2 ORDER BY e.sequence_num"
    );
    let to = to.map_or(i64::MAX, integer);
    stream(lease, sql, vec![Box::new(instance_id.0), Box::new(to)], DOING)
}

/// A value for a statement.
pub type Parameter = Box<dyn ToSql + Sync + Send>;

/// The events that a statement selects, as they are asked for; those before an error too, so that a
/// reader knows where it is.
pub fn stream(
    lease: Lease,
    sql: String,
    parameters: Vec<Parameter>,
    doing: &'static str,
) -> EventStream {
    let (chunks, stream) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(failure) = send(lease, &sql, parameters, &chunks).await {
            // A reader that has gone needs no error.
            let _ = chunks.send(Err(failure.translate(doing))).await;
        }
    });
    stream
}

async fn send(
    lease: Lease,
    sql: &str,
    parameters: Vec<Parameter>,
    chunks: &mpsc::Sender<Result<Vec<Event>>>,
) -> Outcome<()> {
    let statement = lease.prepare_cached(sql).await?;
    let parameters = parameters.iter().map(|value| &**value as &(dyn ToSql + Sync));
    let mut rows = pin!(lease.query_raw(&statement, parameters).await?);
    let mut chunk = Vec::with_capacity(CHUNK);
    let ended = loop {
        let event = match rows.try_next().await {
            Ok(Some(row)) => row::event(&row),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error.into()),
        };
        match event {
            Ok(event) => chunk.push(event),
            Err(failure) => break Err(failure),
        }
        if chunk.len() == CHUNK && chunks.send(Ok(std::mem::take(&mut chunk))).await.is_err() {
            // The reader has gone; the connection still has rows to send and is given up.
            return Ok(());
        }
    };
    if !chunk.is_empty() {
        // A reader that has gone needs nothing more.
        let _ = chunks.send(Ok(chunk)).await;
    }
    ended?;
    end(lease).await;
    Ok(())
}
