//! `annals verify`

use clap::Args;

use super::context::Context;
use super::output;
use super::progress::Progress;
use crate::domain::error::Result;
use crate::service::{VerifyAnswer, VerifyRequest};

/// Check that no event was changed, removed, inserted or reordered
#[derive(Debug, Args)]
pub struct Verify {
    /// The instance to check: its id, its handle, or a part of its handle [default: all]
    id: Option<String>,
}

impl Verify {
    /// Gives the exit code: 1 where a fault was found.
    pub async fn run(self, context: &Context) -> Result<u8> {
        let service = context.service()?;
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
    let (events, instances) = (answer.events_checked, answer.instances_checked);
    if answer.valid {
        let verdict = output::good("whole");
        output::line(&format!(
            "{verdict}: {events} events of {instances} instances, every chain unbroken"
        ));
    } else {
        let verdict = output::bad("broken");
        let faults = answer.faults.len();
        output::line(&format!("{verdict}: {faults} of {instances} instances"));
        let mut table = output::table(&["handle", "event", "what is wrong"]);
        for fault in &answer.faults {
            table.add_row([&fault.handle, &fault.sequence_num.to_string(), &fault.message]);
        }
        output::print(&table);
    }
    output::note(answer.not_proven);
}
