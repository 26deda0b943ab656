//! Values as somebody gave them, and what they must be. Errors here do not know the setting; who
//! asked adds where the value stands.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::domain::catalogue::nearest;
use crate::domain::error::{Code, Error, Result};
use crate::service::redactor_allowing;
use crate::store::Address;

/// A value as it was given.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    /// The value.
    pub value: Raw,
    /// The folder in which a relative path starts, where it is not the working folder.
    pub folder: Option<&'a Path>,
}

/// A value before it is known what it must be.
#[derive(Clone, Debug)]
pub enum Raw {
    /// A text; the one form that options and environment variables have, numbers too.
    Argument(String),
    /// A text of a file.
    Text(String),
    /// A number of a file, in decimal digits where it is a whole one.
    Number(String),
    /// A list of texts of a file.
    Texts(Vec<String>),
    /// Something else, with a name for it.
    Other(&'static str),
}

impl fmt::Display for Raw {
    /// What it is. Not the text itself: it may be, or hold, a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raw::Argument(_) | Raw::Text(_) => f.write_str("a text"),
            Raw::Number(digits) => write!(f, "the number {digits}"),
            Raw::Texts(_) => f.write_str("a list of texts"),
            Raw::Other(what) => f.write_str(what),
        }
    }
}

fn refused(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::new(Code::InvalidConfiguration, message, hint.into())
}

fn unfit(given: &Raw, expected: &str) -> Error {
    let message = format!("must be {expected}, and is {given}");
    refused(message, "`annals config show` shows every setting, and docs/configuration.md its form")
}

/// A text.
pub fn text(given: Given<'_>) -> Result<String> {
    match given.value {
        Raw::Argument(text) | Raw::Text(text) => Ok(text),
        other => Err(unfit(&other, "a text")),
    }
}

/// A whole number in a range.
pub fn number(given: Given<'_>, range: RangeInclusive<usize>) -> Result<usize> {
    let (least, most) = (range.start(), range.end());
    let number = match &given.value {
        Raw::Number(text) | Raw::Argument(text) => text.parse::<i128>().ok(),
        _ => None,
    };
    let Some(number) = number else {
        return Err(unfit(&given.value, &format!("a whole number from {least} to {most}")));
    };
    usize::try_from(number).ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let message = format!("is {number}, and must be {least} to {most}");
        refused(message, format!("give a number from {least} to {most}"))
    })
}

/// A list of texts.
pub fn texts(given: Given<'_>) -> Result<Vec<String>> {
    match given.value {
        Raw::Texts(texts) => Ok(texts),
        other => Err(unfit(&other, "a list of texts")),
    }
}

/// A list of regular expressions.
pub fn patterns(given: Given<'_>) -> Result<Vec<String>> {
    let patterns = texts(given)?;
    redactor_allowing(&[], &patterns)
        .map_err(|error| refused(format!("cannot be used: {}", error.message), error.hint))?;
    Ok(patterns)
}

/// A filter of what is logged. A single word is a level: `tracing` would take a misspelt one for the
/// name of a module, and say nothing.
pub fn log(given: Given<'_>) -> Result<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = text(given)?;
    let words = text.split(',').map(str::trim).filter(|word| !word.contains(['=', '[']));
    if let Some(word) = words.into_iter().find(|word| LevelFilter::from_str(word).is_err()) {
        let near = nearest(word, LEVELS.into_iter());
        let hint = match near.first() {
            Some(near) => format!("did you mean {near}?"),
            None => format!("the levels are {}; of a module: annals=debug", LEVELS.join(", ")),
        };
        return Err(refused(format!("names no level: {word:?}"), hint));
    }
    EnvFilter::try_new(&text).map_err(|error| {
        refused(format!("is no filter: {error}"), "write a level, or MODULE=LEVEL with commas")
    })?;
    Ok(text)
}

/// A choice between `yes` and `no`.
pub fn yes_or_no(given: Given<'_>) -> Result<bool> {
    match text(given)?.as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(refused("is neither yes nor no".to_owned(), "write yes or no")),
    }
}

/// The address of a store. A relative path in a file starts in that file's folder.
pub fn store(given: Given<'_>) -> Result<Address> {
    let folder = given.folder;
    let path = match text(given)?.parse()? {
        Address::Sqlite(path) => expanded(&path),
        database @ Address::Postgres(_) => return Ok(database),
    };
    Ok(Address::Sqlite(folder.map_or_else(|| path.clone(), |folder| folder.join(&path))))
}

/// A path as a shell takes it: `~` is the home directory.
fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), etcetera::home_dir()) {
        (Ok(below), Ok(home)) => home.join(below),
        _ => path.to_owned(),
    }
}
