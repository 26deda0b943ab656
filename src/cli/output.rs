//! Printing: JSON for programs, text and colours for people.
//!
//! A reader that has closed its end of the pipe wants no more, and is no fault. Any other failure to
//! print the data is kept for the exit code: see [`fault`].

use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use anstream::{stderr, stdout};
use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::wrap::{self, Stream};
use crate::domain::error::{Code, Error, Result};
use crate::domain::instance::Status;

/// The style of headings.
pub const HEADING: Style = Style::new().bold();
/// The style of what matters less.
pub const FAINT: Style = Style::new().dimmed();
/// The style of what is wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// The style of what went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// The style of what needs a look.
pub const WARN: Style = AnsiColor::Yellow.on_default();

static FAULT: OnceLock<std::io::Error> = OnceLock::new();

/// Prints an answer as one line of JSON.
///
/// # Errors
///
/// `internal` when the answer cannot be written as JSON.
pub fn json(answer: &impl Serialize) -> Result<()> {
    line(&to_json(answer)?);
    Ok(())
}

/// An answer as one line of JSON, safe to print.
///
/// # Errors
///
/// `internal` when the answer cannot be written as JSON.
pub fn to_json(answer: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(answer).map_err(|error| {
        Error::new(Code::Internal, format!("no JSON: {error}"), "report this fault")
    })?;
    Ok(escaped(&text))
}

/// Prints lines of data: to a program as they are, to a terminal in printable form.
pub fn data(text: &str) {
    let mut stdout = std::io::stdout();
    if stdout.is_terminal() {
        text.lines().for_each(|text| line(&printable(text)));
    } else {
        note_fault(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
    }
}

/// Prints a line of data. Text from events must have passed [`printable`].
pub fn line(text: &str) {
    note_fault(writeln!(stdout(), "{text}"));
}

/// A reader that has closed the pipe wants no more; any other fault is told at the end.
fn note_fault(written: std::io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        // Of several faults the first is told.
        let _ = FAULT.set(error);
    }
}

/// Why not all data could be printed, such as a full disk.
pub fn fault() -> Option<&'static std::io::Error> {
    FAULT.get()
}

/// Prints a paragraph of text that is data.
pub fn paragraph(text: &str) {
    wrap::paragraph(&printable(text), Stream::Output.width()).iter().for_each(|text| line(text));
}

/// Prints a note for people, next to the data.
pub fn note(text: &str) {
    for text in wrap::paragraph(&printable(text), Stream::Error.width()) {
        say(&styled(FAINT, &text));
    }
}

/// Prints a note that is a command to copy, in one line.
pub fn note_command(command: &str) {
    say(&styled(FAINT, &format!("  {}", printable(command))));
}

/// Prints a paragraph that starts with a word and a colon.
pub fn labelled(stream: Stream, style: Style, word: &str, text: &str) {
    let text = format!("{word}: {}", printable(text));
    for (index, text) in wrap::paragraph(&text, stream.width()).iter().enumerate() {
        let text = match text.strip_prefix(word).filter(|_| index == 0) {
            Some(rest) => format!("{}{rest}", styled(style, word)),
            None => text.clone(),
        };
        match stream {
            Stream::Output => line(&text),
            Stream::Error => say(&text),
        }
    }
}

/// Prints a line on standard error. Where that cannot be written, there is nobody to tell.
pub fn say(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}

/// Text in a style.
pub fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The style of a status.
pub fn status_style(status: Status) -> Style {
    match status {
        Status::Active => GOOD,
        Status::Stale => WARN,
        Status::Closed => FAINT,
    }
}

/// A status in its style.
pub fn status(status: Status) -> String {
    styled(status_style(status), status.as_str())
}

/// A number of things: `1 event`, `2 events`.
pub fn count(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// Text from elsewhere without what a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if commands(c) { '\u{fffd}' } else { c }).collect()
}

/// JSON text, in which such characters can only stand inside strings, without them: as `\u` escapes
/// they say the same.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if commands(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}"); // a String takes everything
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Whether a terminal would do something else with a character than show it: controls, ends of
/// lines, and marks that turn the direction of writing or show nothing.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[31m\u{9b}2J\u{7f}\0\r\n\u{202e}\u{2066}\u{feff}\u{e0041}z";

    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        let text = printable(HOSTILE);
        assert!(!text.contains(commands), "{text:?}");
        assert!(text.starts_with("a\u{fffd}[31m") && text.ends_with("\u{fffd}z"), "{text:?}");
        let plain = "naïve 日本語 👩‍💻 עברית ß — fin";
        assert_eq!(printable(plain), plain);
    }

    #[test]
    fn escaped_json_is_the_same_json() {
        let value = serde_json::json!({HOSTILE: [HOSTILE, "plain", 1.5]});
        let text = escaped(&value.to_string());
        assert!(!text.contains(commands), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn one_thing_is_not_several() {
        assert_eq!(
            [0, 1, 2].map(|number| count(number, "event")),
            ["0 events", "1 event", "2 events"]
        );
    }
}
