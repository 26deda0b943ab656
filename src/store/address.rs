//! Where a store is, as users name it.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use super::sqlite::{Options, SqliteStore};
use super::{Clock, SharedStore};
use crate::domain::error::{Code, Error, Result};

/// The address of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An embedded store in a file: `sqlite:PATH`.
    Sqlite(PathBuf),
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => {
                Ok(Self::Sqlite(path.strip_prefix("//").unwrap_or(path).into()))
            }
            _ => Err(Error::new(
                Code::InvalidStore,
                format!("cannot use {:?} as a store", text.split('@').next_back().unwrap_or(text)),
                "name an embedded store as sqlite:PATH, for example sqlite:./annals.db",
            )
            .at("store")),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
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
/// `store_*` errors that say what is wrong with the file or its folder.
pub fn open(address: &Address, clock: Arc<dyn Clock>) -> Result<SharedStore> {
    match address {
        Address::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path, Options::new(clock))?)),
    }
}
