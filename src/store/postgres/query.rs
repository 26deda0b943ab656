//! Queries. The count and the page come from one snapshot.
//!
//! A place is the `sequence_num` within an instance, and the `global_position` across instances.

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::Row;

use super::condition::Condition;
use super::error::{Outcome, reading};
use super::pool::{Lease, Pool};
use super::row::{self, EVENT_COLUMN_COUNT, EVENT_COLUMNS, integer};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::time::TimeRange;
use crate::store::{EventPage, EventQuery, Order, Scope};

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A page of events; see [`crate::store::EventStore::query`].
pub async fn page(pool: &Pool, query: &EventQuery) -> Result<EventPage> {
    let read = async || {
        let lease = pool.lease().await?;
        let page = match query.keyword.is_some() || !query.values.is_empty() {
            true => examined(&lease, query).await?,
            false => counted(&lease, query).await?,
        };
        lease.done();
        Ok::<_, super::error::Failure>(page)
    };
    reading!("querying events", read())
}

/// How a query names and orders places.
struct Places {
    column: &'static str,
    direction: &'static str,
    beyond: &'static str,
}

fn places_of(query: &EventQuery) -> Places {
    let column = match query.scope {
        Scope::Instance(_) => "e.sequence_num",
        Scope::Across { .. } => "e.global_position",
    };
    let (direction, beyond) = match (query.order, &query.scope) {
        (Order::Ascending, Scope::Instance(_)) => ("ASC", "e.sequence_num > ?"),
        (Order::Descending, Scope::Instance(_)) => ("DESC", "e.sequence_num < ?"),
        (Order::Ascending, _) => ("ASC", "e.global_position > ?"),
        (Order::Descending, _) => ("DESC", "e.global_position < ?"),
    };
    Places { column, direction, beyond }
}

/// Whether a query filters by what the index of types and dates holds.
fn is_filtered(query: &EventQuery) -> bool {
    query.event_types.is_some() || query.effective != TimeRange::default()
}

/// Filters that indexes answer: the count and the page in one round trip.
async fn counted(lease: &Lease, query: &EventQuery) -> Outcome<EventPage> {
    let mut condition = Condition::of(query);
    let counted = condition.count();
    let count = match query.scope {
        // Without a filter the numbers of an instance are 1, 2, 3 …, so that their ends tell them all.
        Scope::Instance(_) if !is_filtered(query) => format!(
            "SELECT coalesce((SELECT sequence_num FROM event_store e WHERE {0}
                              ORDER BY sequence_num DESC LIMIT 1)
                    - (SELECT sequence_num FROM event_store e WHERE {0}
                       ORDER BY sequence_num LIMIT 1) + 1, 0)",
            condition.sql
        ),
        _ => format!("SELECT count(*) FROM event_store e WHERE {}", condition.sql),
    };
    let Places { column, direction, beyond } = places_of(query);
    if let Some(place) = query.beyond {
        condition.and(beyond, integer(place));
    }
    let fits = condition.sql.clone();
    let limit = condition.bind(i64::from(query.limit) + 1);
    let offset = condition.bind(integer(query.offset));
    let page = format!(
        "SELECT {EVENT_COLUMNS}, {column} FROM event_store e
         WHERE {fits} ORDER BY {column} {direction} LIMIT {limit} OFFSET {offset}"
    );
    let (count, page) =
        tokio::try_join!(lease.prepare_cached(&count), lease.prepare_cached(&page))?;
    let (of_count, of_page) = (condition.params(counted), condition.params(condition.count()));
    let ((), total, rows, ()) = tokio::try_join!(
        biased;
        lease.batch_execute(BEGIN),
        lease.query_one(&count, &of_count),
        lease.query(&page, &of_page),
        lease.batch_execute("COMMIT"),
    )?;
    let total_count = row::number(&total, 0)?;
    let mut events = Vec::with_capacity(rows.len());
    let mut last = None;
    for row in rows.iter().take(query.limit as usize) {
        last = Some(row::number(row, EVENT_COLUMN_COUNT)?);
        events.push(row::event(row)?);
    }
    let has_more = rows.len() > events.len();
    Ok(EventPage { events, total_count, next: last.filter(|_| has_more) })
}

/// A keyword or a value needs a look at every event that the other filters leave.
async fn examined(lease: &Lease, query: &EventQuery) -> Outcome<EventPage> {
    let mut condition = Condition::of(query);
    if let Some(keyword) = &query.keyword {
        condition.narrow(keyword);
    }
    let Places { column, direction, .. } = places_of(query);
    let sql = format!(
        "SELECT {column}, e.event_type, e.event_data::text, e.event_text, e.metadata::text,
           e.metadata_text
         FROM event_store e WHERE {} ORDER BY {column} {direction}",
        condition.sql
    );
    let statement = lease.prepare_cached(&sql).await?;
    lease.batch_execute(BEGIN).await?;
    let mut examined = Examined { query, left_out: 0, total: 0, page: Vec::new() };
    {
        let rows = lease.query_raw(&statement, condition.params(condition.count())).await?;
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await? {
            examined.take(&row)?;
        }
    }
    let Examined { total, mut page, .. } = examined;
    let has_more = page.len() > query.limit as usize;
    page.truncate(query.limit as usize);
    let last = page.last().filter(|_| has_more).map(|place| place.unsigned_abs());
    let events = events(lease, query, &page).await?;
    lease.batch_execute("COMMIT").await?;
    Ok(EventPage { events, total_count: total, next: last })
}

/// Events as they are looked at, in their order.
struct Examined<'a> {
    query: &'a EventQuery,
    left_out: u64,
    /// How many fit in all.
    total: u64,
    /// The places of the page, and the one after it, if there is one.
    page: Vec<i64>,
}

impl Examined<'_> {
    /// Takes the next event: its place, type, data and metadata.
    fn take(&mut self, row: &Row) -> Outcome<()> {
        let query = self.query;
        let data = row::payload(row, 2)?.unwrap_or_default();
        let metadata = row::payload(row, 4)?;
        if !query.fits(row.try_get(1)?, &data, metadata.as_deref()) {
            return Ok(());
        }
        self.total += 1;
        let place: i64 = row.try_get(0)?;
        if is_beyond(query, place) {
            if self.left_out < query.offset {
                self.left_out += 1;
            } else if self.page.len() <= query.limit as usize {
                self.page.push(place);
            }
        }
        Ok(())
    }
}

fn is_beyond(query: &EventQuery, place: i64) -> bool {
    query.beyond.map(integer).is_none_or(|beyond| match query.order {
        Order::Ascending => place > beyond,
        Order::Descending => place < beyond,
    })
}

async fn events(lease: &Lease, query: &EventQuery, places: &[i64]) -> Outcome<Vec<Event>> {
    let Places { column, direction, .. } = places_of(query);
    let instance = match query.scope {
        Scope::Instance(_) => " AND e.instance_id = $2",
        Scope::Across { .. } => "",
    };
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM event_store e
         WHERE {column} = ANY($1){instance} ORDER BY {column} {direction}"
    );
    let statement = lease.prepare_cached(&sql).await?;
    let rows = match query.scope {
        Scope::Instance(id) => lease.query(&statement, &[&places, &id.0]).await?,
        Scope::Across { .. } => lease.query(&statement, &[&places]).await?,
    };
    rows.iter().map(row::event).collect()
}
