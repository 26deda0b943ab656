//! Opening the file: what is there, how it is set up, and who it belongs to.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::error::{While, foreign, is_busy, is_full};
use super::migrate::{self, MIGRATIONS};
use super::owner::{Owner, owner, refuse_foreign};
use super::{Durability, Options, place};
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::StoreId;
use crate::store::{Address, StoreFacts};

/// Earlier releases can lose commits when one connection writes while another takes in the
/// write-ahead log (sqlite.org/wal.html, "the WAL-reset bug").
const OLDEST_SQLITE: i32 = 3_051_003;

/// Kilobytes of pages that the writing connection keeps in memory.
const WRITER_CACHE_KIB: i64 = 6 * 1024;

/// Kilobytes of pages that each reading connection keeps in memory.
const READER_CACHE_KIB: i64 = 512;

/// The longest path that SQLite takes, less the longest of the endings of the files beside it.
const PATH_BYTES: usize = 512 - "-journal".len();

/// The longest name of a file on common file systems, less that ending.
const NAME_BYTES: usize = 255 - "-journal".len();

/// A store that is ready to be written.
pub struct Opened {
    /// The connection that may write.
    pub connection: Connection,
    /// What the store is.
    pub facts: StoreFacts,
}

/// The whole path, so that it means the same file as long as the store is open, and a file to SQLite
/// too, which takes `:memory:` and `file:…` for something else.
///
/// # Errors
///
/// `invalid_store` for an empty path, and for one that is too long for SQLite or for the names of the
/// files beside it.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(|_| no_file(path))?;
    let name = path.file_name().unwrap_or_default();
    for (what, text, most) in [("path", path.as_os_str(), PATH_BYTES), ("name", name, NAME_BYTES)] {
        let bytes = text.as_encoded_bytes().len();
        if bytes > most {
            let message =
                format!("the {what} of the store's file has {bytes} bytes, {most} at most");
            let hint = "name a file with a shorter path, as sqlite:PATH";
            return Err(Error::new(Code::InvalidStore, message, hint).at("store"));
        }
    }
    Ok(path)
}

/// Opens the file for writing, creates or migrates the schema, and takes in what a crash may have
/// left in the write-ahead log before anything new is written.
pub fn writer(path: &Path, options: &Options) -> Result<Opened> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Error::new(
            Code::Internal,
            format!("SQLite {} can lose commits", rusqlite::version()),
            "build Annals with the SQLite that it bundles",
        ));
    }
    prepare_file(path)?;
    share_permissions(path);
    let mut connection = connect(path, options.lock_timeout)?;
    let version = identify(&mut connection, path)?;
    if version == 0 {
        // Takes effect only in a file that has no table yet; lets archived space go back to the
        // disk. In any other file it would be a write for nothing.
        connection
            .pragma_update(None, "auto_vacuum", "INCREMENTAL")
            .while_doing("setting up the store's file")?;
    }
    set_up(&connection, options)?;
    let is_new = version != migrate::newest() && migrate::migrate(&mut connection, MIGRATIONS)?;
    if connection.is_readonly(MAIN_DB).while_doing("opening the store's file")? {
        flush_log(path)?;
    } else {
        take_in_log(&connection, options)?;
    }
    let store_id: [u8; 16] = connection
        .query_row("SELECT value FROM store_meta WHERE key = 'store_id'", [], |row| row.get(0))
        .while_doing("reading the store's identity")?;
    let facts = StoreFacts {
        store_id: StoreId(uuid::Uuid::from_bytes(store_id)),
        address: Address::Sqlite(path.to_owned()).to_string(),
        schema_version: migrate::newest(),
        is_new,
    };
    Ok(Opened { connection, facts })
}

