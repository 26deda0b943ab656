//! `annals demo`

mod scratch;
mod session;

use std::sync::Arc;
use std::time::Instant;

use anstyle::Style;
use clap::Args;
use serde_json::{Value, json};

use super::context::Options;
use super::output::{self, FAINT, HEADING};
use super::summary::summary;
use super::table::{Column, Table, facts};
use super::{events, times};
use crate::domain::error::Result;
use crate::domain::ids::EventId;
use crate::domain::time::{SECOND, Timestamp};
use crate::service::{
    CloseRequest, EmitRequest, EventView, Filters, HeartbeatRequest, QueryAnswer, QueryRequest,
    RegisterAnswer, RegisterRequest, ReplayRequest, Service, SortOrder, VerifyRequest,
};
use scratch::{Scratch, TurnedClock};
use session::{EPIC, PROJECT, Step};

/// Show what Annals does: record a session in a scratch store, and read it back
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// Keep the scratch store, to look around in it
    #[arg(long)]
    keep: bool,
}

const EXAMPLES: &str = "\
Examples:
  annals demo
  annals demo --keep      prints the line that makes it your store for a while

The session is made up; all else is real: it is recorded, queried, replayed and
verified as every session is. Your own store is not touched.";

impl Demo {
    pub async fn run(self, options: &Options) -> Result<()> {
        let started = Instant::now();
        let scratch = Scratch::new(self.keep);
        let shown = demonstrate(&scratch).await?;
        let address = scratch.address().to_string();
        drop(scratch);
        if options.json {
            return output::json(&json!({
                "success": true,
                "store": address,
                "kept": self.keep,
                "instance_id": shown.registered.instance_id,
                "handle": shown.registered.handle,
                "events": shown.all.total_count,
                "chain_is_whole": shown.chain_is_whole,
                "sent_again_and_stored_once": shown.repeated.1,
                "duration_ms": started.elapsed().as_millis() as u64,
            }));
        }
        print(&shown);
        print_next(&address, &shown.registered.handle, self.keep);
        Ok(())
    }
}

/// What the demonstration did and found.
struct Shown {
    registered: RegisterAnswer,
    /// Every event, oldest first.
    all: QueryAnswer,
    /// Those of tests.
    tests: QueryAnswer,
    /// The epic at work and the last event, as of the first failure of tests.
    at_failure: (u64, Option<String>),
    /// The number of the event that was sent again, and whether it was recognised.
    repeated: (u64, bool),
    chain_is_whole: bool,
}

async fn demonstrate(scratch: &Scratch) -> Result<Shown> {
    let steps = session::steps();
    let length = steps.last().map_or(0, |(second, _)| *second);
    let start = Timestamp::now().plus(-length * SECOND);
    let clock = TurnedClock::at(start);
    let service = scratch.service(Arc::clone(&clock) as _).await?;
    let register = RegisterRequest { project: PROJECT.into(), ..RegisterRequest::default() };
    let registered = service.register(register).await?;
    let id = &registered.instance_id;
    let mut repeated = (0, false);
    for (second, step) in steps {
        clock.turn_to(start.plus(second * SECOND));
        if let Some(sent) = record(&service, id, step).await? {
            repeated = sent;
        }
    }
    let shown = read_back(&service, registered, repeated).await;
    service.shutdown().await;
    shown
}

/// Records a step. A passed test is sent twice, as by a client that lost the answer; gives its number
/// and whether the second was recognised.
async fn record(service: &Service, id: &str, step: Step) -> Result<Option<(u64, bool)>> {
    let instance_id = id.to_owned();
    match step {
        Step::Event(event_type, event_data) => {
            let request = EmitRequest {
                instance_id,
                event_type: event_type.to_owned(),
                event_data,
                metadata: None,
                event_id: Some(EventId::generate().to_string()),
                expected_sequence_num: None,
                occurred_at: None,
                caused_by: None,
                correlation_id: None,
            };
            service.emit(request.clone()).await?;
            if event_type == "test_passed" {
                let again = service.emit(request).await?.receipt;
                return Ok(Some((again.sequence_num, again.duplicate)));
            }
        }
        Step::Heartbeat(percent) => {
            let (context_percent, current_epic) = (Some(percent), Some(EPIC.to_owned()));
            let request = HeartbeatRequest { instance_id, context_percent, current_epic };
            service.heartbeat(request).await?;
        }
        Step::Close(reason) => {
            let request = CloseRequest { instance_id, reason: Some(reason.to_owned()) };
            service.close_instance(request).await?;
        }
    }
    Ok(None)
}

