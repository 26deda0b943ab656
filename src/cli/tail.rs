//! `annals tail`

use std::io::Write;
use std::time::Duration;

use anstream::stdout;
use anstyle::Style;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::mcp::no_signals;
use super::output::{self, FAINT};
use super::summary::summary;
use super::table::side_by_side;
use super::wrap::{self, Stream};
use super::{events, first_steps, times};
use crate::domain::error::{Code, Error, Result};
use crate::http;
use crate::service::{FeedEvent, FeedRequest, Service};

/// Show events as they are recorded, of all instances or of one
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
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

const EXAMPLES: &str = "\
Examples:
  annals tail --follow                  all agents, as they work
  annals tail 8f4a2b -n 50 -f           one of them
  annals tail --json -f --after f0.2a   for a program, from where it stopped

With --follow it shows what any program records, within a fifth of a second,
until Ctrl-C ends it with exit code 0, or the store cannot be read. In --json
each event has a cursor: --after goes on from it, without a gap or a repeat.";

/// How long the line that is being written may take after the signal to stop.
const LINE: Duration = Duration::from_millis(200);

impl Tail {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service()?;
        let tailed = if self.follow {
            self.follow(&service, context.json).await
        } else {
            self.tail(&service, context.json, &CancellationToken::new()).await
        };
        service.shutdown().await;
        tailed
    }

    /// Ends with the signal to stop, also when events come faster than they are shown, or the reader of
    /// the output takes nothing: such a write, which nothing can cancel, is left behind.
    async fn follow(self, service: &Service, json: bool) -> Result<()> {
        let stop = http::on_signal().map_err(no_signals)?;
        let (service, stopped) = (service.clone(), stop.clone());
        let mut tailing = tokio::spawn(async move { self.tail(&service, json, &stopped).await });
        let ended = tokio::select! {
            ended = &mut tailing => Some(ended),
            () = stop.cancelled() => tokio::time::timeout(LINE, tailing).await.ok(),
        };
        match ended {
            None => Ok(()),
            Some(Ok(tailed)) => tailed,
            Some(Err(fault)) => {
                Err(Error::new(Code::Internal, fault.to_string(), "report this fault"))
            }
        }
    }

    async fn tail(self, service: &Service, json: bool, stop: &CancellationToken) -> Result<()> {
        let mut appended = service.appended();
        let page = service.limits().query_limit as i64;
        let mut cursor = match self.after {
            Some(cursor) => cursor,
            None => service.feed_cursor(self.id.as_deref(), self.lines).await?,
        };
        let mut shown = false;
        loop {
            appended.mark_unchanged();
            let request = FeedRequest {
                instance_id: self.id.clone(),
                cursor: Some(cursor.clone()),
                limit: Some(page),
            };
            let Some(found) = stop.run_until_cancelled(service.feed(request)).await else {
                return Ok(());
            };
            let found = found?.events;
            shown |= !found.is_empty();
            for event in &found {
                if stop.is_cancelled() {
                    return Ok(());
                }
                let line =
                    if json { output::to_json(event)? } else { entry(event, self.id.is_some()) };
                // A reader that has closed the pipe wants no more.
                let mut stdout = stdout().lock();
                if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
                    return Ok(());
                }
                cursor.clone_from(&event.cursor);
            }
            if found.is_empty() {
                if !self.follow {
                    return match shown {
                        false if !json => first_steps::note_if_empty(service).await.map(drop),
                        _ => Ok(()),
                    };
                }
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    changed = appended.changed() => if changed.is_err() { return Ok(()) },
                }
            }
        }
    }
}

/// An event in a line, or, where that is too long for the terminal, with its data below.
fn entry(found: &FeedEvent, of_one: bool) -> String {
    let event = &found.event;
    let time = times::local(event.occurred_at.unwrap_or(event.timestamp));
    let handle = event.handle.as_deref().filter(|_| !of_one);
    let handle = handle.map(|handle| (format!("{handle:<20}"), Style::new()));
    let data = output::printable(&summary(&event.event_type, &event.event_data));
    // Nothing is aligned with nothing.
    let type_width = if data.is_empty() { 0 } else { 22 };
    let kind = format!("{:<type_width$}", event.event_type);
    let mut head: Vec<(String, Style)> = [(time, FAINT)]
        .into_iter()
        .chain(handle)
        .chain([
            (format!("{:>6}", event.sequence_num), Style::new()),
            (kind, events::type_style(&event.event_type)),
        ])
        .collect();
    let width = Stream::Output.width();
    let taken: usize = head.iter().map(|(text, _)| wrap::width_of(text) + 2).sum();
    let fits = |width: u16| taken + wrap::width_of(&data) <= usize::from(width);
    if width.is_none_or(fits) {
        let line = side_by_side(head.iter(), None).concat();
        return if data.is_empty() { line } else { format!("{line}  {data}") };
    }
    let mut lines = match width {
        Some(width) if taken > usize::from(width) => {
            let short: Vec<_> =
                head.iter().map(|(text, style)| (text.trim().to_owned(), *style)).collect();
            side_by_side(short.iter(), Some(width))
        }
        _ => {
            if let Some((kind, _)) = head.last_mut() {
                kind.truncate(kind.trim_end().len()); // nothing stands beside it
            }
            side_by_side(head.iter(), None)
        }
    };
    let below = wrap::paragraph(&data, width.map(|width| width.saturating_sub(4)));
    lines.extend(below.iter().map(|text| format!("    {text}")));
    lines.join("\n")
}
