//! Queries. The count and the page come from one snapshot: first the places of the events that fit,
//! then the events of the page.
//!
//! A place is the `sequence_num` within an instance, and the `global_position` across instances.

use rusqlite::{Connection, Row, params};

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
    match query.scope {
        _ if query.keyword.is_some() || !query.values.is_empty() => examined(connection, query),
        Scope::Instance(id) if !is_filtered(query) => unfiltered(connection, id, query),
        _ => indexed(connection, query),
    }
}

/// Whether a query filters by what the index of types and dates holds.
fn is_filtered(query: &EventQuery) -> bool {
    query.event_types.is_some() || query.effective != TimeRange::default()
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
    /// What orders the events that an index of filters finds. Rows are stored in the order of their
    /// positions, and every index holds the row, so that ordering by it needs no look at the rows.
    /// The `+` keeps the database from walking the whole instance in order instead, and looking at
    /// each row for the few that fit.
    sorted: &'static str,
    /// What they are stored in the order of.
    stored: &'static str,
    direction: &'static str,
    beyond: &'static str,
}

fn places(query: &EventQuery) -> Places {
    let (column, sorted, stored) = match query.scope {
        Scope::Instance(_) => ("sequence_num", "+sequence_num", "sequence_num"),
        Scope::Across { .. } => ("global_position", "rowid", "rowid"),
    };
    let (direction, beyond) = match (query.order, &query.scope) {
        (Order::Ascending, Scope::Instance(_)) => ("ASC", "sequence_num > ?"),
        (Order::Descending, Scope::Instance(_)) => ("DESC", "sequence_num < ?"),
        (Order::Ascending, _) => ("ASC", "global_position > ?"),
        (Order::Descending, _) => ("DESC", "global_position < ?"),
    };
    Places { column, sorted, stored, direction, beyond }
}

/// Filters that indexes answer.
fn indexed(connection: &Connection, query: &EventQuery) -> rusqlite::Result<Fitting> {
    let mut condition = Condition::of(query);
    let sql = format!("SELECT count(*) FROM event_store WHERE {}", condition.sql);
    let total: i64 =
        connection.prepare_cached(&sql)?.query_row(condition.params(), |row| row.get(0))?;
    let Places { column, sorted, direction, beyond, .. } = places(query);
    let (within, last) = match query.order {
        Order::Ascending => ("<=", "max"),
        Order::Descending => (">=", "min"),
    };
    if let Some(place) = query.beyond {
        condition.and(beyond, integer(place));
    }
    let fits = condition.sql.clone();
    let offset = condition.bind(integer(query.offset));
    let limit = condition.bind(i64::from(query.limit) + 1);
    let bound = match query.scope {
        // As many events as the page reaches, whichever they are, bound the page: what lies beyond the
        // last of them need not be sorted in. By their times they are mostly the page itself.
        Scope::Instance(_) => {
            let reach = integer(query.offset).saturating_add(i64::from(query.limit) + 1);
            let reach = condition.bind(reach);
            format!(
                " AND +{column} {within} (SELECT {last}({column}) FROM (
                    SELECT {column} FROM event_store WHERE {fits}
                    ORDER BY event_type {direction}, effective_at {direction} LIMIT {reach}))"
            )
        }
        Scope::Across { .. } => String::new(),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {column} FROM event_store WHERE {fits}{bound}
         ORDER BY {sorted} {direction} LIMIT {limit} OFFSET {offset}"
    ))?;
    let page = statement
        .query_map(condition.params(), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Fitting { total: total.unsigned_abs(), page })
}

/// A keyword or a value needs a look at every event that the other filters leave.
fn examined(connection: &Connection, query: &EventQuery) -> rusqlite::Result<Fitting> {
    let condition = Condition::of(query);
    let Places { column, sorted, stored, direction, .. } = places(query);
    let event = format!("SELECT {column}, event_type, event_data, metadata FROM event_store");
    let mut examined =
        Examined { query, left_out: 0, fitting: Fitting { total: 0, page: Vec::new() } };
    match query.scope {
        Scope::Instance(id) if is_filtered(query) => {
            let places: Vec<i64> = connection
                .prepare_cached(&format!(
                    "SELECT {column} FROM event_store WHERE {} ORDER BY {sorted} {direction}",
                    condition.sql
                ))?
                .query_map(condition.params(), |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut one = connection
                .prepare_cached(&format!("{event} WHERE instance_id = ?1 AND {column} = ?2"))?;
            for place in places {
                one.query_row(params![id.0.as_bytes(), place], |row| examined.take(row))?;
            }
        }
        _ => {
            let mut statement = connection.prepare_cached(&format!(
                "{event} WHERE {} ORDER BY {stored} {direction}",
                condition.sql
            ))?;
            let mut rows = statement.query(condition.params())?;
            while let Some(row) = rows.next()? {
                examined.take(row)?;
            }
        }
    }
    Ok(examined.fitting)
}

/// Events as they are looked at, in their order.
struct Examined<'a> {
    query: &'a EventQuery,
    left_out: u64,
    fitting: Fitting,
}

