//! What deciding needs to know of the database, read in one round trip.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;
use uuid::Uuid;

use super::error::Outcome;
use super::job::Job;
use super::pool::Lease;
use super::row::{self, EVENT_COLUMNS, INSTANCE_COLUMNS};
use super::types;
use crate::domain::event::{Event, Hash, TypeCheck};
use crate::domain::ids::{self, EventId, InstanceId};
use crate::domain::instance::{Instance, Registration};

/// What is asked of the database.
#[derive(Debug, Default)]
pub struct Questions {
    /// Instances whose heads are not known.
    pub heads: HashSet<InstanceId>,
    /// Events that may be stored already.
    pub event_ids: HashSet<EventId>,
    /// Numbers whose events may be stored already.
    pub numbers: HashSet<(InstanceId, u64)>,
    /// Handles that may be taken.
    pub handles: HashSet<String>,
    /// Custom types that events were checked against.
    pub types: HashSet<String>,
}

impl Questions {
    /// What deciding this job needs. Every id is looked for where the job was tried before: what
    /// became of that may not be known.
    pub fn of(&mut self, job: &Job, again: bool) {
        match job {
            Job::Append(request, _) => {
                self.heads.insert(request.instance_id);
                if let Some(registration) = &request.register {
                    self.handles.extend(handles(request.instance_id, registration));
                }
                for event in &request.events {
                    if event.id_given || again {
                        self.event_ids.insert(event.event_id);
                    }
                    if let TypeCheck::FitsAsOf(_) = event.type_check {
                        self.types.insert(event.event_type.clone());
                    }
                }
            }
            Job::Restore(request, _) => {
                for asked in &request.events {
                    let event = &asked.event;
                    self.heads.insert(event.instance_id);
                    self.event_ids.insert(event.event_id);
                    self.numbers.insert((event.instance_id, event.sequence_num));
                    let registration = asked.register.iter();
                    self.handles
                        .extend(registration.flat_map(|taken| handles(event.instance_id, taken)));
                }
            }
        }
    }

    /// Whether there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
            && self.event_ids.is_empty()
            && self.numbers.is_empty()
            && self.handles.is_empty()
            && self.types.is_empty()
    }
}

/// The handles that an instance may get, the shortest first.
pub fn handles(id: InstanceId, registration: &Registration) -> impl Iterator<Item = String> {
    let (project, kind) = (registration.project.clone(), registration.instance_type.clone());
    let longer = (ids::HANDLE_DIGITS + 1..=ids::MAX_HANDLE_DIGITS)
        .map(move |digits| ids::handle(&project, &kind, id, digits));
    std::iter::once(registration.handle.clone()).chain(longer)
}

/// What the database answered.
#[derive(Debug, Default)]
pub struct View {
    /// The heads that were asked for; those of unknown instances are absent.
    pub heads: HashMap<InstanceId, Instance>,
    /// The events that are stored.
    pub events: HashMap<EventId, Event>,
    /// The hashes under the numbers that are stored.
    pub hashes: HashMap<(InstanceId, u64), Hash>,
    /// Who has the handles that are taken.
    pub handles: HashMap<String, InstanceId>,
    /// The last change of each custom type; none where there is no such type.
    pub types: HashMap<String, u64>,
}

impl View {
    /// Asks within the transaction that has begun. With `lock`, the heads are kept from changing
    /// until it ends; there may only be one then, see [`super::write`].
    pub async fn read(lease: &Lease, questions: &Questions, lock: bool) -> Outcome<Self> {
        // What locks comes first, so that all else is read as it is once the lock is held.
        let types = types::last_changes(lease, &questions.types).await?;
        let locked = if lock { Some(heads(lease, &questions.heads, true).await?) } else { None };
        let open = match &locked {
            Some(_) => &HashSet::new(),
            None => &questions.heads,
        };
        let (unlocked, events, hashes, handles) = tokio::try_join!(
            heads(lease, open, false),
            events(lease, &questions.event_ids),
            hashes(lease, &questions.numbers),
            taken(lease, &questions.handles),
        )?;
        let heads = locked.unwrap_or(unlocked);
        Ok(Self { heads, events, hashes, handles, types })
    }
}

async fn heads(
    lease: &Lease,
    ids: &HashSet<InstanceId>,
    lock: bool,
) -> Outcome<HashMap<InstanceId, Instance>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let locking = if lock { "FOR NO KEY UPDATE" } else { "" };
    let statement = lease
        .prepare_cached(&format!(
            "SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions WHERE instance_id = ANY($1) {locking}"
        ))
        .await?;
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = lease.query(&statement, &[&ids]).await?;
    rows.iter()
        .map(|row| row::instance(row).map(|instance| (instance.instance_id, instance)))
        .collect()
}

/// Those of these events that are stored.
pub async fn events(lease: &Lease, ids: &HashSet<EventId>) -> Outcome<HashMap<EventId, Event>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let statement = lease
        .prepare_cached(&format!(
            "SELECT {EVENT_COLUMNS} FROM event_store e WHERE e.event_id = ANY($1)"
        ))
        .await?;
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = lease.query(&statement, &[&ids]).await?;
    rows.iter().map(|row| row::event(row).map(|event| (event.event_id, event))).collect()
}

/// The numbers of an instance are asked for as a range, which a restoring asks about anyway.
async fn hashes(
    lease: &Lease,
    numbers: &HashSet<(InstanceId, u64)>,
) -> Outcome<HashMap<(InstanceId, u64), Hash>> {
    let mut ranges: HashMap<InstanceId, (u64, u64)> = HashMap::new();
    for (id, number) in numbers {
        let range = ranges.entry(*id).or_insert((*number, *number));
        *range = (range.0.min(*number), range.1.max(*number));
    }
    if ranges.is_empty() {
        return Ok(HashMap::new());
    }
    let statement = lease
        .prepare_cached(
            "SELECT sequence_num, hash FROM event_store
             WHERE instance_id = $1 AND sequence_num BETWEEN $2 AND $3",
        )
        .await?;
    let read = ranges.into_iter().map(|(id, (first, last))| {
        let statement = &statement;
        async move {
            let (first, last) = (row::integer(first), row::integer(last));
            let rows = lease.query(statement, &[&id.0, &first, &last]).await?;
            rows.iter()
                .map(|row| Ok(((id, row::number(row, 0)?), row::hash(row, 1)?)))
                .collect::<Outcome<Vec<_>>>()
        }
    });
    Ok(try_join_all(read).await?.into_iter().flatten().collect())
}

async fn taken(lease: &Lease, handles: &HashSet<String>) -> Outcome<HashMap<String, InstanceId>> {
    if handles.is_empty() {
        return Ok(HashMap::new());
    }
    let statement = lease
        .prepare_cached(
            "SELECT handle, instance_id FROM supervisor_sessions WHERE handle = ANY($1)",
        )
        .await?;
    let handles: Vec<&str> = handles.iter().map(String::as_str).collect();
    let rows = lease.query(&statement, &[&handles]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, InstanceId(row.try_get(1)?)))).collect()
}
