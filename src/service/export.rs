//! Exporting events exactly as they are stored; see [`crate::archive`].

use std::collections::HashMap;
use std::io::BufRead;

use serde::Serialize;

use super::{Filters, OneOrMany, Service, arguments, cursor};
use crate::archive::record::{
    self, HeadLine, Header, Hex, InstanceLine, Selection, Trailer, TypeLine,
};
use crate::archive::{Item, Lines, Reader};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::domain::limits::QUERY_LIMIT;
use crate::store::{FeedCursor, InstanceHint, StoredType, TypesAsked};

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

/// An export that was interrupted, as far as it came.
pub struct ExportSoFar {
    reader: Reader,
    place: FeedCursor,
    bytes: u64,
}

impl ExportSoFar {
    /// Reads what is there. Half a line at the end is left out.
    ///
    /// # Errors
    ///
    /// `invalid_input` when it cannot be read; what [`Reader::take`] finds, with the `line`.
    pub fn read(stream: impl BufRead) -> Result<Self> {
        let mut so_far = Self { reader: Reader::default(), place: FeedCursor::default(), bytes: 0 };
        let (mut lines, mut read) = (Lines::new(stream), 0);
        while let Some(line) = lines.read().map_err(|error| unreadable(&error))? {
            if !line.whole {
                break;
            }
            let item = so_far.reader.take(&line.bytes.unwrap_or_default()).map_err(|error| {
                let message = format!("line {}: {}", line.number, error.message);
                Error { message, ..error }.with("line", line.number)
            })?;
            read += line.length;
            if let Item::Event { cursor, .. } = item {
                so_far.place = cursor::parse_feed(&cursor)?;
                so_far.bytes = read;
            }
        }
        Ok(so_far)
    }

    /// How many bytes of the file stay: those up to the last event. The rest is to be cut off, and
    /// is written anew.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.reader.ended()
    }
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
        let so_far = so_far.filter(|so_far| so_far.bytes > 0);
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
        let mut exporting = Exporting {
            service: self,
            header,
            instances: HashMap::new(),
            heads: HashMap::new(),
            events: 0,
            write,
        };
        let place = match so_far {
            Some(so_far) => {
                let heads = so_far.reader.heads().filter(|head| head.sequence_num > 0);
                exporting.heads = heads.map(|head| (head.instance_id, head)).collect();
                exporting.events = so_far.reader.events();
                so_far.place
            }
            None => {
                exporting.begin().await?;
                FeedCursor::default()
            }
        };
        exporting.events_after(place).await?;
        exporting.end()
    }
}

/// An export under way.
struct Exporting<'a, W> {
    service: &'a Service,
    header: Header,
    instances: HashMap<InstanceId, Instance>,
    heads: HashMap<InstanceId, HeadLine>,
    events: u64,
    write: W,
}

impl<W: FnMut(&str, u64) -> Result<()> + Send> Exporting<'_, W> {
    async fn begin(&mut self) -> Result<()> {
        let mut text = record::write("header", &self.header)?;
        let store = &self.service.store;
        for newest in store.event_types(&TypesAsked::Newest).await? {
            for version in store.event_types(&TypesAsked::Versions(newest.name)).await? {
                text += &record::write("event_type", &type_line(version))?;
            }
        }
        (self.write)(&text, 0)
    }

    async fn events_after(&mut self, mut place: FeedCursor) -> Result<()> {
        let (store, id) = (&self.service.store, self.header.selection.instance_id);
        let end = store.feed_cursor(id, 0).await?;
        while place < end {
            let page = store.feed(id, place, QUERY_LIMIT).await?;
            let Some((last, _)) = page.last() else { break };
            place = *last;
            let (mut text, before) = (String::new(), self.events);
            for (at, event) in page.into_iter().filter(|(at, _)| *at <= end) {
                self.event(&event, at, &mut text).await?;
            }
            (self.write)(&text, self.events - before)?;
        }
        Ok(())
    }

    async fn event(&mut self, event: &Event, at: FeedCursor, text: &mut String) -> Result<()> {
        let id = event.instance_id;
        if !self.instances.contains_key(&id) {
            let found = self.service.store.find_instances(&InstanceHint::Id(id), 1).await?;
            let found = found.into_iter().next();
            let found = found.ok_or_else(|| super::resolve::not_found(&id.to_string()))?;
            self.instances.insert(id, found);
        }
        let instance = &self.instances[&id];
        if !fits(&self.header.selection, instance, event) {
            return Ok(());
        }
        if !self.heads.contains_key(&id) {
            let line = InstanceLine {
                instance_id: id,
                handle: instance.registration.handle.clone(),
                origin_store_id: instance.origin_store_id,
            };
            text.push_str(&record::write("instance", &line)?);
        }
        text.push_str(&record::write_event(event, cursor::write_feed(at))?);
        let (sequence_num, hash) = (event.sequence_num, Hex(event.hash.0));
        self.heads.insert(id, HeadLine { instance_id: id, sequence_num, hash });
        self.events += 1;
        Ok(())
    }

    fn end(mut self) -> Result<ExportAnswer> {
        let mut heads: Vec<_> = self.heads.into_values().collect();
        heads.sort_unstable_by_key(|head| head.instance_id);
        let (events, instances) = (self.events, heads.len() as u64);
        for head in &heads {
            (self.write)(&record::write("head", head)?, 0)?;
        }
        (self.write)(&record::write("trailer", &Trailer { events, instances })?, 0)?;
        let whole_chains = self.header.whole_chains;
        Ok(ExportAnswer { success: true, events, instances, whole_chains })
    }
}

fn type_line(stored: StoredType) -> TypeLine {
    TypeLine {
        name: stored.name,
        version: stored.version,
        definition: stored.definition,
        defined_at: stored.defined_at,
        retired_at: stored.retired_at,
    }
}

fn fits(selection: &Selection, instance: &Instance, event: &Event) -> bool {
    let (at, types) = (event.effective_at(), &selection.event_types);
    let names_epic = |epic: &String| {
        event.event_data.value().is_ok_and(|data| data["epic_id"].as_str() == Some(epic))
    };
    selection.project.as_ref().is_none_or(|project| *project == instance.registration.project)
        && types.as_ref().is_none_or(|types| types.contains(&event.event_type))
        && selection.since.is_none_or(|since| at >= since)
        && selection.until.is_none_or(|until| at <= until)
        && selection.epic.as_ref().is_none_or(names_epic)
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