impl Examined<'_> {
    /// Takes the next event: its place, type, data and metadata.
    fn take(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let query = self.query;
        let (data, metadata) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str_or_null()?);
        if !query.fits(row.get_ref(1)?.as_str()?, data, metadata) {
            return Ok(());
        }
        self.fitting.total += 1;
        let place: i64 = row.get(0)?;
        if is_beyond(query, place) {
            if self.left_out < query.offset {
                self.left_out += 1;
            } else if self.fitting.page.len() <= query.limit as usize {
                self.fitting.page.push(place);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::domain::time::{SECOND, Timestamp};
    use crate::store::sqlite::migrate::{MIGRATIONS, migrate};

    /// The types of the events, in turn, one a second. Of the last there is one in a thousand.
    const TYPES: &str = "CASE WHEN n % 1000 = 500 THEN 'epic_failed'
                              WHEN n % 2 = 0 THEN 'test_passed' ELSE 'commit_created' END";

    /// A store with two instances, which have 1,000 and 16,000 events.
    fn store() -> (Connection, [InstanceId; 2]) {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        let instances = [InstanceId::generate(), InstanceId::generate()];
        for (place, instance, events) in [(0, instances[0], 1_000), (1, instances[1], 16_000)] {
            let id = instance.0.as_bytes();
            connection
                .execute(
                    "INSERT INTO supervisor_sessions (instance_id, handle, project, instance_type,
                       status, created_at, last_heartbeat, last_sequence, head_hash,
                       head_timestamp, origin_store_id)
                     VALUES (?1, hex(?1), 'p' || ?2, 'PS', 'active', 0, 0, ?3, zeroblob(32), 0, ?1)",
                    params![id, place, events],
                )
                .unwrap();
            let sql = format!(
                "WITH RECURSIVE numbers (n) AS (
                   SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?3)
                 INSERT INTO event_store (event_id, instance_id, event_type, sequence_num,
                   timestamp, event_data, hash, data_salt, global_position)
                 SELECT randomblob(16), ?1, {TYPES}, n, n * {SECOND},
                   json_object('epic_id', 'epic-' || ?2 || '-' || (n / 100)),
                   zeroblob(32), zeroblob(16), n + ?2 * 1000000
                 FROM numbers"
            );
            connection.execute(&sql, params![id, place, events]).unwrap();
        }
        (connection, instances)
    }

    /// How many steps the database takes to answer, and how many events there are in all.
    fn steps(connection: &mut Connection, query: &EventQuery) -> (u64, u64) {
        let steps = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&steps);
        let count = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(1, Some(count)).unwrap();
        let found = page(connection, query).unwrap();
        connection.progress_handler(1, None::<fn() -> bool>).unwrap();
        (steps.load(Ordering::Relaxed), found.total_count)
    }

    fn between(first: i64, last: i64) -> TimeRange {
        let time = |second: i64| Some(Timestamp::from_micros(second * SECOND));
        TimeRange { start: time(first), end: time(last) }
    }

    fn types(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// A question that an index answers costs what its answer costs, however many events the
    /// instance has.
    #[test]
    fn no_question_costs_more_because_the_instance_is_large() {
        let (mut connection, instances) = store();
        let of = |query: fn(&mut EventQuery)| {
            instances.map(|instance| {
                let mut asked = EventQuery::newest(instance, 100);
                query(&mut asked);
                asked
            })
        };
        let mut questions = vec![
            ("the newest", of(|_| {})),
            ("the oldest", of(|query| query.order = Order::Ascending)),
            ("far back", of(|query| query.offset = 800)),
            ("a date range", of(|query| query.effective = between(200, 299))),
            (
                "a type",
                of(|query| {
                    query.event_types = types(&["epic_failed"]);
                    query.effective = between(1, 1_000);
                }),
            ),
            (
                "types and dates",
                of(|query| {
                    query.event_types = types(&["test_passed", "commit_created"]);
                    query.effective = between(200, 299);
                }),
            ),
            (
                "a keyword in a date range",
                of(|query| {
                    query.keyword = Some(crate::domain::keyword::Keyword::new("epic"));
                    query.effective = between(200, 299);
                }),
            ),
        ];
        let epic = |place: usize| {
            let mut query = EventQuery::newest(instances[place], 100);
            query.scope = Scope::Across { project: None, epic: Some(format!("epic-{place}-3")) };
            query
        };
        questions.push(("an epic", [epic(0), epic(1)]));
        for (what, [small, large]) in questions {
            let ((few, found), (many, found_in_large)) =
                (steps(&mut connection, &small), steps(&mut connection, &large));
            if what.contains("est") || what.contains("back") {
                assert_eq!((found, found_in_large), (1_000, 16_000), "{what}");
            } else {
                assert!(found > 0 && found == found_in_large, "{what}: {found} {found_in_large}");
            }
            assert!(many < few + few / 4 + 100, "{what}: {few} steps, in the large one {many}");
        }
    }
}
