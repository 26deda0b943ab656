//! The schema: numbered migrations, each applied once, whole, and remembered with its checksum.

use super::error::While;
use crate::domain::error::{Error, Result};
use crate::domain::event::Hash;
use crate::domain::ids::StoreId;
use crate::domain::time::Timestamp;
use crate::store::migration::{self, Applied, Migration, check, last};
use rusqlite::{Connection, TransactionBehavior, params};

/// Marks a SQLite file as an Annals store: `Annl` in ASCII, in the file's header.
pub const APPLICATION_ID: i32 = 0x416e_6e6c;

macro_rules! migration {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
        }
    };
}

/// Every migration, in order.
pub const MIGRATIONS: &[Migration] = &[
    migration!(1, "001-instance-registry"),
    migration!(3, "003-event-store"),
    migration!(4, "004-event-types"),
    migration!(5, "005-epic-index"),
];

/// The number of the newest migration.
pub fn newest() -> u32 {
    migration::newest(MIGRATIONS)
}

/// Brings the schema to the newest version, in one transaction under the file's write lock, so that
/// two processes that start at once migrate once. Gives whether this made the store.
pub fn migrate(connection: &mut Connection, migrations: &[Migration]) -> Result<bool> {
    let doing = "preparing the schema";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).while_doing(doing)?;
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
               number     INTEGER NOT NULL PRIMARY KEY,
               name       TEXT    NOT NULL,
               checksum   BLOB    NOT NULL,
               applied_at INTEGER NOT NULL
             ) STRICT",
        )
        .while_doing(doing)?;
    let applied = applied(&transaction)?;
    check(&applied, migrations)?;
    for migration in migrations.iter().filter(|migration| migration.number > last(&applied)) {
        transaction.execute_batch(migration.sql).while_doing(doing)?;
        transaction
            .execute(
                "INSERT INTO schema_migrations VALUES (?1, ?2, ?3, ?4)",
                params![
                    migration.number,
                    migration.name,
                    migration.checksum().0,
                    Timestamp::now().micros()
                ],
            )
            .while_doing(doing)?;
        transaction.pragma_update(None, "user_version", migration.number).while_doing(doing)?;
    }
    let made = transaction
        .execute(
            "INSERT INTO store_meta VALUES ('store_id', ?1) ON CONFLICT DO NOTHING",
            [StoreId::generate().0.into_bytes()],
        )
        .while_doing(doing)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).while_doing(doing)?;
    transaction.commit().while_doing(doing)?;
    Ok(made == 1)
}

/// Why a store's migrations are not the first of these, where they are not.
pub fn fault(connection: &Connection, migrations: &[Migration]) -> Option<Error> {
    applied(connection).and_then(|applied| check(&applied, migrations)).err()
}

fn applied(connection: &Connection) -> Result<Vec<Applied>> {
    let doing = "reading the schema's history";
    let mut statement = connection
        .prepare("SELECT number, name, checksum FROM schema_migrations ORDER BY number")
        .while_doing(doing)?;
    let rows = statement
        .query_map([], |row| {
            Ok(Applied { number: row.get(0)?, name: row.get(1)?, checksum: Hash(row.get(2)?) })
        })
        .while_doing(doing)?;
    rows.collect::<rusqlite::Result<_>>().while_doing(doing)
}

/// A store whose schema is newer than this program knows.
pub fn newer(found: u32) -> Error {
    migration::newer(found, MIGRATIONS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::Code;

    const BROKEN: &[Migration] = &[
        Migration {
            number: 1,
            name: "001-good",
            sql: "CREATE TABLE store_meta (key TEXT PRIMARY KEY, value BLOB) STRICT",
        },
        Migration {
            number: 2,
            name: "002-bad",
            sql: "CREATE TABLE half (a); CREATE TABLE half (a)",
        },
    ];

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(migrate(&mut connection, BROKEN).is_err());
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn migrating_twice_changes_nothing_and_edited_history_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        let id = |connection: &Connection| -> Vec<u8> {
            connection
                .query_row("SELECT value FROM store_meta WHERE key = 'store_id'", [], |row| {
                    row.get(0)
                })
                .unwrap()
        };
        let before = id(&connection);
        migrate(&mut connection, MIGRATIONS).unwrap();
        assert_eq!(id(&connection), before);

        connection
            .execute("UPDATE schema_migrations SET checksum = zeroblob(32) WHERE number = 3", [])
            .unwrap();
        assert_eq!(migrate(&mut connection, MIGRATIONS).unwrap_err().code, Code::StoreCorrupt);
        connection
            .execute("UPDATE schema_migrations SET number = 999 WHERE number = 3", [])
            .unwrap();
        assert_eq!(migrate(&mut connection, MIGRATIONS).unwrap_err().code, Code::StoreNewer);
    }
}
