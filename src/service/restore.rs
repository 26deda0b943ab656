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
use crate::store::{RestoreEvent, RestoreRequest, TypeChange, TypeTarget, TypesAsked};

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
        let (mut numbers, mut events) = (Vec::new(), Vec::new());
        let mut fault = None;
        for (line, item) in chunk.lines {
            let refused = match item {
                Ok(Item::Frame) => continue,
                Ok(Item::Event { origin, register, event, .. }) => {
                    numbers.push(line);
                    events.push(RestoreEvent { origin, register, event: *event });
                    continue;
                }
                Ok(Item::Type(definition)) => match self.restore_type(definition).await {
                    Ok(()) => continue,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if account.stops() {
                fault = Some((line, refused));
                break;
            }
            account.refuse(line, refused)?;
        }
        if !events.is_empty() {
            let outcomes = self.store.restore(RestoreRequest { events }).await?;
            for (line, outcome) in numbers.into_iter().zip(outcomes) {
                match outcome {
                    Ok(Restoring::New) => account.answer.events_added += 1,
                    Ok(Restoring::Present) => account.answer.events_known += 1,
                    // Others of the same transaction may be stored beyond it: they are whole.
                    Err(error) if account.answer.stopped => drop(error),
                    Err(error) => drop(account.refuse(line, error)?),
                }
            }
        }
        match fault {
            _ if account.answer.stopped => Ok(false),
            Some((line, error)) => account.refuse(line, error),
            None => Ok(true),
        }
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
        let expected = stored.last().map_or(0, |newest| newest.change);
        let change = |to| TypeChange { name: line.name.clone(), expected, to };
        let retire = line.retired_at.is_some();
        match stored.iter().find(|stored| stored.version == line.version) {
            Some(same) if same.definition == line.definition => {
                let newest = stored.last().is_some_and(|newest| newest.version == line.version);
                if retire && newest && same.retired_at.is_none() {
                    self.store.change_event_type(change(TypeTarget::Retired)).await?;
                }
                return Ok(());
            }
            Some(_) => return Err(other_type(&line)),
            None if stored.len() as u64 + 1 != u64::from(line.version) => {
                return Err(crate::archive::record::invalid("an earlier version is missing"));
            }
            None => {}
        }
        let definition = line.definition.clone();
        let defined = TypeTarget::Defined { definition, newer: None };
        let stored = self.store.change_event_type(change(defined)).await?;
        if retire {
            let (name, to) = (line.name, TypeTarget::Retired);
            let retired = TypeChange { name, expected: stored.change, to };
            self.store.change_event_type(retired).await?;
        }
        Ok(())
    }
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
