//! The settings as the program uses them.

use etcetera::BaseStrategy;

use crate::domain::error::{Code, Error, Result};
use crate::domain::limits::Limits;
use crate::service::{Redactor, redactor_allowing};
use crate::store::{self, Address};

/// A value for every setting.
#[derive(Clone, Debug)]
pub struct Values {
    /// Where the store is; `None` for the file in the user's data directory.
    pub store: Option<Address>,
    /// Whether a database server that can lose acknowledged events is used all the same.
    pub accept_event_loss: bool,
    /// Where `annals serve` listens.
    pub listen: String,
    /// What is logged, as a filter of `tracing`.
    pub log: String,
    /// What is taken and shown.
    pub limits: Limits,
    /// Texts that are no secrets.
    pub allow: Vec<String>,
    /// Regular expressions of what is no secret.
    pub allow_patterns: Vec<String>,
}

/// What is logged when nothing else is asked for. rmcp warns of each error that a client was answered,
/// and calls it an error when a listener hangs up; neither is news.
const LOGGED: &str = "warn,rmcp::service=off";

impl Default for Values {
    fn default() -> Self {
        Self {
            store: None,
            accept_event_loss: false,
            listen: "127.0.0.1:8081".into(),
            log: LOGGED.into(),
            limits: Limits::default(),
            allow: Vec::new(),
            allow_patterns: Vec::new(),
        }
    }
}

impl Values {
    /// Where the store is.
    ///
    /// # Errors
    ///
    /// `invalid_store` where none is named and this user has no home directory.
    pub fn store(&self) -> Result<Address> {
        if let Some(address) = &self.store {
            return Ok(address.clone());
        }
        let directories = etcetera::choose_base_strategy().map_err(|_| {
            Error::new(
                Code::InvalidStore,
                "this user has no home directory for the store",
                "name a file with --store sqlite:PATH or ANNALS_STORE",
            )
            .at("store")
        })?;
        Ok(Address::Sqlite(store::default_path(&directories.data_dir())))
    }

    /// The rules of redaction.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for a pattern that cannot be compiled.
    pub fn redactor(&self) -> Result<Redactor> {
        redactor_allowing(&self.allow, &self.allow_patterns)
    }
}
