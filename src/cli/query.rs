//! `annals query`

use clap::{Args, ValueEnum};

use super::context::Context;
use super::times::{self, Edge};
use super::{events, output};
use crate::domain::error::Result;
use crate::domain::time::Timestamp;
use crate::service::{Filters, OneOrMany, QueryAnswer, QueryRequest, SortOrder};

/// Show the events of an instance, newest first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Query {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
    /// Only events of this type; may be given several times
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    event_types: Vec<String>,
    /// Only event types of this category
    #[arg(long, short, value_name = "CATEGORY")]
    category: Option<String>,
    /// Only events from then on, see below
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events up to then, see below
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only events that have this text in their type, keys or values
    #[arg(long, short, value_name = "TEXT")]
    keyword: Option<String>,
    /// Only events with a higher sequence number
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    after: Option<i64>,
    /// At most so many events, 1 to 1000 [default: 100]
    #[arg(long, short = 'n', value_name = "N", allow_negative_numbers = true)]
    limit: Option<i64>,
    /// Leave out so many events first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    offset: Option<i64>,
    /// Oldest or newest first
    #[arg(long, value_enum, default_value_t = OrderArgument::Desc)]
    order: OrderArgument,
    /// Show all that is stored of each event, instead of a table
    #[arg(long)]
    full: bool,
}

const EXAMPLES: &str = "\
Examples:
  annals query 8f4a2b --type test_failed --since 2h
  annals query 8f4a2b --keyword oauth -n 20
  annals query 8f4a2b --after 41 --order asc    what is new since event 41
  annals query 8f4a2b -n 1 --full               the last event, whole

A TIME is a span before now (30m, 2h, 3d), a local time (09:30,
'2026-11-23 09:30:15'), a date (2026-11-23, the whole day in UTC), or RFC 3339
(2026-11-23T09:30:00Z).";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OrderArgument {
    Asc,
    Desc,
}

impl Query {
    pub async fn run(self, context: &Context) -> Result<()> {
        let now = Timestamp::now();
        let point = |text: String, edge| times::point(&text, now, edge);
        let types = self.event_types;
        let request = QueryRequest {
            instance_id: Some(self.id),
            project: None,
            epic: None,
            cursor: None,
            filters: Some(Filters {
                event_type: (!types.is_empty()).then_some(OneOrMany::Many(types)),
                category: self.category,
                start_date: self.since.map(|text| point(text, Edge::Start)),
                end_date: self.until.map(|text| point(text, Edge::End)),
                keyword: self.keyword,
                values: None,
                after_sequence: self.after,
            }),
            limit: self.limit,
            offset: self.offset,
            order: match self.order {
                OrderArgument::Asc => SortOrder::Asc,
                OrderArgument::Desc => SortOrder::Desc,
            },
        };
        let service = context.service()?;
        let answer = service.query(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        if self.full {
            events::in_full(&answer.events)
        } else {
            events::list(&answer.events)
        }
        page_note(&answer, self.offset.unwrap_or(0));
        Ok(())
    }
}

fn page_note(answer: &QueryAnswer, offset: i64) {
    let (shown, total) = (answer.events.len() as u64, answer.total_count);
    let events = output::count(total, "event");
    let note = match (shown, total) {
        (0, 0) => "no event fits".to_owned(),
        (0, _) => format!("offset {offset} is beyond the last of {events}"),
        _ if answer.has_more => {
            let next = offset.unsigned_abs() + shown;
            format!("{shown} of {events}; more: add --offset {next}")
        }
        _ if shown == total => events,
        _ => format!("{shown} of {events}"),
    };
    output::note(&note);
}
