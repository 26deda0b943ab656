//! Importing plain events from elsewhere: lines of JSON, mapped to events and recorded by the same
//! rules as any other, under an instance that stands for their source. Each line is judged on its own.

use std::io::BufRead;

use super::import_lines::{Account, ImportAnswer, ImportReport, OnError, read_ahead};
use super::mapping::{Mapped, Mapping};
use super::prepare::prepare;
use super::{EventInput, HistoryImport, RegisterRequest, Service};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::NewEvent;
use crate::domain::ids::InstanceId;
use crate::integrity::{Known, Recognition};

/// How often lines are judged before giving up on others that change what they are judged by.
const ATTEMPTS: u32 = 8;

impl Service {
    /// Imports lines from elsewhere as events. Importing the same lines again adds nothing.
    ///
    /// # Errors
    ///
    /// As [`Service::register`]; `invalid_input` when the stream fails, and `store_*` errors. A bad
    /// line is part of the answer.
    pub async fn import_events(
        &self,
        stream: impl BufRead + Send + 'static,
        mapping: Mapping,
        on_error: OnError,
        report: &mut dyn ImportReport,
    ) -> Result<ImportAnswer> {
        let instance_id = mapping.instance_id();
        let register = RegisterRequest {
            project: mapping.project.clone(),
            instance_type: Some("import".into()),
            ..RegisterRequest::default()
        };
        let mut import = self.open_history_import(instance_id, register).await?;
        let mut account = Account::new(on_error, report);
        account.answer.instance_id = Some(instance_id.to_string());
        account.answer.handle = Some(import.handle().to_owned());
        let id_field = mapping.id_field.clone();
        let mut chunks = read_ahead(stream, Mapped::new(mapping));
        'reading: while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            for lines in chunk.lines.chunks(self.limits.batch_events) {
                let judged = self.record_lines(&mut import, lines, &account).await?;
                if !account.take(judged, id_field.as_deref())? {
                    break 'reading;
                }
            }
            account.progress(chunk.bytes);
        }
        self.finish_history_import(&import).await?;
        Ok(account.finish())
    }

    /// Records those of the lines that may be, in one batch, and gives what became of each; of those
    /// up to the first bad one, where that ends the import.
    async fn record_lines(
        &self,
        import: &mut HistoryImport,
        lines: &[(u64, Result<EventInput>)],
        account: &Account<'_>,
    ) -> Result<Judged> {
        let mut attempts = 0;
        loop {
            let (judged, events) = self.judge(import.instance_id(), lines, account).await?;
            attempts += 1;
            match self.append_history(import, events).await {
                Ok(()) => return Ok(judged),
                Err(error) if is_of_others(&error) && attempts < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What is to become of lines, each judged on its own, and the events that are to be stored.
    async fn judge(
        &self,
        instance_id: InstanceId,
        lines: &[(u64, Result<EventInput>)],
        account: &Account<'_>,
    ) -> Result<(Judged, Vec<NewEvent>)> {
        let read = lines.iter().filter_map(|(_, event)| event.as_ref().ok());
        let types = self.types_named(read.map(|event| &*event.event_type)).await?;
        let prepared: Vec<_> = lines
            .iter()
            .map(|(line, event)| {
                let event = event.as_ref().map_err(Error::clone);
                let prepare = |event| prepare(&types, &self.redactor, &self.limits, event);
                (*line, event.and_then(prepare))
            })
            .collect();
        let ids = prepared.iter().filter_map(|(_, event)| Some(event.as_ref().ok()?.event_id));
        let stored = self.store.events_by_id(ids.collect()).await?;
        let mut recognition = Recognition::new(instance_id, &stored);
        let (mut judged, mut new) = (Vec::with_capacity(lines.len()), Vec::new());
        for (index, (line, event)) in prepared.iter().enumerate() {
            let known = match event {
                Ok(event) => recognition.add_if_it_fits(index, event),
                Err(refusal) => Err(refusal.clone()),
            };
            let ends = known.is_err() && account.stops();
            if let (Ok(Known::No), Ok(event)) = (&known, event) {
                new.push(event.clone());
            }
            judged.push((*line, known.map(|known| known == Known::No)));
            if ends {
                break;
            }
        }
        Ok((judged, new))
    }
}

/// What became of each line: whether it was new, or why it was refused.
type Judged = Vec<(u64, Result<bool>)>;

/// Whether a refusal is due to what others did after the lines were judged.
fn is_of_others(error: &Error) -> bool {
    matches!(error.code, Code::EventTypeChanged | Code::EventIdConflict | Code::InstanceClosed)
}

impl Account<'_> {
    /// Counts what became of lines. Gives whether the import goes on.
    fn take(&mut self, judged: Judged, id_field: Option<&str>) -> Result<bool> {
        for (line, outcome) in judged {
            match outcome {
                Ok(true) => self.answer.events_added += 1,
                Ok(false) => self.answer.events_known += 1,
                Err(error) => {
                    let is_conflict = error.code == Code::EventIdConflict;
                    let error = if is_conflict { known_otherwise(id_field) } else { error };
                    if !self.refuse(line, error)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

/// The id that was derived for the line is that of another event.
fn known_otherwise(id_field: Option<&str>) -> Error {
    let told = |message: String, hint| Error::new(Code::EventIdConflict, message, hint);
    match id_field {
        Some(name) => told(
            format!("another line with the same {name} says something else"),
            "name a field that identifies each line, or none: the content does then",
        )
        .at(name),
        None => told(
            "the line was imported before, and became another event".into(),
            "import with the same options as before, or name another --source",
        ),
    }
}
