//! Writing an export.

use std::collections::HashMap;

use super::ExportAnswer;
use super::so_far::{ExportSoFar, Types};
use crate::archive::event_line;
use crate::archive::record::{
    self, HeadLine, Header, Hex, InstanceLine, Selection, Trailer, TypeLine,
};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::service::{Service, cursor, resolve};
use crate::store::{FeedCursor, InstanceHint, StoredType, TypesAsked};

/// How many events are read at a time. With the largest payloads they are 130 MB.
const PAGE: u32 = 100;

/// Lines are written when they have so many bytes, however few they are.
const WRITE_BYTES: usize = 1024 * 1024;

/// An export under way.
pub(super) struct Exporting<'a, W> {
    service: &'a Service,
    header: Header,
    instances: HashMap<InstanceId, Instance>,
    heads: HashMap<InstanceId, HeadLine>,
    types: Types,
    events: u64,
    write: W,
}

impl<'a, W: FnMut(&str, u64) -> Result<()> + Send> Exporting<'a, W> {
    pub fn new(service: &'a Service, header: Header, write: W) -> Self {
        Self {
            service,
            header,
            instances: HashMap::new(),
            heads: HashMap::new(),
            types: Types::new(),
            events: 0,
            write,
        }
    }

    /// Writes the whole export, or what is missing of it.
    pub async fn run(mut self, so_far: Option<ExportSoFar>) -> Result<ExportAnswer> {
        let selected = self.header.selection.instance_id;
        // Before the types, so that those of all the events are there.
        let end = self.service.store.feed_cursor(selected, 0).await?;
        let place = match so_far {
            Some(so_far) => self.go_on(so_far),
            None => {
                (self.write)(&record::write("header", &self.header)?, 0)?;
                FeedCursor::default()
            }
        };
        self.types().await?;
        self.events(place, end).await?;
        self.end()
    }
    /// Goes on from what is there; gives the place in the feed.
    fn go_on(&mut self, so_far: ExportSoFar) -> FeedCursor {
        let heads = so_far.reader.heads().filter(|head| head.sequence_num > 0);
        self.heads = heads.map(|head| (head.instance_id, head)).collect();
        self.events = so_far.reader.events();
        self.types = so_far.types;
        so_far.place
    }

    /// Writes the versions of custom types that are not there yet, or not as retired ones.
    async fn types(&mut self) -> Result<()> {
        let (store, mut text) = (&self.service.store, String::new());
        for newest in store.event_types(&TypesAsked::Newest).await? {
            for version in store.event_types(&TypesAsked::Versions(newest.name)).await? {
                let (key, retired) =
                    ((version.name.clone(), version.version), version.retired_at.is_some());
                if self.types.insert(key, retired) != Some(retired) {
                    text += &record::write("event_type", &type_line(version))?;
                }
            }
        }
        (self.write)(&text, 0)
    }

    /// Writes the events after `place` up to `end`.
    async fn events(&mut self, mut place: FeedCursor, end: FeedCursor) -> Result<()> {
        let (store, id) = (&self.service.store, self.header.selection.instance_id);
        while place < end {
            let page = store.feed(id, place, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            place = *last;
            let (mut text, mut written) = (String::new(), self.events);
            for (at, event) in page.into_iter().filter(|(at, _)| *at <= end) {
                self.event(&event, at, &mut text).await?;
                if text.len() >= WRITE_BYTES {
                    (self.write)(&text, self.events - written)?;
                    (text, written) = (String::new(), self.events);
                }
            }
            (self.write)(&text, self.events - written)?;
        }
        Ok(())
    }

    async fn event(&mut self, event: &Event, at: FeedCursor, text: &mut String) -> Result<()> {
        let id = event.instance_id;
        if !self.instances.contains_key(&id) {
            let found = self.service.store.find_instances(&InstanceHint::Id(id), 1).await?;
            let found = found.into_iter().next();
            let found = found.ok_or_else(|| resolve::not_found(&id.to_string()))?;
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
        text.push_str(&event_line::write(event, cursor::write_feed(at))?);
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
