//! `annals instances`

use clap::{Args, ValueEnum};
use comfy_table::Cell;

use super::context::Context;
use super::{output, times};
use crate::domain::error::Result;
use crate::domain::instance::Status;
use crate::service::{InstanceView, ListInstancesRequest};

/// List instances, the one with the newest life first
#[derive(Debug, Args)]
pub struct Instances {
    /// Only instances of this project
    #[arg(long, short)]
    project: Option<String>,
    /// Only instances with this status
    #[arg(long, value_enum)]
    status: Option<StatusArgument>,
    /// At most so many, 1 to 1000 [default: 100]
    #[arg(long, short = 'n', value_name = "N", allow_negative_numbers = true)]
    limit: Option<i64>,
    /// The next_cursor of the page before
    #[arg(long)]
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StatusArgument {
    /// Shows life
    Active,
    /// No life for 120 seconds
    Stale,
    /// Closed
    Closed,
}

impl Instances {
    pub async fn run(self, context: &Context) -> Result<()> {
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
        let service = context.service()?;
        let answer = service.list_instances(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        if answer.instances.is_empty() {
            output::note("no instance; register one with: annals register --project NAME");
            return Ok(());
        }
        list(&answer.instances);
        if let Some(cursor) = answer.next_cursor {
            let shown = answer.instances.len();
            let total = answer.total_count;
            output::note(&format!(
                "{shown} of {total} instances; the next ones: --cursor {cursor}"
            ));
        }
        Ok(())
    }
}

/// Prints instances as a table.
pub fn list(instances: &[InstanceView]) {
    let headings = ["handle", "status", "last life", "events", "context", "epic"];
    let mut table = output::table(&headings);
    for instance in instances {
        let context = instance.context_percent.map(|percent| format!("{percent:.0} %"));
        table.add_row([
            Cell::new(&instance.handle),
            output::status_cell(instance.status),
            Cell::new(format!("{} ago", times::age(instance.age_seconds))),
            Cell::new(instance.last_sequence),
            Cell::new(context.unwrap_or_else(|| "-".into())),
            Cell::new(
                instance.current_epic.as_deref().map_or_else(|| "-".into(), output::printable),
            ),
        ]);
    }
    output::print(&table);
}