/// The log of a writer that failed may hold pages that never reached the disk; they become durable
/// here or not at all. Another process at work on the file keeps it in order itself, and is not
/// waited for: waiting for its readers would keep every writer out. On a full disk the log stays where
/// it is, and can be read: SQLite flushes it before it moves anything.
fn take_in_log(connection: &Connection, options: &Options) -> Result<()> {
    let doing = "taking in the write-ahead log";
    connection.busy_timeout(Duration::ZERO).while_doing(doing)?;
    match connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        Err(error) if !is_busy(&error) && !is_full(&error) => {
            return Err(error).while_doing(doing);
        }
        _ => {}
    }
    connection.busy_timeout(options.lock_timeout).while_doing(doing)
}

/// SQLite gives the log and its index the permissions of the store's file, when it makes them. What was
/// made while that file was read-only would keep it so for every later writer.
fn share_permissions(path: &Path) {
    let Ok(found) = fs::metadata(path) else { return };
    for beside in place::beside(path) {
        let is_behind = |beside: fs::Metadata| beside.permissions().readonly();
        if !found.permissions().readonly() && fs::metadata(&beside).is_ok_and(is_behind) {
            // Where it is not ours to change, opening says what is wrong.
            let _ = fs::set_permissions(&beside, found.permissions());
        }
    }
}

/// What [`take_in_log`] makes durable, where the file may not be written: it can be read even so.
fn flush_log(path: &Path) -> Result<()> {
    let [log, _] = place::beside(path);
    match fs::File::open(&log).and_then(|log| log.sync_all()) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unusable(&log, &error)),
        _ => Ok(()),
    }
}

/// Makes the connection leave the log as it is when it is closed, even as the last one of all.
pub fn leave_log(connection: &Connection) -> Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map(drop)
        .while_doing("setting up a connection")
}

/// Opens a further connection, for reading.
pub fn reader(path: &Path, lock_timeout: Duration) -> Result<Connection> {
    let connection = connect(path, lock_timeout)?;
    leave_log(&connection)?;
    let doing = "setting up a reading connection";
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB).while_doing(doing)?;
    connection.pragma_update(None, "query_only", true).while_doing(doing)?;
    Ok(connection)
}

/// Opens a further connection, for moving the write-ahead log. It flushes as the writer does.
pub fn checkpointer(path: &Path, options: &Options) -> Result<Connection> {
    let connection = connect(path, options.lock_timeout)?;
    leave_log(&connection)?;
    set_durability(&connection, options).while_doing("setting up a connection for the log")?;
    Ok(connection)
}

/// Creates the folder and the file where absent, both for this user only, and refuses what is no
/// store before anything touches it.
fn prepare_file(path: &Path) -> Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_folder(folder).map_err(|error| unusable(folder, &error))?;
    }
    match fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() == 0 => refuse_lone_log(path),
        Ok(found) => refuse_no_store(path, &found),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            refuse_lone_log(path)?;
            if let Ok(target) = fs::read_link(path) {
                return Err(leads_nowhere(path, &target));
            }
            match create_file(path) {
                // Another process was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
                created => created.map_err(|error| unusable(path, &error)),
            }
        }
        Err(error) => Err(unusable(path, &error)),
    }
}

/// Refuses what shows from outside to be no store.
///
/// # Errors
///
/// `invalid_store`, `store_foreign`.
pub fn refuse_no_store(path: &Path, found: &fs::Metadata) -> Result<()> {
    match found.len() {
        _ if !found.is_file() => Err(no_file(path)),
        0 => Ok(()),
        // SQLite would take a file of one byte for an empty one.
        1 => Err(foreign(path)),
        _ => refuse_foreign(path),
    }
}

/// A log without its file may hold acknowledged events of a store that was moved away: SQLite removes
/// it when a new file takes the place. Even an empty one may be in use by those who have the store open,
/// and would mix their pages with those of a new one.
fn refuse_lone_log(path: &Path) -> Result<()> {
    let found = place::beside(path).into_iter().find(|file| fs::exists(file).unwrap_or(false));
    // Another process may have made all of them since.
    let is_there = || fs::metadata(path).is_ok_and(|found| found.len() > 0);
    let Some(log) = found.filter(|_| !is_there()) else { return Ok(()) };
    let log = log.display();
    Err(Error::new(
        Code::StoreUnavailable,
        format!("{} is missing or empty, but {log}, a part of its log, is there", path.display()),
        "put the file back where it was: the log holds its last events; for a new store, end the \
         programs that use it and move the log away, or name another --store",
    )
    .at("store"))
}

