//! `annals config`

use anstyle::Style;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Options;
use super::output::{self, FAINT};
use super::settings::{SETTINGS, Setting, Settings, Source, Values, locate};
use super::table::{Column, Table};
use crate::domain::error::{Code, Error, Result};

/// Show the settings, and where each comes from
#[derive(Debug, Args)]
#[command(after_help = SHOW)]
pub struct Config {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(Show),
    Path(Path),
}

/// Show every setting, its value, and where that comes from
#[derive(Debug, Args)]
#[command(after_help = SHOW)]
struct Show {}

const SHOW: &str = "\
Examples:
  annals config show
  annals config show --json
  annals config path

An option wins over an environment variable, that over the configuration file,
and that over the default. The file is TOML, such as:
  store = \"sqlite:~/events/annals.db\"
  [limits]
  event_data_bytes = 524288";

/// Show which configuration file is read, whether it is there or not
#[derive(Debug, Args)]
#[command(after_help = PATH)]
struct Path {}

const PATH: &str = "\
Examples:
  annals config path
  ${EDITOR:-vi} \"$(annals config path)\"";

impl Config {
    pub fn run(self, options: &Options) -> Result<()> {
        match self.command {
            None | Some(Command::Show(_)) => show(&options.settings()?, options.json),
            Some(Command::Path(_)) => path(options),
        }
    }
}

fn show(settings: &Settings, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(&json!({
            "file": settings.file.as_ref().map(|location| location.path.display().to_string()),
            "file_found": settings.file_found,
            "settings": SETTINGS.iter().map(|setting| told(setting, settings)).collect::<Vec<_>>(),
        }));
    }
    let mut table =
        Table::new(&[Column::Short("setting"), Column::Prose("value"), Column::Prose("from")]);
    for setting in SETTINGS {
        let source = settings.source(setting.key);
        let (style, from) = match source {
            Source::Default => (FAINT, "default".to_owned()),
            Source::File(line) => (Style::new(), format!("file, line {line}")),
            Source::Variable(name) => (Style::new(), name.to_owned()),
            Source::Flag(flag) => (Style::new(), flag.to_owned()),
        };
        let value = match (setting.show)(&settings.values) {
            Value::String(text) => text,
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        table.row([(setting.key.to_owned(), Style::new()), (value, style), (from, style)]);
    }
    table.print();
    match &settings.file {
        Some(location) if settings.file_found => {
            output::note(&format!("file: {}", location.path.display()));
        }
        Some(location) => {
            output::note(&format!("no file yet; it would be {}", location.path.display()));
        }
        None => {}
    }
    Ok(())
}

fn told(setting: &Setting, settings: &Settings) -> Value {
    let mut told = json!({
        "key": setting.key,
        "value": (setting.show)(&settings.values),
        "default": (setting.show)(&Values::default()),
        "form": setting.form.replace('`', ""),
        "description": setting.description.replace('`', ""),
    });
    if let Some((least, most)) = setting.range {
        (told["minimum"], told["maximum"]) = (least.into(), most.into());
    }
    let (source, which) = match settings.source(setting.key) {
        Source::Default => ("default", None),
        Source::File(line) => ("file", Some(("line", json!(line)))),
        Source::Variable(name) => ("environment", Some(("variable", json!(name)))),
        Source::Flag(flag) => ("option", Some(("option", json!(flag)))),
    };
    told["source"] = source.into();
    if let Some((name, value)) = which {
        told[name] = value;
    }
    told
}

fn path(options: &Options) -> Result<()> {
    let location =
        locate(options.config.clone(), |name| std::env::var_os(name)).ok_or_else(|| {
            Error::new(
                Code::InvalidConfiguration,
                "this user has no home directory for a configuration file",
                "name a file with --config or ANNALS_CONFIG",
            )
        })?;
    let found = location.path.exists();
    if options.json {
        let path = location.path.display().to_string();
        return output::json(&json!({"path": path, "found": found}));
    }
    output::line(&output::printable(&location.path.display().to_string()));
    if !found {
        output::note("the file is not there yet");
    }
    Ok(())
}
