//! Exporting events exactly as they are stored; see [`crate::archive`].

mod exporting;
mod so_far;

use serde::Serialize;

use super::{Filters, OneOrMany, Service, arguments};
use crate::archive::record::{Header, Selection};
use crate::domain::error::{Code, Error, Result};

use exporting::Exporting;
pub use so_far::ExportSoFar;

/// Asks for an export of all events, or of those for which all conditions given hold.
#[derive(Clone, Debug, Default)]
pub struct ExportRequest {
    /// Only events of this instance: its id, its handle, or a part of its handle.
    pub instance_id: Option<String>,
    /// Only events of instances of this project.
    pub project: Option<String>,
    /// Only events that name this epic.
    pub epic: Option<String>,
    /// Of the filters, `event_type`, `start_date` and `end_date`.
    pub filters: Filters,
}

/// What an export holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportAnswer {
    /// Always true.
    pub success: bool,
    /// How many events, those of a resumed file included.
    pub events: u64,
    /// Of how many instances.
    pub instances: u64,
    /// Whether it can be restored: it leaves out whole instances only.
    pub whole_chains: bool,
}

impl Service {
    /// The checked form of what an export is asked for.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, `unknown_event_type`, `invalid_date`,
    /// `invalid_date_range`, and `store_*` errors.
    pub async fn export_selection(&self, request: ExportRequest) -> Result<Selection> {
        let filters = request.filters;
        let range =
            arguments::date_range(filters.start_date.as_deref(), filters.end_date.as_deref())?;
        let instance_id = match request.instance_id {
            Some(hint) => Some(self.resolve(&hint).await?.instance_id),
            None => None,
        };
        let names = filters.event_type.map(|names| match names {
            OneOrMany::One(name) => vec![name],
            OneOrMany::Many(names) => names,
        });
        if let Some(names) = &names {
            let types = self.types_named(names.iter().map(String::as_str)).await?;
            for name in names {
                types.require(name).map_err(|error| error.at("filters.event_type"))?;
            }
        }
        Ok(Selection {
            instance_id,
            project: request.project,
            epic: request.epic,
            event_types: names,
            since: range.start,
            until: range.end,
        })
    }

    /// Exports the events that are stored when the call begins, in the order of the feed. `write`
    /// takes whole lines, and the number of events in them. Memory grows with the number of
    /// instances only.
    ///
    /// # Errors
    ///
    /// What `write` fails with, `invalid_argument` when `so_far` is of another selection or store,
    /// and `store_*` errors.
    pub async fn export(
        &self,
        selection: Selection,
        so_far: Option<ExportSoFar>,
        write: impl FnMut(&str, u64) -> Result<()> + Send,
    ) -> Result<ExportAnswer> {
        let store_id = self.store_facts().store_id;
        let header = Header::new(store_id, self.now(), selection);
        let so_far = so_far.filter(|so_far| so_far.bytes() > 0);
        if let Some(before) = so_far.as_ref().and_then(|so_far| so_far.reader.header())
            && (before.store_id, &before.selection) != (store_id, &header.selection)
        {
            return Err(other_export());
        }
        if let Some(so_far) = so_far.as_ref().filter(|so_far| so_far.is_complete()) {
            let (events, instances) =
                (so_far.reader.events(), so_far.reader.heads().count() as u64);
            let whole_chains = header.whole_chains;
            return Ok(ExportAnswer { success: true, events, instances, whole_chains });
        }
        Exporting::new(self, header, write).run(so_far).await
    }
}

fn other_export() -> Error {
    Error::new(
        Code::InvalidArgument,
        "the file holds an export of another store, or of another selection",
        "resume it with the arguments that it was begun with, or name a new file",
    )
    .at("resume")
}

/// The input failed.
pub(super) fn unreadable(error: &std::io::Error) -> Error {
    Error::new(
        Code::InvalidInput,
        format!("the input cannot be read: {error}"),
        "check the file and its permissions",
    )
}
