//! Whose a file is, told without touching it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::error::foreign;
use super::migrate::APPLICATION_ID;
use crate::domain::error::Result;

/// Whose a file is.
pub enum Owner {
    /// Nobody's yet: it has no table.
    Nobody,
    /// A store of Annals.
    Annals,
    /// Another program's.
    Other,
}

/// Whose file `connection` has open.
pub fn owner(connection: &Connection) -> rusqlite::Result<Owner> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i32>(0));
    Ok(match number("PRAGMA application_id")? {
        APPLICATION_ID => Owner::Annals,
        0 if number("SELECT count(*) FROM sqlite_master")? == 0 => Owner::Nobody,
        _ => Owner::Other,
    })
}

/// Refuses what the file itself shows to be another program's, before a connection locks it or
/// takes in the write-ahead log that belongs to it. What shows only in a log is found by
/// [`super::open::writer`].
///
/// SQLite reads the file, not this function: closing a file gives up every lock that the process
/// has on it, those of an open store included (sqlite.org/howtocorrupt.html, section 2.2), and only
/// SQLite knows to wait with that.
pub fn refuse_foreign(path: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let owner = Connection::open_with_flags(immutable(path), flags).and_then(|file| owner(&file));
    match owner {
        Ok(Owner::Other) => Err(foreign(path)),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            Err(foreign(path))
        }
        // Another process may be changing the file; with its lock it can be read well.
        Ok(Owner::Annals | Owner::Nobody) | Err(_) => Ok(()),
    }
}

/// The address under which SQLite reads the file alone, without its log and without any lock.
fn immutable(path: &Path) -> String {
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                address.push(char::from(*byte));
            }
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address + "?immutable=1"
}
