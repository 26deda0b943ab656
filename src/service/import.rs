//! Taking in a history that was written elsewhere, under an instance that stands for its source.
//! The instance is closed while nothing is being imported: no agent is at work in it.

use std::collections::HashSet;

use super::{CloseRequest, EmitBatchRequest, EventInput, RegisterRequest, Service};
use crate::domain::error::{Code, Result};
use crate::domain::event::NewEvent;
use crate::domain::ids::{EventId, InstanceId};
use crate::domain::instance::Status;

/// An import under way.
#[derive(Debug)]
pub struct HistoryImport {
    instance_id: InstanceId,
    handle: String,
    closed: bool,
    known: HashSet<EventId>,
    added: u64,
}

impl HistoryImport {
    /// The events that the instance had before; they need not be sent again.
    pub fn known(&self) -> &HashSet<EventId> {
        &self.known
    }

    /// The instance.
    pub fn instance_id(&self) -> InstanceId {
        self.instance_id
    }

    /// Its short name.
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// How many events were added so far.
    pub fn added(&self) -> u64 {
        self.added
    }
}

impl Service {
    /// Starts, or goes on with, the import into the instance with this id; it is registered when it
    /// is new.
    ///
    /// # Errors
    ///
    /// As [`Service::register`].
    pub async fn start_history_import(
        &self,
        instance_id: InstanceId,
        register: RegisterRequest,
    ) -> Result<HistoryImport> {
        let mut import = self.open_history_import(instance_id, register).await?;
        let (_, mut events) = self
            .store
            .scan(instance_id, None)
            .await?
            .ok_or_else(|| super::resolve::not_found(&instance_id.to_string()))?;
        while let Some(chunk) = events.recv().await {
            import.known.extend(chunk?.iter().map(|event| event.event_id));
        }
        Ok(import)
    }

    /// The same without reading which events the instance has.
    pub(super) async fn open_history_import(
        &self,
        instance_id: InstanceId,
        register: RegisterRequest,
    ) -> Result<HistoryImport> {
        match self.register_as(instance_id, register).await {
            Err(error) if error.code != Code::InstanceExists => return Err(error),
            _ => {}
        }
        let instance = self.resolve(&instance_id.to_string()).await?;
        Ok(HistoryImport {
            instance_id,
            handle: instance.registration.handle,
            closed: instance.status == Status::Closed,
            known: HashSet::new(),
            added: 0,
        })
    }

    /// Adds events, in batches that are each stored whole. An event that is stored already is
    /// recognised by its id and not added again.
    ///
    /// # Errors
    ///
    /// As [`Service::emit_batch`]; the batches before the one at fault are stored, and importing
    /// again goes on after them.
    pub async fn add_history(
        &self,
        import: &mut HistoryImport,
        events: Vec<EventInput>,
    ) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        self.reopen(import).await?;
        let mut events = events.into_iter().peekable();
        while events.peek().is_some() {
            let batch: Vec<_> = events.by_ref().take(self.limits.batch_events).collect();
            import.added += self.emit_history(import, batch).await?;
        }
        Ok(())
    }

    /// Ends an import: closes the instance, if anything was added.
    ///
    /// # Errors
    ///
    /// As [`Service::close_instance`].
    pub async fn finish_history_import(&self, import: &HistoryImport) -> Result<()> {
        if import.closed {
            return Ok(());
        }
        let request = CloseRequest {
            instance_id: import.instance_id.to_string(),
            reason: Some("import".into()),
        };
        self.close_instance(request).await.map(drop)
    }

    /// Appends events that were prepared and are new. Where one of them closes the instance, or
    /// somebody else did meanwhile, it is resumed for the next.
    pub(super) async fn append_history(
        &self,
        import: &mut HistoryImport,
        events: Vec<NewEvent>,
    ) -> Result<()> {
        for events in events.split_inclusive(|event| event.event_type == "instance_closed") {
            self.reopen(import).await?;
            match self.append(import.instance_id, None, events.to_vec()).await {
                Ok(appended) => import.closed = appended.instance.status == Status::Closed,
                Err(error) => {
                    import.closed = error.code == Code::InstanceClosed;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Resumes the instance where it is closed.
    async fn reopen(&self, import: &mut HistoryImport) -> Result<()> {
        if std::mem::take(&mut import.closed) {
            let reopen =
                EventInput::new("instance_resumed", serde_json::json!({"reason": "import"}));
            self.emit_history(import, vec![reopen]).await?;
        }
        Ok(())
    }

    /// Adds a batch to an instance that may be closed when all of it is stored already; gives how
    /// many events were new.
    async fn emit_history(&self, import: &HistoryImport, events: Vec<EventInput>) -> Result<u64> {
        let request = EmitBatchRequest {
            instance_id: import.instance_id.to_string(),
            events,
            expected_sequence_num: None,
        };
        let answer = self.emit_batch(request).await?;
        Ok(answer.events.iter().filter(|event| !event.duplicate).count() as u64)
    }
}
