//! `annals tail`

use std::collections::HashMap;
use std::io::Write;

use anstream::stdout;
use clap::Args;

use super::context::Context;
use super::summary::summary;
use super::{output, times};
use crate::domain::error::Result;
use crate::service::{FeedEvent, FeedRequest, Service};

/// Show events as they are recorded, of all instances or of one
///
/// With --follow it goes on until Ctrl-C, and shows what other programs record within a fifth of a
/// second. In --json, each event has a cursor: --after goes on from it, without a gap or a repeat.
#[derive(Debug, Args)]
pub struct Tail {
    /// Only this instance: its id, its handle, or a part of its handle
    id: Option<String>,
    /// Go on as events are recorded
    #[arg(long, short)]
    follow: bool,
    /// Begin with so many of the last events
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    lines: u32,
    /// Begin after the event with this cursor
    #[arg(long, value_name = "CURSOR", conflicts_with = "lines")]
    after: Option<String>,
}

impl Tail {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service()?;
        let tailed = self.tail(&service, context.json).await;
        service.shutdown().await;
        tailed
    }

    async fn tail(self, service: &Service, json: bool) -> Result<()> {
        let mut appended = service.appended();
        let mut printer = Printer { json, of_one: self.id.is_some(), handles: HashMap::new() };
        let mut cursor = match self.after {
            Some(cursor) => cursor,
            None => service.feed_cursor(self.id.as_deref(), self.lines).await?,
        };
        loop {
            appended.mark_unchanged();
            let request = FeedRequest {
                instance_id: self.id.clone(),
                cursor: Some(cursor.clone()),
                limit: Some(1_000),
            };
            let found = service.feed(request).await?.events;
            for event in &found {
                // A reader that has closed the pipe wants no more.
                if printer.print(service, event).await?.is_err() {
                    return Ok(());
                }
                cursor.clone_from(&event.cursor);
            }
            if found.is_empty() {
                if !self.follow {
                    return Ok(());
                }
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => return Ok(()),
                    changed = appended.changed() => if changed.is_err() { return Ok(()) },
                }
            }
        }
    }
}

struct Printer {
    json: bool,
    of_one: bool,
    /// The handles of the instances seen so far.
    handles: HashMap<String, String>,
}

impl Printer {
    async fn print(&mut self, service: &Service, found: &FeedEvent) -> Result<std::io::Result<()>> {
        let line =
            if self.json { output::to_json(found)? } else { self.line(service, found).await? };
        let mut stdout = stdout().lock();
        Ok(writeln!(stdout, "{line}").and_then(|()| stdout.flush()))
    }

    async fn line(&mut self, service: &Service, found: &FeedEvent) -> Result<String> {
        let event = &found.event;
        let time = times::local(event.occurred_at.unwrap_or(event.timestamp));
        let data = output::printable(&summary(&event.event_type, &event.event_data));
        let (number, kind) = (event.sequence_num, &event.event_type);
        let faint = output::FAINT;
        if self.of_one {
            return Ok(format!("{faint}{time}{faint:#}  {number:>6}  {kind:<22}  {data}"));
        }
        let handle = self.handle(service, event.instance_id.as_deref().unwrap_or_default()).await?;
        Ok(format!("{faint}{time}{faint:#}  {handle:<20} {number:>6}  {kind:<22}  {data}"))
    }

    async fn handle(&mut self, service: &Service, id: &str) -> Result<String> {
        if let Some(handle) = self.handles.get(id) {
            return Ok(handle.clone());
        }
        let handle = service.handle(id).await?;
        self.handles.insert(id.to_owned(), handle.clone());
        Ok(handle)
    }
}
