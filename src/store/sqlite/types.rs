//! Custom event types: reading them, changing them, and reading the events of one type.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::{mpsc, oneshot};

use super::error::While;
use super::readers::Readers;
use super::row::{self, EVENT_COLUMNS, integer};
use super::scan;
use crate::domain::error::Result;
use crate::domain::event::{Event, NewEvent, TypeCheck};
use crate::domain::time::Timestamp;
use crate::integrity::type_changed;
use crate::store::{NewerEvents, StoredType, TypeChange, TypeScan, TypesAsked};

const READING: &str = "reading the event types";
const SCANNING: &str = "reading the events of a type";

/// Every version, `v`, and where it was retired, `r`.
const VERSIONS: &str = "SELECT v.name, v.version, coalesce(r.change, v.change), v.definition, \
     v.changed_at, r.changed_at
     FROM event_types v LEFT JOIN event_types r
       ON r.name = v.name AND r.version = v.version AND r.retired = 1
     WHERE v.retired = 0";

/// Of the versions the newest of each name.
const NEWEST: &str = "v.version = (SELECT max(version) FROM event_types WHERE name = v.name)";

/// Custom event types; see [`crate::store::EventStore::event_types`].
pub fn read(connection: &Connection, asked: &TypesAsked) -> Result<Vec<StoredType>> {
    let (condition, value) = match asked {
        TypesAsked::Newest => (format!("?1 IS NULL AND {NEWEST}"), None),
        TypesAsked::Named(names) => (
            format!("v.name IN (SELECT value FROM json_each(?1)) AND {NEWEST}"),
            Some(serde_json::json!(names).to_string()),
        ),
        TypesAsked::Versions(name) => ("v.name = ?1".to_owned(), Some(name.clone())),
    };
    let sql = format!("{VERSIONS} AND {condition} ORDER BY v.name, v.version");
    let read = || {
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([value], stored_type)?;
        rows.collect::<rusqlite::Result<_>>()
    };
    read().while_doing(READING)
}

fn stored_type(row: &Row<'_>) -> rusqlite::Result<StoredType> {
    // One row that another program made unreadable must not hide the others: a definition that is no
    // text is none, which whoever reads it says.
    Ok(StoredType {
        name: lossy(row.get_ref(0)?),
        version: u32::try_from(row.get::<_, i64>(1)?).unwrap_or(u32::MAX),
        change: row.get::<_, i64>(2)?.unsigned_abs(),
        definition: row.get_ref(3)?.as_str().unwrap_or_default().to_owned(),
        defined_at: Timestamp::from_micros(row.get(4)?),
        retired_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
    })
}

fn lossy(name: ValueRef<'_>) -> String {
    String::from_utf8_lossy(name.as_bytes().unwrap_or_default()).into_owned()
}

/// The last change of each custom type that `events` were checked against.
pub fn changes(
    connection: &Connection,
    events: &[NewEvent],
) -> rusqlite::Result<HashMap<String, u64>> {
    let mut changes = HashMap::new();
    let checked = events.iter().filter(|event| matches!(event.type_check, TypeCheck::FitsAsOf(_)));
    for event in checked {
        if !changes.contains_key(&event.event_type) {
            let last = last_change(connection, &event.event_type)?;
            changes.insert(event.event_type.clone(), last);
        }
    }
    Ok(changes)
}

/// The last change of the type of this name; 0 where there is none.
fn last_change(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let last: i64 = connection
        .prepare_cached("SELECT coalesce(max(change), 0) FROM event_types WHERE name = ?1")?
        .query_row([name], |row| row.get(0))?;
    Ok(last.unsigned_abs())
}

/// Makes a change inside the writing transaction, where no other can come between.
pub fn change(
    connection: &Connection,
    change: &TypeChange,
    now: Timestamp,
) -> rusqlite::Result<Result<StoredType>> {
    let name = change.name.as_str();
    let decided = change.decide(newest(connection, name)?, last_of_all(connection)?, now);
    let Ok(changed) = decided else { return Ok(decided) };
    if let Some(newer) = change.newer()
        && !all_fit(connection, name, newer)?
    {
        return Ok(Err(type_changed(name)));
    }
    insert(connection, &changed)?;
    Ok(Ok(changed))
}

