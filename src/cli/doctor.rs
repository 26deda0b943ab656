//! `annals doctor`

use anstyle::Style;
use clap::Args;
use serde::Serialize;

use super::context::{Context, Options};
use super::output::{self, BAD, FAINT, GOOD, WARN};
use super::progress::Progress;
use super::settings::{FILE_VARIABLE, SETTINGS, Settings};
use super::table::{Column, Table};
use crate::domain::catalogue::nearest;
use crate::domain::error::{Code, Error, Result};
use crate::domain::time::Timestamp;
use crate::service::{Finding, Level, RegistryCheck, examine, without_secrets};
use crate::store::{self, Inspection};

/// Check the configuration, the store, the disk and the clock; say what to do
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {
    /// Mend what the registry of instances says otherwise than their events
    #[arg(long)]
    rebuild: bool,
}

const EXAMPLES: &str = "\
Examples:
  annals doctor
  annals doctor --json | jq '.findings[] | select(.level != \"ok\")'
  annals doctor --rebuild

Changes nothing, and makes no store, without --rebuild. That one corrects the
registry of instances from their events, never an event. Exit code 1 where
there is a problem. The hash chains are checked by annals verify.";

/// What the names of our environment variables begin with.
const PREFIX: &str = "ANNALS_";

/// What the doctor says.
#[derive(Serialize)]
struct Diagnosis {
    /// Whether there is no problem.
    ok: bool,
    problems: usize,
    warnings: usize,
    findings: Vec<Finding>,
    /// What the registry says otherwise than the events, where that could be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<RegistryCheck>,
}

impl Doctor {
    /// Gives the exit code: 1 where there is a problem.
    pub async fn run(self, options: &Options) -> Result<u8> {
        let (findings, registry) = self.examine(options).await;
        let count = |level| findings.iter().filter(|finding| finding.level == level).count();
        let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
        let diagnosis = Diagnosis { ok: problems == 0, problems, warnings, findings, registry };
        if options.json {
            output::json(&diagnosis)?;
        } else {
            print(&diagnosis);
        }
        Ok(u8::from(!diagnosis.ok))
    }

    async fn examine(&self, options: &Options) -> (Vec<Finding>, Option<RegistryCheck>) {
        let context = match options.context() {
            Ok(context) => context,
            Err(error) => return (vec![refused("configuration", &error)], None),
        };
        let mut findings = configuration(&context.settings);
        let inspection = match inspect(&context.settings).await {
            Ok(inspection) => inspection,
            Err(error) => {
                findings.push(refused("store", &error));
                return (findings, None);
            }
        };
        findings.extend(examine(&inspection, Timestamp::now()));
        if !inspection.is_ready() {
            if self.rebuild {
                findings.push(Finding::problem(
                    "registry",
                    "nothing was rebuilt",
                    "the store is not there, not usable or not up to date",
                    "mend what is said above first",
                ));
            }
            return (findings, None);
        }
        match self.diagnose(&context).await {
            Ok((more, registry)) => {
                findings.extend(more);
                (findings, Some(registry))
            }
            Err(error) => {
                findings.push(refused("opening", &error));
                (findings, None)
            }
        }
    }

    async fn diagnose(&self, context: &Context) -> Result<(Vec<Finding>, RegistryCheck)> {
        let service = context.service()?;
        let progress = Progress::new(None, "comparing the registry with its events");
        let diagnosed = service.diagnose(self.rebuild, |events| progress.add(events)).await;
        progress.finish();
        service.shutdown().await;
        diagnosed
    }
}

async fn inspect(settings: &Settings) -> Result<Inspection> {
    let address = settings.values.store()?;
    let looked = tokio::task::spawn_blocking(move || store::inspect(&address));
    looked.await.unwrap_or_else(|fault| {
        let message = format!("the look at the store failed: {fault}");
        Err(Error::new(Code::Internal, message, "report this fault"))
    })
}

/// What kept a check from being made.
fn refused(check: &'static str, error: &Error) -> Finding {
    let error = without_secrets(error.clone());
    let meaning = format!("commands are refused with it ({})", error.code);
    Finding::problem(check, error.message, meaning, error.hint)
}

fn configuration(settings: &Settings) -> Vec<Finding> {
    let set = SETTINGS.iter().filter(|setting| settings.is_set(setting.key)).count();
    let file = match &settings.file {
        Some(location) if settings.file_found => location.path.display().to_string(),
        _ => "no file, and none is needed".to_owned(),
    };
    let set = match set {
        0 => "every setting has its default".to_owned(),
        set => format!("{} set", output::count(set as u64, "setting")),
    };
    let mut findings = vec![Finding::ok("configuration", format!("{file}; {set}"))];
    findings.extend(std::env::vars_os().filter_map(|(name, _)| misspelt(name.to_str()?)));
    findings
}

/// A variable that is none of ours, and looks like one.
fn misspelt(name: &str) -> Option<Finding> {
    let variables = SETTINGS.iter().filter_map(|setting| setting.variable);
    let known: Vec<String> = variables
        .chain([FILE_VARIABLE])
        .filter_map(|known| known.strip_prefix(PREFIX).map(str::to_lowercase))
        .collect();
    let bare = name.strip_prefix(PREFIX)?.to_lowercase();
    if known.contains(&bare) {
        return None;
    }
    let near = nearest(&bare, known.iter().map(String::as_str)).first()?.to_uppercase();
    Some(Finding::warning(
        "configuration",
        format!("the environment variable {name} is set, and is no setting"),
        "it has no effect",
        format!("did you mean {PREFIX}{near}?"),
    ))
}

fn print(diagnosis: &Diagnosis) {
    let columns = [Column::Short("check"), Column::Short("result"), Column::Prose("found")];
    let mut table = Table::new(&columns);
    for finding in &diagnosis.findings {
        let style = match finding.level {
            Level::Ok => GOOD,
            Level::Warning => WARN,
            Level::Problem => BAD,
        };
        let plain = |text: &str| (text.to_owned(), Style::new());
        let level = (finding.level.as_str().to_owned(), style);
        table.row([plain(finding.check), level, plain(&finding.message)]);
        for (word, text) in [("means", &finding.meaning), ("fix", &finding.fix)] {
            if let Some(text) = text {
                table.row([plain(""), (word.to_owned(), FAINT), plain(text)]);
            }
        }
    }
    table.print();
    if let Some(registry) = &diagnosis.registry {
        print_differences(registry);
    }
    let (problems, warnings) = (diagnosis.problems as u64, diagnosis.warnings as u64);
    output::note(&match (problems, warnings) {
        (0, 0) => "all is well".to_owned(),
        _ => format!(
            "{}, {}",
            output::count(problems, "problem"),
            output::count(warnings, "warning")
        ),
    });
}

fn print_differences(registry: &RegistryCheck) {
    if registry.differences.is_empty() {
        return;
    }
    let (found, correct) = match registry.mended {
        true => ("was", "is now"),
        false => ("registry", "events"),
    };
    let mut table = Table::new(&[
        Column::Short("handle"),
        Column::Short("column"),
        Column::Prose(found),
        Column::Prose(correct),
    ]);
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    for row in &registry.differences {
        let cells =
            [row.handle.clone(), row.column.to_owned(), text(&row.found), text(&row.correct)];
        table.row(cells.map(|text| (text, Style::new())));
    }
    output::line("");
    table.print();
}
