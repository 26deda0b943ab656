//! What an error of PostgreSQL means for the caller. Errors are told apart by their SQLSTATE alone:
//! texts are translated, and names of constraints differ between layouts.

use std::time::Duration;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::domain::error::{Code, Error, Result};

/// Why work on the database ended.
#[derive(Debug)]
pub enum Failure {
    /// The database, or the connection to it.
    Database(tokio_postgres::Error),
    /// Something else, already as callers see it.
    Other(Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Database(error),
            PoolError::PostCreateHook(deadpool_postgres::HookError::Backend(error)) => {
                Self::Database(error)
            }
            PoolError::Timeout(_) => Self::Other(busy()),
            PoolError::Closed => Self::Other(closed()),
            other => Self::Other(unavailable(&other.to_string())),
        }
    }
}

/// What the store's own functions return.
pub type Outcome<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Whether the same work may succeed on another connection or in a moment: the connection broke,
    /// the server stops or starts, or another transaction was in the way. After some of these it is
    /// not known whether a COMMIT took effect.
    pub fn is_passing(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let Some(state) = error.code() else { return is_transport(error) };
        let class = &state.code()[..2];
        // A standby that has no write transactions may be about to be promoted.
        class == "08"
            || [
                SqlState::ADMIN_SHUTDOWN,
                SqlState::CRASH_SHUTDOWN,
                SqlState::CANNOT_CONNECT_NOW,
                SqlState::T_R_SERIALIZATION_FAILURE,
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::TOO_MANY_CONNECTIONS,
                SqlState::READ_ONLY_SQL_TRANSACTION,
                SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            ]
            .contains(state)
    }

    /// Whether a constraint or a trigger refused a row.
    pub fn is_constraint(&self) -> bool {
        let Self::Database(error) = self else { return false };
        // 22: a value that its column cannot hold.
        error.code().is_some_and(|state| matches!(&state.code()[..2], "22" | "23"))
    }

    /// The error as callers see it. `doing` completes "while …".
    pub fn translate(&self, doing: &str) -> Error {
        match self {
            Self::Other(error) => error.clone(),
            Self::Database(error) => match error.as_db_error() {
                Some(told) => refused(told, doing),
                None => transport(error, doing),
            },
        }
    }
}

/// Whether the connection broke, or could not be made. What remains are faults of conversion.
fn is_transport(error: &tokio_postgres::Error) -> bool {
    use std::error::Error as _;
    error.is_closed()
        || error.source().is_some_and(|source| source.is::<std::io::Error>())
        // All hosts are standbys, or none could be reached.
        || error.to_string().starts_with("error connecting")
}

fn transport(error: &tokio_postgres::Error, doing: &str) -> Error {
    use std::error::Error as _;
    let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    if is_transport(error) {
        return Error::new(
            Code::StoreUnavailable,
            format!("the database cannot be reached, while {doing} ({why})"),
            "look whether the server runs and its host and port are right, then send the call again",
        );
    }
    let text = error.to_string();
    if text.contains("TLS") {
        return Error::new(
            Code::StoreUnavailable,
            format!("no encrypted connection could be made, while {doing} ({why})"),
            "look at sslmode and sslrootcert in the address of the store, and at the server's certificate",
        );
    }
    if text.contains("password missing") {
        return denied(format!(
            "the server asks for a password, and none was given, while {doing}"
        ));
    }
    if text.contains("deserializing") {
        return Error::new(
            Code::StoreCorrupt,
            format!("the store holds what Annals did not write, found while {doing}: {text} {why}"),
            "check it with `annals verify`, and restore a backup if it was changed",
        );
    }
    unavailable(&format!("{text}: {why}, while {doing}"))
}

