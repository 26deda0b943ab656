//! Looking into the file of a store without opening it for work.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::error::{While, foreign, is_busy};
use super::migrate::{self, MIGRATIONS};
use super::open;
use super::owner::{Owner, owner};
use crate::domain::error::{Code, Result};
use crate::domain::time::Timestamp;
use crate::store::inspection::{Found, Inside};

pub use open::absolute;

/// How long the lock is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most faults of the file that are told.
const FAULTS: u32 = 5;

/// What is at `path`.
pub fn look(path: &Path) -> Found {
    match fs::metadata(path) {
        Ok(found) => match inside(path, &found) {
            Ok(Some(inside)) => Found::Store(Box::new(inside)),
            Ok(None) => Found::Nothing,
            Err(error) => Found::Unusable(error),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Found::Nothing,
        Err(error) => Found::Unusable(open::unusable(path, &error)),
    }
}

fn inside(path: &Path, file: &fs::Metadata) -> Result<Option<Inside>> {
    open::refuse_no_store(path, file)?;
    if file.len() == 0 {
        return Ok(None);
    }
    // Before a connection takes the log in.
    let log_bytes = fs::metadata(log(path)).map_or(0, |log| log.len());
    let mut connection = open::reader(path, PATIENCE)?;
    let doing = "looking at the file";
    match owner(&connection).while_doing(doing)? {
        Owner::Other => return Err(foreign(path)),
        Owner::Nobody => return Ok(None),
        Owner::Annals => {}
    }
    let journal_mode =
        connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).while_doing(doing)?;
    let schema_version: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).while_doing(doing)?;
    let schema_version = u32::try_from(schema_version).map_err(|_| foreign(path))?;
    Ok(Some(Inside {
        schema_version,
        newest_schema: migrate::newest(),
        schema_fault: migrate::fault(&connection, MIGRATIONS),
        journal_mode,
        damage: damage(&connection)?,
        newest_event: newest_event(&connection),
        bytes: file.len(),
        log_bytes,
        is_locked: is_locked(&mut connection).while_doing(doing)?,
    }))
}

fn log(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn damage(connection: &Connection) -> Result<Vec<String>> {
    let check = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(&format!("PRAGMA quick_check({FAULTS})"))?;
        let lines = statement.query_map([], |row| row.get(0))?;
        lines.collect()
    };
    match check() {
        Ok(lines) if lines == ["ok"] => Ok(Vec::new()),
        Ok(lines) => Ok(lines),
        Err(error) => {
            let error = super::error::translate(&error, "checking the file");
            // A file that is damaged badly cannot even be checked.
            if error.code == Code::StoreCorrupt { Ok(vec![error.message]) } else { Err(error) }
        }
    }
}

/// The newest timestamp; `None` without events, and where damage keeps it from being read.
fn newest_event(connection: &Connection) -> Option<Timestamp> {
    let sql = "SELECT max(head_timestamp) FROM supervisor_sessions";
    let micros: Option<i64> = connection.query_row(sql, [], |row| row.get(0)).ok()?;
    micros.map(Timestamp::from_micros)
}

fn is_locked(connection: &mut Connection) -> rusqlite::Result<bool> {
    // A connection that only reads may not even ask for the lock.
    connection.pragma_update(None, "query_only", false)?;
    match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction.rollback().map(|()| false),
        Err(error) if is_busy(&error) => Ok(true),
        // A file that cannot be written has no writers; that is told elsewhere.
        Err(_) => Ok(false),
    }
}
