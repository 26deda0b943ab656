//! Queries over the events of one instance. The count and the page come from one snapshot: first
//! the sequence numbers that fit, then the events of the page.

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::error::While;
use super::row::{self, EVENT_COLUMNS, integer};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::keyword::Keyword;
use crate::domain::time::{TimeRange, Timestamp};
use crate::store::{EventPage, EventQuery, Order};

const DOING: &str = "querying events";

/// A page of events; see [`crate::store::EventStore::query`].
pub fn page(connection: &mut Connection, query: &EventQuery) -> Result<EventPage> {
    let snapshot = connection.transaction().while_doing(DOING)?;
    let fitting = fitting(&snapshot, query).while_doing(DOING)?;
    let events = events(&snapshot, query, &fitting.page).while_doing(DOING)?;
    Ok(EventPage { events, total_count: fitting.total })
}

/// The sequence numbers that fit a query.
struct Fitting {
    /// How many there are in all.
    total: u64,
    /// Those of the page, in its order.
    page: Vec<i64>,
}

fn fitting(connection: &Connection, query: &EventQuery) -> rusqlite::Result<Fitting> {
    match &query.keyword {
        Some(keyword) => matching(connection, query, keyword),
        None if is_filtered(query) => indexed(connection, query),
        None => unfiltered(connection, query),
    }
}

/// Without a filter the numbers are 1, 2, 3 …, so that their ends tell them all.
fn unfiltered(connection: &Connection, query: &EventQuery) -> rusqlite::Result<Fitting> {
    let (first, last): (i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce((SELECT min(sequence_num) FROM event_store WHERE instance_id = ?1), 1),
                    coalesce((SELECT max(sequence_num) FROM event_store WHERE instance_id = ?1), 0)",
        )?
        .query_row([query.instance_id.0.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let numbers = first.max(query.after_sequence.map_or(0, integer).saturating_add(1))..=last;
    let total = u64::try_from(last.saturating_sub(*numbers.start()) + 1).unwrap_or(0);
    let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
    let limit = query.limit as usize;
    let page = match query.order {
        Order::Ascending => numbers.skip(offset).take(limit).collect(),
        Order::Descending => numbers.rev().skip(offset).take(limit).collect(),
    };
    Ok(Fitting { total, page })
}

/// The types of an instance, found by leaps through the index instead of a look at every event.
const TYPES_OF_INSTANCE: &str = "WITH RECURSIVE types (event_type) AS (
       SELECT min(event_type) FROM event_store WHERE instance_id = ?1
       UNION ALL
       SELECT (SELECT min(event_type) FROM event_store
               WHERE instance_id = ?1 AND event_type > types.event_type)
       FROM types WHERE types.event_type IS NOT NULL)
     SELECT event_type FROM types";

/// A condition and the values of its parameters.
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn of(query: &EventQuery) -> Self {
        let instance = query.instance_id.0.into_bytes().to_vec();
        let after = query.after_sequence.map_or(0, integer);
        let mut condition = Self {
            sql: "instance_id = ?1 AND sequence_num > ?2".into(),
            values: vec![instance.into(), after.into()],
        };
        if !is_filtered(query) {
            return condition;
        }
        let types = match &query.event_types {
            Some(_) => "SELECT value FROM json_each(?5)",
            None => TYPES_OF_INSTANCE,
        };
        condition.sql +=
            &format!(" AND effective_at BETWEEN ?3 AND ?4 AND event_type IN ({types})");
        condition.values.extend([
            query.effective.start.map_or(i64::MIN, Timestamp::micros).into(),
            query.effective.end.map_or(i64::MAX, Timestamp::micros).into(),
        ]);
        let types = query.event_types.as_ref().map(|types| serde_json::json!(types).to_string());
        condition.values.extend(types.map(Value::from));
        condition
    }

    fn params(&self) -> impl rusqlite::Params + '_ {
        params_from_iter(self.values.iter())
    }
}

/// Whether a query filters by what the index of types and dates holds.
fn is_filtered(query: &EventQuery) -> bool {
    query.event_types.is_some() || query.effective != TimeRange::default()
}

fn direction(order: Order) -> &'static str {
    match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    }
}

/// Filters by type and date, answered from the index alone.
fn indexed(connection: &Connection, query: &EventQuery) -> rusqlite::Result<Fitting> {
    let mut condition = Condition::of(query);
    let sql = format!("SELECT count(*) FROM event_store WHERE {}", condition.sql);
    let total: i64 =
        connection.prepare_cached(&sql)?.query_row(condition.params(), |row| row.get(0))?;
    let sql = format!(
        "SELECT sequence_num FROM event_store WHERE {}
         ORDER BY sequence_num {} LIMIT ?{} OFFSET ?{}",
        condition.sql,
        direction(query.order),
        condition.values.len() + 1,
        condition.values.len() + 2,
    );
    condition.values.extend([i64::from(query.limit).into(), integer(query.offset).into()]);
    let mut statement = connection.prepare_cached(&sql)?;
    let page = statement
        .query_map(condition.params(), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Fitting { total: total.unsigned_abs(), page })
}

/// A keyword needs a look at every event that the other filters leave.
fn matching(
    connection: &Connection,
    query: &EventQuery,
    keyword: &Keyword,
) -> rusqlite::Result<Fitting> {
    let condition = Condition::of(query);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT sequence_num, event_type, event_data, metadata FROM event_store
         WHERE {} ORDER BY sequence_num {}",
        condition.sql,
        direction(query.order)
    ))?;
    let mut rows = statement.query(condition.params())?;
    let mut fitting = Fitting { total: 0, page: Vec::new() };
    while let Some(row) = rows.next()? {
        let (data, metadata) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str_or_null()?);
        if keyword.matches(row.get_ref(1)?.as_str()?, data, metadata) {
            if fitting.total >= query.offset && fitting.page.len() < query.limit as usize {
                fitting.page.push(row.get(0)?);
            }
            fitting.total += 1;
        }
    }
    Ok(fitting)
}

fn events(
    connection: &Connection,
    query: &EventQuery,
    numbers: &[i64],
) -> rusqlite::Result<Vec<Event>> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM event_store WHERE instance_id = ?1 AND sequence_num = ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    numbers
        .iter()
        .map(|number| {
            statement.query_row(params![query.instance_id.0.as_bytes(), number], row::event)
        })
        .collect()
}
