//! Lines of a stream, of bounded length.

use std::io::{self, BufRead, Read};

use serde_json::Value;

use crate::domain::error::{Error, Result};
use crate::domain::json;
use crate::domain::limits::IMPORT_LINE_BYTES;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// 1, 2, 3 …
    pub number: u64,
    /// The line without its end; `None` when it is longer than [`IMPORT_LINE_BYTES`].
    pub bytes: Option<Vec<u8>>,
    /// How many bytes it has in the stream, its end included.
    pub length: u64,
    /// Whether the line ends as lines do, and not with the stream.
    pub whole: bool,
}

/// Reads lines from a stream. Empty lines are counted and left out.
pub struct Lines<R> {
    stream: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// From the start of `stream`.
    pub fn new(stream: R) -> Self {
        Self { stream, number: 0 }
    }

    /// The next line, empty or not; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the stream fails with.
    pub fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let most = IMPORT_LINE_BYTES as u64 + 1;
        let mut length = (&mut self.stream).take(most).read_until(b'\n', &mut bytes)? as u64;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        let mut whole = bytes.pop_if(|last| *last == b'\n').is_some();
        let too_long = !whole && length == most;
        if too_long {
            let rest;
            (rest, whole) = skip_line(&mut self.stream)?;
            length += rest;
        }
        bytes.pop_if(|last| *last == b'\r');
        Ok(Some(Line { number: self.number, bytes: (!too_long).then_some(bytes), length, whole }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<io::Result<Line>> {
        loop {
            match self.read().transpose()? {
                Ok(line)
                    if line.bytes.as_ref().is_some_and(|bytes| bytes.trim_ascii().is_empty()) => {}
                line => return Some(line),
            }
        }
    }
}

/// What a line says.
///
/// # Errors
///
/// As [`json::parse`]; the fault is told as one of the line, and its place as a column of it.
pub fn parse(line: &[u8]) -> Result<Value> {
    json::parse(line, "").map_err(|error| {
        if error.field.as_ref().is_none_or(|field| !field.is_empty()) {
            return error;
        }
        let told = error.message.replace(" at line 1 column ", " at column ");
        Error { field: None, message: format!("the line{told}"), ..error }
    })
}

/// Passes over the rest of a line; gives its length and whether it ended before the stream did.
fn skip_line(stream: &mut impl BufRead) -> io::Result<(u64, bool)> {
    let mut skipped = 0;
    loop {
        let ahead = stream.fill_buf()?;
        let end = ahead.iter().position(|byte| *byte == b'\n');
        let (length, at_end) = (end.map_or(ahead.len(), |end| end + 1), ahead.is_empty());
        stream.consume(length);
        skipped += length as u64;
        if end.is_some() || at_end {
            return Ok((skipped, end.is_some()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_line_is_told_as_such() {
        let told = |line: &[u8]| {
            let error = parse(line).unwrap_err();
            (error.message, error.field)
        };
        assert_eq!(told(b"{\"a\":}").0, "the line is not JSON: expected value at column 6");
        assert_eq!(
            told(b"\xff").0,
            "the line is not UTF-8: the byte at offset 0 fits no character"
        );
        assert_eq!(told(b"{\"a\":1,\"a\":2}").1.as_deref(), Some("a"));
    }

    #[test]
    fn lines_keep_their_numbers_and_a_long_one_is_passed_over() {
        let mut text = b"a\r\n\n".to_vec();
        text.extend(vec![b'x'; IMPORT_LINE_BYTES + 1]);
        text.extend(b"\nb\nhalf");
        let lines: Vec<Line> = Lines::new(&text[..]).map(|line| line.unwrap()).collect();
        let said: Vec<_> =
            lines.iter().map(|line| (line.number, line.bytes.as_deref(), line.whole)).collect();
        let (a, b, half) = (Some(&b"a"[..]), Some(&b"b"[..]), Some(&b"half"[..]));
        assert_eq!(said, [(1, a, true), (3, None, true), (4, b, true), (5, half, false)]);
    }
}
