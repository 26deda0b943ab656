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
  annals completions bash > ~/.local/share/bash-completion/completions/annals
  annals completions zsh > ~/.zfunc/_annals
  annals completions fish > ~/.config/fish/completions/annals.fish";

impl Completions {
    pub fn run(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definition(), "annals", &mut script);
        output::data(&String::from_utf8_lossy(&script));
        Ok(())
    }
}