fn create_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn create_file(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Why a file or folder cannot be used.
pub fn unusable(path: &Path, error: &std::io::Error) -> Error {
    let (code, hint) = match error.kind() {
        ErrorKind::StorageFull => (Code::StoreFull, "free space on the disk that holds the store"),
        // What exists where a folder is needed is something else.
        ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists
        | ErrorKind::IsADirectory
        | ErrorKind::InvalidFilename => {
            (Code::InvalidStore, "name a file in a folder, as sqlite:PATH")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => (
            Code::StoreReadOnly,
            "give this user write permission, or name another file with --store or ANNALS_STORE",
        ),
        _ => (Code::StoreUnavailable, "look at the path and the disk, or name another --store"),
    };
    let why = match error.kind() {
        ErrorKind::AlreadyExists => "it is no folder".to_owned(),
        _ => error.to_string(),
    };
    Error::new(code, format!("cannot use {}: {why}", path.display()), hint).at("store")
}

/// What a link leads to may be on a disk that is to be mounted yet.
fn leads_nowhere(path: &Path, target: &Path) -> Error {
    let (path, target) = (path.display(), target.display());
    let message = format!("cannot use {path}: it is a link to {target}, which does not exist");
    let hint = "mount the disk or put the file there; or name the file itself, as sqlite:PATH";
    Error::new(Code::InvalidStore, message, hint).at("store")
}

fn no_file(path: &Path) -> Error {
    let message = format!("cannot use {}: it is no file", path.display());
    Error::new(Code::InvalidStore, message, "name a file, as sqlite:PATH").at("store")
}

fn connect(path: &Path, lock_timeout: Duration) -> Result<Connection> {
    let doing = "opening the store's file";
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).while_doing(doing)?;
    connection.busy_timeout(lock_timeout).while_doing(doing)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The schema version of the file; 0 for a fresh one.
fn identify(connection: &mut Connection, path: &Path) -> Result<u32> {
    let doing = "reading the file's header";
    // One snapshot: another process may be creating the schema.
    let snapshot = connection.transaction().while_doing(doing)?;
    if matches!(owner(&snapshot).while_doing(doing)?, Owner::Other) {
        return Err(foreign(path));
    }
    let version = snapshot
        .query_row("PRAGMA user_version", [], |row| row.get::<_, i32>(0))
        .while_doing(doing)?;
    let version = u32::try_from(version).map_err(|_| foreign(path))?;
    if version > migrate::newest() {
        return Err(migrate::newer(version));
    }
    Ok(version)
}

fn set_up(connection: &Connection, options: &Options) -> Result<()> {
    let doing = "setting up the store's file";
    let deadline = Instant::now() + options.lock_timeout;
    loop {
        // Changing the mode needs the file alone, and does not wait for it by itself.
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(mode) if mode == "wal" => break,
            Ok(mode) => {
                return Err(Error::new(
                    Code::StoreUnavailable,
                    format!(
                        "the file system allows only journal mode {mode}, not a write-ahead log"
                    ),
                    "keep the store on a local disk (ext4, XFS, APFS or the like)",
                ));
            }
            Err(error) => return Err(error).while_doing(doing),
        }
    }
    set_durability(connection, options).while_doing(doing)?;
    connection.pragma_update(None, "foreign_keys", "ON").while_doing(doing)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).while_doing(doing)
}

fn set_durability(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    let synchronous = match options.durability {
        Durability::Full => "FULL",
        Durability::None => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // On macOS a plain fsync stays in the drive's cache.
    connection.pragma_update(None, "fullfsync", "ON")?;
    connection.pragma_update(None, "checkpoint_fullfsync", "ON")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)
}