fn refused(told: &tokio_postgres::error::DbError, doing: &str) -> Error {
    let text =
        |what: &str| format!("{what}, while {doing} ({}: {})", told.code().code(), told.message());
    let state = told.code();
    let (code, what, hint) = match &state.code()[..2] {
        "28" => return denied(text("the database refuses this user")),
        "3D" => (
            Code::StoreUnavailable,
            "the database does not exist",
            "create it (createdb NAME), or name another one in the address of the store",
        ),
        "23" | "22" => (
            Code::StoreCorrupt,
            "the store's rows contradict each other",
            "check it with `annals verify`, and restore a backup if it was changed",
        ),
        "58" | "XX" => (
            Code::StoreCorrupt,
            "the database server cannot read or write its files",
            "look at the server's log and its disk",
        ),
        _ if *state == SqlState::DISK_FULL => (
            Code::StoreFull,
            "the disk of the database server is full",
            "free space on that disk, then send the call again; what was acknowledged is safe",
        ),
        _ if *state == SqlState::INSUFFICIENT_PRIVILEGE => {
            return denied(text("this user lacks a privilege"));
        }
        _ if *state == SqlState::READ_ONLY_SQL_TRANSACTION => (
            Code::StoreReadOnly,
            "the database takes no changes: it is a standby, or set to be read only",
            "name the primary, or all hosts with target_session_attrs=read-write",
        ),
        _ if *state == SqlState::LOCK_NOT_AVAILABLE => (
            Code::StoreLocked,
            "another transaction holds a lock for too long",
            "look for it in pg_stat_activity and end it, then send the call again",
        ),
        _ if *state == SqlState::QUERY_CANCELED => (
            Code::StoreUnavailable,
            "the database took too long",
            "ask for less at once, or look at the server's load",
        ),
        _ if *state == SqlState::UNDEFINED_TABLE || *state == SqlState::UNDEFINED_COLUMN => (
            Code::StoreForeign,
            "the database lacks a table of Annals",
            "run `annals db init` with a user that may create tables, or look at the search_path",
        ),
        _ => (
            Code::StoreUnavailable,
            "the database did not do it",
            "send the call again with the same event ids; if it goes on, look at the server's log",
        ),
    };
    Error::new(code, text(what), hint)
}

/// The database refuses the user.
pub fn denied(message: String) -> Error {
    Error::new(
        Code::StoreDenied,
        message,
        "look at user, password and database in the address of the store, and at pg_hba.conf; \
         `annals db check` names the privileges that are missing",
    )
    .at("store")
}

fn busy() -> Error {
    Error::new(
        Code::StoreBusy,
        "all connections to the database are in use",
        "send the call again in a moment",
    )
}

/// The store was closed.
pub fn closed() -> Error {
    Error::new(Code::StoreUnavailable, "the store is closed", "start Annals again")
}

fn unavailable(message: &str) -> Error {
    Error::new(
        Code::StoreUnavailable,
        message,
        "send the call again with the same event ids; if it goes on, look at the server's log",
    )
}

/// How often a read is tried again after the connection broke, which may have stood unused for long, and
/// after which pause: a server that restarts takes a moment.
pub const READS: u32 = 5;
/// See [`READS`].
pub const PAUSE: Duration = Duration::from_millis(200);

/// Reads, and again where the connection broke. `doing` completes "while …"; the second argument is
/// evaluated anew for each try.
macro_rules! reading {
    ($doing:expr, $read:expr) => {{
        let mut tries = 0;
        loop {
            match $read.await {
                Err(failure)
                    if failure.is_passing() && tries < $crate::store::postgres::error::READS =>
                {
                    tries += 1;
                    tokio::time::sleep($crate::store::postgres::error::PAUSE).await;
                }
                read => break $crate::store::postgres::error::While::while_doing(read, $doing),
            }
        }
    }};
}
pub(super) use reading;

/// Translates with a description of what was being done.
pub trait While<T> {
    /// The value, or the error as callers see it. `doing` completes "while …".
    fn while_doing(self, doing: &str) -> Result<T>;
}

impl<T, E: Into<Failure>> While<T> for std::result::Result<T, E> {
    fn while_doing(self, doing: &str) -> Result<T> {
        self.map_err(|error| error.into().translate(doing))
    }
}
