//! `annals completions`

use clap::Args;
use clap_complete::Shell;

use super::{definition, output};
use crate::domain::error::Result;

/// Print the completions of commands and options for a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  eval \"$(annals completions bash)\"            in ~/.bashrc
  annals completions zsh > ~/.zfunc/_annals     a folder that your fpath names
  annals completions fish > ~/.config/fish/completions/annals.fish";

impl Completions {
    pub fn run(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definition(), "annals", &mut script);
        output::data(&String::from_utf8_lossy(&script));
        Ok(())
    }
}
