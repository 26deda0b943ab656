//! `annals import`

mod git;

use clap::Subcommand;

use super::context::Context;
use crate::domain::error::Result;

/// Record what happened elsewhere
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum Import {
    Git(git::Git),
}

const EXAMPLES: &str = "\
Example:
  annals import git .";

impl Import {
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::Git(command) => command.run(context).await,
        }
    }
}
