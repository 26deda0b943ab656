//! `annals import`

mod git;
mod jsonl;

use clap::Subcommand;

use super::context::Context;
use crate::domain::error::Result;

/// Record what happened elsewhere
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum Import {
    Git(git::Git),
    Jsonl(jsonl::Jsonl),
}

const EXAMPLES: &str = "\
Example:
  annals import git .";

impl Import {
    /// Gives the exit code.
    pub async fn run(self, context: &Context) -> Result<u8> {
        match self {
            Self::Git(command) => command.run(context).await.map(|()| 0),
            Self::Jsonl(command) => command.run(context).await,
        }
    }
}