async fn read_back(
    service: &Service,
    registered: RegisterAnswer,
    repeated: (u64, bool),
) -> Result<Shown> {
    let id = &registered.instance_id;
    let query = async |category: Option<&str>| {
        let filters = Filters { category: category.map(str::to_owned), ..Filters::default() };
        service
            .query(QueryRequest {
                instance_id: Some(id.clone()),
                filters: Some(filters),
                order: SortOrder::Asc,
                ..QueryRequest::default()
            })
            .await
    };
    let all = query(None).await?;
    let tests = query(Some("testing")).await?;
    let failure = tests.events.first().map_or(1, |event| event.sequence_num);
    let to_sequence_num = Some(failure as i64);
    let replay = ReplayRequest { instance_id: id.clone(), to_sequence_num };
    let state = service.replay(replay).await?.final_state;
    let verified = service.verify(VerifyRequest { instance_id: Some(id.clone()) }, |_| {}).await?;
    Ok(Shown {
        at_failure: (failure, state.last_epic.map(|epic| epic.value)),
        chain_is_whole: verified.valid,
        registered,
        all,
        tests,
        repeated,
    })
}

fn print(shown: &Shown) {
    let handle = &shown.registered.handle;
    let title = format!("A session of a coding agent, {handle}: made up, recorded for real");
    output::line(&output::styled(HEADING, &title));
    output::line("");
    let columns = [
        Column::Number("seq"),
        Column::Short("time"),
        Column::Short("type"),
        Column::Prose("data"),
    ];
    let mut table = Table::new(&columns);
    for event in &shown.all.events {
        let time = times::local(event.timestamp);
        // Hours and minutes are enough of a session that is over within an hour.
        let time = time.split([' ', ':']).skip(1).take(2).collect::<Vec<_>>().join(":");
        table.row([
            (event.sequence_num.to_string(), Style::new()),
            (time, FAINT),
            (event.event_type.clone(), events::type_style(&event.event_type)),
            (summary(&event.event_type, &event.event_data), Style::new()),
        ]);
    }
    table.print();
    output::line("");
    facts(answers(shown).map(|(command, answer)| (command, answer, Style::new())));
    output::line("");
    output::paragraph(&in_words(&shown.all.events));
}

/// Commands, and what they answer.
fn answers(shown: &Shown) -> [(String, String); 4] {
    let handle = &shown.registered.handle;
    let part = handle.rsplit('-').next().unwrap_or(handle);
    let all = shown.all.total_count;
    let (failure, epic) = &shown.at_failure;
    let epic = epic.as_deref().unwrap_or("nothing");
    let tests: Vec<String> = shown
        .tests
        .events
        .iter()
        .map(|event| match event.event_type.as_str() {
            "test_failed" => format!("{} failed", number(event, "failed_count")),
            _ => format!("{} passed", number(event, "passed_count")),
        })
        .collect();
    let (repeated, once) = shown.repeated;
    [
        (
            format!("annals query {part} -c testing"),
            format!("{} of {all} events: {}", shown.tests.total_count, tests.join(", then ")),
        ),
        (
            format!("annals replay {part} --to {failure}"),
            format!("as it was when tests failed: at work on {epic}"),
        ),
        (
            format!("annals verify {part}"),
            match shown.chain_is_whole {
                true => format!("{all} events, a whole chain of hashes"),
                false => "the chain of hashes is broken".to_owned(),
            },
        ),
        (
            format!("event {repeated} sent again"),
            match once {
                true => "recognised by its id, and stored once".to_owned(),
                false => "stored twice".to_owned(),
            },
        ),
    ]
}

/// What happened, in sentences that follow from the events.
fn in_words(events: &[EventView]) -> String {
    let of_type = |name: &str| events.iter().find(|event| event.event_type == name);
    let minutes = |from: &EventView, to: &EventView| {
        let seconds = to.timestamp.since(from.timestamp) / SECOND;
        output::count((seconds.max(0) as u64).div_ceil(60), "minute")
    };
    let mut words = Vec::new();
    if let (Some(begun), Some(done)) = (of_type("epic_started"), of_type("epic_completed")) {
        words.push(format!("{} took {}.", text(begun, "epic_id"), minutes(begun, done)));
    }
    if let (Some(failed), Some(passed)) = (of_type("test_failed"), of_type("test_passed")) {
        let (failures, later) = (number(failed, "failed_count"), minutes(failed, passed));
        words.push(format!("{failures} tests failed at first; {later} later all passed."));
    }
    if let Some(deployed) = of_type("deployment_completed") {
        let (service, place) = (text(deployed, "service"), text(deployed, "environment"));
        words.push(format!("{service} went into {place}."));
    }
    let redacted = events.iter().find(|event| event.event_data.to_string().contains("[REDACTED:"));
    if let Some(redacted) = redacted {
        let number = redacted.sequence_num;
        words.push(format!("The password in event {number} was replaced before it was stored."));
    }
    words.join(" ")
}

fn number(event: &EventView, field: &str) -> u64 {
    event.event_data.get(field).and_then(Value::as_u64).unwrap_or_default()
}

fn text<'a>(event: &'a EventView, field: &str) -> &'a str {
    event.event_data.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn print_next(address: &str, handle: &str, kept: bool) {
    if kept {
        output::note("the scratch store is kept; to look around in it:");
        output::note_command(&format!("export ANNALS_STORE='{address}'"));
        output::note_command(&format!("annals query {handle} --full"));
        return;
    }
    output::note("the scratch store is gone again (--keep keeps it); next:");
    output::note_command("annals serve           agents record over MCP; shows how to connect one");
    output::note_command("annals import git .    the history of a repository becomes events");
}
