//! What every command needs: the settings, the store, and how to print.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::settings::{Settings, Values};
use super::{logging, output};
use crate::domain::error::Result;
use crate::service::Service;
use crate::store::{self, Opening, SystemClock};

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Options {
    /// The store, as sqlite:PATH or postgres://USER@HOST/DATABASE [default: a file in your data directory]
    /// [env: ANNALS_STORE]
    #[arg(long, global = true, value_name = "STORE", display_order = 900)]
    store: Option<String>,
    /// The configuration file [default: annals/config.toml in your configuration directory] [env:
    /// ANNALS_CONFIG]
    #[arg(long, global = true, value_name = "FILE", display_order = 901)]
    pub config: Option<PathBuf>,
    /// Print JSON, exactly what the MCP tool answers
    #[arg(long, global = true, display_order = 902)]
    pub json: bool,
}

impl Options {
    /// The settings, as these options, the environment and the configuration file say.
    ///
    /// # Errors
    ///
    /// `invalid_configuration`, `invalid_store`.
    pub fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::load(self.config.clone(), |name| std::env::var_os(name))?;
        settings.take_flag("store", self.store.as_ref())?;
        Ok(settings)
    }

    /// What a command works with. Starts logging, as the settings say.
    ///
    /// # Errors
    ///
    /// As [`Options::settings`].
    pub fn context(&self) -> Result<Context> {
        let settings = self.settings()?;
        logging::start(&settings.values.log);
        Ok(Context { settings, json: self.json })
    }
}

/// What a command works with.
pub struct Context {
    /// The settings.
    pub settings: Settings,
    /// Whether to print JSON.
    pub json: bool,
}

impl Context {
    /// Opens the store, and says so where that made a new one.
    ///
    /// # Errors
    ///
    /// `invalid_store` and `store_*` errors.
    pub async fn service(&self) -> Result<Service> {
        let service = self.quiet_service().await?;
        let facts = service.store_facts();
        if facts.is_new {
            output::note(&format!("made a new store: {}", facts.address));
        }
        Ok(service)
    }

    /// Opens the store.
    ///
    /// # Errors
    ///
    /// `invalid_store` and `store_*` errors.
    pub async fn quiet_service(&self) -> Result<Service> {
        self.open(false).await
    }

    /// Opens the store to serve it, bringing an older schema up to date.
    ///
    /// # Errors
    ///
    /// `invalid_store` and `store_*` errors.
    pub async fn serving(&self) -> Result<Service> {
        self.open(true).await
    }

    async fn open(&self, may_upgrade: bool) -> Result<Service> {
        let values: &Values = &self.settings.values;
        let clock = Arc::new(SystemClock);
        let may_lose_events = values.accept_event_loss;
        let opening = Opening { clock: clock.clone(), may_upgrade, may_lose_events };
        let store = store::open(&values.store()?, opening).await.map_err(|error| {
            // Whoever named a file that is no store wants to know where; a full disk is another matter.
            let named_wrongly = error.field.as_deref() == Some("store");
            if named_wrongly { self.settings.blame("store", error) } else { error }
        })?;
        let service = Service::new(store, clock).with_redactor(values.redactor()?);
        Ok(service.with_limits(values.limits))
    }
}
