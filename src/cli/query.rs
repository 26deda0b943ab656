//! `annals query`

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use super::context::Context;
use super::format::{self, Field, Format};
use super::times::{self, Edge};
use super::{first_steps, output};
use crate::domain::error::{Code, Error, Result};
use crate::domain::time::Timestamp;
use crate::service::{Filters, OneOrMany, QueryAnswer, QueryRequest, SortOrder};

/// Show the events of an instance, newest first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Query {
    /// The instance: its id, its handle, or a part of its handle
    #[arg(required_unless_present_any = ["project", "epic"], conflicts_with_all = ["project", "epic"])]
    id: Option<String>,
    /// In place of an instance: all instances of this project
    #[arg(long, short, value_name = "NAME")]
    project: Option<String>,
    /// In place of an instance: the events that name this epic
    #[arg(long, value_name = "EPIC")]
    epic: Option<String>,
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
    /// Only events with this value; may be given several times
    #[arg(long = "where", value_name = "PATH=VALUE", value_parser = condition)]
    values: Vec<(String, Value)>,
    /// Only events with a higher sequence number
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    after: Option<i64>,
    /// At most so many events, 1 to 1000 unless configured otherwise [default: 100]
    #[arg(long, short = 'n', value_name = "N", allow_negative_numbers = true)]
    limit: Option<i64>,
    /// Leave out so many events first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    offset: Option<i64>,
    /// Go on where the page before ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Oldest or newest first
    #[arg(long, value_enum, default_value_t = OrderArgument::Desc)]
    order: OrderArgument,
    /// A table, each event in full, JSON Lines or CSV
    #[arg(long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    format: Format,
    /// Show all that is stored of each event: --format full
    #[arg(long, conflicts_with = "format")]
    full: bool,
    /// Show only these fields, such as timestamp,event_type,epic_id
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    fields: Vec<String>,
}

/// `PATH=VALUE`: the value is JSON where it can be read as such, else text.
fn condition(text: &str) -> std::result::Result<(String, Value), String> {
    let (path, value) = text.split_once('=').ok_or("write PATH=VALUE, such as test_type=unit")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((path.to_owned(), value))
}

/// The conditions together. None may hide another on the same path.
fn conditions(given: Vec<(String, Value)>) -> Result<Option<Map<String, Value>>> {
    let mut conditions = Map::new();
    for (path, value) in given {
        if conditions.contains_key(&path) {
            return Err(Error::new(
                Code::InvalidArgument,
                format!("filters.where names {path} twice, and no event has two values there"),
                "give each path one value",
            )
            .at("filters.where"));
        }
        conditions.insert(path, value);
    }
    Ok((!conditions.is_empty()).then_some(conditions))
}

const EXAMPLES: &str = "\
Examples:
  annals query 8f4a2b --type test_failed --since 2h
  annals query 8f4a2b --keyword oauth -n 20
  annals query 8f4a2b --after 41 --order asc    what is new since event 41
  annals query 8f4a2b -n 1 --full               the last event, whole
  annals query --project odin --epic epic-003   across all instances
  annals query 8f4a2b --where test_type=unit --fields timestamp,passed_count

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
            instance_id: self.id,
            project: self.project,
            epic: self.epic,
            cursor: self.cursor,
            filters: Some(Filters {
                event_type: (!types.is_empty()).then_some(OneOrMany::Many(types)),
                category: self.category,
                start_date: self.since.map(|text| point(text, Edge::Start)),
                end_date: self.until.map(|text| point(text, Edge::End)),
                keyword: self.keyword,
                values: conditions(self.values)?,
                after_sequence: self.after,
            }),
            limit: self.limit,
            offset: self.offset,
            order: match self.order {
                OrderArgument::Asc => SortOrder::Asc,
                OrderArgument::Desc => SortOrder::Desc,
            },
        };
        let fields = Field::parse_all(&self.fields)?;
        let by_cursor = request.cursor.is_some();
        let service = context.service().await?;
        let answer = service.query(request).await?;
        let none_yet = answer.total_count == 0
            && !context.json
            && first_steps::note_if_empty(&service).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        if none_yet {
            return Ok(());
        }
        let format = if self.full { Format::Full } else { self.format };
        format::print(format, &answer.events, fields)?;
        page_note(&answer, self.offset.unwrap_or(0), by_cursor);
        Ok(())
    }
}

fn page_note(answer: &QueryAnswer, offset: i64, by_cursor: bool) {
    let (shown, total) = (answer.events.len() as u64, answer.total_count);
    let events = output::count(total, "event");
    let note = match (shown, total) {
        (0, 0) => "no event fits".to_owned(),
        (0, _) if by_cursor => format!("no more of {events}"),
        (0, _) => format!("offset {offset} is beyond the last of {events}"),
        _ if by_cursor => match &answer.next_cursor {
            Some(next) => format!("{shown} of {events}; more: add --cursor {next}"),
            None => format!("the last {shown} of {events}"),
        },
        _ if answer.has_more => {
            let next = offset.unsigned_abs() + shown;
            format!("{shown} of {events}; more: add --offset {next}")
        }
        _ if shown == total => events,
        _ => format!("{shown} of {events}"),
    };
    output::note(&note);
}
