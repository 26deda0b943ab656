//! Importing plain events from elsewhere: lines of JSON, mapped to events and recorded by the same
//! rules as any other, under an instance that stands for their source.

use std::io::BufRead;

use serde_json::Value;
use uuid::Uuid;

use super::import_lines::{Account, ImportAnswer, ImportReport, OnError, Reading, read_ahead};
use super::prepare::prepare;
use super::{EventInput, HistoryImport, RegisterRequest, Service};
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::InstanceId;
use crate::domain::json;

/// The namespace of the instances that stand for sources.
const SOURCES: Uuid = Uuid::from_u128(0x6f0e_5d0c_3c55_4b7a_9b1e_0a52_6a3c_11d4);

/// How lines become events.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The project to file the events under.
    pub project: String,
    /// What the lines come from: the same source is the same instance whenever it is imported.
    pub source: String,
    /// The field that names the event type.
    pub type_field: Option<String>,
    /// The event type where no field names one.
    pub event_type: Option<String>,
    /// The field with the time at which the event happened, RFC 3339.
    pub time_field: Option<String>,
    /// The field with the data of the event; without it, the whole line.
    pub data_field: Option<String>,
    /// The field that identifies the line in its source; without it, its content does.
    pub id_field: Option<String>,
    /// Leave out the lines of an export that are no events.
    pub only_event_records: bool,
}

impl Mapping {
    /// The instance that stands for the source.
    fn instance_id(&self) -> InstanceId {
        let name = format!("{}\n{}", self.project, self.source);
        InstanceId(Uuid::new_v5(&SOURCES, name.as_bytes()))
    }

    /// The event of a line, its data not yet checked; `None` for a line that is left out.
    fn event(&self, instance: InstanceId, line: &[u8]) -> Result<Option<EventInput>> {
        let mut value = json::parse(line, "")?;
        if !value.is_object() {
            return Err(Error::new(
                Code::InvalidEventData,
                "the line is no JSON object",
                "write one JSON object on each line",
            ));
        }
        if self.only_event_records && value["record"] != "event" {
            return Ok(None);
        }
        let identity = match &self.id_field {
            Some(name) => match field(&value, name)? {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
            None => json::normal_text(&value),
        };
        let event_type = match (&self.type_field, &self.event_type) {
            (Some(name), fallback) => match (value.get(name), fallback) {
                (None, Some(fallback)) => fallback.clone(),
                _ => text(&value, name)?,
            },
            (None, Some(event_type)) => event_type.clone(),
            (None, None) => return Err(missing("event_type")),
        };
        let occurred_at = self.time_field.as_ref().map(|name| text(&value, name)).transpose()?;
        let event_data = match &self.data_field {
            Some(name) => {
                field(&value, name)?;
                value[name.as_str()].take()
            }
            None => value,
        };
        Ok(Some(EventInput {
            event_id: Some(Uuid::new_v5(&instance.0, identity.as_bytes()).to_string()),
            occurred_at,
            ..EventInput::new(&event_type, event_data)
        }))
    }
}

fn field<'v>(value: &'v Value, name: &str) -> Result<&'v Value> {
    value.get(name).ok_or_else(|| missing(name))
}

fn text(value: &Value, name: &str) -> Result<String> {
    let found = field(value, name)?;
    found.as_str().map(str::to_owned).ok_or_else(|| {
        let message = format!("the field {name} is no text");
        Error::new(Code::InvalidFieldType, message, "name another field, or mend the line").at(name)
    })
}

fn missing(name: &str) -> Error {
    let message = format!("the line has no field {name}");
    Error::new(Code::MissingRequiredField, message, "name another field, or mend the line").at(name)
}

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
        let mut chunks = read_ahead(stream, Mapped { mapping, instance_id });
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            let (good, fault) = self.good_lines(chunk.lines, &mut account).await?;
            let (mut good, mut goes_on) = (good.into_iter().peekable(), true);
            while goes_on && good.peek().is_some() {
                let batch = good.by_ref().take(self.limits.batch_events).collect();
                goes_on = self.add_lines(&mut import, batch, &mut account).await?;
            }
            if !goes_on {
                break;
            }
            if let Some((line, error)) = fault {
                account.refuse(line, error)?;
                break;
            }
            account.progress(chunk.bytes);
        }
        self.finish_history_import(&import).await?;
        Ok(account.finish())
    }

    /// The lines that may be recorded: all but the bad ones, or those before the first bad one, and
    /// that.
    async fn good_lines(
        &self,
        lines: Vec<(u64, Result<EventInput>)>,
        account: &mut Account<'_>,
    ) -> Result<(Vec<(u64, EventInput)>, Option<(u64, Error)>)> {
        let read = lines.iter().filter_map(|(_, event)| event.as_ref().ok());
        let types = self.types_named(read.map(|event| &*event.event_type)).await?;
        let mut good = Vec::with_capacity(lines.len());
        for (line, event) in lines {
            let checked = event.and_then(|event| {
                prepare(&types, &self.redactor, &self.limits, &event).map(|_| event)
            });
            match checked {
                Ok(event) => good.push((line, event)),
                Err(error) if account.stops() => return Ok((good, Some((line, error)))),
                Err(error) => drop(account.refuse(line, error)?),
            }
        }
        Ok((good, None))
    }

    /// Records lines in one batch. What the store refuses is left out, and the rest sent again.
    /// Gives whether the import goes on.
    async fn add_lines(
        &self,
        import: &mut HistoryImport,
        mut lines: Vec<(u64, EventInput)>,
        account: &mut Account<'_>,
    ) -> Result<bool> {
        let mut fault = None;
        while !lines.is_empty() {
            let events: Vec<EventInput> = lines.iter().map(|(_, event)| event.clone()).collect();
            match self.emit_history(import, events).await {
                Ok(added) => {
                    account.answer.events_added += added;
                    account.answer.events_known += lines.len() as u64 - added;
                    break;
                }
                Err(error) if error.code == Code::InstanceClosed && import.closed => {
                    self.reopen(import).await?;
                }
                Err(error) => {
                    let Some(index) = index(&error).filter(|index| *index < lines.len()) else {
                        return Err(error);
                    };
                    let (line, _) = lines.remove(index);
                    if account.stops() {
                        lines.truncate(index);
                        fault = Some((line, error));
                    } else {
                        account.refuse(line, error)?;
                    }
                }
            }
        }
        match fault {
            Some((line, error)) => account.refuse(line, error),
            None => Ok(true),
        }
    }
}

/// Which event of a batch a refusal is about.
fn index(error: &Error) -> Option<usize> {
    let index = error.details.as_ref()?.get("index")?.as_u64()?;
    usize::try_from(index).ok()
}

/// Lines that are being mapped.
struct Mapped {
    mapping: Mapping,
    instance_id: InstanceId,
}

impl Reading for Mapped {
    type Item = EventInput;

    fn line(&mut self, line: Result<&[u8]>) -> Result<Option<EventInput>> {
        self.mapping.event(self.instance_id, line?)
    }
}
