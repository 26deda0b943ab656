//! Where a store is, as users name it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use super::postgres::{self, PostgresStore};
use super::sqlite::{self, SqliteStore};
use super::{Clock, SharedStore};
use crate::domain::error::{Code, Error, Result};

/// The address of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An embedded store in a file: `sqlite:PATH`.
    Sqlite(PathBuf),
    /// A team store in a PostgreSQL database: `postgres://USER@HOST/DATABASE`.
    Postgres(Box<postgres::Url>),
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.trim_start_matches('/').is_empty() => {
                Ok(Self::Sqlite(path.strip_prefix("//").unwrap_or(path).into()))
            }
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Self::Postgres(Box::new(text.parse()?)))
            }
            None if text.contains(['/', '.']) && !text.contains(['@', '=']) => Err(refused(
                format!("cannot use {text:?} as a store: it does not say of which kind it is"),
                format!("for a file, write sqlite:{text}"),
            )),
            _ => Err(refused(
                format!("cannot use {:?} as a store", without_secrets(text)),
                "name an embedded store as sqlite:PATH, or a database as postgres://USER@HOST/DATABASE",
            )),
        }
    }
}

fn refused(message: String, hint: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::InvalidStore, message, hint).at("store")
}

/// An address that somebody gave, without the user, the password and the options that it may have.
fn without_secrets(text: &str) -> String {
    let Some((kind, rest)) = text.split_once("://") else {
        let plain = !text.contains(['@', '=']);
        return if plain { text.to_owned() } else { "…".to_owned() };
    };
    let place = rest.rsplit('@').next().unwrap_or(rest);
    let place = place.split(['?', '#']).next().unwrap_or(place);
    format!("{kind}://{place}")
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// The file of the embedded store below the user's data directory.
pub fn default_path(data_directory: &Path) -> PathBuf {
    data_directory.join("annals").join("annals.db")
}

/// The engine of the embedded store and the newest schema that this program knows.
pub fn engine() -> String {
    super::sqlite::engine()
}

/// Opens the store at `address`, creating it when it does not exist.
///
/// # Errors
///
/// `store_*` errors that say what is wrong with the file or its folder, the server or the database.
pub async fn open(address: &Address, opening: Opening) -> Result<SharedStore> {
    let Opening { clock, may_upgrade, may_lose_events } = opening;
    match address {
        Address::Sqlite(path) => {
            let path = path.clone();
            let open = move || SqliteStore::open(&path, sqlite::Options::new(clock));
            let opened = tokio::task::spawn_blocking(open).await;
            Ok(Arc::new(opened.unwrap_or_else(|fault| Err(unfinished(&fault)))?))
        }
        Address::Postgres(url) => {
            let options = postgres::Options::new(clock);
            let options = postgres::Options { may_upgrade, may_lose_events, ..options };
            Ok(Arc::new(PostgresStore::open(url, options).await?))
        }
    }
}

fn unfinished(fault: &tokio::task::JoinError) -> Error {
    let message = format!("opening the store failed: {fault}");
    Error::new(Code::Internal, message, "report this fault")
}

/// How a store is opened.
pub struct Opening {
    /// The clock that gives events their time.
    pub clock: Arc<dyn Clock>,
    /// Whether the older schema of a database is brought up to date. That of a file always is.
    pub may_upgrade: bool,
    /// Whether a database server whose settings can lose acknowledged events is used all the same.
    pub may_lose_events: bool,
}

impl Opening {
    /// For use, without a change of what others use.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, may_upgrade: false, may_lose_events: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let error = text.parse::<Address>().unwrap_err();
        assert_eq!(error.code, Code::InvalidStore);
        format!("{} {}", error.message, error.hint)
    }

    #[test]
    fn a_file_is_named_in_two_ways() {
        for (text, path) in
            [("sqlite:a.db", "a.db"), ("sqlite:///a/b", "/a/b"), ("sqlite:/a@b?c", "/a@b?c")]
        {
            assert_eq!(text.parse(), Ok(Address::Sqlite(path.into())));
        }
    }

    #[test]
    fn a_database_is_shown_without_its_password() {
        let address: Address = "postgres://user:secret@db.example/annals".parse().unwrap();
        assert_eq!(address.to_string(), "postgres://db.example/annals");
    }

    #[test]
    fn no_refusal_shows_a_password() {
        for text in [
            "postgres://user:sec@secret@db.example",
            "postgres://user:secret@db.example/annals?port=secret",
            "mysql://user:secret@db.example",
            "user:secret@db.example/annals",
            "host=db.example password=secret",
            "postgres:user:secret@x",
        ] {
            assert!(!refusal(text).contains("secret"), "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn a_refusal_says_what_to_write() {
        assert!(refusal("./annals.db").ends_with("write sqlite:./annals.db"));
        for text in ["", "sqlite:", "sqlite:///", "nonsense"] {
            assert!(refusal(text).contains("sqlite:PATH"), "{text}");
        }
    }
}
