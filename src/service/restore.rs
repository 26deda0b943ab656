//! Restoring an export: events come back with the ids, numbers, times, salts and hashes that they
//! had. Nothing is validated or redacted again, and nothing is stored that does not match its hash.

use std::io::BufRead;

use super::Service;
use super::import_lines::{
    Account, Chunk, ImportAnswer, ImportReport, OnError, Reading, read_ahead,
};
use crate::archive::record::TypeLine;
use crate::archive::{Item, Reader};
use crate::domain::catalogue::Definition;
use crate::domain::error::{Code, Error, Result};
use crate::integrity::Restoring;
use crate::store::{RestoreEvent, RestoreRequest, StoredType, TypeChange, TypeTarget, TypesAsked};

impl Service {
    /// Restores an export. What is stored already is recognised, so that an import which was
    /// interrupted is finished by doing it again.
    ///
    /// # Errors
    ///
    /// `invalid_input` when the stream fails, and `store_*` errors. A bad line is part of the answer.
    pub async fn restore(
        &self,
        stream: impl BufRead + Send + 'static,
        on_error: OnError,
        report: &mut dyn ImportReport,
    ) -> Result<ImportAnswer> {
        let mut account = Account::new(on_error, report);
        let mut chunks = read_ahead(stream, Export(Reader::default()));
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            let bytes = chunk.bytes;
            if !self.restore_chunk(chunk, &mut account).await? {
                break;
            }
            account.progress(bytes);
        }
        Ok(account.finish())
    }

    /// Gives whether the import goes on.
    async fn restore_chunk(&self, chunk: Chunk<Item>, account: &mut Account<'_>) -> Result<bool> {
        let mut waiting = Waiting::default();
        for (line, item) in chunk.lines {
            match item {
                Ok(Item::Frame) => continue,
                Ok(Item::Event { origin, register, event, .. }) => {
                    waiting.lines.push((line, Ok(())));
                    waiting.events.push(RestoreEvent { origin, register, event: *event });
                    continue;
                }
                Ok(Item::Type(definition)) => {
                    if !self.restore_events(std::mem::take(&mut waiting), account).await? {
                        return Ok(false);
                    }
                    if let Err(error) = self.restore_type(definition).await {
                        waiting.lines.push((line, Err(error)));
                    }
                }
                Err(error) => waiting.lines.push((line, Err(error))),
            }
            if account.stops() && waiting.ends_in_refusal() {
                break;
            }
        }
        self.restore_events(waiting, account).await
    }

    /// Stores events, and tells of the lines that are refused in their order. Gives whether the
    /// import goes on.
    async fn restore_events(&self, waiting: Waiting, account: &mut Account<'_>) -> Result<bool> {
        let request = RestoreRequest { events: waiting.events, ends_at_refusal: account.stops() };
        let outcomes = match request.events.is_empty() {
            true => Vec::new(),
            false => self.store.restore(request).await?,
        };
        let mut outcomes = outcomes.into_iter();
        for (line, read) in waiting.lines {
            let outcome = match read {
                Ok(()) => outcomes.next().transpose(),
                Err(refusal) => Err(refusal),
            };
            match outcome {
                Ok(Some(Restoring::New)) => account.answer.events_added += 1,
                Ok(Some(Restoring::Present)) => account.answer.events_known += 1,
                Ok(None) => return Err(no_outcome()),
                Err(refusal) => {
                    if !account.refuse(line, refusal)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    /// Defines or retires a version of a custom type as the export has it, unless it is so already.
    async fn restore_type(&self, line: TypeLine) -> Result<()> {
        let definition = Definition::from_stored(&line.name, &line.definition);
        if !definition.is_ok_and(|definition| definition.text() == line.definition)
            || self.catalogue.get(&line.name).is_some()
        {
            return Err(crate::archive::record::invalid("the definition is none of a custom type"));
        }
        let stored = self.store.event_types(&TypesAsked::Versions(line.name.clone())).await?;
        let newest = match stored.iter().find(|stored| stored.version == line.version) {
            Some(same) if same.definition == line.definition => stored.last().cloned(),
            Some(_) => return Err(other_type(&line)),
            None if stored.len() as u64 + 1 != u64::from(line.version) => {
                return Err(crate::archive::record::invalid("an earlier version is missing"));
            }
            None => {
                let definition = line.definition.clone();
                let to = TypeTarget::Defined { definition, newer: None };
                let expected = stored.last().map_or(0, |newest| newest.change);
                let (name, made_at) = (line.name.clone(), Some(line.defined_at));
                let change = TypeChange { name, expected, to, made_at };
                Some(self.store.change_event_type(change).await?)
            }
        };
        let newest = newest.filter(|newest| newest.version == line.version);
        match newest.filter(|newest| line.retired_at.is_some() && newest.retired_at.is_none()) {
            Some(StoredType { name, change: expected, .. }) => {
                let (to, made_at) = (TypeTarget::Retired, line.retired_at);
                let change = TypeChange { name, expected, to, made_at };
                self.store.change_event_type(change).await.map(drop)
            }
            None => Ok(()),
        }
    }
}

/// Lines that wait to be dealt with together.
#[derive(Default)]
struct Waiting {
    /// The number of each, and whether it was refused already; otherwise it is the next of `events`.
    lines: Vec<(u64, Result<()>)>,
    events: Vec<RestoreEvent>,
}

impl Waiting {
    fn ends_in_refusal(&self) -> bool {
        self.lines.last().is_some_and(|(_, read)| read.is_err())
    }
}

fn no_outcome() -> Error {
    Error::new(Code::Internal, "the store said nothing of an event", "report this fault")
}

/// An export that is being read.
struct Export(Reader);

impl Reading for Export {
    type Item = Item;

    fn line(&mut self, line: Result<&[u8]>) -> Result<Option<Item>> {
        let line = line.inspect_err(|_| self.0.missed())?;
        let item = self.0.take(line)?;
        match self.0.header() {
            Some(header) if !header.whole_chains => Err(selection()),
            _ => Ok(Some(item)),
        }
    }

    fn end(&mut self) -> Result<()> {
        self.0.finish()
    }
}

fn selection() -> Error {
    Error::new(
        Code::InvalidExport,
        "the export is a selection of events, and no hash chain can be checked without the others",
        "export whole instances (--all, an ID, or --project alone), or import the lines as plain \
         events: --plain --project NAME --type-field event_type --data-field event_data",
    )
}

fn other_type(line: &TypeLine) -> Error {
    Error::new(
        Code::IncompatibleEventType,
        format!("version {} of {} is defined otherwise in this store", line.version, line.name),
        "events are restored whatever the definitions; --on-error skip leaves this one out",
    )
}
