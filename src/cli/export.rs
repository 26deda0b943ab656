//! `annals export`

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::context::Context;
use super::output;
use super::progress::Progress;
use super::times::{self, Edge};
use crate::domain::error::{Code, Error, Result};
use crate::domain::time::Timestamp;
use crate::service::{ExportAnswer, ExportRequest, ExportSoFar, Filters, OneOrMany, Service};

/// Write events with hashes, salts and origin as JSON Lines, to be restored elsewhere
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// The instance: its id, its handle, or a part of its handle
    #[arg(conflicts_with = "all")]
    #[arg(required_unless_present_any = ["all", "project", "epic", "event_types", "since", "until"])]
    id: Option<String>,
    /// Every event of the store, unless the options below leave some out
    #[arg(long)]
    all: bool,
    /// Only instances of this project
    #[arg(long, short, value_name = "NAME")]
    project: Option<String>,
    /// Only events that name this epic
    #[arg(long, value_name = "EPIC")]
    epic: Option<String>,
    /// Only events of this type; may be given several times
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    event_types: Vec<String>,
    /// Only events from then on
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events up to then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The file to write; it must not be there yet [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on with a file that was interrupted
    #[arg(long, requires = "output")]
    resume: bool,
}

const EXAMPLES: &str = "\
Examples:
  annals export --all -o backup.jsonl
  annals export --all -o backup.jsonl --resume    after an interruption
  annals export 8f4a2b | gzip > run.jsonl.gz
  annals export --project odin --type test_failed --since 2026-11-01

A TIME is a span before now (2h), a date, or what else annals query takes.
Restore an export with: annals import jsonl FILE. One of --epic, --type,
--since or --until leaves out single events; the rest is no whole chain and can
only be imported as plain events.";

impl Export {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service()?;
        let answer = self.export(&service).await;
        service.shutdown().await;
        let answer = answer?;
        if context.json && self.output.is_some() {
            return output::json(&answer);
        }
        let (events, instances) =
            (output::count(answer.events, "event"), output::count(answer.instances, "instance"));
        output::note(&format!("{events} of {instances} exported"));
        Ok(())
    }

    async fn export(&self, service: &Service) -> Result<ExportAnswer> {
        let now = Timestamp::now();
        let point = |text: &String, edge| times::point(text, now, edge);
        let types = self.event_types.clone();
        let request = ExportRequest {
            instance_id: self.id.clone(),
            project: self.project.clone(),
            epic: self.epic.clone(),
            filters: Filters {
                event_type: (!types.is_empty()).then_some(OneOrMany::Many(types)),
                start_date: self.since.as_ref().map(|text| point(text, Edge::Start)),
                end_date: self.until.as_ref().map(|text| point(text, Edge::End)),
                ..Filters::default()
            },
        };
        let selection = service.export_selection(request).await?;
        let progress = Progress::new(None, "exporting events");
        let answer = match &self.output {
            None => {
                let mut written = std::io::stdout();
                let write = |text: &str, events| {
                    progress.add(events);
                    write(&mut written, text, Path::new("standard output"))
                };
                service.export(selection, None, write).await
            }
            Some(path) => {
                let (mut file, so_far) = self.open(path)?;
                let answer = service
                    .export(selection, so_far, |text, events| {
                        progress.add(events);
                        write(&mut file, text, path)
                    })
                    .await;
                file.sync_all().map_err(|error| unwritable(path, &error))?;
                answer
            }
        };
        progress.finish();
        answer
    }

    /// The file to write to, and what it holds already, from whose end on it is written.
    fn open(&self, path: &Path) -> Result<(File, Option<ExportSoFar>)> {
        let fault = |error: std::io::Error| unwritable(path, &error);
        if !self.resume {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            return Ok((file.map_err(fault)?, None));
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(fault)?;
        let so_far = ExportSoFar::read(BufReader::new(&file))?;
        file.rewind().map_err(fault)?;
        if so_far.bytes() == 0 && !begins_export(&mut file).map_err(fault)? {
            let what = std::io::Error::other("it is no export");
            return Err(unwritable(path, &what));
        }
        if !so_far.is_complete() {
            file.set_len(so_far.bytes()).map_err(fault)?;
            file.seek(SeekFrom::End(0)).map_err(fault)?;
        }
        Ok((file, Some(so_far)))
    }
}

/// Whether the file is an export that came no further than its first line, or empty.
fn begins_export(file: &mut File) -> std::io::Result<bool> {
    const START: &[u8] = b"{\"record\":\"header\"";
    let mut start = Vec::new();
    file.take(START.len() as u64).read_to_end(&mut start)?;
    Ok(START.starts_with(&start))
}

fn write(file: &mut impl Write, text: &str, path: &Path) -> Result<()> {
    file.write_all(text.as_bytes())
        .and_then(|()| file.flush())
        .map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(
        Code::InvalidInput,
        format!("{} cannot be written: {error}", path.display()),
        "name a file that is not there yet, or go on with an interrupted one with --resume",
    )
    .at("output")
}
