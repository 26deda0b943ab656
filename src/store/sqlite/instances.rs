//! Reading the registry.

use rusqlite::{Connection, OptionalExtension, params};

use super::append::by_id;
use super::error::While;
use super::row::{self, INSTANCE_COLUMNS};
use crate::domain::error::Result;
use crate::domain::instance::{Instance, Status};
use crate::domain::limits::STALE_AFTER_SECONDS;
use crate::domain::time::SECOND;
use crate::store::{InstanceFilter, InstanceHint, InstancePage};

const DOING: &str = "reading the registry";

/// The instances that a hint fits; see [`crate::store::EventStore::find_instances`].
pub fn find(connection: &Connection, hint: &InstanceHint, limit: u32) -> Result<Vec<Instance>> {
    match hint {
        InstanceHint::Id(id) => {
            Ok(by_id(connection, *id).while_doing(DOING)?.into_iter().collect())
        }
        InstanceHint::Handle(part) => by_handle(connection, part, limit).while_doing(DOING),
    }
}

fn by_handle(connection: &Connection, part: &str, limit: u32) -> rusqlite::Result<Vec<Instance>> {
    let exact = format!("SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions WHERE handle = ?1");
    if let Some(found) =
        connection.prepare_cached(&exact)?.query_row([part], row::instance).optional()?
    {
        return Ok(vec![found]);
    }
    let containing = format!(
        "SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions
         WHERE instr(lower(handle), lower(?1)) > 0
         ORDER BY lower(handle) = lower(?1) DESC, last_heartbeat DESC, instance_id DESC LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&containing)?;
    let found: Vec<Instance> = statement
        .query_map(params![part, limit], row::instance)?
        .collect::<rusqlite::Result<_>>()?;
    // A whole handle in other case names one instance, even where longer handles contain it.
    let is_whole = |instance: &Instance| instance.registration.handle.eq_ignore_ascii_case(part);
    let whole = found.iter().filter(|instance| is_whole(instance)).count();
    Ok(if whole == 1 { found.into_iter().take(1).collect() } else { found })
}

/// A page of the registry; see [`crate::store::EventStore::list_instances`].
pub fn list(connection: &mut Connection, filter: &InstanceFilter) -> Result<InstancePage> {
    let snapshot = connection.transaction().while_doing(DOING)?;
    page(&snapshot, filter).while_doing(DOING)
}

fn page(connection: &Connection, filter: &InstanceFilter) -> rusqlite::Result<InstancePage> {
    let status = match filter.status {
        None => "TRUE",
        Some(Status::Active) => "status = 'active' AND last_heartbeat >= ?2",
        Some(Status::Stale) => "(status = 'stale' OR status = 'active' AND last_heartbeat < ?2)",
        Some(Status::Closed) => "status = 'closed'",
    };
    // ?2 stands in every form of the condition, so that the parameters are always the same.
    let fits = format!("(?1 IS NULL OR project = ?1) AND ?2 IS NOT NULL AND {status}");
    let lapsed_before = filter.now.plus(-STALE_AFTER_SECONDS * SECOND).micros();
    let total: i64 = connection
        .prepare_cached(&format!("SELECT count(*) FROM supervisor_sessions WHERE {fits}"))?
        .query_row(params![filter.project, lapsed_before], |row| row.get(0))?;
    let (life, id) = match filter.after {
        Some((life, id)) => (life.micros(), id.0.into_bytes().to_vec()),
        None => (i64::MAX, Vec::new()),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions
         WHERE {fits} AND (last_heartbeat, instance_id) < (?3, ?4)
         ORDER BY last_heartbeat DESC, instance_id DESC LIMIT ?5"
    ))?;
    let one_more = i64::from(filter.limit) + 1;
    let mut instances: Vec<Instance> = statement
        .query_map(params![filter.project, lapsed_before, life, id, one_more], row::instance)?
        .collect::<rusqlite::Result<_>>()?;
    let has_more = instances.len() > filter.limit as usize;
    instances.truncate(filter.limit as usize);
    Ok(InstancePage { instances, total_count: total.unsigned_abs(), has_more })
}
