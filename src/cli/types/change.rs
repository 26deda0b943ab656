//! `annals types add` and `annals types remove`

use std::fs::File;
use std::io::Read;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::output;
use crate::domain::error::{Code, Error, Result};
use crate::domain::limits::TYPE_DEFINITION_BYTES;
use crate::service::{AddEventTypeRequest, RemoveEventTypeRequest, TypeOutcome};

/// Define an event type of your own, or change its definition
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Add {
    /// The definition, or - for standard input
    file: String,
    /// Accept a definition that stored events do not fit; they stay as they are
    #[arg(long)]
    new_version: bool,
}

const EXAMPLE: &str = "\
A definition is a TOML file, such as:
  name = \"review_completed\"
  category = \"planning\"
  description = \"A code review ended.\"
  required = [\"review_id\"]
  [fields]
  review_id = { type = \"string\", max_length = 128 }
  findings = \"integer\"
  [[examples]]
  review_id = \"r-1\"

Every process that uses the store goes by it at once.";

/// Retire an event type of your own: it takes no new events, and its stored ones stay
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  annals types remove review_completed\n\nAdding its definition again brings it back."
)]
pub struct Remove {
    /// The event type
    name: String,
}

impl Add {
    pub async fn run(self, context: &Context) -> Result<()> {
        let definition = read(&self.file)?;
        let service = context.service()?;
        let request = AddEventTypeRequest { definition, new_version: self.new_version };
        let answer = service.add_event_type(request).await;
        service.shutdown().await;
        let answer = answer?;
        if context.json {
            return output::json(&answer);
        }
        let (name, version) = (&answer.event_type, answer.version);
        output::line(&match answer.outcome {
            TypeOutcome::Added => format!("{name} added, version {version}"),
            TypeOutcome::Changed => format!("{name} changed, now version {version}"),
            TypeOutcome::Revived => format!("{name} takes events again, now version {version}"),
            TypeOutcome::Unchanged => {
                format!("{name} has this definition already, version {version}; nothing changed")
            }
        });
        Ok(())
    }
}

impl Remove {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service()?;
        let answer =
            service.remove_event_type(RemoveEventTypeRequest { event_type: self.name }).await;
        service.shutdown().await;
        let answer = answer?;
        if context.json {
            return output::json(&answer);
        }
        let name = &answer.event_type;
        output::line(&if answer.unchanged {
            format!("{name} is retired already; nothing changed")
        } else {
            format!("{name} retired: it takes no new events, its stored events stay")
        });
        Ok(())
    }
}

/// Reads a definition; of a file that is too large only so much as shows it.
fn read(file: &str) -> Result<String> {
    let most = TYPE_DEFINITION_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let result = match file {
        "-" => std::io::stdin().take(most).read_to_end(&mut bytes),
        path => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    };
    result.map_err(|error| {
        let message = format!("cannot read {file}: {error}");
        Error::new(Code::InvalidInput, message, "check the path").at("definition")
    })?;
    let too_long = bytes.len() as u64 == most;
    String::from_utf8(bytes).or_else(|error| {
        if too_long {
            // The cut may have split a character; the size is what is refused.
            return Ok(String::from_utf8_lossy(error.as_bytes()).into_owned());
        }
        let message = format!("{file} is not UTF-8: {}", error.utf8_error());
        Err(Error::new(Code::InvalidUtf8, message, "save the file as UTF-8").at("definition"))
    })
}
