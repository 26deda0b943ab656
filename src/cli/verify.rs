//! `annals verify`

use anstyle::Style;
use clap::Args;

use super::context::Context;
use super::output::{self, BAD, GOOD};
use super::progress::Progress;
use super::table::{Column, Table};
use super::wrap::Stream;
use crate::domain::error::Result;
use crate::service::{VerifyAnswer, VerifyRequest};

/// Check that no event was changed, removed, inserted or reordered
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    /// The instance to check: its id, its handle, or a part of its handle [default: all]
    id: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  annals verify             every instance of the store
  annals verify 8f4a2b

Exit code 1 where a chain is broken.";

impl Verify {
    /// Gives the exit code: 1 where a fault was found.
    pub async fn run(self, context: &Context) -> Result<u8> {
        let service = context.service().await?;
        let progress = Progress::new(None, "verifying events");
        let request = VerifyRequest { instance_id: self.id };
        let answer = service.verify(request, |events| progress.add(events)).await;
        progress.finish();
        service.shutdown().await;
        let answer = answer?;
        if context.json {
            output::json(&answer)?;
        } else {
            print(&answer);
        }
        Ok(u8::from(!answer.valid))
    }
}

fn print(answer: &VerifyAnswer) {
    let instances = output::count(answer.instances_checked, "instance");
    if answer.valid {
        let events = output::count(answer.events_checked, "event");
        let verdict = format!("{events} of {instances}, every chain unbroken");
        output::labelled(Stream::Output, GOOD, "whole", &verdict);
    } else {
        let verdict = format!("{} of {instances}", answer.faults.len());
        output::labelled(Stream::Output, BAD, "broken", &verdict);
        let mut table = Table::new(&[
            Column::Short("handle"),
            Column::Number("event"),
            Column::Prose("what is wrong"),
        ]);
        for fault in &answer.faults {
            let event = fault.sequence_num.to_string();
            let cells = [fault.handle.clone(), event, fault.message.clone()];
            table.row(cells.map(|text| (text, Style::new())));
        }
        table.print();
    }
    output::note(answer.not_proven);
}
