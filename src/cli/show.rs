//! `annals show`

use anstyle::Style;
use clap::Args;

use super::context::Context;
use super::table::facts;
use super::{events, output, times};
use crate::domain::error::Result;
use crate::service::{DetailsAnswer, DetailsRequest};

/// Show one instance: what it is, what it does, its last events
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Show {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
}

const EXAMPLES: &str = "\
Example:
  annals show 8f4a2b";

impl Show {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service().await?;
        let answer = service.details(DetailsRequest { instance_id: self.id }).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        print(answer);
        Ok(())
    }
}

fn print(answer: DetailsAnswer) {
    let instance = answer.instance;
    let last_seen = times::local(instance.last_heartbeat);
    let ago = times::ago(instance.age_seconds);
    let shown = answer.last_events.len() as u64;
    let handle = instance.handle.clone();
    let all = [
        ("handle", Some(instance.handle)),
        ("instance id", Some(instance.instance_id)),
        ("project", Some(instance.project)),
        ("type", Some(instance.instance_type)),
        ("status", Some(instance.status.as_str().to_owned())),
        ("registered", Some(times::local(instance.created_at))),
        ("last seen", Some(format!("{last_seen} ({ago})"))),
        ("host", instance.host),
        ("process", instance.pid.map(|pid| pid.to_string())),
        ("context", instance.context_percent.map(|percent| format!("{percent:.0} %"))),
        ("current epic", instance.current_epic),
        ("last epic", answer.state.last_epic.map(|epic| epic.value)),
        ("events", Some(instance.last_sequence.to_string())),
    ];
    let known = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
    facts(known.map(|(name, value)| match name {
        "status" => (name, value, output::status_style(instance.status)),
        _ => (name, value, Style::new()),
    }));
    output::line("");
    events::list(&answer.last_events);
    if shown < instance.last_sequence {
        let total = output::count(instance.last_sequence, "event");
        output::note(&format!("the last {shown} of {total}; all: annals query {handle}"));
    }
}
