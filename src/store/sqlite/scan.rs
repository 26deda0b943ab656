//! Streaming the events of one instance in order, from one snapshot.

use std::sync::Arc;

use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use super::append::by_id;
use super::error::While;
use super::readers::Readers;
use super::row::{self, EVENT_COLUMNS, integer};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::store::EventStream;

const DOING: &str = "reading the events of an instance";

/// Events in one chunk.
const CHUNK: usize = 256;

/// Chunks read ahead of the reader.
pub const AHEAD: usize = 4;

/// The instance and its events up to `to`; see [`crate::store::EventStore::scan`].
pub async fn start(
    readers: Arc<Readers>,
    instance_id: InstanceId,
    to: Option<u64>,
) -> Result<Option<(Instance, EventStream)>> {
    let mut lease = readers.lease().await?;
    let (found, instance) = oneshot::channel();
    let (chunks, stream) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let read = lease
            .connection()
            .and_then(|connection| run(connection, instance_id, to, found, &chunks));
        if let Err(error) = read {
            // A reader that has gone needs no error.
            let _ = chunks.blocking_send(Err(error));
        }
    });
    match instance.await {
        Ok(instance) => Ok(instance.map(|instance| (instance, stream))),
        Err(_) => Err(first_error(stream).await),
    }
}

/// The events of an instance that the registry may know nothing of; see
/// [`crate::store::EventStore::scan_unregistered`].
pub async fn start_unregistered(
    readers: Arc<Readers>,
    instance_id: InstanceId,
) -> Result<EventStream> {
    let mut lease = readers.lease().await?;
    let (chunks, stream) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let read = lease
            .connection()
            .and_then(|connection| events(connection, instance_id, None, &chunks));
        if let Err(error) = read {
            // A reader that has gone needs no error.
            let _ = chunks.blocking_send(Err(error));
        }
    });
    Ok(stream)
}

/// The error that ended a reading before it began.
pub async fn first_error(mut stream: EventStream) -> Error {
    match stream.recv().await {
        Some(Err(error)) => error,
        _ => Error::new(Code::Internal, "a read ended without an answer", "report this fault"),
    }
}

fn run(
    connection: &mut Connection,
    instance_id: InstanceId,
    to: Option<u64>,
    found: oneshot::Sender<Option<Instance>>,
    chunks: &mpsc::Sender<Result<Vec<Event>>>,
) -> Result<()> {
    let snapshot = connection.transaction().while_doing(DOING)?;
    let instance = by_id(&snapshot, instance_id).while_doing(DOING)?;
    let exists = instance.is_some();
    if found.send(instance).is_err() || !exists {
        return Ok(());
    }
    events(&snapshot, instance_id, to, chunks)
}

fn events(
    connection: &Connection,
    instance_id: InstanceId,
    to: Option<u64>,
    chunks: &mpsc::Sender<Result<Vec<Event>>>,
) -> Result<()> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM event_store
         WHERE instance_id = ?1 AND sequence_num <= ?2 ORDER BY sequence_num"
    );
    let mut statement = connection.prepare_cached(&sql).while_doing(DOING)?;
    let events = statement
        .query_map(params![instance_id.0.as_bytes(), to.map_or(i64::MAX, integer)], row::event)
        .while_doing(DOING)?;
    send(events, chunks).while_doing(DOING)
}

/// Sends the events on, those before an error too, so that a reader knows where it is.
pub fn send(
    events: impl Iterator<Item = rusqlite::Result<Event>>,
    chunks: &mpsc::Sender<Result<Vec<Event>>>,
) -> rusqlite::Result<()> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut end = Ok(());
    for event in events {
        match event {
            Ok(event) => chunk.push(event),
            Err(error) => {
                end = Err(error);
                break;
            }
        }
        if chunk.len() == CHUNK && chunks.blocking_send(Ok(std::mem::take(&mut chunk))).is_err() {
            return Ok(());
        }
    }
    if !chunk.is_empty() {
        // A reader that has gone needs nothing more.
        let _ = chunks.blocking_send(Ok(chunk));
    }
    end
}
