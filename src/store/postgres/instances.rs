//! Reading the registry.

use super::error::{Outcome, reading};
use super::pool::{Lease, Pool};
use super::row::{self, INSTANCE_COLUMNS, Time};
use super::scan;
use crate::domain::error::Result;
use crate::domain::ids::InstanceId;
use crate::domain::instance::{Instance, Status};
use crate::domain::limits::STALE_AFTER_SECONDS;
use crate::domain::time::SECOND;
use crate::store::{InstanceFilter, InstanceHint, InstancePage};

const DOING: &str = "reading the registry";

/// The instance with this id.
pub async fn by_id(lease: &Lease, id: InstanceId) -> Outcome<Option<Instance>> {
    let statement = lease
        .prepare_cached(&format!(
            "SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions WHERE instance_id = $1"
        ))
        .await?;
    let row = lease.query_opt(&statement, &[&id.0]).await?;
    row.as_ref().map(row::instance).transpose()
}

/// The instances that a hint fits; see [`crate::store::EventStore::find_instances`].
pub async fn find(pool: &Pool, hint: &InstanceHint, limit: u32) -> Result<Vec<Instance>> {
    let read = async || -> Outcome<Vec<Instance>> {
        let lease = pool.lease().await?;
        let found = match hint {
            InstanceHint::Id(id) => by_id(&lease, *id).await?.into_iter().collect(),
            InstanceHint::Handle(part) => by_handle(&lease, part, limit).await?,
        };
        lease.done();
        Ok(found)
    };
    reading!(DOING, read())
}

async fn by_handle(lease: &Lease, part: &str, limit: u32) -> Outcome<Vec<Instance>> {
    // No handle holds what a column cannot.
    if part.contains('\0') {
        return Ok(Vec::new());
    }
    let exact = format!("SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions WHERE handle = $1");
    let exact = lease.prepare_cached(&exact).await?;
    if let Some(row) = lease.query_opt(&exact, &[&part]).await? {
        return Ok(vec![row::instance(&row)?]);
    }
    let containing = format!(
        "SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions
         WHERE strpos(lower(handle COLLATE \"C\"), lower($1::text COLLATE \"C\")) > 0
         ORDER BY lower(handle COLLATE \"C\") = lower($1::text COLLATE \"C\") DESC,
           last_heartbeat DESC, instance_id DESC LIMIT $2"
    );
    let containing = lease.prepare_cached(&containing).await?;
    let rows = lease.query(&containing, &[&part, &i64::from(limit)]).await?;
    let found = rows.iter().map(row::instance).collect::<Outcome<Vec<Instance>>>()?;
    // A whole handle in other case names one instance, even where longer handles contain it.
    let is_whole = |instance: &Instance| instance.registration.handle.eq_ignore_ascii_case(part);
    let whole = found.iter().filter(|instance| is_whole(instance)).count();
    Ok(if whole == 1 { found.into_iter().take(1).collect() } else { found })
}

/// A page of the registry; see [`crate::store::EventStore::list_instances`].
pub async fn list(pool: &Pool, filter: &InstanceFilter) -> Result<InstancePage> {
    reading!(DOING, page(pool, filter))
}

async fn page(pool: &Pool, filter: &InstanceFilter) -> Outcome<InstancePage> {
    let status = match filter.status {
        None => "TRUE",
        Some(Status::Active) => "status = 'active' AND last_heartbeat >= $2",
        Some(Status::Stale) => "(status = 'stale' OR status = 'active' AND last_heartbeat < $2)",
        Some(Status::Closed) => "status = 'closed'",
    };
    // $2 stands in every form of the condition, so that the parameters are always the same.
    let fits =
        format!("($1::text IS NULL OR project = $1) AND $2::timestamptz IS NOT NULL AND {status}");
    let lapsed_before = Time(filter.now.plus(-STALE_AFTER_SECONDS * SECOND));
    let project = filter.project.as_deref().map(super::text::stored);
    let lease = scan::snapshot(pool).await?;
    let count = format!("SELECT count(*) FROM supervisor_sessions WHERE {fits}");
    let count = lease.prepare_cached(&count).await?;
    let total = lease.query_one(&count, &[&project, &lapsed_before]).await?;
    let page = format!(
        "SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions
         WHERE {fits} AND ($3::timestamptz IS NULL OR (last_heartbeat, instance_id) < ($3, $4::uuid))
         ORDER BY last_heartbeat DESC, instance_id DESC LIMIT $5"
    );
    let page = lease.prepare_cached(&page).await?;
    let (life, id) = (filter.after.map(|after| Time(after.0)), filter.after.map(|after| after.1.0));
    let one_more = i64::from(filter.limit) + 1;
    let rows = lease.query(&page, &[&project, &lapsed_before, &life, &id, &one_more]).await?;
    scan::end(lease).await;
    let mut instances = rows.iter().map(row::instance).collect::<Outcome<Vec<Instance>>>()?;
    let has_more = instances.len() > filter.limit as usize;
    instances.truncate(filter.limit as usize);
    Ok(InstancePage { instances, total_count: row::number(&total, 0)?, has_more })
}
