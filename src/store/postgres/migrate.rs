//! The schema: numbered migrations, each applied once, whole, and remembered with its checksum.

use super::error::Outcome;
use super::pool::Lease;
use super::row::{self, Time};
use crate::domain::error::{Code, Error};
use crate::domain::ids::StoreId;
use crate::domain::time::Timestamp;
use crate::store::migration::{self, Applied, Migration, check, last};

macro_rules! migration {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
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

/// What servers that start at once wait for: `annals` as a number, in ASCII.
const MIGRATION_LOCK: i64 = 0x616e_6e61_6c73;

/// The number of the newest migration.
pub fn newest() -> u32 {
    migration::newest(MIGRATIONS)
}

/// Brings the schema to the newest version, in one transaction under a lock, so that two servers that
/// start at once migrate once. Gives whether this made the store. Where the schema is up to date,
/// nothing is locked or written. One that exists and is older is left as it is unless `may_upgrade`.
pub async fn migrate(lease: &Lease, migrations: &[Migration], may_upgrade: bool) -> Outcome<bool> {
    let found = applied(lease).await?;
    check(&found, migrations)?;
    if last(&found) == migration::newest(migrations) {
        return Ok(false);
    }
    if !found.is_empty() && !may_upgrade {
        return Err(older(last(&found)).into());
    }
    lease.batch_execute("BEGIN").await?;
    let made = apply(lease, migrations).await;
    match &made {
        Ok(_) => lease.batch_execute("COMMIT").await?,
        Err(_) => lease.batch_execute("ROLLBACK").await?,
    }
    made
}

async fn apply(lease: &Lease, migrations: &[Migration]) -> Outcome<bool> {
    lease.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
    // Another server may have been faster.
    let found = applied(lease).await?;
    check(&found, migrations)?;
    if found.is_empty() {
        lease
            .batch_execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations (
                   number     BIGINT      NOT NULL PRIMARY KEY,
                   name       TEXT        NOT NULL,
                   checksum   BYTEA       NOT NULL,
                   applied_at TIMESTAMPTZ NOT NULL
                 )",
            )
            .await?;
    }
    for migration in migrations.iter().filter(|migration| migration.number > last(&found)) {
        for statement in statements(migration.sql) {
            lease.batch_execute(statement).await?;
        }
        lease
            .execute(
                "INSERT INTO schema_migrations VALUES ($1, $2, $3, $4)",
                &[
                    &i64::from(migration.number),
                    &migration.name,
                    &migration.checksum().0.as_slice(),
                    &Time(Timestamp::now()),
                ],
            )
            .await?;
    }
    let made = lease
        .execute(
            "INSERT INTO store_meta VALUES ('store_id', $1) ON CONFLICT DO NOTHING",
            &[&StoreId::generate().0.as_bytes().as_slice()],
        )
        .await?;
    Ok(made == 1)
}

/// The statements of a migration: each ends with a semicolon and an empty line.
fn statements(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(";\n\n").map(str::trim).filter(|statement| !statement.is_empty())
}

/// The identity of the store.
pub async fn store_id(lease: &Lease) -> Outcome<StoreId> {
    let row = lease.query_one("SELECT value FROM store_meta WHERE key = 'store_id'", &[]).await?;
    let bytes: &[u8] = row.try_get(0)?;
    let id = uuid::Uuid::from_slice(bytes).map_err(|_| {
        Error::new(Code::StoreCorrupt, "the store's identity is none", "restore a backup")
    })?;
    Ok(StoreId(id))
}

/// The migrations that the store has; none where there is no store yet.
pub async fn applied(lease: &Lease) -> Outcome<Vec<Applied>> {
    let exists = "SELECT to_regclass('schema_migrations') IS NOT NULL";
    if !lease.query_one(exists, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    let sql = "SELECT number, name, checksum FROM schema_migrations ORDER BY number";
    let rows = lease.query(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Applied {
                number: u32::try_from(row::number(row, 0)?).unwrap_or(u32::MAX),
                name: row.try_get(1)?,
                checksum: row::hash(row, 2)?,
            })
        })
        .collect()
}

fn older(version: u32) -> Error {
    Error::new(
        Code::StoreOlder,
        format!("the store has schema {version}, this program needs {}", newest()),
        "start `annals serve` or run `annals db init`, which bring it up to date; or use the Annals \
         of the servers that use it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_and_are_those_of_the_files() {
        for pair in MIGRATIONS.windows(2) {
            assert!(pair[0].number < pair[1].number);
        }
        for migration in MIGRATIONS {
            assert!(migration.name.starts_with(&format!("{:03}-", migration.number)));
        }
    }

    #[test]
    fn every_statement_is_one() {
        for statement in MIGRATIONS.iter().flat_map(|migration| statements(migration.sql)) {
            let code: String = statement
                .lines()
                .filter(|line| !line.starts_with("--"))
                .collect::<Vec<_>>()
                .join("\n");
            let body = code.split("$$").nth(1).unwrap_or_default();
            let outside = code.replace(body, "");
            assert!(!outside.trim_end_matches(';').contains(';'), "{statement}");
            assert!(outside.contains("CREATE") || outside.contains("ALTER"), "{statement}");
        }
    }
}
