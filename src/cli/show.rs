//! `annals show`

use clap::Args;

use super::context::Context;
use super::{output, query, times};
use crate::domain::error::Result;
use crate::service::{DetailsAnswer, DetailsRequest};

/// Show one instance: what it is, what it does, its last events
#[derive(Debug, Args)]
pub struct Show {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
}

impl Show {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service()?;
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
    let or_none =
        |text: Option<String>| text.map_or_else(|| "-".into(), |text| output::printable(&text));
    let age = times::age(instance.age_seconds);
    output::facts([
        ("handle", instance.handle),
        ("instance id", instance.instance_id),
        ("project", instance.project),
        ("type", instance.instance_type),
        ("status", output::status(instance.status)),
        ("registered", times::local(instance.created_at)),
        ("last life", format!("{} ({age} ago)", times::local(instance.last_heartbeat))),
        ("host", or_none(instance.host)),
        ("process", or_none(instance.pid.map(|pid| pid.to_string()))),
        ("context", or_none(instance.context_percent.map(|percent| format!("{percent:.0} %")))),
        ("current epic", or_none(instance.current_epic)),
        ("last epic", or_none(answer.state.last_epic.map(|epic| epic.value))),
        ("events", instance.last_sequence.to_string()),
    ]);
    output::line("");
    query::events(&answer.last_events);
}
