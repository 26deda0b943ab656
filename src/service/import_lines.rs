//! What the imports of lines share: reading ahead, and what is done about a bad line.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor, Read};

use serde::{Serialize, Serializer};
use tokio::sync::mpsc;

use super::export::unreadable;
use super::redact::without_secrets;
use crate::archive::{Line, Lines, Reader};
use crate::domain::error::{Code, Error, Result};
use crate::domain::limits::{BATCH_EVENTS, IMPORT_LINE_BYTES};

/// Lines are handed on when they have so many bytes, however few they are.
const CHUNK_BYTES: u64 = 2 * 1024 * 1024;

/// The most bad lines that an answer tells of one by one.
const TOLD: usize = 20;

/// What to do about a line that cannot be imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// End the import; what came before stays.
    #[default]
    Stop,
    /// Leave the line out and go on.
    Skip,
}

/// A line that was not imported.
#[derive(Clone, Debug, Serialize)]
pub struct LineFault {
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    #[serde(flatten, serialize_with = "refusal")]
    pub error: Error,
}

fn refusal<S: Serializer>(error: &Error, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    let mut answer = error.to_json();
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("success");
        fields.remove("line");
    }
    answer.serialize(serializer)
}

/// What an import did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImportAnswer {
    /// Whether every line was imported.
    pub success: bool,
    /// The instance that the events were filed under, where they did not bring their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Its short name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// How many events were stored.
    pub events_added: u64,
    /// How many events had been stored before.
    pub events_known: u64,
    /// How many lines were refused.
    pub lines_refused: u64,
    /// How many of them by each code.
    pub refused_by_code: BTreeMap<&'static str, u64>,
    /// Whether lines after the first refused one were left unread.
    pub stopped: bool,
    /// The first 20 refused lines.
    pub refused: Vec<LineFault>,
}

/// How an import goes on while it does.
pub trait ImportReport: Send {
    /// So many bytes of the input were dealt with, in all.
    fn progress(&mut self, bytes: u64);
    /// A line was refused. Called for the first few only.
    fn refused(&mut self, fault: &LineFault);
}

/// An answer as it comes about.
pub(super) struct Account<'a> {
    pub answer: ImportAnswer,
    on_error: OnError,
    report: &'a mut dyn ImportReport,
}

impl<'a> Account<'a> {
    pub fn new(on_error: OnError, report: &'a mut dyn ImportReport) -> Self {
        Self { answer: ImportAnswer::default(), on_error, report }
    }

    /// Notes a bad line. Gives whether the import goes on.
    ///
    /// # Errors
    ///
    /// The error itself, where the store is at fault and not the line.
    pub fn refuse(&mut self, line: u64, error: Error) -> Result<bool> {
        if !is_of_line(&error) {
            return Err(error);
        }
        let answer = &mut self.answer;
        answer.lines_refused += 1;
        *answer.refused_by_code.entry(error.code.as_str()).or_default() += 1;
        answer.stopped = self.on_error == OnError::Stop;
        if answer.refused.len() < TOLD {
            let fault = LineFault { line, error: without_secrets(error) };
            self.report.refused(&fault);
            answer.refused.push(fault);
        }
        Ok(!answer.stopped)
    }

    /// Whether the first bad line ends the import.
    pub fn stops(&self) -> bool {
        self.on_error == OnError::Stop
    }

    pub fn progress(&mut self, bytes: u64) {
        self.report.progress(bytes);
    }

    pub fn finish(mut self) -> ImportAnswer {
        self.answer.success = self.answer.lines_refused == 0;
        self.answer
    }
}

/// Whether an error is about the line, so that others may do better.
fn is_of_line(error: &Error) -> bool {
    use crate::domain::error::Class;
    matches!(error.code.class(), Class::Invalid | Class::Conflict)
        && error.code != Code::InvalidInput
}

/// Whether an input begins as an export does; and the input, still from its start.
///
/// # Errors
///
/// `invalid_input` when it cannot be read.
pub fn recognise_export<R: BufRead>(mut stream: R) -> Result<(bool, impl BufRead + use<R>)> {
    let mut line = Vec::new();
    let first = (&mut stream).take(IMPORT_LINE_BYTES as u64).read_until(b'\n', &mut line);
    first.map_err(|error| unreadable(&error))?;
    Ok((Reader::recognises(&line), Cursor::new(line).chain(stream)))
}

/// Some lines as they were read.
pub(super) struct Chunk<T> {
    /// The number of each line and what it says.
    pub lines: Vec<(u64, Result<T>)>,
    /// Where in the input the chunk ends.
    pub bytes: u64,
}

/// What makes something of lines: of each, and of the end, `None`.
pub(super) trait Reading: Send + 'static {
    type Item: Send + 'static;
    fn line(&mut self, line: Result<&[u8]>) -> Result<Option<Self::Item>>;
    fn end(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Reads lines on a thread of its own, a little ahead of what is being stored. The stream ends after
/// an error.
pub(super) fn read_ahead<R: Reading>(
    stream: impl BufRead + Send + 'static,
    mut reading: R,
) -> mpsc::Receiver<Result<Chunk<R::Item>>> {
    let (chunks, receiver) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let mut lines = Lines::new(stream);
        let (mut bytes, mut number) = (0, 0);
        loop {
            let mut chunk = Chunk { lines: Vec::new(), bytes };
            let mut at_end = false;
            while chunk.lines.len() < BATCH_EVENTS && chunk.bytes < bytes + CHUNK_BYTES && !at_end {
                match lines.read() {
                    Ok(Some(line)) => {
                        chunk.bytes += line.length;
                        number = line.number;
                        if let Some(item) = item(&mut reading, &line).transpose() {
                            chunk.lines.push((number, item));
                        }
                    }
                    Ok(None) => {
                        at_end = true;
                        if let Err(error) = reading.end() {
                            chunk.lines.push((number + 1, Err(error)));
                        }
                    }
                    Err(error) => {
                        // A reader that has gone needs no error.
                        let _ = chunks.blocking_send(Err(unreadable(&error)));
                        return;
                    }
                }
            }
            bytes = chunk.bytes;
            if chunks.blocking_send(Ok(chunk)).is_err() || at_end {
                return;
            }
        }
    });
    receiver
}

fn item<R: Reading>(reading: &mut R, line: &Line) -> Result<Option<R::Item>> {
    match &line.bytes {
        Some(bytes) if bytes.trim_ascii().is_empty() => Ok(None),
        Some(bytes) => reading.line(Ok(bytes)),
        None => reading.line(Err(Error::new(
            Code::PayloadTooLarge,
            format!("the line has {} bytes, the limit is {IMPORT_LINE_BYTES}", line.length),
            "leave the line out, or shorten it",
        ))),
    }
}
