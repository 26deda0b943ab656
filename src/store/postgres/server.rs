//! What a database server must be for a store to be kept there.

use super::error::Outcome;
use super::pool::Lease;
use crate::domain::error::{Code, Error, Result};

/// The oldest release with 64-bit transaction ids as a type, which the feed goes by.
const OLDEST: i32 = 130_000;

/// Refuses a server on which a store cannot be kept, or would lose acknowledged events.
pub async fn check(lease: &Lease, may_lose_events: bool) -> Outcome<()> {
    let row = lease
        .query_one(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'),
               current_setting('server_encoding'), pg_is_in_recovery(),
               current_setting('fsync')::bool, current_setting('full_page_writes')::bool",
            &[],
        )
        .await?;
    release(row.try_get(0)?, row.try_get(1)?)?;
    encoding(row.try_get(2)?)?;
    if row.try_get(3)? {
        return Err(standby().into());
    }
    if !may_lose_events {
        safe("fsync", row.try_get(4)?)?;
        safe("full_page_writes", row.try_get(5)?)?;
    }
    Ok(())
}

fn release(number: i32, name: &str) -> Result<()> {
    if number >= OLDEST {
        return Ok(());
    }
    Err(Error::new(
        Code::InvalidStore,
        format!("the server is PostgreSQL {name}, Annals needs 13 or newer"),
        "name a newer server in the address of the store",
    )
    .at("store"))
}

fn encoding(name: &str) -> Result<()> {
    if name == "UTF8" {
        return Ok(());
    }
    Err(Error::new(
        Code::InvalidStore,
        format!("the database has the encoding {name}, Annals needs UTF8"),
        "create one with: createdb --encoding UTF8 --template template0 NAME",
    )
    .at("store"))
}

fn standby() -> Error {
    Error::new(
        Code::StoreReadOnly,
        "the server is a standby, which takes no changes",
        "name the primary, or all hosts with target_session_attrs=read-write",
    )
    .at("store")
}

fn safe(setting: &str, is_on: bool) -> Result<()> {
    if is_on {
        return Ok(());
    }
    Err(Error::new(
        Code::StoreUnsafe,
        format!("the server has {setting} = off: a crash can lose events that were acknowledged"),
        format!(
            "set {setting} = on in postgresql.conf and reload; to accept the loss, set \
                 ANNALS_ACCEPT_EVENT_LOSS=yes"
        ),
    )
    .at("store"))
}
