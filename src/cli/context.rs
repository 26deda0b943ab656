//! What every command needs: the store, and how to print.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use etcetera::BaseStrategy;

use crate::domain::error::{Code, Error, Result};
use crate::service::Service;
use crate::store::{self, Address, SystemClock};

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Context {
    /// The store, as sqlite:PATH [default: a file in your data directory]
    #[arg(long, env = "ANNALS_STORE", hide_env_values = true, global = true, value_name = "STORE")]
    #[arg(display_order = 900)]
    store: Option<String>,
    /// Print JSON, exactly what the MCP tool answers
    #[arg(long, global = true, display_order = 901)]
    pub json: bool,
}

impl Context {
    /// Opens the store.
    pub fn service(&self) -> Result<Service> {
        let address = match &self.store {
            Some(text) => text.parse()?,
            None => Address::Sqlite(default_path()?),
        };
        let clock = Arc::new(SystemClock);
        Ok(Service::new(store::open(&address, clock.clone())?, clock))
    }
}

fn default_path() -> Result<PathBuf> {
    let directories = etcetera::choose_base_strategy().map_err(|_| {
        Error::new(
            Code::InvalidStore,
            "this user has no home directory for the store",
            "name a file with --store sqlite:PATH or ANNALS_STORE",
        )
        .at("store")
    })?;
    Ok(store::default_path(&directories.data_dir()))
}
