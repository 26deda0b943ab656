//! Reading an export that was interrupted, to go on with it.

use std::collections::HashMap;
use std::io::BufRead;

use super::unreadable;
use crate::archive::{Item, Lines, Reader};
use crate::domain::error::{Error, Result};
use crate::service::cursor;
use crate::store::FeedCursor;

/// An export that was interrupted, as far as it came.
pub struct ExportSoFar {
    pub(super) reader: Reader,
    pub(super) place: FeedCursor,
    bytes: u64,
    pub(super) types: Types,
}

/// The versions of custom event types that stand in an export, and whether as retired ones.
pub(super) type Types = HashMap<(String, u32), bool>;

impl ExportSoFar {
    /// Reads what is there. Half a line at the end is left out.
    ///
    /// # Errors
    ///
    /// `invalid_input` when it cannot be read; what [`Reader::take`] finds, with the `line`.
    pub fn read(stream: impl BufRead) -> Result<Self> {
        let mut so_far = Self {
            reader: Reader::default(),
            place: FeedCursor::default(),
            bytes: 0,
            types: Types::new(),
        };
        let (mut lines, mut read, mut types) = (Lines::new(stream), 0, Vec::new());
        while let Some(line) = lines.read().map_err(|error| unreadable(&error))? {
            if !line.whole {
                break;
            }
            let item = so_far.reader.take(&line.bytes.unwrap_or_default()).map_err(|error| {
                let message = format!("line {}: {}", line.number, error.message);
                Error { message, ..error }.with("line", line.number)
            })?;
            read += line.length;
            match item {
                Item::Event { cursor, .. } => {
                    so_far.place = cursor::parse_feed(&cursor)?;
                    so_far.bytes = read;
                    so_far.types.extend(types.drain(..));
                }
                Item::Type(line) => {
                    types.push(((line.name, line.version), line.retired_at.is_some()));
                }
                Item::Frame => {}
            }
        }
        Ok(so_far)
    }

    /// How many bytes of the file stay: those up to the last event. The rest is to be cut off, and
    /// is written anew.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.reader.ended()
    }
}
