//! `annals query`

use clap::{Args, ValueEnum};

use super::context::Context;
use super::{output, times};
use crate::domain::error::Result;
use crate::domain::time::Timestamp;
use crate::service::{EventView, Filters, OneOrMany, QueryAnswer, QueryRequest, SortOrder};

/// Show the events of an instance, newest first
#[derive(Debug, Args)]
pub struct Query {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
    /// Only events of this type; may be given several times
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    event_types: Vec<String>,
    /// Only event types of this category
    #[arg(long, short, value_name = "CATEGORY")]
    category: Option<String>,
    /// Only events from then on: 2026-11-23, 2026-11-23T09:30:00Z, or a span such as 2h or 3d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events up to then
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
    /// The order of the events
    #[arg(long, value_enum, default_value_t = OrderArgument::Desc)]
    order: OrderArgument,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OrderArgument {
    /// Oldest first
    Asc,
    /// Newest first
    Desc,
}

impl Query {
    pub async fn run(self, context: &Context) -> Result<()> {
        let now = Timestamp::now();
        let point = |text: String| times::point(&text, now);
        let types = self.event_types;
        let request = QueryRequest {
            instance_id: Some(self.id),
            project: None,
            epic: None,
            cursor: None,
            filters: Some(Filters {
                event_type: (!types.is_empty()).then_some(OneOrMany::Many(types)),
                category: self.category,
                start_date: self.since.map(point),
                end_date: self.until.map(point),
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
        events(&answer.events);
        page_note(&answer, self.offset.unwrap_or(0));
        Ok(())
    }
}

/// Prints events as a table.
pub fn events(events: &[EventView]) {
    let mut table = output::table(&["seq", "time", "type", "data"]);
    for event in events {
        table.add_row([
            event.sequence_num.to_string(),
            times::local(event.occurred_at.unwrap_or(event.timestamp)),
            event.event_type.clone(),
            shorten(&output::summary(&event.event_data)),
        ]);
    }
    if !events.is_empty() {
        output::print(&table);
    }
}

fn page_note(answer: &QueryAnswer, offset: i64) {
    let (shown, total) = (answer.events.len(), answer.total_count);
    match (shown, answer.has_more) {
        (0, false) if total == 0 => output::note("no event fits"),
        (_, true) => {
            let next = offset + i64::try_from(shown).unwrap_or(0);
            output::note(&format!("{shown} of {total} events; the next ones: --offset {next}"));
        }
        _ => output::note(&format!("{shown} of {total} events")),
    }
}

/// At most three hundred characters, so that one event does not fill the screen.
fn shorten(text: &str) -> String {
    const MOST: usize = 300;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}
