//! `annals import git`

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::capture::git::{GitEvent, History, Repository};
use crate::cli::context::Context;
use crate::cli::output;
use crate::cli::progress::Progress;
use crate::domain::error::Result;
use crate::domain::ids::EventId;
use crate::domain::limits::BATCH_EVENTS;
use crate::service::{EventInput, RegisterRequest, Service};

/// Record the history of a git repository: its commits and merged pull requests
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Git {
    /// The repository, or a folder in it
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The branch to read [default: the one checked out]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// The project to file it under [default: the repository's name]
    #[arg(long, short, value_name = "NAME")]
    project: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  annals import git .
  annals import git ~/src/odin --branch develop

One instance stands for the repository, whichever clone is read. Importing
again adds only what is new.";

/// What an import did.
#[derive(Debug, Serialize)]
struct Imported {
    success: bool,
    instance_id: String,
    handle: String,
    commits: usize,
    events_added: u64,
    events_known: usize,
    shallow: bool,
}

impl Git {
    pub async fn run(self, context: &Context) -> Result<()> {
        let repository = Repository::open(&self.path)?;
        let history = repository.history(self.branch.as_deref())?;
        let service = context.service().await?;
        let imported = self.import(&service, &repository, history).await;
        service.shutdown().await;
        let imported = imported?;
        if context.json {
            return output::json(&imported);
        }
        let Imported { handle, commits, events_added, .. } = &imported;
        let added = match events_added {
            0 => "nothing new".to_owned(),
            added => format!("{} added", output::count(*added, "event")),
        };
        let commits = output::count(*commits as u64, "commit");
        output::line(&format!("{handle}  {added} from {commits}"));
        if imported.shallow {
            output::note("the clone is shallow: only the commits that it has were read");
        }
        output::note(&format!("look at them with: annals query {handle}"));
        Ok(())
    }

    async fn import(
        self,
        service: &Service,
        repository: &Repository,
        history: History,
    ) -> Result<Imported> {
        let register = RegisterRequest {
            project: self.project.unwrap_or_else(|| repository.project().to_owned()),
            instance_type: Some("git".into()),
            ..RegisterRequest::default()
        };
        let mut import = service.start_history_import(repository.instance_id()?, register).await?;
        let commits = history.total();
        let progress = Progress::new(Some(commits as u64), "importing commits");
        let mut batches = read(history, import.known().clone());
        while let Some(batch) = batches.recv().await {
            let batch = batch?;
            progress.at(batch.commits_done);
            service.add_history(&mut import, batch.events).await?;
        }
        progress.finish();
        service.finish_history_import(&import).await?;
        Ok(Imported {
            success: true,
            instance_id: import.instance_id().to_string(),
            handle: import.handle().to_owned(),
            commits,
            events_added: import.added(),
            events_known: import.known().len(),
            shallow: repository.shallow(),
        })
    }
}

struct Batch {
    events: Vec<EventInput>,
    commits_done: u64,
}

/// Reads the history on a thread of its own, a little ahead of what is being stored.
fn read(history: History, known: HashSet<EventId>) -> mpsc::Receiver<Result<Batch>> {
    let (batches, receiver) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let mut events = history.events(|id| known.contains(id));
        loop {
            let batch: Result<Vec<_>> =
                events.by_ref().take(BATCH_EVENTS).map(|event| event.map(input)).collect();
            let is_last = batch.as_ref().map_or(true, Vec::is_empty);
            let commits_done = events.commits_done() as u64;
            let batch = batch.map(|events| Batch { events, commits_done });
            if batches.blocking_send(batch).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

fn input(event: GitEvent) -> EventInput {
    EventInput {
        event_id: Some(event.event_id.to_string()),
        occurred_at: Some(event.occurred_at.to_string()),
        ..EventInput::new(event.event_type, event.event_data)
    }
}
