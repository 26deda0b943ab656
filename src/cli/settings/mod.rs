//! The settings of a process: what each is, and where it comes from. An option wins over an
//! environment variable, that over the configuration file, that over the default.

mod file;
mod given;
mod table;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::domain::error::{Code, Error, Result};
pub use file::{FILE_VARIABLE, Location, locate};
use given::{Given, Raw};
pub use table::{SETTINGS, Setting};
pub use values::Values;

/// The value of an environment variable. One that is set to nothing counts as not set.
fn variable(name: &str, environment: impl Fn(&str) -> Option<OsString>) -> Option<OsString> {
    environment(name).filter(|value| !value.is_empty())
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    #[default]
    Default,
    /// This line of the configuration file.
    File(usize),
    /// This environment variable.
    Variable(&'static str),
    /// This option.
    Flag(&'static str),
}

/// The settings, each with its source.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The values.
    pub values: Values,
    /// The configuration file, where this user can have one.
    pub file: Option<Location>,
    /// Whether the file is there.
    pub file_found: bool,
    sources: BTreeMap<&'static str, Source>,
}

impl Settings {
    /// Reads the configuration file, `named` by an option or else where `environment` says, and the
    /// variables of `environment`.
    ///
    /// # Errors
    ///
    /// `invalid_configuration`, `invalid_store`: with the file, line and key, or the variable.
    pub fn load(
        named: Option<PathBuf>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self> {
        let mut settings = Self { file: locate(named, &environment), ..Self::default() };
        settings.take_file()?;
        for setting in SETTINGS {
            let Some(name) = setting.variable else { continue };
            let Some(value) = variable(name, &environment) else { continue };
            let value = value.into_string().map_err(|_| {
                let message = format!("the environment variable {name} is not UTF-8");
                Error::new(Code::InvalidConfiguration, message, "set it to a text in UTF-8")
                    .at(setting.key)
            })?;
            settings.set(setting, Raw::Argument(value), Source::Variable(name))?;
        }
        Ok(settings)
    }

    /// Takes over the value of an option, where it was given.
    ///
    /// # Errors
    ///
    /// As the setting says.
    pub fn take_flag(&mut self, key: &str, value: Option<&String>) -> Result<()> {
        let setting = table::setting(key).expect("an option sets a setting of the table");
        let flag = setting.flag.expect("a setting with an option names it");
        match value {
            Some(value) => self.set(setting, Raw::Argument(value.clone()), Source::Flag(flag)),
            None => Ok(()),
        }
    }

    /// Where the value of a setting comes from.
    pub fn source(&self, key: &str) -> Source {
        self.sources.get(key).copied().unwrap_or_default()
    }

    /// Whether somebody set it.
    pub fn is_set(&self, key: &str) -> bool {
        self.source(key) != Source::Default
    }

    /// The source for people; of a file, which.
    pub fn place(&self, source: Source) -> String {
        match (source, &self.file) {
            (Source::File(line), Some(location)) => file::place(&location.path, line),
            (Source::File(line), None) => format!("line {line}"),
            (Source::Default, _) => "default".into(),
            (Source::Variable(name), _) => format!("environment variable {name}"),
            (Source::Flag(flag), _) => format!("option {flag}"),
        }
    }

    /// An error that the value of this setting caused, with the place where that stands. An option
    /// needs none: it was just typed.
    pub fn blame(&self, key: &str, mut error: Error) -> Error {
        let source = self.source(key);
        if matches!(source, Source::Default | Source::Flag(_)) {
            return error;
        }
        let verb = if error.code == Code::InvalidConfiguration { " " } else { ": " };
        error.message = format!("{}: {key}{verb}{}", self.place(source), error.message);
        match (source, &self.file) {
            (Source::File(line), Some(location)) => {
                error.with("file", location.path.display().to_string()).with("line", line)
            }
            (Source::Variable(name), _) => error.with("variable", name),
            _ => error,
        }
        .at(key)
    }

    fn take_file(&mut self) -> Result<()> {
        let Some(location) = self.file.clone() else { return Ok(()) };
        let Some(entries) = file::read(&location)? else { return Ok(()) };
        self.file_found = true;
        for entry in entries {
            self.set(entry.setting, entry.value, Source::File(entry.line))?;
        }
        Ok(())
    }

    fn set(&mut self, setting: &'static Setting, value: Raw, source: Source) -> Result<()> {
        self.sources.insert(setting.key, source);
        let path = self.file.as_ref().map(|location| location.path.clone());
        let folder = match source {
            Source::File(_) => path.as_deref().and_then(Path::parent),
            _ => None,
        };
        let given = Given { value, folder };
        (setting.set)(&mut self.values, given).map_err(|error| self.blame(setting.key, error))
    }
}
