//! The embedded store as the conformance suite sees it, and its file as another program sees it.

use std::path::PathBuf;
use std::sync::Arc;

use annals::domain::error::Result;
use annals::domain::event::Event;
use annals::domain::ids::InstanceId;
use annals::store::sqlite::{Options, SqliteStore};
use annals::store::{Clock, SharedStore};
use async_trait::async_trait;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Null, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, params};
use tempfile::TempDir;

use crate::conformance::{Backend, HANGS, Tampering};

/// A folder with the file of a store.
pub struct SqlitePlace {
    folder: TempDir,
}

impl SqlitePlace {
    /// An empty folder.
    pub fn fresh() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The file of the store.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("annals.db")
    }

    /// A connection as another program would open it.
    fn other_program(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// A connection that minds no trigger and no constraint but those of indexes.
    fn unguarded(&self) -> Connection {
        let connection = self.other_program();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = OFF;
                 DROP TRIGGER IF EXISTS event_store_refuses_update;
                 DROP TRIGGER IF EXISTS event_store_refuses_delete;
                 DROP TRIGGER IF EXISTS event_store_refuses_replace;
                 DROP TRIGGER IF EXISTS supervisor_sessions_refuses_delete;
                 DROP TRIGGER IF EXISTS supervisor_sessions_refuses_replace;
                 DROP INDEX IF EXISTS idx_event_store_epic;",
            )
            .unwrap();
        // The column that is computed from the data would refuse what is no JSON.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        connection.create_scalar_function("json_extract", 2, flags, |_| Ok(Null)).unwrap();
        connection
    }
}

#[async_trait]
impl Backend for SqlitePlace {
    async fn open(&self, clock: Arc<dyn Clock>) -> Result<SharedStore> {
        let (path, lock_timeout) = (self.path(), 2 * HANGS);
        let options = Options { lock_timeout, ..Options::new(clock) };
        let open = move || SqliteStore::open(&path, options);
        let store = tokio::task::spawn_blocking(open).await.unwrap()?;
        Ok(Arc::new(store))
    }

