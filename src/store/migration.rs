//! The history of a schema: numbered steps, each applied once and remembered with its checksum.

use sha2::{Digest, Sha256};

use crate::domain::error::{Code, Error, Result};
use crate::domain::event::Hash;

/// A step of a schema.
pub struct Migration {
    /// Its number; numbers only grow, and mean the same on every backend.
    pub number: u32,
    /// Its name, that of its file.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

impl Migration {
    /// What a store that has the step remembers of it.
    pub fn checksum(&self) -> Hash {
        Hash(Sha256::digest(self.sql.as_bytes()).into())
    }
}

/// A step that a store has.
pub struct Applied {
    /// The number of the step.
    pub number: u32,
    /// Its name when it was applied.
    pub name: String,
    /// Its checksum when it was applied.
    pub checksum: Hash,
}

/// The number of the newest of these steps.
pub fn newest(migrations: &[Migration]) -> u32 {
    migrations.last().map_or(0, |migration| migration.number)
}

/// The number of the newest step that a store has; 0 without any.
pub fn last(applied: &[Applied]) -> u32 {
    applied.last().map_or(0, |applied| applied.number)
}

/// Checks that what a store has are steps of this program.
///
/// # Errors
///
/// `store_newer` for a step that this program does not know, `store_corrupt` for another step under
/// the same number.
pub fn check(applied: &[Applied], migrations: &[Migration]) -> Result<()> {
    for step in applied {
        let Some(known) = migrations.iter().find(|known| known.number == step.number) else {
            return Err(newer(step.number, migrations));
        };
        if known.checksum() != step.checksum {
            return Err(Error::new(
                Code::StoreCorrupt,
                format!("the store has another migration {} than this Annals", step.name),
                "use the release of Annals that wrote the store; a schema is never edited by hand",
            )
            .at("store"));
        }
    }
    Ok(())
}

/// A store whose schema is newer than this program knows.
pub fn newer(found: u32, migrations: &[Migration]) -> Error {
    Error::new(
        Code::StoreNewer,
        format!(
            "the store has schema version {found}, this Annals knows versions up to {}",
            newest(migrations)
        ),
        "update Annals on this machine; the store was not touched",
    )
    .at("store")
}
