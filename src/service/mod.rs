//! The use cases: what callers can ask of Annals, one file each. Every entry layer calls these, so
//! that a rule holds whichever way a call comes.
//!
//! Requests hold what callers send, not yet checked; answers hold what they get, field for field.

mod arguments;
mod changes;
mod close;
mod cursor;
mod custom_types;
mod doctor;
mod emit;
mod excerpts;
mod export;
mod feed;
mod heartbeat;
mod import;
mod import_events;
mod import_lines;
mod instances;
mod known_types;
mod mapping;
mod prepare;
mod query;
mod rebuild;
mod redact;
mod register;
mod replay;
mod resolve;
mod restore;
mod sweep;
mod types;
mod verify;

use std::sync::Arc;

use crate::domain::catalogue::Catalogue;
use crate::domain::error::Result;
use crate::domain::limits::Limits;
use crate::domain::time::Timestamp;
use crate::store::{Clock, SharedStore, StoreFacts};

pub use crate::redact::Redactor;
pub use changes::{Changes, is_named};
pub use close::{CloseAnswer, CloseRequest};
pub use custom_types::{
    AddEventTypeAnswer, AddEventTypeRequest, RemoveEventTypeAnswer, RemoveEventTypeRequest,
    TypeOutcome,
};
pub use doctor::{Finding, Level, examine};
pub use emit::{
    EmitAnswer, EmitBatchAnswer, EmitBatchRequest, EmitRequest, EventInput, ReceiptView,
};
pub use excerpts::{EventsExcerpt, EventsPage};
pub use export::{ExportAnswer, ExportRequest, ExportSoFar};
pub use feed::{FeedAnswer, FeedEvent, FeedRequest};
pub use heartbeat::{HeartbeatAnswer, HeartbeatRequest};
pub use import::HistoryImport;
pub use import_lines::{ImportAnswer, ImportReport, LineFault, OnError, recognise_export};
pub use instances::{
    DetailsAnswer, DetailsRequest, InstanceView, ListInstancesAnswer, ListInstancesRequest,
};
pub use mapping::Mapping;
pub use query::{EventView, Filters, OneOrMany, QueryAnswer, QueryRequest, SortOrder};
pub use rebuild::{RegistryCheck, RowDifference, Unprojectable};
pub use redact::{
    FindingView, RedactAnswer, RedactRequest, redact, redactor_allowing, text_without_secrets,
    without_secrets,
};
pub use register::{RegisterAnswer, RegisterRequest};
pub use replay::{ReplayAnswer, ReplayRequest};
pub use types::{
    EventTypeAnswer, ListEventTypesAnswer, ListEventTypesRequest, TypeVersionView, UnreadableType,
};
pub use verify::{FaultView, VerifyAnswer, VerifyRequest};

/// Annals, over one store. Clones share it.
#[derive(Clone)]
pub struct Service {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    catalogue: &'static Catalogue,
    redactor: Arc<Redactor>,
    limits: Limits,
    custom_types: Arc<known_types::Cache>,
}

impl Service {
    /// A service over `store`; `clock` tells it which instances are stale.
    pub fn new(store: SharedStore, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            catalogue: Catalogue::builtin(),
            redactor: Arc::default(),
            limits: Limits::default(),
            custom_types: Arc::default(),
        }
    }

    /// The same service with other rules of what is redacted before it is stored.
    #[must_use]
    pub fn with_redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = Arc::new(redactor);
        self
    }

    /// The same service with other limits of what it takes and shows.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The limits of what it takes and shows.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the store is.
    pub fn store_facts(&self) -> &StoreFacts {
        self.store.facts()
    }

    /// Whether the store answers.
    ///
    /// # Errors
    ///
    /// A `store_*` error when it does not.
    pub async fn ready(&self) -> Result<()> {
        let hint = crate::store::InstanceHint::Id(crate::domain::ids::InstanceId::generate());
        self.store.find_instances(&hint, 1).await.map(drop)
    }

    /// Finishes what is under way and releases the store.
    pub async fn shutdown(&self) {
        self.store.close().await;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