fn newest(connection: &Connection, name: &str) -> rusqlite::Result<Option<StoredType>> {
    connection
        .prepare_cached(&format!("{VERSIONS} AND v.name = ?1 ORDER BY v.version DESC LIMIT 1"))?
        .query_row([name], stored_type)
        .optional()
}

/// The number of the last change of any type; 0 where there is none.
fn last_of_all(connection: &Connection) -> rusqlite::Result<u64> {
    let last: i64 = connection
        .prepare_cached("SELECT coalesce(max(change), 0) FROM event_types")?
        .query_row([], |row| row.get(0))?;
    Ok(last.unsigned_abs())
}

fn insert(connection: &Connection, changed: &StoredType) -> rusqlite::Result<()> {
    let retired = changed.retired_at.is_some();
    connection
        .prepare_cached(
            "INSERT INTO event_types (change, name, version, retired, definition, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            integer(changed.change),
            changed.name,
            changed.version,
            retired,
            (!retired).then_some(&changed.definition),
            changed.changed_at().micros(),
        ])
        .map(drop)
}

/// Whether every event of the type that came after a reading fits. They are few, so they are found
/// by their position.
fn all_fit(connection: &Connection, name: &str, newer: &NewerEvents) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {EVENT_COLUMNS} FROM event_store
         WHERE global_position > ?1 AND +event_type = ?2"
    ))?;
    let mut rows = statement.query(params![integer(newer.after), name])?;
    while let Some(row) = rows.next()? {
        if !(newer.fits)(&row::event(row)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The events of one type; see [`crate::store::EventStore::scan_event_type`].
pub async fn scan(readers: Arc<Readers>, event_type: String) -> Result<TypeScan> {
    let mut lease = readers.lease().await?;
    let (found, end) = oneshot::channel();
    let (chunks, events) = mpsc::channel(scan::AHEAD);
    tokio::task::spawn_blocking(move || {
        let read =
            lease.connection().and_then(|connection| run(connection, &event_type, found, &chunks));
        if let Err(error) = read {
            // A reader that has gone needs no error.
            let _ = chunks.blocking_send(Err(error));
        }
    });
    match end.await {
        Ok(end) => Ok(TypeScan { end, events }),
        Err(_) => Err(scan::first_error(events).await),
    }
}

fn run(
    connection: &mut Connection,
    event_type: &str,
    found: oneshot::Sender<u64>,
    chunks: &mpsc::Sender<Result<Vec<Event>>>,
) -> Result<()> {
    let snapshot = connection.transaction().while_doing(SCANNING)?;
    let end: i64 = snapshot
        .prepare_cached("SELECT coalesce(max(global_position), 0) FROM event_store")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .while_doing(SCANNING)?;
    if found.send(end.unsigned_abs()).is_err() {
        return Ok(());
    }
    let sql =
        format!("SELECT {EVENT_COLUMNS} FROM event_store WHERE event_type = ?1 ORDER BY timestamp");
    let mut statement = snapshot.prepare_cached(&sql).while_doing(SCANNING)?;
    let events = statement.query_map([event_type], row::event).while_doing(SCANNING)?;
    scan::send(events, chunks).while_doing(SCANNING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::Code;
    use crate::store::TypeTarget;
    use crate::store::sqlite::migrate::{MIGRATIONS, migrate};

    fn store() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        connection
    }

    fn define(name: &str, expected: u64, definition: &str) -> TypeChange {
        let definition = definition.to_owned();
        let to = TypeTarget::Defined { definition, newer: None };
        TypeChange { name: name.to_owned(), expected, to, made_at: None }
    }

    fn retire(name: &str, expected: u64) -> TypeChange {
        TypeChange { to: TypeTarget::Retired, ..define(name, expected, "") }
    }

    fn made(connection: &Connection, change: &TypeChange, now: i64) -> Result<StoredType> {
        super::change(connection, change, Timestamp::from_micros(now)).unwrap()
    }

    fn standing(connection: &Connection, asked: &TypesAsked) -> Vec<(String, u32, u64, bool)> {
        let types = read(connection, asked).unwrap().into_iter();
        types.map(|t| (t.name, t.version, t.change, t.retired_at.is_some())).collect()
    }

    #[test]
    fn changes_are_numbered_over_all_types_and_versions_within_each() {
        let store = store();
        let changes =
            [define("a", 0, "1"), define("b", 0, "1"), define("a", 1, "2"), retire("a", 3)];
        for (index, change) in changes.iter().enumerate() {
            let answer = made(&store, change, 50).unwrap();
            assert_eq!(answer.change, index as u64 + 1);
        }
        let revived = made(&store, &define("a", 4, "2"), 60).unwrap();
        assert_eq!((revived.version, revived.retired_at), (3, None));
        let (a, b) = ("a".to_owned(), "b".to_owned());
        let newest = [(a.clone(), 3, 5, false), (b.clone(), 1, 2, false)];
        assert_eq!(standing(&store, &TypesAsked::Newest), newest);
        let named = TypesAsked::Named(vec!["b".into(), "c".into()]);
        assert_eq!(standing(&store, &named), newest[1..]);
        assert_eq!(
            standing(&store, &TypesAsked::Versions("a".into())),
            [(a.clone(), 1, 1, false), (a.clone(), 2, 4, true), (a, 3, 5, false)]
        );
    }

    #[test]
    fn a_change_on_another_standing_than_the_expected_one_is_refused() {
        let store = store();
        made(&store, &define("a", 0, "1"), 50).unwrap();
        for change in [define("a", 0, "2"), define("a", 2, "2"), retire("a", 0), retire("b", 0)] {
            assert_eq!(made(&store, &change, 50).unwrap_err().code, Code::EventTypeChanged);
        }
        assert_eq!(standing(&store, &TypesAsked::Newest).len(), 1);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_turn_the_versions_back() {
        let store = store();
        let first = made(&store, &define("a", 0, "1"), 50).unwrap();
        let second = made(&store, &define("a", 1, "2"), 20).unwrap();
        assert_eq!(first.defined_at, second.defined_at);
    }

    #[test]
    fn a_change_that_was_made_elsewhere_keeps_its_time() {
        let store = store();
        made(&store, &define("b", 0, "1"), 90).unwrap();
        let at = |micros| Some(Timestamp::from_micros(micros));
        let restored = TypeChange { made_at: at(10), ..define("a", 0, "1") };
        assert_eq!(made(&store, &restored, 100).unwrap().defined_at.micros(), 10);
        let retired = TypeChange { made_at: at(30), ..retire("a", 2) };
        assert_eq!(made(&store, &retired, 100).unwrap().retired_at, at(30));
        let earlier = TypeChange { made_at: at(20), ..define("a", 3, "2") };
        assert_eq!(made(&store, &earlier, 100).unwrap().defined_at.micros(), 30);
    }

    #[test]
    fn a_change_that_was_made_is_neither_changed_nor_removed_nor_replaced() {
        let store = store();
        made(&store, &define("a", 0, "1"), 50).unwrap();
        for statement in [
            "UPDATE event_types SET definition = '2'",
            "DELETE FROM event_types",
            "INSERT OR REPLACE INTO event_types VALUES (1, 'a', 1, 0, '2', 50)",
            "INSERT OR REPLACE INTO event_types VALUES (2, 'a', 1, 0, '2', 50)",
            "REPLACE INTO event_types VALUES (1, 'b', 7, 0, '2', 50)",
            "INSERT INTO event_types VALUES (2, 'a', 2, 1, '2', 50)",
            "INSERT INTO event_types VALUES (2, 'a', 2, 0, NULL, 50)",
            "INSERT INTO event_types VALUES (0, 'a', 2, 0, '2', 50)",
            "INSERT INTO event_types VALUES (2, '', 2, 0, '2', 50)",
        ] {
            assert!(store.execute(statement, []).is_err(), "{statement}");
        }
        assert_eq!(read(&store, &TypesAsked::Newest).unwrap()[0].definition, "1");
    }

    #[test]
    fn the_events_of_a_type_are_found_without_a_look_at_the_others() {
        let store = store();
        let plan = |sql: &str| -> String {
            let mut statement = store.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
            rows.map(|row| row.unwrap()).collect::<Vec<_>>().join("; ")
        };
        let scan = plan("SELECT * FROM event_store WHERE event_type = 'a' ORDER BY timestamp");
        assert!(scan.contains("idx_event_store_type_timestamp"), "{scan}");
        assert!(!scan.contains("TEMP B-TREE"), "{scan}");
        let newer =
            plan("SELECT * FROM event_store WHERE global_position > 7 AND +event_type = 'a'");
        assert!(newer.contains("global_position>?"), "{newer}");
    }
}
