//! The configuration file: which it is, and what stands in it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use toml::de::{DeTable, DeValue};

use super::given::Raw;
use super::table::{SETTINGS, Setting, is_group, setting};
use super::variable;
use crate::domain::catalogue::nearest;
use crate::domain::error::{Code, Error, Result};

/// The environment variable that names the configuration file.
pub const FILE_VARIABLE: &str = "ANNALS_CONFIG";
/// The most bytes of a configuration file.
const MOST_BYTES: u64 = 1024 * 1024;

/// Which file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// Whether somebody named it, so that it must be there.
    pub named: bool,
}

/// The file that `named` or else the environment says, or else the one in the user's configuration
/// directory; `None` where this user has no home directory.
pub fn locate(
    named: Option<PathBuf>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Option<Location> {
    let named = named.or_else(|| variable(FILE_VARIABLE, environment).map(PathBuf::from));
    if let Some(path) = named {
        return Some(Location { path, named: true });
    }
    let directory = etcetera::choose_base_strategy().ok()?.config_dir();
    Some(Location { path: directory.join("annals").join("config.toml"), named: false })
}

/// A setting in the file.
pub struct Entry {
    /// The setting.
    pub setting: &'static Setting,
    /// The line of its key, from 1.
    pub line: usize,
    /// Its value.
    pub value: Raw,
}

/// What stands in the file; `None` where there is none and none was named.
///
/// # Errors
///
/// `invalid_configuration`, with the file and, where there is one, the line and the key.
pub fn read(location: &Location) -> Result<Option<Vec<Entry>>> {
    let path = &location.path;
    let text = match text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !location.named => return Ok(None),
        Err(error) => {
            let hint = "check --config and ANNALS_CONFIG; `annals config path` shows the file";
            let message = format!("{} cannot be read: {error}", path.display());
            return Err(Error::new(Code::InvalidConfiguration, message, hint)
                .with("file", path.display().to_string()));
        }
    };
    entries(&text).map(Some).map_err(|fault| fault.in_file(path))
}

fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    // A folder opens well on some systems.
    if std::fs::metadata(path)?.is_dir() {
        return Err(std::io::Error::other("it is a folder"));
    }
    if File::open(path)?.take(MOST_BYTES + 1).read_to_string(&mut text)? as u64 > MOST_BYTES {
        return Err(std::io::Error::other(format!("it has more than {MOST_BYTES} bytes")));
    }
    Ok(text)
}

/// What is wrong in a file, and where.
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The key, where the fault is that of one.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Fault {
    fn in_file(self, path: &Path) -> Error {
        let message = format!("{}: {}", place(path, self.line), self.message);
        let error = Error::new(Code::InvalidConfiguration, message, self.hint);
        let error = match self.key {
            Some(key) => error.at(key),
            None => error,
        };
        error.with("file", path.display().to_string()).with("line", self.line)
    }
}

/// A line of a file, for people.
pub fn place(path: &Path, line: usize) -> String {
    format!("{}, line {line}", path.display())
}

fn entries(text: &str) -> std::result::Result<Vec<Entry>, Fault> {
    let line = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| Fault {
        line: error.span().map_or(1, |span| line(span.start)),
        key: None,
        // Not the error as a whole: it shows the line, which may hold a password.
        message: format!("this is no TOML: {}", error.message()),
        hint: "write each setting as `key = value`, and texts in double quotes".into(),
    })?;
    let mut found = Vec::new();
    collect(table.into_inner(), "", &line, &mut found)?;
    Ok(found)
}

fn collect(
    table: DeTable<'_>,
    prefix: &str,
    line: &impl Fn(usize) -> usize,
    found: &mut Vec<Entry>,
) -> std::result::Result<(), Fault> {
    for (name, value) in table {
        let line_here = line(name.span().start);
        let key = format!("{prefix}{}", name.get_ref());
        match (setting(&key), value.into_inner()) {
            (Some(setting), value) => {
                found.push(Entry { setting, line: line_here, value: raw(value) });
            }
            (None, DeValue::Table(below)) if is_group(&key) => {
                collect(below, &format!("{key}."), line, found)?;
            }
            (None, _) => return Err(unknown(key, line_here)),
        }
    }
    Ok(())
}

fn unknown(key: String, line: usize) -> Fault {
    let near = nearest(&key, SETTINGS.iter().map(|setting| setting.key));
    let hint = if is_group(&key) {
        format!("write it as a table: [{key}]")
    } else if let Some(near) = near.first() {
        format!("did you mean {near}?")
    } else {
        let all: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
        format!("the settings are {}", all.join(", "))
    };
    let message = if is_group(&key) {
        format!("{key} is a group of settings, not one")
    } else {
        format!("there is no setting {key}")
    };
    Fault { line, key: Some(key), message, hint }
}

fn raw(value: DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.into_owned()),
        DeValue::Integer(number) => {
            let decimal = i128::from_str_radix(number.as_str(), number.radix());
            Raw::Number(decimal.map_or_else(|_| number.as_str().to_owned(), |n| n.to_string()))
        }
        DeValue::Float(number) => Raw::Number(number.as_str().to_owned()),
        DeValue::Boolean(_) => Raw::Other("true or false"),
        DeValue::Datetime(_) => Raw::Other("a date or time"),
        DeValue::Table(_) => Raw::Other("a table"),
        DeValue::Array(items) => {
            let texts = items.into_iter().map(|item| match item.into_inner() {
                DeValue::String(text) => Some(text.into_owned()),
                _ => None,
            });
            let texts: Option<Vec<String>> = texts.collect();
            texts.map_or(Raw::Other("a list of other things"), Raw::Texts)
        }
    }
}