    fn address(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    fn forbidden(&self, event: &Event) -> Vec<String> {
        let id = hex(event.event_id.0.as_bytes());
        let mut statements = vec![
            "DELETE FROM event_store".to_owned(),
            format!("DELETE FROM event_store WHERE event_id = {id}"),
            format!("INSERT OR IGNORE {}", copy(event, Same::default())),
            "DELETE FROM supervisor_sessions".to_owned(),
            "REPLACE INTO supervisor_sessions SELECT * FROM supervisor_sessions".to_owned(),
        ];
        for change in [
            "event_data = '{}'",
            "event_type = 'epic_failed'",
            "sequence_num = sequence_num + 1000",
            "timestamp = timestamp + 1",
            "hash = zeroblob(32)",
            "event_data = event_data",
        ] {
            for verb in ["UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"] {
                statements.push(format!("{verb} event_store SET {change} WHERE event_id = {id}"));
            }
        }
        let one_place_each = [
            Same { event_id: true, ..Same::none() },
            Same { sequence_num: true, ..Same::none() },
            Same { global_position: true, ..Same::none() },
            Same { rowid: true, ..Same::none() },
            Same::default(),
        ];
        for same in one_place_each {
            statements.push(format!("INSERT OR REPLACE {}", copy(event, same)));
            statements.push(format!("REPLACE {}", copy(event, same)));
        }
        statements.push(format!(
            "INSERT {} ON CONFLICT (event_id) DO UPDATE SET event_data = '{{}}'",
            copy(event, Same { event_id: true, ..Same::none() })
        ));
        statements
    }

    fn run(&self, statement: &str) -> std::result::Result<usize, String> {
        self.other_program().execute(statement, []).map_err(|error| error.to_string())
    }

    fn tamper(&self, tampering: &Tampering) -> bool {
        let connection = self.unguarded();
        match tampering {
            Tampering::EventByte { event, column, byte, bits } => {
                let row = format!("rowid = {}", rowid(&connection, *event));
                flip(&connection, "event_store", column, &row, *byte, *bits)
            }
            Tampering::InstanceByte { instance, column, byte, bits } => {
                let row = format!("instance_id = {}", hex(instance.0.as_bytes()));
                flip(&connection, "supervisor_sessions", column, &row, *byte, *bits)
            }
            Tampering::Remove { event } => {
                let row = rowid(&connection, *event);
                connection.execute("DELETE FROM event_store WHERE rowid = ?1", [row]).unwrap() == 1
            }
            Tampering::Insert { event, shift } => {
                insert(&connection, event, *shift);
                true
            }
            Tampering::Swap { instance, numbers } => {
                swap(&connection, *instance, *numbers);
                true
            }
            Tampering::Head { instance, by } => {
                let sql = "UPDATE supervisor_sessions SET last_sequence = last_sequence + ?2
                           WHERE instance_id = ?1";
                connection.execute(sql, params![instance.0.as_bytes(), by]).unwrap() == 1
            }
            Tampering::RemoveInstance { instance } => {
                let sql = "DELETE FROM supervisor_sessions WHERE instance_id = ?1";
                connection.execute(sql, [instance.0.as_bytes()]).unwrap() == 1
            }
        }
    }

    fn hold_write_lock(&self) -> Box<dyn Send> {
        let connection = self.other_program();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Box::new(connection)
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{digits}'")
}

/// What of an event a row that is inserted has in common with it.
#[derive(Clone, Copy)]
struct Same {
    event_id: bool,
    sequence_num: bool,
    global_position: bool,
    rowid: bool,
}

impl Same {
    fn none() -> Self {
        Self { event_id: false, sequence_num: false, global_position: false, rowid: false }
    }
}

impl Default for Same {
    fn default() -> Self {
        Self { event_id: true, sequence_num: true, global_position: true, rowid: true }
    }
}

/// The rest of an INSERT of a row like that of `event`, new in all but what is the same.
fn copy(event: &Event, same: Same) -> String {
    let id = hex(event.event_id.0.as_bytes());
    let choose = |same: bool, column: &str, other: &str| {
        if same { column.to_owned() } else { other.to_owned() }
    };
    format!(
        "INTO event_store (rowid, event_id, instance_id, event_type, sequence_num, timestamp,
           event_data, data_salt, hash, global_position)
         SELECT {}, {}, instance_id, event_type, {}, timestamp, '{{}}', data_salt, hash, {}
         FROM event_store WHERE event_id = {id}",
        choose(same.rowid, "rowid", "rowid + 1000000"),
        choose(same.event_id, "event_id", "randomblob(16)"),
        choose(same.sequence_num, "sequence_num", "sequence_num + 1000000"),
        choose(same.global_position, "global_position", "global_position + 1000000"),
    )
}

fn rowid(connection: &Connection, (instance, number): (InstanceId, u64)) -> i64 {
    connection
        .query_row(
            "SELECT rowid FROM event_store WHERE instance_id = ?1 AND sequence_num = ?2",
            params![instance.0.as_bytes(), i64::try_from(number).unwrap()],
            |row| row.get(0),
        )
        .unwrap()
}

/// Flips bits in one byte of a stored value; numbers are taken as eight bytes.
fn flip(
    connection: &Connection,
    table: &str,
    column: &str,
    row: &str,
    byte: usize,
    bits: u8,
) -> bool {
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let at = byte % bytes.len();
        bytes[at] ^= bits;
        bytes
    };
    let sql = format!("SELECT {column} FROM {table} WHERE {row}");
    let changed = connection.query_row(&sql, [], |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(b"") | ValueRef::Blob(b"") => None,
            ValueRef::Integer(number) => {
                let bytes = flipped(&number.to_be_bytes()).try_into().unwrap();
                Some(("?1", Value::Integer(i64::from_be_bytes(bytes))))
            }
            ValueRef::Text(bytes) => Some(("CAST(?1 AS TEXT)", Value::Blob(flipped(bytes)))),
            ValueRef::Blob(bytes) => Some(("?1", Value::Blob(flipped(bytes)))),
        })
    });
    let Some((place, value)) = changed.unwrap() else { return false };
    let sql = format!("UPDATE {table} SET {column} = {place} WHERE {row}");
    match connection.execute(&sql, [value]) {
        Ok(changed) => changed == 1,
        // The schema itself takes no such value.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => false,
        Err(error) => panic!("{sql}: {error}"),
    }
}

/// Stores an event as it is; see [`Tampering::Insert`].
fn insert(connection: &Connection, event: &Event, shift: bool) {
    let (instance, number) =
        (event.instance_id.0.as_bytes(), i64::try_from(event.sequence_num).unwrap());
    if shift {
        connection.pragma_update(None, "ignore_check_constraints", true).unwrap();
        for sql in [
            "UPDATE event_store SET sequence_num = -sequence_num - 1
             WHERE instance_id = ?1 AND sequence_num >= ?2",
            "UPDATE event_store SET sequence_num = -sequence_num
             WHERE instance_id = ?1 AND sequence_num < 0 AND ?2 = ?2",
            "UPDATE supervisor_sessions SET last_sequence = last_sequence + 1
             WHERE instance_id = ?1 AND ?2 = ?2",
        ] {
            connection.execute(sql, params![instance, number]).unwrap();
        }
    }
    let sql = "INSERT INTO event_store (event_id, instance_id, event_type, sequence_num, timestamp,
                 event_data, data_salt, hash, global_position)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, max(global_position) + 1 FROM event_store";
    let id = event.event_id.0.as_bytes();
    let values = params![
        id,
        instance,
        event.event_type,
        number,
        event.timestamp.micros(),
        event.event_data.text,
        event.event_data.salt,
        event.hash.0,
    ];
    assert_eq!(connection.execute(sql, values).unwrap(), 1);
}

fn swap(connection: &Connection, instance: InstanceId, (one, other): (u64, u64)) {
    connection.pragma_update(None, "ignore_check_constraints", true).unwrap();
    let (one, other) = (i64::try_from(one).unwrap(), i64::try_from(other).unwrap());
    for (from, to) in [(one, -1), (other, one), (-1, other)] {
        let sql = "UPDATE event_store SET sequence_num = ?3
                   WHERE instance_id = ?1 AND sequence_num = ?2";
        assert_eq!(connection.execute(sql, params![instance.0.as_bytes(), from, to]).unwrap(), 1);
    }
}
