//! A look at a store from outside: what is there and how it is kept. Nothing is made and no event,
//! row or setting is changed.

use std::path::PathBuf;

use super::Address;
use super::place::{self, Place};
use super::sqlite::inspect;
use crate::domain::error::{Code, Error, Result};
use crate::domain::time::Timestamp;

/// What a look at a store found.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The store, as the user would name it.
    pub address: String,
    /// The file.
    pub path: PathBuf,
    /// What is there.
    pub found: Found,
    /// Where that is.
    pub place: Place,
}

/// What is where a store should be.
#[derive(Clone, Debug)]
pub enum Found {
    /// Nothing, or an empty file: the first command that opens the store makes it.
    Nothing,
    /// What is no store, or cannot be read.
    Unusable(Error),
    /// A store.
    Store(Box<Inside>),
}

/// What is in a store.
#[derive(Clone, Debug)]
pub struct Inside {
    /// The number of the newest migration that it has.
    pub schema_version: u32,
    /// The number of the newest migration that this program knows.
    pub newest_schema: u32,
    /// Why its migrations are not those of this program, where they are not.
    pub schema_fault: Option<Error>,
    /// How its changes are kept: `wal`, unless another program changed that.
    pub journal_mode: String,
    /// What is damaged; nothing, where it is whole.
    pub damage: Vec<String>,
    /// The newest timestamp of an event.
    pub newest_event: Option<Timestamp>,
    /// The bytes of the file.
    pub bytes: u64,
    /// The bytes of the write-ahead log beside it.
    pub log_bytes: u64,
    /// Whether some program held the write lock for as long as was waited for it, a second.
    pub is_locked: bool,
}

impl Inspection {
    /// Whether the store can be opened for work, and this program need not change it first.
    pub fn is_ready(&self) -> bool {
        match &self.found {
            Found::Store(inside) => {
                inside.schema_version == inside.newest_schema
                    && inside.schema_fault.is_none()
                    && inside.damage.is_empty()
            }
            Found::Nothing | Found::Unusable(_) => false,
        }
    }
}

/// Looks at the store at `address`. May block: it reads the whole file.
///
/// # Errors
///
/// `invalid_store` for a path that is none.
pub fn inspect(address: &Address) -> Result<Inspection> {
    let Address::Sqlite(path) = address else {
        return Err(Error::new(
            Code::InvalidStore,
            format!("{address} is a database, and no file"),
            "look at it with `annals db check`",
        )
        .at("store"));
    };
    let path = inspect::absolute(path)?;
    let found = inspect::look(&path);
    // Nothing is tried in a folder that may be another program's.
    let place = place::look(&path, !matches!(found, Found::Unusable(_)));
    Ok(Inspection { address: Address::Sqlite(path.clone()).to_string(), path, found, place })
}
