//! What an error of SQLite means for the caller.

use std::path::Path;

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::domain::error::{Code, Error};

/// The error as callers see it. `doing` completes "while …".
pub fn translate(error: &rusqlite::Error, doing: &str) -> Error {
    let Some(failure) = error.sqlite_error() else {
        return Error::new(
            Code::StoreCorrupt,
            format!("the store holds what Annals did not write, found while {doing}: {error}"),
            "check it with `annals verify`, and restore a backup if it was changed",
        );
    };
    let text = |what: &str| format!("{what}, while {doing} ({error})");
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::new(
            Code::StoreLocked,
            text("another program holds the store's lock"),
            "wait for the other program or stop it, then send the call again",
        ),
        _ if is_full(error) => Error::new(
            Code::StoreFull,
            text("the disk that holds the store is full"),
            "free space on that disk, then send the call again; what was acknowledged is safe",
        ),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => Error::new(
            Code::StoreReadOnly,
            text("the store's file or folder cannot be opened for writing"),
            "give this user write permission on the file and its folder, or name another --store",
        ),
        ErrorCode::NotADatabase => foreign_text(&text("the file is not an Annals store")),
        // What follows from the store's rows does not fit them.
        ErrorCode::ConstraintViolation => Error::new(
            Code::StoreCorrupt,
            text("the store's rows contradict each other"),
            "check it with `annals verify`, and restore a backup if it was changed",
        ),
        ErrorCode::DatabaseCorrupt => Error::new(
            Code::StoreCorrupt,
            text("the store's file is damaged"),
            "stop writing, copy the file, and restore a backup; `annals verify` names what is whole",
        ),
        _ => Error::new(
            Code::StoreUnavailable,
            text("the store did not do it"),
            "send the call again with the same event ids; if it goes on, look at the disk",
        ),
    }
}

/// A file that is no store of Annals.
pub fn foreign(path: &Path) -> Error {
    foreign_text(&format!("{} is not an Annals store", path.display()))
}

fn foreign_text(message: &str) -> Error {
    Error::new(
        Code::StoreForeign,
        message,
        "name another file with --store or ANNALS_STORE; this one was not touched",
    )
    .at("store")
}

/// Whether the state of the file is unknown after this error, so that nothing more may be written
/// before it was opened anew and its write-ahead log taken in.
pub fn is_io_fault(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|failure| {
        matches!(failure.code, ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt)
    })
}

/// Whether a constraint or a trigger refused a row.
pub fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|failure| failure.code == ErrorCode::ConstraintViolation)
}

/// Whether the disk is full. For the index of the log SQLite only says that it cannot grow, for which
/// there is hardly another reason.
pub fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|failure| {
        failure.code == ErrorCode::DiskFull || failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE
    })
}

/// Whether the lock could not be had.
pub fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|failure| failure.extended_code & 0xff == ffi::SQLITE_BUSY)
}

/// Translates with a description of what was being done.
pub trait While<T> {
    /// The value, or the error as callers see it. `doing` completes "while …".
    fn while_doing(self, doing: &str) -> Result<T, Error>;
}

impl<T> While<T> for rusqlite::Result<T> {
    fn while_doing(self, doing: &str) -> Result<T, Error> {
        self.map_err(|error| translate(&error, doing))
    }
}
