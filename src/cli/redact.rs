//! `annals redact`

use std::ffi::OsString;

use clap::Args;

use super::context::Context;
use super::{input, output};
use crate::domain::error::Result;
use crate::service::{FindingView, RedactRequest, redact};

/// Show a text as it would be stored: with every secret replaced
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Redact {
    /// The text, @file, or - for standard input
    #[arg(default_value = "-")]
    text: OsString,
}

const EXAMPLES: &str = "\
Examples:
  annals redact 'mysql --password=hunter2 app'
  annals redact @session.log
  git diff | annals redact - > diff.txt

Every event goes through these rules before it is stored. The text goes to
standard output, what was found and by which rule to standard error.";

impl Redact {
    pub fn run(self, context: &Context) -> Result<()> {
        let is_argument = self.text != "-" && !self.text.as_encoded_bytes().starts_with(b"@");
        let redactor = context.settings.values.redactor()?;
        let answer = redact(&redactor, &RedactRequest { text: input::text(&self.text, "text")? });
        if context.json {
            return output::json(&answer);
        }
        // What a program piped in comes out without an end of line of ours.
        let end = if is_argument { "\n" } else { "" };
        output::data(&format!("{}{end}", answer.text));
        match &answer.findings[..] {
            [] => output::note("no secret found"),
            findings => findings.iter().for_each(note),
        }
        Ok(())
    }
}

fn note(finding: &FindingView) {
    let FindingView { rule, line, column, characters } = finding;
    let length = output::count(*characters, "character");
    output::note(&format!("line {line}, column {column}: {rule} ({length})"));
}
