//! Connections to the database, each set up in the same way.

use std::ops::Deref;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, PoolConfig, RecyclingMethod, Runtime, Timeouts,
};

use super::error::Outcome;
use super::tls;
use super::url::Url;
use crate::domain::error::{Code, Error, Result};

/// The most connections of one process.
const CONNECTIONS: usize = 12;

/// How long a call waits for a connection that is in use.
const WAIT: Duration = Duration::from_secs(30);

/// What every session is set to. An acknowledged event must be durable whatever the database's
/// default is; a lock or a statement that takes this long is a fault to be told.
const SESSION: &str = "\
    SELECT set_config('synchronous_commit', 'on', false)
      WHERE current_setting('synchronous_commit') <> 'remote_apply';
    SET default_transaction_isolation = 'read committed';
    SET default_transaction_deferrable = off;
    SET statement_timeout = '60s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '10min';
    SET jit = off;
    SET bytea_output = 'hex';
    SET client_min_messages = error";

/// The connections of a store.
#[derive(Clone)]
pub struct Pool(deadpool_postgres::Pool);

impl Pool {
    /// A pool that connects as it is asked to.
    ///
    /// # Errors
    ///
    /// `invalid_store` when the address names files that cannot be used.
    pub fn new(url: &Url) -> Result<Self> {
        let manager = Manager::from_config(
            url.config().clone(),
            tls::connector(url)?,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let set_up = Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(SESSION).await.map_err(HookError::Backend) })
        });
        let timeouts = Timeouts { wait: Some(WAIT), ..Timeouts::default() };
        let pool = deadpool_postgres::Pool::builder(manager)
            .config(PoolConfig { max_size: CONNECTIONS, timeouts, ..PoolConfig::default() })
            .runtime(Runtime::Tokio1)
            .post_create(set_up)
            .build()
            .map_err(|error| {
                Error::new(
                    Code::Internal,
                    format!("no connection pool: {error}"),
                    "report this fault",
                )
            })?;
        Ok(Self(pool))
    }

    /// A connection.
    pub async fn lease(&self) -> Outcome<Lease> {
        Ok(Lease { connection: Some(self.0.get().await?) })
    }

    /// Ends the pool.
    pub fn close(&self) {
        self.0.close();
    }
}

/// One connection in use. It is closed when dropped, so that a caller who gives up in the middle of a
/// transaction leaves nothing behind; [`Lease::done`] gives it back.
pub struct Lease {
    connection: Option<Object>,
}

impl Lease {
    /// Gives the connection back. Its transaction must be over.
    pub fn done(mut self) {
        drop(self.connection.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl Deref for Lease {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.connection.as_ref().expect("a lease holds its connection until it is done")
    }
}
