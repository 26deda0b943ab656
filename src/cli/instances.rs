//! `annals instances`

use anstyle::Style;
use clap::{Args, ValueEnum};

use super::context::Context;
use super::table::{Column, Table};
use super::{first_steps, output, times};
use crate::domain::error::Result;
use crate::domain::instance::Status;
use crate::service::{InstanceView, ListInstancesRequest};

/// List instances, the one with the newest life first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Instances {
    /// Only instances of this project
    #[arg(long, short, value_name = "NAME")]
    project: Option<String>,
    /// Only instances with this status
    #[arg(long, value_enum)]
    status: Option<StatusArgument>,
    /// At most so many, 1 to 1000 unless configured otherwise [default: 100]
    #[arg(long, short = 'n', value_name = "N", allow_negative_numbers = true)]
    limit: Option<i64>,
    /// Go on where the page before ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  annals instances --status stale       which sessions broke off
  annals instances --project odin

An instance is active, stale after 120 seconds without a sign of life, or
closed.";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StatusArgument {
    Active,
    Stale,
    Closed,
}

impl Instances {
    pub async fn run(self, context: &Context) -> Result<()> {
        let is_filtered = self.project.is_some() || self.status.is_some();
        let request = ListInstancesRequest {
            project: self.project,
            status: self.status.map(|status| match status {
                StatusArgument::Active => Status::Active,
                StatusArgument::Stale => Status::Stale,
                StatusArgument::Closed => Status::Closed,
            }),
            stale_only: false,
            limit: self.limit,
            cursor: self.cursor,
        };
        // That it was made is told with how to begin.
        let service = context.quiet_service().await?;
        let answer = service.list_instances(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        if answer.instances.is_empty() && is_filtered {
            output::note("no instance fits; all of them: annals instances");
        } else if answer.instances.is_empty() {
            first_steps::note(&service);
        } else {
            list(&answer.instances);
        }
        if let Some(cursor) = answer.next_cursor {
            let shown = answer.instances.len();
            let total = answer.total_count;
            output::note(&format!("{shown} of {total} instances; more: add --cursor {cursor}"));
        }
        Ok(())
    }
}

fn list(instances: &[InstanceView]) {
    let mut table = Table::new(&[
        Column::Short("handle"),
        Column::Short("status"),
        Column::Short("last seen"),
        Column::Number("events"),
        Column::Number("context"),
        Column::Prose("epic"),
    ]);
    let plain = |text: String| (text, Style::new());
    for instance in instances {
        let context = instance.context_percent.map(|percent| format!("{percent:.0} %"));
        let epic = instance.current_epic.clone();
        table.row([
            plain(instance.handle.clone()),
            (instance.status.as_str().to_owned(), output::status_style(instance.status)),
            plain(times::ago(instance.age_seconds)),
            plain(instance.last_sequence.to_string()),
            plain(context.unwrap_or_default()),
            plain(epic.unwrap_or_default()),
        ]);
    }
    table.print();
}
