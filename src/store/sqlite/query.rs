//! Queries. The count and the page come from one snapshot: first the places of the events that fit,
//! then the events of the page.
//!
//! A place is the `sequence_num` within an instance, and the `global_position` across instances.

use rusqlite::{Connection, params};

use super::condition::Condition;
use super::error::While;
use super::row::{self, EVENT_COLUMNS, integer};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::domain::time::TimeRange;
use crate::store::{EventPage, EventQuery, Order, Scope};

const DOING: &str = "querying events";

/// A page of events; see [`crate::store::EventStore::query`].
pub fn page(connection: &mut Connection, query: &EventQuery) -> Result<EventPage> {
    let snapshot = connection.transaction().while_doing(DOING)?;
    let mut fitting = fitting(&snapshot, query).while_doing(DOING)?;
    let has_more = fitting.page.len() > query.limit as usize;
    fitting.page.truncate(query.limit as usize);
    let last = fitting.page.last().filter(|_| has_more).map(|place| place.unsigned_abs());
    let events = events(&snapshot, query, &fitting.page).while_doing(DOING)?;
    Ok(EventPage { events, total_count: fitting.total, next: last })
}

/// The events that fit a query, by their places.
struct Fitting {
    /// How many there are in all.
    total: u64,
    /// Those of the page, in its order, and the one after it, if there is one.
    page: Vec<i64>,
}

fn fitting(connection: &Connection, query: &EventQuery) -> rusqlite::Result<Fitting> {
    let filtered = query.event_types.is_some() || query.effective != TimeRange::default();
    match query.scope {
        _ if query.keyword.is_some() || !query.values.is_empty() => examined(connection, query),
        Scope::Instance(id) if !filtered => unfiltered(connection, id, query),
        _ => indexed(connection, query),
    }
}

/// Without a filter the numbers of an instance are 1, 2, 3 …, so that their ends tell them all.
fn unfiltered(
    connection: &Connection,
    instance_id: InstanceId,
    query: &EventQuery,
) -> rusqlite::Result<Fitting> {
    let (first, last): (i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce((SELECT min(sequence_num) FROM event_store WHERE instance_id = ?1), 1),
                    coalesce((SELECT max(sequence_num) FROM event_store WHERE instance_id = ?1), 0)",
        )?
        .query_row([instance_id.0.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let first = first.max(query.after_sequence.map_or(0, integer).saturating_add(1));
    let total = u64::try_from(last.saturating_sub(first) + 1).unwrap_or(0);
    let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
    let one_more = query.limit as usize + 1;
    let beyond = query.beyond.map(integer);
    let page = match query.order {
        Order::Ascending => {
            let from = beyond.map_or(first, |place| first.max(place.saturating_add(1)));
            (from..=last).skip(offset).take(one_more).collect()
        }
        Order::Descending => {
            let to = beyond.map_or(last, |place| last.min(place.saturating_sub(1)));
            (first..=to).rev().skip(offset).take(one_more).collect()
        }
    };
    Ok(Fitting { total, page })
}

/// How a query names and orders places.
struct Places {
    column: &'static str,
    /// Rows are stored in the order of their positions, and every index holds the row: ordering by
    /// it needs no look at the rows.
    order_by: &'static str,
    direction: &'static str,
    beyond: &'static str,
}

fn places(query: &EventQuery) -> Places {
    let (column, order_by) = match query.scope {
        Scope::Instance(_) => ("sequence_num", "sequence_num"),
        Scope::Across { .. } => ("global_position", "rowid"),
    };
    let (direction, beyond) = match (query.order, &query.scope) {
        (Order::Ascending, Scope::Instance(_)) => ("ASC", "sequence_num > ?"),
        (Order::Descending, Scope::Instance(_)) => ("DESC", "sequence_num < ?"),
        (Order::Ascending, _) => ("ASC", "global_position > ?"),
        (Order::Descending, _) => ("DESC", "global_position < ?"),
    };
    Places { column, order_by, direction, beyond }
}

/// Filters that indexes answer.
fn indexed(connection: &Connection, query: &EventQuery) -> rusqlite::Result<Fitting> {
    let mut condition = Condition::of(query);
    let sql = format!("SELECT count(*) FROM event_store WHERE {}", condition.sql);
    let total: i64 =
        connection.prepare_cached(&sql)?.query_row(condition.params(), |row| row.get(0))?;
    let Places { column, order_by, direction, beyond } = places(query);
    if let Some(place) = query.beyond {
        condition.and(beyond, integer(place));
    }
    let limit = condition.bind(i64::from(query.limit) + 1);
    let offset = condition.bind(integer(query.offset));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {column} FROM event_store WHERE {}
         ORDER BY {order_by} {direction} LIMIT {limit} OFFSET {offset}",
        condition.sql
    ))?;
    let page = statement
        .query_map(condition.params(), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Fitting { total: total.unsigned_abs(), page })
}

/// A keyword or a value needs a look at every event that the other filters leave.
fn examined(connection: &Connection, query: &EventQuery) -> rusqlite::Result<Fitting> {
    let condition = Condition::of(query);
    let Places { column, order_by, direction, .. } = places(query);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {column}, event_type, event_data, metadata FROM event_store
         WHERE {} ORDER BY {order_by} {direction}",
        condition.sql
    ))?;
    let mut rows = statement.query(condition.params())?;
    let mut fitting = Fitting { total: 0, page: Vec::new() };
    let mut left_out = 0;
    while let Some(row) = rows.next()? {
        let (data, metadata) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str_or_null()?);
        let event_type = row.get_ref(1)?.as_str()?;
        if !fits(query, event_type, data, metadata) {
            continue;
        }
        fitting.total += 1;
        let place: i64 = row.get(0)?;
        if is_beyond(query, place) {
            if left_out < query.offset {
                left_out += 1;
            } else if fitting.page.len() <= query.limit as usize {
                fitting.page.push(place);
            }
        }
    }
    Ok(fitting)
}

fn fits(query: &EventQuery, event_type: &str, data: &str, metadata: Option<&str>) -> bool {
    let keyword = query.keyword.as_ref();
    keyword.is_none_or(|keyword| keyword.matches(event_type, data, metadata))
        && query.values.iter().all(|value| value.fits(data, metadata))
}

fn is_beyond(query: &EventQuery, place: i64) -> bool {
    query.beyond.map(integer).is_none_or(|beyond| match query.order {
        Order::Ascending => place > beyond,
        Order::Descending => place < beyond,
    })
}

fn events(
    connection: &Connection,
    query: &EventQuery,
    places: &[i64],
) -> rusqlite::Result<Vec<Event>> {
    match &query.scope {
        Scope::Instance(id) => {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {EVENT_COLUMNS} FROM event_store WHERE instance_id = ?1 AND sequence_num = ?2"
            ))?;
            let find = |place| statement.query_row(params![id.0.as_bytes(), place], row::event);
            places.iter().map(find).collect()
        }
        Scope::Across { .. } => {
            let sql = format!("SELECT {EVENT_COLUMNS} FROM event_store WHERE global_position = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            places.iter().map(|place| statement.query_row([place], row::event)).collect()
        }
    }
}
