//! `annals import jsonl`

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::context::Context;
use crate::cli::output::{self, BAD};
use crate::cli::progress::Progress;
use crate::cli::wrap::Stream;
use crate::domain::error::{Code, Error, Result};
use crate::service::{
    ImportAnswer, ImportReport, LineFault, Mapping, OnError, Service, recognise_export,
};

/// Restore an export, or record lines of JSON from elsewhere as events
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Jsonl {
    /// The file, or - for standard input
    file: PathBuf,
    /// What to do about a bad line: end there, or go on without it
    #[arg(long, value_enum, default_value_t = OnBadLine::Stop, value_name = "WHAT")]
    on_error: OnBadLine,
    /// Take an export as lines from elsewhere: its events are recorded anew
    #[arg(long)]
    plain: bool,
    /// The project to file lines from elsewhere under
    #[arg(long, short, value_name = "NAME")]
    project: Option<String>,
    /// What the lines come from [default: the name of the file]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The field that names the event type
    #[arg(long, value_name = "FIELD")]
    type_field: Option<String>,
    /// The event type of lines without that field
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,
    /// The field with the time at which it happened (RFC 3339)
    #[arg(long, value_name = "FIELD")]
    time_field: Option<String>,
    /// The field with the data of the event [default: the whole line]
    #[arg(long, value_name = "FIELD")]
    data_field: Option<String>,
    /// The field that identifies the line [default: its content, and which of its equals it is]
    #[arg(long, value_name = "FIELD")]
    id_field: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  annals import jsonl backup.jsonl         an export: every hash is checked
  annals import jsonl ci.jsonl -p odin --type-field kind --time-field at
  annals import jsonl - -p odin --event-type my_note --source chat < notes

Importing again, also after an interruption or with more lines at the end, adds
only what is missing. Two equal lines are two events, unless --id-field says
that they are one. The first 20 refused lines are named, the others counted;
the exit code is then not 0. More: docs/importing.md.";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnBadLine {
    Stop,
    Skip,
}

impl Jsonl {
    /// Gives the exit code: that of the first refused line.
    pub async fn run(self, context: &Context) -> Result<u8> {
        let (stream, size) = self.open()?;
        let (is_export, stream) = recognise_export(stream)?;
        let restore = is_export && !self.plain;
        let mapping = (!restore).then(|| self.mapping(is_export)).transpose()?;
        let service = context.service()?;
        let mut report = Report { progress: Progress::of_bytes(size, "importing") };
        let answer = self.import(&service, stream, mapping, &mut report).await;
        report.progress.finish();
        service.shutdown().await;
        let answer = answer?;
        if context.json {
            output::json(&answer)?;
        } else {
            print(&answer);
        }
        Ok(answer.refused.first().map_or(0, |fault| crate::cli::exit_code(&fault.error)))
    }

    async fn import(
        &self,
        service: &Service,
        stream: impl BufRead + Send + 'static,
        mapping: Option<Mapping>,
        report: &mut dyn ImportReport,
    ) -> Result<ImportAnswer> {
        let on_error = match self.on_error {
            OnBadLine::Stop => OnError::Stop,
            OnBadLine::Skip => OnError::Skip,
        };
        match mapping {
            Some(mapping) => service.import_events(stream, mapping, on_error, report).await,
            None => service.restore(stream, on_error, report).await,
        }
    }

    /// The input, and how many bytes it has where that is known.
    fn open(&self) -> Result<(Box<dyn BufRead + Send>, Option<u64>)> {
        if self.file.as_os_str() == "-" {
            return Ok((Box::new(BufReader::new(std::io::stdin())), None));
        }
        let opened = File::open(&self.file).and_then(|file| Ok((file.metadata()?, file)));
        let (facts, file) = opened.map_err(|error| {
            let path = self.file.display();
            let message = format!("{path} cannot be read: {error}");
            Error::new(Code::InvalidInput, message, "check the path and its permissions")
        })?;
        let size = facts.is_file().then_some(facts.len());
        Ok((Box::new(BufReader::with_capacity(1 << 16, file)), size))
    }

    fn mapping(&self, is_export: bool) -> Result<Mapping> {
        let project = self.project.clone().ok_or_else(|| {
            Error::new(
                Code::InvalidArgument,
                "the first line is not the header of an export, and --project is missing",
                "for lines from elsewhere name a project, and say how they become events; see \
                 `annals import jsonl --help`",
            )
            .at("project")
        })?;
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        Ok(Mapping {
            project,
            source: self.source.clone().unwrap_or_else(|| name.into_owned()),
            type_field: self.type_field.clone(),
            event_type: self.event_type.clone(),
            time_field: self.time_field.clone(),
            data_field: self.data_field.clone(),
            id_field: self.id_field.clone(),
            only_event_records: is_export,
        })
    }
}

struct Report {
    progress: Progress,
}

impl ImportReport for Report {
    fn progress(&mut self, bytes: u64) {
        self.progress.at(bytes);
    }

    fn refused(&mut self, fault: &LineFault) {
        let text = format!("{} [{}]", fault.error.message, fault.error.code);
        output::labelled(Stream::Error, BAD, &format!("line {}", fault.line), &text);
    }
}

fn print(answer: &ImportAnswer) {
    let added = output::count(answer.events_added, "event");
    let handle = answer.handle.as_ref().map(|handle| format!("{handle}  ")).unwrap_or_default();
    output::line(&format!("{handle}{added} added, {} known before", answer.events_known));
    if let Some(fault) = answer.refused.first() {
        output::labelled(Stream::Error, BAD, "refused", &refused(answer));
        output::note(&fault.error.hint);
    }
}

/// How many lines were refused, and why.
fn refused(answer: &ImportAnswer) -> String {
    let mut text = output::count(answer.lines_refused, "line");
    if answer.refused_by_code.len() > 1 {
        let of_code = |(code, count): (&&str, &u64)| format!("{count} {code}");
        let codes: Vec<String> = answer.refused_by_code.iter().map(of_code).collect();
        text += &format!(" ({})", codes.join(", "));
    }
    let told = answer.refused.len() as u64;
    if told < answer.lines_refused {
        text += &format!("; the first {told} are named above");
    }
    if answer.stopped {
        text += "; the lines after it were not imported";
    }
    text
}
